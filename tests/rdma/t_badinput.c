// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_badinput --dev DEVICE --set NAME --peer SPEC [--other SPEC] [--repeat N] [--gid-index N]
 *
 * Whatever must not be registered is refused with its errno and with exactly one
 * line in the kernel's log, which names the range, the device, the reason, the
 * address at fault and what to do. After each refusal everything alive is as
 * before. --repeat does each N times and looks at errno and at what is left in
 * memory only (the kernel limits the rate of its lines). Both specs need a size
 * of 16K.
 */
#include "t_badinput.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t.h"
#include "t_rc.h"
#include "t_sys.h"

#define MAX_CHUNKS 4

struct bad {
	struct t_dev dev;
	struct t_kmsg kmsg;
	const char *peer, *other;
	char *place; /* reserved addresses; what a layout leaves of them is a hole */
};

static int put_chunk(struct bad *bad, char letter, char *at)
{
	static const int private = MAP_PRIVATE | MAP_FIXED;
	const char *spec = letter == 'H' ? "host:size=16K" : letter == 'O' ? bad->other : bad->peer;
	int prot = letter == 'R' ? PROT_READ :
		   letter == 'N' ? PROT_NONE :
		   letter == 'W' ? PROT_WRITE :
				   PROT_READ | PROT_WRITE;
	struct t_buf buf;
	int ret;

	if (letter == '.')
		return munmap(at, CHUNK) ? -errno : 0;
	ret = t_buf_parse(&buf, spec);
	if (!ret && buf.size != CHUNK)
		ret = t_fail(-EINVAL, "%s should have %zu bytes", spec, CHUNK);
	return ret ? ret :
		     t_buf_map_at(&buf, at, prot,
				  letter == 'H' || letter == 'C' ? private : MAP_SHARED | MAP_FIXED);
}

/* The layout at bad->place, and nothing behind it. */
static int lay_out(struct bad *bad, const char *layout)
{
	char *at = bad->place;
	int ret = 0;

	if (mmap(at, MAX_CHUNKS * CHUNK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) == MAP_FAILED)
		return t_fail(-errno, "reserve addresses");
	for (; !ret && *layout; layout++, at += CHUNK)
		ret = put_chunk(bad, *layout, at);
	if (!ret && munmap(at, (size_t)(bad->place + MAX_CHUNKS * CHUNK - at)))
		ret = t_fail(-errno, "make a hole");
	return ret;
}

static int attempt(struct bad *bad, const struct bad_case *one, char *addr, size_t len)
{
	struct ibv_mr *mr = ibv_reg_mr(bad->dev.pd, addr, len, one->access);
	int err = errno;

	if (mr) {
		ibv_dereg_mr(mr);
		t_err("'%s' was registered", one->name);
		return -EBADE;
	}
	if (err != one->err) {
		t_err("'%s' was refused with %s, should be %s", one->name, strerrorname_np(err),
		      strerrorname_np(one->err));
		return -EBADE;
	}
	return 0;
}

/* "(BDF BAR N, exporter)" of the memory that the refusal is about. */
static void device_of(const struct bad *bad, const struct bad_case *one, char *text, size_t size)
{
	char letter = one->layout[one->at];
	const char *spec = letter == 'O' ? bad->other : bad->peer;
	const char *bdf = strchr(spec, ':') + 1;

	if (!strncmp(spec, "file:", 5))
		bdf = strstr(spec, "/devices/") + 9;
	snprintf(text, size, "(%.12s BAR ", bdf);
}

static bool says(const char *line, const char *part, const struct bad_case *one)
{
	if (strstr(line, part))
		return true;
	t_err("'%s': the kernel's line lacks '%s': %s", one->name, part, line);
	return false;
}

static int check_line(const struct bad *bad, const struct bad_case *one, const char *line,
		      const char *addr, size_t len)
{
	/* Where the range itself is at fault that is its start, else a chunk's. */
	const char *at = one->len && one->err == EINVAL ? addr : bad->place + one->at * CHUNK;
	char range[128], place[64], device[64], number[16];

	snprintf(range, sizeof(range), "peer_mem: %s: t_badinput[%d] may not register 0x%lx+0x%zx ",
		 ibv_get_device_name(bad->dev.context->device), getpid(), (unsigned long)addr, len);
	device_of(bad, one, device, sizeof(device));
	snprintf(place, sizeof(place), "(at 0x%lx); to change it: ", (unsigned long)at);
	snprintf(number, sizeof(number), " [%d]", -one->err);
	if (strncmp(line, range, strlen(range))) {
		t_err("'%s': the kernel's line should begin with '%s': %s", one->name, range, line);
		return -EBADMSG;
	}
	return says(line, device, one) && says(line, one->why, one) && says(line, place, one) &&
			       says(line, one->remedy, one) && says(line, number, one) ?
		       0 :
		       -EBADMSG;
}

/* Exactly one line of ours since the last call. */
static int check_log(struct bad *bad, const struct bad_case *one, const char *addr, size_t len)
{
	char line[1024], ours[1024] = "";
	int count = 0, ret;

	while ((ret = t_kmsg_next(&bad->kmsg, line, sizeof(line))) > 0) {
		/* That lines were dropped before is told with the next one. */
		if (!strstr(line, "peer_") || strstr(line, "callbacks suppressed"))
			continue;
		count++;
		memcpy(ours, line, sizeof(ours));
	}
	if (!ret && count != 1) {
		t_err("'%s': %d lines in the kernel's log, should be 1: %s", one->name, count,
		      ours);
		return -EBADMSG;
	}
	return ret ? ret : check_line(bad, one, ours, addr, len);
}

static int attempts(struct bad *bad, const struct bad_case *one, char *addr, size_t len,
		    unsigned long count)
{
	int ret = 0;

	while (!ret && count--)
		ret = attempt(bad, one, addr, len);
	return ret;
}

/* N times the same, and nothing is left of it. */
static int repeat_case(struct bad *bad, const struct bad_case *one, char *addr, size_t len,
		       unsigned long repeat)
{
	uint64_t end = t_now_ms() + 10000;
	long long before, after;
	int ret;

	/* The first ones fill the kernel's caches. */
	ret = attempts(bad, one, addr, len, repeat / 4);
	if (!ret)
		ret = t_slab_objects(&before);
	if (!ret)
		ret = attempts(bad, one, addr, len, repeat);
	/* What is freed after a grace period may be there for a while. */
	while (!ret && !(ret = t_slab_objects(&after)) && after - before >= (long long)repeat / 2) {
		if (t_now_ms() > end) {
			t_err("'%s' %lu times left %lld objects in kernel memory", one->name,
			      repeat, after - before);
			return -EBADMSG;
		}
		usleep(100000);
	}
	return ret;
}

/* Once, and the log says so. */
static int log_case(struct bad *bad, const struct bad_case *one, char *addr, size_t len)
{
	char line[1024];
	int ret;

	do /* what a case that failed has left there */
		ret = t_kmsg_next(&bad->kmsg, line, sizeof(line));
	while (ret > 0);
	if (!ret)
		ret = attempt(bad, one, addr, len);
	if (!ret)
		ret = check_log(bad, one, addr, len);
	if (!ret)
		printf("  %-30s %s\n", one->name, strerrorname_np(one->err));
	return ret;
}

static int run_case(struct bad *bad, const struct bad_case *one, unsigned long repeat)
{
	size_t whole = strlen(one->layout) * CHUNK;
	/* At no page border: the line must tell what was asked for. */
	char *addr = bad->place + 4;
	size_t len = one->len ? one->len((uintptr_t)addr) : whole - 8;
	struct t_alive before;
	int ret;

	if (t_alive_read(&before) || lay_out(bad, one->layout))
		return -EIO;
	ret = repeat ? repeat_case(bad, one, addr, len, repeat) : log_case(bad, one, addr, len);
	munmap(bad->place, whole);
	return ret ? ret : t_alive_same(&before, one->name);
}

/* All of them, to name each that fails. */
static int run_set(struct bad *bad, const char *name, unsigned long repeat)
{
	const struct bad_set *set = NULL;
	int failed = 0;

	for (size_t i = 0; i < bad_set_count; i++)
		if (!strcmp(bad_sets[i].name, name))
			set = &bad_sets[i];
	if (!set)
		return t_fail(-EINVAL, "no set %s", name);
	for (size_t i = 0; i < set->count; i++)
		if (run_case(bad, &set->cases[i], repeat))
			failed++;
	printf("badinput set=%s peer=%s attempts=%zu failed=%d\n", name, bad->peer,
	       set->count * (repeat ? repeat : 1), failed);
	return failed ? -EIO : 0;
}

static int run(struct bad *bad, const char *dev, int gid_index, const char *set,
	       unsigned long repeat)
{
	int ret;

	ret = t_dev_open(&bad->dev, dev, gid_index);
	if (ret)
		return ret;
	ret = t_kmsg_open(&bad->kmsg);
	if (ret)
		goto close_dev;
	bad->place = mmap(NULL, MAX_CHUNKS * CHUNK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ret = bad->place == MAP_FAILED ? t_fail(-errno, "reserve addresses") :
					 run_set(bad, set, repeat);
	t_kmsg_close(&bad->kmsg);
close_dev:
	t_dev_close(&bad->dev);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dev", required_argument, NULL, 'd' },
		{ "set", required_argument, NULL, 's' },
		{ "peer", required_argument, NULL, 'p' },
		{ "other", required_argument, NULL, 'o' },
		{ "repeat", required_argument, NULL, 'r' },
		{ "gid-index", required_argument, NULL, 'g' },
		{ 0 },
	};
	const char *dev = NULL, *set = NULL;
	unsigned long repeat = 0;
	int gid_index = T_GID_INDEX;
	struct bad bad = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd': dev = optarg; break;
		case 's': set = optarg; break;
		case 'p': bad.peer = optarg; break;
		case 'o': bad.other = optarg; break;
		case 'r': repeat = strtoul(optarg, NULL, 0); break;
		case 'g': gid_index = atoi(optarg); break;
		default: dev = NULL; argc = 0; /* the end of it, and no optind */
		}
	}
	if (!dev || !set || !bad.peer || optind != argc) {
		fputs("usage: t_badinput --dev DEVICE --set peer|no-pages|foreign --peer SPEC\n"
		      "                  [--other SPEC] [--repeat N] [--gid-index N]\n"
		      "SPEC:  " T_BUF_USAGE "\n",
		      stderr);
		return T_FAIL;
	}
	return t_verdict(run(&bad, dev, gid_index, set, repeat));
}
