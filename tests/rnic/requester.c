// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The sending side of a reliable connection: one slice of the entry at the head of the SQ.
 *
 * Entries run strictly one after the other, to the end, so completions are in order and a
 * fence has nothing left to do. A message that does not get through (no peer, link down,
 * lost) is tried again until retry_ns are over; one that finds no receive entry waits for
 * ever, because the interface has no way to say how often to try, nor a status to give up
 * with.
 */
#include "rnic.h"

#define RETRY_INTERVAL_NS 4000000u /* an InfiniBand local ACK timeout of 10 */
#define RNR_INTERVAL_NS 1280000u /* InfiniBand's RNR NAK timer 14 */

static enum rnic_step fail(struct rnic_qp *qp, enum rnic_status status)
{
	rnic_wqe_complete(qp, status);
	rnic_qp_error(qp);
	return RNIC_STEP_DONE;
}

static enum rnic_step retry(struct rnic_qp *qp, uint64_t now)
{
	rnic_count_add(qp->port, RNIC_COUNT_TX_DROPS, 1);
	if (!qp->retry_since) {
		qp->retry_since = now;
	} else if (now - qp->retry_since >= qp->port->rnic->retry_ns) {
		rnic_count_add(qp->port, RNIC_COUNT_RETRY_EXCEEDED, 1);
		return fail(qp, RNIC_RETRY);
	}
	rnic_count_add(qp->port, RNIC_COUNT_RETRIES, 1);
	qp->retry_next = now + RETRY_INTERVAL_NS;
	return RNIC_STEP_WAIT;
}

static void count_message(struct rnic_qp *qp, struct rnic_qp *peer)
{
	uint32_t length = qp->wqe.length;
	uint32_t packets = rnic_link_packets(qp->port, length);
	bool read = qp->wqe.op == RNIC_OP_READ || qp->wqe.op == RNIC_OP_READ_INV;
	struct rnic_port *from = read ? peer->port : qp->port;
	struct rnic_port *to = read ? qp->port : peer->port;

	rnic_count_add(qp->port, RNIC_COUNT_TX_REQUESTS, 1);
	rnic_count_add(from, RNIC_COUNT_TX_PACKETS, packets);
	rnic_count_add(from, RNIC_COUNT_TX_BYTES, length);
	rnic_count_add(to, RNIC_COUNT_RX_PACKETS, packets);
	rnic_count_add(to, RNIC_COUNT_RX_BYTES, length);
	qp->sq_psn = (qp->sq_psn + packets) & 0xffffff;
	peer->rq_psn = (peer->rq_psn + packets) & 0xffffff;
}

static enum rnic_step message(struct rnic_qp *qp, uint64_t now)
{
	struct rnic_wqe *wqe = &qp->wqe;
	struct rnic_reply reply;
	struct rnic_qp *peer;
	enum rnic_status status;

	if (now < qp->retry_next)
		return RNIC_STEP_WAIT;
	peer = rnic_link_lost(qp->port) ? NULL : rnic_link_peer(qp);
	if (!peer)
		return retry(qp, now);
	reply = rnic_respond(peer, qp);
	switch (reply.kind) {
	case RNIC_DROP:
		return retry(qp, now);
	case RNIC_RNR:
		if (qp->place != RNIC_WAITING)
			rnic_count_add(qp->port, RNIC_COUNT_RNR_WAITS, 1);
		/* Not at once where the driver may be slower than we are, see qp.c. */
		if (peer->kernel)
			qp->retry_next = now + RNR_INTERVAL_NS;
		return RNIC_STEP_WAIT;
	case RNIC_NAK:
		return fail(qp, reply.status);
	case RNIC_ACK:
		break;
	}
	qp->retry_since = qp->retry_next = 0;
	wqe->done += reply.bytes;
	if (wqe->done < wqe->length)
		return RNIC_STEP_MORE;

	count_message(qp, peer);
	if (wqe->op == RNIC_OP_READ_INV) {
		status = rnic_mr_invalidate(qp, wqe->invalidate, RNIC_LOCAL);
		if (status)
			return fail(qp, status);
	}
	rnic_wqe_complete(qp, RNIC_OK);
	return RNIC_STEP_DONE;
}

enum rnic_step rnic_rc_step(struct rnic_qp *qp, uint64_t now)
{
	enum rnic_status status;

	if (!qp->wqe.loaded) {
		status = rnic_wqe_load(qp);
		if (status)
			return fail(qp, status);
	}
	if (qp->wqe.op == RNIC_OP_REG_MR)
		status = rnic_mr_fast_register(qp, &qp->wqe);
	else if (qp->wqe.op == RNIC_OP_LOCAL_INV)
		status = rnic_mr_invalidate(qp, qp->wqe.key, RNIC_LOCAL);
	else
		return message(qp, now);
	if (status)
		return fail(qp, status);
	rnic_wqe_complete(qp, RNIC_OK);
	return RNIC_STEP_DONE;
}
