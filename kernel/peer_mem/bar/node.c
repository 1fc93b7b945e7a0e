// SPDX-License-Identifier: GPL-2.0-only
/*
 * The char device of one BAR. mmap offset = offset in the BAR, any page-aligned
 * part, by any number of processes.
 *
 * All mappings of a node hang off an inode of our own (home.c), so that one
 * unmap_mapping_range() finds every mapping of the BAR, however many device
 * nodes an administrator made for it.
 *
 * Lifetime: the node is referenced by its owner (driver.c) and by each open
 * file; the BAR behind it is gone at peer_bar_node_destroy(). `alive` says which
 * of the two holds, and whoever touches the BAR holds `lock` for reading.
 */
#include <linux/cdev.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rwsem.h>
#include <linux/security.h>
#include <linux/slab.h>

#include "peer_bar.h"

#define PEER_BAR_MINORS		BIT(MINORBITS)

struct peer_bar_node {
	struct device dev;
	struct cdev cdev;
	struct pci_dev *pdev;		/* referenced */
	struct peer_mem_region *region;	/* valid while alive */
	struct inode *inode;		/* home of all mappings */
	phys_addr_t paddr;
	size_t len;
	int bar;
	bool pages;
	bool wc;
	bool memtype;			/* reserved as WC */
	struct rw_semaphore lock;	/* alive, zapped */
	bool alive;
	bool zapped;			/* revoked: alive never comes back */
};

static dev_t first_devt;
static DEFINE_IDA(minors);

static const char *const stat_names[] = {
#define S(name) #name,
	PEER_BAR_STATS(S)
#undef S
};

struct peer_mem_counters peer_bar_stats = {
	.names = stat_names,
	.nr = PEER_BAR_NR_STATS,
};

static struct peer_bar_node *to_bar_node(struct device *dev)
{
	return container_of(dev, struct peer_bar_node, dev);
}

/* ---- mappings ---- */

static phys_addr_t vma_paddr(const struct peer_bar_node *node,
			     const struct vm_area_struct *vma,
			     unsigned long addr)
{
	return node->paddr + ((phys_addr_t)vma->vm_pgoff << PAGE_SHIFT) +
	       (addr - vma->vm_start);
}

static vm_fault_t insert(struct peer_bar_node *node, struct vm_fault *vmf,
			 unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long addr = vmf->address & ~((PAGE_SIZE << order) - 1);
	unsigned long pfn = PHYS_PFN(vma_paddr(node, vma, addr));

	if (!order && node->pages)
		return vmf_insert_page(vma, addr, pfn_to_page(pfn));
	if (!order)
		return vmf_insert_pfn(vma, addr, pfn);
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	if (order == PMD_ORDER && !node->pages && addr >= vma->vm_start &&
	    addr + PMD_SIZE <= vma->vm_end && IS_ALIGNED(pfn, 1 << PMD_ORDER))
		return vmf_insert_pfn_pmd(vmf, pfn,
					  vmf->flags & FAULT_FLAG_WRITE);
#endif
	return VM_FAULT_FALLBACK;
}

static vm_fault_t bar_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct peer_bar_node *node = vmf->vma->vm_private_data;
	vm_fault_t ret = VM_FAULT_SIGBUS;

	down_read(&node->lock);
	if (node->alive)
		ret = insert(node, vmf, order);
	up_read(&node->lock);
	peer_mem_count(&peer_bar_stats, PEER_BAR_STAT_bar_faults, 1);
	return ret;
}

static vm_fault_t bar_fault(struct vm_fault *vmf)
{
	return bar_huge_fault(vmf, 0);
}

static const struct vm_operations_struct bar_vm_ops = {
	.fault = bar_fault,
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	.huge_fault = bar_huge_fault,
#endif
};

static int bar_get_extents(struct vm_area_struct *vma, unsigned long addr,
			   size_t len, bool write, struct peer_mem_sink *sink)
{
	struct peer_bar_node *node = vma->vm_private_data;
	int ret = -ENODEV;

	down_read(&node->lock);
	if (node->alive)
		ret = peer_mem_sink_add(sink, node->region,
					vma_paddr(node, vma, addr), len);
	up_read(&node->lock);
	return ret;
}

static int bar_get_backing(struct vm_area_struct *vma, unsigned long addr,
			   struct peer_vm_backing *backing)
{
	struct peer_bar_node *node = vma->vm_private_data;

	backing->pdev = pci_dev_get(node->pdev);
	backing->bar = node->bar;
	backing->paddr = vma_paddr(node, vma, addr);
	backing->has_pages = node->pages;
	return 0;
}

static const struct peer_vm_ops bar_peer_ops = {
	.owner = THIS_MODULE,
	.name = "peer_bar",
	.get_extents = bar_get_extents,
	.get_backing = bar_get_backing,
};

/* Start of a revoke: whoever still has a mapping gets SIGBUS from here on. */
static void bar_zap(void *arg)
{
	struct peer_bar_node *node = arg;

	down_write(&node->lock);
	node->alive = false;
	node->zapped = true;
	up_write(&node->lock);
	unmap_mapping_range(node->inode->i_mapping, 0, 0, 1);
}

/* ---- file operations ---- */

static bool is_alive(struct peer_bar_node *node)
{
	bool alive;

	down_read(&node->lock);
	alive = node->alive;
	up_read(&node->lock);
	return alive;
}

static int bar_open(struct inode *inode, struct file *file)
{
	struct peer_bar_node *node =
		container_of(inode->i_cdev, struct peer_bar_node, cdev);
	int ret;

	if (!is_alive(node))
		return -ENODEV;
	/* what sysfs asks before it lets root map a BAR */
	ret = security_locked_down(LOCKDOWN_PCI_ACCESS);
	if (ret)
		return ret;
	get_device(&node->dev);
	file->private_data = node;
	file->f_mapping = node->inode->i_mapping;
	return 0;
}

static int bar_release(struct inode *inode, struct file *file)
{
	struct peer_bar_node *node = file->private_data;

	put_device(&node->dev);
	return 0;
}

static int bar_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct peer_bar_node *node = file->private_data;
	u64 nr = node->len >> PAGE_SHIFT;

	if (!is_alive(node))
		return -ENODEV;		/* faults ask again */
	if (!(vma->vm_flags & VM_MAYSHARE))	/* not VM_SHARED if read-only */
		return -EINVAL;
	if (vma->vm_pgoff >= nr || vma_pages(vma) > nr - vma->vm_pgoff)
		return -EINVAL;

	if (node->pages)
		vm_flags_set(vma, VM_MIXEDMAP | VM_DONTEXPAND | VM_DONTDUMP);
	else
		vm_flags_set(vma, VM_PFNMAP | VM_IO | VM_DONTEXPAND |
				  VM_DONTDUMP);
	/*
	 * With struct pages the kernel's direct map of the BAR is UC-. A WC
	 * alias of it is allowed; only a cacheable one would not be.
	 */
	vma->vm_page_prot = node->wc ? pgprot_writecombine(vma->vm_page_prot) :
				       pgprot_noncached(vma->vm_page_prot);
	vma->vm_private_data = node;	/* the VMA's file holds the node */
	vma->vm_ops = &bar_vm_ops;
	return 0;
}

static unsigned long bar_get_unmapped_area(struct file *file,
					   unsigned long addr,
					   unsigned long len,
					   unsigned long pgoff,
					   unsigned long flags)
{
	struct peer_bar_node *node = file->private_data;

	return peer_bar_place(file, node->paddr + ((u64)pgoff << PAGE_SHIFT),
			      addr, len, pgoff, flags);
}

static const struct file_operations bar_fops = {
	.owner = THIS_MODULE,
	.open = bar_open,
	.release = bar_release,
	.mmap = bar_mmap,
	.get_unmapped_area = bar_get_unmapped_area,
	.llseek = noop_llseek,
};

/* ---- the device ---- */

static ssize_t size_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%zu\n", to_bar_node(dev)->len);
}
static DEVICE_ATTR_RO(size);

static ssize_t pages_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%d\n", to_bar_node(dev)->pages);
}
static DEVICE_ATTR_RO(pages);

static ssize_t cache_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n", to_bar_node(dev)->wc ? "wc" : "uc");
}
static DEVICE_ATTR_RO(cache);

static struct attribute *node_attrs[] = {
	&dev_attr_size.attr,
	&dev_attr_pages.attr,
	&dev_attr_cache.attr,
	NULL,
};
ATTRIBUTE_GROUPS(node);

/* Root only until the administrator says otherwise, e.g. by a udev rule. */
static char *node_devnode(const struct device *dev, umode_t *mode)
{
	if (mode)
		*mode = 0600;
	return NULL;
}

static const struct class node_class = {
	.name = "peer_bar",
	.dev_groups = node_groups,
	.devnode = node_devnode,
};

static void node_release(struct device *dev)
{
	struct peer_bar_node *node = to_bar_node(dev);

	pci_dev_put(node->pdev);
	peer_bar_home_put(node->inode);
	ida_free(&minors, MINOR(node->dev.devt) - MINOR(first_devt));
	kfree(node);
	peer_mem_count(&peer_bar_stats, PEER_BAR_STAT_live_bar_nodes, -1);
}

/* From here on node_release() cleans up, by put_device(). */
static struct peer_bar_node *node_alloc(struct pci_dev *pdev, int bar,
					bool pages)
{
	struct peer_bar_node *node;
	int minor, ret;

	node = kzalloc(sizeof(*node), GFP_KERNEL);
	if (!node)
		return ERR_PTR(-ENOMEM);
	minor = ida_alloc_max(&minors, PEER_BAR_MINORS - 1, GFP_KERNEL);
	if (minor < 0) {
		ret = minor;
		goto err_free;
	}
	node->inode = peer_bar_home_get();
	if (IS_ERR(node->inode)) {
		ret = PTR_ERR(node->inode);
		goto err_minor;
	}

	init_rwsem(&node->lock);
	node->pdev = pci_dev_get(pdev);
	node->bar = bar;
	node->pages = pages;
	node->wc = pci_resource_flags(pdev, bar) & IORESOURCE_PREFETCH;
	node->paddr = pci_resource_start(pdev, bar);
	node->len = pci_resource_len(pdev, bar);

	device_initialize(&node->dev);
	node->dev.class = &node_class;
	node->dev.parent = &pdev->dev;
	node->dev.release = node_release;
	node->dev.devt = MKDEV(MAJOR(first_devt), MINOR(first_devt) + minor);
	peer_mem_count(&peer_bar_stats, PEER_BAR_STAT_live_bar_nodes, 1);
	return node;

err_minor:
	ida_free(&minors, minor);
err_free:
	kfree(node);
	return ERR_PTR(ret);
}

static int node_add(struct peer_bar_node *node)
{
	const struct peer_mem_region_desc desc = {
		.pdev = node->pdev,
		.bar = node->bar,
		.paddr = node->paddr,
		.len = node->len,
		.exporter = bar_peer_ops.name,
		.has_pages = node->pages,
		.zap = bar_zap,
		.zap_arg = node,
	};
	int ret;

	/* devtmpfs turns each '!' into a directory */
	ret = dev_set_name(&node->dev, "peer_bar!%s!bar%d",
			   pci_name(node->pdev), node->bar);
	if (ret)
		return ret;
	/* without it the architecture may map WC as UC; never fatal */
	if (node->wc && !node->pages)
		node->memtype = !arch_io_reserve_memtype_wc(node->paddr,
							    node->len);
	node->region = peer_mem_region_create(&desc);
	if (IS_ERR(node->region)) {
		ret = PTR_ERR(node->region);
		goto err_memtype;
	}
	node->alive = true;
	cdev_init(&node->cdev, &bar_fops);
	node->cdev.owner = THIS_MODULE;
	ret = cdev_device_add(&node->cdev, &node->dev);
	if (!ret)
		return 0;

	node->alive = false;
	peer_mem_region_destroy(node->region);
err_memtype:
	if (node->memtype)
		arch_io_free_memtype_wc(node->paddr, node->len);
	return ret;
}

struct peer_bar_node *peer_bar_node_create(struct pci_dev *pdev, int bar,
					   bool pages)
{
	struct peer_bar_node *node;
	int ret;

	node = node_alloc(pdev, bar, pages);
	if (IS_ERR(node))
		return node;
	ret = node_add(node);
	if (ret) {
		put_device(&node->dev);
		return ERR_PTR(ret);
	}
	return node;
}

int peer_bar_node_retire(struct peer_bar_node *node)
{
	int ret = 0;

	/* pins are made, and pages mapped, with the lock held for reading */
	down_write(&node->lock);
	if (mapping_mapped(node->inode->i_mapping) ||
	    peer_mem_region_is_pinned(node->region))
		ret = -EBUSY;
	else
		node->alive = false;
	up_write(&node->lock);
	return ret;
}

void peer_bar_node_unretire(struct peer_bar_node *node)
{
	down_write(&node->lock);
	node->alive = !node->zapped;
	up_write(&node->lock);
}

void peer_bar_node_destroy(struct peer_bar_node *node)
{
	cdev_device_del(&node->cdev, &node->dev);
	peer_mem_region_destroy(node->region);
	if (node->memtype)
		arch_io_free_memtype_wc(node->paddr, node->len);
	put_device(&node->dev);
}

/* ---- module ---- */

int peer_bar_nodes_init(void)
{
	int ret;

	ret = peer_mem_counters_register(&peer_bar_stats);
	if (ret)
		return ret;
	ret = alloc_chrdev_region(&first_devt, 0, PEER_BAR_MINORS, "peer_bar");
	if (ret)
		goto err_counters;
	ret = class_register(&node_class);
	if (ret)
		goto err_chrdev;
	ret = peer_vm_ops_register(&bar_vm_ops, &bar_peer_ops);
	if (ret)
		goto err_class;
	return 0;

err_class:
	class_unregister(&node_class);
err_chrdev:
	unregister_chrdev_region(first_devt, PEER_BAR_MINORS);
err_counters:
	peer_mem_counters_unregister(&peer_bar_stats);
	return ret;
}

void peer_bar_nodes_exit(void)
{
	peer_vm_ops_unregister(&bar_vm_ops);
	class_unregister(&node_class);
	unregister_chrdev_region(first_devt, PEER_BAR_MINORS);
	ida_destroy(&minors);
	peer_mem_counters_unregister(&peer_bar_stats);
}
