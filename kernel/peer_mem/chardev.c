// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/peer_mem: questions about peer memory, for everybody. Format and errnos
 * are in include/uapi/linux/peer_mem.h; one const table maps a number to a
 * handler, which gets a zero-extended copy of the caller's struct.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>
#include <uapi/linux/peer_mem.h>

#include "ioctl.h"
#include "peer_mem_priv.h"

union ioctl_arg {
	struct peer_mem_info info;
	struct peer_mem_query query;
	struct peer_mem_reach reach;
	struct peer_mem_refusal refusal;
	struct peer_mem_stats stats;
	struct peer_mem_export_call export;
};

static int ioctl_info(struct peer_mem_info *info)
{
	if (info->flags || info->reserved)
		return -EINVAL;
	info->abi_version = PEER_MEM_ABI_VERSION;
	info->capabilities = PEER_MEM_CAP_QUERY | PEER_MEM_CAP_REACH |
			     PEER_MEM_CAP_REFUSAL | PEER_MEM_CAP_DMABUF |
			     PEER_MEM_CAP_STATS;
	return 0;
}

/* Sizes of the first version: what a caller must give at the least. */
#define IOCTL(cmd, type, member, fn, ...)				\
	[_IOC_NR(cmd)] = {						\
		.number = cmd,						\
		.known_size = sizeof(struct type),			\
		.min_size = offsetofend(struct type, member),		\
		.run = fn,						\
		__VA_ARGS__						\
	}

struct ioctl_op {
	unsigned int number;
	u32 known_size;
	u32 min_size;
	int (*run)(void *arg);
	void (*end)(void *arg, int err);	/* optional: it was copied, or not */
};

static int run_info(void *arg) { return ioctl_info(arg); }
static int run_query(void *arg) { return peer_mem_ioctl_query(arg); }
static int run_reach(void *arg) { return peer_mem_ioctl_reach(arg); }
static int run_refusal(void *arg) { return peer_mem_ioctl_refusal(arg); }
static int run_stats(void *arg) { return peer_mem_ioctl_stats(arg); }
static int run_export(void *arg) { return peer_mem_ioctl_export(arg); }
static void end_export(void *arg, int err) { peer_mem_ioctl_export_end(arg, err); }

static const struct ioctl_op ops[] = {
	IOCTL(PEER_MEM_INFO, peer_mem_info, capabilities, run_info),
	IOCTL(PEER_MEM_QUERY, peer_mem_query, exporter, run_query),
	IOCTL(PEER_MEM_REACH, peer_mem_reach, why, run_reach),
	IOCTL(PEER_MEM_REFUSAL, peer_mem_refusal, text, run_refusal),
	IOCTL(PEER_MEM_EXPORT, peer_mem_export, offset, run_export,
	      .end = end_export),
	IOCTL(PEER_MEM_STATS, peer_mem_stats, name, run_stats),
};

static long peer_mem_ioctl(struct file *file, unsigned int cmd,
			   unsigned long uarg)
{
	void __user *user = (void __user *)uarg;
	const struct ioctl_op *op;
	union ioctl_arg arg;
	u32 size;
	int ret;

	if (_IOC_TYPE(cmd) != PEER_MEM_IOC || _IOC_NR(cmd) >= ARRAY_SIZE(ops))
		return -ENOTTY;
	op = &ops[array_index_nospec(_IOC_NR(cmd), ARRAY_SIZE(ops))];
	/* the size in the number may differ between versions, nothing else */
	if ((cmd ^ op->number) & ~(_IOC_SIZEMASK << _IOC_SIZESHIFT))
		return -ENOTTY;
	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < op->min_size)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;	/* no caller is that new */
	memset(&arg, 0, sizeof(arg));
	ret = copy_struct_from_user(&arg, op->known_size, user, size);
	if (ret)
		return ret;
	ret = op->run(&arg);
	if (ret)
		return ret;
	if (copy_to_user(user, &arg, min(size, op->known_size)))
		ret = -EFAULT;
	if (op->end)
		op->end(&arg, ret);
	return ret;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = peer_mem_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "peer_mem",
	.fops = &fops,
	/* answers only about the caller's own memory, PCI routes and its user */
	.mode = 0666,
};

int peer_mem_chardev_init(void)
{
	return misc_register(&device);
}

void peer_mem_chardev_exit(void)
{
	misc_deregister(&device);
	peer_mem_refusals_forget();
}
