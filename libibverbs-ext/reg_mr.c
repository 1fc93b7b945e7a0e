// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ibv_reg_mr() on the kernel path. A success costs what ibv_reg_mr() costs; all the
 * work is in finding out, afterwards, why it failed. The way around a missing hook, by
 * dma-buf, is not there yet: such a failure says so with EOPNOTSUPP.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "priv.h"

/* One attempt, and when it began. */
struct attempt {
	const void *addr;
	size_t length;
	int error; /* negative errno of ibv_reg_mr() */
	uint64_t began; /* boot time, seconds: the kernel's clock for refusals */
};

static uint64_t boot_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec;
}

/*
 * The refusal of this attempt: other threads may have been refused meanwhile, but not
 * differently for the same range. An older one of the range is no answer.
 */
static int find_refusal(struct ibvx *x, const struct attempt *attempt, pid_t pid,
			struct ibvx_refusal *found)
{
	uint64_t age;

	for (unsigned int i = 0;; i++) {
		int ret = ibvx_refusal(x, i, pid, found, sizeof(*found));

		if (ret)
			return ret;
		age = boot_seconds() - attempt->began + 1;
		if (found->seconds_ago > age)
			return -ENOENT;
		if (found->addr == (uintptr_t)attempt->addr && found->len == attempt->length &&
		    found->error == attempt->error)
			return 0;
	}
}

static int tell_refusal(const struct ibvx_refusal *refusal, struct ibvx_error *err)
{
	return fail(err, refusal->error, "%s (%s): %s%s%s", refusal->nic,
		    refusal->where[0] ? refusal->where : "no known memory", refusal->why,
		    refusal->change[0] ? "; to change it: " : "", refusal->change);
}

/* Nobody refused it: what does the pointer say? */
static int tell_memory(struct ibvx *x, const struct attempt *attempt, struct ibvx_error *err)
{
	struct ibvx_memory memory;
	int ret = ibvx_query(x, attempt->addr, &memory, sizeof(memory));

	if (ret)
		return fail(err, attempt->error, "%s", ibvx_strerror(attempt->error));
	if (memory.kind == IBVX_HOLE)
		return fail(err, attempt->error, "nothing is mapped at %p", attempt->addr);
	if (memory.kind == IBVX_HOST)
		return fail(err, attempt->error,
			    "%p is ordinary memory and peer_mem did not refuse it, the NIC's driver or the kernel did: %s%s",
			    attempt->addr, strerror(-attempt->error),
			    attempt->error == -ENOMEM || attempt->error == -EPERM ?
				    " (is RLIMIT_MEMLOCK too low? ulimit -l)" :
				    "");
	if (!ibvx_has_hook())
		return fail(err, -EOPNOTSUPP,
			    "%p is memory of %s, which ibv_reg_mr takes only with peer_umem; as root: modprobe peer_umem (the way without it, by dma-buf, is not in this version)",
			    attempt->addr, memory.function[0] ? memory.function : "a device");
	return fail(err, attempt->error,
		    "%p is memory of %s and peer_mem did not refuse it, the NIC's driver did: %s",
		    attempt->addr, memory.function[0] ? memory.function : "a device",
		    strerror(-attempt->error));
}

static int explain(const struct attempt *attempt, struct ibvx_error *err)
{
	struct ibvx_refusal refusal;
	struct ibvx_error no_handle;
	struct ibvx *x;
	int ret;

	ret = ibvx_open(&x, &no_handle);
	if (ret)
		return fail(err, attempt->error, "ibv_reg_mr: %s; why cannot be asked: %s",
			    strerror(-attempt->error), no_handle.text);
	ret = find_refusal(x, attempt, getpid(), &refusal);
	/* in a container our number is not the one that the kernel keeps */
	if (ret)
		ret = find_refusal(x, attempt, 0, &refusal);
	ret = ret ? tell_memory(x, attempt, err) : tell_refusal(&refusal, err);
	ibvx_close(x);
	return ret;
}

IBVX_EXPORT struct ibv_mr *ibvx_reg_mr(struct ibv_pd *pd, void *addr, size_t length, int access,
				       struct ibvx_error *err)
{
	struct attempt attempt = {
		.addr = addr,
		.length = length,
		.began = boot_seconds(),
	};
	struct ibv_mr *mr;

	fail_clear(err);
	mr = ibv_reg_mr(pd, addr, length, access);
	if (mr)
		return mr;
	/* the seam: inside a negative errno, outside what verbs do */
	attempt.error = errno ? -errno : -EIO;
	errno = -explain(&attempt, err);
	return NULL;
}
