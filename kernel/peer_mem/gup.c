// SPDX-License-Identifier: GPL-2.0-only
/*
 * The P2P GUP API: a user range -> physical ranges of one region, whole or not
 * at all.
 *
 * Two passes under one mmap_lock. The first looks at every VMA of the range and
 * takes nothing, so a range that is refused leaves nothing to undo and the
 * reason is that of the whole range, not of the first page that failed. The
 * second asks the exporter.
 *
 * A pin holds no file and no VMA: the program may unmap, close and fork as it
 * likes. What keeps the memory is the entry in region->pins.
 */
#include <linux/dma-buf.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "peer_mem_priv.h"
#include "trace.h"

/* A range while it is looked at. */
struct pin_request {
	const struct peer_mem_pin_args *args;
	unsigned long start, end;	/* page bounds */
};

static void whose_is_it(unsigned long addr, struct peer_mem_where *where)
{
	struct peer_vm_backing backing = {};
	struct peer_vma_match match;

	peer_vma_match_get(addr, &match);
	if (match.ops) {
		where->exporter = match.ops->name;
		if (match.ops->get_backing &&
		    !match.ops->get_backing(match.vma, addr, &backing)) {
			where->pdev = backing.pdev;
			where->bar = backing.bar;
		}
	}
	peer_vma_match_put(&match);
}

/*
 * Refuse because of what is (not) at @at; the device to name is the one mapped
 * at @peer_at. @err: as for peer_mem_refuse(). mmap_lock is held.
 */
static int refuse(struct pin_request *req, enum peer_mem_reason reason, int err,
		  unsigned long at, unsigned long peer_at)
{
	struct peer_mem_where where = { .at = at };
	int ret;

	whose_is_it(peer_at & PAGE_MASK, &where);
	ret = peer_mem_refuse(req->args, reason, err, &where);
	pci_dev_put(where.pdev);
	return ret;
}

/* ---- second pass: ask the exporter ---- */

int peer_mem_sink_add(struct peer_mem_sink *sink,
		      struct peer_mem_region *region, phys_addr_t paddr,
		      size_t len)
{
	struct peer_mem_pin *pin = sink->pin;
	int ret;

	if (!PAGE_ALIGNED(paddr | len) || len > sink->left ||
	    !peer_phys_inside(paddr, len, region->desc.paddr, region->desc.len))
		return -EINVAL;
	if (!pin->region) {
		ret = peer_mem_region_attach(region, pin);
		if (ret)
			return ret;
	} else if (pin->region != region) {
		return -EXDEV;
	}
	ret = peer_phys_append(&pin->phys, paddr, len);
	if (!ret)
		sink->left -= len;
	return ret;
}
EXPORT_SYMBOL_GPL(peer_mem_sink_add);

static struct kmem_cache *pin_cache;

int peer_mem_pin_init(void)
{
	pin_cache = KMEM_CACHE(peer_mem_pin, SLAB_ACCOUNT);
	return pin_cache ? 0 : -ENOMEM;
}

void peer_mem_pin_exit(void)
{
	kmem_cache_destroy(pin_cache);
}

struct peer_mem_pin *peer_mem_pin_alloc(void)
{
	return kmem_cache_zalloc(pin_cache, GFP_KERNEL);
}

void peer_mem_pin_free(struct peer_mem_pin *pin)
{
	kmem_cache_free(pin_cache, pin);
}

static struct peer_mem_pin *alloc_pin(const struct peer_mem_pin_args *args)
{
	struct peer_mem_pin *pin = peer_mem_pin_alloc();

	if (!pin)
		return NULL;
	pin->va = args->va;
	pin->len = args->len;
	pin->flags = args->flags;
	pin->owner = get_pid(task_tgid(current));
	if (args->flags & PEER_MEM_PIN_VIA_FILE)
		peer_mem_via_get(&pin->via);
	pin->base = pin;
	pin->nr_users = 1;
	peer_phys_init(&pin->phys);
	return pin;
}

static void put_extents(struct peer_mem_pin *pin)
{
	const struct peer_vm_ops *ops = pin->ops;
	unsigned int i;

	if (!ops)
		return;		/* it never got as far as asking */
	if (ops->put_extent)
		for (i = 0; i < pin->phys.nr; i++)
			ops->put_extent(pin->phys.vec[i].paddr,
					pin->phys.vec[i].len);
	pin->ops = NULL;
	module_put(ops->owner);
}

void peer_mem_pin_drop_extents(struct peer_mem_pin *pin)
{
	struct peer_mem_pin *base = pin->base;

	pin->base = NULL;	/* dropped once, if fenced already then */
	if (base && !--base->nr_users)
		put_extents(base);
}

/* Undo whatever a pin has, complete or not. */
static void free_pin(struct peer_mem_pin *pin)
{
	struct peer_mem_region *region = pin->region;

	peer_pfnmap_unwatch(pin);
	/*
	 * Off the list only when nothing is held any more: a revoke goes on, and
	 * the exporter takes its memory away, as soon as the last one is off.
	 */
	if (region)
		mutex_lock(&region->map_lock);
	peer_mem_pin_drop_extents(pin);
	if (region) {
		peer_mem_region_detach(pin);
		mutex_unlock(&region->map_lock);
		peer_mem_region_put(region);
	}
	if (!pin->is_share)
		peer_phys_free(&pin->phys);
	if (pin->lender) {
		module_put(pin->ops->owner);	/* put_extents() is the base's */
		dma_buf_put(pin->lender);
	}
	put_pid(pin->owner);
	peer_mem_via_put(&pin->via);
	peer_mem_pin_free(pin);
}

static int ask_exporter(struct peer_mem_pin *pin, struct peer_vma_match *match,
			unsigned long start, unsigned long end)
{
	struct peer_mem_sink sink = { .pin = pin, .left = end - start };
	int ret;

	if (!pin->ops) {
		if (!try_module_get(match->ops->owner))
			return -ENODEV;
		pin->ops = match->ops;
	} else if (pin->ops != match->ops) {
		return -EXDEV;
	}
	ret = match->ops->get_extents(match->vma, start, end - start,
				      pin->flags & PEER_MEM_PIN_WRITE, &sink);
	if (!ret && sink.left)
		ret = -EIO;	/* the exporter's fault, not the user's */
	return ret;
}

static enum peer_mem_reason reason_of(int err)
{
	switch (err) {
	case -ENODEV:
		return PEER_MEM_GOING;
	case -EXDEV:
		return PEER_MEM_TWO_REGIONS;
	case -ENXIO:
		return PEER_MEM_NOT_BAR;
	case -EUSERS:
		return PEER_MEM_TOO_MANY;
	default:
		return PEER_MEM_OTHER;
	}
}

static int take_extents(struct pin_request *req, struct peer_mem_pin *pin)
{
	struct peer_vma_match match;
	unsigned long addr, end;
	int ret = 0;

	for (addr = req->start; !ret && addr < req->end; addr = end) {
		peer_vma_match_get(addr, &match);
		end = min(match.end, req->end);
		/*
		 * The first pass saw an exporter here, but P2PDMA pages are found
		 * by looking, and a kill or a removal makes that fail.
		 */
		if (match.ops)
			ret = ask_exporter(pin, &match, addr, end);
		else
			ret = fatal_signal_pending(current) ? -EINTR : -EAGAIN;
		peer_vma_match_put(&match);
		if (ret == -EINTR || ret == -EAGAIN || ret == -ENOMEM)
			return ret;	/* says all there is to say */
		if (ret) {
			enum peer_mem_reason reason = reason_of(ret);

			/* the exporter's own errno only where we have none */
			return refuse(req, reason,
				      reason == PEER_MEM_OTHER ? ret : 0, addr,
				      addr);
		}
	}
	return 0;
}

/* ---- first pass: look, take nothing ---- */

/* What the range is made of. */
struct range_view {
	unsigned int kinds;		/* bits of 1 << enum peer_vma_kind */
	unsigned long at[PEER_VMA_NR_KINDS];	/* first address of each */
	enum peer_mem_reason bad;	/* first mapping with wrong rights */
	unsigned long bad_at;
	bool has_bad;
};

static bool has_kind(const struct range_view *view, enum peer_vma_kind kind)
{
	return view->kinds & BIT(kind);
}

static void note_kind(struct range_view *view, enum peer_vma_kind kind,
		      unsigned long addr)
{
	if (!has_kind(view, kind))
		view->at[kind] = addr;
	view->kinds |= BIT(kind);
}

static void note_rights(struct range_view *view, vm_flags_t vm_flags,
			unsigned int pin_flags, unsigned long addr)
{
	if (view->has_bad)
		return;
	view->has_bad = true;
	view->bad_at = addr;
	if (!(vm_flags & VM_SHARED) && vm_flags & VM_MAYWRITE)
		view->bad = PEER_MEM_PRIVATE;
	else if (pin_flags & PEER_MEM_PIN_WRITE && !(vm_flags & VM_WRITE))
		view->bad = PEER_MEM_READ_ONLY;
	else if (!(vm_flags & VM_READ))
		view->bad = PEER_MEM_NOT_READABLE;
	else
		view->has_bad = false;
}

static int look_at_range(const struct pin_request *req, struct range_view *view)
{
	unsigned int flags = req->args->flags;
	unsigned long addr, end = req->end;
	struct peer_vma_match match;
	int ret = 0;

	/*
	 * An on-demand range may span half the address space and never touch
	 * most of it; only what stands at its start is judged.
	 */
	if (flags & PEER_MEM_PIN_ODP)
		end = req->start + PAGE_SIZE;

	for (addr = req->start; !ret && addr < end; addr = match.end) {
		peer_vma_match_get(addr, &match);
		ret = match.error;
		note_kind(view, match.kind, addr);
		if (match.ops)
			note_rights(view, match.vma->vm_flags, flags, addr);
		peer_vma_match_put(&match);
	}
	return ret;
}

/* None of it is ours: that is somebody else's business, but for a dma-buf. */
static int judge_ordinary(struct pin_request *req, const struct range_view *view)
{
	enum peer_vma_kind kind = has_kind(view, PEER_VMA_HOLE) ? PEER_VMA_HOLE :
								  PEER_VMA_HOST;

	if (!(req->args->flags & PEER_MEM_PIN_EXPORT))
		return 0;
	return refuse(req, kind == PEER_VMA_HOLE ? PEER_MEM_HOLE :
						   PEER_MEM_NOT_PEER,
		      0, view->at[kind], view->at[kind]);
}

/* 1: all peer memory; 0: none of it; else the errno of a refusal. */
static int judge_range(struct pin_request *req)
{
	struct range_view view = {};
	unsigned long peer_at;
	int ret;

	ret = look_at_range(req, &view);
	if (ret)
		return ret;
	if (has_kind(&view, PEER_VMA_PEER))
		peer_at = view.at[PEER_VMA_PEER];
	else if (has_kind(&view, PEER_VMA_PFN))
		peer_at = view.at[PEER_VMA_PFN];
	else
		return judge_ordinary(req, &view);

	if (req->args->flags & PEER_MEM_PIN_ODP)
		return refuse(req, PEER_MEM_ODP, 0, peer_at, peer_at);
	if (has_kind(&view, PEER_VMA_HOLE))
		return refuse(req, PEER_MEM_HOLE, 0, view.at[PEER_VMA_HOLE],
			      peer_at);
	if (has_kind(&view, PEER_VMA_HOST))
		return refuse(req, PEER_MEM_MIXED, 0, view.at[PEER_VMA_HOST],
			      peer_at);
	if (view.has_bad)
		return refuse(req, view.bad, 0, view.bad_at, view.bad_at);
	if (has_kind(&view, PEER_VMA_PFN) &&
	    req->args->flags & PEER_MEM_PIN_NEED_PAGES)
		return refuse(req, PEER_MEM_FOREIGN_PFN, 0,
			      view.at[PEER_VMA_PFN], view.at[PEER_VMA_PFN]);
	if (has_kind(&view, PEER_VMA_PFN) &&
	    req->args->flags & PEER_MEM_PIN_EXPORT)
		return refuse(req, PEER_MEM_FOREIGN_EXPORT, 0,
			      view.at[PEER_VMA_PFN], view.at[PEER_VMA_PFN]);
	return 1;
}

/*
 * An empty or overflowing range is ours to refuse only if it starts in peer
 * memory; else the ordinary path has its own answer.
 */
static int judge_bad_bounds(struct pin_request *req)
{
	enum peer_mem_reason reason = req->args->len ? PEER_MEM_OVERFLOW :
						       PEER_MEM_EMPTY;
	unsigned long addr = req->args->va;
	struct peer_vma_match match;

	peer_vma_match_get(addr & PAGE_MASK, &match);
	peer_vma_match_put(&match);
	if (!match.ops && !(req->args->flags & PEER_MEM_PIN_EXPORT))
		return 0;
	return refuse(req, reason, 0, addr, addr & PAGE_MASK);
}

/* ---- the calls ---- */

/* A pin on PFN maps is only as good as the watch over them. */
static struct peer_mem_pin *watch_pin(struct pin_request *req,
				      struct peer_mem_pin *pin)
{
	int ret;

	if (pin->ops != &peer_pfnmap_vm_ops)
		return pin;
	ret = peer_pfnmap_watch(pin, req->start, req->end);
	if (!ret)
		return pin;
	free_pin(pin);
	return ERR_PTR(ret);
}

static struct peer_mem_pin *pin_locked(struct pin_request *req)
{
	const struct peer_mem_pin_args *args = req->args;
	struct peer_mem_pin *pin;
	int ret;

	if (peer_phys_page_bounds(args->va, args->len, &req->start, &req->end))
		return ERR_PTR(judge_bad_bounds(req));
	ret = judge_range(req);
	if (ret <= 0)
		return ERR_PTR(ret);

	if (args->max_pages && (req->end - req->start) >> PAGE_SHIFT >
				       args->max_pages)
		return ERR_PTR(refuse(req, PEER_MEM_TOO_LARGE, 0, req->start,
				      req->start));

	pin = alloc_pin(args);
	if (!pin)
		return ERR_PTR(-ENOMEM);
	ret = take_extents(req, pin);
	if (!ret && args->flags & PEER_MEM_PIN_NEED_PAGES &&
	    !pin->region->desc.has_pages)
		ret = refuse(req, PEER_MEM_NO_PAGES, 0, req->start, req->start);
	/* its exporter has unregistered since the first pass */
	if (!ret && args->flags & PEER_MEM_PIN_EXPORT &&
	    pin->ops == &peer_pfnmap_vm_ops)
		ret = refuse(req, PEER_MEM_FOREIGN_EXPORT, 0, req->start,
			     req->start);
	if (ret) {
		free_pin(pin);
		return ERR_PTR(ret);
	}
	peer_phys_trim(&pin->phys);
	return pin;
}

void peer_mem_pin_note(const struct peer_mem_pin *pin)
{
	peer_mem_count(&peer_mem_stats, PEER_STAT_pins, 1);
	peer_mem_count(&peer_mem_stats, PEER_STAT_live_pins, 1);
	peer_mem_count(&peer_mem_stats, PEER_STAT_live_pinned_bytes,
		       pin->phys.bytes);
	trace_peer_mem_pin(pin);
}

struct peer_mem_pin *peer_mem_pin_user(const struct peer_mem_pin_args *user_args)
{
	struct peer_mem_pin_args args = *user_args;
	struct pin_request req = { .args = &args };
	struct mm_struct *mm = current->mm;
	struct peer_mem_pin *pin;

	if (!mm)
		return NULL;
	args.va = untagged_addr(args.va);
	if (mmap_read_lock_killable(mm))
		return ERR_PTR(-EINTR);
	pin = pin_locked(&req);		/* ERR_PTR(0) is NULL: none of it ours */
	mmap_read_unlock(mm);
	if (IS_ERR_OR_NULL(pin))
		return pin;
	pin = watch_pin(&req, pin);
	if (IS_ERR(pin))
		return pin;
	peer_mem_pin_note(pin);
	return pin;
}
EXPORT_SYMBOL_GPL(peer_mem_pin_user);

void peer_mem_unpin(struct peer_mem_pin *pin)
{
	trace_peer_mem_unpin(pin);
	peer_mem_count(&peer_mem_stats, PEER_STAT_live_pinned_bytes,
		       -(s64)pin->phys.bytes);
	peer_mem_count(&peer_mem_stats, PEER_STAT_live_pins, -1);
	free_pin(pin);
}
EXPORT_SYMBOL_GPL(peer_mem_unpin);

const struct phys_vec *peer_mem_pin_ranges(const struct peer_mem_pin *pin,
					   unsigned int *nr)
{
	*nr = pin->phys.nr;
	return pin->phys.vec;
}
EXPORT_SYMBOL_GPL(peer_mem_pin_ranges);

bool peer_mem_pin_has_pages(const struct peer_mem_pin *pin)
{
	return pin->region->desc.has_pages;
}
EXPORT_SYMBOL_GPL(peer_mem_pin_has_pages);
