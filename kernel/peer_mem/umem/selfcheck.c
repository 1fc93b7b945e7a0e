// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proof at load time, on the running kernel: the hooks fire, ordinary memory
 * passes through them to the original, and a device mapping is taken out of the
 * original's hands. A module that cannot show this does not stay.
 *
 * The checks call the exported ib_umem_get with a device that exists nowhere
 * but here: it has no dma_device, so nothing is mapped for DMA, and no name, so
 * the refusal that check_peer() provokes is not logged.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "peer_umem.h"

/* Odd enough that neither the original nor we would return it by accident. */
#define PROBE_ERR	-ESTALE

static const struct vm_operations_struct probe_vm_ops;

static int probe_get_extents(struct vm_area_struct *vma, unsigned long addr,
			     size_t len, bool write,
			     struct peer_mem_sink *sink)
{
	return PROBE_ERR;
}

static const struct peer_vm_ops probe_ops = {
	.owner = THIS_MODULE,
	.name = "peer_umem self-check",
	.get_extents = probe_get_extents,
};

static int probe_mmap(struct file *file, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &probe_vm_ops;
	return 0;
}

static const struct file_operations probe_fops = {
	.owner = THIS_MODULE,
	.mmap = probe_mmap,
};

static struct ib_umem *probe_get(struct ib_device *device, unsigned long va)
{
#ifdef PEER_HAVE_UMEM_GET_DESC
	return ib_umem_get_va(device, va, PAGE_SIZE, IB_ACCESS_LOCAL_WRITE);
#else
	return ib_umem_get(device, va, PAGE_SIZE, IB_ACCESS_LOCAL_WRITE);
#endif
}

static int check_ordinary(struct ib_device *device)
{
	struct ib_umem *umem;
	unsigned long va;
	int ret = 0;

	va = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (IS_ERR_VALUE(va))
		return va;
	umem = probe_get(device, va);
	if (IS_ERR(umem)) {
		pr_err("self-check: ordinary memory no longer registers (%pe)\n",
		       umem);
		ret = PTR_ERR(umem);
	} else if (umem->address != va || umem->sgt_append.sgt.orig_nents != 1 ||
		   peer_umem_is_ours(umem)) {
		pr_err("self-check: ordinary memory was not left to ib_core\n");
		ret = -EINVAL;
	}
	if (!IS_ERR(umem))
		ib_umem_release(umem);
	vm_munmap(va, PAGE_SIZE);

	if (!ret && (peer_umem_probe_hits[PEER_UMEM_HOOK_GET] != 1 ||
		     peer_umem_probe_hits[PEER_UMEM_HOOK_RELEASE] != 1)) {
		pr_err("self-check: the hooks do not fire (get %u, release %u, expected 1 and 1)\n",
		       peer_umem_probe_hits[PEER_UMEM_HOOK_GET],
		       peer_umem_probe_hits[PEER_UMEM_HOOK_RELEASE]);
		ret = -ENXIO;
	}
	return ret;
}

static int check_peer(struct ib_device *device)
{
	struct ib_umem *umem;
	struct file *file;
	unsigned long va;
	int ret = 0;

	file = anon_inode_getfile("[peer_umem]", &probe_fops, NULL, O_RDWR);
	if (IS_ERR(file))
		return PTR_ERR(file);
	va = vm_mmap(file, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	if (IS_ERR_VALUE(va)) {
		__fput_sync(file);
		return va;
	}
	umem = probe_get(device, va);
	if (umem == ERR_PTR(-ENOMEM) || umem == ERR_PTR(-EINTR)) {
		ret = PTR_ERR(umem);
	} else if (umem != ERR_PTR(PROBE_ERR)) {
		pr_err("self-check: a device mapping did not reach peer_mem (%pe)\n",
		       umem);
		if (!IS_ERR_OR_NULL(umem))
			ib_umem_release(umem);
		ret = -ENXIO;
	}
	/*
	 * A load that fails frees the module whatever holds it, so the last
	 * reference to the file must be ours and go here, not in task work. And
	 * if a kill keeps the mapping in place, the module must stay with it.
	 */
	if (vm_munmap(va, PAGE_SIZE))
		ret = 0;
	__fput_sync(file);
	return ret;
}

int peer_umem_selfcheck(void)
{
	struct ib_device *device;
	int ret;

	if (!current->mm) {
		pr_err("self-check: load the module from a process, not from a kernel thread\n");
		return -EINVAL;
	}
	device = kzalloc(sizeof(*device), GFP_KERNEL);
	if (!device)
		return -ENOMEM;
	ret = peer_vm_ops_register(&probe_vm_ops, &probe_ops);
	if (ret)
		goto out_device;

	memset(peer_umem_probe_hits, 0, sizeof(peer_umem_probe_hits));
	WRITE_ONCE(peer_umem_probe_task, current);
	ret = check_ordinary(device);
	if (!ret)
		ret = check_peer(device);
	WRITE_ONCE(peer_umem_probe_task, NULL);

	peer_vm_ops_unregister(&probe_vm_ops);
out_device:
	kfree(device);
	return ret;
}
