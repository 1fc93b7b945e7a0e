// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processor's access to a dma-buf: a program's mmap() of the descriptor.
 *
 * Each dma-buf has an inode of its own, so its address_space finds all user maps of
 * it when a revoke has to take them away. A kernel mapping (vmap) could not be taken
 * away, and it may not be refused either once the memory is gone, because the core
 * warns of that: so there is none, and importers that copy are refused from the
 * start.
 */
#include <linux/mm.h>
#include <linux/pci.h>

#include "dmabuf.h"

/* ---- user mappings ---- */

static bool paddr_at(const struct peer_phys_list *phys, u64 offset,
		     phys_addr_t *paddr)
{
	unsigned int i;

	for (i = 0; i < phys->nr; i++) {
		if (offset < phys->vec[i].len) {
			*paddr = phys->vec[i].paddr + offset;
			return true;
		}
		offset -= phys->vec[i].len;
	}
	return false;
}

static vm_fault_t fault(struct vm_fault *vmf)
{
	struct peer_dmabuf *db = vmf->vma->vm_private_data;
	vm_fault_t ret = VM_FAULT_SIGBUS;
	phys_addr_t paddr;

	down_read(&db->fault_lock);
	if (!READ_ONCE(db->pin->region->revoked) &&
	    paddr_at(&db->pin->phys, (u64)vmf->pgoff << PAGE_SHIFT, &paddr))
		ret = vmf_insert_pfn(vmf->vma, vmf->address, PHYS_PFN(paddr));
	up_read(&db->fault_lock);
	return ret;
}

static const struct vm_operations_struct dmabuf_vm_ops = { .fault = fault };

/* The core has checked bounds and, as for any file, that a writer may write. */
int peer_dmabuf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct peer_dmabuf *db = dmabuf->priv;
	const struct peer_mem_region_desc *desc = &db->pin->region->desc;
	bool wc = pci_resource_flags(desc->pdev, desc->bar) &
		  IORESOURCE_PREFETCH;

	if (READ_ONCE(db->pin->region->revoked))
		return -ENODEV;		/* faults ask again */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	vm_flags_set(vma, VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = wc ? pgprot_writecombine(vma->vm_page_prot) :
				 pgprot_noncached(vma->vm_page_prot);
	vma->vm_private_data = db;	/* the VMA's file holds the dma-buf */
	vma->vm_ops = &dmabuf_vm_ops;
	return 0;
}

void peer_dmabuf_zap(struct peer_dmabuf *db)
{
	/* whoever looked before the region was revoked has mapped it by now */
	down_write(&db->fault_lock);
	up_write(&db->fault_lock);
	unmap_mapping_range(db->dmabuf->file->f_mapping, 0, 0, 1);
}

/* ---- brackets around an access ---- */

int peer_dmabuf_begin_cpu_access(struct dma_buf *dmabuf,
				 enum dma_data_direction dir)
{
	struct peer_dmabuf *db = dmabuf->priv;

	/* never cached, so there is nothing to invalidate */
	return READ_ONCE(db->pin->region->revoked) ? -ENODEV : 0;
}

int peer_dmabuf_end_cpu_access(struct dma_buf *dmabuf,
			       enum dma_data_direction dir)
{
	wmb();		/* drain write-combining buffers towards the device */
	return peer_dmabuf_begin_cpu_access(dmabuf, dir);
}
