// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work of a device on a dma-buf that takes as long as a test wants: a fence that signals when
 * its object goes.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "object.h"
#include "peer_mem_test.h"

struct test_work {
	struct test_object object;
	struct dma_fence *fence;	/* referenced */
};

struct test_fence {
	struct dma_fence base;
	spinlock_t lock;
};

static const char *name(struct dma_fence *fence)
{
	return "peer_mem_test";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = name,
	.get_timeline_name = name,
};

static void destroy(struct test_object *object)
{
	struct test_work *work = container_of(object, struct test_work, object);

	dma_fence_signal(work->fence);
	dma_fence_put(work->fence);
	kfree(work);
}

static struct test_work *begin_work(void)
{
	struct test_work *work = kzalloc(sizeof(*work), GFP_KERNEL);
	struct test_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	if (!work || !fence) {
		kfree(work);
		kfree(fence);
		return NULL;
	}
	spin_lock_init(&fence->lock);
	dma_fence_init(&fence->base, &fence_ops, &fence->lock,
		       dma_fence_context_alloc(1), 1);
	work->object.destroy = destroy;
	work->fence = &fence->base;
	return work;
}

static int put_on(struct dma_buf *dmabuf, struct dma_fence *fence)
{
	int ret;

	dma_resv_lock(dmabuf->resv, NULL);
	ret = dma_resv_reserve_fences(dmabuf->resv, 1);
	if (!ret)
		dma_resv_add_fence(dmabuf->resv, fence, DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_unlock(dmabuf->resv);
	return ret;
}

long test_work(struct xarray *objects, void __user *uarg)
{
	struct peer_test_work arg;
	struct dma_buf *dmabuf;
	struct test_work *work;
	int ret = -ENOMEM;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	dmabuf = dma_buf_get(arg.fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	work = begin_work();
	if (!work)
		goto out;
	ret = put_on(dmabuf, work->fence);
	if (!ret)
		ret = test_object_add(objects, &work->object, &arg.id);
	if (ret)
		destroy(&work->object);
	else if (copy_to_user(uarg, &arg, sizeof(arg)))
		ret = -EFAULT;		/* it ends with the file */
out:
	dma_buf_put(dmabuf);
	return ret;
}
