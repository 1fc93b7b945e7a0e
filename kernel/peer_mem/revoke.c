// SPDX-License-Identifier: GPL-2.0-only
/*
 * Revoke: nobody's DMA outlives the memory.
 *
 * A pin that a NIC reaches through its IOMMU is fenced at once (dma.c). Nothing
 * can hold up the others in flight, so the revoker waits until they are gone, and
 * kills the owners of those that stay longer than revoke_timeout_ms, and whoever
 * else has their files: when all are gone the uverbs file is closed, which
 * destroys its MRs.
 *
 * Sources: the exporter's own call, and the PCI bus notifier, which runs before
 * the driver's remove() on unbind, removal and surprise removal alike, and before
 * a function without a driver is deleted.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>

#include "peer_mem_priv.h"
#include "route.h"
#include "trace.h"

static unsigned int revoke_timeout_ms = 30000;
module_param(revoke_timeout_ms, uint, 0644);
MODULE_PARM_DESC(revoke_timeout_ms,
		 "how long a revoke (e.g. a driver unbind) waits for the MRs before it kills their owners, in ms; 0 waits for ever (default 30000)");

/* How often a wait without end speaks; also keeps the hung-task check quiet. */
#define REVOKE_NAG	(10 * HZ)

/*
 * No new pins, the exporter's user maps are gone and the importers of dma-bufs
 * know when this returns, also if another revoker got here first.
 */
static void mark_and_zap(struct peer_mem_region *region)
{
	mutex_lock(&region->revoke_lock);
	if (!region->zapped) {
		spin_lock(&region->lock);
		WRITE_ONCE(region->revoked, true);
		spin_unlock(&region->lock);
		peer_mem_count(&peer_mem_stats, PEER_STAT_revokes, 1);
		trace_peer_mem_revoke(region, "start");
		if (region->desc.zap)
			region->desc.zap(region->desc.zap_arg);
		peer_dmabuf_revoke_all(region);
		WRITE_ONCE(region->zapped, true);
	}
	mutex_unlock(&region->revoke_lock);
}

bool peer_mem_pin_cut(struct peer_mem_pin *pin)
{
	lockdep_assert_held(&pin->region->map_lock);
	if (pin->dma.fenced)
		return true;
	if (!peer_mem_pin_fence(pin))
		return false;
	peer_mem_pin_drop_extents(pin);
	peer_mem_region_unwaited(pin);
	if (pin->dma.kind != PEER_DMA_NONE)
		peer_mem_count(&peer_mem_stats, PEER_STAT_revoke_fences, 1);
	return true;
}

/*
 * A NIC that registered its own BAR and is going itself: its driver's remove()
 * destroys the MR before it lets the BAR go, so waiting for it first would be
 * waiting for ourselves.
 */
static void waive_own(struct peer_mem_pin *pin)
{
	if (pin->dma.kind == PEER_DMA_NONE || pin->dma.waived ||
	    pin->dma.dev != &pin->region->desc.pdev->dev)
		return;
	pin->dma.waived = true;
	peer_mem_region_unwaited(pin);
}

/*
 * Cut off whoever can be cut off: from here on its device reaches nothing, so
 * the memory may go although the MR stays until its owner deregisters it.
 * @unbind: the function's driver is about to go, not only this memory.
 */
static void fence_pins(struct peer_mem_region *region, bool unbind)
{
	struct peer_mem_pin *pin;

	mutex_lock(&region->map_lock);
	list_for_each_entry(pin, &region->pins, node)
		if (!peer_mem_pin_cut(pin) && unbind)
			waive_own(pin);
	mutex_unlock(&region->map_lock);
}

/*
 * The next owner to kill, referenced, with all its pins marked; NULL: no more.
 * *pins: how many it has.
 */
static struct pid *next_owner(struct peer_mem_region *region,
			      unsigned int *pins)
{
	struct pid *owner = NULL;
	struct peer_mem_pin *pin;

	*pins = 0;
	spin_lock(&region->lock);
	list_for_each_entry(pin, &region->pins, node) {
		if (pin->dma.fenced || pin->dma.waived || pin->killed)
			continue;
		if (!owner)
			owner = get_pid(pin->owner);
		if (pin->owner != owner)
			continue;
		pin->killed = true;
		++*pins;
	}
	spin_unlock(&region->lock);
	return owner;
}

/* The owner is gone, but somebody else has its file and with it the MR. */
static bool has_exited(struct pid *owner)
{
	bool ret;

	rcu_read_lock();
	ret = !pid_task(owner, PIDTYPE_TGID);
	rcu_read_unlock();
	return ret;
}

static void kill_owners(struct peer_mem_region *region, unsigned int timeout_ms)
{
	struct pid *owner;
	unsigned int pins;

	while ((owner = next_owner(region, &pins))) {
		if (has_exited(owner)) {
			put_pid(owner);
			continue;	/* see peer_mem_kill_holders() */
		}
		pci_warn(region->desc.pdev,
			 "peer_mem: BAR %d is revoked: killing process %d, which has %u registrations of it left after %u ms\n",
			 region->desc.bar, pid_nr(owner), pins, timeout_ms);
		kill_pid(owner, SIGKILL, 1);
		put_pid(owner);
		peer_mem_count(&peer_mem_stats, PEER_STAT_revoke_kills, 1);
	}
}

/* In pieces, or the hung-task check would take a long timeout for a hang. */
static bool drains_within(struct peer_mem_region *region, unsigned long timeout)
{
	unsigned long piece;

	for (; timeout; timeout -= piece) {
		piece = min_t(unsigned long, timeout, REVOKE_NAG);
		if (wait_event_timeout(region->drained,
				       !peer_mem_region_is_reached(region),
				       piece))
			return true;
	}
	return false;
}

/* Says so now and then. With @kill whoever has it meanwhile is killed. */
static void wait_for_ever(struct peer_mem_region *region, bool kill)
{
	for (;;) {
		if (kill)
			peer_mem_kill_holders(region);
		if (drains_within(region, REVOKE_NAG))
			return;
		pci_warn(region->desc.pdev,
			 "peer_mem: BAR %d is revoked: still registered%s\n",
			 region->desc.bar,
			 kill ? "; the NIC's file may be mapped, or on its way in a socket" :
				"; revoke_timeout_ms is 0, nobody is killed");
	}
}

static void wait_drained(struct peer_mem_region *region)
{
	unsigned int timeout_ms = READ_ONCE(revoke_timeout_ms);

	if (!peer_mem_region_is_reached(region))
		return;
	peer_mem_count(&peer_mem_stats, PEER_STAT_revoke_waits, 1);
	trace_peer_mem_revoke(region, "wait");
	pci_info(region->desc.pdev,
		 "peer_mem: BAR %d is revoked: waiting for its memory regions to be deregistered\n",
		 region->desc.bar);
	if (timeout_ms) {
		if (drains_within(region, msecs_to_jiffies(timeout_ms)))
			return;
		trace_peer_mem_revoke(region, "kill");
		kill_owners(region, timeout_ms);
	}
	wait_for_ever(region, timeout_ms);
}

void peer_mem_region_revoke(struct peer_mem_region *region)
{
	might_sleep();
	mark_and_zap(region);
	fence_pins(region, false);
	wait_drained(region);
	peer_dmabuf_wait_idle(region);
	trace_peer_mem_revoke(region, "done");
}
EXPORT_SYMBOL_GPL(peer_mem_region_revoke);

/* A region of @pdev for which @wanted is true; referenced. */
static struct peer_mem_region *
find_region(const struct pci_dev *pdev,
	    bool (*wanted)(struct peer_mem_region *region))
{
	struct peer_mem_region *region, *found = NULL;

	mutex_lock(&peer_mem_regions_lock);
	list_for_each_entry(region, &peer_mem_regions, node)
		if (region->desc.pdev == pdev && wanted(region) &&
		    kref_get_unless_zero(&region->ref)) {
			found = region;
			break;
		}
	mutex_unlock(&peer_mem_regions_lock);
	return found;
}

static bool is_unzapped(struct peer_mem_region *region)
{
	return !READ_ONCE(region->zapped);
}

/*
 * First all of its regions are closed, then each is waited for, and last what has no
 * limit in time: fences, which hold up nobody's end.
 */
static void revoke_device(struct pci_dev *pdev)
{
	struct peer_mem_region *region;

	while ((region = find_region(pdev, is_unzapped))) {
		mark_and_zap(region);
		fence_pins(region, true);
		peer_mem_region_put(region);
	}
	while ((region = find_region(pdev, peer_mem_region_is_reached))) {
		/* its exporter may have revoked it, and waived nobody */
		fence_pins(region, true);
		wait_drained(region);
		trace_peer_mem_revoke(region, "done");
		peer_mem_region_put(region);
	}
	while ((region = find_region(pdev, peer_dmabuf_is_busy))) {
		peer_dmabuf_wait_idle(region);
		peer_mem_region_put(region);
	}
}

/*
 * A function with a driver is unbound; one without (its resourceN may be
 * registered all the same) is only deleted; and a probe that fails after it
 * published memory is neither.
 */
static int bus_event(struct notifier_block *nb, unsigned long action,
		     void *data)
{
	struct pci_dev *pdev = to_pci_dev(data);

	switch (action) {
	case BUS_NOTIFY_DEL_DEVICE:
		peer_mem_route_forget();
		fallthrough;
	case BUS_NOTIFY_UNBIND_DRIVER:
		peer_mem_device_going(pdev);
		revoke_device(pdev);
		break;
	case BUS_NOTIFY_REMOVED_DEVICE:
		peer_mem_device_probing(pdev);
		fallthrough;
	case BUS_NOTIFY_UNBOUND_DRIVER:
		peer_mem_device_gone(pdev);
		break;
	case BUS_NOTIFY_DRIVER_NOT_BOUND:
		peer_mem_device_going(pdev);
		revoke_device(pdev);
		peer_mem_device_failed(pdev);
		break;
	case BUS_NOTIFY_BIND_DRIVER:
		peer_mem_device_probing(pdev);
		break;
	case BUS_NOTIFY_ADD_DEVICE:
		peer_mem_route_forget();
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block bus_nb = { .notifier_call = bus_event };

int peer_mem_revoke_init(void)
{
	return bus_register_notifier(&pci_bus_type, &bus_nb);
}

void peer_mem_revoke_exit(void)
{
	bus_unregister_notifier(&pci_bus_type, &bus_nb);
	peer_mem_device_gone(NULL);
}
