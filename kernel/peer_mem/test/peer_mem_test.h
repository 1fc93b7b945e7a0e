/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * /dev/peer_mem_test: a consumer without a NIC, for the lab only. It pins a range
 * of the calling process, or imports a dma-buf, and maps it for any PCI function, so
 * that the addresses a NIC would be programmed with can be looked at in every
 * topology. And an exporter, see exporter.c.
 */
#ifndef PEER_MEM_TEST_H
#define PEER_MEM_TEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define PEER_TEST_MAX_SEGS	8

#define PEER_TEST_WRITE		1	/* the device writes */
#define PEER_TEST_MAP		2	/* map for the function below */

/*
 * In: va, len, flags; domain, bus, devfn of the function; max_seg in bytes.
 * Out: id for UNPIN; nr_segs and the first of them, as DMA addresses.
 * errno: those of peer_mem_pin_user() and peer_mem_pin_map(); ENODEV no such
 * function; ENOMSG the range is not peer memory.
 */
struct peer_test_pin {
	__u64 va;
	__u64 len;
	__u64 max_seg;
	__u32 flags;
	__u32 domain;
	__u32 bus;
	__u32 devfn;
	__u32 id;
	__u32 nr_segs;
	__u64 dma_addr[PEER_TEST_MAX_SEGS];
	__u64 dma_len[PEER_TEST_MAX_SEGS];
};

/* How it imports; what follows says what a driver of this kind is. */
enum peer_test_importer {
	PEER_TEST_DYNAMIC = 0,		/* maps when told, unmaps when invalidated */
	PEER_TEST_LAZY = 1,		/* the same, but unmaps no sooner than UNPIN */
	PEER_TEST_PINNED = 2,		/* pins, and cannot be invalidated */
	PEER_TEST_STATIC = 3,		/* attaches the old way, no peer-to-peer */
	PEER_TEST_VMAP = 4,		/* no device: the kernel maps it */
};

/*
 * In: fd of the dma-buf, how; domain, bus, devfn of the function; read_only: it maps
 * for reading.
 * Out: id for UNPIN and STATE; nr_segs and the first of them.
 * errno: those of the dma-buf; ENODEV also: no such function.
 */
struct peer_test_import {
	__s32 fd;
	__u32 how;		/* enum peer_test_importer */
	__u32 read_only;
	__u32 domain;
	__u32 bus;
	__u32 devfn;
	__u32 id;
	__u32 nr_segs;
	__u64 dma_addr[PEER_TEST_MAX_SEGS];
	__u64 dma_len[PEER_TEST_MAX_SEGS];
};

/*
 * What became of it. In: id. Out: how often it was invalidated; whether it is mapped.
 * ENOENT, no such id.
 */
struct peer_test_state {
	__u32 id;
	__u32 invalidated;
	__u32 mapped;
};

/* Mistakes, made on purpose by the mock exporter or by an importer. */
enum peer_test_what {
	PEER_TEST_PUT_TWICE = 0,	/* a page that nobody took is given back */
	PEER_TEST_KEEP = 1,		/* a page is taken and never given back */
	PEER_TEST_ZAP = 2,		/* the memory is revoked behind the core's back */
	PEER_TEST_UNLOCKED = 3,		/* an importer is told without the dma_resv lock */
	PEER_TEST_TWICE = 4,		/* ... for the second time */
	PEER_TEST_LATE = 5,		/* it maps what it was told is gone */
	PEER_TEST_NR_MISTAKES
};

/* In: what; id of the import for the last three. ENOENT, ENODEV, EINVAL. */
struct peer_test_mistake {
	__u32 id;
	__u32 what;		/* enum peer_test_what */
};

/*
 * Something that a device does with a dma-buf, or so its fence says; it ends at UNPIN.
 * In: fd of the dma-buf. Out: id for UNPIN.
 */
struct peer_test_work {
	__s32 fd;
	__u32 id;
};

#define PEER_TEST_IOC		'P'
#define PEER_TEST_PIN		_IOWR(PEER_TEST_IOC, 1, struct peer_test_pin)
#define PEER_TEST_UNPIN		_IOW(PEER_TEST_IOC, 2, __u32)
#define PEER_TEST_IMPORT	_IOWR(PEER_TEST_IOC, 3, struct peer_test_import)
#define PEER_TEST_STATE		_IOWR(PEER_TEST_IOC, 4, struct peer_test_state)
#define PEER_TEST_MISTAKE	_IOW(PEER_TEST_IOC, 5, struct peer_test_mistake)
#define PEER_TEST_WORK		_IOWR(PEER_TEST_IOC, 6, struct peer_test_work)

#endif
