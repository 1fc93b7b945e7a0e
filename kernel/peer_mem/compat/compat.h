/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel differences, all of them here. Each PEER_HAVE_* comes from a compile
 * probe (compat/probes/, run by the Kbuild file), never from a version number:
 * distributions backport.
 */
#ifndef PEER_MEM_COMPAT_H
#define PEER_MEM_COMPAT_H

#include <linux/mm.h>
#include <linux/types.h>

#ifndef PEER_HAVE_PHYS_VEC
struct phys_vec {
	phys_addr_t paddr;
	size_t len;
};
#endif

/*
 * The cheapest way to look at one VMA. NULL means "could not tell", not "no
 * VMA": the caller then looks again under mmap_lock.
 */
#ifdef PEER_HAVE_LOCK_VMA_UNDER_RCU
static inline struct vm_area_struct *peer_vma_peek(struct mm_struct *mm,
						   unsigned long addr)
{
	return lock_vma_under_rcu(mm, addr);
}

static inline void peer_vma_unpeek(struct vm_area_struct *vma)
{
	vma_end_read(vma);
}
#else
static inline struct vm_area_struct *peer_vma_peek(struct mm_struct *mm,
						   unsigned long addr)
{
	struct vm_area_struct *vma;

	if (!mmap_read_trylock(mm))
		return NULL;
	vma = vma_lookup(mm, addr);
	if (!vma)
		mmap_read_unlock(mm);
	return vma;
}

static inline void peer_vma_unpeek(struct vm_area_struct *vma)
{
	mmap_read_unlock(vma->vm_mm);
}
#endif

#endif
