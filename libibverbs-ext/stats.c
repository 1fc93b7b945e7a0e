// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The kernel modules' counters, one by one. */
#include <errno.h>
#include <string.h>

#include "priv.h"

IBVX_EXPORT int ibvx_stats(struct ibvx *x, unsigned int index, struct ibvx_stat *stat, size_t size)
{
	struct peer_mem_stats arg = { .size = sizeof(arg), .index = index };
	struct ibvx_stat out = { 0 };
	int ret;

	if (!size)
		return -EINVAL;
	ret = ibvx_ioctl(x, PEER_MEM_STATS, &arg);
	if (ret)
		return ret;
	_Static_assert(sizeof(out.name) == sizeof(arg.name), "name of a counter");
	memcpy(out.name, arg.name, sizeof(out.name) - 1);
	out.value = arg.value;
	ibvx_copy_out(stat, size, &out, sizeof(out));
	return 0;
}
