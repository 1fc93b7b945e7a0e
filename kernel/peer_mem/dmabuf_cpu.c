// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processor's access to a dma-buf: a program's mmap() of the descriptor, which may
 * be registered by its pointer like the memory that the dma-buf was made of.
 *
 * Each dma-buf has an inode of its own, so its address_space finds all user maps of
 * it when a revoke has to take them away. A kernel mapping (vmap) could not be taken
 * away, and it may not be refused either once the memory is gone, because the core
 * warns of that: so there is none, and importers that copy are refused from the
 * start.
 */
#include <linux/mm.h>
#include <linux/module.h>
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

/* ---- pins through them ---- */

static u64 vma_offset(const struct vm_area_struct *vma, unsigned long addr)
{
	return ((u64)vma->vm_pgoff << PAGE_SHIFT) + (addr - vma->vm_start);
}

static int get_extents(struct vm_area_struct *vma, unsigned long addr,
		       size_t len, bool write, struct peer_mem_sink *sink)
{
	struct peer_dmabuf *db = vma->vm_private_data;
	const struct peer_phys_list *phys = &db->pin->phys;
	u64 offset = vma_offset(vma, addr);
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && len && i < phys->nr; i++) {
		size_t part;

		if (offset >= phys->vec[i].len) {
			offset -= phys->vec[i].len;
			continue;
		}
		part = min_t(u64, len, phys->vec[i].len - offset);
		ret = peer_mem_sink_add(sink, db->pin->region,
					phys->vec[i].paddr + offset, part);
		offset = 0;
		len -= part;
	}
	return ret ?: peer_mem_pin_borrow(sink->pin, db->pin, db->dmabuf);
}

static int get_backing(struct vm_area_struct *vma, unsigned long addr,
		       struct peer_vm_backing *backing)
{
	struct peer_dmabuf *db = vma->vm_private_data;
	const struct peer_mem_region_desc *desc = &db->pin->region->desc;

	if (!paddr_at(&db->pin->phys, vma_offset(vma, addr), &backing->paddr))
		return -ENXIO;
	backing->pdev = pci_dev_get(desc->pdev);
	backing->bar = desc->bar;
	backing->has_pages = desc->has_pages;
	return 0;
}

static const struct peer_vm_ops dmabuf_peer_ops = {
	.owner = THIS_MODULE,
	.name = "dma-buf",
	.get_extents = get_extents,
	.get_backing = get_backing,
};

int peer_dmabuf_hook_init(void)
{
	return peer_vm_ops_register(&dmabuf_vm_ops, &dmabuf_peer_ops);
}

void peer_dmabuf_hook_exit(void)
{
	peer_vm_ops_unregister(&dmabuf_vm_ops);
}

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
	/* through another driver's file (dma_buf_mmap()) nobody has asked that */
	if (!(db->pin->flags & PEER_MEM_PIN_WRITE)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
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
	unmap_mapping_range(db->inode->i_mapping, 0, 0, 1);
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
