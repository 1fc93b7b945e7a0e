// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * vfio-user messages from and to bytes, see wire.h.
 *
 * One table says how large the fixed part of each command's payload is in a request, and
 * which function reads it. Variable parts (register data, the list of a write-multi) are
 * checked against the real length of the message by that function: a count that promises
 * more than has arrived is the classic way into a parser.
 */
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hw.h"

#define MULTI_SIZE 24u /* one element of a write-multi: offset, region, count, 8 bytes */

struct layout {
	uint32_t fixed;
	bool (*read)(const uint8_t *payload, struct rnic_wire_msg *msg);
};

static bool read_version(const uint8_t *payload, struct rnic_wire_msg *msg)
{
	msg->version.major = rnic_le16(payload);
	msg->version.minor = rnic_le16(payload + 2);
	/* The capabilities, if any, are text that ends. */
	return !msg->data_size || msg->data[msg->data_size - 1] == 0;
}

static bool read_dma_map(const uint8_t *payload, struct rnic_wire_msg *msg)
{
	uint64_t end;

	msg->dma.flags = rnic_le32(payload + 4);
	msg->dma.offset = rnic_le64(payload + 8);
	msg->dma.address = rnic_le64(payload + 16);
	msg->dma.size = rnic_le64(payload + 24);
	return msg->fds <= 1 && msg->dma.size &&
	       !__builtin_add_overflow(msg->dma.address, msg->dma.size - 1, &end) &&
	       !__builtin_add_overflow(msg->dma.offset, msg->dma.size, &end);
}

static bool read_dma_unmap(const uint8_t *payload, struct rnic_wire_msg *msg)
{
	msg->dma.flags = rnic_le32(payload + 4);
	msg->dma.address = rnic_le64(payload + 8);
	msg->dma.size = rnic_le64(payload + 16);
	return true;
}

static bool read_nothing(const uint8_t *payload, struct rnic_wire_msg *msg)
{
	(void)payload;
	(void)msg;
	return true;
}

static bool read_info(const uint8_t *payload, struct rnic_wire_msg *msg)
{
	msg->info.index = rnic_le32(payload + 8);
	return true;
}

static bool read_set_irqs(const uint8_t *payload, struct rnic_wire_msg *msg)
{
	uint32_t end;

	msg->irqs.flags = rnic_le32(payload + 4);
	msg->irqs.index = rnic_le32(payload + 8);
	msg->irqs.start = rnic_le32(payload + 12);
	msg->irqs.count = rnic_le32(payload + 16);
	return !__builtin_add_overflow(msg->irqs.start, msg->irqs.count, &end) &&
	       msg->fds <= msg->irqs.count;
}

static bool read_access(const uint8_t *payload, struct rnic_wire_msg *msg)
{
	uint64_t end;

	msg->access.offset = rnic_le64(payload);
	msg->access.region = rnic_le32(payload + 8);
	msg->access.count = rnic_le32(payload + 12);
	if (__builtin_add_overflow(msg->access.offset, msg->access.count, &end))
		return false;
	return msg->access.count <= RNIC_WIRE_MAX_DATA &&
	       (msg->command == RNIC_WIRE_REGION_READ ||
		msg->data_size >= msg->access.count);
}

static bool read_multi(const uint8_t *payload, struct rnic_wire_msg *msg)
{
	uint64_t count = rnic_le64(payload);

	if (count > msg->data_size / MULTI_SIZE)
		return false;
	msg->writes = count;
	for (uint32_t n = 0; n < msg->writes; n++) {
		struct rnic_wire_write one = rnic_wire_write_at(msg, n);
		uint64_t end;

		if (one.count > sizeof(one.data) ||
		    __builtin_add_overflow(one.offset, one.count, &end))
			return false;
	}
	return true;
}

/* Only what a client may ask a server; the rest is -EINVAL, answered as such. */
static const struct layout requests[] = {
	[RNIC_WIRE_VERSION] = { 4, read_version },
	[RNIC_WIRE_DMA_MAP] = { 32, read_dma_map },
	[RNIC_WIRE_DMA_UNMAP] = { 24, read_dma_unmap },
	[RNIC_WIRE_GET_INFO] = { 16, read_nothing },
	[RNIC_WIRE_GET_REGION_INFO] = { 32, read_info },
	[RNIC_WIRE_GET_IRQ_INFO] = { 16, read_info },
	[RNIC_WIRE_SET_IRQS] = { 20, read_set_irqs },
	[RNIC_WIRE_REGION_READ] = { 16, read_access },
	[RNIC_WIRE_REGION_WRITE] = { 16, read_access },
	[RNIC_WIRE_RESET] = { 0, read_nothing },
	[RNIC_WIRE_REGION_WRITE_MULTI] = { 8, read_multi },
};

int rnic_wire_header(const uint8_t header[RNIC_WIRE_HEADER], struct rnic_wire_msg *msg)
{
	memset(msg, 0, sizeof(*msg));
	msg->id = rnic_le16(header);
	msg->command = rnic_le16(header + 2);
	msg->size = rnic_le32(header + 4);
	msg->flags = rnic_le32(header + 8);
	msg->error = rnic_le32(header + 12);
	msg->reply = (msg->flags & RNIC_WIRE_TYPE_MASK) == RNIC_WIRE_REPLY;
	msg->no_reply = msg->flags & RNIC_WIRE_NO_REPLY;
	if (msg->size < RNIC_WIRE_HEADER || msg->size > RNIC_WIRE_MAX_MESSAGE ||
	    (msg->flags & RNIC_WIRE_TYPE_MASK) > RNIC_WIRE_REPLY)
		return -EINVAL;
	return 0;
}

/* A reply to one of our own requests: only DMA, the only thing that we ask for. */
static int parse_reply(const uint8_t *payload, struct rnic_wire_msg *msg)
{
	if (msg->command != RNIC_WIRE_DMA_READ && msg->command != RNIC_WIRE_DMA_WRITE)
		return -EINVAL;
	/* Errors, and QEMU's answer to a write, are a header alone. */
	if (msg->flags & RNIC_WIRE_ERROR || msg->command == RNIC_WIRE_DMA_WRITE)
		return 0;
	if (msg->size < RNIC_WIRE_HEADER + RNIC_WIRE_DMA_FIXED)
		return -EINVAL;
	msg->transfer.address = rnic_le64(payload);
	/* QEMU sends 32 bits of it; no transfer is larger than that anyway. */
	msg->transfer.count = rnic_le32(payload + 8);
	msg->data = payload + RNIC_WIRE_DMA_FIXED;
	msg->data_size = msg->size - RNIC_WIRE_HEADER - RNIC_WIRE_DMA_FIXED;
	return msg->transfer.count <= msg->data_size ? 0 : -EINVAL;
}

int rnic_wire_parse(const uint8_t *bytes, size_t len, unsigned int fds,
		    struct rnic_wire_msg *msg)
{
	const uint8_t *payload = bytes + RNIC_WIRE_HEADER;
	const struct layout *layout;
	int ret;

	if (len < RNIC_WIRE_HEADER)
		return -EINVAL;
	ret = rnic_wire_header(bytes, msg);
	if (ret)
		return ret;
	msg->fds = fds;
	if (msg->size != len)
		return -EINVAL;
	if (msg->reply)
		return parse_reply(payload, msg);

	if (msg->command >= sizeof(requests) / sizeof(requests[0]))
		return -EINVAL;
	layout = &requests[msg->command];
	if (!layout->read || len - RNIC_WIRE_HEADER < layout->fixed)
		return -EINVAL;
	msg->data = payload + layout->fixed;
	msg->data_size = len - RNIC_WIRE_HEADER - layout->fixed;
	return layout->read(payload, msg) ? 0 : -EINVAL;
}

struct rnic_wire_write rnic_wire_write_at(const struct rnic_wire_msg *msg, uint32_t n)
{
	const uint8_t *at = msg->data + (size_t)n * MULTI_SIZE;
	struct rnic_wire_write one = {
		.offset = rnic_le64(at),
		.region = rnic_le32(at + 8),
		.count = rnic_le32(at + 12),
	};

	memcpy(one.data, at + 16, sizeof(one.data));
	return one;
}

void rnic_wire_put_header(uint8_t *out, uint16_t id, uint16_t command, size_t payload,
			  uint32_t flags, uint32_t error)
{
	rnic_put_le16(out, id);
	rnic_put_le16(out + 2, command);
	rnic_put_le32(out + 4, RNIC_WIRE_HEADER + payload);
	rnic_put_le32(out + 8, flags);
	rnic_put_le32(out + 12, error);
}

void rnic_wire_put_dma(uint8_t *out, uint64_t address, uint64_t count)
{
	rnic_put_le64(out, address);
	rnic_put_le64(out + 8, count);
}

size_t rnic_wire_reply_version(uint8_t *out)
{
	/* QEMU refuses a reply that is longer than its own request: say little. */
	int len = snprintf((char *)out + 4, RNIC_WIRE_REPLY_MAX - 4,
			   "{\"capabilities\":{\"max_msg_fds\":%u,\"max_data_xfer_size\":%u,"
			   "\"write_multiple\":true}}",
			   RNIC_WIRE_MAX_FDS, RNIC_WIRE_MAX_DATA);

	memset(out, 0, 4); /* version 0.0 */
	return 4 + (size_t)len + 1;
}

size_t rnic_wire_reply_info(uint8_t *out, uint32_t regions, uint32_t irqs)
{
	rnic_put_le32(out, 16);
	rnic_put_le32(out + 4, 0x1 | 0x2); /* can be reset, is a PCI device */
	rnic_put_le32(out + 8, regions);
	rnic_put_le32(out + 12, irqs);
	return 16;
}

size_t rnic_wire_reply_region(uint8_t *out, uint32_t index, uint32_t flags, uint64_t size)
{
	rnic_put_le32(out, 32);
	rnic_put_le32(out + 4, flags);
	rnic_put_le32(out + 8, index);
	rnic_put_le32(out + 12, 0);
	rnic_put_le64(out + 16, size);
	rnic_put_le64(out + 24, 0);
	return 32;
}

size_t rnic_wire_reply_irq(uint8_t *out, uint32_t index, uint32_t flags, uint32_t count)
{
	rnic_put_le32(out, 16);
	rnic_put_le32(out + 4, flags);
	rnic_put_le32(out + 8, index);
	rnic_put_le32(out + 12, count);
	return 16;
}

size_t rnic_wire_reply_access(uint8_t *out, uint64_t offset, uint32_t region,
			      uint32_t count)
{
	rnic_put_le64(out, offset);
	rnic_put_le32(out + 8, region);
	rnic_put_le32(out + 12, count);
	return 16;
}
