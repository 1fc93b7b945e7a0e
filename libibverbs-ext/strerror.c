// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What an errno means here; the kernel's own sentence is always better. */
#include <errno.h>
#include <stddef.h>

#include "priv.h"

static const struct {
	int error;
	const char *text;
} meanings[] = {
	{ 0, "no error" },
	{ EINVAL, "the range is empty or overflows, or its mapping is private (copy on write)" },
	{ EFAULT, "part of the range is not mapped, or it is device memory and peer_umem is not loaded" },
	{ EMEDIUMTYPE, "host memory and device memory in one range: register them separately" },
	{ EXDEV, "memory of two BARs in one range: register each separately" },
	{ EACCES, "the mapping lacks a right that the access flags need, or no permission on a file" },
	{ EOPNOTSUPP, "this NIC cannot use this memory, or on-demand paging was asked for: `peer_mem why` tells which" },
	{ ENODEV, "the device is not there, is being unbound, or its memory was revoked" },
	{ EREMOTEIO, "no route from the NIC to the device that the kernel allows: see `peer_mem topo`" },
	{ EAGAIN, "the mapping changed while it was looked at: try again" },
	{ ENOSPC, "no room in the IOMMU's address space: register smaller ranges" },
	{ ENOMEM, "out of memory, or RLIMIT_MEMLOCK is too low for ordinary memory" },
	{ EPERM, "not permitted; for ordinary memory: is RLIMIT_MEMLOCK too low?" },
	{ ENOENT, "it does not exist: is the module loaded, is the memory offered?" },
	{ ENXIO, "the function has no such BAR, or it is ordinary memory, of which peer_mem makes no dma-buf" },
	{ EBADF, "the descriptor is no dma-buf" },
	{ ERANGE, "the BAR lies above the addresses that the NIC can produce" },
	{ E2BIG, "too much at once for soft-RoCE: at most 1 GiB" },
	{ EBUSY, "somebody else has it: see `peer_mem list`" },
	{ EPROTONOSUPPORT, "library and kernel module are of different releases" },
};

IBVX_EXPORT const char *ibvx_strerror(int error)
{
	if (error < 0)
		error = -error;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].error == error)
			return meanings[i].text;
	return "see errno(3)";
}
