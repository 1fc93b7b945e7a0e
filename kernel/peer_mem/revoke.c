// SPDX-License-Identifier: GPL-2.0-only
/*
 * Revoke: nobody's DMA outlives the memory.
 *
 * A pin that a NIC reaches through its IOMMU is fenced at once (dma.c). Nothing
 * can hold up the others in flight, so the revoker waits until they are gone, and
 * kills the owners of those that stay longer than revoke_timeout_ms: a process
 * that is gone has closed its uverbs file, which destroys its MRs.
 *
 * Sources: the exporter's own call, and the PCI bus notifier, which runs before
 * the driver's remove() on unbind, on removal and on surprise removal alike.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>

#include "peer_mem_priv.h"
#include "trace.h"

static unsigned int revoke_timeout_ms = 30000;
module_param(revoke_timeout_ms, uint, 0644);
MODULE_PARM_DESC(revoke_timeout_ms,
		 "how long a revoke (e.g. a driver unbind) waits for the MRs before it kills their owners, in ms; 0 waits for ever (default 30000)");

/* How often a wait without end speaks; also keeps the hung-task check quiet. */
#define REVOKE_NAG	(10 * HZ)

static bool mark_revoked(struct peer_mem_region *region)
{
	bool first;

	spin_lock(&region->lock);
	first = !region->revoked;
	region->revoked = true;
	spin_unlock(&region->lock);
	return first;
}

bool peer_mem_pin_cut(struct peer_mem_pin *pin)
{
	lockdep_assert_held(&pin->region->map_lock);
	if (pin->dma.fenced)
		return true;
	if (!peer_mem_pin_fence(pin))
		return false;
	peer_mem_pin_drop_extents(pin);
	peer_mem_region_fenced(pin);
	peer_mem_count(&peer_mem_stats, PEER_STAT_revoke_fences, 1);
	return true;
}

/*
 * Cut off whoever can be cut off: from here on its device reaches nothing, so
 * the memory may go although the MR stays until its owner deregisters it.
 */
static void fence_pins(struct peer_mem_region *region)
{
	struct peer_mem_pin *pin;

	mutex_lock(&region->map_lock);
	list_for_each_entry(pin, &region->pins, node)
		peer_mem_pin_cut(pin);
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
		if (pin->dma.fenced || pin->killed)
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

static void kill_owners(struct peer_mem_region *region)
{
	unsigned int timeout_ms = READ_ONCE(revoke_timeout_ms), pins;
	struct pid *owner;

	while ((owner = next_owner(region, &pins))) {
		pci_warn(region->desc.pdev,
			 "peer_mem: BAR %d is revoked: killing process %d, which has %u registrations of it left after %u ms\n",
			 region->desc.bar, pid_nr(owner), pins, timeout_ms);
		kill_pid(owner, SIGKILL, 1);
		put_pid(owner);
		peer_mem_count(&peer_mem_stats, PEER_STAT_revoke_kills, 1);
	}
}

/* False when @timeout_ms passed; 0 waits for ever and says so now and then. */
static bool wait_unpinned(struct peer_mem_region *region,
			  unsigned int timeout_ms)
{
	if (timeout_ms)
		return wait_event_timeout(region->drained,
					  !peer_mem_region_is_reached(region),
					  msecs_to_jiffies(timeout_ms));
	while (!wait_event_timeout(region->drained,
				   !peer_mem_region_is_reached(region),
				   REVOKE_NAG))
		pci_warn(region->desc.pdev,
			 "peer_mem: BAR %d is revoked: still registered; a process that inherited or was passed the NIC's file may hold it\n",
			 region->desc.bar);
	return true;
}

static void wait_drained(struct peer_mem_region *region)
{
	if (!peer_mem_region_is_reached(region))
		return;
	peer_mem_count(&peer_mem_stats, PEER_STAT_revoke_waits, 1);
	trace_peer_mem_revoke(region, "wait");
	pci_info(region->desc.pdev,
		 "peer_mem: BAR %d is revoked: waiting for its memory regions to be deregistered\n",
		 region->desc.bar);
	if (wait_unpinned(region, READ_ONCE(revoke_timeout_ms)))
		return;
	trace_peer_mem_revoke(region, "kill");
	kill_owners(region);
	wait_unpinned(region, 0);
}

void peer_mem_region_revoke(struct peer_mem_region *region)
{
	might_sleep();
	if (mark_revoked(region)) {
		peer_mem_count(&peer_mem_stats, PEER_STAT_revokes, 1);
		trace_peer_mem_revoke(region, "start");
		if (region->desc.zap)
			region->desc.zap(region->desc.zap_arg);
	}
	fence_pins(region);
	wait_drained(region);
	trace_peer_mem_revoke(region, "done");
}
EXPORT_SYMBOL_GPL(peer_mem_region_revoke);

/* A region of @pdev that somebody may still pin or has pinned; referenced. */
static struct peer_mem_region *find_unrevoked(const struct pci_dev *pdev)
{
	struct peer_mem_region *region, *found = NULL;

	mutex_lock(&peer_mem_regions_lock);
	list_for_each_entry(region, &peer_mem_regions, node) {
		if (region->desc.pdev != pdev)
			continue;
		if (READ_ONCE(region->revoked) &&
		    !peer_mem_region_is_reached(region))
			continue;
		if (kref_get_unless_zero(&region->ref)) {
			found = region;
			break;
		}
	}
	mutex_unlock(&peer_mem_regions_lock);
	return found;
}

static void revoke_device(struct pci_dev *pdev)
{
	struct peer_mem_region *region;

	while ((region = find_unrevoked(pdev))) {
		peer_mem_region_revoke(region);
		peer_mem_region_put(region);
	}
}

static int bus_event(struct notifier_block *nb, unsigned long action,
		     void *data)
{
	struct pci_dev *pdev = to_pci_dev(data);

	switch (action) {
	case BUS_NOTIFY_UNBIND_DRIVER:
		peer_mem_device_going(pdev);
		revoke_device(pdev);
		break;
	case BUS_NOTIFY_UNBOUND_DRIVER:
		peer_mem_device_gone(pdev);
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
