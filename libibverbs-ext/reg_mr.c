// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ibv_reg_mr(), and what can be done where it fails: device memory without the hook goes
 * by dma-buf, everything else is explained. A success by pointer costs what
 * ibv_reg_mr() costs.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "explain.h"

struct request {
	struct ibv_pd *pd;
	void *addr;
	size_t length;
	uint64_t iova;
	int access;
};

static bool is_device_memory(struct ibvx *x, const void *addr, struct ibvx_memory *memory)
{
	return !ibvx_query(x, addr, memory, sizeof(*memory)) &&
	       (memory->kind == IBVX_PEER || memory->kind == IBVX_PFN);
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
	return fail(err, attempt->error,
		    "%p is memory of %s and peer_mem did not refuse it, the NIC's driver did: %s",
		    attempt->addr, memory.function[0] ? memory.function : "a device",
		    strerror(-attempt->error));
}

/* The way without the hook. Sets errno. */
static struct ibv_mr *reg_by_dmabuf(struct ibvx *x, const struct request *request,
				    const struct ibvx_memory *memory, struct ibvx_error *err)
{
	struct ibvx_error reason;
	struct ibv_mr *mr;
	uint64_t offset;
	int fd, ret;

	ret = ibvx_export(x, request->addr, request->length, 0, &fd, &offset, &reason);
	if (ret) {
		errno = -fail(err, ret, "%s", reason.text);
		return NULL;
	}
	mr = ibvx_reg_dmabuf_mr(request->pd, offset, request->length, request->iova, fd,
				request->access, &reason);
	ret = mr ? 0 : -errno;
	close(fd);
	if (mr) {
		/* as ibv_reg_mr() leaves it; libibverbs put the offset there */
		mr->addr = request->addr;
		return mr;
	}
	errno = -fail(err, ret,
		      "%p is memory of %s, which ibv_reg_mr takes only with peer_umem (as root: modprobe peer_umem), and by dma-buf: %s",
		      request->addr, memory->function[0] ? memory->function : "a device",
		      reason.text);
	return NULL;
}

static struct ibv_mr *find_a_way(const struct request *request, struct attempt *attempt,
				 struct ibvx_error *err)
{
	struct ibvx_memory memory;
	struct ibvx_error no_handle;
	struct ibv_mr *mr = NULL;
	struct ibvx *x;
	int ret;

	ret = ibvx_open(&x, &no_handle);
	if (ret) {
		errno = -fail(err, attempt->error, "ibv_reg_mr: %s; why cannot be asked: %s",
			      strerror(-attempt->error), no_handle.text);
		return NULL;
	}
	/* where the hook is there, its refusal is the answer */
	if (!ibvx_has_hook() && is_device_memory(x, request->addr, &memory)) {
		mr = reg_by_dmabuf(x, request, &memory, err);
		ret = mr ? 0 : -errno;
	} else {
		ret = explain_refusal(x, attempt, err);
		if (ret == -ENOENT)
			ret = tell_memory(x, attempt, err);
	}
	ibvx_close(x);
	errno = -ret;
	return mr;
}

static struct ibv_mr *reg(const struct request *request, struct ibvx_error *err)
{
	struct attempt attempt;
	struct ibv_mr *mr;

	fail_clear(err);
	attempt_begin(&attempt, request->addr, request->length);
	mr = ibv_reg_mr_iova2(request->pd, request->addr, request->length, request->iova,
			      (unsigned int)request->access);
	if (mr)
		return mr;
	/* the seam: inside a negative errno, outside what verbs do */
	attempt.error = errno ? -errno : -EIO;
	return find_a_way(request, &attempt, err);
}

IBVX_EXPORT struct ibv_mr *ibvx_reg_mr(struct ibv_pd *pd, void *addr, size_t length, int access,
				       struct ibvx_error *err)
{
	const struct request request = { pd, addr, length, (uintptr_t)addr, access };

	return reg(&request, err);
}

IBVX_EXPORT struct ibv_mr *ibvx_reg_mr_iova(struct ibv_pd *pd, void *addr, size_t length,
					    uint64_t iova, int access, struct ibvx_error *err)
{
	const struct request request = { pd, addr, length, iova, access };

	return reg(&request, err);
}
