// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Queue pairs: the state machine, doorbells, errors.
 *
 * ERROR is final until RESET: whatever is posted, before or after, completes as flushed, in
 * order, whether it asked for a completion or not. RESET forgets what is posted without a
 * completion; a kernel QP then starts at index 0 again, a user's goes on where it was,
 * because that is what the driver and the provider do.
 */
#include <errno.h>
#include <stdlib.h>

#include "rnic.h"

struct rnic_qp *rnic_qp_get(struct rnic_port *port, uint32_t qpn)
{
	return qpn < RNIC_MAX_QP ? port->state->qp[qpn] : NULL;
}

void rnic_qp_free(struct rnic_qp *qp)
{
	rnic_qp_place(qp, RNIC_IDLE);
	qp->port->state->qp[qp->qpn] = NULL;
	qp->scq->users--;
	qp->rcq->users--;
	rnic_queue_free(&qp->sq);
	rnic_queue_free(&qp->rq);
	free(qp);
}

/* InfiniBand Architecture 1.3, 10.3.1, figure 124 */
static bool may_become(uint8_t from, uint8_t to)
{
	static const uint8_t targets[RNIC_QPS_ERROR + 1] = {
		[RNIC_QPS_RESET] = 1 << RNIC_QPS_INIT,
		[RNIC_QPS_INIT] = 1 << RNIC_QPS_INIT | 1 << RNIC_QPS_RTR,
		[RNIC_QPS_RTR] = 1 << RNIC_QPS_RTS,
		[RNIC_QPS_RTS] = 1 << RNIC_QPS_RTS | 1 << RNIC_QPS_SQD,
		[RNIC_QPS_SQD] = 1 << RNIC_QPS_SQD | 1 << RNIC_QPS_RTS,
		[RNIC_QPS_SQE] = 1 << RNIC_QPS_RTS,
	};

	if (to > RNIC_QPS_ERROR)
		return false;
	return to == RNIC_QPS_RESET || to == RNIC_QPS_ERROR || targets[from] & 1 << to;
}

static void enter_reset(struct rnic_qp *qp)
{
	rnic_qp_place(qp, RNIC_IDLE);
	qp->wqe.loaded = false;
	qp->retry_since = qp->retry_next = 0;
	if (qp->kernel) {
		qp->sq_pi = qp->sq_ci = 0;
		qp->rq_pi = qp->rq_ci = 0;
	} else {
		qp->sq_ci = qp->sq_pi;
		qp->rq_ci = qp->rq_pi;
	}
}

static void enter(struct rnic_qp *qp, uint8_t state)
{
	if (state == RNIC_QPS_ERROR) {
		rnic_qp_error(qp);
		return;
	}
	qp->state = state;
	if (state == RNIC_QPS_RESET)
		enter_reset(qp);
	else if (state == RNIC_QPS_RTS)
		rnic_qp_activate(qp);
}

/*
 * MODIFY_QP [hw]: +8 state 31:24, number 19:0; +12 destination 19:0; +16 which fields
 * count; +20 key; +24 receive PSN, +28 send PSN; +32 address vector.
 */
int rnic_qp_modify(struct rnic_port *port, const uint8_t *cmd)
{
	uint32_t cfg = rnic_le32(cmd + 8), mask = rnic_le32(cmd + 16);
	struct rnic_qp *qp = rnic_qp_get(port, rnic_bits(cfg, 19, 0));
	uint8_t state = rnic_bits(cfg, 31, 24);

	if (!qp)
		return -ENOENT;
	if (mask & RNIC_QPA_STATE && !may_become(qp->state, state))
		return -EINVAL;
	if (mask & RNIC_QPA_DEST_QPN)
		qp->dest_qpn = rnic_bits(rnic_le32(cmd + 12), 19, 0);
	if (mask & RNIC_QPA_QKEY)
		qp->qkey = rnic_le32(cmd + 20);
	if (mask & RNIC_QPA_RQ_PSN)
		qp->rq_psn = rnic_bits(rnic_le32(cmd + 24), 23, 0);
	if (mask & RNIC_QPA_SQ_PSN)
		qp->sq_psn = rnic_bits(rnic_le32(cmd + 28), 23, 0);
	if (mask & RNIC_QPA_AV)
		qp->av = rnic_av_read(cmd + 32);
	if (mask & RNIC_QPA_STATE)
		enter(qp, state);
	return 0;
}

void rnic_qp_error(struct rnic_qp *qp)
{
	if (qp->state != RNIC_QPS_ERROR)
		rnic_count_add(qp->port, RNIC_COUNT_QP_ERRORS, 1);
	qp->state = RNIC_QPS_ERROR;
	rnic_qp_place(qp, RNIC_IDLE);
	rnic_qp_flush(qp);
}

void rnic_qp_fatal(struct rnic_qp *qp, enum rnic_aeqe type)
{
	rnic_qp_error(qp);
	rnic_aeq_push(qp->port, type, qp->qpn);
}

/*
 * The kernel's UD QP goes without a word. Its owner, ib_mad, does not drain it and frees its
 * buffers itself, while erdma_poll_cq() uses a QP without holding it: a flushed entry that is
 * polled while erdma_destroy_qp() frees the tables is an oops in the guest's kernel, and with
 * completions for all of them that is a race which rmmod loses now and then.
 */
static bool flushes_unseen(const struct rnic_qp *qp)
{
	return qp->kernel && qp->type == RNIC_QP_UD;
}

void rnic_qp_flush(struct rnic_qp *qp)
{
	if (flushes_unseen(qp)) {
		qp->sq_ci = qp->sq_pi;
		qp->rq_ci = qp->rq_pi;
		return;
	}
	while (qp->sq_ci != qp->sq_pi) {
		/* An entry that cannot be read has no length: the rest goes with it. */
		if (!qp->wqe.loaded && rnic_wqe_load(qp) && !qp->wqe.blocks) {
			qp->sq_ci = qp->sq_pi;
			break;
		}
		rnic_wqe_complete(qp, RNIC_FLUSHED);
	}
	while (qp->rq_ci != qp->rq_pi)
		rnic_rqe_complete(qp, (struct rnic_cqe){
					      .op = RNIC_OP_RECV,
					      .status = RNIC_FLUSHED,
				      });
}

/*
 * An index is believed only if the ring can hold what it claims: it comes from the guest.
 * It may come twice (doorbell and REFLUSH), and behind what is done already.
 */
static bool advance(struct rnic_qp *qp, uint16_t *pi, uint16_t ci, uint16_t value,
		    uint32_t depth)
{
	uint16_t posted = value - ci;

	if (posted > depth) {
		rnic_count_add(qp->port, RNIC_COUNT_BAD_DOORBELLS, 1);
		return false;
	}
	if ((uint16_t)(*pi - ci) < posted)
		*pi = value;
	return true;
}

void rnic_qp_sq_doorbell(struct rnic_qp *qp, uint16_t pi)
{
	if (!advance(qp, &qp->sq_pi, qp->sq_ci, pi, qp->sq.entries))
		return;
	if (qp->state == RNIC_QPS_RTS)
		rnic_qp_activate(qp);
	else if (qp->state == RNIC_QPS_ERROR)
		rnic_qp_flush(qp);
}

void rnic_qp_rq_doorbell(struct rnic_qp *qp, uint16_t pi)
{
	if (!advance(qp, &qp->rq_pi, qp->rq_ci, pi, qp->rq.entries))
		return;
	/*
	 * The driver rings first and notes whose entry it is afterwards [use:
	 * erdma_post_recv_one()]: a completion that is faster than it would go to whoever had
	 * the entry before. In ERROR it asks to be flushed a little later, with REFLUSH.
	 */
	if (qp->state == RNIC_QPS_ERROR && !qp->kernel)
		rnic_qp_flush(qp);
}
