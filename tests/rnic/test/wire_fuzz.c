// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libFuzzer target: the input is a message as a client would send it, after one byte that
 * says how many file descriptors came along. It is refused, or everything that it promises
 * lies inside of it. For longer:
 *   ./lab exec /build/bin/t_rnic_wire_fuzz -max_total_time=600 /tmp/corpus
 */
#include <stdlib.h>
#include <string.h>

#include "../wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const struct rnic_wire_msg *msg, const uint8_t *bytes, size_t len)
{
	if (!msg->data_size)
		return;
	if (msg->data < bytes + RNIC_WIRE_HEADER || msg->data + msg->data_size > bytes + len)
		abort();
}

/* Reads whatever the message says is there; ASAN watches the borders. */
static uint64_t use(const struct rnic_wire_msg *msg)
{
	uint64_t sum = 0, count = 0;

	if (msg->reply && !(msg->flags & RNIC_WIRE_ERROR) && msg->command == RNIC_WIRE_DMA_READ)
		count = msg->transfer.count;
	if (!msg->reply && msg->command == RNIC_WIRE_REGION_WRITE)
		count = msg->access.count;
	if (count > msg->data_size)
		abort();
	for (uint64_t n = 0; n < count; n++)
		sum += msg->data[n];
	if (!msg->reply && msg->command == RNIC_WIRE_REGION_WRITE_MULTI)
		for (uint32_t n = 0; n < msg->writes; n++)
			sum += rnic_wire_write_at(msg, n).count;
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rnic_wire_msg msg;
	volatile uint64_t sum;
	uint8_t *bytes;
	size_t len;

	if (!size)
		return 0;
	len = size - 1;
	/* A block of its own: what is read beyond it is seen. */
	bytes = malloc(len ? len : 1);
	if (!bytes)
		return 0;
	memcpy(bytes, data + 1, len);
	/* Else most inputs end at a wrong length. */
	if (len >= RNIC_WIRE_HEADER && data[0] & 0x80) {
		bytes[4] = (uint8_t)len;
		bytes[5] = (uint8_t)(len >> 8);
		bytes[6] = bytes[7] = 0;
	}
	if (!rnic_wire_parse(bytes, len, data[0] % (RNIC_WIRE_MAX_FDS + 1), &msg)) {
		inside(&msg, bytes, len);
		sum = use(&msg);
		(void)sum;
	}
	free(bytes);
	return 0;
}
