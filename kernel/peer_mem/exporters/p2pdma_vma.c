// SPDX-License-Identifier: GPL-2.0-only
/*
 * Built-in adapter for memory that stock drivers publish as P2PDMA pages and map
 * through sysfs p2pmem/allocate (the NVMe CMB).
 *
 * Those VMAs have kernfs's vm_ops, like any sysfs mapping, so they are
 * recognised by the pages in them. The page references that GUP takes are the
 * lifetime reference: the allocator gets a page back, and the driver's unbind
 * gets past memunmap_pages(), only when they are dropped. GUP itself refuses
 * FOLL_LONGTERM here because nothing could end the pin; ours end by a revoke.
 */
#include <linux/memremap.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "../peer_mem_priv.h"

#define BATCH	(PAGE_SIZE / sizeof(struct page *))

/*
 * Physical address behind @addr. -EFAULT: no P2PDMA page, or nothing; -ENOMEM
 * and -EINTR: cannot tell. FOLL_FORCE so that a mapping without PROT_READ is
 * recognised too, and refused as such.
 */
static int p2pdma_paddr(struct vm_area_struct *vma, unsigned long addr,
			phys_addr_t *paddr)
{
	struct page *page;
	long got;
	int ret = 0;

	mmap_assert_locked(vma->vm_mm);
	got = pin_user_pages(addr, 1, FOLL_PCI_P2PDMA | FOLL_FORCE, &page);
	if (got != 1)
		return got == -ENOMEM || got == -EINTR ? got : -EFAULT;
	if (is_pci_p2pdma_page(page))
		*paddr = page_to_phys(page);
	else
		ret = -EFAULT;
	unpin_user_page(page);
	return ret;
}

int peer_p2pdma_vma_probe(struct vm_area_struct *vma, unsigned long addr)
{
	phys_addr_t paddr;
	int ret = p2pdma_paddr(vma, addr, &paddr);

	if (!ret)
		return 1;
	return ret == -EFAULT ? 0 : ret;
}

static int get_backing(struct vm_area_struct *vma, unsigned long addr,
		       struct peer_vm_backing *backing)
{
	int ret = p2pdma_paddr(vma, addr, &backing->paddr);

	if (ret)
		return ret;
	backing->pdev = peer_mem_find_bar(backing->paddr, &backing->bar);
	backing->has_pages = true;
	return backing->pdev ? 0 : -ENXIO;
}

static void put_extent(phys_addr_t paddr, size_t len)
{
	/* device memory has no dirty state to keep */
	unpin_user_page_range_dirty_lock(pfn_to_page(PHYS_PFN(paddr)),
					 len >> PAGE_SHIFT, false);
}

/* Length of the physically contiguous run of P2PDMA pages at pages[0]. */
static unsigned long run_length(struct page **pages, unsigned long nr)
{
	unsigned long i;

	if (!is_pci_p2pdma_page(pages[0]))
		return 0;
	for (i = 1; i < nr; i++)
		if (page_to_pfn(pages[i]) != page_to_pfn(pages[0]) + i)
			break;
	return i;
}

/* Add @nr pinned pages. Drops the pins of those that could not be added. */
static int add_pinned(struct page **pages, unsigned long nr,
		     struct peer_mem_sink *sink)
{
	struct peer_mem_region *region;
	unsigned long run;
	int ret = 0;

	while (nr) {
		run = run_length(pages, nr);
		if (!run) {
			ret = -EFAULT;	/* not P2PDMA in the middle of it */
			break;
		}
		region = peer_mem_region_foreign(page_to_phys(pages[0]),
						 &peer_p2pdma_vm_ops, true);
		if (IS_ERR(region)) {
			ret = PTR_ERR(region);
			break;
		}
		ret = peer_mem_sink_add(sink, region, page_to_phys(pages[0]),
					run << PAGE_SHIFT);
		peer_mem_region_put(region);
		if (ret)
			break;
		pages += run;
		nr -= run;
	}
	if (nr)
		unpin_user_pages(pages, nr);
	return ret;
}

/*
 * A pin is GUP_PIN_COUNTING_BIAS (1024) references on each page, and GUP itself
 * looks for an overflow with a WARN that any user could provoke.
 */
static bool are_overpinned(struct page **pages, unsigned long nr)
{
	while (nr--)
		if (page_ref_count(pages[nr]) > INT_MAX / 2)
			return true;
	return false;
}

/*
 * Not FOLL_WRITE, also for a device that writes: the core has checked VM_WRITE,
 * and these mappings are always shared, so there is neither COW to break nor
 * dirty state to track. With it GUP would never come back for a PTE that an
 * mprotect() made read-only for a while: kernfs asks for page_mkwrite, and the
 * kernel retries that for ever on a page without a mapping (7.3.4; a CPU write
 * to such a page spins just so).
 */
static int get_extents(struct vm_area_struct *vma, unsigned long addr,
		       size_t len, bool write, struct peer_mem_sink *sink)
{
	unsigned long nr = len >> PAGE_SHIFT;
	struct page **pages;
	long got;
	int ret = 0;

	pages = kmalloc_array(BATCH, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	while (!ret && nr) {
		got = pin_user_pages(addr, min_t(unsigned long, nr, BATCH),
				     FOLL_PCI_P2PDMA, pages);
		if (got <= 0) {
			ret = got ?: -EFAULT;
			break;
		}
		if (are_overpinned(pages, got)) {
			unpin_user_pages(pages, got);
			ret = -EUSERS;
			break;
		}
		ret = add_pinned(pages, got, sink);
		addr += got << PAGE_SHIFT;
		nr -= got;
		cond_resched();
	}
	kfree(pages);
	return ret;
}

const struct peer_vm_ops peer_p2pdma_vm_ops = {
	.owner = THIS_MODULE,
	.name = "p2pdma",
	.get_extents = get_extents,
	.put_extent = put_extent,
	.get_backing = get_backing,
};
