// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Moving bytes: the engine's reads, writes, copies and atomics, see dma.h.
 *
 * Each access is cut into spans that lie in one map, or between maps. A span of mapped
 * memory is touched under dma_lock; any other is asked of the client, without the lock.
 * Bytes are counted when they have moved: a refused access counts nothing.
 */
#include <errno.h>
#include <string.h>

#include "rnic.h"

#define SPAN_MESSAGE_MAX (1024u * 1024u) /* what one message carries, see wire.h */
/*
 * QEMU 11.1 takes a short write of a reply for a whole one (hw/vfio-user/proxy.c,
 * vfio_user_send_qio()): a reply that does not fit in the free part of its socket's send
 * buffer (208 KiB by default) ends in the middle, and the connection with it. So ask for
 * little at a time. Requests of ours are not concerned.
 */
#define SPAN_MESSAGE_READ_MAX (32u * 1024u)
/* Neighbouring addresses reached by message are one region if they are this close. */
#define MESSAGE_NEAR (16ull * 1024 * 1024)

struct span {
	uint8_t *memory; /* NULL: by message */
	struct rnic_region *region;
	uint32_t len;
};

static const struct rnic_map *find(const struct rnic_dma *dma, uint64_t address,
				   uint64_t *gap)
{
	size_t low = 0, high = dma->maps;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (dma->map[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low && address - dma->map[low - 1].address < dma->map[low - 1].size)
		return &dma->map[low - 1];
	*gap = low < dma->maps ? dma->map[low].address - address : ~0ull;
	return NULL;
}

static struct rnic_region *message_region(struct rnic_dma *dma, uint64_t address,
					  uint64_t end)
{
	struct rnic_region *region = NULL;

	for (unsigned int n = 0; n < RNIC_MAX_REGIONS; n++) {
		struct rnic_region *one = &dma->region[n];

		if (one->kind == RNIC_REGION_MESSAGE && address + MESSAGE_NEAR >= one->address &&
		    address <= one->end + MESSAGE_NEAR) {
			region = one;
			break;
		}
		if (one->kind == RNIC_REGION_FREE && !region)
			region = one;
	}
	/* Full: the last one takes what is left over, so that nothing goes uncounted. */
	if (!region)
		region = &dma->region[RNIC_MAX_REGIONS - 1];
	if (region->kind == RNIC_REGION_FREE) {
		region->kind = RNIC_REGION_MESSAGE;
		region->address = address;
		region->end = end;
	}
	if (region->kind == RNIC_REGION_MESSAGE) {
		region->address = address < region->address ? address : region->address;
		region->end = end > region->end ? end : region->end;
	}
	return region;
}

/* The first span of [address, address + len), dma_lock held. */
static int span_locked(struct rnic_port *port, bool write, uint64_t address, uint32_t len,
		       struct span *span)
{
	struct rnic_dma *dma = &port->dma;
	const struct rnic_map *map;
	uint64_t room;

	if (dma->resets)
		return -ECANCELED;
	if (!dma->bus_master || address + (len - 1) < address)
		return -EFAULT;
	map = find(dma, address, &room);
	if (map) {
		room = map->size - (address - map->address);
		if (write ? !map->writable : !map->readable)
			return -EFAULT;
	}
	*span = (struct span){ .len = len < room ? len : room };
	if (map && map->base) {
		span->memory = map->base + (address - map->address);
		span->region = map->region;
	} else {
		uint32_t most = write ? SPAN_MESSAGE_MAX : SPAN_MESSAGE_READ_MAX;

		span->len = span->len < most ? span->len : most;
		span->region = message_region(dma, address, address + span->len);
	}
	return 0;
}

static void record(struct rnic_port *port, bool write, uint64_t address,
		   const struct span *span)
{
	struct rnic_dma *dma = &port->dma;

	pthread_mutex_lock(&dma->records.lock);
	if (dma->records.on) {
		dma->records.at[dma->records.total++ % RNIC_MAX_RECORDS] =
			(struct rnic_record){
				.ns = rnic_now(),
				.address = address,
				.length = span->len,
				.qpn = dma->qpn,
				.region = span->region - dma->region,
				.write = write,
			};
	}
	pthread_mutex_unlock(&dma->records.lock);
}

/*
 * Reading the clock takes as long as moving some kilobytes, and memory comes in pages: it is
 * read once for a run of accesses to one region, at its end.
 */
void rnic_dma_settle(struct rnic_port *port)
{
	if (port->dma.unstamped)
		atomic_store_explicit(&port->dma.unstamped->last_ns, rnic_now(),
				      memory_order_relaxed);
	port->dma.unstamped = NULL;
}

/*
 * dma_lock held, for mapped memory from before the access on: what is counted before
 * peers_forbidden is answered was also done before.
 */
static void account(struct rnic_port *port, enum rnic_use use, bool write, uint64_t address,
		    const struct span *span)
{
	if (use == RNIC_USE_PAYLOAD && port->dma.peers_forbidden && !span->region->ram)
		rnic_count_add(port, RNIC_COUNT_FORBIDDEN, 1);
	atomic_fetch_add_explicit(&span->region->bytes[use][write], span->len,
				  memory_order_relaxed);
	if (use != RNIC_USE_PAYLOAD)
		return;
	if (port->dma.unstamped != span->region)
		rnic_dma_settle(port);
	port->dma.unstamped = span->region;
	record(port, write, address, span);
}

/*
 * Guest CPUs poll the word that says whether an entry is theirs: words of 4 and 8 bytes are
 * stored whole, after everything before them.
 */
static void store(uint8_t *to, const uint8_t *from, uint32_t len)
{
	if (len == 4 && (uintptr_t)to % 4 == 0) {
		uint32_t word;

		memcpy(&word, from, 4);
		__atomic_store_n((uint32_t *)(void *)to, word, __ATOMIC_RELEASE);
	} else if (len == 8 && (uintptr_t)to % 8 == 0) {
		uint64_t word;

		memcpy(&word, from, 8);
		__atomic_store_n((uint64_t *)(void *)to, word, __ATOMIC_RELEASE);
	} else {
		memmove(to, from, len);
	}
}

static int transfer(struct rnic_port *port, bool write, uint64_t address, void *data,
		    uint32_t len)
{
	struct rnic_dma *dma = &port->dma;

	if (!dma->transfer)
		return -EFAULT;
	return dma->transfer(dma->transfer_context, write, address, data, len);
}

static int access_one(struct rnic_port *port, enum rnic_use use, bool write,
		      uint64_t address, uint8_t *data, uint32_t len, uint32_t *done)
{
	struct span span;
	int ret;

	pthread_mutex_lock(&port->rnic->dma_lock);
	ret = span_locked(port, write, address, len, &span);
	if (!ret && span.memory) {
		if (write)
			store(span.memory, data, span.len);
		else
			memcpy(data, span.memory, span.len);
		account(port, use, write, address, &span);
	}
	pthread_mutex_unlock(&port->rnic->dma_lock);
	if (!ret && !span.memory) {
		ret = transfer(port, write, address, data, span.len);
		if (!ret) {
			pthread_mutex_lock(&port->rnic->dma_lock);
			account(port, use, write, address, &span);
			pthread_mutex_unlock(&port->rnic->dma_lock);
		}
	}
	*done = span.len;
	return ret;
}

static int access_all(struct rnic_port *port, enum rnic_use use, bool write,
		      uint64_t address, uint8_t *data, uint32_t len)
{
	while (len) {
		uint32_t done = 0;
		int ret = access_one(port, use, write, address, data, len, &done);

		if (ret) {
			rnic_count_add(port, RNIC_COUNT_DMA_FAULTS, 1);
			return ret;
		}
		address += done;
		data += done;
		len -= done;
	}
	return 0;
}

int rnic_dma_read(struct rnic_port *port, enum rnic_use use, uint64_t address, void *data,
		  uint32_t len)
{
	int ret = access_all(port, use, false, address, data, len);

	rnic_dma_settle(port);
	return ret;
}

int rnic_dma_write(struct rnic_port *port, enum rnic_use use, uint64_t address,
		   const void *data, uint32_t len)
{
	/* Not written to: access_all() only reads @data when it writes. */
	int ret = access_all(port, use, true, address, (uint8_t *)(uintptr_t)data, len);

	rnic_dma_settle(port);
	return ret;
}

static int as_target(int ret)
{
	return ret == -EFAULT ? -ENXIO : ret;
}

/* Both ends in mapped memory: the only copy there is. -EAGAIN: one of them is not. */
static int copy_mapped(struct rnic_port *to_port, uint64_t to, struct rnic_port *from_port,
		       uint64_t from, uint32_t len, uint32_t *done)
{
	struct span out, in;
	int ret;

	pthread_mutex_lock(&to_port->rnic->dma_lock);
	ret = span_locked(from_port, false, from, len, &in);
	if (!ret)
		ret = as_target(span_locked(to_port, true, to, len, &out));
	if (!ret && (!in.memory || !out.memory))
		ret = -EAGAIN;
	if (!ret) {
		in.len = out.len = in.len < out.len ? in.len : out.len;
		/* One buffer may be both source and target. */
		memmove(out.memory, in.memory, in.len);
		account(from_port, RNIC_USE_PAYLOAD, false, from, &in);
		account(to_port, RNIC_USE_PAYLOAD, true, to, &out);
		*done = in.len;
	}
	pthread_mutex_unlock(&to_port->rnic->dma_lock);
	return ret;
}

static int copy_bounced(struct rnic_port *to_port, uint64_t to, struct rnic_port *from_port,
			uint64_t from, uint32_t len, uint32_t *done)
{
	/* The engine is one thread. */
	static uint8_t bounce[SPAN_MESSAGE_MAX];
	int ret;

	*done = len < sizeof(bounce) ? len : sizeof(bounce);
	ret = access_all(from_port, RNIC_USE_PAYLOAD, false, from, bounce, *done);
	if (ret)
		return ret;
	return as_target(access_all(to_port, RNIC_USE_PAYLOAD, true, to, bounce, *done));
}

int rnic_dma_copy(struct rnic_port *to_port, const struct rnic_seg *to,
		  struct rnic_port *from_port, const struct rnic_seg *from, uint32_t len)
{
	uint32_t moved = 0;

	if (from->own)
		return as_target(rnic_dma_write(to_port, RNIC_USE_PAYLOAD, to->address,
						from->own, len));
	if (to->own)
		return rnic_dma_read(from_port, RNIC_USE_PAYLOAD, from->address, to->own, len);
	while (moved < len) {
		uint32_t done = 0;
		int ret = copy_mapped(to_port, to->address + moved, from_port,
				      from->address + moved, len - moved, &done);

		if (ret == -EAGAIN)
			ret = copy_bounced(to_port, to->address + moved, from_port,
					   from->address + moved, len - moved, &done);
		else if (ret)
			rnic_count_add(to_port, RNIC_COUNT_DMA_FAULTS, 1);
		if (ret)
			return ret;
		moved += done;
	}
	return 0;
}

static uint64_t atomic_memory(uint64_t *at, bool swap, uint64_t compare, uint64_t operand)
{
	if (!swap)
		return __atomic_fetch_add(at, operand, __ATOMIC_SEQ_CST);
	/* On failure @compare becomes what was there; on success it is what was there. */
	__atomic_compare_exchange_n(at, &compare, operand, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	return compare;
}

int rnic_dma_atomic(struct rnic_port *port, uint64_t address, bool swap, uint64_t compare,
		    uint64_t operand, uint64_t *old)
{
	struct span span;
	uint64_t value;
	int ret;

	pthread_mutex_lock(&port->rnic->dma_lock);
	ret = span_locked(port, true, address, 8, &span);
	if (!ret && span.memory) {
		*old = atomic_memory((uint64_t *)(void *)span.memory, swap, compare, operand);
		account(port, RNIC_USE_PAYLOAD, false, address, &span);
		account(port, RNIC_USE_PAYLOAD, true, address, &span);
	}
	pthread_mutex_unlock(&port->rnic->dma_lock);
	rnic_dma_settle(port);
	if (ret || span.memory)
		return ret;

	/* By message: read, change, write; atomic against this NIC only. */
	ret = rnic_dma_read(port, RNIC_USE_PAYLOAD, address, old, 8);
	if (ret)
		return ret;
	value = swap ? (*old == compare ? operand : *old) : *old + operand;
	return rnic_dma_write(port, RNIC_USE_PAYLOAD, address, &value, 8);
}
