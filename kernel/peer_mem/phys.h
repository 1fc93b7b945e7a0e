/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists of physical ranges: pure arithmetic, no kernel state, so that the same
 * file is unit-tested and fuzzed in user space.
 */
#ifndef PEER_MEM_PHYS_H
#define PEER_MEM_PHYS_H

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/types.h>
#include "compat/compat.h"
#else
#include "phys_shim.h"		/* tests/unit */
#endif

/*
 * Growable list, ordered as appended. Invariants: no empty range, no range
 * whose end overflows, no range that starts where the one before it ends.
 */
struct peer_phys_list {
	struct phys_vec *vec;
	unsigned int nr;
	unsigned int cap;
	u64 bytes;		/* sum of all lengths */
};

void peer_phys_init(struct peer_phys_list *list);
void peer_phys_free(struct peer_phys_list *list);

/*
 * Append [paddr, paddr + len), merged with the last range if it continues it.
 * -EINVAL: empty, or the end (or the sum of all lengths) overflows; -ENOMEM.
 * The list is unchanged on error.
 */
int peer_phys_append(struct peer_phys_list *list, phys_addr_t paddr, size_t len);

/* Give back what the growth left over. Cannot fail. */
void peer_phys_trim(struct peer_phys_list *list);

/*
 * Number of pieces when no piece may exceed @max_seg bytes (page aligned, not
 * 0). -E2BIG if it does not fit an unsigned int scatterlist count, -EINVAL for
 * a @max_seg below one page.
 */
int peer_phys_count_segs(const struct peer_phys_list *list, size_t max_seg,
			 unsigned int *nr_segs);

/*
 * Page bounds of a user range: *first and *end (exclusive) are page aligned.
 * -EINVAL if @len is 0 or the range, rounded up to pages, overflows.
 */
int peer_phys_page_bounds(unsigned long va, size_t len, unsigned long *first,
			  unsigned long *end);

/* Is [paddr, paddr + len) inside [start, start + size)? Overflow means no. */
bool peer_phys_inside(phys_addr_t paddr, u64 len, phys_addr_t start, u64 size);

#endif
