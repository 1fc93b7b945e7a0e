// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Memory regions of dma-bufs, by the provider's verb or around a provider that has none. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "own_mr.h"
#include "priv.h"
#include "uverbs.h"

static struct ibv_mr *reg_own(struct ibv_pd *pd, uint64_t offset, size_t length, uint64_t iova,
			      int fd, int access, int *ret_p)
{
	struct own_mr *own = calloc(1, sizeof(*own));

	*ret_p = own ? uverbs_reg_dmabuf_mr(pd, offset, length, iova, fd, access, &own->mr) :
		       -ENOMEM;
	if (*ret_p) {
		free(own);
		return NULL;
	}
	own->mr.context = pd->context;
	own->mr.pd = pd;
	own->mr.addr = (void *)(uintptr_t)offset;
	own->mr.length = length;
	own->access = access;
	own_mr_keep(own);
	return &own->mr;
}

static int reg_failed(const struct ibv_pd *pd, uint64_t offset, uint64_t iova, int error,
		      struct ibvx_error *err)
{
	const char *nic = ibv_get_device_name(pd->context->device);

	switch (error) {
	case -EOPNOTSUPP:
		return fail(err, error,
			    "the driver of %s takes no dma-bufs, or not of this kind of memory",
			    nic);
	case -EREMOTEIO:
		return fail(err, error,
			    "%s has no route to this memory that the kernel allows: see peer_mem topo",
			    nic);
	case -EINVAL:
		if ((offset ^ iova) & 0xfff)
			return fail(err, error,
				    "a dma-buf keeps offsets in a page: offset 0x%llx and address 0x%llx of the NIC must agree in them",
				    (unsigned long long)offset, (unsigned long long)iova);
		return fail(err, error,
			    "%s: the range is not in the dma-buf, or access flags that dma-bufs do not have",
			    nic);
	default:
		return fail(err, error, "%s, by dma-buf: %s", nic, strerror(-error));
	}
}

IBVX_EXPORT struct ibv_mr *ibvx_reg_dmabuf_mr(struct ibv_pd *pd, uint64_t offset, size_t length,
					      uint64_t iova, int fd, int access,
					      struct ibvx_error *err)
{
	struct ibv_mr *mr;
	int ret = 0;

	fail_clear(err);
	/* the kernel would only say that the flag is none */
	if (access & IBV_ACCESS_ON_DEMAND) {
		errno = -fail(err, -EOPNOTSUPP,
			      "on-demand paging of a dma-buf is not possible; to change it: register without IBV_ACCESS_ON_DEMAND");
		return NULL;
	}
	mr = ibv_reg_dmabuf_mr(pd, offset, length, iova, fd, access);
	if (mr)
		return mr;
	ret = errno ? -errno : -EIO;
	/* what libibverbs says for a provider without the verb, and what drivers say too */
	if (ret == -EOPNOTSUPP)
		mr = reg_own(pd, offset, length, iova, fd, access, &ret);
	if (!mr)
		errno = -reg_failed(pd, offset, iova, ret, err);
	return mr;
}

IBVX_EXPORT int ibvx_dereg_mr(struct ibv_mr *mr)
{
	struct own_mr *own = own_mr_find(mr);
	int ret;

	if (!own)
		return ibv_dereg_mr(mr);
	ret = uverbs_dereg_mr(mr->context, mr->handle);
	if (ret)
		return -ret;
	own_mr_forget(own);
	free(own);
	return 0;
}
