// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "t_dmabuf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/peer_mem.h>
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/rdma_user_ioctl_cmds.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_ATTRS 9

/* One call of the verbs ioctl while it is put together. */
struct call {
	struct ib_uverbs_ioctl_hdr hdr;
	struct ib_uverbs_attr attrs[MAX_ATTRS];
};

struct dmabuf_mr {
	struct ibv_mr mr;
	struct dmabuf_mr *next;
	int fd;
};

static struct dmabuf_mr *all; /* so that a region can be told from libibverbs' own */

/* @data: the value itself if @len is at most 8 and the kernel reads it, else a pointer */
static struct ib_uverbs_attr *add(struct call *call, uint16_t id, uint16_t len, uint64_t data)
{
	struct ib_uverbs_attr *attr = &call->attrs[call->hdr.num_attrs++];

	attr->attr_id = id;
	attr->len = len;
	attr->flags = UVERBS_ATTR_F_MANDATORY;
	attr->data = data;
	return attr;
}

static int run(struct call *call, struct ibv_context *context, uint16_t method)
{
	call->hdr.object_id = UVERBS_OBJECT_MR;
	call->hdr.method_id = method;
	call->hdr.driver_id = RDMA_DRIVER_ERDMA;
	call->hdr.length = (uint16_t)(sizeof(call->hdr) +
				      call->hdr.num_attrs * sizeof(call->attrs[0]));
	return ioctl(context->cmd_fd, RDMA_VERBS_IOCTL, call) ? -errno : 0;
}

static int register_fd(struct dmabuf_mr *mr, uint64_t offset, int access)
{
	struct ibv_mr *ib = &mr->mr;
	struct ib_uverbs_attr *handle;
	struct call call = { 0 };
	int ret;

	handle = add(&call, UVERBS_ATTR_REG_DMABUF_MR_HANDLE, 0, 0);
	add(&call, UVERBS_ATTR_REG_DMABUF_MR_PD_HANDLE, 0, ib->pd->handle);
	add(&call, UVERBS_ATTR_REG_DMABUF_MR_OFFSET, 8, offset);
	add(&call, UVERBS_ATTR_REG_DMABUF_MR_LENGTH, 8, ib->length);
	add(&call, UVERBS_ATTR_REG_DMABUF_MR_IOVA, 8, (uintptr_t)ib->addr);
	add(&call, UVERBS_ATTR_REG_DMABUF_MR_FD, 4, (uint32_t)mr->fd);
	add(&call, UVERBS_ATTR_REG_DMABUF_MR_ACCESS_FLAGS, 4, (uint32_t)access);
	add(&call, UVERBS_ATTR_REG_DMABUF_MR_RESP_LKEY, 4, (uintptr_t)&ib->lkey);
	add(&call, UVERBS_ATTR_REG_DMABUF_MR_RESP_RKEY, 4, (uintptr_t)&ib->rkey);
	ret = run(&call, ib->context, UVERBS_METHOD_REG_DMABUF_MR);
	ib->handle = (uint32_t)handle->data;
	return ret;
}

static int export_range(const void *addr, size_t len, struct peer_mem_export *arg)
{
	int fd = open("/dev/peer_mem", O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	*arg = (struct peer_mem_export){
		.size = sizeof(*arg),
		.flags = PEER_MEM_EXPORT_WRITE | PEER_MEM_EXPORT_CLOEXEC,
		.va = (uintptr_t)addr,
		.len = len,
	};
	ret = ioctl(fd, PEER_MEM_EXPORT, arg) ? -errno : 0;
	close(fd);
	return ret;
}

static int make_mr(struct dmabuf_mr *mr, int access)
{
	struct peer_mem_export arg;
	int ret = export_range(mr->mr.addr, mr->mr.length, &arg);

	if (ret)
		return ret;
	mr->fd = arg.fd;
	ret = register_fd(mr, arg.offset, access);
	if (ret)
		close(mr->fd);
	return ret;
}

struct ibv_mr *t_dmabuf_reg_mr(struct ibv_pd *pd, void *addr, size_t len, int access)
{
	struct dmabuf_mr *mr = calloc(1, sizeof(*mr));
	int ret;

	if (!mr)
		return NULL;
	mr->mr.context = pd->context;
	mr->mr.pd = pd;
	mr->mr.addr = addr;
	mr->mr.length = len;
	ret = make_mr(mr, access);
	if (ret) {
		free(mr);
		errno = -ret;
		return NULL;
	}
	mr->next = all;
	all = mr;
	return &mr->mr;
}

static struct dmabuf_mr **find(const struct ibv_mr *mr)
{
	struct dmabuf_mr **at = &all;

	while (*at && &(*at)->mr != mr)
		at = &(*at)->next;
	return at;
}

int t_dmabuf_is_mr(const struct ibv_mr *mr)
{
	return *find(mr) != NULL;
}

int t_dmabuf_dereg_mr(struct ibv_mr *ib)
{
	struct dmabuf_mr **at = find(ib), *mr = *at;
	struct call call = { 0 };
	int ret;

	add(&call, UVERBS_ATTR_DESTROY_MR_HANDLE, 0, ib->handle);
	ret = run(&call, ib->context, UVERBS_METHOD_MR_DESTROY);
	if (ret)
		return -ret;
	*at = mr->next;
	close(mr->fd);
	free(mr);
	return 0;
}
