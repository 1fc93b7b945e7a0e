// SPDX-License-Identifier: GPL-2.0-only
/*
 * PEER_MEM_EXPORT: a range of the calling process as a dma-buf. The descriptor is
 * reserved first and installed last: once it is in the table it cannot be taken
 * back.
 */
#include <linux/dma-buf.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <uapi/linux/peer_mem.h>

#include "ioctl.h"
#include "peer_mem_priv.h"

#define KNOWN_FLAGS	(PEER_MEM_EXPORT_WRITE | PEER_MEM_EXPORT_CLOEXEC)

int peer_mem_ioctl_export(struct peer_mem_export_call *call)
{
	struct peer_mem_export *arg = &call->arg;
	struct peer_mem_pin_args args = {
		.va = arg->va,
		.len = arg->len,
		.flags = PEER_MEM_PIN_EXPORT,
		.consumer = "dma-buf",
	};
	int fd;

	if (arg->flags & ~KNOWN_FLAGS || arg->reserved)
		return -EINVAL;
	if (arg->flags & PEER_MEM_EXPORT_WRITE)
		args.flags |= PEER_MEM_PIN_WRITE;
	fd = get_unused_fd_flags(arg->flags & PEER_MEM_EXPORT_CLOEXEC ?
					 O_CLOEXEC : 0);
	if (fd < 0)
		return fd;
	call->dmabuf = peer_dmabuf_export(&args);
	if (IS_ERR(call->dmabuf)) {
		put_unused_fd(fd);
		return PTR_ERR(call->dmabuf);
	}
	arg->fd = fd;
	arg->offset = offset_in_page(untagged_addr(arg->va));
	return 0;
}

void peer_mem_ioctl_export_end(struct peer_mem_export_call *call, int err)
{
	if (!err) {
		fd_install(call->arg.fd, call->dmabuf->file);
		return;
	}
	put_unused_fd(call->arg.fd);
	dma_buf_put(call->dmabuf);
}
