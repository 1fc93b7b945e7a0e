// SPDX-License-Identifier: GPL-2.0-only
/*
 * PEER_MEM_REFUSAL: why was it refused? The newest refusals, kept beyond the
 * process that met them, because it usually prints "Couldn't allocate MR" and
 * exits.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <uapi/linux/peer_mem.h>

#include "ioctl.h"
#include "peer_mem_priv.h"

#define NR_KEPT	128

struct kept {
	kuid_t uid;
	struct pid *pid;	/* referenced; its numbers outlive the process */
	time64_t when;		/* boot time, seconds */
	struct peer_mem_refusal refusal;
};

static DEFINE_SPINLOCK(kept_lock);
static struct kept kept[NR_KEPT];	/* kept_lock; a ring */
static u64 nr_ever;			/* kept_lock */

void peer_mem_refusal_keep(const struct peer_mem_pin_args *args, int err,
			   const char *text)
{
	struct pid *old;
	struct kept *k;

	spin_lock(&kept_lock);
	k = &kept[nr_ever++ % NR_KEPT];
	old = k->pid;
	*k = (struct kept){
		.uid = current_uid(),
		.pid = get_pid(task_tgid(current)),
		.when = ktime_get_boottime_seconds(),
		.refusal = {
			.error = err,
			.va = args->va,
			.len = args->len,
		},
	};
	strscpy(k->refusal.comm, current->comm);
	strscpy(k->refusal.text, text);
	spin_unlock(&kept_lock);
	put_pid(old);
}

void peer_mem_refusals_forget(void)
{
	unsigned int i;

	for (i = 0; i < NR_KEPT; i++) {
		put_pid(kept[i].pid);
		kept[i].pid = NULL;
	}
}

/* As the caller counts processes; 0: he cannot see it. */
static s32 number_of(const struct kept *k)
{
	return pid_nr_ns(k->pid, task_active_pid_ns(current));
}

static bool matches(const struct kept *k, s32 pid, bool see_all)
{
	return (!pid || number_of(k) == pid) &&
	       (see_all || uid_eq(k->uid, current_uid()));
}

/* The @index-th newest that matches. */
static const struct kept *find_locked(u32 index, s32 pid, bool see_all)
{
	u64 i, nr = min_t(u64, nr_ever, NR_KEPT);
	const struct kept *k;

	lockdep_assert_held(&kept_lock);
	for (i = 1; i <= nr; i++) {
		k = &kept[(nr_ever - i) % NR_KEPT];
		if (matches(k, pid, see_all) && !index--)
			return k;
	}
	return NULL;
}

int peer_mem_ioctl_refusal(struct peer_mem_refusal *arg)
{
	const u32 size = arg->size, index = arg->index;
	const bool see_all = ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN);
	const struct kept *k;
	int ret = -ENOENT;

	if (arg->flags || arg->reserved)
		return -EINVAL;
	spin_lock(&kept_lock);
	k = find_locked(index, arg->pid, see_all);
	if (k) {
		*arg = k->refusal;
		arg->size = size;
		arg->index = index;
		arg->pid = number_of(k);
		arg->seconds_ago = ktime_get_boottime_seconds() - k->when;
		ret = 0;
	}
	spin_unlock(&kept_lock);
	return ret;
}
