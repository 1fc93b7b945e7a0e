// SPDX-License-Identifier: GPL-2.0-only
/*
 * Built-in adapter for PFN mappings that no exporter answers for: a BAR mapped
 * through sysfs resourceN, VFIO, or any driver's remap_pfn_range().
 *
 * Nobody promises anything about such a mapping, so it is watched: an mmu
 * interval notifier over the range ends the pin when any of it is unmapped or
 * changed (munmap, exit, VFIO's zap before a reset). A notifier may not wait for
 * a NIC, therefore only a mapping that can be fenced in the IOMMU is allowed,
 * unless the administrator says otherwise with allow_unfenced.
 *
 * Only addresses inside a memory BAR of a PCI function are taken: never system
 * RAM, whatever a driver mapped.
 */
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "../peer_mem_priv.h"

static bool allow_unfenced;
module_param(allow_unfenced, bool, 0600);
MODULE_PARM_DESC(allow_unfenced,
		 "also register PFN mappings of other drivers where no IOMMU can cut the NIC off when the mapping goes away: the NIC may then reach a BAR that is no longer the process's (default N)");

bool peer_pfnmap_may_map(enum peer_mem_dma_kind kind)
{
	if (kind == PEER_DMA_IOVA)
		return true;
	if (!READ_ONCE(allow_unfenced))
		return false;
	pr_warn_once("allow_unfenced: PFN mappings are registered that no revoke can fence\n");
	return true;
}

/* ---- walk ---- */

/* One step: what is mapped at @addr and how far it goes on. Faults it in. */
static int walk_one(struct vm_area_struct *vma, unsigned long addr, bool write,
		    phys_addr_t *paddr, size_t *len)
{
	struct follow_pfnmap_args args = { .vma = vma, .address = addr };
	int ret, tries;

	for (tries = 0; tries < 2; tries++) {
		if (!follow_pfnmap_start(&args)) {
			bool fits = !write || args.writable;

			*paddr = PFN_PHYS(args.pfn);
			*len = (addr & args.addr_mask) - args.addr_mask - addr;
			follow_pfnmap_end(&args);
			if (fits)
				return 0;
		}
		if (fatal_signal_pending(current))
			return -EINTR;
		ret = fixup_user_fault(vma->vm_mm, addr,
				       write ? FAULT_FLAG_WRITE : 0, NULL);
		if (ret)
			return ret;
	}
	return -EAGAIN;		/* the driver took it away again */
}

/* A piece may run on into the next BAR: then that is a second region. */
static int add_piece(struct peer_mem_sink *sink, phys_addr_t paddr, size_t len)
{
	struct peer_mem_region *region;
	size_t part;
	int ret = 0;

	for (; !ret && len; paddr += part, len -= part) {
		region = peer_mem_region_foreign(paddr, &peer_pfnmap_vm_ops,
						 false);
		if (IS_ERR(region))
			return PTR_ERR(region);
		part = min_t(u64, len, region->desc.paddr + region->desc.len -
				       paddr);
		ret = peer_mem_sink_add(sink, region, paddr, part);
		peer_mem_region_put(region);
	}
	return ret;
}

/*
 * Call @fn for each contiguous piece of [addr, addr + len). A piece ends where
 * the addresses jump, so a BAR mapped in 4 KiB pages is still one call.
 */
static int walk(struct vm_area_struct *vma, unsigned long addr, size_t len,
		bool write,
		int (*fn)(void *ctx, phys_addr_t paddr, size_t len), void *ctx)
{
	phys_addr_t paddr, start = 0;
	size_t step, run = 0;
	int ret;

	for (; len; addr += step, len -= step) {
		ret = walk_one(vma, addr, write, &paddr, &step);
		if (ret)
			return ret;
		step = min(step, len);
		if (run && start + run != paddr) {
			ret = fn(ctx, start, run);
			if (ret)
				return ret;
			run = 0;
		}
		if (!run)
			start = paddr;
		run += step;
		cond_resched();
	}
	return fn(ctx, start, run);
}

static int add_to_sink(void *ctx, phys_addr_t paddr, size_t len)
{
	return add_piece(ctx, paddr, len);
}

static int get_extents(struct vm_area_struct *vma, unsigned long addr,
		       size_t len, bool write, struct peer_mem_sink *sink)
{
	return walk(vma, addr, len, write, add_to_sink, sink);
}

static int get_backing(struct vm_area_struct *vma, unsigned long addr,
		       struct peer_vm_backing *backing)
{
	struct follow_pfnmap_args args = { .vma = vma, .address = addr };
	int ret;

	mmap_assert_locked(vma->vm_mm);
	/* a page that is not there yet is not faulted in for a question */
	ret = follow_pfnmap_start(&args);
	if (ret)
		return ret;
	backing->paddr = PFN_PHYS(args.pfn);
	follow_pfnmap_end(&args);
	backing->pdev = peer_mem_find_bar(backing->paddr, &backing->bar);
	return backing->pdev ? 0 : -ENXIO;
}

const struct peer_vm_ops peer_pfnmap_vm_ops = {
	.owner = THIS_MODULE,
	.name = "PFN map",
	.get_extents = get_extents,
	.get_backing = get_backing,
};

/* ---- watch ---- */

static bool invalidate(struct mmu_interval_notifier *mni,
		       const struct mmu_notifier_range *range,
		       unsigned long cur_seq)
{
	struct peer_mem_pin *pin = container_of(mni, struct peer_mem_pin, watch);
	struct mutex *lock = &pin->region->map_lock;

	if (mmu_notifier_range_blockable(range))
		mutex_lock(lock);
	else if (!mutex_trylock(lock))
		return false;
	mmu_interval_set_seq(mni, cur_seq);
	/* clearing soft-dirty bits changes no translation */
	if (range->event != MMU_NOTIFY_SOFT_DIRTY) {
		if (!pin->stale)
			peer_mem_count(&peer_mem_stats, PEER_STAT_stale_pins, 1);
		pin->stale = true;
		peer_mem_pin_cut(pin);
	}
	mutex_unlock(lock);
	return true;
}

static const struct mmu_interval_notifier_ops watch_ops = {
	.invalidate = invalidate,
};

/* Compares what is mapped now with what the pin was told, piece by piece. */
struct compare {
	const struct peer_mem_pin *pin;
	unsigned int i;		/* range */
	size_t offset;		/* in it */
};

static int compare_piece(void *ctx, phys_addr_t paddr, size_t len)
{
	struct compare *cmp = ctx;
	const struct phys_vec *vec = cmp->pin->phys.vec;

	while (len) {
		size_t left;

		if (cmp->i == cmp->pin->phys.nr ||
		    vec[cmp->i].paddr + cmp->offset != paddr)
			return -EAGAIN;
		left = min(len, vec[cmp->i].len - cmp->offset);
		paddr += left;
		len -= left;
		cmp->offset += left;
		if (cmp->offset == vec[cmp->i].len) {
			cmp->offset = 0;
			cmp->i++;
		}
	}
	return 0;
}

static int compare_range(struct peer_mem_pin *pin, unsigned long start,
			 unsigned long end)
{
	struct compare cmp = { .pin = pin };
	struct vm_area_struct *vma;
	unsigned long next;
	int ret = 0;

	for (; !ret && start < end; start = next) {
		vma = vma_lookup(current->mm, start);
		if (!vma || !(vma->vm_flags & (VM_PFNMAP | VM_IO)))
			return -EAGAIN;
		next = min(vma->vm_end, end);
		ret = walk(vma, start, next - start,
			   pin->flags & PEER_MEM_PIN_WRITE, compare_piece, &cmp);
	}
	return ret;
}

int peer_pfnmap_watch(struct peer_mem_pin *pin, unsigned long start,
		      unsigned long end)
{
	struct mm_struct *mm = current->mm;
	unsigned long seq;
	bool changed;
	int ret;

	ret = mmu_interval_notifier_insert(&pin->watch, mm, start, end - start,
					   &watch_ops);
	if (ret)
		return ret;
	pin->watched = true;

	/*
	 * The pin was filled before the watch began, and a change that was under
	 * way then is not reported. So look again under the watch; whatever
	 * comes after this look is reported and sets stale.
	 */
	do {
		seq = mmu_interval_read_begin(&pin->watch);
		if (mmap_read_lock_killable(mm))
			return -EINTR;
		ret = compare_range(pin, start, end);
		mmap_read_unlock(mm);
		mutex_lock(&pin->region->map_lock);
		changed = mmu_interval_read_retry(&pin->watch, seq);
		if (!changed && !ret)
			pin->stale = false;
		mutex_unlock(&pin->region->map_lock);
	} while (changed);
	return ret;
}

void peer_pfnmap_unwatch(struct peer_mem_pin *pin)
{
	if (pin->watched)
		mmu_interval_notifier_remove(&pin->watch);
	pin->watched = false;
}
