// SPDX-License-Identifier: GPL-2.0-only
/*
 * Umems over pins. Drivers get a plain struct ib_umem, embedded in ours: with
 * is_dmabuf or is_odp set they would downcast to something it is not. That a
 * umem is ours is known by its address alone, in a hash table that the hook of
 * ib_umem_release() reads.
 *
 * Memory of a peer is not system memory, so RLIMIT_MEMLOCK does not count it.
 */
#include <linux/module.h>
#include <linux/rhashtable.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "../compat/compat.h"
#include "peer_umem.h"

struct peer_umem {
	struct ib_umem umem;
	const void *key;		/* &umem */
	struct rhash_head node;
	struct peer_mem_pin *pin;
	struct rcu_head rcu;
};

static const struct rhashtable_params table_params = {
	.key_len = sizeof_field(struct peer_umem, key),
	.key_offset = offsetof(struct peer_umem, key),
	.head_offset = offsetof(struct peer_umem, node),
	.automatic_shrinking = true,
};

static struct rhashtable table;

/*
 * rxe keeps one 16-byte entry a page in one kmalloc() and the kernel WARNs when
 * that is too long; RLIMIT_MEMLOCK hides it for host memory, not for ours.
 */
#define RXE_MAX_PAGES	(KMALLOC_MAX_SIZE / 16)

static const char *const stat_names[] = {
#define S(name) #name,
	PEER_UMEM_STATS(S)
#undef S
};

struct peer_mem_counters peer_umem_stats = {
	.names = stat_names,
	.nr = PEER_UMEM_NR_STATS,
};

static struct peer_umem *find(const struct ib_umem *umem)
{
	const void *key = umem;

	return rhashtable_lookup_fast(&table, &key, table_params);
}

bool peer_umem_is_ours(const struct ib_umem *umem)
{
	return atomic_read(&table.nelems) && find(umem);
}

/*
 * Devices that look at umem memory with the CPU, through sg_page(): the software
 * NICs always, and two drivers for rings or doorbells, where a missing page would
 * be a NULL pointer (hns: hns_roce_db_map_user(); irdma: sq_page of an iWARP QP).
 * They get pages, mapped the way ib_core itself maps P2PDMA pages.
 */
static bool needs_pages(const struct ib_device *device)
{
	return ib_uses_virt_dma((struct ib_device *)device) ||
	       device->ops.driver_id == RDMA_DRIVER_HNS ||
	       device->ops.driver_id == RDMA_DRIVER_IRDMA;
}

static struct peer_mem_pin_args make_args(struct ib_device *device,
					  unsigned long addr, size_t size,
					  int access)
{
	return (struct peer_mem_pin_args){
		.va = addr,
		.len = size,
		.flags = PEER_MEM_PIN_VIA_FILE |
			 (needs_pages(device) ? PEER_MEM_PIN_NEED_PAGES : 0) |
			 (ib_access_writable(access) ? PEER_MEM_PIN_WRITE : 0) |
			 (access & IB_ACCESS_ON_DEMAND ? PEER_MEM_PIN_ODP : 0),
		.max_pages = device->ops.driver_id == RDMA_DRIVER_RXE ?
				     RXE_MAX_PAGES : 0,
		.consumer = dev_name(&device->dev),
	};
}

static void init_umem(struct ib_umem *umem, struct ib_device *device,
		      unsigned long addr, size_t size, int access)
{
	umem->ibdev = device;
	umem->length = size;
	umem->address = addr;
	umem->iova = addr;	/* until ib_umem_find_best_pgsz() */
	umem->writable = ib_access_writable(access);
#ifdef PEER_HAVE_UMEM_DMA_ATTRS
	umem->dma_attrs = access & IB_ACCESS_RELAXED_ORDERING ?
			  DMA_ATTR_WEAK_ORDERING : 0;
#endif
	umem->owning_mm = current->mm;
	mmgrab(umem->owning_mm);
}

/*
 * For a virtual DMA device ib_dma_map_sgtable only writes kernel addresses, for a
 * real one it decides page by page by which way P2PDMA memory is reached.
 */
static int map_pin(struct peer_umem *pu, const struct peer_mem_pin_args *args)
{
	struct sg_table *sgt = &pu->umem.sgt_append.sgt;
	struct ib_device *device = pu->umem.ibdev;
	size_t max_seg = ib_dma_max_seg_size(device);
	int ret;

	if (!needs_pages(device))
		return peer_mem_pin_map(pu->pin, args, device->dma_device,
					max_seg, sgt);
	ret = peer_mem_pin_to_sgt(pu->pin, max_seg, sgt);
	if (ret)
		return ret;
	ret = ib_dma_map_sgtable_attrs(device, sgt, DMA_BIDIRECTIONAL, 0);
	if (!ret)
		return 0;
	sg_free_table(sgt);
	return peer_mem_pin_refuse_map(pu->pin, args, ret);
}

static void unmap_pin(struct peer_umem *pu)
{
	struct sg_table *sgt = &pu->umem.sgt_append.sgt;
	struct ib_device *device = pu->umem.ibdev;

	if (!needs_pages(device)) {
		peer_mem_pin_unmap(pu->pin, sgt);
		return;
	}
	ib_dma_unmap_sgtable_attrs(device, sgt, DMA_BIDIRECTIONAL, 0);
	sg_free_table(sgt);
}

static struct ib_umem *umem_over_pin(struct ib_device *device,
				     struct peer_mem_pin *pin,
				     const struct peer_mem_pin_args *args,
				     int access)
{
	struct peer_umem *pu;
	int ret;

	pu = kzalloc(sizeof(*pu), GFP_KERNEL_ACCOUNT);
	if (!pu)
		return ERR_PTR(-ENOMEM);
	pu->pin = pin;
	pu->key = &pu->umem;
	init_umem(&pu->umem, device, args->va, args->len, access);

	ret = map_pin(pu, args);
	if (ret)
		goto err_free;
	ret = rhashtable_insert_fast(&table, &pu->node, table_params);
	if (ret)
		goto err_unmap;
	peer_mem_count(&peer_umem_stats, PEER_UMEM_STAT_umems, 1);
	peer_mem_count(&peer_umem_stats, PEER_UMEM_STAT_live_umems, 1);
	return &pu->umem;

err_unmap:
	unmap_pin(pu);
err_free:
	mmdrop(pu->umem.owning_mm);
	kfree(pu);
	return ERR_PTR(ret);
}

struct ib_umem *peer_umem_pin(struct ib_device *device, unsigned long addr,
			      size_t size, int access)
{
	const struct peer_mem_pin_args args = make_args(device, addr, size,
							access);
	struct peer_mem_pin *pin;
	struct ib_umem *umem;

	/*
	 * Each umem holds the module: it must stay to release it. On its way
	 * out it makes no new ones.
	 */
	if (!try_module_get(THIS_MODULE))
		return NULL;
	pin = peer_mem_pin_user(&args);
	if (IS_ERR_OR_NULL(pin)) {
		umem = ERR_CAST(pin);
		goto err_module;
	}
	umem = umem_over_pin(device, pin, &args, access);
	if (IS_ERR(umem))
		goto err_unpin;
	return umem;

err_unpin:
	peer_mem_unpin(pin);
err_module:
	module_put(THIS_MODULE);
	return umem;
}

void peer_umem_unpin(struct ib_umem *umem)
{
	struct peer_umem *pu = container_of(umem, struct peer_umem, umem);

	rhashtable_remove_fast(&table, &pu->node, table_params);
	unmap_pin(pu);
	peer_mem_unpin(pu->pin);
	mmdrop(umem->owning_mm);
	peer_mem_count(&peer_umem_stats, PEER_UMEM_STAT_live_umems, -1);
	kfree_rcu(pu, rcu);	/* other look-ups may still pass over it */
	module_put(THIS_MODULE);
}

int peer_umem_check_odp(struct ib_device *device, unsigned long addr,
			size_t size, int access)
{
	const struct peer_mem_pin_args args = make_args(device, addr, size,
							access);

	/* with PEER_MEM_PIN_ODP there is a refusal or NULL, never a pin */
	return PTR_ERR_OR_ZERO(peer_mem_pin_user(&args));
}

int peer_umem_table_init(void)
{
	int ret = peer_mem_counters_register(&peer_umem_stats);

	if (ret)
		return ret;
	ret = rhashtable_init(&table, &table_params);
	if (ret)
		peer_mem_counters_unregister(&peer_umem_stats);
	return ret;
}

void peer_umem_table_exit(void)
{
	rhashtable_destroy(&table);
	peer_mem_counters_unregister(&peer_umem_stats);
}
