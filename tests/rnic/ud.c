// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Unreliable datagrams, which is what the kernel's connection manager speaks (QP 1).
 *
 * The sender always succeeds. What cannot be delivered (no such port or QP, wrong key, no
 * receive entry, buffer too small) is dropped and counted at the receiver's port, or at the
 * sender's if there is no receiver.
 *
 * A receive buffer begins with 40 bytes of network header: an IPv6 header, or 20 bytes of
 * nothing and an IPv4 header (Supplement to InfiniBand Architecture 1.2.1, Annex A17.4.5.2).
 */
#include <string.h>

#include "rnic.h"

#define HEADER 40u
#define MAX_PAYLOAD 4096u
#define UDP 17

static void header_v4(struct rnic_port *port, const struct rnic_av *av, uint32_t length,
		      uint8_t *out)
{
	uint8_t *ip = out + 20;
	uint32_t sum = 0;

	ip[0] = 0x45;
	ip[1] = av->tclass;
	rnic_put_be16(ip + 2, 20 + 8 + 12 + 8 + length + 4); /* UDP, BTH, DETH, ICRC */
	rnic_put_be16(ip + 6, 0x4000);
	ip[8] = av->hops;
	ip[9] = UDP;
	memcpy(ip + 12, port->state->gid[av->sgid].gid + 12, 4);
	memcpy(ip + 16, av->gid + 12, 4);
	for (unsigned int n = 0; n < 20; n += 2)
		sum += ip[n] << 8 | ip[n + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	rnic_put_be16(ip + 10, ~sum);
}

static void header_v6(struct rnic_port *port, const struct rnic_av *av, uint32_t length,
		      uint8_t *out)
{
	rnic_put_be32(out, 6u << 28 | (uint32_t)av->tclass << 20 | av->flow);
	rnic_put_be16(out + 4, 8 + 12 + 8 + length + 4);
	out[6] = UDP;
	out[7] = av->hops;
	memcpy(out + 8, port->state->gid[av->sgid].gid, 16);
	memcpy(out + 24, av->gid, 16);
}

static enum rnic_status gather(struct rnic_qp *qp, uint8_t *out)
{
	const struct rnic_wqe *wqe = &qp->wqe;

	if (wqe->inlined) {
		memcpy(out, wqe->data, wqe->length);
		return RNIC_OK;
	}
	for (unsigned int n = 0; n < wqe->sges; n++) {
		struct rnic_segs segs = { 0 };
		enum rnic_status status = rnic_mr_access(qp, RNIC_LOCAL, &wqe->sge[n],
							 RNIC_RIGHT_LREAD, 0,
							 wqe->sge[n].length, &segs);

		for (unsigned int s = 0; !status && s < segs.count; s++) {
			if (rnic_dma_read(qp->port, RNIC_USE_PAYLOAD, segs.seg[s].address, out,
					  segs.seg[s].length))
				status = RNIC_GENERAL;
			out += segs.seg[s].length;
		}
		if (status)
			return status;
	}
	return RNIC_OK;
}

/* Into the receive entry at the head; false: it stays, and the datagram is gone. */
static bool scatter(struct rnic_qp *peer, const uint8_t *data, uint32_t length)
{
	enum rnic_status status;
	struct rnic_segs segs = { 0 };
	struct rnic_rqe rqe;
	struct rnic_sge sge;

	if (!rnic_rqe_peek(peer, &rqe, &status) || status || length > rqe.length)
		return false;
	sge = (struct rnic_sge){ rqe.address, length, rqe.key };
	if (rnic_mr_access(peer, RNIC_LOCAL, &sge, RNIC_RIGHT_LWRITE, 0, length, &segs))
		return false;
	for (unsigned int s = 0; s < segs.count; s++) {
		if (rnic_dma_write(peer->port, RNIC_USE_PAYLOAD, segs.seg[s].address, data,
				   segs.seg[s].length))
			return false;
		data += segs.seg[s].length;
	}
	return true;
}

static void deliver(struct rnic_qp *qp, const struct rnic_av *av, uint8_t *data)
{
	const struct rnic_wqe *wqe = &qp->wqe;
	struct rnic_port *port = rnic_link_find(qp->port->rnic, av);
	struct rnic_qp *peer = port ? rnic_qp_get(port, wqe->dest_qpn) : NULL;
	uint32_t length = HEADER + wqe->length;

	rnic_count_add(qp->port, RNIC_COUNT_TX_PACKETS, 1);
	rnic_count_add(qp->port, RNIC_COUNT_TX_BYTES, wqe->length);
	memset(data, 0, HEADER);
	if (av->ipv6)
		header_v6(qp->port, av, wqe->length, data);
	else
		header_v4(qp->port, av, wqe->length, data);
	if (!peer || peer->type != RNIC_QP_UD || peer->qkey != wqe->qkey ||
	    peer->state < RNIC_QPS_RTR || peer->state == RNIC_QPS_ERROR ||
	    !scatter(peer, data, length)) {
		rnic_count_add(port ? port : qp->port,
			       port ? RNIC_COUNT_RX_DROPS : RNIC_COUNT_TX_DROPS, 1);
		return;
	}
	rnic_count_add(port, RNIC_COUNT_RX_PACKETS, 1);
	rnic_count_add(port, RNIC_COUNT_RX_BYTES, wqe->length);
	rnic_rqe_complete(peer, (struct rnic_cqe){
					.op = wqe->op == RNIC_OP_SEND_IMM ?
						      RNIC_OP_RECV_SEND_IMM :
						      RNIC_OP_RECV,
					.imm = wqe->imm,
					.size = length,
					.solicited = wqe->solicited,
					.ud = (uint32_t)av->ipv6 << 31 |
					      (uint32_t)av->sl << 20 | qp->qpn,
				});
}

static enum rnic_status send_one(struct rnic_qp *qp)
{
	static uint8_t data[HEADER + MAX_PAYLOAD]; /* the engine is one thread */
	const struct rnic_wqe *wqe = &qp->wqe;
	struct rnic_state *state = qp->port->state;
	enum rnic_status status;
	struct rnic_ah *ah;

	ah = wqe->ah < RNIC_MAX_AH ? &state->ah[wqe->ah] : NULL;
	if (!ah || !ah->used || ah->av.sgid >= RNIC_MAX_GID || wqe->length > MAX_PAYLOAD)
		return RNIC_SEND_FORMAT;
	if (ah->pd != qp->pd)
		return RNIC_SEND_PD;
	qp->port->dma.qpn = qp->qpn;
	status = gather(qp, data + HEADER);
	if (status)
		return status;
	rnic_count_add(qp->port, RNIC_COUNT_TX_REQUESTS, 1);
	if (rnic_link_lost(qp->port))
		rnic_count_add(qp->port, RNIC_COUNT_TX_DROPS, 1);
	else
		deliver(qp, &ah->av, data);
	return RNIC_OK;
}

enum rnic_step rnic_ud_step(struct rnic_qp *qp)
{
	enum rnic_status status = rnic_wqe_load(qp);

	if (!status)
		status = send_one(qp);
	/* Delivery may have gone to this very QP; its SQ is untouched by that. */
	rnic_wqe_complete(qp, status);
	if (status)
		rnic_qp_error(qp);
	return RNIC_STEP_DONE;
}
