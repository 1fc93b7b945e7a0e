// SPDX-License-Identifier: GPL-2.0-only
/* PEER_MEM_STATS: the counters of all modules, one a call. */
#include <uapi/linux/peer_mem.h>

#include "ioctl.h"
#include "peer_mem_priv.h"

int peer_mem_ioctl_stats(struct peer_mem_stats *stats)
{
	if (stats->flags || stats->reserved)
		return -EINVAL;
	return peer_mem_counters_read(stats->index, stats->name,
				      sizeof(stats->name), &stats->value);
}
