// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Completion queues. Entries are big-endian, but for immediate data: the consumer swaps it
 * once more than the sender did, so it is stored the other way round [use: both
 * erdma_poll_one_cqe() read it as little-endian and then convert to big-endian].
 *
 * An armed CQ raises one event at the next entry (solicited_only: the next solicited or
 * failed one). "Next" counts from the last event and not from the doorbell, because an
 * entry may arrive between the consumer's last look and its arming; see event_pi.
 * Overflow cannot be seen: the consumer's index is told only with an arm.
 */
#include <errno.h>
#include <stdlib.h>

#include "rnic.h"

#define OWNER (1u << 31)
#define INDEX_MASK 0xffffffu

struct rnic_cq *rnic_cq_get(struct rnic_port *port, uint32_t cqn)
{
	return cqn < RNIC_MAX_CQ ? port->state->cq[cqn] : NULL;
}

/*
 * CREATE_CQ [hw]: +8 depth 31:24, page size 23:20, number 19:0; +12 +16 address; +20 pages
 * 31:16, table 15, doorbell page given 11, EQ 9:0; +32 offset in the first page; +36
 * doorbell page.
 */
int rnic_cq_create(struct rnic_port *port, const uint8_t *cmd)
{
	uint32_t cfg0 = rnic_le32(cmd + 8), cfg1 = rnic_le32(cmd + 20);
	uint32_t cqn = rnic_bits(cfg0, 19, 0), eqn = rnic_bits(cfg1, 9, 0);
	uint64_t pages[4] = { rnic_le64(cmd + 12) };
	uint32_t log_depth = rnic_bits(cfg0, 31, 24);
	struct rnic_queue shape = {
		.entry_size = RNIC_BLOCK,
		.page_shift = rnic_bits(cfg0, 23, 20) + 12,
		.offset = rnic_le32(cmd + 32),
		.pages = rnic_bits(cfg1, 31, 16),
	};
	struct rnic_cq *cq;
	int ret;

	if (cqn >= RNIC_MAX_CQ || port->state->cq[cqn] || log_depth > 20 ||
	    eqn >= RNIC_VECTORS || !port->state->eq[eqn].on)
		return -EINVAL;
	shape.entries = 1u << log_depth;
	cq = calloc(1, sizeof(*cq));
	if (!cq)
		return -ENOMEM;
	cq->cqn = cqn;
	cq->eqn = eqn;
	ret = rnic_queue_init(port, &cq->queue, &shape, rnic_bits(cfg1, 15, 15), pages);
	if (ret)
		goto free_cq;
	if (rnic_bits(cfg1, 11, 11)) {
		ret = rnic_db_set_of(port, rnic_bits(rnic_le32(cmd + 36), 15, 0));
		if (ret < 0)
			goto free_queue;
		cq->db_page = rnic_db_page(ret, RNIC_DB_SET_CQ);
	}
	port->state->cq[cqn] = cq;
	return 0;

free_queue:
	rnic_queue_free(&cq->queue);
free_cq:
	free(cq);
	return ret;
}

int rnic_cq_destroy(struct rnic_port *port, uint32_t cqn)
{
	struct rnic_cq *cq = rnic_cq_get(port, cqn);

	if (!cq)
		return -ENOENT;
	if (cq->users)
		return -EBUSY;
	port->state->cq[cqn] = NULL;
	rnic_queue_free(&cq->queue);
	free(cq);
	return 0;
}

static void raise_event(struct rnic_port *port, struct rnic_cq *cq)
{
	cq->armed = false;
	cq->event_pi = cq->pi;
	if (!rnic_eq_push(port, &port->state->eq[cq->eqn], cq->cqn, 0))
		cq->event_stalled = true;
}

static void encode(const struct rnic_cqe *cqe, uint8_t *out)
{
	rnic_put_be32(out, (uint32_t)cqe->op << 16 | (uint32_t)cqe->queue << 8 | cqe->status);
	rnic_put_be32(out + 4, cqe->index);
	if (cqe->queue == RNIC_CQE_CMD) {
		/* 64-bit answers, low words first, each word big-endian */
		for (unsigned int n = 0; n < 2; n++) {
			rnic_put_be32(out + 8 + 8 * n, cqe->answer[n]);
			rnic_put_be32(out + 12 + 8 * n, cqe->answer[n] >> 32);
		}
		return;
	}
	rnic_put_be32(out + 8, cqe->qpn);
	if (cqe->inverse)
		rnic_put_be32(out + 12, cqe->imm);
	else
		rnic_put_le32(out + 12, cqe->imm);
	rnic_put_be32(out + 16, cqe->size);
	rnic_put_be32(out + 28, cqe->ud);
}

void rnic_cq_push(struct rnic_port *port, struct rnic_cq *cq, const struct rnic_cqe *cqe)
{
	uint64_t at = rnic_queue_at(&cq->queue, cq->pi);
	uint8_t bytes[RNIC_BLOCK] = { 0 };

	encode(cqe, bytes);
	if (!(cq->pi & cq->queue.entries))
		bytes[0] |= OWNER >> 24;
	/* The word with the owner bit last. */
	if (rnic_dma_write(port, RNIC_USE_RING, at + 4, bytes + 4, RNIC_BLOCK - 4) ||
	    rnic_dma_write(port, RNIC_USE_RING, at, bytes, 4)) {
		if (!cq->broken)
			rnic_aeq_push(port, RNIC_AE_CQ, cq->cqn);
		cq->broken = true;
		return;
	}
	cq->pi++;
	rnic_count_add(port, RNIC_COUNT_CQES, 1);
	if (cqe->status)
		rnic_count_add(port, RNIC_COUNT_CQE_ERRORS, 1);
	if (cqe->solicited || cqe->status)
		cq->solicited_pi = cq->pi;
	if (cq->armed && (!cq->solicited_only || cqe->solicited || cqe->status))
		raise_event(port, cq);
}

/* [hw] number of arms 63:56, CQ 55:32, arm 31, solicited 30, events 29:28, index 23:0 */
void rnic_cq_doorbell(struct rnic_port *port, struct rnic_cq *cq, uint64_t value)
{
	uint32_t behind, wanted;

	cq->ci = value & INDEX_MASK;
	if (!rnic_bits(value, 31, 31))
		return;
	cq->solicited_only = rnic_bits(value, 30, 30);
	cq->armed = true;
	/* How many entries lie behind the last event, and behind the consumer's index. */
	wanted = cq->solicited_only ? cq->solicited_pi : cq->pi;
	behind = wanted - cq->event_pi;
	if ((int32_t)behind > 0 && ((wanted - cq->ci) & INDEX_MASK) - 1 < cq->queue.entries)
		raise_event(port, cq);
}
