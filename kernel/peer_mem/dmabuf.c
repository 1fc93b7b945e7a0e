// SPDX-License-Identifier: GPL-2.0-only
/*
 * A range of peer memory as a dma-buf.
 *
 * The dma-buf owns one pin. Each mapping that an importer makes is a share of it
 * (share.c), mapped by dma.c for that importer's device like the pin of a memory
 * region: bus address, IOVA or CPU address by the route.
 *
 * The memory never moves, so pinning asks nothing of us. It may go, though: then all
 * importers are invalidated (dma_buf_invalidate_mappings), which makes those that
 * can stop their device and unmap. Those that cannot are fenced where an IOMMU
 * translates; the rest is waited for, and in the end the process that registered
 * it is killed, by revoke.c as ever.
 *
 * What a program maps of it is recognised by peer_mem like any exporter's mapping, as
 * a loan of the dma-buf's pin (dmabuf_cpu.c, share.c).
 *
 * All this takes the dma_resv lock, inside of which mmu notifiers run. A revoke that
 * begins in one could not invalidate, therefore watched PFN maps get no dma-buf.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "dmabuf.h"

MODULE_IMPORT_NS("DMA_BUF");

/* How often a wait for fences speaks; also keeps the hung-task check quiet. */
#define FENCE_NAG	(10 * HZ)

/* One mapping of one importer. */
struct dmabuf_map {
	struct sg_table sgt;		/* what the importer gets */
	struct peer_mem_pin *share;
};

/* What a refusal to an importer's device is logged with. */
static struct peer_mem_pin_args importer_args(const struct peer_dmabuf *db,
					      struct device *dev)
{
	return (struct peer_mem_pin_args){
		.va = db->pin->va,
		.len = db->pin->len,
		.flags = db->pin->flags,
		.consumer = dev_name(dev),
	};
}

/* ---- dma_buf_ops ---- */

static int attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct peer_dmabuf *db = dmabuf->priv;
	struct peer_mem_pin_args args = importer_args(db, attach->dev);
	enum peer_mem_dma_kind kind;

	if (READ_ONCE(db->pin->region->revoked))
		return peer_mem_pin_refuse(db->pin, &args, PEER_MEM_GOING, 0,
					   NULL);
	if (!attach->peer2peer)
		return peer_mem_pin_refuse(db->pin, &args, PEER_MEM_NOT_P2P, 0,
					   NULL);
	return peer_mem_pin_judge_device(db->pin, &args, attach->dev, &kind);
}

static struct sg_table *map(struct dma_buf_attachment *attach,
			    enum dma_data_direction dir)
{
	struct peer_dmabuf *db = attach->dmabuf->priv;
	struct peer_mem_pin_args args = importer_args(db, attach->dev);
	struct dmabuf_map *map;
	int ret;

	dma_resv_assert_held(attach->dmabuf->resv);
	if (dir != DMA_TO_DEVICE && !(db->pin->flags & PEER_MEM_PIN_WRITE))
		return ERR_PTR(peer_mem_pin_refuse(db->pin, &args,
						   PEER_MEM_READ_ONLY_EXPORT, 0,
						   NULL));
	map = kzalloc(sizeof(*map), GFP_KERNEL);
	if (!map)
		return ERR_PTR(-ENOMEM);
	map->share = peer_mem_pin_share(db->pin,
					!dma_buf_attach_revocable(attach));
	if (IS_ERR(map->share)) {
		ret = PTR_ERR(map->share);
		if (ret == -ENODEV)
			peer_mem_pin_refuse(db->pin, &args, PEER_MEM_GOING, 0,
					    NULL);
		goto err_free;
	}
	map->share->dma.dir = dir;
	ret = peer_mem_pin_map(map->share, &args, attach->dev, UINT_MAX,
			       &map->sgt);
	if (ret)
		goto err_unpin;
	return &map->sgt;

err_unpin:
	peer_mem_unpin(map->share);
err_free:
	kfree(map);
	return ERR_PTR(ret);
}

static void unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		  enum dma_data_direction dir)
{
	struct dmabuf_map *map = container_of(sgt, struct dmabuf_map, sgt);

	dma_resv_assert_held(attach->dmabuf->resv);
	peer_mem_pin_unmap(map->share, sgt);
	peer_mem_unpin(map->share);
	kfree(map);
}

/* The last path to it is gone: from task work or path_put(), no lock is held. */
static void release(struct dma_buf *dmabuf)
{
	struct peer_dmabuf *db = dmabuf->priv;
	struct peer_mem_region *region = db->pin->region;

	/* a revoke finds this one no more, and the one that has found it is done */
	mutex_lock(&region->revoke_lock);
	mutex_lock(&region->map_lock);
	db->pin->dmabuf = NULL;
	list_del(&db->node);
	mutex_unlock(&region->map_lock);
	mutex_unlock(&region->revoke_lock);
	/* no importer is left, so none that has work under way */
	dma_fence_put(db->busy);
	peer_mem_unpin(db->pin);
	iput(db->inode);
	kfree(db);
	peer_mem_count(&peer_mem_stats, PEER_STAT_live_dmabufs, -1);
}

/*
 * No pin and unpin: without them the core lets everybody pin, and memory that
 * never moves needs nothing done.
 */
static const struct dma_buf_ops dmabuf_ops = {
	.attach = attach,
	.map_dma_buf = map,
	.unmap_dma_buf = unmap,
	.begin_cpu_access = peer_dmabuf_begin_cpu_access,
	.end_cpu_access = peer_dmabuf_end_cpu_access,
	.mmap = peer_dmabuf_mmap,
	.release = release,
};

/* ---- revoke ---- */

/*
 * The next one whose importers do not know yet. It stays until revoke_lock is given
 * back. Its file may be gone: then there are no importers and no mappings.
 */
static struct peer_dmabuf *next_untold(struct peer_mem_region *region)
{
	struct peer_dmabuf *db;

	mutex_lock(&region->map_lock);
	db = list_first_entry_or_null(&region->untold, struct peer_dmabuf, node);
	if (db)
		list_del_init(&db->node);
	mutex_unlock(&region->map_lock);
	return db;
}

/* Some time, for @fence or, without one, for whatever it is. */
static void await(struct peer_mem_region *region, struct dma_fence *fence)
{
	long ret = -ENOMEM;

	if (fence)
		ret = dma_fence_wait_timeout(fence, false, FENCE_NAG);
	if (ret < 0)	/* a driver's own wait may fail, and is asked again */
		ret = schedule_timeout_uninterruptible(HZ);
	if (!ret)
		pci_warn(region->desc.pdev,
			 "peer_mem: BAR %d is revoked: a fence of a dma-buf's importer has not signaled\n",
			 region->desc.bar);
}

/*
 * What importers have under way is remembered as one fence; later ones are not theirs
 * to add. Without an importer it is nobody's: any user may put one there
 * (DMA_BUF_IOCTL_IMPORT_SYNC_FILE).
 *
 * An importer is to stop when its fences have signaled, which they must in finite
 * time, and when it has unmapped. Neither is waited for here: first all others are told
 * and cut off. That cuts off a mapping of its own as well if an IOMMU can, work
 * under way or not: whether a fence is an importer's cannot be told, and for a
 * stranger's nobody may go on reaching the memory.
 */
static void invalidate(struct peer_dmabuf *db)
{
	struct peer_mem_region *region = db->pin->region;
	struct dma_resv *resv = db->dmabuf->resv;
	struct dma_fence *busy = NULL;
	int ret = 0;

	dma_resv_lock(resv, NULL);
	dma_buf_invalidate_mappings(db->dmabuf);
	if (!list_empty(&db->dmabuf->attachments))
		ret = dma_resv_get_singleton(resv, DMA_RESV_USAGE_BOOKKEEP,
					     &busy);
	dma_resv_unlock(resv);
	if (!busy && !ret)
		return;
	mutex_lock(&region->map_lock);
	db->busy = busy;
	list_add_tail(&db->node, &region->busy);
	mutex_unlock(&region->map_lock);
}

void peer_dmabuf_revoke_all(struct peer_mem_region *region)
{
	struct peer_dmabuf *db;

	lockdep_assert_held(&region->revoke_lock);
	while ((db = next_untold(region))) {
		peer_dmabuf_zap(db);
		invalidate(db);
	}
}

static bool is_idle(struct peer_dmabuf *db)
{
	if (db->busy)
		return dma_fence_is_signaled(db->busy);
	/* there was no memory for one fence of many */
	return dma_resv_test_signaled(db->dmabuf->resv,
				      DMA_RESV_USAGE_BOOKKEEP);
}

/*
 * Has one of them work under way? Its fence, referenced, if it has one. Those that
 * are idle are forgotten.
 */
static bool next_busy(struct peer_mem_region *region, struct dma_fence **fence)
{
	struct peer_dmabuf *db, *next;
	bool found = false;

	*fence = NULL;
	mutex_lock(&region->map_lock);
	list_for_each_entry_safe(db, next, &region->busy, node) {
		if (!is_idle(db)) {
			found = true;
			if (db->busy)
				*fence = dma_fence_get(db->busy);
			break;
		}
		list_del_init(&db->node);
	}
	mutex_unlock(&region->map_lock);
	return found;
}

bool peer_dmabuf_is_busy(struct peer_mem_region *region)
{
	struct dma_fence *fence;
	bool busy = next_busy(region, &fence);

	dma_fence_put(fence);
	return busy;
}

void peer_dmabuf_wait_idle(struct peer_mem_region *region)
{
	struct dma_fence *fence;

	while (next_busy(region, &fence)) {
		await(region, fence);
		dma_fence_put(fence);
	}
}

/* ---- export ---- */

/* fdinfo shows both: whose memory and what may be done to it; the name in short. */
static void name_it(struct peer_dmabuf *db)
{
	const struct peer_mem_region *region = db->pin->region;
	const struct peer_mem_region_desc *desc = &region->desc;
	const struct peer_phys_list *phys = &db->pin->phys;

	scnprintf(db->exp_name, sizeof(db->exp_name),
		  "peer_mem %s BAR %d +%#llx%s %s %s", pci_name(desc->pdev),
		  desc->bar,
		  (u64)(phys->vec[0].paddr -
			pci_resource_start(desc->pdev, desc->bar)),
		  phys->nr > 1 ? " (in pieces)" : "",
		  db->pin->flags & PEER_MEM_PIN_WRITE ? "rw" : "ro",
		  region->exporter);
}

static struct dma_buf *make_dmabuf(struct peer_dmabuf *db)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	const struct peer_mem_region_desc *desc = &db->pin->region->desc;
	struct dma_buf *dmabuf;

	info.exp_name = db->exp_name;
	info.ops = &dmabuf_ops;
	info.size = db->pin->phys.bytes;
	info.flags = db->pin->flags & PEER_MEM_PIN_WRITE ? O_RDWR : O_RDONLY;
	info.priv = db;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf))
		return dmabuf;
	/* the program may give it another; without memory it has none */
	dmabuf->name = kasprintf(GFP_KERNEL, "%s/%d", pci_name(desc->pdev),
				 desc->bar);
	return dmabuf;
}

struct dma_buf *peer_dmabuf_export(const struct peer_mem_pin_args *args)
{
	struct dma_buf *dmabuf;
	struct peer_dmabuf *db;

	db = kzalloc(sizeof(*db), GFP_KERNEL_ACCOUNT);
	if (!db)
		return ERR_PTR(-ENOMEM);
	init_rwsem(&db->fault_lock);
	INIT_LIST_HEAD(&db->node);
	db->pin = peer_mem_pin_user(args);
	if (IS_ERR(db->pin)) {
		dmabuf = ERR_CAST(db->pin);
		goto err_free;
	}
	name_it(db);
	dmabuf = make_dmabuf(db);
	if (IS_ERR(dmabuf))
		goto err_unpin;

	/* From here on release() frees db, and a revoke finds the dma-buf. */
	peer_mem_count(&peer_mem_stats, PEER_STAT_dmabufs, 1);
	peer_mem_count(&peer_mem_stats, PEER_STAT_live_dmabufs, 1);
	db->dmabuf = dmabuf;
	db->inode = file_inode(dmabuf->file);
	ihold(db->inode);
	mutex_lock(&db->pin->region->map_lock);
	db->pin->dmabuf = db;
	/* a revoke that found it incomplete waits for it; nobody has the dma-buf */
	if (READ_ONCE(db->pin->region->revoked))
		peer_mem_pin_cut(db->pin);
	else
		list_add_tail(&db->node, &db->pin->region->untold);
	mutex_unlock(&db->pin->region->map_lock);
	return dmabuf;

err_unpin:
	peer_mem_unpin(db->pin);
err_free:
	kfree(db);
	return dmabuf;
}
