/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The floor today is 7.2: dma.c wants dma_iova_*() and DMA_ATTR_MMIO, which 6.12
 * lacks. What else differs below it is provided for.
 *
 * Kernel differences, all of them here. Each PEER_HAVE_* comes from a compile
 * probe (compat/probes/, run by the Kbuild file), never from a version number:
 * distributions backport.
 */
#ifndef PEER_MEM_COMPAT_H
#define PEER_MEM_COMPAT_H

#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/types.h>

#ifndef PEER_HAVE_PHYS_VEC
struct phys_vec {
	phys_addr_t paddr;
	size_t len;
};
#endif

/*
 * Is [addr, addr + size) inside one VMA without any of @flags? False also means
 * "could not tell": the caller then looks again under mmap_lock.
 */
#ifdef PEER_HAVE_MMAP_SPECULATE
/*
 * Without a lock: no writer had mmap_lock from the first look at the sequence to
 * the last, so what was read in between is one state of the address space. VMAs
 * are freed by RCU, so reading one that is going is harmless.
 */
static inline bool peer_vma_lacks(struct mm_struct *mm, unsigned long addr,
				  size_t size, vm_flags_t flags)
{
	MA_STATE(mas, &mm->mm_mt, addr, addr);
	struct vm_area_struct *vma;
	unsigned int seq;
	bool ret = false;

	if (!mmap_lock_speculate_try_begin(mm, &seq))
		return false;
	rcu_read_lock();
	vma = mas_walk(&mas);
	if (vma)
		ret = !(READ_ONCE(vma->vm_flags) & flags) &&
		      READ_ONCE(vma->vm_end) - addr >= size;
	rcu_read_unlock();
	return ret && !mmap_lock_speculate_retry(mm, seq);
}
#else
static inline bool peer_vma_lacks(struct mm_struct *mm, unsigned long addr,
				  size_t size, vm_flags_t flags)
{
	struct vm_area_struct *vma;
	bool ret = false;

	if (!mmap_read_trylock(mm))
		return false;
	vma = vma_lookup(mm, addr);
	if (vma)
		ret = !(vma->vm_flags & flags) && vma->vm_end - addr >= size;
	mmap_read_unlock(mm);
	return ret;
}
#endif

/* Where a mapping of @len bytes could go in this process, as mmap() chooses. */
static inline unsigned long
peer_get_unmapped_area(struct file *file, unsigned long addr, unsigned long len,
		       unsigned long pgoff, unsigned long flags)
{
#ifdef PEER_HAVE_UNMAPPED_AREA_MM
	return mm_get_unmapped_area(current->mm, file, addr, len, pgoff, flags);
#else
	return mm_get_unmapped_area(file, addr, len, pgoff, flags);
#endif
}

#endif
