// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "uverbs.h"

#include <errno.h>
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/rdma_user_ioctl_cmds.h>
#include <sys/ioctl.h>

#define MAX_ATTRS 9
#define MAX_DRIVERS 64
#define NO_METHOD 0x3e

/* The header ends in an array of attributes; room for them. */
union command {
	struct ib_uverbs_ioctl_hdr hdr;
	char room[sizeof(struct ib_uverbs_ioctl_hdr) + MAX_ATTRS * sizeof(struct ib_uverbs_attr)];
};

/* @data: what the kernel reads, if @len is at most 8, or where it writes. */
static struct ib_uverbs_attr *add(union command *command, uint16_t id, uint16_t len,
				  uint64_t data)
{
	struct ib_uverbs_attr *attr = &command->hdr.attrs[command->hdr.num_attrs++];

	*attr = (struct ib_uverbs_attr){
		.attr_id = id,
		.len = len,
		.flags = UVERBS_ATTR_F_MANDATORY,
		.data = data,
	};
	return attr;
}

static int submit(const struct ibv_context *context, union command *command)
{
	command->hdr.length = (uint16_t)(sizeof(command->hdr) +
					 command->hdr.num_attrs * sizeof(command->hdr.attrs[0]));
	return ioctl(context->cmd_fd, RDMA_VERBS_IOCTL, command) ? -errno : 0;
}

/*
 * The kernel wants the number of the NIC's driver in each call. It is told by netlink
 * and kept by libibverbs for itself. A method that does not exist finds it as well: the
 * kernel looks at the number first (EINVAL), then for the method (EPROTONOSUPPORT).
 */
static int find_driver(const struct ibv_context *context, uint32_t *driver_p)
{
	for (uint32_t driver = 0; driver < MAX_DRIVERS; driver++) {
		union command probe = {
			.hdr.object_id = UVERBS_OBJECT_MR,
			.hdr.method_id = NO_METHOD,
			.hdr.driver_id = driver,
		};

		if (submit(context, &probe) == -EPROTONOSUPPORT) {
			*driver_p = driver;
			return 0;
		}
	}
	return -EOPNOTSUPP;
}

int uverbs_reg_dmabuf_mr(struct ibv_pd *pd, uint64_t offset, size_t length, uint64_t iova, int fd,
			 int access, struct ibv_mr *mr)
{
	union command command = {
		.hdr.object_id = UVERBS_OBJECT_MR,
		.hdr.method_id = UVERBS_METHOD_REG_DMABUF_MR,
	};
	struct ib_uverbs_attr *handle;
	int ret = find_driver(pd->context, &command.hdr.driver_id);

	if (ret)
		return ret;
	handle = add(&command, UVERBS_ATTR_REG_DMABUF_MR_HANDLE, 0, 0);
	add(&command, UVERBS_ATTR_REG_DMABUF_MR_PD_HANDLE, 0, pd->handle);
	add(&command, UVERBS_ATTR_REG_DMABUF_MR_OFFSET, sizeof(uint64_t), offset);
	add(&command, UVERBS_ATTR_REG_DMABUF_MR_LENGTH, sizeof(uint64_t), length);
	add(&command, UVERBS_ATTR_REG_DMABUF_MR_IOVA, sizeof(uint64_t), iova);
	add(&command, UVERBS_ATTR_REG_DMABUF_MR_FD, sizeof(uint32_t), (uint32_t)fd);
	add(&command, UVERBS_ATTR_REG_DMABUF_MR_ACCESS_FLAGS, sizeof(uint32_t),
	    (uint32_t)access);
	add(&command, UVERBS_ATTR_REG_DMABUF_MR_RESP_LKEY, sizeof(mr->lkey), (uintptr_t)&mr->lkey);
	add(&command, UVERBS_ATTR_REG_DMABUF_MR_RESP_RKEY, sizeof(mr->rkey), (uintptr_t)&mr->rkey);
	ret = submit(pd->context, &command);
	if (!ret)
		mr->handle = (uint32_t)handle->data;
	return ret;
}

int uverbs_dereg_mr(struct ibv_context *context, uint32_t handle)
{
	union command command = {
		.hdr.object_id = UVERBS_OBJECT_MR,
		.hdr.method_id = UVERBS_METHOD_MR_DESTROY,
	};
	int ret = find_driver(context, &command.hdr.driver_id);

	if (ret)
		return ret;
	add(&command, UVERBS_ATTR_DESTROY_MR_HANDLE, 0, handle);
	return submit(context, &command);
}
