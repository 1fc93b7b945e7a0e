/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of peer_umem.ko share.
 *
 * hook.c decides, for every call of ib_umem_get*, ib_umem_release and
 * ib_umem_odp_get in the system, whether it is ours; umem.c makes and releases
 * the umems; selfcheck.c proves at load that the hooks fire.
 */
#ifndef PEER_UMEM_H
#define PEER_UMEM_H

#undef pr_fmt
#define pr_fmt(fmt) "peer_umem: " fmt

#include <rdma/ib_umem.h>
#include <rdma/ib_umem_odp.h>
#include <rdma/ib_verbs.h>

#include "../peer_mem.h"

/*
 * "Already looked at": set in the access flags when we call the original, so
 * that the hook lets that very call pass. It travels with the call, which makes
 * recursion impossible whatever the compiler does to call frames. ib_core never
 * tests the bit, and users cannot set it (IB_ACCESS_SUPPORTED).
 */
#define PEER_UMEM_BYPASS	BIT(30)

#define PEER_UMEM_STATS(S)						\
	S(live_umems)							\
	S(umems)							\
	S(hook_get_seen)						\
	S(hook_get_slow)						\
	S(hook_release_ours)						\
	S(hook_odp_slow)

enum peer_umem_stat {
#define S(name) PEER_UMEM_STAT_##name,
	PEER_UMEM_STATS(S)
#undef S
	PEER_UMEM_NR_STATS
};

extern struct peer_mem_counters peer_umem_stats;

/* ---- umem.c ---- */

/*
 * The umem for @addr if the range is peer memory: NULL if it is not (use the
 * original), or ERR_PTR of a refusal.
 */
struct ib_umem *peer_umem_pin(struct ib_device *device, unsigned long addr,
			      size_t size, int access);

/* As above for on-demand paging, which is only ever refused or not ours. */
int peer_umem_check_odp(struct ib_device *device, unsigned long addr,
			size_t size, int access);

/* Is it one of ours? Any pointer is allowed; any context. */
bool peer_umem_is_ours(const struct ib_umem *umem);
void peer_umem_unpin(struct ib_umem *umem);

int peer_umem_table_init(void);
void peer_umem_table_exit(void);

/* ---- hook.c ---- */

/* Installed, they serve the probe task only; active, everybody. */
int peer_umem_hooks_install(void);
void peer_umem_hooks_activate(void);
void peer_umem_hooks_remove(void);

/*
 * The hooks count the calls of one task for the self-check. Set before, clear
 * after; peer_umem_probe_hits is only written by that task.
 */
enum peer_umem_hook_id {
	PEER_UMEM_HOOK_GET,
	PEER_UMEM_HOOK_RELEASE,
	PEER_UMEM_NR_HOOKS
};

extern struct task_struct *peer_umem_probe_task;
extern unsigned int peer_umem_probe_hits[PEER_UMEM_NR_HOOKS];

/* ---- selfcheck.c ---- */

int peer_umem_selfcheck(void);

#endif
