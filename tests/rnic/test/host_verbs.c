// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The test's guest, see host.h: CQs, QPs, MRs, send entries.
 */
#include <string.h>

#include "host.h"

void host_cq(struct host_cq *cq, unsigned int port, uint32_t cqn, uint32_t depth)
{
	uint8_t cmd[RNIC_CMD_SIZE] = { 0 };

	*cq = (struct host_cq){ .port = port, .cqn = cqn, .depth = depth };
	cq->at = host_alloc(depth * RNIC_BLOCK, 4096);
	rnic_put_le32(cmd + 8, (uint32_t)__builtin_ctz(depth) << 24 | 12u << 20 | cqn);
	rnic_put_le64(cmd + 12, cq->at);
	rnic_put_le32(cmd + 20, 1u << 16 | 1);
	CHECK_EQ(host_cmd(port, 0, RNIC_CMD_CREATE_CQ, cmd), 0);
}

bool host_poll(struct host_cq *cq, struct host_wc *wc)
{
	const uint8_t *at = host_at(cq->at) + (cq->ci & (cq->depth - 1)) * RNIC_BLOCK;
	uint32_t hdr = rnic_be32(at);

	if (hdr >> 31 == !!(cq->ci & cq->depth))
		return false;
	cq->ci++;
	*wc = (struct host_wc){
		.op = hdr >> 16 & 0xff,
		.queue = hdr >> 8 & 0xff,
		.status = hdr & 0xff,
		.index = rnic_be32(at + 4),
		.qpn = rnic_be32(at + 8),
		.invalidated = rnic_be32(at + 12),
		.size = rnic_be32(at + 16),
		.ud = rnic_be32(at + 28),
	};
	/* What a provider does: to little-endian, then to big-endian */
	rnic_put_be32(wc->imm, rnic_le32(at + 12));
	return true;
}

struct host_wc host_expect(struct host_cq *cq, uint8_t queue, enum rnic_status status)
{
	struct host_wc wc;

	CHECK(host_poll(cq, &wc));
	CHECK_EQ(wc.status, status);
	CHECK_EQ(wc.queue, queue);
	return wc;
}

void host_arm(struct host_cq *cq, bool solicited)
{
	host_doorbell(cq->port, RNIC_DB_CQ,
		      (uint64_t)cq->cqn << 32 | 1ull << 31 | (uint64_t)solicited << 30 |
			      (cq->ci & 0xffffff));
	host_run();
}

void host_qp(struct host_qp *qp, unsigned int port, uint32_t qpn, uint32_t pd,
	     struct host_cq *scq, struct host_cq *rcq)
{
	uint8_t cmd[RNIC_CMD_SIZE] = { 0 };
	bool kernel = pd & HOST_KERNEL;
	uint32_t page = kernel ? 8 : 4; /* 1 MiB, 64 KiB */

	*qp = (struct host_qp){
		.port = port,
		.qpn = qpn,
		.pd = pd & 0xff,
		.sq_depth = 64,
		.rq_depth = 32,
		.scq = scq,
		.rcq = rcq,
		.kernel = kernel,
	};
	qp->sq = host_alloc(qp->sq_depth * RNIC_BLOCK, 4096);
	qp->rq = host_alloc(qp->rq_depth * RNIC_BLOCK, 4096);
	rnic_put_le32(cmd + 8, 6u << 20 | qpn);
	rnic_put_le32(cmd + 12, 5u << 20 | qp->pd);
	rnic_put_le32(cmd + 16, page << 28 | scq->cqn);
	rnic_put_le32(cmd + 20, page << 28 | rcq->cqn);
	rnic_put_le64(cmd + 24, qp->sq);
	rnic_put_le64(cmd + 32, qp->rq);
	rnic_put_le32(cmd + 40, 1 << 1);
	rnic_put_le32(cmd + 44, 1 << 1);
	rnic_put_le32(cmd + 116, pd & HOST_UD ? RNIC_QP_UD : RNIC_QP_RC);
	CHECK_EQ(host_cmd(port, 0, RNIC_CMD_CREATE_QP, cmd), 0);
}

int host_modify(struct host_qp *qp, enum rnic_qps state, uint32_t mask, uint32_t dest,
		unsigned int dest_port)
{
	uint8_t cmd[RNIC_CMD_SIZE] = { 0 };

	rnic_put_le32(cmd + 8, (uint32_t)state << 24 | qp->qpn);
	rnic_put_le32(cmd + 12, dest);
	rnic_put_le32(cmd + 16, mask | RNIC_QPA_STATE);
	rnic_put_le32(cmd + 20, 0x1234);
	rnic_put_le32(cmd + 24, 0xfffffe); /* both directions start before they wrap */
	rnic_put_le32(cmd + 28, 0xfffffe);
	rnic_put_le32(cmd + 32, 1u << 20);
	memcpy(cmd + 52, "\x20\x01", 2);
	cmd[52 + 15] = dest_port + 1;
	return host_cmd(qp->port, 0, RNIC_CMD_MODIFY_QP, cmd);
}

static void to_rts(struct host_qp *qp, uint32_t dest, unsigned int dest_port)
{
	CHECK_EQ(host_modify(qp, RNIC_QPS_INIT, 0, 0, 0), 0);
	CHECK_EQ(host_modify(qp, RNIC_QPS_RTR,
			     RNIC_QPA_AV | RNIC_QPA_DEST_QPN | RNIC_QPA_RQ_PSN |
				     RNIC_QPA_QKEY,
			     dest, dest_port), 0);
	CHECK_EQ(host_modify(qp, RNIC_QPS_RTS, RNIC_QPA_SQ_PSN, 0, 0), 0);
}

void host_connect(struct host_qp *a, struct host_qp *b)
{
	to_rts(a, b->qpn, b->port);
	if (a != b)
		to_rts(b, a->qpn, a->port);
}

unsigned int host_state(struct host_qp *qp)
{
	uint8_t cmd[RNIC_CMD_SIZE] = { 0 };

	rnic_put_le32(cmd + 8, qp->qpn);
	CHECK_EQ(host_cmd(qp->port, 0, RNIC_CMD_QUERY_QP, cmd), 0);
	return host.answer[0] >> 48 & 0xff;
}

/* Builds the tables below level @level in RAM; returns the address of the top one. */
static uint64_t table(const struct host_mr *mr, uint64_t pages, unsigned int level)
{
	uint64_t at = host_alloc(level == 1 ? pages * 8 : ((pages + 511) / 512) * 8, 4096);

	if (level == 1) {
		for (uint64_t n = 0; n < pages; n++)
			rnic_put_le64(host_at(at + 8 * n),
				      mr->pages ? mr->pages[n] :
						  mr->first + (n << mr->page_shift));
		return at;
	}
	/* The tables one level down lie one behind the other, a page each. */
	{
		uint64_t lower = table(mr, pages, level - 1);
		uint64_t count = pages;

		for (unsigned int n = 1; n < level; n++)
			count = (count + 511) / 512;
		for (uint64_t n = 0; n < count; n++)
			rnic_put_le64(host_at(at + 8 * n), lower + n * 4096);
	}
	return at;
}

int host_mr(unsigned int port, const struct host_mr *mr)
{
	uint8_t cmd[RNIC_CMD_SIZE] = { 0 };
	uint64_t page = 1ull << mr->page_shift;
	uint64_t pages = ((mr->va & (page - 1)) + mr->size + page - 1) >> mr->page_shift;
	bool wide = mr->level > 1;

	rnic_put_le32(cmd + 8, 1u << 31 | (uint32_t)wide << 28 | (mr->key & 0xff) << 20 |
				       mr->index);
	rnic_put_le32(cmd + 12, mr->pd << 12 | (uint32_t)mr->rights << 1);
	rnic_put_le64(cmd + 16, mr->va);
	rnic_put_le32(cmd + 24, mr->size);
	rnic_put_le32(cmd + 28, (uint32_t)mr->page_shift << 27 | (uint32_t)mr->level << 20 |
					(pages & 0xfffff));
	if (mr->level)
		rnic_put_le64(cmd + 32, table(mr, pages, mr->level));
	for (uint64_t n = 0; !mr->level && n < pages && n < 4; n++)
		rnic_put_le64(cmd + 32 + 8 * n, mr->pages ? mr->pages[n] :
							    mr->first + (n << mr->page_shift));
	if (wide) {
		rnic_put_le32(cmd + 40, mr->size >> 32);
		rnic_put_le32(cmd + 44, pages >> 20);
	}
	return host_cmd(port, 0, RNIC_CMD_REG_MR, cmd);
}

uint32_t host_mr_simple(unsigned int port, uint32_t index, uint32_t pd, uint8_t rights,
			uint64_t address, uint64_t size)
{
	struct host_mr mr = {
		.index = index,
		.pd = pd,
		.rights = rights | RNIC_RIGHT_LREAD,
		.page_shift = 12,
		.level = 1,
		.va = address,
		.size = size,
		.first = address & ~0xfffull,
	};

	CHECK_EQ(host_mr(port, &mr), 0);
	return index << 8;
}

struct host_sqe host_write(enum rnic_op op, uint32_t key, uint64_t remote)
{
	struct host_sqe sqe = { .op = op, .size = 32 };

	rnic_put_le32(sqe.bytes + 16, key);
	rnic_put_le32(sqe.bytes + 20, remote);
	rnic_put_le32(sqe.bytes + 24, remote >> 32);
	return sqe;
}

struct host_sqe host_send(enum rnic_op op)
{
	return (struct host_sqe){ .op = op, .size = 16 };
}

struct host_sqe host_read(uint64_t local, uint32_t lkey, uint32_t len, uint64_t remote,
			  uint32_t rkey)
{
	struct host_sqe sqe = { .op = RNIC_OP_READ, .size = 48 };

	rnic_put_le32(sqe.bytes + 12, len);
	rnic_put_le32(sqe.bytes + 16, lkey);
	rnic_put_le32(sqe.bytes + 20, local);
	rnic_put_le32(sqe.bytes + 24, local >> 32);
	rnic_put_le64(sqe.bytes + 32, remote);
	rnic_put_le32(sqe.bytes + 40, len);
	rnic_put_le32(sqe.bytes + 44, rkey);
	return sqe;
}

struct host_sqe host_atomic(enum rnic_op op, uint64_t remote, uint32_t rkey, uint64_t compare,
			    uint64_t operand, uint64_t local, uint32_t lkey)
{
	struct host_sqe sqe = { .op = op, .size = 64 };

	rnic_put_le64(sqe.bytes + 16, operand);
	rnic_put_le64(sqe.bytes + 24, compare);
	rnic_put_le64(sqe.bytes + 32, remote);
	rnic_put_le32(sqe.bytes + 44, rkey);
	rnic_put_le64(sqe.bytes + 48, local);
	rnic_put_le32(sqe.bytes + 56, 8);
	rnic_put_le32(sqe.bytes + 60, lkey);
	return sqe;
}

void host_imm(struct host_sqe *sqe, const void *bytes)
{
	memcpy(sqe->bytes + 8, bytes, 4);
}

void host_sge(struct host_sqe *sqe, uint64_t address, uint32_t len, uint32_t key)
{
	rnic_put_le64(sqe->bytes + sqe->size, address);
	rnic_put_le32(sqe->bytes + sqe->size + 8, len);
	rnic_put_le32(sqe->bytes + sqe->size + 12, key);
	rnic_put_le32(sqe->bytes + 12, rnic_le32(sqe->bytes + 12) + len);
	sqe->size += 16;
	sqe->list++;
}

void host_inline(struct host_sqe *sqe, const void *data, uint32_t len)
{
	memcpy(sqe->bytes + sqe->size, data, len);
	rnic_put_le32(sqe->bytes + 12, len);
	sqe->size += len;
	sqe->list = len;
	sqe->inlined = true;
}

void host_post_quiet(struct host_qp *qp, const struct host_sqe *sqe)
{
	unsigned int blocks = (sqe->size + RNIC_BLOCK - 1) / RNIC_BLOCK;
	uint8_t bytes[RNIC_SQE_MAX];

	memcpy(bytes, sqe->bytes, sizeof(bytes));
	rnic_put_le64(bytes, (uint64_t)sqe->list << 56 | (uint64_t)(blocks - 1) << 52 |
				     (uint64_t)qp->qpn << 32 | (uint64_t)sqe->op << 27 |
				     (uint64_t)sqe->inlined << 25 |
				     (uint64_t)sqe->solicited << 23 |
				     (uint64_t)!sqe->unsignaled << 22 |
				     (uint16_t)(qp->sq_pi + blocks));
	for (unsigned int n = 0; n < blocks; n++)
		memcpy(host_at(qp->sq + ((qp->sq_pi + n) & (qp->sq_depth - 1)) * RNIC_BLOCK),
		       bytes + n * RNIC_BLOCK, RNIC_BLOCK);
	qp->sq_pi += blocks;
}

void host_ring(struct host_qp *qp)
{
	host_doorbell(qp->port, RNIC_DB_SQ, (uint64_t)qp->qpn << 32 | qp->sq_pi);
}

void host_post(struct host_qp *qp, const struct host_sqe *sqe)
{
	host_post_quiet(qp, sqe);
	host_ring(qp);
}

void host_recv(struct host_qp *qp, uint64_t address, uint32_t len, uint32_t key)
{
	uint8_t *at = host_at(qp->rq + (qp->rq_pi & (qp->rq_depth - 1)) * RNIC_BLOCK);

	qp->rq_pi++;
	rnic_put_le64(at, (uint64_t)qp->qpn << 32 | qp->rq_pi);
	rnic_put_le64(at + 16, address);
	rnic_put_le32(at + 24, len);
	rnic_put_le32(at + 28, key);
	host_doorbell(qp->port, RNIC_DB_RQ, rnic_le64(at));
}

void host_pair(const struct host_sides *sides, uint32_t pd, uint32_t size)
{
	host_up(2);
	for (unsigned int n = 0; n < 2; n++) {
		host_cq(&sides->cq[n], n, 10 + n, 256);
		host_qp(&sides->qp[n], n, 20 + n, pd, &sides->cq[n], &sides->cq[n]);
		sides->buf[n] = host_alloc(size, 4096);
		host_random_bytes(sides->buf[n], size);
		sides->key[n] = host_mr_simple(n, 30 + n, pd & ~(HOST_UD | HOST_KERNEL), HOST_ALL,
					       sides->buf[n], size);
	}
	host_connect(&sides->qp[0], &sides->qp[1]);
}
