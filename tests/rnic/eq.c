// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Event queues: the command EQ, the asynchronous EQ and one completion EQ per vector.
 *
 * An entry raises the EQ's vector if the driver has armed it, which it does with each
 * doorbell; before the first one an EQ counts as armed [use: erdma_ceq_init_one() arms
 * nothing]. The driver handles 16 entries per run and relies on being called again
 * [use: erdma_ceq_completion_handler()], so arming while entries are left raises at once.
 *
 * A full EQ loses no completion event: the CQ remembers that it has one to tell, and is
 * asked again when the driver has made room.
 */
#include "rnic.h"

#define OWNER (1ull << 31)
#define DB_ARM (1ull << 31)
/* Doorbells have room for 24 bits of an index, the driver has 16 [use: struct erdma_eq]. */
#define INDEX_MASK 0xffffu

static uint32_t pending(const struct rnic_eq *eq)
{
	return (eq->pi - eq->ci) & INDEX_MASK;
}

static void notify(struct rnic_port *port, struct rnic_eq *eq)
{
	if (!eq->armed)
		return;
	eq->armed = false;
	rnic_irq_raise(port, eq->vector);
}

bool rnic_eq_push(struct rnic_port *port, struct rnic_eq *eq, uint64_t first, uint64_t rest)
{
	uint64_t at = eq->address + (uint64_t)(eq->pi & (eq->depth - 1)) * RNIC_EQE_SIZE;
	uint8_t bytes[RNIC_EQE_SIZE];

	if (!eq->on)
		return true; /* nobody wants to know */
	if (pending(eq) >= eq->depth) {
		rnic_count_add(port, RNIC_COUNT_EQ_FULL, 1);
		eq->stalled = true;
		return false;
	}
	/* Set on the first pass through the ring, clear on the second, and so on. */
	if (!(eq->pi & eq->depth))
		first |= OWNER;
	rnic_put_le64(bytes, first);
	rnic_put_le64(bytes + 8, rest);
	/* The half with the owner bit last. */
	if (rnic_dma_write(port, RNIC_USE_RING, at + 8, bytes + 8, 8) ||
	    rnic_dma_write(port, RNIC_USE_RING, at, bytes, 8))
		return true;
	eq->pi++;
	rnic_count_add(port, RNIC_COUNT_EQES, 1);
	notify(port, eq);
	return true;
}

static void unstall(struct rnic_port *port, struct rnic_eq *eq)
{
	struct rnic_state *state = port->state;

	eq->stalled = false;
	for (uint32_t n = 0; n < RNIC_MAX_CQ && !eq->stalled; n++) {
		struct rnic_cq *cq = state->cq[n];

		if (cq && cq->event_stalled && &state->eq[cq->eqn] == eq)
			cq->event_stalled = !rnic_eq_push(port, eq, cq->cqn, 0);
	}
}

void rnic_eq_doorbell(struct rnic_port *port, struct rnic_eq *eq, uint64_t value)
{
	uint32_t ci = value & INDEX_MASK;

	if (!eq->on || ((eq->pi - ci) & INDEX_MASK) > eq->depth) {
		rnic_count_add(port, RNIC_COUNT_BAD_DOORBELLS, 1);
		return;
	}
	eq->ci = ci;
	if (eq->stalled)
		unstall(port, eq);
	eq->armed = value & DB_ARM;
	if (pending(eq))
		notify(port, eq);
}

void rnic_aeq_push(struct rnic_port *port, enum rnic_aeqe type, uint32_t number)
{
	rnic_count_add(port, RNIC_COUNT_AEQES, 1);
	rnic_eq_push(port, &port->state->aeq, (uint64_t)number << 32 | (uint32_t)type << 16, 0);
}
