/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The two uverbs calls that some providers lack: libibverbs has a function for them, but
 * exports it to its own providers only. 0 or a negative errno.
 */
#ifndef IBVX_UVERBS_H
#define IBVX_UVERBS_H

#include <infiniband/verbs.h>

/* Fills handle, lkey and rkey of @mr. */
int uverbs_reg_dmabuf_mr(struct ibv_pd *pd, uint64_t offset, size_t length, uint64_t iova, int fd,
			 int access, struct ibv_mr *mr);

int uverbs_dereg_mr(struct ibv_context *context, uint32_t handle);

#endif /* IBVX_UVERBS_H */
