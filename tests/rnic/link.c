// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The link between the ports of the process. Addresses are GIDs, as the driver announced
 * them; a port is always on its own link (loopback).
 *
 * Packets as such do not exist: a message is handed over in slices. What a wire would do to
 * a message shows as an answer (link.h vocabulary in rnic.h: ACK, NAK, RNR, DROP), and
 * packet sequence numbers advance as if there were packets, so that QUERY_QP and a
 * mismatch between two ends mean what they mean on a wire.
 */
#include <string.h>

#include "rnic.h"

static bool has_gid(const struct rnic_port *port, const uint8_t gid[16])
{
	for (unsigned int n = 0; n < RNIC_MAX_GID; n++)
		if (port->state->gid[n].used && !memcmp(port->state->gid[n].gid, gid, 16))
			return true;
	return false;
}

struct rnic_port *rnic_link_find(struct rnic *rnic, const struct rnic_av *av)
{
	struct rnic_port *found = NULL;

	for (unsigned int n = 0; n < rnic->ports; n++) {
		struct rnic_port *port = rnic->port[n];

		if (!port->state->on || port->state->fault[RNIC_FAULT_LINK] ||
		    !has_gid(port, av->gid))
			continue;
		/* Link-local addresses may be had twice: then the MAC decides. */
		if (!found || !memcmp(port->mac, av->mac, 6))
			found = port;
	}
	return found;
}

/* Whether @peer is at the other end of @qp: both must think so. */
static bool connected(const struct rnic_qp *qp, const struct rnic_qp *peer)
{
	return peer->type == RNIC_QP_RC && peer->dest_qpn == qp->qpn &&
	       has_gid(qp->port, peer->av.gid) && peer->state >= RNIC_QPS_RTR &&
	       peer->state != RNIC_QPS_ERROR;
}

struct rnic_qp *rnic_link_peer(struct rnic_qp *qp)
{
	struct rnic_port *port = rnic_link_find(qp->port->rnic, &qp->av);
	struct rnic_qp *peer = port ? rnic_qp_get(port, qp->dest_qpn) : NULL;

	if (!peer || !connected(qp, peer) || peer->rq_psn != qp->sq_psn)
		return NULL;
	return peer;
}

bool rnic_link_lost(struct rnic_port *port)
{
	return port->state->fault[RNIC_FAULT_LINK] || rnic_fault_take(port, RNIC_FAULT_DROP);
}

uint32_t rnic_link_packets(const struct rnic_port *port, uint32_t bytes)
{
	uint32_t mtu = port->state->mtu;

	return bytes ? (bytes - 1) / mtu + 1 : 1;
}
