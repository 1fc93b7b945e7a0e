// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The handle: one open file, no state, so threads and children may share it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "priv.h"

int ibvx_ioctl(const struct ibvx *x, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = ioctl(x->fd, request, arg) ? -errno : 0;
	} while (ret == -EINTR);
	return ret;
}

void ibvx_copy_out(void *to, size_t size, const void *from, size_t from_size)
{
	if (size > from_size)
		memset((char *)to + from_size, 0, size - from_size);
	memcpy(to, from, size < from_size ? size : from_size);
}

bool ibvx_has_hook(void)
{
	return !access("/sys/module/peer_umem", F_OK);
}

static int open_failed(struct ibvx_error *err, int error)
{
	switch (error) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		if (access("/sys/module/peer_mem", F_OK))
			return fail(err, -ENOENT,
				    IBVX_DEVICE " does not exist: the kernel module is not loaded; as root: modprobe peer_mem, and peer_umem for ibv_reg_mr()");
		return fail(err, -ENOENT,
			    IBVX_DEVICE " does not exist although peer_mem is loaded: is udev running, or is this a container without the device?");
	case -EACCES:
	case -EPERM:
		return fail(err, -EACCES,
			    "no permission on " IBVX_DEVICE ": it is made with mode 0666, so somebody changed that; as root: chmod 666 " IBVX_DEVICE);
	default:
		return fail(err, error, IBVX_DEVICE ": %s", strerror(-error));
	}
}

static int check_version(const struct ibvx *x, struct ibvx_error *err)
{
	struct peer_mem_info info = { .size = sizeof(info) };
	int ret = ibvx_ioctl(x, PEER_MEM_INFO, &info);

	if (!ret && info.abi_version == PEER_MEM_ABI_VERSION)
		return 0;
	return fail(err, -EPROTONOSUPPORT,
		    IBVX_DEVICE " speaks version %u, this library %u: install library and module of one release",
		    ret ? 0 : info.abi_version, PEER_MEM_ABI_VERSION);
}

IBVX_EXPORT int ibvx_open(struct ibvx **x_p, struct ibvx_error *err)
{
	struct ibvx *x;
	int ret;

	fail_clear(err);
	x = malloc(sizeof(*x));
	if (!x)
		return fail(err, -ENOMEM, "out of memory");
	x->fd = open(IBVX_DEVICE, O_RDONLY | O_CLOEXEC);
	if (x->fd < 0) {
		ret = open_failed(err, -errno);
		goto err_free;
	}
	ret = check_version(x, err);
	if (ret)
		goto err_close;
	*x_p = x;
	return 0;

err_close:
	close(x->fd);
err_free:
	free(x);
	return ret;
}

IBVX_EXPORT void ibvx_close(struct ibvx *x)
{
	if (!x)
		return;
	close(x->fd);
	free(x);
}

IBVX_EXPORT int ibvx_info(struct ibvx *x, struct ibvx_info *info, size_t size)
{
	struct peer_mem_info arg = { .size = sizeof(arg) };
	struct ibvx_info out = { 0 };
	int ret;

	if (!size)
		return -EINVAL;
	ret = ibvx_ioctl(x, PEER_MEM_INFO, &arg);
	if (ret)
		return ret;
	out.abi_version = arg.abi_version;
	out.capabilities = arg.capabilities;
	out.attrs = ibvx_has_hook() ? IBVX_INFO_REG_MR : 0;
	if (arg.capabilities & PEER_MEM_CAP_DMABUF)
		out.attrs |= IBVX_INFO_EXPORT;
	ibvx_copy_out(info, size, &out, sizeof(out));
	return 0;
}
