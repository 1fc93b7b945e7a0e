// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a pin to the addresses a device is programmed with.
 *
 *   virtual DMA (rxe, siw)        struct pages, the CPU copies; no DMA address
 *   bus route                     bus address: CPU address + the bridge's offset
 *   host route, IOMMU translates  one IOVA range for the whole pin (MMIO)
 *   host route, no IOMMU          dma_map_phys() of each range
 *   no route                      refused with what is in the way
 *
 * Device mappings need no struct pages and have none in their scatterlist
 * (orig_nents is 0). An IOVA mapping can be fenced: unlinked from the IOMMU, so
 * that the device reaches nothing there, while the IOVA stays reserved until the
 * consumer unmaps; else the next mapping of that device could land on it and a
 * stale rkey would reach somebody else's memory.
 */
#include <linux/dma-mapping.h>
#include <linux/iommu-dma.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>

#include "peer_mem_priv.h"
#include "route.h"
#include "trace.h"

#define MAP_ATTRS	DMA_ATTR_MMIO

/* ---- scatterlist of pages ---- */

static size_t whole_pages(size_t max_seg)
{
	return min_t(size_t, max_seg, UINT_MAX) & PAGE_MASK;
}

int peer_mem_pin_to_sgt(const struct peer_mem_pin *pin, size_t max_seg,
			struct sg_table *sgt)
{
	struct scatterlist *sg;
	unsigned int nr_segs, i;
	int ret;

	max_seg = whole_pages(max_seg);
	ret = peer_phys_count_segs(&pin->phys, max_seg, &nr_segs);
	if (ret)
		return ret;
	ret = sg_alloc_table(sgt, nr_segs, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;

	sg = sgt->sgl;
	for (i = 0; i < pin->phys.nr; i++) {
		phys_addr_t paddr = pin->phys.vec[i].paddr;
		size_t left = pin->phys.vec[i].len;

		while (left) {
			size_t len = min(left, max_seg);

			sg_set_page(sg, pfn_to_page(PHYS_PFN(paddr)), len, 0);
			sg = sg_next(sg);
			paddr += len;
			left -= len;
		}
	}
	return 0;
}
EXPORT_SYMBOL_GPL(peer_mem_pin_to_sgt);

/* ---- scatterlist of DMA addresses ---- */

/* Cut [addr, addr + left) in entries of at most @max_seg. Returns the next. */
static struct scatterlist *fill_dma(struct scatterlist *sg, dma_addr_t addr,
				    size_t left, size_t max_seg)
{
	while (left) {
		size_t len = min(left, max_seg);

		sg_dma_address(sg) = addr;
		sg_dma_len(sg) = len;
		sg = sg_next(sg);
		addr += len;
		left -= len;
	}
	return sg;
}

enum peer_mem_dma_kind peer_mem_dma_kind(enum peer_mem_route route,
					 struct device *dev)
{
	switch (route) {
	case PEER_ROUTE_BUS:
		return PEER_DMA_BUS;
	case PEER_ROUTE_HOST:
		/*
		 * The flag that the DMA API itself goes by. The domain is not
		 * ours to look at: its owner (VFIO) may free it.
		 */
		return use_dma_iommu(dev) ? PEER_DMA_IOVA : PEER_DMA_PHYSICAL;
	case PEER_ROUTE_NONE:
		break;
	}
	return PEER_DMA_NONE;
}

/*
 * All memory a mapping needs, before map_lock: an mmu notifier takes that lock,
 * and allocating under it could wait for a notifier.
 */
static int alloc_tables(struct peer_mem_pin *pin, enum peer_mem_dma_kind kind,
			size_t max_seg, struct sg_table *sgt)
{
	/* as IOVA the whole pin is one contiguous range */
	struct phys_vec all = { .len = pin->phys.bytes };
	const struct peer_phys_list one = { .vec = &all, .nr = 1 };
	unsigned int nr_segs;
	int ret;

	ret = peer_phys_count_segs(kind == PEER_DMA_IOVA ? &one : &pin->phys,
				   max_seg, &nr_segs);
	if (ret)
		return ret;
	if (kind == PEER_DMA_PHYSICAL) {
		pin->dma.addr = kvcalloc(pin->phys.nr, sizeof(*pin->dma.addr),
					 GFP_KERNEL_ACCOUNT);
		if (!pin->dma.addr)
			return -ENOMEM;
	}
	ret = sg_alloc_table(sgt, nr_segs, GFP_KERNEL_ACCOUNT);
	if (ret) {
		kvfree(pin->dma.addr);
		pin->dma.addr = NULL;
	}
	return ret;
}

static void free_tables(struct peer_mem_pin *pin, struct sg_table *sgt)
{
	kvfree(pin->dma.addr);
	pin->dma.addr = NULL;
	sg_free_table(sgt);
}

/*
 * IOVAs are aligned to their size, so begin where the memory begins in its
 * 2 MiB: then the IOMMU can use large entries, and 64 GiB are not 16 million
 * small ones.
 */
static size_t iova_pad(const struct peer_mem_pin *pin)
{
	return pin->phys.bytes < SZ_2M ? 0 :
					 pin->phys.vec[0].paddr & (SZ_2M - 1);
}

static void unlink_iova(struct peer_mem_dma *dma, size_t len)
{
	if (len)
		dma_iova_unlink(dma->dev, &dma->iova, dma->pad, len, dma->dir,
				MAP_ATTRS);
}

static int map_iova(struct peer_mem_pin *pin)
{
	struct peer_mem_dma *dma = &pin->dma;
	size_t done = 0;
	unsigned int i;
	int ret = 0;

	dma->pad = iova_pad(pin);
	if (!dma_iova_try_alloc(dma->dev, &dma->iova, 0,
				dma->pad + pin->phys.bytes))
		return -ENOSPC;
	for (i = 0; !ret && i < pin->phys.nr; i++) {
		ret = dma_iova_link(dma->dev, &dma->iova,
				    pin->phys.vec[i].paddr, dma->pad + done,
				    pin->phys.vec[i].len, dma->dir, MAP_ATTRS);
		if (!ret)
			done += pin->phys.vec[i].len;
	}
	if (!ret)
		ret = dma_iova_sync(dma->dev, &dma->iova, dma->pad, done);
	if (ret) {
		unlink_iova(dma, done);
		dma_iova_free(dma->dev, &dma->iova);
	}
	return ret;
}

/* Undo the first @nr ranges of map_physical(). */
static void unmap_physical(struct peer_mem_pin *pin, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		dma_unmap_phys(pin->dma.dev, pin->dma.addr[i],
			       pin->phys.vec[i].len, pin->dma.dir, MAP_ATTRS);
}

static int map_physical(struct peer_mem_pin *pin)
{
	struct peer_mem_dma *dma = &pin->dma;
	unsigned int i;

	for (i = 0; i < pin->phys.nr; i++) {
		dma->addr[i] = dma_map_phys(dma->dev, pin->phys.vec[i].paddr,
					    pin->phys.vec[i].len, dma->dir,
					    MAP_ATTRS);
		if (dma_mapping_error(dma->dev, dma->addr[i])) {
			unmap_physical(pin, i);
			return -EIO;
		}
	}
	return 0;
}

static u64 bus_offset(const struct peer_mem_region_desc *desc)
{
	return pci_bus_address(desc->pdev, desc->bar) -
	       pci_resource_start(desc->pdev, desc->bar);
}

/*
 * Can the device address all of it? The DMA API would WARN about a BAR above the
 * device's mask, and does not look at bus addresses at all. (On a machine where
 * DMA addresses differ from CPU addresses without an IOMMU this is too strict or
 * too lax by that offset; the mapping itself then fails.)
 */
static bool fits_mask(const struct peer_mem_pin *pin, struct device *dev,
		      enum peer_mem_dma_kind kind)
{
	u64 limit = min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);
	u64 add = kind == PEER_DMA_BUS ? bus_offset(&pin->region->desc) : 0;
	unsigned int i;

	if (kind == PEER_DMA_IOVA)
		return true;
	for (i = 0; i < pin->phys.nr; i++)
		if (pin->phys.vec[i].paddr + add + pin->phys.vec[i].len - 1 >
		    limit)
			return false;
	return true;
}

/* Where the device is to find range @i. */
static dma_addr_t range_addr(const struct peer_mem_pin *pin, unsigned int i)
{
	if (pin->dma.kind == PEER_DMA_PHYSICAL)
		return pin->dma.addr[i];
	return pin->phys.vec[i].paddr + bus_offset(&pin->region->desc);
}

static void fill_sgt(const struct peer_mem_pin *pin, size_t max_seg,
		     struct sg_table *sgt)
{
	struct scatterlist *sg = sgt->sgl;
	unsigned int i;

	if (pin->dma.kind == PEER_DMA_IOVA)
		fill_dma(sg, pin->dma.iova.addr + pin->dma.pad,
			 pin->phys.bytes, max_seg);
	else
		for (i = 0; i < pin->phys.nr; i++)
			sg = fill_dma(sg, range_addr(pin, i),
				      pin->phys.vec[i].len, max_seg);
}

static void unmap(struct peer_mem_pin *pin)
{
	struct peer_mem_dma *dma = &pin->dma;

	lockdep_assert_held(&pin->region->map_lock);
	switch (dma->kind) {
	case PEER_DMA_IOVA:
		if (!dma->fenced)
			unlink_iova(dma, pin->phys.bytes);
		dma_iova_free(dma->dev, &dma->iova);
		break;
	case PEER_DMA_PHYSICAL:
		unmap_physical(pin, pin->phys.nr);
		break;
	case PEER_DMA_BUS:
	case PEER_DMA_NONE:
		break;
	}
	dma->kind = PEER_DMA_NONE;
}

static int map_locked(struct peer_mem_pin *pin, struct device *dev,
		      enum peer_mem_dma_kind kind)
{
	int ret = 0;

	lockdep_assert_held(&pin->region->map_lock);
	if (READ_ONCE(pin->region->revoked) || pin->stale)
		return -ENODEV;
	pin->dma.dev = dev;
	if (kind == PEER_DMA_IOVA)
		ret = map_iova(pin);
	else if (kind == PEER_DMA_PHYSICAL)
		ret = map_physical(pin);
	if (!ret)
		pin->dma.kind = kind;
	return ret;
}

int peer_mem_pin_refuse(const struct peer_mem_pin *pin,
			const struct peer_mem_pin_args *args,
			enum peer_mem_reason reason, int err,
			const char *detail)
{
	const struct peer_mem_where where = {
		.exporter = pin->region->exporter,
		.pdev = pin->region->desc.pdev,
		.bar = pin->region->desc.bar,
		.at = args->va,
		.detail = detail,
	};

	return peer_mem_refuse(args, reason, err, &where);
}

static enum peer_mem_reason reason_of(int err)
{
	switch (err) {
	case -ENODEV:
		return PEER_MEM_GOING;
	case -ENOSPC:
		return PEER_MEM_NO_IOVA;
	default:
		return PEER_MEM_OTHER;
	}
}

int peer_mem_pin_judge_device(const struct peer_mem_pin *pin,
			      const struct peer_mem_pin_args *args,
			      struct device *dev, enum peer_mem_dma_kind *kind)
{
	enum peer_mem_route route;
	char why[256];		/* as in struct peer_mem_reach */

	route = peer_mem_route_find(pin->region->desc.pdev, dev, why,
				    sizeof(why));
	if (route == PEER_ROUTE_NONE)
		return peer_mem_pin_refuse(pin, args, PEER_MEM_UNREACHABLE, 0,
					   why);
	*kind = peer_mem_dma_kind(route, dev);
	if (pin->watched && !peer_pfnmap_may_map(*kind))
		return peer_mem_pin_refuse(pin, args, PEER_MEM_UNFENCED, 0,
					   NULL);
	if (!fits_mask(pin, dev, *kind))
		return peer_mem_pin_refuse(pin, args, PEER_MEM_BEYOND_MASK, 0,
					   NULL);
	return 0;
}

int peer_mem_pin_map(struct peer_mem_pin *pin,
		     const struct peer_mem_pin_args *args, struct device *dev,
		     size_t max_seg, struct sg_table *sgt)
{
	enum peer_mem_dma_kind kind;
	int ret;

	max_seg = whole_pages(max_seg);
	ret = peer_mem_pin_judge_device(pin, args, dev, &kind);
	if (ret)
		return ret;
	ret = alloc_tables(pin, kind, max_seg, sgt);
	if (ret)
		return ret;

	mutex_lock(&pin->region->map_lock);
	ret = map_locked(pin, dev, kind);
	if (!ret)
		fill_sgt(pin, max_seg, sgt);
	mutex_unlock(&pin->region->map_lock);
	if (ret) {
		free_tables(pin, sgt);
		return peer_mem_pin_refuse(pin, args, reason_of(ret), ret,
					   NULL);
	}
	/* no page list: for the DMA side only, and never unpinned by others */
	sgt->orig_nents = 0;
	peer_mem_count(&peer_mem_stats, PEER_STAT_live_maps, 1);
	trace_peer_mem_map(pin, sgt);
	return 0;
}
EXPORT_SYMBOL_GPL(peer_mem_pin_map);

void peer_mem_pin_unmap(struct peer_mem_pin *pin, struct sg_table *sgt)
{
	struct peer_mem_region *region = pin->region;

	mutex_lock(&region->map_lock);
	unmap(pin);
	mutex_unlock(&region->map_lock);
	/*
	 * sg_free_table() finds the chunks of a long list by orig_nents, which
	 * says 0 for the consumer's sake.
	 */
	sgt->orig_nents = sgt->nents;
	free_tables(pin, sgt);
	peer_mem_count(&peer_mem_stats, PEER_STAT_live_maps, -1);
}
EXPORT_SYMBOL_GPL(peer_mem_pin_unmap);

bool peer_mem_pin_fence(struct peer_mem_pin *pin)
{
	struct peer_mem_dma *dma = &pin->dma;

	lockdep_assert_held(&pin->region->map_lock);
	if (pin->flags & PEER_MEM_PIN_EXPORT) {
		/*
		 * Nobody reaches it by this pin. But one without its dma-buf is
		 * being filled, or freed: hands off, that is a matter of moments.
		 */
		dma->fenced = pin->dmabuf;
		return dma->fenced;
	}
	if (dma->kind != PEER_DMA_IOVA)
		return false;
	if (!dma->fenced)
		unlink_iova(dma, pin->phys.bytes);
	dma->fenced = true;
	return true;
}

int peer_mem_pin_refuse_map(const struct peer_mem_pin *pin,
			    const struct peer_mem_pin_args *args, int err)
{
	return peer_mem_pin_refuse(pin, args,
				   err == -EREMOTEIO ? PEER_MEM_UNREACHABLE :
						       PEER_MEM_OTHER,
				   err, NULL);
}
EXPORT_SYMBOL_GPL(peer_mem_pin_refuse_map);
