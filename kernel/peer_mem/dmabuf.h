/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two files of a dma-buf share. */
#ifndef PEER_MEM_DMABUF_H
#define PEER_MEM_DMABUF_H

#include <linux/dma-buf.h>
#include <linux/rwsem.h>

#include "peer_mem_priv.h"

/* Lives as long as the dma-buf, which any user of the descriptor may keep. */
struct peer_dmabuf {
	struct dma_buf *dmabuf;		/* not referenced: it references us */
	struct inode *inode;		/* its file's, referenced: the file may go
					   long before (O_PATH) */
	struct peer_mem_pin *pin;	/* owned */
	struct list_head node;		/* map_lock; region->untold, then ->busy */
	struct dma_fence *busy;		/* map_lock; referenced; what importers had
					   under way when they were told. In
					   ->busy without it: ask the dma_resv */
	struct rw_semaphore fault_lock;	/* no fault maps memory after a revoke */
	char exp_name[80];
};

/* ---- dmabuf_cpu.c: the processor's way to the memory ---- */

int peer_dmabuf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma);
int peer_dmabuf_begin_cpu_access(struct dma_buf *dmabuf,
				 enum dma_data_direction dir);
int peer_dmabuf_end_cpu_access(struct dma_buf *dmabuf,
			       enum dma_data_direction dir);

/* The region is revoked: SIGBUS from here on. */
void peer_dmabuf_zap(struct peer_dmabuf *db);

#endif
