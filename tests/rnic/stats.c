// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counters as text, one `name value` per line, and as the device's own statistics.
 *
 * Names of DMA counters: dma.<region>.<use>.<read|write>, in bytes, seen from the NIC. The
 * region is `ram` for the guest's memory, bar0, bar1, ... for files of the client that are
 * not, in the order in which they were first used, and message0, ... for what was reached by
 * message. Lines `region <name> ...` say where each was.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rnic.h"

static const char *const count_names[RNIC_COUNT_MAX] = {
	[RNIC_COUNT_TX_REQUESTS] = "tx_requests",
	[RNIC_COUNT_TX_PACKETS] = "tx_packets",
	[RNIC_COUNT_TX_BYTES] = "tx_bytes",
	[RNIC_COUNT_TX_DROPS] = "tx_drops",
	[RNIC_COUNT_RX_PACKETS] = "rx_packets",
	[RNIC_COUNT_RX_BYTES] = "rx_bytes",
	[RNIC_COUNT_RX_DROPS] = "rx_drops",
	[RNIC_COUNT_COMMANDS] = "commands",
	[RNIC_COUNT_COMMANDS_REFUSED] = "commands_refused",
	[RNIC_COUNT_CQES] = "cqes",
	[RNIC_COUNT_CQE_ERRORS] = "cqe_errors",
	[RNIC_COUNT_EQES] = "eqes",
	[RNIC_COUNT_AEQES] = "aeqes",
	[RNIC_COUNT_EQ_FULL] = "eq_full",
	[RNIC_COUNT_INTERRUPTS] = "interrupts",
	[RNIC_COUNT_BAD_DOORBELLS] = "bad_doorbells",
	[RNIC_COUNT_RNR_WAITS] = "rnr_waits",
	[RNIC_COUNT_RETRIES] = "retries",
	[RNIC_COUNT_RETRY_EXCEEDED] = "retry_exceeded",
	[RNIC_COUNT_QP_ERRORS] = "qp_errors",
	[RNIC_COUNT_RESETS] = "resets",
	[RNIC_COUNT_DMA_FAULTS] = "dma_faults",
	[RNIC_COUNT_FORBIDDEN] = "forbidden",
};

static const char *const use_names[RNIC_USE_COUNT] = {
	[RNIC_USE_RING] = "ring",
	[RNIC_USE_TABLE] = "table",
	[RNIC_USE_PAYLOAD] = "payload",
};

struct text {
	char *at;
	size_t len, room;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *text, const char *format,
						      ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text->at + text->len, text->room - text->len, format, args);
	va_end(args);
	/* What does not fit whole is left out whole. */
	if (len > 0 && (size_t)len < text->room - text->len)
		text->len += len;
	else
		text->at[text->len] = 0;
}

static void region_name(const struct rnic_dma *dma, unsigned int which, char name[24])
{
	const struct rnic_region *region = &dma->region[which];
	unsigned int before = 0;

	for (unsigned int n = 0; n < which; n++)
		before += dma->region[n].kind == region->kind && !dma->region[n].ram;
	if (region->ram)
		snprintf(name, 24, "ram");
	else
		snprintf(name, 24, "%s%u",
			 region->kind == RNIC_REGION_FILE ? "bar" : "message", before);
}

static void say_region(struct text *text, struct rnic_dma *dma, unsigned int which)
{
	struct rnic_region *region = &dma->region[which];
	char name[24];

	if (region->kind == RNIC_REGION_FREE)
		return;
	region_name(dma, which, name);
	say(text, "region %s at 0x%llx size %llu maps %u\n", name,
	    (unsigned long long)region->address,
	    (unsigned long long)(region->kind == RNIC_REGION_FILE ?
					 region->size :
					 region->end - region->address),
	    region->maps);
	for (unsigned int use = 0; use < RNIC_USE_COUNT; use++)
		for (unsigned int write = 0; write < 2; write++)
			say(text, "dma.%s.%s.%s %llu\n", name, use_names[use],
			    write ? "write" : "read",
			    atomic_load(&region->bytes[use][write]));
	say(text, "dma.%s.payload.last_ns %llu\n", name, atomic_load(&region->last_ns));
}

size_t rnic_stats_text(struct rnic_port *port, char *out, size_t room)
{
	struct text text = { .at = out, .room = room };
	unsigned long long payload[2] = { 0, 0 };
	struct rnic_dma *dma = &port->dma;

	say(&text, "port %u\nmac %02x:%02x:%02x:%02x:%02x:%02x\n", port->index, port->mac[0],
	    port->mac[1], port->mac[2], port->mac[3], port->mac[4], port->mac[5]);
	say(&text, "now_ns %llu\n", (unsigned long long)rnic_now());
	for (unsigned int n = 0; n < RNIC_COUNT_MAX; n++)
		say(&text, "%s %llu\n", count_names[n], atomic_load(&port->count[n]));
	pthread_mutex_lock(&port->rnic->dma_lock);
	for (unsigned int n = 0; n < RNIC_MAX_REGIONS; n++) {
		say_region(&text, dma, n);
		for (unsigned int write = 0; write < 2; write++)
			payload[write] +=
				atomic_load(&dma->region[n].bytes[RNIC_USE_PAYLOAD][write]);
	}
	pthread_mutex_unlock(&port->rnic->dma_lock);
	say(&text, "dma.all.payload.read %llu\ndma.all.payload.write %llu\n", payload[0],
	    payload[1]);
	pthread_mutex_lock(&dma->records.lock);
	say(&text, "records %llu\n", (unsigned long long)dma->records.total);
	pthread_mutex_unlock(&dma->records.lock);
	return text.len;
}

/* `time read|write address length region qpn`, oldest first */
size_t rnic_stats_records(struct rnic_port *port, char *out, size_t room)
{
	struct text text = { .at = out, .room = room };
	struct rnic_dma *dma = &port->dma;
	uint64_t first;

	pthread_mutex_lock(&port->rnic->dma_lock);
	pthread_mutex_lock(&dma->records.lock);
	first = dma->records.total > RNIC_MAX_RECORDS ? dma->records.total - RNIC_MAX_RECORDS :
							0;
	for (uint64_t n = first; n < dma->records.total; n++) {
		const struct rnic_record *one = &dma->records.at[n % RNIC_MAX_RECORDS];
		char name[24];

		region_name(dma, one->region, name);
		say(&text, "%llu %s 0x%llx %u %s %u\n", (unsigned long long)one->ns,
		    one->write ? "write" : "read", (unsigned long long)one->address,
		    one->length, name, one->qpn);
	}
	pthread_mutex_unlock(&dma->records.lock);
	pthread_mutex_unlock(&port->rnic->dma_lock);
	return text.len;
}

void rnic_stats_clear(struct rnic_port *port)
{
	for (unsigned int n = 0; n < RNIC_COUNT_MAX; n++)
		atomic_store(&port->count[n], 0);
	for (unsigned int n = 0; n < RNIC_MAX_REGIONS; n++) {
		for (unsigned int use = 0; use < RNIC_USE_COUNT; use++)
			for (unsigned int write = 0; write < 2; write++)
				atomic_store(&port->dma.region[n].bytes[use][write], 0);
		atomic_store(&port->dma.region[n].last_ns, 0);
	}
	pthread_mutex_lock(&port->dma.records.lock);
	port->dma.records.total = 0;
	pthread_mutex_unlock(&port->dma.records.lock);
}

/* GET_STATS' answer [hw]: a header of 16 bytes, then the counters in this order */
void rnic_stats_answer(struct rnic_port *port, uint8_t *out)
{
	static const int order[11] = {
		RNIC_COUNT_TX_REQUESTS, RNIC_COUNT_TX_PACKETS, RNIC_COUNT_TX_BYTES,
		RNIC_COUNT_TX_DROPS,    -1,                    -1,
		RNIC_COUNT_RX_PACKETS,  RNIC_COUNT_RX_BYTES,   RNIC_COUNT_RX_DROPS,
		-1,                     -1,
	};

	memset(out, 0, 16);
	rnic_put_le16(out, RNIC_STATS_MAGIC);
	out[3] = 16 + sizeof(order) / sizeof(order[0]) * 8;
	for (unsigned int n = 0; n < 11; n++)
		rnic_put_le64(out + 16 + 8 * n,
			      order[n] < 0 ? 0 : atomic_load(&port->count[order[n]]));
}
