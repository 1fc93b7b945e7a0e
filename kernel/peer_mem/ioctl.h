/* SPDX-License-Identifier: GPL-2.0-only */
/* Handlers of /dev/peer_mem, one file each. All may sleep. */
#ifndef PEER_MEM_IOCTL_H
#define PEER_MEM_IOCTL_H

struct peer_mem_query;
struct peer_mem_reach;
struct peer_mem_refusal;
struct peer_mem_stats;

int peer_mem_ioctl_query(struct peer_mem_query *query);
int peer_mem_ioctl_reach(struct peer_mem_reach *reach);
int peer_mem_ioctl_refusal(struct peer_mem_refusal *refusal);
int peer_mem_ioctl_stats(struct peer_mem_stats *stats);

#endif
