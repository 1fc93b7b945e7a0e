// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A range of device memory as a dma-buf. */
#include <errno.h>
#include <string.h>

#include "explain.h"

static int export_failed(struct ibvx *x, struct attempt *attempt, struct ibvx_error *err)
{
	if (attempt->error == -ENOTTY)
		return fail(err, -EOPNOTSUPP,
			    "peer_mem is of an older release than this library and makes no dma-bufs: install peer-mem-dkms of the same release");
	if (explain_refusal(x, attempt, err) != -ENOENT)
		return attempt->error;
	return fail(err, attempt->error, "no dma-buf of %zu bytes at %p: %s", attempt->length,
		    attempt->addr, strerror(-attempt->error));
}

IBVX_EXPORT int ibvx_export(struct ibvx *x, const void *addr, size_t length, unsigned int flags,
			    int *fd_p, uint64_t *offset_p, struct ibvx_error *err)
{
	struct peer_mem_export arg = {
		.size = sizeof(arg),
		.flags = PEER_MEM_EXPORT_CLOEXEC,
		.va = (uintptr_t)addr,
		.len = length,
	};
	struct attempt attempt;

	fail_clear(err);
	if (flags & ~IBVX_EXPORT_READ_ONLY)
		return fail(err, -EINVAL, "flags 0x%x are not known", flags);
	if (!(flags & IBVX_EXPORT_READ_ONLY))
		arg.flags |= PEER_MEM_EXPORT_WRITE;
	attempt_begin(&attempt, addr, length);
	attempt.error = ibvx_ioctl(x, PEER_MEM_EXPORT, &arg);
	if (attempt.error)
		return export_failed(x, &attempt, err);
	*fd_p = arg.fd;
	*offset_p = arg.offset;
	return 0;
}
