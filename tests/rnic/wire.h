/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The vfio-user wire protocol as bytes: what a message is, and nothing about sockets.
 *
 * rnic_wire_parse() is the only way from bytes to meaning. It trusts no length, count or
 * index: what it returns can be used without a further check of sizes. Pure functions,
 * unit-tested and fuzzed in user space (test/t_wire.c).
 *
 * Layouts and numbers: QEMU's docs/interop/vfio-user.rst; flags inside the payloads are
 * those of Linux' include/uapi/linux/vfio.h. Both ends are little-endian here.
 */
#ifndef RNIC_WIRE_H
#define RNIC_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RNIC_WIRE_HEADER 16u
#define RNIC_WIRE_MAX_FDS 16u
#define RNIC_WIRE_MAX_DATA (1024u * 1024u) /* data of one message, offered at negotiation */
#define RNIC_WIRE_MAX_MESSAGE (RNIC_WIRE_HEADER + 64u + RNIC_WIRE_MAX_DATA)

enum rnic_wire_command {
	RNIC_WIRE_VERSION = 1,
	RNIC_WIRE_DMA_MAP = 2,
	RNIC_WIRE_DMA_UNMAP = 3,
	RNIC_WIRE_GET_INFO = 4,
	RNIC_WIRE_GET_REGION_INFO = 5,
	RNIC_WIRE_GET_REGION_IO_FDS = 6,
	RNIC_WIRE_GET_IRQ_INFO = 7,
	RNIC_WIRE_SET_IRQS = 8,
	RNIC_WIRE_REGION_READ = 9,
	RNIC_WIRE_REGION_WRITE = 10,
	RNIC_WIRE_DMA_READ = 11,
	RNIC_WIRE_DMA_WRITE = 12,
	RNIC_WIRE_RESET = 13,
	RNIC_WIRE_DIRTY_PAGES = 14,
	RNIC_WIRE_REGION_WRITE_MULTI = 15,
};

#define RNIC_WIRE_TYPE_MASK 0xfu
#define RNIC_WIRE_REPLY 0x1u
#define RNIC_WIRE_NO_REPLY 0x10u
#define RNIC_WIRE_ERROR 0x20u

/* A message as read: header fields, and the payload by kind. */
struct rnic_wire_msg {
	uint16_t id;
	uint16_t command;
	uint32_t size; /* of the whole message */
	uint32_t flags;
	uint32_t error; /* of a reply, a positive errno */
	bool reply;
	bool no_reply;
	unsigned int fds;
	union {
		struct {
			uint16_t major, minor;
		} version;
		struct {
			uint32_t flags;
			uint64_t offset, address, size;
		} dma; /* map, unmap */
		struct {
			uint32_t index;
		} info; /* region info, irq info */
		struct {
			uint32_t flags, index, start, count;
		} irqs;
		struct {
			uint64_t offset;
			uint32_t region, count;
		} access; /* region read and write */
		struct {
			uint64_t address, count;
		} transfer; /* reply to a DMA read or write */
		uint32_t writes; /* of a write-multi */
	};
	const uint8_t *data; /* what follows the fixed part */
	uint32_t data_size;
};

struct rnic_wire_write {
	uint64_t offset;
	uint32_t region, count;
	uint8_t data[8];
};

/* The header alone: how long the message is. -EINVAL: no stream can go on after this. */
int rnic_wire_header(const uint8_t header[RNIC_WIRE_HEADER], struct rnic_wire_msg *msg);

/*
 * The message at @bytes, all of it. 0, or -EINVAL: the message makes no sense but its
 * header does, so an error reply can be sent and the stream goes on. @msg->data points
 * into @bytes.
 */
int rnic_wire_parse(const uint8_t *bytes, size_t len, unsigned int fds,
		    struct rnic_wire_msg *msg);

/* Element @n (< writes) of a write-multi. */
struct rnic_wire_write rnic_wire_write_at(const struct rnic_wire_msg *msg, uint32_t n);

/* A header in front of @payload bytes. */
void rnic_wire_put_header(uint8_t *out, uint16_t id, uint16_t command, size_t payload,
			  uint32_t flags, uint32_t error);

/* The fixed part of a DMA request, behind the header. Its size: */
#define RNIC_WIRE_DMA_FIXED 16u
void rnic_wire_put_dma(uint8_t *out, uint64_t address, uint64_t count);

/*
 * Payloads of replies; each returns how many bytes it wrote. @out has room for
 * RNIC_WIRE_REPLY_MAX.
 */
#define RNIC_WIRE_REPLY_MAX 160u
size_t rnic_wire_reply_version(uint8_t *out);
size_t rnic_wire_reply_info(uint8_t *out, uint32_t regions, uint32_t irqs);
size_t rnic_wire_reply_region(uint8_t *out, uint32_t index, uint32_t flags, uint64_t size);
size_t rnic_wire_reply_irq(uint8_t *out, uint32_t index, uint32_t flags, uint32_t count);
size_t rnic_wire_reply_access(uint8_t *out, uint64_t offset, uint32_t region,
			      uint32_t count);

#endif
