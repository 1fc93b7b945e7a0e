// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Faults that a test asks for, see enum rnic_fault. Counters that run out, but for the
 * link, and two that act at once.
 */
#include "rnic.h"

void rnic_fault_set(struct rnic_port *port, enum rnic_fault kind, uint32_t n)
{
	struct rnic_qp *qp;

	switch (kind) {
	case RNIC_FAULT_QP_FATAL:
		qp = rnic_qp_get(port, n);
		if (qp)
			rnic_qp_fatal(qp, RNIC_AE_QP_FATAL);
		break;
	case RNIC_FAULT_CQ_ERROR:
		if (rnic_cq_get(port, n))
			rnic_aeq_push(port, RNIC_AE_CQ, n);
		break;
	default:
		port->state->fault[kind] = n;
	}
}

bool rnic_fault_take(struct rnic_port *port, enum rnic_fault kind)
{
	if (!port->state->fault[kind])
		return false;
	port->state->fault[kind]--;
	return true;
}
