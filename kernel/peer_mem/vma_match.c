// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose memory does a VMA map? The order matters: a registered exporter first,
 * then the adapter for stock P2PDMA mappings, and only then "not ours".
 */
#include "peer_mem_priv.h"

static void match_vma(struct vm_area_struct *vma, unsigned long addr,
		      struct peer_vma_match *match)
{
	match->hook = peer_vm_hook_get(vma->vm_ops);
	if (match->hook) {
		match->kind = PEER_VMA_PEER;
		match->ops = peer_vm_hook_ops(match->hook);
	} else if (vma->vm_flags & (VM_PFNMAP | VM_IO)) {
		match->kind = PEER_VMA_PFN;
		match->ops = &peer_pfnmap_vm_ops;
	} else if (vma->vm_flags & VM_MIXEDMAP) {
		int ret = peer_p2pdma_vma_probe(vma, addr);

		if (ret > 0) {
			match->kind = PEER_VMA_PEER;
			match->ops = &peer_p2pdma_vm_ops;
		} else {
			match->error = ret;
		}
	}
	/*
	 * Else VM_MIXEDMAP with ordinary pages (rings of io_uring, AF_PACKET,
	 * DAX): GUP has always taken those, so they stay on the ordinary path.
	 */
}

void peer_vma_match_get(unsigned long addr, struct peer_vma_match *match)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;

	mmap_assert_locked(mm);
	*match = (struct peer_vma_match){ .kind = PEER_VMA_HOST };

	vma = find_vma(mm, addr);	/* first one that ends after addr */
	if (!vma || vma->vm_start > addr) {
		match->kind = PEER_VMA_HOLE;
		match->end = vma ? vma->vm_start : ULONG_MAX;
		return;
	}
	match->vma = vma;
	match->end = vma->vm_end;
	match_vma(vma, addr, match);
}

void peer_vma_match_put(struct peer_vma_match *match)
{
	if (match->hook)
		peer_vm_hook_put(match->hook);
	match->hook = NULL;
}
