// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions: who owns a piece of BAR memory, and which pins reach it.
 *
 * A region is created by its exporter, or on demand for memory that a stock
 * driver exports ("foreign": an NVMe CMB). It is an entry in one list and a
 * reference count; the right to the memory is not the reference but an entry in
 * region->pins, which a revoked region does not give any more.
 */
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "peer_mem_priv.h"

DEFINE_MUTEX(peer_mem_regions_lock);
LIST_HEAD(peer_mem_regions);		/* peer_mem_regions_lock */

/*
 * A function between the start of its unbind (or removal) and the end of it.
 * Without this note a pin that comes in between would make a fresh, unrevoked
 * region. An unbind within a removal has a note of its own.
 */
struct going_device {
	struct list_head node;
	const struct pci_dev *pdev;	/* alive: its unbind is under way */
	bool failed;			/* no, its probe failed: no pages any more */
};

static LIST_HEAD(going_devices);	/* peer_mem_regions_lock */

/* A memory BAR that has an address: an unassigned one "starts" at 0, in RAM. */
static bool is_memory_bar(struct pci_dev *pdev, int bar)
{
	unsigned long flags = pci_resource_flags(pdev, bar);

	return flags & IORESOURCE_MEM && pci_resource_len(pdev, bar) &&
	       !(flags & (IORESOURCE_UNSET | IORESOURCE_DISABLED));
}

static struct peer_mem_region *
alloc_region(const struct peer_mem_region_desc *desc)
{
	struct peer_mem_region *region;

	region = kzalloc(sizeof(*region), GFP_KERNEL);
	if (!region)
		return NULL;
	kref_init(&region->ref);
	region->desc = *desc;
	region->desc.exporter = NULL;
	strscpy(region->exporter, desc->exporter);
	mutex_init(&region->revoke_lock);
	mutex_init(&region->map_lock);
	spin_lock_init(&region->lock);
	INIT_LIST_HEAD(&region->pins);
	init_waitqueue_head(&region->drained);
	INIT_LIST_HEAD(&region->untold);
	INIT_LIST_HEAD(&region->busy);
	pci_dev_get(desc->pdev);
	return region;
}

static void publish_locked(struct peer_mem_region *region)
{
	lockdep_assert_held(&peer_mem_regions_lock);
	list_add_tail(&region->node, &peer_mem_regions);
	peer_mem_count(&peer_mem_stats, PEER_STAT_live_regions, 1);
}

struct peer_mem_region *
peer_mem_region_create(const struct peer_mem_region_desc *desc)
{
	struct peer_mem_region *region;

	if (!desc->len || !PAGE_ALIGNED(desc->paddr | desc->len) ||
	    !is_memory_bar(desc->pdev, desc->bar) ||
	    !peer_phys_inside(desc->paddr, desc->len,
			      pci_resource_start(desc->pdev, desc->bar),
			      pci_resource_len(desc->pdev, desc->bar)))
		return ERR_PTR(-EINVAL);

	region = alloc_region(desc);
	if (!region)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&peer_mem_regions_lock);
	publish_locked(region);
	mutex_unlock(&peer_mem_regions_lock);
	return region;
}
EXPORT_SYMBOL_GPL(peer_mem_region_create);

void peer_mem_region_destroy(struct peer_mem_region *region)
{
	peer_mem_region_revoke(region);
	peer_mem_region_put(region);
}
EXPORT_SYMBOL_GPL(peer_mem_region_destroy);

void peer_mem_region_get(struct peer_mem_region *region)
{
	kref_get(&region->ref);
}

static void release_and_unlock(struct kref *ref)
{
	struct peer_mem_region *region =
		container_of(ref, struct peer_mem_region, ref);

	list_del(&region->node);
	mutex_unlock(&peer_mem_regions_lock);
	peer_mem_count(&peer_mem_stats, PEER_STAT_live_regions, -1);
	pci_dev_put(region->desc.pdev);
	kfree(region);
}

void peer_mem_region_put(struct peer_mem_region *region)
{
	kref_put_mutex(&region->ref, release_and_unlock, &peer_mem_regions_lock);
}

int peer_mem_region_attach(struct peer_mem_region *region,
			   struct peer_mem_pin *pin)
{
	int ret = 0;

	spin_lock(&region->lock);
	if (region->revoked) {
		ret = -ENODEV;
	} else {
		/* complete before a revoker can find it */
		peer_mem_region_get(region);
		pin->region = region;
		list_add_tail(&pin->node, &region->pins);
		region->nr_reaching++;
	}
	spin_unlock(&region->lock);
	return ret;
}

/* lock held. Returns whether to wake. */
static bool stops_reaching(struct peer_mem_region *region)
{
	lockdep_assert_held(&region->lock);
	return !--region->nr_reaching;
}

void peer_mem_region_detach(struct peer_mem_pin *pin)
{
	struct peer_mem_region *region = pin->region;
	bool last = false;

	lockdep_assert_held(&region->map_lock);
	spin_lock(&region->lock);
	list_del(&pin->node);
	if (!pin->dma.fenced && !pin->dma.waived)
		last = stops_reaching(region);
	spin_unlock(&region->lock);
	if (last)
		wake_up_all(&region->drained);
}

void peer_mem_region_unwaited(struct peer_mem_pin *pin)
{
	struct peer_mem_region *region = pin->region;
	bool last;

	lockdep_assert_held(&region->map_lock);
	spin_lock(&region->lock);
	last = stops_reaching(region);
	spin_unlock(&region->lock);
	if (last)
		wake_up_all(&region->drained);
}

bool peer_mem_region_is_reached(struct peer_mem_region *region)
{
	bool reached;

	spin_lock(&region->lock);
	reached = region->nr_reaching;
	spin_unlock(&region->lock);
	return reached;
}

bool peer_mem_region_is_pinned(struct peer_mem_region *region)
{
	bool pinned;

	spin_lock(&region->lock);
	pinned = !list_empty(&region->pins);
	spin_unlock(&region->lock);
	return pinned;
}
EXPORT_SYMBOL_GPL(peer_mem_region_is_pinned);

struct pci_dev *peer_mem_find_bar(phys_addr_t paddr, int *bar)
{
	struct pci_dev *pdev = NULL;
	int i;

	for_each_pci_dev(pdev) {
		for (i = 0; i < PCI_STD_NUM_BARS; i++) {
			if (!is_memory_bar(pdev, i) ||
			    !peer_phys_inside(paddr, 1,
					      pci_resource_start(pdev, i),
					      pci_resource_len(pdev, i)))
				continue;
			*bar = i;
			return pdev;	/* with for_each_pci_dev()'s reference */
		}
	}
	return NULL;
}

/* A revoked one may live on in a fenced pin; it is nobody else's any more. */
static struct peer_mem_region *
find_foreign_locked(phys_addr_t paddr, const struct peer_vm_ops *adapter)
{
	struct peer_mem_region *region;

	lockdep_assert_held(&peer_mem_regions_lock);
	list_for_each_entry(region, &peer_mem_regions, node)
		if (region->adapter == adapter && !READ_ONCE(region->revoked) &&
		    peer_phys_inside(paddr, 1, region->desc.paddr,
				     region->desc.len) &&
		    kref_get_unless_zero(&region->ref))
			return region;
	return NULL;
}

static bool is_going_locked(const struct pci_dev *pdev, bool has_pages)
{
	struct going_device *going;

	lockdep_assert_held(&peer_mem_regions_lock);
	list_for_each_entry(going, &going_devices, node)
		if (going->pdev == pdev && (has_pages || !going->failed))
			return true;
	return false;
}

static struct peer_mem_region *
create_foreign_locked(phys_addr_t paddr, const struct peer_vm_ops *adapter,
		      bool has_pages)
{
	struct peer_mem_region_desc desc = {
		.exporter = adapter->name,
		.has_pages = has_pages,
	};
	struct peer_mem_region *region;

	desc.pdev = peer_mem_find_bar(paddr, &desc.bar);
	if (!desc.pdev)
		return ERR_PTR(-ENXIO);
	desc.paddr = pci_resource_start(desc.pdev, desc.bar);
	desc.len = pci_resource_len(desc.pdev, desc.bar);

	if (is_going_locked(desc.pdev, has_pages)) {
		region = ERR_PTR(-ENODEV);
	} else {
		region = alloc_region(&desc);
		if (region) {
			region->adapter = adapter;
			publish_locked(region);
		} else {
			region = ERR_PTR(-ENOMEM);
		}
	}
	pci_dev_put(desc.pdev);		/* the region holds its own */
	return region;
}

struct peer_mem_region *
peer_mem_region_foreign(phys_addr_t paddr, const struct peer_vm_ops *adapter,
			bool has_pages)
{
	struct peer_mem_region *region;

	mutex_lock(&peer_mem_regions_lock);
	region = find_foreign_locked(paddr, adapter);
	if (!region)
		region = create_foreign_locked(paddr, adapter, has_pages);
	mutex_unlock(&peer_mem_regions_lock);
	return region;
}

void peer_mem_device_going(const struct pci_dev *pdev)
{
	struct going_device *going;

	/*
	 * The note must be made: an unbind cannot be refused. A few bytes in a
	 * sleeping context are what __GFP_NOFAIL is for.
	 */
	going = kzalloc(sizeof(*going), GFP_KERNEL | __GFP_NOFAIL);
	going->pdev = pdev;
	mutex_lock(&peer_mem_regions_lock);
	list_add(&going->node, &going_devices);
	mutex_unlock(&peer_mem_regions_lock);
}

void peer_mem_device_gone(const struct pci_dev *pdev)
{
	struct going_device *going, *next;

	mutex_lock(&peer_mem_regions_lock);
	list_for_each_entry_safe(going, next, &going_devices, node) {
		if (pdev && (going->pdev != pdev || going->failed))
			continue;
		list_del(&going->node);
		kfree(going);
		if (pdev)
			break;
	}
	mutex_unlock(&peer_mem_regions_lock);
}

void peer_mem_device_failed(const struct pci_dev *pdev)
{
	struct going_device *going;

	mutex_lock(&peer_mem_regions_lock);
	list_for_each_entry(going, &going_devices, node)
		if (going->pdev == pdev && !going->failed) {
			going->failed = true;
			break;
		}
	mutex_unlock(&peer_mem_regions_lock);
}

void peer_mem_device_probing(const struct pci_dev *pdev)
{
	struct going_device *going, *next;

	mutex_lock(&peer_mem_regions_lock);
	list_for_each_entry_safe(going, next, &going_devices, node)
		if (going->pdev == pdev && going->failed) {
			list_del(&going->node);
			kfree(going);
		}
	mutex_unlock(&peer_mem_regions_lock);
}
