// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shares of a pin: a dma-buf has one pin on the memory, and each mapping that an
 * importer makes of it is a right of its own, which a revoke fences or waits for
 * like that of a memory region. What the exporter of the memory gave is held by
 * all of them together and goes with the last.
 *
 * And loans: a range that is pinned through the mapping of a dma-buf of ours is the
 * memory that the dma-buf holds. It references the dma-buf, as any importer does.
 * That closes no circle: nothing that a dma-buf holds leads to a memory region.
 */
#include <linux/dma-buf.h>
#include <linux/sched.h>

#include "peer_mem_priv.h"

/*
 * Whom to kill for it: the process that registers the dma-buf, which holds the
 * memory region; where a kernel thread maps (a page fault of the NIC), the one
 * that exported it.
 */
static struct pid *share_owner(const struct peer_mem_pin *pin)
{
	return get_pid(current->flags & PF_KTHREAD ? pin->owner :
						     task_tgid(current));
}

static int attach(struct peer_mem_pin *pin, struct peer_mem_pin *share)
{
	int ret;

	mutex_lock(&pin->region->map_lock);
	ret = peer_mem_region_attach(pin->region, share);
	if (!ret) {
		/* not revoked, so the extents are still there */
		share->base = pin->base;
		share->base->nr_users++;
	}
	mutex_unlock(&pin->region->map_lock);
	return ret;
}

struct peer_mem_pin *peer_mem_pin_share(struct peer_mem_pin *pin, bool via_file)
{
	struct peer_mem_pin *share;
	int ret;

	share = peer_mem_pin_alloc();
	if (!share)
		return ERR_PTR(-ENOMEM);
	share->va = pin->va;
	share->len = pin->len;
	share->flags = pin->flags & ~PEER_MEM_PIN_EXPORT;
	share->owner = share_owner(pin);
	if (via_file)
		peer_mem_via_get(&share->via);
	share->phys = pin->phys;
	share->is_share = true;
	ret = attach(pin, share);
	if (ret) {
		put_pid(share->owner);
		peer_mem_via_put(&share->via);
		peer_mem_pin_free(share);
		return ERR_PTR(ret);
	}
	peer_mem_pin_note(share);
	return share;
}

int peer_mem_pin_borrow(struct peer_mem_pin *pin, struct peer_mem_pin *from,
			struct dma_buf *dmabuf)
{
	/* not a chain: what it was made of in the end lends */
	struct dma_buf *lender = from->lender ?: dmabuf;
	int ret = 0;

	mutex_lock(&from->region->map_lock);
	if (pin->lender) {
		/* the next mapping of the range */
		ret = pin->lender == lender ? 0 : -EXDEV;
	} else if (!from->base) {
		ret = -ENODEV;
	} else {
		/* the VMA's file holds it now, or what that dma-buf has borrowed */
		get_dma_buf(lender);
		pin->lender = lender;
		pin->base = from->base;
		pin->base->nr_users++;
	}
	mutex_unlock(&from->region->map_lock);
	return ret;
}
