/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * /dev/peer_mem_test: a consumer without a NIC, for the lab only. It pins a range
 * of the calling process and maps it for any PCI function, so that the addresses
 * a NIC would be programmed with can be looked at in every topology.
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

#define PEER_TEST_IOC		'P'
#define PEER_TEST_PIN		_IOWR(PEER_TEST_IOC, 1, struct peer_test_pin)
#define PEER_TEST_UNPIN		_IOW(PEER_TEST_IOC, 2, __u32)

#endif
