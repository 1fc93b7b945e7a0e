// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a pin to what a device's DMA API takes.
 *
 * Only memory with struct pages for now: the scatterlist of P2PDMA pages, which
 * dma_map_sgtable() translates for every topology by itself, and which virtual
 * DMA devices (rxe, siw) walk with the CPU.
 */
#include <linux/pci.h>
#include <linux/scatterlist.h>

#include "peer_mem_priv.h"

int peer_mem_pin_to_sgt(const struct peer_mem_pin *pin, size_t max_seg,
			struct sg_table *sgt)
{
	struct scatterlist *sg;
	unsigned int nr_segs, i;
	int ret;

	max_seg = min_t(size_t, max_seg, UINT_MAX) & PAGE_MASK;
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

int peer_mem_pin_refuse_map(const struct peer_mem_pin *pin,
			    const struct peer_mem_pin_args *args, int err)
{
	const struct peer_mem_where where = {
		.exporter = pin->region->desc.exporter,
		.pdev = pin->region->desc.pdev,
		.bar = pin->region->desc.bar,
		.at = args->va,
	};

	return peer_mem_refuse(args, err == -EREMOTEIO ? PEER_MEM_UNREACHABLE :
							 PEER_MEM_OTHER,
			       err, &where);
}
EXPORT_SYMBOL_GPL(peer_mem_pin_refuse_map);
