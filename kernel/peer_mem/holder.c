// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who else keeps a pin alive? A memory region lives as long as the file through
 * which it was registered, and a fork or a socket gives that file to processes
 * that nobody ever heard of. So a pin remembers its file, to compare and never
 * to follow: it holds no reference, and while the pin is there the file is.
 *
 * Or so it should be: a thread may put another file under the descriptor while
 * the system call runs, one that strangers have open too, or that goes and leaves
 * its address to another. What follows from that must stay the program's own
 * affair. So only processes are killed that it could have killed itself, and the
 * credentials that the file was opened with, which are referenced, are compared.
 */
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/pci.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>

#include <asm/syscall.h>

#include "peer_mem_priv.h"

void peer_mem_via_get(struct peer_mem_via *via)
{
	unsigned long args[6];
	struct file *file;

	if (current->flags & (PF_KTHREAD | PF_IO_WORKER) || !current->files)
		return;
	/* ioctl() and write(), the ways to register, begin with the descriptor */
	syscall_get_arguments(current, current_pt_regs(), args);
	file = fget(args[0]);
	if (!file)
		return;
	if (S_ISCHR(file_inode(file)->i_mode)) {
		via->file = file;
		via->cred = get_cred(file->f_cred);
		via->owner = get_current_cred();
	}
	fput(file);
}

void peer_mem_via_put(struct peer_mem_via *via)
{
	put_cred(via->cred);
	put_cred(via->owner);
	*via = (struct peer_mem_via){};
}

static int is_via(const void *arg, struct file *file, unsigned int fd)
{
	const struct peer_mem_via *via = arg;

	return file == via->file && file->f_cred == via->cred;
}

static bool has_file(struct task_struct *task, const struct peer_mem_via *via)
{
	bool ret;

	task_lock(task);
	ret = task->files && iterate_fd(task->files, 0, is_via, via);
	task_unlock(task);
	return ret;
}

/*
 * As for kill(2), of whoever made the pin, who kills nobody outside of his pid
 * namespace. Nobody kills init.
 */
static bool may_kill(const struct peer_mem_pin *pin, struct task_struct *task)
{
	const struct cred *cred = __task_cred(task), *owner = pin->via.owner;

	if (is_global_init(task) || task->flags & PF_KTHREAD ||
	    !task_pid_nr_ns(task, ns_of_pid(pin->owner)))
		return false;
	return uid_eq(owner->euid, cred->suid) ||
	       uid_eq(owner->euid, cred->uid) ||
	       uid_eq(owner->uid, cred->suid) ||
	       uid_eq(owner->uid, cred->uid) ||
	       (owner->user_ns == &init_user_ns &&
		cap_raised(owner->cap_effective, CAP_KILL));
}

/* Most threads have the descriptors of the one before, which were looked at. */
static bool is_seen(const struct task_struct *task,
		    const struct task_struct *before)
{
	return before && task->signal == before->signal &&
	       READ_ONCE(task->files) == READ_ONCE(before->files);
}

static void kill_who_has(const struct peer_mem_region *region,
			 const struct peer_mem_pin *pin)
{
	struct task_struct *process, *task, *before = NULL;

	rcu_read_lock();
	for_each_process_thread(process, task) {
		/* one thread dies, all do; a dying one may still have it */
		if (is_seen(task, before) || fatal_signal_pending(task) ||
		    READ_ONCE(task->signal->flags) & SIGNAL_GROUP_EXIT ||
		    !may_kill(pin, task))
			continue;
		before = task;
		if (!has_file(task, &pin->via))
			continue;
		pci_warn(region->desc.pdev,
			 "peer_mem: BAR %d is revoked: killing process %d, which has the file that holds registrations of it\n",
			 region->desc.bar, task_tgid_nr(task));
		send_sig(SIGKILL, task, 1);
		peer_mem_count(&peer_mem_stats, PEER_STAT_revoke_kills, 1);
	}
	rcu_read_unlock();
}

/* A pin whose file was not looked for yet; all pins that file holds are marked. */
static const struct peer_mem_pin *next_held(struct peer_mem_region *region)
{
	const struct peer_mem_pin *held = NULL;
	struct peer_mem_pin *pin;

	lockdep_assert_held(&region->map_lock);
	list_for_each_entry(pin, &region->pins, node) {
		if (pin->via.asked || pin->dma.fenced || pin->dma.waived)
			continue;
		if (!held)
			held = pin;
		if (pin->via.file == held->via.file &&
		    pin->via.owner == held->via.owner &&
		    pin->owner == held->owner)
			pin->via.asked = true;
	}
	return held;
}

/*
 * No pin leaves the list meanwhile, and so no file goes that one remembers; none
 * joins, the region is revoked. Who forks meanwhile is found the next time.
 */
void peer_mem_kill_holders(struct peer_mem_region *region)
{
	const struct peer_mem_pin *held;
	struct peer_mem_pin *pin;

	mutex_lock(&region->map_lock);
	list_for_each_entry(pin, &region->pins, node)
		pin->via.asked = !pin->via.file;
	while ((held = next_held(region)))
		kill_who_has(region, held);
	mutex_unlock(&region->map_lock);
}
