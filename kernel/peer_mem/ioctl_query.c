// SPDX-License-Identifier: GPL-2.0-only
/* PEER_MEM_QUERY: what is behind a pointer of the calling process? */
#include <linux/capability.h>
#include <linux/pci.h>
#include <linux/sched/mm.h>
#include <uapi/linux/peer_mem.h>

#include "ioctl.h"
#include "peer_mem_priv.h"

static const u32 kinds[] = {
	[PEER_VMA_HOLE] = PEER_MEM_KIND_HOLE,
	[PEER_VMA_HOST] = PEER_MEM_KIND_HOST,
	[PEER_VMA_PEER] = PEER_MEM_KIND_PEER,
	[PEER_VMA_PFN] = PEER_MEM_KIND_PFN,
};

/* Asked without the architecture's names for it: would it be changed? */
static u32 cache_attr(pgprot_t prot)
{
	if (pgprot_val(pgprot_noncached(prot)) == pgprot_val(prot))
		return PEER_MEM_ATTR_UNCACHED;
	if (pgprot_val(pgprot_writecombine(prot)) == pgprot_val(prot))
		return PEER_MEM_ATTR_COMBINED;
	return 0;
}

static void describe_vma(struct peer_mem_query *query,
			 const struct peer_vma_match *match)
{
	if (!match->vma)
		return;
	if (match->vma->vm_flags & VM_WRITE)
		query->attrs |= PEER_MEM_ATTR_WRITE;
	if (match->vma->vm_flags & VM_MAYSHARE)
		query->attrs |= PEER_MEM_ATTR_SHARED;
	query->attrs |= cache_attr(match->vma->vm_page_prot);
}

static void describe_memory(struct peer_mem_query *query,
			    const struct peer_vma_match *match)
{
	struct peer_vm_backing backing = {};

	strscpy(query->exporter, match->ops->name);
	query->attrs |= PEER_MEM_ATTR_REVOCABLE;
	if (!match->ops->get_backing ||
	    match->ops->get_backing(match->vma, query->va & PAGE_MASK, &backing))
		return;
	query->attrs |= PEER_MEM_ATTR_FUNCTION;
	if (backing.has_pages)
		query->attrs |= PEER_MEM_ATTR_PAGES;
	query->function.domain = pci_domain_nr(backing.pdev->bus);
	query->function.bus = backing.pdev->bus->number;
	query->function.devfn = backing.pdev->devfn;
	query->bar = backing.bar;
	query->bar_offset = backing.paddr -
			    pci_resource_start(backing.pdev, backing.bar) +
			    (query->va & ~PAGE_MASK);
	/* where in a GPU's memory a driver put something is not for everybody */
	if (match->kind == PEER_VMA_PFN && !capable(CAP_SYS_ADMIN))
		query->bar_offset = ~0ULL;
	pci_dev_put(backing.pdev);
}

int peer_mem_ioctl_query(struct peer_mem_query *query)
{
	struct peer_vma_match match;

	if (query->flags || query->reserved)
		return -EINVAL;
	query->va = untagged_addr(query->va);
	query->attrs = 0;
	query->function = (struct peer_mem_function){};
	query->bar = 0;
	query->bar_offset = 0;
	memset(query->exporter, 0, sizeof(query->exporter));
	if (mmap_read_lock_killable(current->mm))
		return -EINTR;
	peer_vma_match_get(query->va & PAGE_MASK, &match);
	query->kind = kinds[match.kind];
	query->end = match.end;
	describe_vma(query, &match);
	if (match.ops)
		describe_memory(query, &match);
	peer_vma_match_put(&match);
	mmap_read_unlock(current->mm);
	return 0;
}
