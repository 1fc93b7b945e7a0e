// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where in an address space a BAR is mapped. A NIC translates a region in pages as large
 * as both the virtual and the DMA address allow, and the CPU's tables can do no better: so
 * a mapping's address should differ from the BAR's by a multiple of the largest page that
 * fits. Without this 64 GiB are 16 million translations of the NIC, with it 64.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>

#include "../compat/compat.h"
#include "peer_bar.h"

/* Beyond this neither processors nor NICs gain. */
#define LARGEST_PAGE	SZ_1G

unsigned long peer_bar_place(struct file *file, phys_addr_t paddr,
			     unsigned long addr, unsigned long len,
			     unsigned long pgoff, unsigned long flags)
{
	unsigned long align, start;

	if (addr || flags & MAP_FIXED || len <= PAGE_SIZE)
		goto anywhere;
	align = min(rounddown_pow_of_two(len), LARGEST_PAGE);
	if (len + align < len)
		goto anywhere;
	start = peer_get_unmapped_area(file, 0, len + align - PAGE_SIZE, pgoff,
				       flags);
	if (IS_ERR_VALUE(start))
		goto anywhere;		/* no room for the detour */
	return start + ((paddr - start) & (align - 1));

anywhere:
	return peer_get_unmapped_area(file, addr, len, pgoff, flags);
}
