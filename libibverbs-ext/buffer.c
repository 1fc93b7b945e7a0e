// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Buffers of providers, registered. */
#include <errno.h>
#include <unistd.h>

#include "priv.h"

static struct ibv_mr *reg_own_dmabuf(struct ibv_pd *pd, const struct pbuf *buf, size_t offset,
				     size_t length, int access, struct ibvx_error *err)
{
	char *addr = (char *)pbuf_addr(buf) + offset;
	struct ibv_mr *mr;
	uint64_t start;
	int fd, ret;

	ret = pbuf_dmabuf(buf, &fd, &start, err);
	if (ret) {
		errno = -ret;
		return NULL;
	}
	mr = ibvx_reg_dmabuf_mr(pd, start + offset, length, (uintptr_t)addr, fd, access, err);
	ret = errno;
	close(fd);
	errno = ret;
	if (mr)
		mr->addr = addr;
	return mr;
}

IBVX_EXPORT struct ibv_mr *ibvx_reg_pbuf(struct ibv_pd *pd, struct pbuf *buf, size_t offset,
					 size_t length, int access, struct ibvx_error *err)
{
	struct pbuf_info info;

	if (offset > pbuf_size(buf) || length > pbuf_size(buf) - offset) {
		errno = -fail(err, -EINVAL, "%zu bytes at %zu are not in a buffer of %zu", length,
			      offset, pbuf_size(buf));
		return NULL;
	}
	pbuf_describe(buf, &info, sizeof(info));
	if (info.attrs & PBUF_DMABUF)
		return reg_own_dmabuf(pd, buf, offset, length, access, err);
	return ibvx_reg_mr(pd, (char *)pbuf_addr(buf) + offset, length, access, err);
}

IBVX_EXPORT struct ibv_mr *ibvx_alloc(struct ibv_pd *pd, const char *spec, int access,
				      struct pbuf **buf_p, struct ibvx_error *err)
{
	struct ibv_mr *mr;
	struct pbuf *buf;
	int ret;

	ret = pbuf_alloc(spec, &buf, err);
	if (ret) {
		errno = -ret;
		return NULL;
	}
	mr = ibvx_reg_pbuf(pd, buf, 0, pbuf_size(buf), access, err);
	if (mr) {
		*buf_p = buf;
		return mr;
	}
	ret = errno;
	pbuf_free(buf);
	errno = ret;
	return NULL;
}

IBVX_EXPORT int ibvx_free(struct ibv_mr *mr, struct pbuf *buf)
{
	int ret = mr ? ibvx_dereg_mr(mr) : 0;

	if (!ret)
		pbuf_free(buf);
	return ret;
}
