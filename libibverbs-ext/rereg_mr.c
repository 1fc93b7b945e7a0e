// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ibv_rereg_mr() for every kind of region. One of our own is made anew and takes the
 * place of the old one in the caller's struct.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "own_mr.h"
#include "priv.h"
#include "uverbs.h"

/* A region like @own with what @wanted says, on no list. */
static int reg_anew(const struct own_mr *wanted, struct ibv_mr *made, struct ibvx_error *err)
{
	const struct ibv_mr *mr = &wanted->mr;
	struct ibvx *x;
	uint64_t offset;
	int fd, ret;

	ret = ibvx_open(&x, err);
	if (ret)
		return ret;
	ret = ibvx_export(x, mr->addr, mr->length, 0, &fd, &offset, err);
	ibvx_close(x);
	if (ret)
		return ret;
	ret = uverbs_reg_dmabuf_mr(mr->pd, offset, mr->length, (uintptr_t)mr->addr, fd,
				   wanted->access, made);
	close(fd);
	return ret ? fail(err, ret, "%s, by dma-buf: %s",
			  ibv_get_device_name(mr->context->device), strerror(-ret)) :
		     0;
}

static int rereg_own(struct own_mr *own, int flags, const struct own_mr *wanted,
		     struct ibvx_error *err)
{
	struct ibv_mr made = { 0 };
	struct own_mr now = *own;
	int ret;

	if (flags & IBV_REREG_MR_CHANGE_PD)
		now.mr.pd = wanted->mr.pd;
	if (flags & IBV_REREG_MR_CHANGE_ACCESS)
		now.access = wanted->access;
	if (flags & IBV_REREG_MR_CHANGE_TRANSLATION) {
		now.mr.addr = wanted->mr.addr;
		now.mr.length = wanted->mr.length;
	}
	ret = reg_anew(&now, &made, err);
	if (ret)
		return ret;
	ret = uverbs_dereg_mr(own->mr.context, own->mr.handle);
	if (ret) {
		uverbs_dereg_mr(own->mr.context, made.handle);
		return fail(err, ret, "the region is in use: %s", strerror(-ret));
	}
	own->access = now.access;
	own->mr.pd = now.mr.pd;
	own->mr.addr = now.mr.addr;
	own->mr.length = now.mr.length;
	own->mr.handle = made.handle;
	own->mr.lkey = made.lkey;
	own->mr.rkey = made.rkey;
	return 0;
}

IBVX_EXPORT int ibvx_rereg_mr(struct ibv_mr *mr, int flags, struct ibv_pd *pd, void *addr,
			      size_t length, int access, struct ibvx_error *err)
{
	const struct own_mr wanted = {
		.mr = { .pd = pd, .addr = addr, .length = length },
		.access = access,
	};
	struct own_mr *own = own_mr_find(mr);
	int ret;

	fail_clear(err);
	if (own) {
		ret = flags & ~IBV_REREG_MR_FLAGS_SUPPORTED || !flags ?
			      fail(err, -EINVAL, "flags 0x%x are not known", (unsigned int)flags) :
			      rereg_own(own, flags, &wanted, err);
		errno = -ret;
		return ret ? IBV_REREG_MR_ERR_INPUT : 0;
	}
	ret = ibv_rereg_mr(mr, flags, pd, addr, length, access);
	if (ret)
		fail(err, errno ? -errno : -EIO,
		     "ibv_rereg_mr: %s; device memory without peer_umem: deregister and register anew",
		     strerror(errno));
	return ret;
}
