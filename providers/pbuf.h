/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Buffers by name: one string says which memory, of which device, and how much.
 *
 *   host[:size=N][,huge]               anonymous memory, touched; 16 MiB. Rounded up to
 *                                      pages, with huge to those of 2 MiB
 *   cmb:BDF[,size=N]                   an NVMe disk's controller memory buffer;
 *                                      all that is free. Allocated, nobody else gets it
 *   bar:BDF/BAR[,off=N][,size=N]       a BAR through its peer_bar node; all of it from
 *                                      off on. Shared with everybody who maps it
 *   sysfs:BDF/BAR[,off=N][,size=N]     a BAR through sysfs' resourceN, which no driver
 *                                      answers for; root only
 *
 * and, loaded when they are asked for,
 *
 *   dmabuf:HEAP[,size=N]               ordinary memory as a dma-buf, from the heap that
 *                                      /dev/dma_heap names so, or udmabuf; 16 MiB
 *   cuda:N[,size=N]                    memory of NVIDIA GPU N; 16 MiB
 *   rocm:N[,size=N]                    memory of AMD GPU N; 16 MiB
 *
 * BDF is a PCI function, "0000:04:00.0" or "04:00.0"; N takes K, M and G and must be a
 * multiple of the page size for a BAR's memory. Device memory is not ordinary memory: it
 * is uncached or write-combined, atomics may fail, and it can be revoked (SIGBUS).
 *
 * Conventions, threads: as in ibvx.h; one buffer is used by one thread at a time. fork:
 * a child shares device memory with its parent and has a copy of host memory;
 * pbuf_free() frees in the process that calls it.
 */
#ifndef PBUF_H
#define PBUF_H

#include <stddef.h>
#include <stdint.h>

#include "ibvx_error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pbuf;

/*
 * Maps the memory that @spec names, readable and writable. The buffer belongs to the
 * caller until pbuf_free().
 *   -EINVAL	@spec is none, or reaches beyond the end of the memory
 *   -ENODEV	no such PCI function, or its memory is switched off
 *   -ENXIO	the function has no such BAR
 *   -ENOENT	the memory is not offered: no peer_bar on it, no CMB, no such heap, or
 *		the vendor's library is not installed
 *   -EACCES, -EPERM no permission
 *   -ENOMEM	not so much is free, or no huge pages are
 *   -EBUSY	its driver keeps others from mapping it
 *   -EOPNOTSUPP	the vendor's library is too old, or gives no dma-bufs
 *   -EIO	the vendor's library failed
 * @err says which, and what to do.
 */
int pbuf_alloc(const char *spec, struct pbuf **buf_p, struct ibvx_error *err);

/*
 * Unmaps it; NULL is allowed. What was registered with a NIC should be deregistered
 * before: the memory stays pinned until then.
 */
void pbuf_free(struct pbuf *buf);

/*
 * First byte; page aligned. With PBUF_NO_CPU it is the address by which the GPU knows
 * the memory: for its own library and for ibvx_reg_pbuf(), not for the CPU.
 */
void *pbuf_addr(const struct pbuf *buf);

/* Bytes. */
size_t pbuf_size(const struct pbuf *buf);

#define PBUF_FUNCTION (1U << 0) /* a device's memory: function, bar, path are valid */
#define PBUF_OFFSET (1U << 1)	/* offset is known */
#define PBUF_DMABUF (1U << 2)	/* pbuf_dmabuf() serves it */
#define PBUF_NO_CPU (1U << 3)	/* the CPU cannot read or write it */

struct pbuf_info {
	char provider[16];
	uint32_t attrs;	     /* PBUF_* */
	int32_t bar;	     /* -1: not a BAR, or unknown */
	char function[24];   /* "0000:04:00.0", or "" */
	uint64_t offset;     /* of the first byte in the BAR */
	char path[128];	     /* what was mapped, or "" */
	uint64_t device_addr; /* by which the vendor's library knows it, 0: none */
};

/*
 * What a buffer is. @size is the caller's sizeof(*info), as in ibvx.h.
 *   -EINVAL	@size is 0
 */
int pbuf_describe(const struct pbuf *buf, struct pbuf_info *info, size_t size);

/*
 * The dma-buf of memory that has one of its own (PBUF_DMABUF): a new descriptor, which
 * the caller closes, and where in it the buffer begins.
 *   -EOPNOTSUPP	this kind of memory has none, or the vendor's driver gives none
 *   -EMFILE, -ENFILE, -ENOMEM
 *   -EIO	the vendor's library failed
 */
int pbuf_dmabuf(const struct pbuf *buf, int *fd_p, uint64_t *offset_p,
		struct ibvx_error *err);

/*
 * The providers there are, one after the other: name, and one line of usage in @usage_p
 * (may be NULL). NULL beyond the last one. The strings are constant.
 */
const char *pbuf_provider(unsigned int index, const char **usage_p);

#ifdef __cplusplus
}
#endif

#endif /* PBUF_H */
