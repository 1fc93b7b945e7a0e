// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Work queue entries: from the ring to struct rnic_wqe, and their completions.
 *
 * An entry is read when its turn comes, whole, and checked for what it says of itself (QP
 * number, index, sizes), because the ring is the guest's memory. Whether its keys and
 * addresses are good is decided when they are used.
 */
#include <string.h>

#include "rnic.h"

/* The first eight bytes [hw] */
#define HDR_SGL(hdr) rnic_bits(hdr, 63, 56)
#define HDR_BLOCKS(hdr) (rnic_bits(hdr, 54, 52) + 1)
#define HDR_QPN(hdr) rnic_bits(hdr, 51, 32)
#define HDR_OP(hdr) rnic_bits(hdr, 31, 27)
#define HDR_INLINE(hdr) rnic_bits(hdr, 25, 25)
#define HDR_FENCE(hdr) rnic_bits(hdr, 24, 24)
#define HDR_SOLICITED(hdr) rnic_bits(hdr, 23, 23)
#define HDR_SIGNALED(hdr) rnic_bits(hdr, 22, 22)
#define HDR_NEXT(hdr) ((uint16_t)rnic_bits(hdr, 15, 0))

static struct rnic_sge sge_at(const uint8_t *at)
{
	return (struct rnic_sge){
		.address = rnic_le64(at),
		.length = rnic_le32(at + 8),
		.key = rnic_le32(at + 12),
	};
}

/* A list of SGEs, or data, from @at on; @length is the sum that the entry claims. */
static bool payload(struct rnic_wqe *wqe, uint32_t at, uint64_t hdr, uint32_t length)
{
	uint32_t room = (uint32_t)wqe->blocks * RNIC_BLOCK, count = HDR_SGL(hdr);
	uint64_t sum = 0;

	wqe->length = length;
	if (HDR_INLINE(hdr)) {
		wqe->inlined = true;
		wqe->data = wqe->bytes + at;
		return count == length && length <= RNIC_MAX_INLINE && at + length <= room;
	}
	if (count > RNIC_MAX_SGE || at + count * sizeof(struct rnic_sge) > room)
		return false;
	for (wqe->sges = 0; wqe->sges < count; wqe->sges++) {
		wqe->sge[wqe->sges] = sge_at(wqe->bytes + at + 16 * wqe->sges);
		sum += wqe->sge[wqe->sges].length;
	}
	return sum == length && sum <= RNIC_MAX_MESSAGE;
}

/* WRITE: +8 immediate, +12 length, +16 key, +20 +24 address low and high; +32 data */
static bool load_write(struct rnic_wqe *wqe, uint64_t hdr)
{
	const uint8_t *at = wqe->bytes;

	wqe->imm = rnic_be32(at + 8);
	wqe->key = rnic_le32(at + 16);
	wqe->remote = rnic_le32(at + 20) | (uint64_t)rnic_le32(at + 24) << 32;
	return payload(wqe, 32, hdr, rnic_le32(at + 12));
}

/* SEND: +8 immediate or key to invalidate, +12 length; +16 data. UD has more in between. */
static bool load_send(struct rnic_qp *qp, struct rnic_wqe *wqe, uint64_t hdr)
{
	const uint8_t *at = wqe->bytes;

	wqe->imm = rnic_be32(at + 8);
	wqe->invalidate = rnic_le32(at + 8);
	if (qp->type == RNIC_QP_RC)
		return payload(wqe, 16, hdr, rnic_le32(at + 12));
	wqe->qkey = rnic_le32(at + 16);
	wqe->dest_qpn = rnic_bits(rnic_le32(at + 20), 19, 0);
	wqe->ah = rnic_le32(at + 24);
	return wqe->op != RNIC_OP_SEND_INV && payload(wqe, 32, hdr, rnic_le32(at + 12));
}

/* READ: +8 key to invalidate, +12 length, +16 key, +20 +24 address; +32 the remote SGE */
static bool load_read(struct rnic_wqe *wqe)
{
	const uint8_t *at = wqe->bytes;
	struct rnic_sge remote = sge_at(at + 32);

	wqe->invalidate = rnic_le32(at + 8);
	wqe->length = rnic_le32(at + 12);
	wqe->sge[0] = (struct rnic_sge){
		.address = rnic_le32(at + 20) | (uint64_t)rnic_le32(at + 24) << 32,
		.length = wqe->length,
		.key = rnic_le32(at + 16),
	};
	wqe->sges = 1;
	wqe->remote = remote.address;
	wqe->key = remote.key;
	return wqe->blocks >= 2 && remote.length == wqe->length &&
	       wqe->length <= RNIC_MAX_MESSAGE;
}

/* Atomics: +16 operand or what to swap in, +24 compare; +32 remote SGE, +48 local SGE */
static bool load_atomic(struct rnic_wqe *wqe)
{
	const uint8_t *at = wqe->bytes;
	struct rnic_sge remote = sge_at(at + 32);

	wqe->swap_add = rnic_le64(at + 16);
	wqe->compare = rnic_le64(at + 24);
	wqe->remote = remote.address;
	wqe->key = remote.key;
	wqe->sge[0] = sge_at(at + 48);
	wqe->sges = 1;
	wqe->length = 8;
	return wqe->blocks >= 2 && wqe->sge[0].length == 8;
}

/* REG_MR, LOCAL_INV: +8 address, +16 length, +20 key, +24 attributes; +32 pages */
static bool load_memory(struct rnic_wqe *wqe)
{
	const uint8_t *at = wqe->bytes;

	wqe->remote = rnic_le64(at + 8);
	wqe->length = rnic_le32(at + 16);
	wqe->key = rnic_le32(at + 20);
	wqe->attrs = rnic_le32(at + 24);
	return true;
}

static bool decode(struct rnic_qp *qp, struct rnic_wqe *wqe, uint64_t hdr)
{
	bool send = wqe->op == RNIC_OP_SEND || wqe->op == RNIC_OP_SEND_IMM ||
		    wqe->op == RNIC_OP_SEND_INV;

	if (send)
		return load_send(qp, wqe, hdr);
	if (qp->type != RNIC_QP_RC)
		return false;
	switch (wqe->op) {
	case RNIC_OP_WRITE:
	case RNIC_OP_WRITE_IMM: return load_write(wqe, hdr);
	case RNIC_OP_READ:
	case RNIC_OP_READ_INV: return load_read(wqe);
	case RNIC_OP_CAS:
	case RNIC_OP_FAA: return load_atomic(wqe);
	case RNIC_OP_REG_MR:
	case RNIC_OP_LOCAL_INV: return load_memory(wqe);
	}
	return false;
}

/*
 * The entry at the head of the SQ. On an error, blocks is 0 if not even its header makes
 * sense.
 */
enum rnic_status rnic_wqe_load(struct rnic_qp *qp)
{
	struct rnic_wqe *wqe = &qp->wqe;
	uint16_t posted = qp->sq_pi - qp->sq_ci;
	uint64_t hdr;

	memset(wqe, 0, sizeof(*wqe));
	wqe->index = qp->sq_ci;
	if (rnic_dma_read(qp->port, RNIC_USE_RING, rnic_queue_at(&qp->sq, qp->sq_ci),
			  wqe->bytes, RNIC_BLOCK))
		return RNIC_GENERAL;
	hdr = rnic_le64(wqe->bytes);
	wqe->op = HDR_OP(hdr);
	if (HDR_QPN(hdr) != qp->qpn || HDR_BLOCKS(hdr) > posted ||
	    HDR_BLOCKS(hdr) * RNIC_BLOCK > RNIC_SQE_MAX ||
	    HDR_NEXT(hdr) != (uint16_t)(qp->sq_ci + HDR_BLOCKS(hdr)))
		return RNIC_SEND_FORMAT;
	wqe->blocks = HDR_BLOCKS(hdr);
	wqe->fence = HDR_FENCE(hdr);
	wqe->solicited = HDR_SOLICITED(hdr);
	wqe->signaled = HDR_SIGNALED(hdr);
	wqe->loaded = true;
	for (unsigned int n = 1; n < wqe->blocks; n++)
		if (rnic_dma_read(qp->port, RNIC_USE_RING,
				  rnic_queue_at(&qp->sq, qp->sq_ci + n),
				  wqe->bytes + n * RNIC_BLOCK, RNIC_BLOCK))
			return RNIC_GENERAL;
	return decode(qp, wqe, hdr) ? RNIC_OK : RNIC_SEND_FORMAT;
}

void rnic_wqe_complete(struct rnic_qp *qp, enum rnic_status status)
{
	struct rnic_wqe *wqe = &qp->wqe;

	qp->sq_ci += wqe->blocks ? wqe->blocks : 1;
	wqe->loaded = false;
	qp->retry_since = qp->retry_next = 0;
	if (wqe->signaled || status)
		rnic_cq_push(qp->port, qp->scq,
			     &(struct rnic_cqe){
				     .op = wqe->op,
				     .queue = RNIC_CQE_SQ,
				     .status = status,
				     .index = wqe->index,
				     .qpn = qp->qpn,
				     .size = wqe->length,
			     });
}

/*
 * RQ entry [hw]: +0 index of the next entry, +4 QP number, +16 address, +24 length, +28
 * key. False: none is posted.
 */
bool rnic_rqe_peek(struct rnic_qp *qp, struct rnic_rqe *rqe, enum rnic_status *status)
{
	uint8_t bytes[RNIC_BLOCK];

	*status = RNIC_OK;
	if (qp->rq_ci == qp->rq_pi)
		return false;
	if (rnic_dma_read(qp->port, RNIC_USE_RING, rnic_queue_at(&qp->rq, qp->rq_ci), bytes,
			  sizeof(bytes))) {
		*status = RNIC_GENERAL;
		return true;
	}
	if (rnic_le16(bytes) != (uint16_t)(qp->rq_ci + 1) ||
	    rnic_bits(rnic_le32(bytes + 4), 19, 0) != qp->qpn)
		*status = RNIC_RECV_FORMAT;
	*rqe = (struct rnic_rqe){
		.address = rnic_le64(bytes + 16),
		.length = rnic_le32(bytes + 24),
		.key = rnic_le32(bytes + 28),
	};
	return true;
}

void rnic_rqe_complete(struct rnic_qp *qp, struct rnic_cqe cqe)
{
	cqe.queue = RNIC_CQE_RQ;
	cqe.index = qp->rq_ci++;
	cqe.qpn = qp->qpn;
	rnic_cq_push(qp->port, qp->rcq, &cqe);
}
