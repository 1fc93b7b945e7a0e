// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a client may ask of a port: the vfio-user server's dispatch. Protocol thread.
 *
 * Every request is checked against the sizes and counts below before it reaches the
 * device, and is answered in the order in which it came, which is what posted writes rely
 * on. Numbers: Linux' include/uapi/linux/vfio.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "rnic.h"
#include "session.h"

#define CONFIG_SIZE 4096u

struct request {
	struct rnic_port *port;
	const struct rnic_wire_msg *msg;
	int *fds; /* -1 once taken */
	/* the answer */
	uint8_t reply[RNIC_WIRE_REPLY_MAX];
	size_t len;
	uint8_t data[CONFIG_SIZE];
	size_t data_len;
};

static int take_fd(struct request *request, unsigned int n)
{
	int fd = request->fds[n];

	request->fds[n] = -1;
	return fd;
}

static uint32_t region_size(uint32_t index)
{
	switch (index) {
	case VFIO_PCI_BAR0_REGION_INDEX: return RNIC_BAR0_SIZE;
	case VFIO_PCI_BAR2_REGION_INDEX: return RNIC_BAR2_SIZE;
	case VFIO_PCI_CONFIG_REGION_INDEX: return CONFIG_SIZE;
	}
	return 0;
}

static int version(struct request *request)
{
	if (request->msg->version.major != 0)
		return EINVAL;
	request->len = rnic_wire_reply_version(request->reply);
	return 0;
}

static int get_info(struct request *request)
{
	request->len = rnic_wire_reply_info(request->reply, VFIO_PCI_NUM_REGIONS,
					    VFIO_PCI_NUM_IRQS);
	return 0;
}

static int get_region_info(struct request *request)
{
	uint32_t index = request->msg->info.index;
	uint32_t size = region_size(index);

	if (index >= VFIO_PCI_NUM_REGIONS)
		return EINVAL;
	request->len = rnic_wire_reply_region(
		request->reply, index,
		size ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0, size);
	return 0;
}

static int get_irq_info(struct request *request)
{
	uint32_t index = request->msg->info.index;

	if (index >= VFIO_PCI_NUM_IRQS)
		return EINVAL;
	request->len = rnic_wire_reply_irq(
		request->reply, index, VFIO_IRQ_INFO_EVENTFD,
		index == VFIO_PCI_MSIX_IRQ_INDEX ? RNIC_VECTORS : 0);
	return 0;
}

static int set_eventfds(struct request *request)
{
	const struct rnic_wire_msg *msg = request->msg;

	/* All of them have one, or none has. */
	if (msg->fds && msg->fds != msg->irqs.count)
		return EINVAL;
	for (uint32_t n = 0; n < msg->irqs.count; n++)
		rnic_irq_set(request->port, msg->irqs.start + n,
			     msg->fds ? take_fd(request, n) : -1);
	return 0;
}

static int set_irqs(struct request *request)
{
	const struct rnic_wire_msg *msg = request->msg;
	uint32_t action = msg->irqs.flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;
	uint32_t end = msg->irqs.start + msg->irqs.count;

	if (msg->irqs.index >= VFIO_PCI_NUM_IRQS)
		return EINVAL;
	if (end > (msg->irqs.index == VFIO_PCI_MSIX_IRQ_INDEX ? RNIC_VECTORS : 0))
		return EINVAL;
	/* The client masks by itself. */
	if (action != VFIO_IRQ_SET_ACTION_TRIGGER)
		return 0;
	if (msg->irqs.flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return set_eventfds(request);
	if (msg->irqs.flags & VFIO_IRQ_SET_DATA_NONE && !msg->irqs.count)
		for (uint32_t n = 0; n < RNIC_VECTORS; n++)
			rnic_irq_set(request->port, n, -1);
	return 0;
}

static int dma_map(struct request *request)
{
	const struct rnic_wire_msg *msg = request->msg;

	return -rnic_dma_map(request->port, msg->dma.address, msg->dma.size, msg->dma.offset,
			     msg->dma.flags & VFIO_DMA_MAP_FLAG_READ,
			     msg->dma.flags & VFIO_DMA_MAP_FLAG_WRITE,
			     msg->fds ? take_fd(request, 0) : -1);
}

static int dma_unmap(struct request *request)
{
	const struct rnic_wire_msg *msg = request->msg;
	uint8_t *out = request->reply;

	if (msg->dma.flags & VFIO_DMA_UNMAP_FLAG_ALL) {
		rnic_dma_unmap_all(request->port);
	} else {
		int ret = rnic_dma_unmap(request->port, msg->dma.address, msg->dma.size);

		if (ret)
			return -ret;
	}
	rnic_put_le32(out, 24);
	rnic_put_le32(out + 4, msg->dma.flags);
	rnic_put_le64(out + 8, msg->dma.address);
	rnic_put_le64(out + 16, msg->dma.size);
	request->len = 24;
	return 0;
}

static int region_read(struct request *request)
{
	const struct rnic_wire_msg *msg = request->msg;
	uint32_t size = region_size(msg->access.region), count = msg->access.count;

	if (msg->access.offset + count > size || count > sizeof(request->data))
		return EINVAL;
	memset(request->data, 0, count);
	if (msg->access.region == VFIO_PCI_CONFIG_REGION_INDEX)
		rnic_pci_read(request->port, msg->access.offset, request->data, count);
	else if (msg->access.region == VFIO_PCI_BAR0_REGION_INDEX)
		rnic_regs_read(request->port, msg->access.offset, request->data, count);
	request->len = rnic_wire_reply_access(request->reply, msg->access.offset,
					      msg->access.region, count);
	request->data_len = count;
	return 0;
}

static int write_region(struct rnic_port *port, uint32_t region, uint64_t offset,
			const uint8_t *data, uint32_t count)
{
	if (offset + count > region_size(region))
		return EINVAL;
	if (region == VFIO_PCI_CONFIG_REGION_INDEX)
		rnic_pci_write(port, offset, data, count);
	else if (region == VFIO_PCI_BAR0_REGION_INDEX)
		rnic_regs_write(port, offset, data, count);
	/* BAR 2 is the MSI-X table, which is the client's. */
	return 0;
}

static int region_write(struct request *request)
{
	const struct rnic_wire_msg *msg = request->msg;

	request->len = rnic_wire_reply_access(request->reply, msg->access.offset,
					      msg->access.region, msg->access.count);
	return write_region(request->port, msg->access.region, msg->access.offset, msg->data,
			    msg->access.count);
}

static int region_write_multi(struct request *request)
{
	int error = 0;

	for (uint32_t n = 0; n < request->msg->writes; n++) {
		struct rnic_wire_write one = rnic_wire_write_at(request->msg, n);
		int ret = write_region(request->port, one.region, one.offset, one.data,
				       one.count);

		error = error ? error : ret;
	}
	rnic_put_le64(request->reply, request->msg->writes);
	request->len = 8;
	return error;
}

static int reset(struct request *request)
{
	rnic_pci_reset(request->port);
	return 0;
}

static int (*const handlers[])(struct request *request) = {
	[RNIC_WIRE_VERSION] = version,
	[RNIC_WIRE_DMA_MAP] = dma_map,
	[RNIC_WIRE_DMA_UNMAP] = dma_unmap,
	[RNIC_WIRE_GET_INFO] = get_info,
	[RNIC_WIRE_GET_REGION_INFO] = get_region_info,
	[RNIC_WIRE_GET_IRQ_INFO] = get_irq_info,
	[RNIC_WIRE_SET_IRQS] = set_irqs,
	[RNIC_WIRE_REGION_READ] = region_read,
	[RNIC_WIRE_REGION_WRITE] = region_write,
	[RNIC_WIRE_RESET] = reset,
	[RNIC_WIRE_REGION_WRITE_MULTI] = region_write_multi,
};

/* @ret is what receiving said: a request that makes no sense is answered with EINVAL. */
static int serve_one(struct rnic_port *port, const struct rnic_wire_msg *msg, int *fds,
		     int ret)
{
	struct request request;
	int error = -ret;

	request.port = port;
	request.msg = msg;
	request.fds = fds;
	request.len = request.data_len = 0;
	/* What parses has a handler: both tables list the same commands. */
	if (!error)
		error = handlers[msg->command](&request);
	for (unsigned int n = 0; !ret && n < msg->fds; n++)
		if (fds[n] >= 0)
			close(fds[n]);
	return rnic_session_reply(port->session, msg, request.reply, request.len,
				  request.data, request.data_len, error);
}

int rnic_server_run(struct rnic_port *port, int fd)
{
	struct rnic_wire_msg msg;
	int fds[RNIC_WIRE_MAX_FDS];
	int ret;

	rnic_session_open(port->session, fd);
	do {
		ret = rnic_session_receive(port->session, &msg, fds);
		if (ret != -EPIPE)
			ret = serve_one(port, &msg, fds, ret);
	} while (!ret);

	/* The guest is gone: nothing of it may be touched, and the next one starts anew. */
	rnic_pci_reset(port);
	rnic_session_close(port->session);
	rnic_dma_unmap_all(port);
	for (unsigned int n = 0; n < RNIC_VECTORS; n++)
		rnic_irq_set(port, n, -1);
	return ret;
}
