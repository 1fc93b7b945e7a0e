// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * revoke fence --bar BDF --count N --client BDF
 * revoke wait|kill --bar BDF --count N --dev DEVICE
 *
 * How long the unbind of BAR 2's driver (peer_bar) takes with N live regions of one page:
 *
 *   fence   pinned and mapped for the function CLIENT, by peer_mem_test; its IOMMU fences
 *   wait    registered with DEVICE; their owner deregisters when the CPU meets SIGBUS
 *   kill    registered with DEVICE; their owner does nothing and is killed, at a
 *           revoke_timeout_ms of 1
 *
 * Prints `revoke POLICY N ns TIME`. On a guest that counts instructions a nanosecond is an
 * instruction. A fence is all done by the thread that unbinds: of that only its own time
 * counts, for how long an unbind sleeps until RCU has come round varies by more than a
 * thousand fences take. With N of 0 there is nobody to revoke from.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "peer_mem_test.h"
#include "t.h"
#include "t_rc.h"

#define PAGE	((size_t)4096)
#define TIMEOUT "/sys/module/peer_mem/parameters/revoke_timeout_ms"

struct bench {
	const char *policy, *bar, *client, *dev;
	size_t count;
	struct t_buf buf;
	struct t_dev rdma;
	struct ibv_mr **mrs;
	uint64_t start, end; /* of the unbind */
};

static uint64_t now_ns(const struct bench *bench)
{
	bool own = !strcmp(bench->policy, "fence");
	struct timespec now;

	clock_gettime(own ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return t_fail(-errno, "open %s", path);
	if (write(fd, text, strlen(text)) < 0)
		ret = t_fail(-errno, "write %s to %s", text, path);
	close(fd);
	return ret;
}

static int unbind(struct bench *bench)
{
	int ret;

	bench->start = now_ns(bench);
	ret = write_file("/sys/bus/pci/drivers/peer_bar/unbind", bench->bar);
	bench->end = now_ns(bench);
	return ret;
}

static void *nth_page(const struct bench *bench, size_t n)
{
	return (char *)bench->buf.addr + n * PAGE % bench->buf.size;
}

/* ---- fence ---- */

static int fence(struct bench *bench)
{
	struct peer_test_pin pin = {
		.len = PAGE,
		.max_seg = UINT32_MAX,
		.flags = PEER_TEST_WRITE | PEER_TEST_MAP,
	};
	unsigned int slot, fn;
	int fd, ret = 0;

	if (!bench->client || sscanf(bench->client, "%x:%x:%x.%x", &pin.domain, &pin.bus, &slot,
				     &fn) != 4)
		return t_fail(-EINVAL, "--client BDF");
	pin.devfn = slot << 3 | fn;
	fd = open("/dev/peer_mem_test", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return t_fail(-errno, "open /dev/peer_mem_test");
	for (size_t n = 0; !ret && n < bench->count; n++) {
		pin.va = (uintptr_t)nth_page(bench, n);
		ret = ioctl(fd, PEER_TEST_PIN, &pin) ? t_fail(-errno, "pin %zu", n) : 0;
	}
	if (!ret)
		ret = unbind(bench);
	close(fd);
	return ret;
}

/* ---- wait, kill ---- */

static int register_all(struct bench *bench)
{
	int ret = t_dev_open(&bench->rdma, bench->dev, T_GID_INDEX);

	if (ret)
		return ret;
	bench->mrs = calloc(bench->count + 1, sizeof(struct ibv_mr *));
	for (size_t n = 0; bench->mrs && n < bench->count; n++) {
		bench->mrs[n] = ibv_reg_mr(bench->rdma.pd, nth_page(bench, n), PAGE,
					   IBV_ACCESS_LOCAL_WRITE);
		if (!bench->mrs[n])
			return t_fail(-errno, "register %zu", n);
	}
	return bench->mrs ? 0 : -ENOMEM;
}

static void *unbind_thread(void *bench)
{
	return (void *)(intptr_t)unbind(bench);
}

static sigjmp_buf bus_error;

static void on_bus_error(int signal)
{
	(void)signal;
	siglongjmp(bus_error, 1);
}

/* Until the memory is gone for the CPU. */
static void touch_until_gone(const struct bench *bench)
{
	signal(SIGBUS, on_bus_error);
	if (sigsetjmp(bus_error, 1))
		return;
	for (;;) {
		(void)*(volatile char *)bench->buf.addr;
		sched_yield();
	}
}

static int wait_policy(struct bench *bench)
{
	int ret = register_all(bench);
	pthread_t thread;
	void *result;

	if (ret)
		return ret;
	ret = -pthread_create(&thread, NULL, unbind_thread, bench);
	if (ret)
		return t_fail(ret, "thread");
	touch_until_gone(bench);
	for (size_t n = 0; n < bench->count; n++)
		if (ibv_dereg_mr(bench->mrs[n]))
			return t_fail(-errno, "deregister %zu", n);
	pthread_join(thread, &result);
	return (int)(intptr_t)result;
}

/* The owner is a child; it says so when it has all. */
static int kill_policy(struct bench *bench)
{
	int ready[2], ret;
	char byte = 0;
	pid_t pid;

	if (pipe(ready))
		return t_fail(-errno, "pipe");
	pid = fork();
	if (pid < 0)
		return t_fail(-errno, "fork");
	if (!pid) {
		if (register_all(bench) || write(ready[1], "r", 1) != 1)
			_exit(T_FAIL);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		return t_fail(-ECHILD, "the owner did not get that far");
	ret = write_file(TIMEOUT, "1");
	if (!ret)
		ret = unbind(bench);
	write_file(TIMEOUT, "30000");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return ret;
}

static int run(struct bench *bench)
{
	char spec[64];
	int ret;

	snprintf(spec, sizeof(spec), "bar:%.20s/2", bench->bar);
	ret = t_buf_open(&bench->buf, spec);
	if (ret)
		return ret;
	(void)*(volatile char *)bench->buf.addr;
	if (!strcmp(bench->policy, "fence"))
		ret = fence(bench);
	else if (!strcmp(bench->policy, "wait"))
		ret = wait_policy(bench);
	else
		ret = kill_policy(bench);
	if (!ret)
		printf("revoke %s %zu ns %llu\n", bench->policy, bench->count,
		       (unsigned long long)(bench->end - bench->start));
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "bar", required_argument, NULL, 'b' },
		{ "count", required_argument, NULL, 'n' },
		{ "client", required_argument, NULL, 'c' },
		{ "dev", required_argument, NULL, 'd' },
		{ 0 },
	};
	struct bench bench = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'b': bench.bar = optarg; break;
		case 'n': bench.count = strtoul(optarg, NULL, 0); break;
		case 'c': bench.client = optarg; break;
		case 'd': bench.dev = optarg; break;
		default: argc = 0; /* the end of it, and no optind */
		}
	}
	bench.policy = optind == argc - 1 ? argv[optind] : "";
	if (!bench.bar || (strcmp(bench.policy, "fence") && strcmp(bench.policy, "wait") &&
			   strcmp(bench.policy, "kill"))) {
		fputs("usage: revoke fence --bar BDF --count N --client BDF\n"
		      "       revoke wait|kill --bar BDF --count N --dev DEVICE\n",
		      stderr);
		return T_FAIL;
	}
	return t_verdict(run(&bench));
}
