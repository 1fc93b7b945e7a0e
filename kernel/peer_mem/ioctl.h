/* SPDX-License-Identifier: GPL-2.0-only */
/* Handlers of /dev/peer_mem, one file each. All may sleep. */
#ifndef PEER_MEM_IOCTL_H
#define PEER_MEM_IOCTL_H

#include <uapi/linux/peer_mem.h>

struct dma_buf;

int peer_mem_ioctl_query(struct peer_mem_query *query);
int peer_mem_ioctl_reach(struct peer_mem_reach *reach);
int peer_mem_ioctl_refusal(struct peer_mem_refusal *refusal);
int peer_mem_ioctl_stats(struct peer_mem_stats *stats);

/* What the user sees comes first. */
struct peer_mem_export_call {
	struct peer_mem_export arg;
	struct dma_buf *dmabuf;
};

int peer_mem_ioctl_export(struct peer_mem_export_call *call);

/*
 * After a success, once the answer was copied (or could not be: @err): install the
 * descriptor, or drop it and the dma-buf.
 */
void peer_mem_ioctl_export_end(struct peer_mem_export_call *call, int err);

#endif
