/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the parts of t_ibvx share. */
#ifndef T_IBVX_H
#define T_IBVX_H

#include <ibvx.h>
#include <pbuf.h>
#include <stdbool.h>

#include "t.h"
#include "t_rc.h"

struct t_ibvx {
	const char *dev_name;
	bool no_hook;
	bool dmabuf; /* the NIC's driver takes dma-bufs */
	struct t_dev dev;
	struct ibv_pd *pd;
	struct ibvx *x;
	char *bar; /* memory of a BAR */
	size_t bar_size;
	uint64_t bar_offset;
	char function[IBVX_FUNCTION_TEXT];
};

extern int t_failures;

#define CHECK(condition, ...) \
	do { \
		if (!(condition)) { \
			__atomic_add_fetch(&t_failures, 1, __ATOMIC_RELAXED); \
			t_err(__VA_ARGS__); \
		} \
	} while (0)

/* Several threads, one handle, each with refusals of its own. */
void t_ibvx_threads(struct t_ibvx *t);

/* Regions, dma-bufs, buffers, counters. */
void t_ibvx_mr(struct t_ibvx *t);

#endif /* T_IBVX_H */
