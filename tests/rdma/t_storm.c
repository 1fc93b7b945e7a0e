// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_storm --dev DEVICE [--threads N] [--peer SPEC] [--gid-index N]
 *
 * Registers and deregisters ordinary host memory in N threads, without pause, until
 * its standard input ends: one page, many, a huge range, and ranges of several VMAs,
 * which the kernel looks at more closely. Not one may fail, whatever is loaded and
 * unloaded meanwhile. With --peer, one more thread registers peer memory: that may be
 * refused, while peer_umem is not loaded, but both must happen. Says "ok" when every
 * thread has begun.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t.h"
#include "t_rc.h"

#define ACCESS (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ)
#define PAGE ((size_t)4096)
#define AREA ((size_t)2 << 20)
#define MAX_THREADS 8

struct storm {
	struct t_dev dev;
	struct t_buf peer;
	atomic_bool stop;
	atomic_ulong done, refused, failed;
	atomic_int started;
};

static void begin(struct storm *storm, unsigned long round)
{
	if (!round)
		storm->started++;
}

/* In the middle one page that the kernel keeps as a VMA of its own. */
static char *make_area(void)
{
	char *area = mmap(NULL, AREA, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (area == MAP_FAILED || madvise(area + AREA / 2, PAGE, MADV_DONTFORK)) {
		t_fail(-errno, "host memory");
		return NULL;
	}
	return area;
}

static void *host_thread(void *arg)
{
	static const struct {
		size_t offset, len;
	} ranges[] = {
		{ 0, PAGE },
		{ 100, 1 },
		{ AREA / 2 - PAGE, 2 * PAGE }, /* two VMAs */
		{ PAGE, 64 * PAGE },
		{ AREA / 2 - 1, PAGE + 2 }, /* three */
		{ AREA / 2, PAGE },
		{ 0, AREA },
	};
	struct storm *storm = arg;
	char *area = make_area();

	for (unsigned long round = 0; !storm->stop; round++) {
		size_t i = round % (sizeof(ranges) / sizeof(ranges[0]));
		struct ibv_mr *mr = area ? ibv_reg_mr(storm->dev.pd, area + ranges[i].offset,
						      ranges[i].len, ACCESS) :
					   NULL;

		if (!mr || ibv_dereg_mr(mr)) {
			if (!storm->failed++)
				t_fail(-errno, "host memory: range %zu, round %lu", i, round);
			break;
		}
		storm->done++;
		begin(storm, round);
		/* The kernel unloads a module only when every task has slept once. */
		if (round % 8 == 0)
			usleep(1000);
	}
	return NULL;
}

static void *peer_thread(void *arg)
{
	struct storm *storm = arg;

	for (unsigned long round = 0; !storm->stop; round++) {
		struct ibv_mr *mr =
			ibv_reg_mr(storm->dev.pd, storm->peer.addr, storm->peer.size, ACCESS);

		if (!mr) {
			storm->refused++;
		} else if (ibv_dereg_mr(mr)) {
			if (!storm->failed++)
				t_fail(-errno, "deregister peer memory, round %lu", round);
			break;
		} else {
			storm->done++;
		}
		begin(storm, round);
		/* On one processor the others should have their turn. */
		usleep(500);
	}
	return NULL;
}

static void wait_for_end_of_input(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

static int run(struct storm *storm, int threads)
{
	pthread_t thread[MAX_THREADS + 1];
	int all = threads + (storm->peer.addr ? 1 : 0);
	int count = 0, ret = 0;

	for (; !ret && count < all; count++)
		ret = -pthread_create(&thread[count], NULL,
				      count < threads ? host_thread : peer_thread, storm);
	while (!ret && storm->started < all && !storm->failed)
		usleep(1000);
	if (!ret) {
		puts("ok");
		wait_for_end_of_input();
	}
	storm->stop = true;
	while (count--)
		pthread_join(thread[count], NULL);
	printf("storm threads=%d registered=%lu refused=%lu failed=%lu\n", all, storm->done,
	       storm->refused, storm->failed);
	return ret || storm->failed ? -EIO : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dev", required_argument, NULL, 'd' },
		{ "threads", required_argument, NULL, 't' },
		{ "peer", required_argument, NULL, 'p' },
		{ "gid-index", required_argument, NULL, 'g' },
		{ 0 },
	};
	const char *dev = NULL, *peer = NULL;
	int gid_index = T_GID_INDEX, threads = 2;
	struct storm storm = { 0 };
	int option, ret;

	setlinebuf(stdout);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd': dev = optarg; break;
		case 't': threads = atoi(optarg); break;
		case 'p': peer = optarg; break;
		case 'g': gid_index = atoi(optarg); break;
		default: dev = NULL; argc = 0; /* the end of it, and no optind */
		}
	}
	if (!dev || threads < 0 || threads > MAX_THREADS || optind != argc) {
		fputs("usage: t_storm --dev DEVICE [--threads N] [--peer SPEC] [--gid-index N]\n"
		      "SPEC:  " T_BUF_USAGE "\n",
		      stderr);
		return T_FAIL;
	}
	ret = t_dev_open(&storm.dev, dev, gid_index);
	if (!ret && peer)
		ret = t_buf_open(&storm.peer, peer);
	if (!ret)
		ret = run(&storm, threads);
	t_buf_close(&storm.peer);
	t_dev_close(&storm.dev);
	return t_verdict(ret);
}
