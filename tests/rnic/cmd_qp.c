// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * CREATE_QP: the largest command of the interface.
 *
 * Whether a QP belongs to the kernel itself is told nowhere, but the driver gives the
 * kernel's queues as pages of 1 MiB and a user's as smaller ones [use: create_qp_cmd(),
 * init_user_qp()]. Two rules hang on it: only the kernel may use the reserved local key, and
 * only the kernel's indices start again at RESET.
 */
#include <errno.h>
#include <stdlib.h>

#include "rnic.h"

#define KERNEL_PAGE_SHIFT 20

/*
 * CREATE_QP [hw], SQ first, RQ after it: +8 +12 log of depth 31:20, then QP number and PD
 * 19:0; +16 +20 page size 31:28, doorbell pages given 25, CQ 23:0; +24 +32 first page or
 * table; +40 +44 offset in the page 31:12, pages 11:1, table 0; +64 +88 three more pages;
 * +112 doorbell pages SQ 31:16, RQ 15:0; +116 type 3:0.
 */
struct side {
	uint32_t cfg, cqn_cfg, mtt_cfg;
	uint64_t pages[4];
};

static struct side side_of(const uint8_t *cmd, unsigned int rq)
{
	struct side side = {
		.cfg = rnic_le32(cmd + 8 + 4 * rq),
		.cqn_cfg = rnic_le32(cmd + 16 + 4 * rq),
		.mtt_cfg = rnic_le32(cmd + 40 + 4 * rq),
		.pages = { rnic_le64(cmd + 24 + 8 * rq) },
	};

	for (unsigned int n = 0; n < 3; n++)
		side.pages[1 + n] = rnic_le64(cmd + 64 + 24 * rq + 8 * n);
	return side;
}

static int side_init(struct rnic_port *port, const struct side *side,
		     struct rnic_queue *queue, struct rnic_cq **cq)
{
	uint32_t log_depth = rnic_bits(side->cfg, 31, 20);
	struct rnic_queue shape = {
		.entry_size = RNIC_BLOCK,
		.page_shift = rnic_bits(side->cqn_cfg, 31, 28) + 12,
		.offset = side->mtt_cfg & 0xfffff000u,
		.pages = rnic_bits(side->mtt_cfg, 11, 1),
	};

	*cq = rnic_cq_get(port, rnic_bits(side->cqn_cfg, 23, 0));
	if (!*cq || log_depth > 15)
		return -EINVAL;
	shape.entries = 1u << log_depth;
	return rnic_queue_init(port, queue, &shape, rnic_bits(side->mtt_cfg, 0, 0),
			       side->pages);
}

/* The driver names a context by the SQ page of its set; both doorbells must come from it. */
static int doorbell_pages(struct rnic_qp *qp, const uint8_t *cmd, const struct side *sq)
{
	int set;

	if (!rnic_bits(sq->cqn_cfg, 25, 25))
		return 0;
	set = rnic_db_set_of(qp->port, rnic_bits(rnic_le32(cmd + 112), 31, 16));
	if (set < 0)
		return set;
	qp->sq_db_page = rnic_db_page(set, RNIC_DB_SET_SQ);
	qp->rq_db_page = rnic_db_page(set, RNIC_DB_SET_RQ);
	return 0;
}

int rnic_qp_create(struct rnic_port *port, const uint8_t *cmd)
{
	struct side sq = side_of(cmd, 0), rq = side_of(cmd, 1);
	uint32_t qpn = rnic_bits(sq.cfg, 19, 0);
	struct rnic_qp *qp;
	int ret;

	if (!qpn || qpn >= RNIC_MAX_QP || port->state->qp[qpn])
		return -EINVAL;
	qp = calloc(1, sizeof(*qp));
	if (!qp)
		return -ENOMEM;
	qp->port = port;
	qp->qpn = qpn;
	qp->pd = rnic_bits(rq.cfg, 19, 0);
	qp->type = rnic_bits(rnic_le32(cmd + 116), 3, 0);
	qp->kernel = rnic_bits(sq.cqn_cfg, 31, 28) + 12 == KERNEL_PAGE_SHIFT;
	ret = -EINVAL;
	if (qp->type > RNIC_QP_UD || qp->pd >= RNIC_MAX_PD)
		goto free_qp;
	ret = side_init(port, &sq, &qp->sq, &qp->scq);
	if (ret)
		goto free_qp;
	ret = side_init(port, &rq, &qp->rq, &qp->rcq);
	if (ret)
		goto free_sq;
	ret = doorbell_pages(qp, cmd, &sq);
	if (ret)
		goto free_rq;
	qp->scq->users++;
	qp->rcq->users++;
	port->state->qp[qpn] = qp;
	return 0;

free_rq:
	rnic_queue_free(&qp->rq);
free_sq:
	rnic_queue_free(&qp->sq);
free_qp:
	free(qp);
	return ret;
}
