/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory regions by way of a dma-buf: /dev/peer_mem makes one of the range, and the
 * verbs ioctl registers it. libibverbs has a call for that, but the provider of the
 * lab's NIC has not, so the ioctl is made on the context's own descriptor.
 */
#ifndef T_DMABUF_H
#define T_DMABUF_H

#include <infiniband/verbs.h>
#include <stddef.h>

/*
 * A region of @len bytes at @addr, addressed by @addr. NULL and errno: of the export or
 * of the registration. Its dma-buf belongs to it alone.
 */
struct ibv_mr *t_dmabuf_reg_mr(struct ibv_pd *pd, void *addr, size_t len, int access);

/* Was it made so? */
int t_dmabuf_is_mr(const struct ibv_mr *mr);

/* 0 or errno, as ibv_dereg_mr(). */
int t_dmabuf_dereg_mr(struct ibv_mr *mr);

#endif /* T_DMABUF_H */
