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
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>

#include "peer_mem_priv.h"
#include "route.h"
#include "trace.h"

#define MAP_DIR		DMA_BIDIRECTIONAL
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

static bool iommu_translates(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && iommu_is_dma_domain(domain);
}

enum peer_mem_dma_kind peer_mem_dma_kind(enum peer_mem_route route,
					 struct device *dev)
{
	switch (route) {
	case PEER_ROUTE_BUS:
		return PEER_DMA_BUS;
	case PEER_ROUTE_HOST:
		return iommu_translates(dev) ? PEER_DMA_IOVA :
					       PEER_DMA_PHYSICAL;
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

static int map_iova(struct peer_mem_pin *pin, struct device *dev)
{
	struct dma_iova_state *state = &pin->dma.iova;
	size_t done = 0;
	unsigned int i;
	int ret;

	if (!dma_iova_try_alloc(dev, state, 0, pin->phys.bytes))
		return -ENOSPC;
	for (i = 0; i < pin->phys.nr; i++) {
		ret = dma_iova_link(dev, state, pin->phys.vec[i].paddr, done,
				    pin->phys.vec[i].len, MAP_DIR, MAP_ATTRS);
		if (ret)
			goto err_destroy;
		done += pin->phys.vec[i].len;
	}
	ret = dma_iova_sync(dev, state, 0, done);
	if (ret)
		goto err_destroy;
	return 0;

err_destroy:
	dma_iova_destroy(dev, state, done, MAP_DIR, MAP_ATTRS);
	return ret;
}

/* Undo the first @nr ranges of map_physical(). */
static void unmap_physical(struct peer_mem_pin *pin, struct device *dev,
			   unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		dma_unmap_phys(dev, pin->dma.addr[i], pin->phys.vec[i].len,
			       MAP_DIR, MAP_ATTRS);
}

static int map_physical(struct peer_mem_pin *pin, struct device *dev)
{
	unsigned int i;

	for (i = 0; i < pin->phys.nr; i++) {
		pin->dma.addr[i] = dma_map_phys(dev, pin->phys.vec[i].paddr,
						pin->phys.vec[i].len, MAP_DIR,
						MAP_ATTRS);
		if (dma_mapping_error(dev, pin->dma.addr[i])) {
			unmap_physical(pin, dev, i);
			return -EIO;
		}
	}
	return 0;
}

/* Where the device is to find range @i. */
static dma_addr_t range_addr(const struct peer_mem_pin *pin, unsigned int i)
{
	const struct peer_mem_region_desc *desc = &pin->region->desc;

	if (pin->dma.kind == PEER_DMA_PHYSICAL)
		return pin->dma.addr[i];
	return pin->phys.vec[i].paddr +
	       (pci_bus_address(desc->pdev, desc->bar) -
		pci_resource_start(desc->pdev, desc->bar));
}

static void fill_sgt(const struct peer_mem_pin *pin, size_t max_seg,
		     struct sg_table *sgt)
{
	struct scatterlist *sg = sgt->sgl;
	unsigned int i;

	if (pin->dma.kind == PEER_DMA_IOVA)
		fill_dma(sg, pin->dma.iova.addr, pin->phys.bytes, max_seg);
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
			dma_iova_unlink(dma->dev, &dma->iova, 0,
					pin->phys.bytes, MAP_DIR, MAP_ATTRS);
		dma_iova_free(dma->dev, &dma->iova);
		break;
	case PEER_DMA_PHYSICAL:
		unmap_physical(pin, dma->dev, pin->phys.nr);
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
	if (kind == PEER_DMA_IOVA)
		ret = map_iova(pin, dev);
	else if (kind == PEER_DMA_PHYSICAL)
		ret = map_physical(pin, dev);
	if (!ret) {
		pin->dma.dev = dev;
		pin->dma.kind = kind;
	}
	return ret;
}

static int refuse_map(struct peer_mem_pin *pin,
		      const struct peer_mem_pin_args *args,
		      enum peer_mem_reason reason, int err, const char *detail)
{
	const struct peer_mem_where where = {
		.exporter = pin->region->desc.exporter,
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

int peer_mem_pin_map(struct peer_mem_pin *pin,
		     const struct peer_mem_pin_args *args, struct device *dev,
		     size_t max_seg, struct sg_table *sgt)
{
	enum peer_mem_dma_kind kind;
	enum peer_mem_route route;
	char why[192];
	int ret;

	max_seg = whole_pages(max_seg);
	route = peer_mem_route_find(pin->region->desc.pdev, dev, why,
				    sizeof(why));
	if (route == PEER_ROUTE_NONE)
		return refuse_map(pin, args, PEER_MEM_UNREACHABLE, 0, why);
	kind = peer_mem_dma_kind(route, dev);
	if (pin->watched && !peer_pfnmap_may_map(kind))
		return refuse_map(pin, args, PEER_MEM_UNFENCED, 0, NULL);
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
		return refuse_map(pin, args, reason_of(ret), ret, NULL);
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
	if (dma->kind != PEER_DMA_IOVA)
		return false;
	if (!dma->fenced)
		dma_iova_unlink(dma->dev, &dma->iova, 0, pin->phys.bytes,
				MAP_DIR, MAP_ATTRS);
	dma->fenced = true;
	return true;
}
