// SPDX-License-Identifier: GPL-2.0-only
/*
 * peer_mem_test.ko: see peer_mem_test.h. Pins live until UNPIN or until the file
 * is closed, as MRs do with a uverbs file.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include "../peer_mem.h"
#include "object.h"
#include "peer_mem_test.h"

struct test_pin {
	struct test_object object;
	struct peer_mem_pin *pin;
	struct pci_dev *client;		/* NULL: not mapped */
	struct sg_table sgt;
};

static void destroy(struct test_object *object)
{
	struct test_pin *tp = container_of(object, struct test_pin, object);

	if (tp->client)
		peer_mem_pin_unmap(tp->pin, &tp->sgt);
	peer_mem_unpin(tp->pin);
	pci_dev_put(tp->client);
	kfree(tp);
}

static void report(const struct test_pin *tp, struct peer_test_pin *arg)
{
	struct scatterlist *sg;
	int i;

	arg->nr_segs = tp->sgt.nents;
	for_each_sgtable_dma_sg(&tp->sgt, sg, i) {
		if (i == PEER_TEST_MAX_SEGS)
			break;
		arg->dma_addr[i] = sg_dma_address(sg);
		arg->dma_len[i] = sg_dma_len(sg);
	}
}

static int map(struct test_pin *tp, const struct peer_mem_pin_args *args,
	       struct peer_test_pin *arg)
{
	struct pci_dev *client;
	int ret;

	client = pci_get_domain_bus_and_slot(arg->domain, arg->bus, arg->devfn);
	if (!client)
		return -ENODEV;
	ret = peer_mem_pin_map(tp->pin, args, &client->dev, arg->max_seg,
			       &tp->sgt);
	if (ret) {
		pci_dev_put(client);
		return ret;
	}
	tp->client = client;
	report(tp, arg);
	return 0;
}

static int pin(struct xarray *objects, struct peer_test_pin *arg)
{
	const struct peer_mem_pin_args args = {
		.va = arg->va,
		.len = arg->len,
		.flags = arg->flags & PEER_TEST_WRITE ? PEER_MEM_PIN_WRITE : 0,
		.consumer = "peer_mem_test",
	};
	struct test_pin *tp;
	int ret;

	tp = kzalloc(sizeof(*tp), GFP_KERNEL);
	if (!tp)
		return -ENOMEM;
	tp->object.destroy = destroy;
	tp->pin = peer_mem_pin_user(&args);
	if (IS_ERR_OR_NULL(tp->pin)) {
		ret = tp->pin ? PTR_ERR(tp->pin) : -ENOMSG;
		kfree(tp);
		return ret;
	}
	if (arg->flags & PEER_TEST_MAP) {
		ret = map(tp, &args, arg);
		if (ret)
			goto err_destroy;
	}
	ret = test_object_add(objects, &tp->object, &arg->id);
	if (ret)
		goto err_destroy;
	return 0;

err_destroy:
	destroy(&tp->object);
	return ret;
}

static long pin_user(struct xarray *objects, void __user *uarg)
{
	struct peer_test_pin arg;
	int ret;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	ret = pin(objects, &arg);
	if (!ret && copy_to_user(uarg, &arg, sizeof(arg)))
		ret = -EFAULT;		/* the pin goes with the file */
	return ret;
}

static long unpin_user(struct xarray *objects, void __user *uarg)
{
	struct test_object *object;
	u32 id;

	if (copy_from_user(&id, uarg, sizeof(id)))
		return -EFAULT;
	object = xa_erase(objects, id);
	if (!object)
		return -ENOENT;
	object->destroy(object);
	return 0;
}

static long test_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct xarray *objects = file->private_data;
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case PEER_TEST_PIN:
		return pin_user(objects, uarg);
	case PEER_TEST_UNPIN:
		return unpin_user(objects, uarg);
	case PEER_TEST_IMPORT:
		return test_import(objects, uarg);
	case PEER_TEST_STATE:
		return test_state(objects, uarg);
	case PEER_TEST_MISTAKE:
		return test_mistake(objects, uarg);
	case PEER_TEST_WORK:
		return test_work(objects, uarg);
	}
	return -ENOTTY;
}

static int test_open(struct inode *inode, struct file *file)
{
	struct xarray *objects = kzalloc(sizeof(*objects), GFP_KERNEL);

	if (!objects)
		return -ENOMEM;
	xa_init_flags(objects, XA_FLAGS_ALLOC);
	file->private_data = objects;
	return 0;
}

static int test_release(struct inode *inode, struct file *file)
{
	struct xarray *objects = file->private_data;
	struct test_object *object;
	unsigned long id;

	xa_for_each(objects, id, object)
		object->destroy(object);
	xa_destroy(objects);
	kfree(objects);
	return 0;
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.open = test_open,
	.release = test_release,
	.unlocked_ioctl = test_ioctl,
	.mmap = test_exporter_mmap,
};

static struct miscdevice test_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "peer_mem_test",
	.fops = &test_fops,
	.mode = 0600,
};

static int __init test_init(void)
{
	int ret = test_mispaired_init();

	if (ret)
		return ret;
	ret = test_probe_init();
	if (ret)
		goto mispaired;
	ret = misc_register(&test_dev);
	if (ret)
		goto probe;
	test_exporter_init();
	return 0;

probe:
	test_probe_exit();
mispaired:
	test_mispaired_exit();
	return ret;
}

static void __exit test_exit(void)
{
	misc_deregister(&test_dev);
	test_exporter_exit();
	test_probe_exit();
	test_mispaired_exit();
}

module_init(test_init);
module_exit(test_exit);
MODULE_DESCRIPTION("Test consumer of peer memory, for the lab only");
MODULE_AUTHOR("peer_mem developers");
MODULE_LICENSE("GPL");
