// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The receiving side of a reliable connection, and where the bytes of a message move: from
 * the requester's segments to the responder's, or back for a read.
 *
 * A slice is short enough that other QPs, commands and resets get their turn. Each slice
 * checks both keys again; the first one checks the whole message, so that a bad request
 * moves nothing. What the responder finds wrong kills both QPs and is told to its driver,
 * what is wrong with the requester's own buffers kills the requester only.
 */
#include <errno.h>
#include <string.h>

#include "rnic.h"

#define SLICE (256u * 1024u)

static struct rnic_reply ack(uint32_t bytes)
{
	return (struct rnic_reply){ .kind = RNIC_ACK, .bytes = bytes };
}

static struct rnic_reply nak_local(enum rnic_status status)
{
	return (struct rnic_reply){ .kind = RNIC_NAK, .status = status, .local = true };
}

static struct rnic_reply nak(struct rnic_qp *peer, enum rnic_status status)
{
	rnic_qp_fatal(peer, status == RNIC_GENERAL ? RNIC_AE_OTHER : RNIC_AE_ACCESS);
	return (struct rnic_reply){ .kind = RNIC_NAK, .status = status };
}

/*
 * The receive entry is at fault: its owner sees what is wrong in a completion, the
 * requester only that the other side could not.
 */
static struct rnic_reply nak_receive(struct rnic_qp *peer, enum rnic_status status)
{
	if (status >= RNIC_SEND_KEY && status <= RNIC_SEND_WRAP)
		status = RNIC_RECV_KEY + (status - RNIC_SEND_KEY);
	rnic_rqe_complete(peer, (struct rnic_cqe){ .op = RNIC_OP_RECV, .status = status });
	return nak(peer, RNIC_RECV_FORMAT);
}

/* The requester's data from @skip on; the first slice checks all of it. */
static enum rnic_status gather(struct rnic_qp *from, uint32_t skip, uint32_t want,
			       uint8_t right, struct rnic_segs *segs)
{
	struct rnic_wqe *wqe = &from->wqe;
	enum rnic_status status;

	if (wqe->inlined) {
		segs->seg[0] = (struct rnic_seg){
			.length = want,
			.own = wqe->data + skip,
		};
		segs->count = want ? 1 : 0;
		segs->bytes = want;
		return RNIC_OK;
	}
	for (unsigned int n = 0; !skip && n < wqe->sges; n++) {
		status = rnic_mr_access(from, RNIC_LOCAL, &wqe->sge[n], right, 0, 0, segs);
		if (status)
			return status;
	}
	segs->count = segs->bytes = 0;
	for (unsigned int n = 0; n < wqe->sges && segs->bytes < want; n++) {
		uint32_t before = segs->bytes, room = wqe->sge[n].length;

		if (skip >= room) {
			skip -= room;
			continue;
		}
		room -= skip;
		room = room < want - before ? room : want - before;
		status = rnic_mr_access(from, RNIC_LOCAL, &wqe->sge[n], right, skip, room,
					segs);
		if (status)
			return status;
		if (segs->bytes < before + room)
			break; /* no segment left; the next slice goes on from here */
		skip = 0;
	}
	return RNIC_OK;
}

static int copy_pieces(struct rnic_port *to_port, const struct rnic_segs *to,
		       struct rnic_port *from_port, const struct rnic_segs *from,
		       uint32_t bytes)
{
	uint32_t to_done = 0, from_done = 0;
	unsigned int i = 0, o = 0;

	while (bytes) {
		struct rnic_seg in = from->seg[i], out = to->seg[o];
		uint32_t len = in.length - from_done;
		int ret;

		len = len < out.length - to_done ? len : out.length - to_done;
		len = len < bytes ? len : bytes;
		in.address += from_done;
		in.own = in.own ? in.own + from_done : NULL;
		out.address += to_done;
		ret = rnic_dma_copy(to_port, &out, from_port, &in, len);
		if (ret)
			return ret;
		bytes -= len;
		from_done += len;
		to_done += len;
		if (from_done == from->seg[i].length) {
			from_done = 0;
			i++;
		}
		if (to_done == to->seg[o].length) {
			to_done = 0;
			o++;
		}
	}
	return 0;
}

static int move(struct rnic_port *to_port, const struct rnic_segs *to,
		struct rnic_port *from_port, const struct rnic_segs *from, uint32_t bytes)
{
	int ret;

	if (bytes && rnic_fault_take(to_port, RNIC_FAULT_DMA))
		return -ENXIO;
	if (bytes && rnic_fault_take(from_port, RNIC_FAULT_DMA))
		return -EFAULT;
	ret = copy_pieces(to_port, to, from_port, from, bytes);
	rnic_dma_settle(to_port);
	rnic_dma_settle(from_port);
	return ret;
}

/* How a failed move is answered; @local is the error of the requester's side. */
static struct rnic_reply unmoved(struct rnic_qp *peer, int ret, int local)
{
	if (ret == -ECANCELED)
		return (struct rnic_reply){ .kind = RNIC_DROP };
	return ret == local ? nak_local(RNIC_GENERAL) : nak(peer, RNIC_GENERAL);
}

static uint32_t slice_of(const struct rnic_wqe *wqe)
{
	uint32_t left = wqe->length - wqe->done;

	return left < SLICE ? left : SLICE;
}

static struct rnic_sge remote_of(const struct rnic_wqe *wqe)
{
	return (struct rnic_sge){
		.address = wqe->remote,
		.length = wqe->length,
		.key = wqe->key,
	};
}

/* The receive entry that a finished SEND or WRITE_IMM consumes. */
static void consume(struct rnic_qp *peer, const struct rnic_wqe *wqe)
{
	struct rnic_cqe cqe = { .size = wqe->length, .solicited = wqe->solicited };

	switch (wqe->op) {
	case RNIC_OP_SEND: cqe.op = RNIC_OP_RECV; break;
	case RNIC_OP_SEND_IMM: cqe.op = RNIC_OP_RECV_SEND_IMM; break;
	case RNIC_OP_SEND_INV: cqe.op = RNIC_OP_RECV_INV; break;
	case RNIC_OP_WRITE_IMM: cqe.op = RNIC_OP_RECV_WRITE_IMM; break;
	}
	cqe.inverse = wqe->op == RNIC_OP_SEND_INV;
	cqe.imm = cqe.inverse ? wqe->invalidate : wqe->imm;
	rnic_rqe_complete(peer, cqe);
}

static struct rnic_reply respond_write(struct rnic_qp *peer, struct rnic_qp *from)
{
	struct rnic_wqe *wqe = &from->wqe;
	struct rnic_sge remote = remote_of(wqe);
	struct rnic_segs in = { 0 }, out = { 0 };
	enum rnic_status status;
	uint32_t bytes;
	int ret;

	if (wqe->op == RNIC_OP_WRITE_IMM && peer->rq_ci == peer->rq_pi)
		return (struct rnic_reply){ .kind = RNIC_RNR };
	status = gather(from, wqe->done, slice_of(wqe), RNIC_RIGHT_LREAD, &in);
	if (status)
		return nak_local(status);
	status = rnic_mr_access(peer, RNIC_REMOTE, &remote, RNIC_RIGHT_RWRITE, wqe->done,
				in.bytes, &out);
	if (status)
		return nak(peer, status);
	bytes = out.bytes;
	ret = move(peer->port, &out, from->port, &in, bytes);
	if (ret)
		return unmoved(peer, ret, -EFAULT);
	if (wqe->op == RNIC_OP_WRITE_IMM && wqe->done + bytes == wqe->length)
		consume(peer, wqe);
	return ack(bytes);
}

static struct rnic_reply respond_send(struct rnic_qp *peer, struct rnic_qp *from)
{
	struct rnic_wqe *wqe = &from->wqe;
	struct rnic_segs in = { 0 }, out = { 0 };
	struct rnic_rqe rqe;
	struct rnic_sge buffer;
	enum rnic_status status;
	uint32_t bytes;
	int ret;

	if (!rnic_rqe_peek(peer, &rqe, &status))
		return (struct rnic_reply){ .kind = RNIC_RNR };
	if (status)
		return nak_receive(peer, status);
	if (wqe->length > rqe.length)
		return nak_receive(peer, RNIC_RECV_ADDR);
	status = gather(from, wqe->done, slice_of(wqe), RNIC_RIGHT_LREAD, &in);
	if (status)
		return nak_local(status);
	buffer = (struct rnic_sge){ rqe.address, wqe->length, rqe.key };
	status = rnic_mr_access(peer, RNIC_LOCAL, &buffer, RNIC_RIGHT_LWRITE, wqe->done,
				in.bytes, &out);
	if (status)
		return nak_receive(peer, status);
	bytes = out.bytes;
	ret = move(peer->port, &out, from->port, &in, bytes);
	if (ret)
		return unmoved(peer, ret, -EFAULT);
	if (wqe->done + bytes < wqe->length)
		return ack(bytes);
	if (wqe->op == RNIC_OP_SEND_INV) {
		status = rnic_mr_invalidate(peer, wqe->invalidate, RNIC_REMOTE);
		if (status)
			return nak(peer, status);
	}
	consume(peer, wqe);
	return ack(bytes);
}

static struct rnic_reply respond_read(struct rnic_qp *peer, struct rnic_qp *from)
{
	struct rnic_wqe *wqe = &from->wqe;
	struct rnic_sge remote = remote_of(wqe);
	struct rnic_segs in = { 0 }, out = { 0 };
	enum rnic_status status;
	uint32_t bytes;
	int ret;

	status = gather(from, wqe->done, slice_of(wqe), RNIC_RIGHT_LWRITE, &out);
	if (status)
		return nak_local(status);
	status = rnic_mr_access(peer, RNIC_REMOTE, &remote, RNIC_RIGHT_RREAD, wqe->done,
				out.bytes, &in);
	if (status)
		return nak(peer, status);
	bytes = in.bytes;
	ret = move(from->port, &out, peer->port, &in, bytes);
	return ret ? unmoved(peer, ret, -ENXIO) : ack(bytes);
}

static struct rnic_reply respond_atomic(struct rnic_qp *peer, struct rnic_qp *from)
{
	struct rnic_wqe *wqe = &from->wqe;
	struct rnic_sge remote = remote_of(wqe);
	struct rnic_segs at = { 0 }, out = { 0 };
	enum rnic_status status;
	uint8_t bytes[8];
	uint64_t old;
	int ret;

	status = gather(from, 0, 8, RNIC_RIGHT_LWRITE, &out);
	if (status)
		return nak_local(status);
	/* Aligned, so it lies in one page and one segment. */
	status = wqe->remote % 8 ? RNIC_RECV_ADDR :
				   rnic_mr_access(peer, RNIC_REMOTE, &remote,
						  RNIC_RIGHT_ATOMIC, 0, 8, &at);
	if (status)
		return nak(peer, status);
	ret = rnic_dma_atomic(peer->port, at.seg[0].address, wqe->op == RNIC_OP_CAS,
			      wqe->compare, wqe->swap_add, &old);
	if (ret)
		return unmoved(peer, ret, 0);
	rnic_put_le64(bytes, old);
	for (unsigned int n = 0, done = 0; n < out.count && !ret; n++) {
		ret = rnic_dma_write(from->port, RNIC_USE_PAYLOAD, out.seg[n].address,
				     bytes + done, out.seg[n].length);
		done += out.seg[n].length;
	}
	return ret ? unmoved(peer, ret, -EFAULT) : ack(8);
}

struct rnic_reply rnic_respond(struct rnic_qp *peer, struct rnic_qp *from)
{
	peer->port->dma.qpn = peer->qpn;
	from->port->dma.qpn = from->qpn;
	switch (from->wqe.op) {
	case RNIC_OP_WRITE:
	case RNIC_OP_WRITE_IMM: return respond_write(peer, from);
	case RNIC_OP_READ:
	case RNIC_OP_READ_INV: return respond_read(peer, from);
	case RNIC_OP_CAS:
	case RNIC_OP_FAA: return respond_atomic(peer, from);
	}
	return respond_send(peer, from);
}
