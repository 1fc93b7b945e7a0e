// SPDX-License-Identifier: GPL-2.0-only
/*
 * Importers of dma-bufs of every kind that drivers are: see enum peer_test_importer.
 * What they do at an invalidation is what the rules of dma-buf ask of each.
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

static void invalidated(struct dma_buf_attachment *attach)
{
	struct test_dmabuf *td = attach->importer_priv;

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

long test_state(struct xarray *objects, void __user *uarg)
{
	struct peer_test_state arg;
	struct test_object *object;
	struct test_dmabuf *td;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	object = xa_load(objects, arg.id);
	if (!object || object->destroy != destroy)
		return -ENOENT;
	td = container_of(object, struct test_dmabuf, object);
	dma_resv_lock(td->dmabuf->resv, NULL);
	arg.invalidated = td->invalidated;
	arg.mapped = td->sgt || td->vmapped;
	dma_resv_unlock(td->dmabuf->resv);
	return copy_to_user(uarg, &arg, sizeof(arg)) ? -EFAULT : 0;
}
