// SPDX-License-Identifier: GPL-2.0-only
/*
 * Importers of dma-bufs of every kind that drivers are: see enum peer_test_importer.
 * What they do at an invalidation is what the rules of dma-buf ask of each, and they
 * complain (mispaired.c) of an exporter that does not keep them.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/iosys-map.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "object.h"
#include "peer_mem_test.h"

MODULE_IMPORT_NS("DMA_BUF");

struct test_dmabuf {
	struct test_object object;
	struct dma_buf *dmabuf;			/* referenced */
	enum peer_test_importer how;
	enum dma_data_direction dir;
	struct pci_dev *client;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;			/* dma_resv; NULL: not mapped */
	bool pinned;				/* dma_resv */
	unsigned int invalidated;		/* dma_resv */
	struct iosys_map vmap;
	bool vmapped;
};

static void unmap_locked(struct test_dmabuf *td)
{
	dma_resv_assert_held(td->dmabuf->resv);
	if (td->sgt)
		dma_buf_unmap_attachment(td->attach, td->sgt, td->dir);
	td->sgt = NULL;
	if (td->pinned)
		dma_buf_unpin(td->attach);
	td->pinned = false;
}

/* Ours go once and for all, and only who maps them is to be told. */
static void check_invalidation(const struct test_dmabuf *td)
{
	if (!dma_resv_is_locked(td->dmabuf->resv))
		test_mispaired("an importer was told without the dma_resv lock");
	if (td->invalidated)
		test_mispaired("an importer was told twice");
}

/* All of it, as addresses and without pages, and only while it is there. */
static void check_mapping(const struct test_dmabuf *td)
{
	struct scatterlist *sg;
	size_t mapped = 0;
	int i;

	for_each_sgtable_dma_sg(td->sgt, sg, i)
		mapped += sg_dma_len(sg);
	if (mapped != td->dmabuf->size)
		test_mispaired("%zu of %zu bytes were mapped", mapped,
			       td->dmabuf->size);
	if (td->sgt->orig_nents)
		test_mispaired("an importer was given pages");
	if (td->invalidated)
		test_mispaired("mapped what an importer was told is gone");
}

static void invalidated(struct dma_buf_attachment *attach)
{
	struct test_dmabuf *td = attach->importer_priv;

	check_invalidation(td);
	td->invalidated++;
	if (td->how != PEER_TEST_LAZY)
		unmap_locked(td);
}

static const struct dma_buf_attach_ops revocable_ops = {
	.allow_peer2peer = true,
	.invalidate_mappings = invalidated,
};

static const struct dma_buf_attach_ops pinned_ops = {
	.allow_peer2peer = true,
};

static void destroy(struct test_object *object)
{
	struct test_dmabuf *td = container_of(object, struct test_dmabuf, object);

	if (td->vmapped)
		dma_buf_vunmap_unlocked(td->dmabuf, &td->vmap);
	if (td->attach) {
		dma_resv_lock(td->dmabuf->resv, NULL);
		unmap_locked(td);
		dma_resv_unlock(td->dmabuf->resv);
		dma_buf_detach(td->dmabuf, td->attach);
	}
	pci_dev_put(td->client);
	dma_buf_put(td->dmabuf);
	kfree(td);
}

static int attach(struct test_dmabuf *td, const struct peer_test_import *arg)
{
	struct device *dev;

	td->client = pci_get_domain_bus_and_slot(arg->domain, arg->bus,
						 arg->devfn);
	if (!td->client)
		return -ENODEV;
	dev = &td->client->dev;
	if (td->how == PEER_TEST_STATIC)
		td->attach = dma_buf_attach(td->dmabuf, dev);
	else
		td->attach = dma_buf_dynamic_attach(
			td->dmabuf, dev,
			td->how == PEER_TEST_PINNED ? &pinned_ops :
						      &revocable_ops, td);
	if (IS_ERR(td->attach)) {
		int ret = PTR_ERR(td->attach);

		td->attach = NULL;
		return ret;
	}
	return 0;
}

static int map_locked(struct test_dmabuf *td)
{
	struct sg_table *sgt;
	int ret;

	if (td->how == PEER_TEST_PINNED) {
		ret = dma_buf_pin(td->attach);
		if (ret)
			return ret;
		td->pinned = true;
	}
	sgt = dma_buf_map_attachment(td->attach, td->dir);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	td->sgt = sgt;
	check_mapping(td);
	return 0;
}

static void report(const struct test_dmabuf *td, struct peer_test_import *arg)
{
	struct scatterlist *sg;
	int i;

	arg->nr_segs = td->sgt->nents;
	for_each_sgtable_dma_sg(td->sgt, sg, i) {
		if (i == PEER_TEST_MAX_SEGS)
			break;
		arg->dma_addr[i] = sg_dma_address(sg);
		arg->dma_len[i] = sg_dma_len(sg);
	}
}

static int import(struct test_dmabuf *td, struct peer_test_import *arg)
{
	int ret;

	if (td->how == PEER_TEST_VMAP) {
		ret = dma_buf_vmap_unlocked(td->dmabuf, &td->vmap);
		td->vmapped = !ret;
		return ret;
	}
	ret = attach(td, arg);
	if (ret)
		return ret;
	dma_resv_lock(td->dmabuf->resv, NULL);
	ret = map_locked(td);
	if (!ret)
		report(td, arg);
	dma_resv_unlock(td->dmabuf->resv);
	return ret;
}

long test_import(struct xarray *objects, void __user *uarg)
{
	struct peer_test_import arg;
	struct test_dmabuf *td;
	int ret;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	td = kzalloc(sizeof(*td), GFP_KERNEL);
	if (!td)
		return -ENOMEM;
	td->object.destroy = destroy;
	td->how = arg.how;
	td->dir = arg.read_only ? DMA_TO_DEVICE : DMA_BIDIRECTIONAL;
	td->dmabuf = dma_buf_get(arg.fd);
	if (IS_ERR(td->dmabuf)) {
		ret = PTR_ERR(td->dmabuf);
		kfree(td);
		return ret;
	}
	ret = import(td, &arg);
	if (!ret)
		ret = test_object_add(objects, &td->object, &arg.id);
	if (ret) {
		destroy(&td->object);
		return ret;
	}
	return copy_to_user(uarg, &arg, sizeof(arg)) ? -EFAULT : 0;
}

static struct test_dmabuf *find(struct xarray *objects, u32 id)
{
	struct test_object *object = xa_load(objects, id);

	if (!object || object->destroy != destroy)
		return NULL;
	return container_of(object, struct test_dmabuf, object);
}

long test_state(struct xarray *objects, void __user *uarg)
{
	struct peer_test_state arg;
	struct test_dmabuf *td;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	td = find(objects, arg.id);
	if (!td)
		return -ENOENT;
	dma_resv_lock(td->dmabuf->resv, NULL);
	arg.invalidated = td->invalidated;
	arg.mapped = td->sgt || td->vmapped;
	dma_resv_unlock(td->dmabuf->resv);
	return copy_to_user(uarg, &arg, sizeof(arg)) ? -EFAULT : 0;
}

static void make_mistake(struct test_dmabuf *td, unsigned int what)
{
	bool lock = what != PEER_TEST_UNLOCKED;
	unsigned int before;

	if (lock)
		dma_resv_lock(td->dmabuf->resv, NULL);
	before = td->invalidated;
	td->invalidated = lock;
	if (what == PEER_TEST_LATE)
		check_mapping(td);
	else
		check_invalidation(td);
	td->invalidated = before;
	if (lock)
		dma_resv_unlock(td->dmabuf->resv);
}

long test_mistake(struct xarray *objects, void __user *uarg)
{
	struct peer_test_mistake arg;
	struct test_dmabuf *td;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.what >= PEER_TEST_NR_MISTAKES)
		return -EINVAL;
	test_mispaired_on_purpose();
	if (arg.what < PEER_TEST_UNLOCKED)
		return test_exporter_mistake(arg.what);
	td = find(objects, arg.id);
	if (!td || !td->sgt)
		return -ENOENT;
	make_mistake(td, arg.what);
	return 0;
}
