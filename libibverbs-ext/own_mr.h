/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Regions that were made around a provider that has no verb for dma-bufs. They are ours:
 * their structs are, no provider may end them, and a list knows them.
 */
#ifndef IBVX_OWN_MR_H
#define IBVX_OWN_MR_H

#include <infiniband/verbs.h>

struct own_mr {
	struct ibv_mr mr; /* first: what the caller holds */
	int access;
	struct own_mr *next;
};

void own_mr_keep(struct own_mr *own);
void own_mr_forget(struct own_mr *own);

/* NULL: @mr is somebody else's. */
struct own_mr *own_mr_find(const struct ibv_mr *mr);

#endif /* IBVX_OWN_MR_H */
