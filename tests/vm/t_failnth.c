// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_failnth SEQUENCE ARGS...
 *
 * Runs a sequence of calls that ought to succeed and fails the first allocation that the
 * kernel makes in it; then again with the second, and so on until a run needs no more.
 * Each failed run must return ENOMEM (or cope and succeed), and leave nothing alive. That
 * nothing leaked and nothing broke is for the kernel's log and for kmemleak to say.
 *
 * The kernel counts by task (/proc/thread-self/fail-nth), so what it allocates in work
 * queues is not failed. The caller has told it what to fail: see sweep.sh.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t.h"
#include "t_failnth.h"
#include "t_sys.h"

#define MAX_ALLOCATIONS 3000
#define SETTLE_MS	10000

static int fail_fd, kmsg_fd;

static int arm(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	return pwrite(fail_fd, text, len, 0) == len ? 0 : t_fail(-errno, "write fail-nth");
}

/* Whether the fault happened since arm(). */
static int disarm(bool *failed)
{
	char text[16] = "";

	if (pread(fail_fd, text, sizeof(text) - 1, 0) <= 0)
		return t_fail(-errno, "read fail-nth");
	*failed = !strtoul(text, NULL, 10);
	return arm(0);
}

/* Said in the kernel's log too, so that a splat there can be told from its neighbours. */
static void announce(const char *what, unsigned int n)
{
	char text[256];
	int len = snprintf(text, sizeof(text), "t_failnth: %s: allocation %u fails\n", what, n);

	if (write(kmsg_fd, text, len) < 0)
		perror("t_failnth: /dev/kmsg");
}

/* Some things are let go by RCU or a work queue. */
static int check_alive(const struct t_alive *before, const char *what)
{
	uint64_t deadline = t_now_ms() + SETTLE_MS;
	struct t_alive now;
	int ret;

	while (t_now_ms() < deadline) {
		ret = t_alive_read(&now);
		if (ret || !strcmp(before->text, now.text))
			return ret;
		usleep(50000);
	}
	return t_alive_same(before, what);
}

struct sweep {
	const struct t_sequence *sequence;
	char what[160];
	bool has_counters;	/* peer_mem is loaded before and after */
	struct t_alive alive;
	unsigned int refused, coped;
};

/* One attempt. *more: the fault happened, so there may be another allocation to fail. */
static int attempt(struct sweep *sweep, unsigned int n, bool *more)
{
	char what[200];
	int ret, err;

	snprintf(what, sizeof(what), "%s, allocation %u", sweep->what, n);
	ret = sweep->sequence->prepare();
	if (ret)
		return ret;
	announce(sweep->what, n);
	ret = arm(n);
	if (ret)
		return ret;
	err = sweep->sequence->run();
	ret = disarm(more);
	if (ret)
		return ret;
	if (err && !*more)
		return t_fail(err, "%s: failed although no allocation did", what);
	if (err && err != -ENOMEM)
		return t_fail(err, "%s: failed, but not with ENOMEM", what);
	ret = sweep->sequence->clean();
	if (ret)
		return t_fail(ret, "%s: cannot clean up", what);
	if (*more)
		*(err ? &sweep->refused : &sweep->coped) += 1;
	return sweep->has_counters ? check_alive(&sweep->alive, what) : 0;
}

static int sweep_all(struct sweep *sweep)
{
	bool more = true;
	unsigned int n;
	int ret = 0;

	for (n = 1; !ret && more; n++) {
		if (n > MAX_ALLOCATIONS)
			return t_fail(-E2BIG, "%s: allocation %u and no end", sweep->what, n);
		ret = attempt(sweep, n, &more);
	}
	if (ret)
		return ret;
	printf("sweep %s: %u allocations failed, one a run: %u ENOMEM, %u coped with\n",
	       sweep->what, sweep->refused + sweep->coped, sweep->refused, sweep->coped);
	return 0;
}

static int prepare_sweep(struct sweep *sweep, char **args)
{
	int ret;

	fail_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_fd < 0)
		return t_fail(-errno, "open /proc/thread-self/fail-nth");
	kmsg_fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (kmsg_fd < 0)
		return t_fail(-errno, "open /dev/kmsg");
	ret = sweep->sequence->open(args);
	if (ret)
		return ret;
	/* Once without faults: what is allocated only the first time is not swept twice. */
	ret = sweep->sequence->prepare();
	if (!ret)
		ret = sweep->sequence->run();
	if (ret)
		return t_fail(ret, "%s does not work at all", sweep->what);
	ret = sweep->sequence->clean();
	if (ret)
		return ret;
	sweep->has_counters = !access("/sys/kernel/debug/peer_mem/counters", R_OK);
	return sweep->has_counters ? t_alive_read(&sweep->alive) : 0;
}

int main(int argc, char **argv)
{
	struct sweep sweep = { 0 };
	int ret, i;

	sweep.sequence = argc > 1 ? t_sequence_find(argv[1]) : NULL;
	if (!sweep.sequence || argc - 2 != sweep.sequence->nr_args) {
		t_sequences_usage();
		return 2;
	}
	for (i = 1; i < argc; i++)
		snprintf(sweep.what + strlen(sweep.what), sizeof(sweep.what) - strlen(sweep.what),
			 "%s%s", i > 1 ? " " : "", argv[i]);
	ret = prepare_sweep(&sweep, argv + 2);
	if (!ret)
		ret = sweep_all(&sweep);
	return t_verdict(ret);
}
