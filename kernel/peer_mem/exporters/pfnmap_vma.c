// SPDX-License-Identifier: GPL-2.0-only
/*
 * PFN mappings that no exporter answers for: sysfs resourceN, VFIO, a GPU
 * driver's BAR. For now they are only named in the refusal, since nothing yet
 * ends a pin on them in time (their mmu notifier cannot wait for a NIC).
 */
#include "../peer_mem_priv.h"

#include <linux/pci.h>

struct pci_dev *peer_pfnmap_vma_owner(struct vm_area_struct *vma,
				      unsigned long addr, int *bar)
{
	struct follow_pfnmap_args args = { .vma = vma, .address = addr };
	phys_addr_t paddr;

	mmap_assert_locked(vma->vm_mm);
	/* not populated yet: the log goes without a device */
	if (!(vma->vm_flags & VM_PFNMAP) || follow_pfnmap_start(&args))
		return NULL;
	paddr = PFN_PHYS(args.pfn);
	follow_pfnmap_end(&args);
	return peer_mem_find_bar(paddr, bar);
}
