// SPDX-License-Identifier: GPL-2.0-only
/*
 * An exporter that trusts nobody. Writing "BDF/BAR" to the module's parameter offer makes
 * that BAR mmappable through /dev/peer_mem_test and pinnable through its hook, without
 * struct pages; writing "none" revokes it and takes it back.
 *
 * It counts who took each page and complains (mispaired.c) when something is given back
 * that was not taken, when something is asked for that is over, and when a revoke
 * comes back too early.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../peer_mem.h"
#include "object.h"
#include "peer_mem_test.h"

/* Told piece by piece, so that the core has something to merge and to undo. */
#define PIECE	(16 * PAGE_SIZE)

struct mock {
	struct kref ref;		/* ours, and one a VMA */
	struct pci_dev *pdev;		/* referenced */
	struct peer_mem_region *region;
	struct inode *inode;		/* offer_lock; home of the mappings */
	int bar;
	phys_addr_t paddr;
	size_t len;
	struct rw_semaphore lock;	/* zapped, against faults */
	bool zapped;
	bool hooked;			/* our hook may be called */
	bool revoked;			/* peer_mem_region_revoke() is back */
	atomic_t held;			/* pages, each as often as it is taken */
	atomic_t *taken;		/* one a page */
};

static DEFINE_MUTEX(offer_lock);
static struct mock *offered;		/* offer_lock */
static bool open_for_offers;		/* offer_lock; from init to exit */

static void release(struct kref *ref)
{
	struct mock *mock = container_of(ref, struct mock, ref);

	pci_dev_put(mock->pdev);
	vfree(mock->taken);
	kfree(mock);
}

static void mock_put(struct mock *mock)
{
	kref_put(&mock->ref, release);
}

/* ---- the books ---- */

static void take(struct mock *mock, phys_addr_t paddr, size_t len)
{
	size_t page = (paddr - mock->paddr) >> PAGE_SHIFT;
	size_t nr = len >> PAGE_SHIFT;

	for (; len; len -= PAGE_SIZE, page++) {
		atomic_inc(&mock->taken[page]);
		atomic_inc(&mock->held);
	}
	peer_mem_count(&test_stats, TEST_STAT_live_mock_pages, nr);
}

static void give_back(struct mock *mock, phys_addr_t paddr, size_t len)
{
	size_t page = (paddr - mock->paddr) >> PAGE_SHIFT, nr = 0;

	for (; len; len -= PAGE_SIZE, page++) {
		if (atomic_dec_if_positive(&mock->taken[page]) < 0)
			test_mispaired("page %zu given back twice", page);
		else
			nr++;
	}
	atomic_sub(nr, &mock->held);
	peer_mem_count(&test_stats, TEST_STAT_live_mock_pages, -(s64)nr);
}

/* ---- the hook ---- */

static phys_addr_t vma_paddr(const struct mock *mock,
			     const struct vm_area_struct *vma,
			     unsigned long addr)
{
	return mock->paddr + ((phys_addr_t)vma->vm_pgoff << PAGE_SHIFT) +
	       (addr - vma->vm_start);
}

static int get_extents(struct vm_area_struct *vma, unsigned long addr,
		       size_t len, bool write, struct peer_mem_sink *sink)
{
	struct mock *mock = vma->vm_private_data;
	phys_addr_t paddr = vma_paddr(mock, vma, addr);
	size_t part;
	int ret = 0;

	if (!READ_ONCE(mock->hooked)) {
		/* its region is gone; another offer's hook finds this mapping too */
		if (mock == READ_ONCE(offered))
			test_mispaired("asked after the hook was unregistered");
		return -ENODEV;
	}
	for (; !ret && len; paddr += part, len -= part) {
		bool over = READ_ONCE(mock->revoked);

		usleep_range(20, 50);	/* a revoke may well come between two */
		part = min_t(size_t, len, PIECE);
		ret = peer_mem_sink_add(sink, mock->region, paddr, part);
		if (ret)
			break;
		/* a revoke waits for the pin now, and nobody gives back before we return */
		take(mock, paddr, part);
		if (over)
			test_mispaired("pinned after the revoke");
	}
	return ret;
}

static void put_extent(phys_addr_t paddr, size_t len)
{
	struct mock *mock = READ_ONCE(offered);

	if (!mock || paddr < mock->paddr || paddr + len > mock->paddr + mock->len)
		test_mispaired("%#zx bytes given back that nobody offers", len);
	else
		give_back(mock, paddr, len);
}

static int get_backing(struct vm_area_struct *vma, unsigned long addr,
		       struct peer_vm_backing *backing)
{
	struct mock *mock = vma->vm_private_data;

	backing->pdev = pci_dev_get(mock->pdev);
	backing->bar = mock->bar;
	backing->paddr = vma_paddr(mock, vma, addr);
	return 0;
}

static const struct peer_vm_ops peer_ops = {
	.owner = THIS_MODULE,
	.name = "mock",
	.get_extents = get_extents,
	.put_extent = put_extent,
	.get_backing = get_backing,
};

static void zap(void *arg)
{
	struct mock *mock = arg;
	bool again;

	down_write(&mock->lock);
	again = mock->zapped;
	mock->zapped = true;
	up_write(&mock->lock);
	if (again)
		test_mispaired("revoked twice");
	if (mock->inode)
		unmap_mapping_range(mock->inode->i_mapping, 0, 0, 1);
}

/* ---- mappings ---- */

static vm_fault_t fault(struct vm_fault *vmf)
{
	struct mock *mock = vmf->vma->vm_private_data;
	vm_fault_t ret = VM_FAULT_SIGBUS;

	down_read(&mock->lock);
	if (!mock->zapped)
		ret = vmf_insert_pfn(vmf->vma, vmf->address,
				     PHYS_PFN(vma_paddr(mock, vmf->vma,
							vmf->address)));
	up_read(&mock->lock);
	return ret;
}

static void vma_open(struct vm_area_struct *vma)
{
	struct mock *mock = vma->vm_private_data;

	kref_get(&mock->ref);
}

static void vma_close(struct vm_area_struct *vma)
{
	mock_put(vma->vm_private_data);
}

static const struct vm_operations_struct vm_ops = {
	.open = vma_open,
	.close = vma_close,
	.fault = fault,
};

int test_exporter_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct mock *mock;
	int ret = -ENODEV;

	mutex_lock(&offer_lock);
	mock = offered;
	if (!mock)
		goto out;
	ret = -EINVAL;
	if (!(vma->vm_flags & VM_MAYSHARE) ||
	    vma->vm_pgoff + vma_pages(vma) > mock->len >> PAGE_SHIFT)
		goto out;
	if (!mock->inode)
		mock->inode = igrab(file_inode(file));
	if (mock->inode != file_inode(file))
		goto out;
	vm_flags_set(vma, VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	vma->vm_private_data = mock;
	vma->vm_ops = &vm_ops;
	kref_get(&mock->ref);
	ret = 0;
out:
	mutex_unlock(&offer_lock);
	return ret;
}

/* ---- to offer and to take back ---- */

static int offer_bar(struct mock *mock)
{
	struct peer_mem_region_desc desc = {
		.pdev = mock->pdev,
		.bar = mock->bar,
		.exporter = "mock",
		.zap = zap,
		.zap_arg = mock,
	};
	int ret;

	desc.paddr = mock->paddr = pci_resource_start(mock->pdev, mock->bar);
	desc.len = mock->len = pci_resource_len(mock->pdev, mock->bar);
	mock->taken = vcalloc(mock->len >> PAGE_SHIFT, sizeof(*mock->taken));
	if (!mock->taken)
		return -ENOMEM;
	mock->region = peer_mem_region_create(&desc);
	if (IS_ERR(mock->region))
		return PTR_ERR(mock->region);
	ret = peer_vm_ops_register(&vm_ops, &peer_ops);
	if (ret)
		peer_mem_region_destroy(mock->region);
	else
		mock->hooked = true;
	return ret;
}

static struct mock *new_mock(const char *name)
{
	unsigned int domain, bus, slot, fn, bar;
	struct mock *mock;
	int ret = -ENODEV;

	if (sscanf(name, "%x:%x:%x.%x/%u", &domain, &bus, &slot, &fn, &bar) != 5 ||
	    bar >= PCI_STD_NUM_BARS)
		return ERR_PTR(-EINVAL);
	mock = kzalloc(sizeof(*mock), GFP_KERNEL);
	if (!mock)
		return ERR_PTR(-ENOMEM);
	kref_init(&mock->ref);
	init_rwsem(&mock->lock);
	mock->bar = bar;
	mock->pdev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, fn));
	if (mock->pdev)
		ret = offer_bar(mock);
	if (!ret)
		return mock;
	mock_put(mock);
	return ERR_PTR(ret);
}

static void take_back(struct mock *mock)
{
	int held;

	peer_mem_region_revoke(mock->region);
	WRITE_ONCE(mock->revoked, true);
	held = atomic_read(&mock->held);
	if (held) {
		test_mispaired("the revoke is back and %d pages are held", held);
		peer_mem_count(&test_stats, TEST_STAT_live_mock_pages, -held);
	}
	if (!mock->zapped)
		test_mispaired("revoked without a word to us");
	peer_vm_ops_unregister(&vm_ops);
	WRITE_ONCE(mock->hooked, false);
	peer_mem_region_destroy(mock->region);
	WRITE_ONCE(offered, NULL);
	iput(mock->inode);
	mock_put(mock);
}

static int offer_set(const char *text, const struct kernel_param *kp)
{
	char name[32];
	int ret = -EBUSY;

	strscpy(name, text);
	strim(name);
	mutex_lock(&offer_lock);
	if (!open_for_offers) {
		ret = -EAGAIN;
	} else if (!strcmp(name, "none")) {
		if (offered)
			take_back(offered);
		ret = 0;
	} else if (!offered) {
		struct mock *mock = new_mock(name);

		ret = PTR_ERR_OR_ZERO(mock);
		if (!ret)
			WRITE_ONCE(offered, mock);
	}
	mutex_unlock(&offer_lock);
	return ret;
}

static const struct kernel_param_ops offer_ops = { .set = offer_set };
module_param_cb(offer, &offer_ops, NULL, 0200);
MODULE_PARM_DESC(offer, "BDF/BAR to offer through /dev/peer_mem_test; none: take it back");

void test_exporter_init(void)
{
	mutex_lock(&offer_lock);
	open_for_offers = true;
	mutex_unlock(&offer_lock);
}

void test_exporter_exit(void)
{
	mutex_lock(&offer_lock);
	open_for_offers = false;
	if (offered)
		take_back(offered);
	mutex_unlock(&offer_lock);
}

/* ---- mistakes on purpose: are they seen? ---- */

int test_exporter_mistake(unsigned int what)
{
	struct mock *mock;

	mutex_lock(&offer_lock);
	mock = offered;
	if (mock && what == PEER_TEST_PUT_TWICE)
		put_extent(mock->paddr, PAGE_SIZE);
	else if (mock && what == PEER_TEST_KEEP)
		take(mock, mock->paddr, PAGE_SIZE);
	else if (mock && what == PEER_TEST_ZAP)
		zap(mock);
	mutex_unlock(&offer_lock);
	return mock ? 0 : -ENODEV;
}
