// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ib_umem extension: ftrace takes the call at the first instruction of the
 * function and, if it is ours, lets it continue in a function of this module
 * (IPMODIFY, as livepatch does). In-tree these would be two branches in umem.c.
 *
 * - An ordinary call pays the trampoline and one VMA look-up, and goes on in the
 *   original: it never runs code of ours that could sleep.
 * - When the look-up cannot tell (several VMAs, contention), the slow half looks
 *   again under mmap_lock and then calls the original itself, by a direct call
 *   of an exported symbol (an indirect one would need an ENDBR that objtool may
 *   have sealed) and marked PEER_UMEM_BYPASS.
 * - FTRACE_OPS_FL_PERMANENT: nobody turns the hook off behind our back. Kernels
 *   that still let kernel.ftrace_enabled be set to 0 refuse it while we are
 *   loaded; since 7.3 none do.
 */
#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>
#include <linux/wait_bit.h>

#include "../compat/compat.h"
#include "peer_umem.h"

/*
 * Calls that were redirected and have not finished. Counted in the handler,
 * before the redirection, so that unloading sees a call from its first
 * instruction on; see peer_umem_hooks_remove() for its last ones.
 */
static atomic_t redirected = ATOMIC_INIT(0);

struct task_struct *peer_umem_probe_task;
unsigned int peer_umem_probe_hits[PEER_UMEM_NR_HOOKS];

static void redirect(struct ftrace_regs *fregs, void *to)
{
	atomic_inc(&redirected);
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)to);
}

/* After this the caller only returns. */
static void redirect_done(void)
{
	if (atomic_dec_and_test(&redirected))
		wake_up_var(&redirected);
}

/*
 * Until the self-check has passed nobody but it is redirected: a module that does
 * not stay must have no umem of its own out there.
 */
static bool active;

static bool is_served(void)
{
	return READ_ONCE(active) || READ_ONCE(peer_umem_probe_task) == current;
}

static void probe_hit(enum peer_umem_hook_id id)
{
	if (unlikely(READ_ONCE(peer_umem_probe_task) == current))
		peer_umem_probe_hits[id]++;
}

#define SPECIAL_VMA	(VM_IO | VM_PFNMAP | VM_MIXEDMAP)

/* True when the whole range lies in one VMA that cannot be peer memory. */
static __always_inline bool surely_ordinary(unsigned long addr, size_t size)
{
	return !current->mm ||
	       peer_vma_lacks(current->mm, untagged_addr(addr), size,
			      SPECIAL_VMA);
}

/* ---- ib_umem_get ---- */

#ifdef PEER_HAVE_UMEM_GET_DESC
static struct ib_umem *native_get(struct ib_device *device, unsigned long addr,
				  size_t size, int access)
{
	const struct ib_uverbs_buffer_desc desc = {
		.type = IB_UVERBS_BUFFER_TYPE_VA,
		.addr = addr,
		.length = size,
	};

	return ib_umem_get_desc(device, &desc, access | PEER_UMEM_BYPASS);
}
#else
static struct ib_umem *native_get(struct ib_device *device, unsigned long addr,
				  size_t size, int access)
{
	return ib_umem_get(device, addr, size, access | PEER_UMEM_BYPASS);
}
#endif

static struct ib_umem *slow_get(struct ib_device *device, unsigned long addr,
				size_t size, int access)
{
	struct ib_umem *umem;

	umem = peer_umem_pin(device, addr, size, access);
	if (!umem)
		umem = native_get(device, addr, size, access);
	redirect_done();
	return umem;
}

static __always_inline void on_get(struct ftrace_regs *fregs)
{
	unsigned long addr = ftrace_regs_get_argument(fregs, 1);
	size_t size = ftrace_regs_get_argument(fregs, 2);
	int access = ftrace_regs_get_argument(fregs, 3);

	if (access & PEER_UMEM_BYPASS)
		return;
	probe_hit(PEER_UMEM_HOOK_GET);
	peer_mem_count(&peer_umem_stats, PEER_UMEM_STAT_hook_get_seen, 1);
	if (likely(surely_ordinary(addr, size)) || !is_served())
		return;
	peer_mem_count(&peer_umem_stats, PEER_UMEM_STAT_hook_get_slow, 1);
	redirect(fregs, slow_get);
}

/* ---- ib_umem_release ---- */

static void our_release(struct ib_umem *umem)
{
	peer_umem_unpin(umem);
	redirect_done();
}

static __always_inline void on_release(struct ftrace_regs *fregs)
{
	struct ib_umem *umem = (void *)ftrace_regs_get_argument(fregs, 0);

	probe_hit(PEER_UMEM_HOOK_RELEASE);
	if (likely(!peer_umem_is_ours(umem)))
		return;
	peer_mem_count(&peer_umem_stats, PEER_UMEM_STAT_hook_release_ours, 1);
	redirect(fregs, our_release);
}

/* ---- ib_umem_odp_get: only to refuse with a reason ---- */

static struct ib_umem_odp *slow_odp_get(struct ib_device *device,
					unsigned long addr, size_t size,
					int access,
					const struct mmu_interval_notifier_ops *ops)
{
	struct ib_umem_odp *umem_odp;
	int ret;

	ret = peer_umem_check_odp(device, addr, size, access);
	if (ret)
		umem_odp = ERR_PTR(ret);
	else
		umem_odp = ib_umem_odp_get(device, addr, size,
					   access | PEER_UMEM_BYPASS, ops);
	redirect_done();
	return umem_odp;
}

static __always_inline void on_odp_get(struct ftrace_regs *fregs)
{
	unsigned long addr = ftrace_regs_get_argument(fregs, 1);
	int access = ftrace_regs_get_argument(fregs, 3);

	if (access & PEER_UMEM_BYPASS)
		return;
	/* an ODP range may have holes: only its first page is looked at */
	if (likely(surely_ordinary(addr, 1)) || !is_served())
		return;
	peer_mem_count(&peer_umem_stats, PEER_UMEM_STAT_hook_odp_slow, 1);
	redirect(fregs, slow_odp_get);
}

/* ---- install and remove ---- */

/* An ftrace site lies at most behind what its function begins with (an ENDBR). */
#define SITE_RANGE	16

static __always_inline bool is_site_of(unsigned long ip, unsigned long function)
{
	return ip - function < SITE_RANGE;
}

/*
 * The getter has no address that we could ask for, so it is what the two others
 * are not; that this is right, the self-check finds out.
 */
static void notrace on_call(unsigned long ip, unsigned long parent_ip,
			    struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	if (is_site_of(ip, (unsigned long)ib_umem_release))
		on_release(fregs);
	else if (is_site_of(ip, (unsigned long)ib_umem_odp_get))
		on_odp_get(fregs);
	else
		on_get(fregs);
}

/* One for all: each that is taken out waits for every task in the system. */
static struct ftrace_ops hook_ops = {
	.func = on_call,
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT |
		 FTRACE_OPS_FL_SAVE_ARGS,
};

static bool installed;

/* Since 7.2 every getter ends in the static function. */
static const char *const get_names[] = { "__ib_umem_get_va", "ib_umem_get", NULL };
static const char *const release_names[] = { "ib_umem_release", NULL };
static const char *const odp_names[] = { "ib_umem_odp_get", NULL };

/* Enter the first of @names that is an ftrace site; all have one signature. */
static int add_site(const char *const *names, bool first)
{
	char name[32];
	int ret = -ENOENT;

	for (; ret && ret != -ENOMEM && *names; names++) {
		/* ftrace_set_filter() splits the string in place */
		strscpy(name, *names);
		ret = ftrace_set_filter(&hook_ops, name, strlen(name), first);
	}
	return ret;
}

static int install(bool with_odp)
{
	int ret;

	ret = add_site(get_names, true);
	if (!ret)
		ret = add_site(release_names, false);
	if (!ret && with_odp)
		ret = add_site(odp_names, false);
	/* with nothing in the filter it would be every function */
	if (!ret)
		ret = register_ftrace_function(&hook_ops);
	if (ret)
		ftrace_free_filter(&hook_ops);
	else
		installed = true;
	return ret;
}

/*
 * ftrace cannot take a hook out after it has found itself broken. Then our code
 * must never go: better a module that cannot be unloaded than a jump into freed
 * memory at the next registration. The hook itself goes on working.
 */
static void uninstall_or_stay(void)
{
	int ret = unregister_ftrace_function(&hook_ops);

	if (!ret)
		return;
	pr_emerg("ftrace does not release ib_umem_get and ib_umem_release (%d): this module cannot be unloaded\n",
		 ret);
	for (;;)
		ssleep(3600);
}

/*
 * All sites go at the same time: no umem of ours is out there any more, and none
 * is made, since each has to take a reference on the module.
 */
void peer_umem_hooks_remove(void)
{
	WRITE_ONCE(active, false);
	if (installed) {
		uninstall_or_stay();
		ftrace_free_filter(&hook_ops);
		installed = false;
	}
	/*
	 * No new call is redirected now. Those that were may sleep in our code:
	 * wait for them, and then until every task that was between its
	 * redirect_done() and its return, or that was preempted before its first
	 * instruction, has left.
	 */
	wait_var_event(&redirected, !atomic_read(&redirected));
	synchronize_rcu_tasks();
}

void peer_umem_hooks_activate(void)
{
	WRITE_ONCE(active, true);
}

int peer_umem_hooks_install(void)
{
	int odp = install(true), ret;

	if (!odp)
		return 0;
	ret = install(false);
	if (!ret) {
		pr_warn("cannot hook ib_umem_odp_get (%d): it stays as it is, device memory is not refused there\n",
			odp);
		return 0;
	}
	pr_err("cannot hook ib_umem_get and ib_umem_release (%d)%s; not loaded\n", ret,
	       ret == -ENOMEM ? "" :
	       ret == -EBUSY  ? ": a livepatch or another module has one, or kernel.ftrace_enabled is 0" :
				": this kernel does not trace them (CONFIG_DYNAMIC_FTRACE_WITH_ARGS, not inlined)");
	return ret;
}
