// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which driver answers for a VMA: vm_operations_struct -> hook.
 *
 * In-tree this would be one more member of vm_operations_struct; on a stock
 * kernel the table's address is the key. Lookups hold a reference on the entry
 * instead of a lock, because a hook may sleep, and unregistration waits for the
 * last of them.
 */
#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/refcount.h>
#include <linux/slab.h>

#include "peer_mem_priv.h"

struct peer_vm_hook {
	struct list_head node;
	const struct vm_operations_struct *vm_ops;
	const struct peer_vm_ops *ops;
	refcount_t users;		/* 1 for being registered */
	struct completion idle;		/* users reached 0 */
	struct rcu_head rcu;
};

static DEFINE_MUTEX(registry_lock);
static LIST_HEAD(registry);		/* registry_lock; read under RCU */

static struct peer_vm_hook *find(const struct vm_operations_struct *vm_ops)
{
	struct peer_vm_hook *hook;

	list_for_each_entry_rcu(hook, &registry, node,
				lockdep_is_held(&registry_lock))
		if (hook->vm_ops == vm_ops)
			return hook;
	return NULL;
}

struct peer_vm_hook *peer_vm_hook_get(const struct vm_operations_struct *vm_ops)
{
	struct peer_vm_hook *hook;

	rcu_read_lock();
	hook = find(vm_ops);
	if (hook && !refcount_inc_not_zero(&hook->users))
		hook = NULL;
	rcu_read_unlock();
	return hook;
}

void peer_vm_hook_put(struct peer_vm_hook *hook)
{
	if (refcount_dec_and_test(&hook->users))
		complete(&hook->idle);
}

const struct peer_vm_ops *peer_vm_hook_ops(const struct peer_vm_hook *hook)
{
	return hook->ops;
}

int peer_vm_ops_register(const struct vm_operations_struct *vm_ops,
			 const struct peer_vm_ops *ops)
{
	struct peer_vm_hook *hook;
	int ret = 0;

	if (!vm_ops || !ops || !ops->name || !ops->get_extents)
		return -EINVAL;
	hook = kzalloc(sizeof(*hook), GFP_KERNEL);
	if (!hook)
		return -ENOMEM;
	hook->vm_ops = vm_ops;
	hook->ops = ops;
	refcount_set(&hook->users, 1);
	init_completion(&hook->idle);

	mutex_lock(&registry_lock);
	if (find(vm_ops))
		ret = -EEXIST;
	else
		list_add_rcu(&hook->node, &registry);
	mutex_unlock(&registry_lock);
	if (ret)
		kfree(hook);
	return ret;
}
EXPORT_SYMBOL_GPL(peer_vm_ops_register);

void peer_vm_ops_unregister(const struct vm_operations_struct *vm_ops)
{
	struct peer_vm_hook *hook;

	mutex_lock(&registry_lock);
	hook = find(vm_ops);
	if (hook)
		list_del_rcu(&hook->node);
	mutex_unlock(&registry_lock);
	if (!hook)
		return;

	peer_vm_hook_put(hook);
	wait_for_completion(&hook->idle);
	kfree_rcu(hook, rcu);
}
EXPORT_SYMBOL_GPL(peer_vm_ops_unregister);
