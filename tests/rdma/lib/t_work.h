/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Does a memory region work? Fresh bytes are written to it by RDMA WRITE and
 * fetched back by RDMA READ, over a connection of the device with itself; the
 * other end is host memory. Nothing of it needs the region's memory to be mapped.
 */
#ifndef T_WORK_H
#define T_WORK_H

#include "t_rc.h"

/* The most that one check can move. */
#define T_WORK_MAX ((size_t)64 << 10)

struct t_work {
	struct t_dev *dev;
	struct t_rc pair[2];
	struct t_buf host; /* T_WORK_MAX to send from, T_WORK_MAX to fetch to */
	struct ibv_mr *host_mr;
	uint64_t seed; /* of what was written last */
};

int t_work_open(struct t_work *work, struct t_dev *dev);
/* Harmless on a zeroed one. */
void t_work_close(struct t_work *work);

/*
 * Writes and fetches [@offset, @offset + @len) of @mr and compares. With @view, a
 * CPU mapping of those very bytes, what the CPU sees is compared as well.
 */
int t_work_check(struct t_work *work, struct ibv_mr *mr, size_t offset, size_t len,
		 const void *view);

/* The two halves, for regions that cannot be written or are looked at later. */
int t_work_write(struct t_work *work, struct ibv_mr *mr, size_t offset, size_t len, uint64_t seed);
int t_work_fetch(struct t_work *work, struct ibv_mr *mr, size_t offset, size_t len, uint64_t seed);

/* Fetches too, but by an RDMA WRITE out of @mr, which needs no access right at all. */
int t_work_source(struct t_work *work, struct ibv_mr *mr, size_t offset, size_t len, uint64_t seed);

#endif /* T_WORK_H */
