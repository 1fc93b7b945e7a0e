// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_vmas --dev DEVICE --buf SPEC [--gid-index N]
 *
 * One memory region over several VMAs of one device: parts of its memory mapped
 * side by side in order, out of order, with gaps and twice; one mapping that the
 * kernel had to split, or that moved. Bytes written through the region must be
 * found by the CPU at the address, and at the offset of the device that is mapped
 * there, above all at the borders. How many physical ranges the kernel made of it
 * is read from its tracepoint. CMB mappings have no offsets: each is new memory.
 *
 * Needs peer_mem's event peer_mem_pin to be on.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "t.h"
#include "t_pattern.h"
#include "t_work.h"

#define ACCESS (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ)
#define PAGE ((size_t)4096)
/* Odd, in pages: nothing is on a border of anything larger. */
#define PART (3 * PAGE)
#define MAX_PARTS 8
#define TRACE "/sys/kernel/tracing/trace"

struct vmas {
	struct t_dev dev;
	struct t_work work;
	const char *spec;
	struct t_buf flat; /* all of it in one piece, to look at; not for CMBs */
	char *place;
};

struct layout {
	const char *name;
	unsigned int nr;
	size_t part[MAX_PARTS]; /* which part of the device is mapped there */
	unsigned int ranges;
};

static const struct layout layouts[] = {
	{ "in order", 4, { 0, 1, 2, 3 }, 1 },
	{ "in order, not from the start", 3, { 5, 6, 7 }, 1 },
	{ "swapped", 2, { 1, 0 }, 2 },
	{ "backwards", 4, { 3, 2, 1, 0 }, 4 },
	{ "with gaps", 3, { 0, 2, 5 }, 3 },
	{ "two pairs", 4, { 4, 5, 0, 1 }, 2 },
};

/* Parts that are there twice: a byte has two addresses, and one value. */
static const struct layout twice = { "twice", 2, { 2, 2 }, 2 };

static bool has_offsets(const struct vmas *vmas)
{
	return !strcmp(t_buf_kind_name(&vmas->flat), "bar");
}

/* "... peer_mem_pin: 0000:04:00.0 BAR 2 va=0x.. len=0x.. flags=0x.. ranges=1 ..." */
static int ranges_of(const void *addr, unsigned int *ranges)
{
	char line[512], va[32];
	FILE *file = fopen(TRACE, "re");
	const char *found;
	int ret = -ENOENT;

	if (!file)
		return t_fail(-errno, "open " TRACE);
	snprintf(va, sizeof(va), " va=0x%lx ", (unsigned long)addr);
	while (fgets(line, sizeof(line), file))
		if (strstr(line, "peer_mem_pin:") && strstr(line, va) &&
		    (found = strstr(line, " ranges=")) && sscanf(found, " ranges=%u", ranges) == 1)
			ret = 0; /* the last one counts */
	fclose(file);
	return ret ? t_fail(ret, "no event peer_mem_pin with%s", va) : 0;
}

static int map_part(struct vmas *vmas, char *at, size_t part)
{
	struct t_buf buf;
	int ret = t_buf_parse(&buf, vmas->spec);

	buf.size = PART;
	if (has_offsets(vmas))
		buf.offset += (off_t)(part * PART);
	return ret ? ret : t_buf_map_at(&buf, at, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED);
}

static int reg(struct vmas *vmas, void *addr, size_t len, struct ibv_mr **mr)
{
	*mr = ibv_reg_mr(vmas->dev.pd, addr, len, ACCESS);
	return *mr ? 0 : t_fail(-errno, "register %zu bytes at %p", len, addr);
}

/* Around each border, from it and up to it, unaligned. */
static int check_borders(struct vmas *vmas, struct ibv_mr *mr)
{
	const char *view = mr->addr;
	int ret = 0;

	for (size_t border = PART; !ret && border < mr->length; border += PART) {
		ret = t_work_check(&vmas->work, mr, border - 5, 11, view + border - 5);
		if (!ret)
			ret = t_work_check(&vmas->work, mr, border, 257, view + border);
		if (!ret)
			ret = t_work_check(&vmas->work, mr, border - 131, 131, view + border - 131);
		if (!ret)
			ret = t_work_check(&vmas->work, mr, border - PAGE - 1, 2 * PAGE + 2,
					   view + border - PAGE - 1);
	}
	return ret;
}

/* All of it in one go; then each part, where it lies in the device. */
static int check_whole(struct vmas *vmas, struct ibv_mr *mr, const struct layout *layout)
{
	struct t_mismatch bad;
	int ret = t_work_check(&vmas->work, mr, 0, mr->length, mr->addr);

	for (unsigned int i = 0; !ret && has_offsets(vmas) && i < layout->nr; i++) {
		const char *view = (char *)vmas->flat.addr + layout->part[i] * PART;

		if (t_pattern_check(view, PART, vmas->work.seed, i * PART, &bad))
			ret = t_fail(-EBADMSG,
				     "part %u: byte %zu of the device is 0x%02x, should be 0x%02x",
				     i, layout->part[i] * PART + bad.offset, bad.got, bad.expected);
	}
	return ret;
}

static int check_ranges(const struct vmas *vmas, const void *addr, unsigned int wanted)
{
	unsigned int ranges;
	int ret;

	/* Where a CMB's allocations lie is the allocator's affair. */
	if (!has_offsets(vmas))
		return 0;
	ret = ranges_of(addr, &ranges);
	if (!ret && ranges != wanted)
		ret = t_fail(-EBADMSG, "%u physical ranges, should be %u", ranges, wanted);
	return ret;
}

static int run_layout(struct vmas *vmas, const struct layout *layout)
{
	struct ibv_mr *mr = NULL;
	int ret = 0;

	for (unsigned int i = 0; !ret && i < layout->nr; i++)
		ret = map_part(vmas, vmas->place + i * PART, layout->part[i]);
	if (!ret)
		ret = reg(vmas, vmas->place, layout->nr * PART, &mr);
	if (!ret)
		ret = check_ranges(vmas, vmas->place, layout->ranges);
	if (!ret)
		ret = check_borders(vmas, mr);
	if (!ret)
		ret = check_whole(vmas, mr, layout);
	if (mr)
		ibv_dereg_mr(mr);
	return ret;
}

static int run_twice(struct vmas *vmas)
{
	struct t_mismatch bad;
	struct ibv_mr *mr = NULL;
	int ret;

	if (!has_offsets(vmas))
		return 0;
	ret = map_part(vmas, vmas->place, twice.part[0]);
	if (!ret)
		ret = map_part(vmas, vmas->place + PART, twice.part[1]);
	if (!ret)
		ret = reg(vmas, vmas->place, 2 * PART, &mr);
	if (!ret)
		ret = check_ranges(vmas, vmas->place, twice.ranges);
	/* Written through the first, seen and fetched through the second. */
	if (!ret)
		ret = t_work_write(&vmas->work, mr, 0, PART, 77);
	if (!ret && t_pattern_check(vmas->place + PART, PART, 77, 0, &bad))
		ret = t_fail(-EBADMSG, "byte %zu differs in the second mapping", bad.offset);
	if (mr)
		ibv_dereg_mr(mr);
	return ret;
}

/* One mapping that the kernel has cut in three because their flags differ. */
static int run_split(struct vmas *vmas)
{
	struct layout whole = { .nr = 3, .part = { 0, 1, 2 } };
	struct ibv_mr *mr = NULL;
	int ret = 0;

	for (unsigned int i = 0; !ret && i < whole.nr; i++)
		ret = map_part(vmas, vmas->place + i * PART, i);
	if (!ret && (mprotect(vmas->place + PAGE, PAGE, PROT_READ) ||
		     mprotect(vmas->place + PAGE, PAGE, PROT_READ | PROT_WRITE) ||
		     madvise(vmas->place + PART + PAGE, PAGE, MADV_DONTFORK)))
		ret = t_fail(-errno, "split a mapping");
	if (!ret)
		ret = reg(vmas, vmas->place, whole.nr * PART, &mr);
	if (!ret)
		ret = check_ranges(vmas, vmas->place, 1);
	if (!ret)
		ret = check_borders(vmas, mr);
	if (!ret)
		ret = check_whole(vmas, mr, &whole);
	/* Protecting the mapping later does not concern the region. */
	if (!ret && mprotect(vmas->place, whole.nr * PART, PROT_READ))
		ret = t_fail(-errno, "mprotect");
	if (!ret)
		ret = t_work_check(&vmas->work, mr, PAGE - 3, 2 * PAGE, vmas->place + PAGE - 3);
	if (mr)
		ibv_dereg_mr(mr);
	return ret;
}

/* The mapping moves and shrinks; the old region keeps its memory. */
static int run_moved(struct vmas *vmas)
{
	char *there = vmas->place + MAX_PARTS * PART;
	struct ibv_mr *old = NULL, *mr = NULL;
	int ret;

	ret = map_part(vmas, vmas->place, 3);
	if (!ret)
		ret = reg(vmas, vmas->place, PART, &old);
	if (!ret && mremap(vmas->place, PART, PART, MREMAP_MAYMOVE | MREMAP_FIXED, there) != there)
		ret = t_fail(-errno, "mremap");
	if (!ret)
		ret = t_work_check(&vmas->work, old, 0, PART, there);
	if (!ret)
		ret = reg(vmas, there, PART, &mr);
	if (!ret)
		ret = t_work_check(&vmas->work, mr, 0, PART, there);
	if (!ret && mremap(there, PART, PAGE, 0) != there)
		ret = t_fail(-errno, "shrink the mapping");
	if (!ret)
		ret = t_work_check(&vmas->work, mr, 0, PART, NULL);
	if (mr)
		ibv_dereg_mr(mr);
	if (old)
		ibv_dereg_mr(old);
	return ret;
}

/*
 * A BAR's mapping cannot grow. The kernel lets a CMB's grow, but there is nothing in
 * what it gained, and that cannot be registered.
 */
static int run_grown(struct vmas *vmas)
{
	struct ibv_mr *mr;
	char *grown;
	int err, ret;

	ret = map_part(vmas, vmas->place, 1);
	if (ret)
		return ret;
	grown = mremap(vmas->place, PART, 2 * PART, MREMAP_MAYMOVE);
	if (grown == MAP_FAILED)
		return 0;
	if (has_offsets(vmas))
		return t_fail(-EBADMSG, "a BAR's mapping grew");
	mr = ibv_reg_mr(vmas->dev.pd, grown, 2 * PART, ACCESS);
	err = errno;
	if (mr || err != EFAULT) {
		t_err("a mapping with nothing behind it: %s", mr ? "ok" : strerror(err));
		ret = -EBADMSG;
	}
	munmap(grown, 2 * PART);
	return ret;
}

static int show(const char *name, int ret)
{
	if (ret)
		t_err("case '%s' failed", name);
	else
		printf("  %-30s verified\n", name);
	return ret;
}

static int run(struct vmas *vmas)
{
	int ret = 0;

	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		ret |= show(layouts[i].name, run_layout(vmas, &layouts[i]));
	ret |= show(twice.name, run_twice(vmas));
	ret |= show("split", run_split(vmas));
	ret |= show("moved", run_moved(vmas));
	ret |= show("grown", run_grown(vmas));
	return ret;
}

static int setup(struct vmas *vmas, const char *dev, int gid_index)
{
	/* Two areas: what moves goes to the second. */
	size_t size = 2 * MAX_PARTS * PART;
	int ret;

	ret = t_dev_open(&vmas->dev, dev, gid_index);
	if (!ret)
		ret = t_work_open(&vmas->work, &vmas->dev);
	if (!ret)
		ret = t_buf_parse(&vmas->flat, vmas->spec);
	if (!ret && vmas->flat.size < MAX_PARTS * PART)
		ret = t_fail(-EINVAL, "%s is too small", vmas->spec);
	if (!ret && has_offsets(vmas))
		ret = t_buf_map(&vmas->flat, PROT_READ, MAP_SHARED);
	if (!ret) {
		vmas->place = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (vmas->place == MAP_FAILED)
			ret = t_fail(-errno, "reserve addresses");
	}
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dev", required_argument, NULL, 'd' },
		{ "buf", required_argument, NULL, 'b' },
		{ "gid-index", required_argument, NULL, 'g' },
		{ 0 },
	};
	int gid_index = T_GID_INDEX;
	const char *dev = NULL;
	struct vmas vmas = { 0 };
	int option, ret;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd': dev = optarg; break;
		case 'b': vmas.spec = optarg; break;
		case 'g': gid_index = atoi(optarg); break;
		default: dev = NULL; argc = 0; /* the end of it, and no optind */
		}
	}
	if (!dev || !vmas.spec || optind != argc) {
		fputs("usage: t_vmas --dev DEVICE --buf SPEC [--gid-index N]\n"
		      "SPEC:  " T_BUF_USAGE "\n",
		      stderr);
		return T_FAIL;
	}
	ret = setup(&vmas, dev, gid_index);
	if (!ret)
		ret = run(&vmas);
	t_work_close(&vmas.work);
	t_buf_close(&vmas.flat);
	t_dev_close(&vmas.dev);
	return t_verdict(ret);
}
