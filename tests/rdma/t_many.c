// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_many --dev DEVICE --buf SPEC [--loop N] [--at-once N] [--gid-index N]
 *        [--uncounted]
 *
 * Many memory regions on one mapping: N registered and deregistered one after the
 * other, of any start and length; then N at the same time, each page of the
 * mapping in several of them, samples of which move data before, while and after
 * their neighbours go. Every region counts as one pin of whole pages, and when
 * all are gone nothing is alive, or left in kernel memory, that was not before.
 * --uncounted: the objects in kernel memory are not looked at.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t.h"
#include "t_sys.h"
#include "t_work.h"

#define ACCESS (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ)
#define PAGE ((size_t)4096)
#define SAMPLES 40

struct many {
	struct t_dev dev;
	struct t_work work;
	struct t_buf buf;
	bool uncounted;
	uint32_t random;
};

/* The same sequence in every run. */
static size_t below(struct many *many, size_t limit)
{
	many->random = many->random * 1664525 + 1013904223;
	return (many->random >> 8) % limit;
}

static struct ibv_mr *reg(struct many *many, size_t offset, size_t len)
{
	struct ibv_mr *mr = ibv_reg_mr(many->dev.pd, (char *)many->buf.addr + offset, len, ACCESS);

	if (!mr)
		t_fail(-errno, "register %zu bytes at offset %zu of %s", len, offset,
		       many->buf.spec);
	return mr;
}

static int dereg(struct ibv_mr *mr)
{
	int ret = -ibv_dereg_mr(mr);

	return ret ? t_fail(ret, "deregister") : 0;
}

/* Bytes of the pages that [offset, offset + len) touches; the mapping is page aligned. */
static long long pages_of(size_t offset, size_t len)
{
	return (long long)((offset + len + PAGE - 1) / PAGE * PAGE - offset / PAGE * PAGE);
}

static int loop(struct many *many, unsigned long count)
{
	int ret = 0;

	for (unsigned long i = 0; !ret && i < count; i++) {
		/* Mostly small: what costs is the number. Now and then all of it. */
		size_t limit = i % 500 ? 64 << 10 : many->buf.size;
		size_t len = 1 + below(many, limit);
		size_t offset = below(many, many->buf.size - len + 1);
		struct ibv_mr *mr = reg(many, offset, len);

		ret = mr ? dereg(mr) : -EIO;
	}
	return ret;
}

static int slab_objects(struct many *many, long long *count)
{
	*count = 0;
	return many->uncounted ? 0 : t_slab_objects(count);
}

static int run_loop(struct many *many, unsigned long count)
{
	long long before, after, slab_before, slab_after;
	int ret;

	ret = loop(many, count / 10); /* fills the kernel's caches */
	if (!ret)
		ret = t_counter("pins", &before);
	if (!ret)
		ret = slab_objects(many, &slab_before);
	if (!ret)
		ret = loop(many, count);
	if (!ret)
		ret = slab_objects(many, &slab_after);
	if (!ret && slab_after - slab_before >= (long long)count / 2) {
		t_err("%lu regions left %lld objects in kernel memory", count,
		      slab_after - slab_before);
		ret = -EBADMSG;
	}
	if (!ret)
		ret = t_counter("pins", &after);
	if (!ret && after - before != (long long)count) {
		t_err("%lu registrations made %lld pins", count, after - before);
		ret = -EBADMSG;
	}
	return ret;
}

static int check_counter(const char *name, long long wanted)
{
	long long value;
	int ret = t_counter(name, &value);

	if (!ret && value != wanted) {
		t_err("%s is %lld, should be %lld", name, value, wanted);
		ret = -EBADMSG;
	}
	return ret;
}

/* Nobody else registers anything meanwhile. */
static int check_alive(unsigned long count, long long bytes)
{
	int ret = check_counter("live_pins", (long long)count);

	if (!ret)
		ret = check_counter("live_umems", (long long)count);
	return ret ? ret : check_counter("live_pinned_bytes", bytes);
}

/* Some of those that are left still reach their bytes. */
static int check_samples(struct many *many, struct ibv_mr **mrs, unsigned long count)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && count && i < SAMPLES; i++) {
		struct ibv_mr *mr = mrs[below(many, count)];
		size_t len = mr->length < 3000 ? mr->length : 3000;
		size_t offset = below(many, mr->length - len + 1);

		ret = t_work_check(&many->work, mr, offset, len, (char *)mr->addr + offset);
	}
	return ret;
}

/* Every other one has just a page, in a row; the rest reaches over many of them. */
static int reg_all(struct many *many, struct ibv_mr **mrs, unsigned long count, long long *bytes)
{
	*bytes = 0;
	for (unsigned long i = 0; i < count; i++) {
		size_t len = i % 2 ? 1 + below(many, 256 << 10) : PAGE;
		size_t offset =
			i % 2 ? below(many, many->buf.size - len) : i / 2 * PAGE % many->buf.size;

		mrs[i] = reg(many, offset, len);
		if (!mrs[i])
			return -EIO;
		*bytes += pages_of(offset, len);
	}
	return 0;
}

/* In no order, and the samples work all the while. */
static int dereg_all(struct many *many, struct ibv_mr **mrs, unsigned long count)
{
	int ret = 0;

	while (!ret && count) {
		unsigned long i = below(many, count);

		ret = dereg(mrs[i]);
		mrs[i] = mrs[--count];
		if (!ret && count % 250 == 0)
			ret = check_samples(many, mrs, count);
	}
	return ret;
}

static int run_at_once(struct many *many, unsigned long count)
{
	struct ibv_mr **mrs = calloc(count, sizeof(*mrs));
	long long bytes;
	int ret;

	if (!mrs)
		return t_fail(-ENOMEM, "%lu regions", count);
	ret = reg_all(many, mrs, count, &bytes);
	if (!ret)
		ret = check_alive(count, bytes);
	if (!ret)
		ret = check_samples(many, mrs, count);
	if (!ret)
		ret = dereg_all(many, mrs, count);
	free(mrs);
	return ret;
}

static int run(struct many *many, unsigned long loop, unsigned long at_once)
{
	struct t_alive before;
	int ret;

	ret = t_alive_read(&before);
	if (!ret)
		ret = run_loop(many, loop);
	if (!ret)
		ret = t_alive_same(&before, "after the loop");
	if (!ret)
		ret = run_at_once(many, at_once);
	if (!ret)
		ret = t_alive_same(&before, "after many at once");
	if (!ret)
		printf("many buf=%s loop=%lu at-once=%lu verified\n", many->buf.spec, loop,
		       at_once);
	return ret;
}

static int setup(struct many *many, const char *dev, int gid_index, const char *spec)
{
	int ret;

	ret = t_dev_open(&many->dev, dev, gid_index);
	if (!ret)
		ret = t_work_open(&many->work, &many->dev);
	if (!ret)
		ret = t_buf_open(&many->buf, spec);
	if (!ret && many->buf.size < (size_t)1 << 20)
		ret = t_fail(-EINVAL, "%s must have 1M at least", spec);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dev", required_argument, NULL, 'd' },
		{ "buf", required_argument, NULL, 'b' },
		{ "loop", required_argument, NULL, 'l' },
		{ "at-once", required_argument, NULL, 'a' },
		{ "gid-index", required_argument, NULL, 'g' },
		{ "uncounted", no_argument, NULL, 'u' },
		{ 0 },
	};
	unsigned long loop = 10000, at_once = 1000;
	const char *dev = NULL, *spec = NULL;
	struct many many = { .random = 1 };
	int gid_index = T_GID_INDEX;
	int option, ret;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd': dev = optarg; break;
		case 'b': spec = optarg; break;
		case 'l': loop = strtoul(optarg, NULL, 0); break;
		case 'a': at_once = strtoul(optarg, NULL, 0); break;
		case 'g': gid_index = atoi(optarg); break;
		case 'u': many.uncounted = true; break;
		default: dev = NULL; argc = 0; /* the end of it, and no optind */
		}
	}
	if (!dev || !spec || optind != argc) {
		fputs("usage: t_many --dev DEVICE --buf SPEC [--loop N] [--at-once N]\n"
		      "              [--gid-index N] [--uncounted]\n"
		      "SPEC:  " T_BUF_USAGE "\n",
		      stderr);
		return T_FAIL;
	}
	ret = setup(&many, dev, gid_index, spec);
	if (!ret)
		ret = run(&many, loop, at_once);
	t_work_close(&many.work);
	t_buf_close(&many.buf);
	t_dev_close(&many.dev);
	return t_verdict(ret);
}
