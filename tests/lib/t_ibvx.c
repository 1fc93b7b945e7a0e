// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_ibvx --dev DEVICE --bar SPEC [--no-hook [--dmabuf]]
 *
 * libibverbs-ext call by call, from one thread. SPEC is 64 KiB of a BAR (pbuf.h).
 * --no-hook: peer_umem is not loaded. --dmabuf: the NIC's driver takes dma-bufs.
 */
#include "t_ibvx.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define RW (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE)
#define CANARY 0xa5

int t_failures;

static void query_is(struct ibvx *x, const void *ptr, uint32_t kind, const char *what)
{
	struct ibvx_memory memory;
	int ret = ibvx_query(x, ptr, &memory, sizeof(memory));

	CHECK(!ret && memory.kind == kind, "%s: kind %u, error %d", what, memory.kind, ret);
	CHECK(ret || memory.end > (uintptr_t)ptr, "%s ends before it begins", what);
	CHECK(ret || kind == IBVX_PEER || (memory.bar == -1 && !memory.function[0]),
	      "%s has a function", what);
}

static void check_query(struct t_ibvx *t)
{
	static const char constant[] = "text";
	char *hole = mmap(NULL, 3 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ibvx_memory memory;
	int on_stack;

	munmap(hole + 4096, 4096);
	query_is(t->x, &on_stack, IBVX_HOST, "the stack");
	query_is(t->x, constant, IBVX_HOST, "a constant");
	query_is(t->x, (const void *)(uintptr_t)&check_query, IBVX_HOST, "code");
	query_is(t->x, hole, IBVX_HOST, "a page");
	query_is(t->x, hole + 4096, IBVX_HOLE, "a hole");
	query_is(t->x, NULL, IBVX_HOLE, "NULL");
	query_is(t->x, (const void *)0xffff888000000000, IBVX_HOLE, "a kernel address");
	CHECK(!ibvx_query(t->x, hole + 4096 + 5, &memory, sizeof(memory)) &&
		      memory.end == (uintptr_t)hole + 2 * 4096,
	      "the hole ends at %llx", (unsigned long long)memory.end);
	munmap(hole, 3 * 4096);

	query_is(t->x, t->bar, IBVX_PEER, "the BAR");
	CHECK(!ibvx_query(t->x, t->bar, &memory, sizeof(memory)) &&
		      memory.attrs & IBVX_MEMORY_COMBINED &&
		      memory.attrs & IBVX_MEMORY_REVOCABLE &&
		      !(memory.attrs & IBVX_MEMORY_UNCACHED),
	      "a prefetchable BAR is write-combining and revocable: %x", memory.attrs);
	CHECK(!ibvx_query(t->x, &on_stack, &memory, sizeof(memory)) &&
		      !(memory.attrs & ~(uint32_t)IBVX_MEMORY_WRITE),
	      "the stack: %x", memory.attrs);
	CHECK(!ibvx_query(t->x, t->bar + 4097, &memory, sizeof(memory)) &&
		      memory.bar_offset == t->bar_offset + 4097 &&
		      memory.end == (uintptr_t)t->bar + t->bar_size,
	      "offset %llu, end %llx", (unsigned long long)memory.bar_offset,
	      (unsigned long long)memory.end);
}

/* Older and newer callers: what fits, and zeroes. */
static void check_struct_sizes(struct t_ibvx *t)
{
	unsigned char space[sizeof(struct ibvx_memory) + 64];

	memset(space, CANARY, sizeof(space));
	CHECK(ibvx_query(t->x, t->bar, (void *)space, 0) == -EINVAL, "size 0");
	CHECK(space[0] == CANARY, "size 0 was written");
	CHECK(!ibvx_query(t->x, t->bar, (void *)space, 4) && space[0] == IBVX_PEER &&
		      space[4] == CANARY,
	      "4 bytes");
	CHECK(!ibvx_query(t->x, t->bar, (void *)space, sizeof(space)) &&
		      space[sizeof(struct ibvx_memory)] == 0 && space[sizeof(space) - 1] == 0,
	      "64 bytes more");
	CHECK(ibvx_info(t->x, NULL, 0) == -EINVAL, "info of size 0");
	CHECK(ibvx_refusal(t->x, 0, 0, NULL, 0) == -EINVAL, "refusal of size 0");
	CHECK(ibvx_reach(t->x, t->dev_name, t->function, NULL, 0, NULL) == -EINVAL,
	      "reach of size 0");
}

static void check_info(struct t_ibvx *t)
{
	struct ibvx_info info;

	CHECK(!ibvx_info(t->x, &info, sizeof(info)), "info");
	CHECK(info.abi_version == 1 && info.capabilities, "version %u", info.abi_version);
	CHECK(!(info.attrs & IBVX_INFO_REG_MR) == t->no_hook, "attrs %x", info.attrs);
}

static void no_way(struct t_ibvx *t, const char *client, const char *owner, int want)
{
	struct ibvx_reach reach = { .way = 77 };
	struct ibvx_error err;
	int ret = ibvx_reach(t->x, client, owner, &reach, sizeof(reach), &err);

	CHECK(ret == want && err.error == want && err.text[0] && reach.way == 77,
	      "reach from '%s' to '%s': %d, way %u", client, owner, ret, reach.way);
}

static void check_reach(struct t_ibvx *t)
{
	struct ibvx_reach reach;
	struct ibvx_error err;
	char bar[64];

	no_way(t, "nosuch0", t->function, -ENODEV);
	no_way(t, "../mem", t->function, -ENODEV);
	no_way(t, "", t->function, -ENODEV);
	no_way(t, "fffe:00:00.0", t->function, -ENODEV);
	no_way(t, t->dev_name, "fffe:00:00.0", -ENODEV);
	no_way(t, t->dev_name, "nosuch", -EINVAL);
	no_way(t, t->dev_name, "0000:00:00.0/6", -EINVAL);
	no_way(t, t->dev_name, "0000:00:00.0/22", -EINVAL);
	CHECK(!ibvx_reach(t->x, t->dev_name, t->function, &reach, sizeof(reach), &err) &&
		      reach.way == IBVX_WAY_CPU && reach.attrs == IBVX_REACH_SOFT &&
		      !reach.client[0] && !strcmp(reach.owner, t->function) && !reach.why[0],
	      "%s reaches by way %u: %s", t->dev_name, reach.way, reach.why);
	/* a BAR that nobody offers, and a function without any */
	snprintf(bar, sizeof(bar), "%s/5", t->function);
	CHECK(!ibvx_reach(t->x, t->dev_name, bar, &reach, sizeof(reach), NULL) &&
		      reach.way == IBVX_WAY_NONE && strstr(reach.why, "struct pages"),
	      "%s by way %u: %s", bar, reach.way, reach.why);
}

static void check_strerror(void)
{
	CHECK(ibvx_strerror(-EXDEV) == ibvx_strerror(EXDEV), "the sign matters");
	CHECK(strstr(ibvx_strerror(EMEDIUMTYPE), "host memory"), "EMEDIUMTYPE");
	CHECK(ibvx_strerror(INT_MAX)[0] && ibvx_strerror(INT_MIN + 1)[0] &&
		      ibvx_strerror(0)[0],
	      "no text");
}

/* ---- registration ---- */

static void reg_fails(struct t_ibvx *t, const char *what, void *addr, size_t len, int access,
		      int error, const char *text)
{
	struct ibvx_error err;
	struct ibv_mr *mr = ibvx_reg_mr(t->pd, addr, len, access, &err);
	int got = errno;

	CHECK(!mr && got == error && err.error == -error, "%s: errno %s, should be %s", what,
	      mr ? "0" : strerrorname_np(got), strerrorname_np(error));
	CHECK(mr || strstr(err.text, text), "%s: the text lacks '%s': %s", what, text, err.text);
	if (mr)
		ibvx_dereg_mr(mr);
}

static void reg_works(struct t_ibvx *t, const char *what, void *addr, size_t len)
{
	struct ibvx_error err;
	struct ibv_mr *mr = ibvx_reg_mr(t->pd, addr, len, RW, &err);

	CHECK(mr, "%s: %s", what, err.text);
	CHECK(!mr || (!err.error && !err.text[0] && mr->addr == addr && mr->length == len),
	      "%s: wrong region", what);
	if (mr)
		ibvx_dereg_mr(mr);
	mr = ibvx_reg_mr(t->pd, addr, len, RW, NULL);
	CHECK(mr, "%s: without err", what);
	if (mr)
		ibvx_dereg_mr(mr);
}

/* What was just refused, as anybody may ask later. */
static void newest_refusal(struct t_ibvx *t)
{
	struct ibvx_refusal refusal;

	CHECK(!ibvx_refusal(t->x, 0, getpid(), &refusal, sizeof(refusal)) &&
		      refusal.error == -EOPNOTSUPP && refusal.addr == (uintptr_t)t->bar &&
		      refusal.len == 4096 && refusal.pid == getpid() &&
		      !strcmp(refusal.program, "t_ibvx") && strstr(refusal.where, "peer_bar") &&
		      strstr(refusal.why, "on-demand") && strstr(refusal.change, "register"),
	      "the newest refusal: %s|%s|%s", refusal.where, refusal.why, refusal.change);
	CHECK(ibvx_refusal(t->x, 1000, 0, &refusal, sizeof(refusal)) == -ENOENT, "number 1000");
}

static void check_reg_mr(struct t_ibvx *t)
{
	char *host = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	reg_works(t, "host memory", host + 4, 4096);
	munmap(host + 4096, 4096);
	reg_fails(t, "host memory and a hole", host, 8192, RW, EFAULT, "");
	reg_fails(t, "a hole", host + 4096, 4096, RW, EFAULT, "nothing is mapped at");
	if (t->no_hook && !t->dmabuf) {
		reg_fails(t, "a BAR without the hook", t->bar, 4096, RW, EOPNOTSUPP,
			  "modprobe peer_umem");
		reg_fails(t, "a BAR without the hook", t->bar, 4096, RW, EOPNOTSUPP,
			  t->function);
		munmap(host, 4096);
		return;
	}
	reg_works(t, "the BAR", t->bar + 4, t->bar_size - 8);
	reg_fails(t, "beyond the BAR", t->bar, t->bar_size + (64 << 20), RW, EFAULT,
		  "nothing is mapped at part of the range");
	reg_fails(t, "beyond the BAR", t->bar, t->bar_size + (64 << 20), RW, EFAULT,
		  "; to change it: map all of it");
	reg_fails(t, "an empty range of it", t->bar, 0, RW, EINVAL, "the range is empty");
	reg_fails(t, "on demand", t->bar, 4096, RW | IBV_ACCESS_ON_DEMAND, EOPNOTSUPP,
		  t->function);
	reg_fails(t, "on demand", t->bar, 4096, RW | IBV_ACCESS_ON_DEMAND, EOPNOTSUPP,
		  "register without IBV_ACCESS_ON_DEMAND");
	if (!t->dmabuf)
		newest_refusal(t);
	munmap(host, 4096);
}

/* ---- handles, children ---- */

static bool all_close_on_exec(void)
{
	char path[64], target[64];
	bool good = true;

	for (int fd = 3; fd < 64; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		memset(target, 0, sizeof(target));
		if (readlink(path, target, sizeof(target) - 1) > 0 &&
		    !strcmp(target, "/dev/peer_mem"))
			good = good && fcntl(fd, F_GETFD) & FD_CLOEXEC;
	}
	return good;
}

static void check_handles(void)
{
	struct ibvx *handles[8];

	for (int i = 0; i < 8; i++)
		CHECK(!ibvx_open(&handles[i], NULL), "handle %d", i);
	CHECK(all_close_on_exec(), "a handle survives execve");
	for (int i = 0; i < 8; i++)
		ibvx_close(handles[i]);
	ibvx_close(NULL);
}

/* A child asks with its parent's handle, about its own memory. */
static void check_fork(struct t_ibvx *t)
{
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		struct ibvx_refusal refusal;

		t_failures = 0;
		munmap(page, 4096);
		query_is(t->x, page, IBVX_HOLE, "the child's hole");
		query_is(t->x, t->bar, IBVX_PEER, "the child's BAR");
		CHECK(ibvx_refusal(t->x, 0, getpid(), &refusal, sizeof(refusal)) == -ENOENT,
		      "the child has its parent's refusals");
		_exit(t_failures ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	CHECK(!status, "the child ended with %d", status);
	query_is(t->x, page, IBVX_HOST, "the parent's page");
	munmap(page, 4096);
}

static int run(struct t_ibvx *t)
{
	check_handles();
	check_info(t);
	check_query(t);
	check_struct_sizes(t);
	check_reach(t);
	check_strerror();
	check_reg_mr(t);
	t_ibvx_mr(t);
	check_fork(t);
	if (!t->no_hook || t->dmabuf)
		t_ibvx_threads(t);
	printf("ibvx failed=%d\n", t_failures);
	return t_failures ? -EIO : 0;
}

static int open_all(struct t_ibvx *t, const char *bar)
{
	struct ibvx_memory memory;
	struct ibvx_error err;
	struct pbuf *buf;
	int ret;

	ret = t_dev_open(&t->dev, t->dev_name, T_GID_INDEX);
	if (ret)
		return ret;
	t->pd = t->dev.pd;
	ret = ibvx_open(&t->x, &err);
	if (!ret)
		ret = pbuf_alloc(bar, &buf, &err);
	if (ret)
		return t_fail(ret, "%s", err.text);
	t->bar = pbuf_addr(buf);
	t->bar_size = pbuf_size(buf);
	ret = ibvx_query(t->x, t->bar, &memory, sizeof(memory));
	t->bar_offset = memory.bar_offset;
	memcpy(t->function, memory.function, sizeof(t->function));
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dev", required_argument, NULL, 'd' },
		{ "bar", required_argument, NULL, 'b' },
		{ "no-hook", no_argument, NULL, 'n' },
		{ "dmabuf", no_argument, NULL, 'm' },
		{ 0 },
	};
	struct t_ibvx t = { 0 };
	const char *bar = NULL;
	int option, ret;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd': t.dev_name = optarg; break;
		case 'b': bar = optarg; break;
		case 'n': t.no_hook = true; break;
		case 'm': t.dmabuf = true; break;
		default: return T_FAIL;
		}
	}
	if (!t.dev_name || !bar || optind != argc) {
		fputs("usage: t_ibvx --dev DEVICE --bar SPEC [--no-hook [--dmabuf]]\n", stderr);
		return T_FAIL;
	}
	ret = open_all(&t, bar);
	return t_verdict(ret ? ret : run(&t));
}
