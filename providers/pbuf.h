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
 * BDF is a PCI function, "0000:04:00.0" or "04:00.0"; N takes K, M and G and must be a
 * multiple of the page size for device memory. Device memory is not ordinary memory: it
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
 *   -ENOENT	the memory is not offered: no peer_bar on it, no CMB
 *   -EACCES, -EPERM no permission
 *   -ENOMEM	not so much is free, or no huge pages are
 *   -EBUSY	its driver keeps others from mapping it
 * @err says which, and what to do.
 */
int pbuf_alloc(const char *spec, struct pbuf **buf_p, struct ibvx_error *err);

/*
 * Unmaps it; NULL is allowed. What was registered with a NIC should be deregistered
 * before: the memory stays pinned until then.
 */
void pbuf_free(struct pbuf *buf);

/* First byte; page aligned. */
void *pbuf_addr(const struct pbuf *buf);

/* Bytes. */
size_t pbuf_size(const struct pbuf *buf);

#define PBUF_FUNCTION (1U << 0) /* a device's memory: function, bar, path are valid */
#define PBUF_OFFSET (1U << 1)	/* offset is known */

struct pbuf_info {
	char provider[16];
	uint32_t attrs;	     /* PBUF_* */
	int32_t bar;	     /* -1: not a BAR, or unknown */
	char function[24];   /* "0000:04:00.0", or "" */
	uint64_t offset;     /* of the first byte in the BAR */
	char path[128];	     /* what was mapped, or "" */
};

/*
 * What a buffer is. @size is the caller's sizeof(*info), as in ibvx.h.
 *   -EINVAL	@size is 0
 */
int pbuf_describe(const struct pbuf *buf, struct pbuf_info *info, size_t size);

/*
 * The providers there are, one after the other: name, and one line of usage in @usage_p
 * (may be NULL). NULL beyond the last one. The strings are constant.
 */
const char *pbuf_provider(unsigned int index, const char **usage_p);

#ifdef __cplusplus
}
#endif

#endif /* PBUF_H */
