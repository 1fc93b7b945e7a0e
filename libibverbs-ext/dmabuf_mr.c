// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Memory regions of dma-bufs, by the provider's verb or around a provider that has none. The
 * latter are ours: their structs are, no provider may end them, and a list knows them.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "priv.h"
#include "uverbs.h"

struct own_mr {
	struct ibv_mr mr; /* first: what the caller holds */
	struct own_mr *next;
};

/* The list. Across fork() it is nobody's, so a child finds it usable. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct own_mr *own_mrs;

static void lock_list(void)
{
	pthread_mutex_lock(&lock);
}

static void unlock_list(void)
{
	pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void guard_fork(void)
{
	pthread_atfork(lock_list, unlock_list, unlock_list);
}

static void keep(struct own_mr *own)
{
	lock_list();
	own->next = own_mrs;
	own_mrs = own;
	unlock_list();
}

static bool is_own(const struct ibv_mr *mr)
{
	const struct own_mr *own;

	lock_list();
	for (own = own_mrs; own && &own->mr != mr; own = own->next)
		;
	unlock_list();
	return own;
}

static void forget(struct own_mr *own)
{
	struct own_mr **at;

	lock_list();
	for (at = &own_mrs; *at != own; at = &(*at)->next)
		;
	*at = own->next;
	unlock_list();
}

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
	keep(own);
	return &own->mr;
}

static int reg_failed(const struct ibv_pd *pd, uint64_t offset, uint64_t iova, int error,
		      struct ibvx_error *err)
{
	const char *nic = ibv_get_device_name(pd->context->device);

	switch (error) {
	case -EOPNOTSUPP:
		return fail(err, error,
			    "the driver of %s takes no dma-bufs, or not of this kind of memory; as root: modprobe peer_umem, which needs none",
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
	int ret;

	if (!is_own(mr))
		return ibv_dereg_mr(mr);
	ret = uverbs_dereg_mr(mr->context, mr->handle);
	if (ret)
		return -ret;
	forget((struct own_mr *)mr);
	free(mr);
	return 0;
}
