/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM peer_mem

#if !defined(PEER_MEM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define PEER_MEM_TRACE_H

#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/tracepoint.h>

#include "peer_mem_priv.h"

TRACE_DEFINE_ENUM(PEER_DMA_BUS);
TRACE_DEFINE_ENUM(PEER_DMA_IOVA);
TRACE_DEFINE_ENUM(PEER_DMA_PHYSICAL);

DECLARE_EVENT_CLASS(peer_mem_pin_class,
	TP_PROTO(const struct peer_mem_pin *pin),
	TP_ARGS(pin),
	TP_STRUCT__entry(
		__string(dev, pci_name(pin->region->desc.pdev))
		__field(int, bar)
		__field(unsigned long, va)
		__field(size_t, len)
		__field(unsigned int, flags)
		__field(unsigned int, ranges)
		__field(u64, paddr)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->bar = pin->region->desc.bar;
		__entry->va = pin->va;
		__entry->len = pin->len;
		__entry->flags = pin->flags;
		__entry->ranges = pin->phys.nr;
		__entry->paddr = pin->phys.nr ? pin->phys.vec[0].paddr : 0;
	),
	TP_printk("%s BAR %d va=%#lx len=%#zx flags=%#x ranges=%u first=%#llx",
		  __get_str(dev), __entry->bar, __entry->va, __entry->len,
		  __entry->flags, __entry->ranges, __entry->paddr)
);

DEFINE_EVENT(peer_mem_pin_class, peer_mem_pin,
	TP_PROTO(const struct peer_mem_pin *pin), TP_ARGS(pin));
DEFINE_EVENT(peer_mem_pin_class, peer_mem_unpin,
	TP_PROTO(const struct peer_mem_pin *pin), TP_ARGS(pin));

TRACE_EVENT(peer_mem_map,
	TP_PROTO(const struct peer_mem_pin *pin, const struct sg_table *sgt),
	TP_ARGS(pin, sgt),
	TP_STRUCT__entry(
		__string(dev, pci_name(pin->region->desc.pdev))
		__string(nic, dev_name(pin->dma.dev))
		__field(int, bar)
		__field(int, kind)
		__field(size_t, len)
		__field(unsigned int, nents)
		__field(u64, paddr)
		__field(u64, dma)
	),
	TP_fast_assign(
		__assign_str(dev);
		__assign_str(nic);
		__entry->bar = pin->region->desc.bar;
		__entry->kind = pin->dma.kind;
		__entry->len = pin->len;
		__entry->nents = sgt->nents;
		__entry->paddr = pin->phys.vec[0].paddr;
		__entry->dma = sg_dma_address(sgt->sgl);
	),
	TP_printk("%s BAR %d for %s: %s len=%#zx segments=%u first=%#llx programmed=%#llx",
		  __get_str(dev), __entry->bar, __get_str(nic),
		  __print_symbolic(__entry->kind,
				   { PEER_DMA_BUS, "bus" },
				   { PEER_DMA_IOVA, "iova" },
				   { PEER_DMA_PHYSICAL, "physical" }),
		  __entry->len, __entry->nents, __entry->paddr, __entry->dma)
);

TRACE_EVENT(peer_mem_refuse,
	TP_PROTO(const struct peer_mem_pin_args *args, const char *why, int err,
		 unsigned long at),
	TP_ARGS(args, why, err, at),
	TP_STRUCT__entry(
		__string(consumer, args->consumer ?: "?")
		__string(why, why)
		__field(unsigned long, va)
		__field(size_t, len)
		__field(unsigned long, at)
		__field(int, err)
	),
	TP_fast_assign(
		__assign_str(consumer);
		__assign_str(why);
		__entry->va = args->va;
		__entry->len = args->len;
		__entry->at = at;
		__entry->err = err;
	),
	TP_printk("%s va=%#lx len=%#zx at=%#lx err=%d: %s",
		  __get_str(consumer), __entry->va, __entry->len, __entry->at,
		  __entry->err, __get_str(why))
);

TRACE_EVENT(peer_mem_revoke,
	TP_PROTO(const struct peer_mem_region *region, const char *step),
	TP_ARGS(region, step),
	TP_STRUCT__entry(
		__string(dev, pci_name(region->desc.pdev))
		__string(step, step)
		__field(int, bar)
	),
	TP_fast_assign(
		__assign_str(dev);
		__assign_str(step);
		__entry->bar = region->desc.bar;
	),
	TP_printk("%s BAR %d: %s", __get_str(dev), __entry->bar,
		  __get_str(step))
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
