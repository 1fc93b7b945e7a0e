// SPDX-License-Identifier: GPL-2.0-only
/* mmap_lock_speculate_try_begin() and VMAs freed by RCU (6.14, per-VMA locks) */
#include <linux/mm.h>
#include <linux/mmap_lock.h>

#ifndef CONFIG_PER_VMA_LOCK
#error without it the sequence is a stub
#endif

bool probe(struct mm_struct *mm);
bool probe(struct mm_struct *mm)
{
	unsigned int seq;

	return mmap_lock_speculate_try_begin(mm, &seq) &&
	       !mmap_lock_speculate_retry(mm, seq);
}
