// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * many_mr --dev DEVICE [--spec SPEC] [--size N] [--count N] [--threads N]
 *
 * Registers COUNT memory regions of SIZE bytes each, all at once alive, from one or more
 * threads that share a protection domain, and ends them again. Prints what one cost on
 * average, and how much kernel memory each holds, by objects of the allocator (exact, but
 * without what is taken as whole pages) and by free memory (all, but to some pages only):
 *   many_mr KIND COUNT THREADS reg_ns N dereg_ns N kernel_bytes N free_bytes N
 * Nanoseconds are the process's own processor time, all threads together: on a guest that
 * counts instructions, instructions.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "t.h"
#include "t_buf.h"
#include "t_rc.h"

#define MAX_THREADS 64

struct many {
	const char *dev_name;
	const char *spec;
	size_t size;
	size_t count;
	size_t threads;
	struct t_dev dev;
	struct t_buf buf;
	struct ibv_mr **mr;
};

struct share {
	pthread_t thread;
	struct many *many;
	size_t first;
	size_t end;
	int ret;
};

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/*
 * What the kernel's allocator has handed out: objects in use, not pages, so that it does not
 * matter what earlier runs left half empty. 0 where we may not know.
 */
static int64_t slab_bytes(void)
{
	unsigned long long objects, size;
	FILE *file = fopen("/proc/slabinfo", "re");
	int64_t bytes = 0;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %llu %*u %llu", &objects, &size) == 2)
			bytes += (int64_t)(objects * size);
	if (file)
		fclose(file);
	return bytes;
}

/* Free memory of the machine. */
static int64_t free_bytes(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	long long kib = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file) && sscanf(line, "MemFree: %lld", &kib) != 1)
		;
	if (file)
		fclose(file);
	return kib * 1024;
}

static void *register_share(void *arg)
{
	struct share *share = arg;
	struct many *many = share->many;
	size_t places = many->buf.size / many->size;

	for (size_t i = share->first; i < share->end && !share->ret; i++) {
		char *at = (char *)many->buf.addr + i % places * many->size;

		many->mr[i] = ibv_reg_mr(many->dev.pd, at, many->size, IBV_ACCESS_LOCAL_WRITE);
		if (!many->mr[i])
			share->ret = t_fail(-errno, "region %zu of %s", i, many->spec);
	}
	return NULL;
}

static void *deregister_share(void *arg)
{
	struct share *share = arg;

	for (size_t i = share->first; i < share->end; i++)
		if (share->many->mr[i] && ibv_dereg_mr(share->many->mr[i]))
			share->ret = t_fail(-errno, "end region %zu", i);
	return NULL;
}

/* Every thread its part; what all of them used is the time. */
static int in_threads(struct many *many, void *(*work)(void *), uint64_t *ns)
{
	struct share share[MAX_THREADS] = {0};
	uint64_t start = cpu_ns();
	int ret = 0;

	for (size_t i = 0; i < many->threads; i++) {
		share[i].many = many;
		share[i].first = many->count * i / many->threads;
		share[i].end = many->count * (i + 1) / many->threads;
		if (pthread_create(&share[i].thread, NULL, work, &share[i]))
			return t_fail(-EAGAIN, "start a thread");
	}
	for (size_t i = 0; i < many->threads; i++) {
		pthread_join(share[i].thread, NULL);
		ret = ret ? ret : share[i].ret;
	}
	*ns = (cpu_ns() - start) / many->count;
	return ret;
}

static int run(struct many *many)
{
	uint64_t reg = 0, dereg = 0;
	int64_t slab, room;
	int ret, ended;

	/* Small pages, not as many huge ones as there are to be had today. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	ret = t_dev_open(&many->dev, many->dev_name, T_GID_INDEX);
	if (!ret)
		ret = t_buf_open(&many->buf, many->spec);
	many->mr = calloc(many->count, sizeof(struct ibv_mr *));
	if (!ret && (!many->mr || many->buf.size < many->size))
		ret = t_fail(-ENOMEM, "%zu regions of %zu bytes", many->count, many->size);
	if (ret)
		return ret;
	memset(many->mr, 0, many->count * sizeof(struct ibv_mr *));
	slab = slab_bytes();
	room = free_bytes();
	ret = in_threads(many, register_share, &reg);
	slab = slab_bytes() - slab;
	room -= free_bytes();
	ended = in_threads(many, deregister_share, &dereg);
	if (!ret && !ended)
		printf("many_mr %s %zu %zu reg_ns %" PRIu64 " dereg_ns %" PRIu64
		       " kernel_bytes %" PRId64 " free_bytes %" PRId64 "\n",
		       t_buf_kind_name(&many->buf), many->count, many->threads, reg, dereg,
		       slab / (int64_t)many->count, room / (int64_t)many->count);
	return ret ? ret : ended;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"dev", required_argument, NULL, 'd'},	   {"spec", required_argument, NULL, 's'},
		{"size", required_argument, NULL, 'z'},	   {"count", required_argument, NULL, 'c'},
		{"threads", required_argument, NULL, 't'}, {0},
	};
	struct many many = {.spec = "host:", .size = 4096, .count = 1000, .threads = 1};
	int option, ret = 0;

	while (!ret && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd': many.dev_name = optarg; break;
		case 's': many.spec = optarg; break;
		case 'z': ret = t_parse_size(optarg, &many.size); break;
		case 'c': many.count = strtoul(optarg, NULL, 0); break;
		case 't': many.threads = strtoul(optarg, NULL, 0); break;
		default: ret = -EINVAL;
		}
	}
	if (ret || !many.dev_name || !many.size || !many.count || !many.threads ||
	    many.threads > MAX_THREADS || optind != argc) {
		fputs("usage: many_mr --dev DEVICE [--spec SPEC] [--size N] [--count N] "
		      "[--threads N]\n",
		      stderr);
		return T_FAIL;
	}
	ret = run(&many);
	free(many.mr);
	t_buf_close(&many.buf);
	t_dev_close(&many.dev);
	return t_verdict(ret);
}
