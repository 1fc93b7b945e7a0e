// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI driver that offers the memory BARs of any function as mmappable nodes.
 * It matches nothing by itself: like vfio-pci it is bound by driver_override.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "peer_bar.h"

static bool pages = true;
module_param(pages, bool, 0644);
MODULE_PARM_DESC(pages,
		 "give the BARs of functions bound from now on struct pages, which soft-RoCE and O_DIRECT need and which cost 1.6 % of the BAR in host memory (default Y); per function: peer_bar_pages in its sysfs directory");

struct peer_bar_dev {
	struct pci_dev *pdev;
	struct mutex lock;		/* all below */
	struct peer_bar_node *nodes[PCI_STD_NUM_BARS];
	bool has_pages[PCI_STD_NUM_BARS];
	bool pages;			/* what was asked for */
	void *group;			/* devres of the struct pages */
};

static bool is_mappable(struct pci_dev *pdev, int bar)
{
	unsigned long flags = pci_resource_flags(pdev, bar);

	return flags & IORESOURCE_MEM && !(flags & IORESOURCE_UNSET) &&
	       pci_resource_len(pdev, bar) &&
	       PAGE_ALIGNED(pci_resource_start(pdev, bar) |
			    pci_resource_len(pdev, bar));
}

static int offer_bar(struct peer_bar_dev *dev, int bar)
{
	struct peer_bar_node *node;
	int ret;

	if (dev->pages) {
		ret = peer_bar_pages_get(dev->pdev, bar);
		dev->has_pages[bar] = !ret;
		if (ret)
			pci_warn(dev->pdev, "peer_bar: BAR %d is offered without struct pages (%d)\n",
				 bar, ret);
	}
	node = peer_bar_node_create(dev->pdev, bar, dev->has_pages[bar]);
	if (IS_ERR(node))
		return PTR_ERR(node);
	dev->nodes[bar] = node;
	return 0;
}

/* Undo start_nodes(), complete or not. Waits for pins. */
static void stop_nodes(struct peer_bar_dev *dev)
{
	int bar;

	lockdep_assert_held(&dev->lock);
	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		if (dev->nodes[bar])
			peer_bar_node_destroy(dev->nodes[bar]);
		dev->nodes[bar] = NULL;
		if (dev->has_pages[bar])
			peer_bar_pages_put(dev->pdev, bar);
		dev->has_pages[bar] = false;
	}
	/* here the struct pages go: waits for GUP users such as O_DIRECT */
	if (dev->group)
		devres_release_group(&dev->pdev->dev, dev->group);
	dev->group = NULL;
}

static int start_nodes(struct peer_bar_dev *dev)
{
	int bar, ret = 0, nr = 0;

	lockdep_assert_held(&dev->lock);
	dev->group = devres_open_group(&dev->pdev->dev, NULL, GFP_KERNEL);
	if (!dev->group)
		return -ENOMEM;
	for (bar = 0; !ret && bar < PCI_STD_NUM_BARS; bar++) {
		if (!is_mappable(dev->pdev, bar))
			continue;
		ret = offer_bar(dev, bar);
		nr++;
	}
	devres_close_group(&dev->pdev->dev, dev->group);
	if (!ret && !nr) {
		pci_err(dev->pdev, "peer_bar: no memory BAR of at least a page\n");
		ret = -ENODEV;
	}
	if (ret)
		stop_nodes(dev);
	return ret;
}

/* All or none: a node in use keeps the function as it is. */
static int retire_nodes(struct peer_bar_dev *dev)
{
	int bar, ret = 0;

	for (bar = 0; !ret && bar < PCI_STD_NUM_BARS; bar++)
		if (dev->nodes[bar])
			ret = peer_bar_node_retire(dev->nodes[bar]);
	if (!ret)
		return 0;
	/* the last one looked at is the one in use */
	for (bar -= 2; bar >= 0; bar--)
		if (dev->nodes[bar])
			peer_bar_node_unretire(dev->nodes[bar]);
	return ret;
}

static ssize_t peer_bar_pages_show(struct device *d,
				   struct device_attribute *attr, char *buf)
{
	struct peer_bar_dev *dev = dev_get_drvdata(d);

	return sysfs_emit(buf, "%d\n", dev->pages);
}

/* Without a group there are no nodes: an earlier change failed both ways. */
static int set_pages(struct peer_bar_dev *dev, bool want)
{
	int ret = 0;

	if (dev->group && dev->pages == want)
		return 0;
	if (dev->group)
		ret = retire_nodes(dev);
	if (ret)
		return ret;
	stop_nodes(dev);
	dev->pages = want;
	ret = start_nodes(dev);
	if (!ret)
		return 0;

	dev->pages = !want;
	if (start_nodes(dev))
		pci_err(dev->pdev,
			"peer_bar: no BAR is offered now; write peer_bar_pages again\n");
	return ret;
}

/*
 * -EBUSY while a process maps the BAR or has it registered. The nodes are made
 * anew, so open files of the old ones are of no further use.
 */
static ssize_t peer_bar_pages_store(struct device *d,
				    struct device_attribute *attr,
				    const char *buf, size_t count)
{
	struct peer_bar_dev *dev = dev_get_drvdata(d);
	bool want;
	int ret;

	ret = kstrtobool(buf, &want);
	if (ret)
		return ret;
	mutex_lock(&dev->lock);
	ret = set_pages(dev, want);
	mutex_unlock(&dev->lock);
	return ret ?: count;
}
static DEVICE_ATTR_RW(peer_bar_pages);

static struct attribute *peer_bar_attrs[] = {
	&dev_attr_peer_bar_pages.attr,
	NULL,
};
ATTRIBUTE_GROUPS(peer_bar);

static int peer_bar_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct peer_bar_dev *dev;
	int ret;

	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return -ENOMEM;
	dev->pdev = pdev;
	dev->pages = pages;
	mutex_init(&dev->lock);

	/* as p2pdma does: not every function lets its BARs be mapped */
	if (pdev->non_mappable_bars) {
		ret = -EOPNOTSUPP;
		goto err_free;
	}
	ret = pci_enable_device_mem(pdev);
	if (ret)
		goto err_free;
	/* nobody is to drive the function's own DMA engine through its BARs */
	pci_clear_master(pdev);
	ret = pci_request_regions(pdev, "peer_bar");
	if (ret)
		goto err_disable;
	pci_set_drvdata(pdev, dev);
	mutex_lock(&dev->lock);
	ret = start_nodes(dev);
	mutex_unlock(&dev->lock);
	if (ret)
		goto err_regions;
	return 0;

err_regions:
	pci_release_regions(pdev);
err_disable:
	pci_disable_device(pdev);
err_free:
	kfree(dev);
	return ret;
}

static void peer_bar_remove(struct pci_dev *pdev)
{
	struct peer_bar_dev *dev = pci_get_drvdata(pdev);

	mutex_lock(&dev->lock);
	stop_nodes(dev);
	mutex_unlock(&dev->lock);
	pci_release_regions(pdev);
	pci_disable_device(pdev);
	kfree(dev);
}

/*
 * override_only: no function is ever bound without driver_override. Not a
 * MODULE_DEVICE_TABLE, so that nothing autoloads.
 */
static const struct pci_device_id peer_bar_ids[] = {
	{ PCI_DEVICE_DRIVER_OVERRIDE(PCI_ANY_ID, PCI_ANY_ID, 1) },
	{}
};

static struct pci_driver peer_bar_driver = {
	.name = "peer_bar",
	.id_table = peer_bar_ids,
	.probe = peer_bar_probe,
	.remove = peer_bar_remove,
	.dev_groups = peer_bar_groups,
};

static int __init peer_bar_init(void)
{
	int ret;

	ret = peer_bar_nodes_init();
	if (ret)
		return ret;
	ret = pci_register_driver(&peer_bar_driver);
	if (ret)
		peer_bar_nodes_exit();
	return ret;
}

static void __exit peer_bar_exit(void)
{
	pci_unregister_driver(&peer_bar_driver);
	peer_bar_nodes_exit();
}

module_init(peer_bar_init);
module_exit(peer_bar_exit);
MODULE_DESCRIPTION("Offer PCI BARs as mmappable peer memory");
MODULE_AUTHOR("peer_mem developers");
MODULE_LICENSE("GPL");
