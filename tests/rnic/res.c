// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the other objects share: queue buffers in DMA memory, doorbell pages, address
 * vectors; and taking all of a port's objects down.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rnic.h"

#define INLINE_PAGES 4u

/*
 * @shape says what the queue looks like. @table: pages[0] is the address of the page list,
 * otherwise @pages is that list. The driver may say 0 pages for a list of one.
 */
int rnic_queue_init(struct rnic_port *port, struct rnic_queue *queue,
		    const struct rnic_queue *shape, bool table, const uint64_t *pages)
{
	uint64_t bytes = (uint64_t)shape->entries * shape->entry_size, need;
	int ret = 0;

	*queue = *shape;
	queue->page = NULL;
	if (!queue->pages)
		queue->pages = 1;
	/* Entries never straddle pages. */
	if (queue->offset % queue->entry_size || queue->offset >> queue->page_shift)
		return -EINVAL;
	need = (queue->offset + bytes + (1ull << queue->page_shift) - 1) >> queue->page_shift;
	if (need > queue->pages || (!table && queue->pages > INLINE_PAGES))
		return -EINVAL;
	queue->page = calloc(queue->pages, sizeof(*queue->page));
	if (!queue->page)
		return -ENOMEM;
	if (table)
		ret = rnic_dma_read(port, RNIC_USE_TABLE, pages[0], queue->page,
				    queue->pages * sizeof(*queue->page));
	else
		memcpy(queue->page, pages, queue->pages * sizeof(*queue->page));
	for (uint32_t n = 0; n < queue->pages; n++)
		queue->page[n] = le64toh(queue->page[n]) & ~(uint64_t)(RNIC_PAGE - 1);
	if (ret)
		rnic_queue_free(queue);
	return ret;
}

void rnic_queue_free(struct rnic_queue *queue)
{
	free(queue->page);
	queue->page = NULL;
}

uint64_t rnic_queue_at(const struct rnic_queue *queue, uint32_t index)
{
	uint64_t offset = queue->offset +
			  (uint64_t)(index & (queue->entries - 1)) * queue->entry_size;

	return queue->page[offset >> queue->page_shift] +
	       (offset & ((1ull << queue->page_shift) - 1));
}

uint32_t rnic_db_page(int set, enum rnic_db which)
{
	return RNIC_DB_EXT / RNIC_PAGE + 3 * (uint32_t)set + which;
}

int rnic_db_alloc(struct rnic_port *port)
{
	for (unsigned int n = 0; n < RNIC_MAX_DB; n++) {
		if (!port->state->db_used[n]) {
			port->state->db_used[n] = true;
			return n;
		}
	}
	return -ENOSPC;
}

int rnic_db_set_of(struct rnic_port *port, uint32_t page)
{
	uint32_t set = (page - RNIC_DB_EXT / RNIC_PAGE) / 3;

	if (page < RNIC_DB_EXT / RNIC_PAGE || set >= RNIC_MAX_DB || !port->state->db_used[set])
		return -ENOENT;
	return set;
}

/*
 * Address vector [hw]: +0 flow label 19:0, IPv6 20; +4 class, +5 hops, +6 SL, +8 UDP port,
 * +10 source GID index, +12 MAC, +20 GID.
 */
struct rnic_av rnic_av_read(const uint8_t *cfg)
{
	struct rnic_av av = {
		.flow = rnic_bits(rnic_le32(cfg), 19, 0),
		.ipv6 = rnic_bits(rnic_le32(cfg), 20, 20),
		.tclass = cfg[4],
		.hops = cfg[5],
		.sl = cfg[6],
		.sgid = rnic_le16(cfg + 10),
	};

	memcpy(av.mac, cfg + 12, sizeof(av.mac));
	memcpy(av.gid, cfg + 20, sizeof(av.gid));
	return av;
}

void rnic_state_reset(struct rnic_port *port)
{
	struct rnic_state *state = port->state;

	for (uint32_t n = 0; n < RNIC_MAX_QP; n++)
		if (state->qp[n])
			rnic_qp_free(state->qp[n]);
	for (uint32_t n = 0; n < RNIC_MAX_CQ; n++)
		rnic_cq_destroy(port, n);
	for (uint32_t n = 0; n < RNIC_MAX_MR; n++)
		rnic_mr_free(port, n);
	rnic_queue_free(&state->cmd.cq.queue);
	memset(state, 0, sizeof(*state));
}
