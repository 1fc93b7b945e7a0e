// SPDX-License-Identifier: GPL-2.0-only
/*
 * Struct pages for a BAR, from the kernel's P2PDMA layer: they serve NICs that
 * copy with the CPU and O_DIRECT, at 1.5625 % of the BAR in host memory.
 *
 * P2PDMA hands memory out page by page from a pool. We take all of it at once
 * and hold one reference on each page as long as the node lives: so a page
 * never returns to the pool while it can be mapped, mapping needs no allocator,
 * and p2pmem/allocate in sysfs cannot hand out what the node offers.
 */
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/pci-p2pdma.h>
#include <linux/percpu-refcount.h>

#include "peer_bar.h"

/* memremap_pages() WARNs on anything that is not whole subsections. */
static bool can_have_pages(struct pci_dev *pdev, int bar)
{
	u64 align = memremap_compat_align();

	return IS_ALIGNED(pci_resource_start(pdev, bar) |
			  pci_resource_len(pdev, bar), align);
}

static struct page *first_page(struct pci_dev *pdev, int bar)
{
	return pfn_to_page(PHYS_PFN(pci_resource_start(pdev, bar)));
}

static unsigned long nr_pages(struct pci_dev *pdev, int bar)
{
	return pci_resource_len(pdev, bar) >> PAGE_SHIFT;
}

int peer_bar_pages_get(struct pci_dev *pdev, int bar)
{
	unsigned long i, nr = nr_pages(pdev, bar);
	struct page *page;
	void *kaddr;
	int ret;

	if (!can_have_pages(pdev, bar)) {
		pci_info(pdev, "peer_bar: BAR %d is not a multiple of %#lx: no struct pages for it\n",
			 bar, (unsigned long)memremap_compat_align());
		return -EINVAL;
	}
	ret = pci_p2pdma_add_resource(pdev, bar, 0, 0);
	if (ret)
		return ret;
	/*
	 * The other BARs are taken already, so this is the new one, unless
	 * somebody mapped a part of it through p2pmem/allocate just now.
	 */
	page = first_page(pdev, bar);
	kaddr = pci_alloc_p2pmem(pdev, pci_resource_len(pdev, bar));
	if (kaddr != page_address(page)) {
		if (kaddr)
			pci_free_p2pmem(pdev, kaddr, pci_resource_len(pdev, bar));
		return -EBUSY;
	}
	/*
	 * The allocation took one reference on the page map for all of it;
	 * freeing drops one for each page.
	 */
	percpu_ref_get_many(&page_pgmap(page)->ref, nr - 1);
	for (i = 0; i < nr; i++) {
		set_page_count(page + i, 1);
		if (!(i % 4096))
			cond_resched();
	}
	return 0;
}

void peer_bar_pages_put(struct pci_dev *pdev, int bar)
{
	unsigned long i, nr = nr_pages(pdev, bar);
	struct page *page = first_page(pdev, bar);

	for (i = 0; i < nr; i++) {
		put_page(page + i);
		if (!(i % 4096))
			cond_resched();
	}
}
