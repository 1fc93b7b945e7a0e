// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The wire protocol: what is read from bytes that a client would send, what is refused, and
 * that random bytes are either refused or mean something that lies inside them.
 */
#include <errno.h>
#include <string.h>

#include "../hw.h"
#include "../wire.h"
#include "t.h"

static uint8_t bytes[RNIC_WIRE_MAX_MESSAGE];
static size_t len;

/* A request with a payload of @payload bytes, zeroed. */
static uint8_t *request(uint16_t command, size_t payload)
{
	memset(bytes, 0, RNIC_WIRE_HEADER + payload);
	rnic_wire_put_header(bytes, 7, command, payload, 0, 0);
	len = RNIC_WIRE_HEADER + payload;
	return bytes + RNIC_WIRE_HEADER;
}

static struct rnic_wire_msg good(unsigned int fds)
{
	struct rnic_wire_msg msg;

	CHECK_EQ(rnic_wire_parse(bytes, len, fds, &msg), 0);
	return msg;
}

static void bad(unsigned int fds)
{
	struct rnic_wire_msg msg;

	CHECK_EQ(rnic_wire_parse(bytes, len, fds, &msg), -EINVAL);
}

static void test_header(void)
{
	struct rnic_wire_msg msg;

	request(RNIC_WIRE_RESET, 0);
	msg = good(0);
	CHECK_EQ(msg.id, 7);
	CHECK(!msg.reply && !msg.no_reply);
	rnic_put_le32(bytes + 8, RNIC_WIRE_NO_REPLY);
	CHECK(good(0).no_reply);
	rnic_put_le32(bytes + 8, 2); /* neither request nor reply */
	bad(0);
	rnic_put_le32(bytes + 8, 0);
	rnic_put_le32(bytes + 4, RNIC_WIRE_HEADER - 1);
	bad(0);
	rnic_put_le32(bytes + 4, RNIC_WIRE_HEADER + 1); /* more than there is */
	bad(0);
	rnic_put_le32(bytes + 4, RNIC_WIRE_MAX_MESSAGE + 1);
	bad(0);
	len = RNIC_WIRE_HEADER - 1;
	bad(0);
	request(99, 0);
	bad(0);
	request(0, 0);
	bad(0);
	/* what only a server asks */
	request(RNIC_WIRE_DMA_READ, 16);
	bad(0);
}

static void test_dma_map(void)
{
	uint8_t *p = request(RNIC_WIRE_DMA_MAP, 32);
	struct rnic_wire_msg msg;

	rnic_put_le32(p + 4, 3);
	rnic_put_le64(p + 8, 0x1000);
	rnic_put_le64(p + 16, 0x20000);
	rnic_put_le64(p + 24, 0x4000);
	msg = good(1);
	CHECK_EQ(msg.dma.flags, 3);
	CHECK_EQ(msg.dma.offset, 0x1000);
	CHECK_EQ(msg.dma.address, 0x20000);
	CHECK_EQ(msg.dma.size, 0x4000);
	bad(2); /* one file at most */
	rnic_put_le64(p + 24, 0);
	bad(1);
	/* up to the last byte of the address space, and over it */
	rnic_put_le64(p + 16, ~0ull - 0xfff);
	rnic_put_le64(p + 24, 0x1000);
	good(1);
	rnic_put_le64(p + 24, 0x1001);
	bad(1);
	rnic_put_le64(p + 16, 0);
	rnic_put_le64(p + 8, ~0ull); /* offset + size */
	bad(1);
	request(RNIC_WIRE_DMA_MAP, 31);
	bad(1);
}

static void test_access(void)
{
	uint8_t *p = request(RNIC_WIRE_REGION_WRITE, 16 + 8);
	struct rnic_wire_msg msg;

	rnic_put_le64(p, 0x200);
	rnic_put_le32(p + 8, 2);
	rnic_put_le32(p + 12, 8);
	memcpy(p + 16, "abcdefgh", 8);
	msg = good(0);
	CHECK_EQ(msg.access.offset, 0x200);
	CHECK_EQ(msg.access.region, 2);
	CHECK_EQ(msg.access.count, 8);
	CHECK(!memcmp(msg.data, "abcdefgh", 8));
	rnic_put_le32(p + 12, 9); /* one more than came */
	bad(0);
	rnic_put_le32(p + 12, 8);
	rnic_put_le64(p, ~0ull - 6); /* wraps */
	bad(0);
	p = request(RNIC_WIRE_REGION_READ, 16);
	rnic_put_le32(p + 12, 8); /* a read brings no data */
	good(0);
	rnic_put_le32(p + 12, RNIC_WIRE_MAX_DATA + 1);
	bad(0);
}

static void test_multi(void)
{
	uint8_t *p = request(RNIC_WIRE_REGION_WRITE_MULTI, 8 + 2 * 24);
	struct rnic_wire_msg msg;

	rnic_put_le64(p, 2);
	rnic_put_le64(p + 8 + 24, 0x1000);
	rnic_put_le32(p + 8 + 24 + 8, 0);
	rnic_put_le32(p + 8 + 24 + 12, 8);
	rnic_put_le64(p + 8 + 24 + 16, 0x1122334455667788);
	msg = good(0);
	CHECK_EQ(msg.writes, 2);
	CHECK_EQ(rnic_wire_write_at(&msg, 1).offset, 0x1000);
	CHECK_EQ(rnic_le64(rnic_wire_write_at(&msg, 1).data), 0x1122334455667788);
	rnic_put_le64(p, 3);
	bad(0);
	rnic_put_le64(p, (1ull << 32) + 1); /* not cut to 32 bits */
	bad(0);
	rnic_put_le64(p, 2);
	rnic_put_le32(p + 8 + 24 + 12, 9);
	bad(0);
}

static void test_irqs(void)
{
	uint8_t *p = request(RNIC_WIRE_SET_IRQS, 20);
	struct rnic_wire_msg msg;

	rnic_put_le32(p + 4, 0x24);
	rnic_put_le32(p + 8, 2);
	rnic_put_le32(p + 12, 1);
	rnic_put_le32(p + 16, 3);
	msg = good(3);
	CHECK_EQ(msg.irqs.start, 1);
	CHECK_EQ(msg.irqs.count, 3);
	bad(4);
	rnic_put_le32(p + 12, ~0u);
	bad(3);
}

static void test_replies(void)
{
	uint8_t *p = request(RNIC_WIRE_DMA_READ, RNIC_WIRE_DMA_FIXED + 4);
	struct rnic_wire_msg msg;

	rnic_put_le32(bytes + 8, RNIC_WIRE_REPLY);
	rnic_wire_put_dma(p, 0x5000, 4);
	memcpy(p + RNIC_WIRE_DMA_FIXED, "data", 4);
	msg = good(0);
	CHECK(msg.reply);
	CHECK_EQ(msg.transfer.address, 0x5000);
	CHECK_EQ(msg.transfer.count, 4);
	CHECK(!memcmp(msg.data, "data", 4));
	rnic_wire_put_dma(p, 0x5000, 5);
	bad(0);
	request(RNIC_WIRE_DMA_READ, 0);
	rnic_put_le32(bytes + 8, RNIC_WIRE_REPLY);
	bad(0); /* no data and no error */
	rnic_put_le32(bytes + 8, RNIC_WIRE_REPLY | RNIC_WIRE_ERROR);
	rnic_put_le32(bytes + 12, EFAULT);
	CHECK_EQ(good(0).error, EFAULT);
	request(RNIC_WIRE_DMA_WRITE, 0);
	rnic_put_le32(bytes + 8, RNIC_WIRE_REPLY);
	good(0);
	request(RNIC_WIRE_RESET, 0);
	rnic_put_le32(bytes + 8, RNIC_WIRE_REPLY);
	bad(0); /* we never ask that */
}

static void test_version(void)
{
	uint8_t reply[RNIC_WIRE_REPLY_MAX];
	uint8_t *p = request(RNIC_WIRE_VERSION, 4 + 3);
	size_t size;

	memcpy(p + 4, "{}", 3);
	CHECK_EQ(good(0).version.major, 0);
	p[6] = 'x'; /* text without an end */
	bad(0);
	request(RNIC_WIRE_VERSION, 4);
	good(0);
	size = rnic_wire_reply_version(reply);
	CHECK(size <= sizeof(reply));
	CHECK_EQ(reply[size - 1], 0);
	CHECK_EQ(strlen((char *)reply + 4) + 5, size);
}

/* Every accepted message must lie in its bytes: ASAN sees what is read beyond. */
static void use(const struct rnic_wire_msg *msg)
{
	volatile uint64_t sum = 0;

	if (msg->reply && !(msg->flags & RNIC_WIRE_ERROR) && msg->command == RNIC_WIRE_DMA_READ)
		for (uint64_t n = 0; n < msg->transfer.count; n++)
			sum += msg->data[n];
	if (msg->reply)
		return;
	if (msg->command == RNIC_WIRE_REGION_WRITE)
		for (uint64_t n = 0; n < msg->access.count; n++)
			sum += msg->data[n];
	if (msg->command == RNIC_WIRE_REGION_WRITE_MULTI)
		for (uint32_t n = 0; n < msg->writes; n++)
			sum += rnic_wire_write_at(msg, n).count;
}

static void test_random(void)
{
	unsigned int accepted = 0;

	for (unsigned int round = 0; round < 300000; round++) {
		size_t payload = t_random() % 100;
		uint8_t *copy = malloc(RNIC_WIRE_HEADER + payload);
		struct rnic_wire_msg msg;

		CHECK(copy);
		for (size_t n = 0; n < RNIC_WIRE_HEADER + payload; n++)
			copy[n] = t_random() % 3 ? t_random() % 24 : t_random();
		if (t_random() % 8) { /* mostly a header that leads further */
			rnic_put_le16(copy + 2, t_random() % 17);
			rnic_put_le32(copy + 4, RNIC_WIRE_HEADER + payload);
			rnic_put_le32(copy + 8, t_random() % 2 | (t_random() % 4) << 4);
		}
		for (unsigned int n = 0; n + 4 <= payload; n += 4)
			if (t_random() % 2) /* small numbers where counts may be */
				rnic_put_le32(copy + RNIC_WIRE_HEADER + n, t_random() % 40);
		if (!rnic_wire_parse(copy, RNIC_WIRE_HEADER + payload, t_random() % 4, &msg)) {
			accepted++;
			use(&msg);
		}
		free(copy);
	}
	printf("random: %u accepted\n", accepted);
	CHECK(accepted > 1000);
}

int main(int argc, char **argv)
{
	t_random_seed(argc, argv);
	RUN(test_header);
	RUN(test_dma_map);
	RUN(test_access);
	RUN(test_multi);
	RUN(test_irqs);
	RUN(test_replies);
	RUN(test_version);
	RUN(test_random);
	return 0;
}
