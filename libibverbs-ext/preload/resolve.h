/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the shim's functions lead: libibverbs' own, and those of libibverbs-ext. */
#ifndef IBVX_PRELOAD_RESOLVE_H
#define IBVX_PRELOAD_RESOLVE_H

#include <ibvx.h>
#include <stdbool.h>

struct preload_functions {
	struct ibv_mr *(*ibv_reg_mr)(struct ibv_pd *pd, void *addr, size_t length, int access);
	struct ibv_mr *(*ibv_reg_mr_iova)(struct ibv_pd *pd, void *addr, size_t length,
					  uint64_t iova, int access);
	struct ibv_mr *(*ibv_reg_mr_iova2)(struct ibv_pd *pd, void *addr, size_t length,
					   uint64_t iova, unsigned int access);
	int (*ibv_dereg_mr)(struct ibv_mr *mr);
	int (*ibv_rereg_mr)(struct ibv_mr *mr, int flags, struct ibv_pd *pd, void *addr,
			    size_t length, int access);
	int (*open)(struct ibvx **x_p, struct ibvx_error *err);
	void (*close)(struct ibvx *x);
	int (*info)(struct ibvx *x, struct ibvx_info *info, size_t size);
	int (*query)(struct ibvx *x, const void *ptr, struct ibvx_memory *memory, size_t size);
	struct ibv_mr *(*reg)(struct ibv_pd *pd, void *addr, size_t length, uint64_t iova,
			      int access, struct ibvx_error *err);
	int (*dereg)(struct ibv_mr *mr);
	int (*rereg)(struct ibv_mr *mr, int flags, struct ibv_pd *pd, void *addr, size_t length,
		     int access, struct ibvx_error *err);
};

/* Is libibverbs in this process already? */
bool preload_uses_verbs(void);

/* libibverbs' own functions. 0, or -ENOENT if one of them is missing. */
int preload_real(struct preload_functions *to);

/*
 * libibverbs-ext's, and the proof that the program's calls come to the shim: that
 * @ours is the ibv_reg_mr() of this process. 0, or -ENOENT with the @problem.
 */
int preload_resolve(struct preload_functions *to, const void *ours, char *problem, size_t size);

#endif /* IBVX_PRELOAD_RESOLVE_H */
