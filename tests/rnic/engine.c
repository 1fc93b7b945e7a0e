// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The engine: events in order, and between them QPs in turn, one slice each.
 *
 * A QP is idle, active (has work) or waiting (for its peer: a receive entry, a state, the
 * link). Waiting QPs are tried again after every batch of events, since any of them may be
 * what they wait for, and when their retry interval is over.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "rnic.h"
#include "session.h"

#define WAIT_NS 4000000u

void rnic_event_post(struct rnic_port *port, enum rnic_event_kind kind, uint32_t where,
		     uint64_t value, struct rnic_regs *regs)
{
	struct rnic *rnic = port->rnic;
	bool wake;

	pthread_mutex_lock(&rnic->events.lock);
	if (rnic->events.count == rnic->events.room) {
		size_t room = rnic->events.room ? 2 * rnic->events.room : 256;
		struct rnic_event *grown = calloc(room, sizeof(*grown));

		/* Without memory for an event there is no device any more. */
		if (!grown)
			abort();
		for (size_t n = 0; n < rnic->events.count; n++)
			grown[n] = rnic->events.at[(rnic->events.first + n) %
						   rnic->events.room];
		free(rnic->events.at);
		rnic->events.at = grown;
		rnic->events.room = room;
		rnic->events.first = 0;
	}
	rnic->events.at[(rnic->events.first + rnic->events.count++) % rnic->events.room] =
		(struct rnic_event){
			.port = port,
			.kind = kind,
			.where = where,
			.value = value,
			.regs = regs,
		};
	wake = rnic->events.sleeping;
	pthread_mutex_unlock(&rnic->events.lock);
	if (wake)
		pthread_cond_signal(&rnic->events.wake);
}

static bool take(struct rnic *rnic, struct rnic_event *event)
{
	bool got;

	pthread_mutex_lock(&rnic->events.lock);
	got = rnic->events.count;
	if (got) {
		*event = rnic->events.at[rnic->events.first];
		rnic->events.first = (rnic->events.first + 1) % rnic->events.room;
		rnic->events.count--;
	}
	pthread_mutex_unlock(&rnic->events.lock);
	return got;
}

/* A QP or CQ that was given doorbell pages has them alone, and no others. */
static bool page_fits(uint32_t own, uint32_t rung)
{
	return own ? own == rung : rung < RNIC_DB_EXT / RNIC_PAGE;
}

static bool ring(const struct rnic_event *event)
{
	uint32_t number = rnic_bits(event->value, 51, 32);
	struct rnic_qp *qp = rnic_qp_get(event->port, number);
	struct rnic_cq *cq;

	switch (event->kind) {
	case RNIC_EV_SQ_DB:
		if (!qp || !page_fits(qp->sq_db_page, event->where))
			return false;
		rnic_qp_sq_doorbell(qp, event->value);
		return true;
	case RNIC_EV_RQ_DB:
		if (!qp || !page_fits(qp->rq_db_page, event->where))
			return false;
		rnic_qp_rq_doorbell(qp, event->value);
		return true;
	default:
		cq = rnic_cq_get(event->port, rnic_bits(event->value, 55, 32));
		if (!cq || !page_fits(cq->db_page, event->where))
			return false;
		rnic_cq_doorbell(event->port, cq, event->value);
		return true;
	}
}

static void handle(const struct rnic_event *event)
{
	struct rnic_port *port = event->port;
	struct rnic_state *state = port->state;

	switch (event->kind) {
	case RNIC_EV_RESET:
		rnic_state_reset(port);
		if (port->session)
			rnic_session_allow(port->session);
		rnic_dma_reset_done(port);
		break;
	case RNIC_EV_INIT:
		rnic_cmdq_init(port, event->regs);
		free(event->regs);
		break;
	case RNIC_EV_CMD_DB:
		rnic_cmdq_doorbell(port, event->value);
		break;
	case RNIC_EV_CMD_CQ_DB:
		if (state->on)
			rnic_cq_doorbell(port, &state->cmd.cq, event->value);
		break;
	case RNIC_EV_AEQ_DB:
		rnic_eq_doorbell(port, &state->aeq, event->value);
		break;
	case RNIC_EV_EQ_DB:
		rnic_eq_doorbell(port, &state->eq[event->where], event->value);
		break;
	case RNIC_EV_SQ_DB:
	case RNIC_EV_RQ_DB:
	case RNIC_EV_CQ_DB:
		if (!ring(event))
			rnic_count_add(port, RNIC_COUNT_BAD_DOORBELLS, 1);
		break;
	case RNIC_EV_FAULT:
		rnic_fault_set(port, event->where, event->value);
		break;
	}
}

void rnic_qp_place(struct rnic_qp *qp, enum rnic_qp_place place)
{
	struct rnic *rnic = qp->port->rnic;

	if (qp->place == RNIC_ACTIVE)
		TAILQ_REMOVE(&rnic->active, qp, link);
	else if (qp->place == RNIC_WAITING)
		TAILQ_REMOVE(&rnic->waiting, qp, link);
	qp->place = place;
	if (place == RNIC_ACTIVE)
		TAILQ_INSERT_TAIL(&rnic->active, qp, link);
	else if (place == RNIC_WAITING)
		TAILQ_INSERT_TAIL(&rnic->waiting, qp, link);
}

void rnic_qp_activate(struct rnic_qp *qp)
{
	if (qp->place == RNIC_IDLE && qp->sq_ci != qp->sq_pi)
		rnic_qp_place(qp, RNIC_ACTIVE);
}

/* One slice; then the QP goes to the end of its list, or to another. */
static void run(struct rnic_qp *qp, uint64_t now)
{
	enum rnic_step step = qp->type == RNIC_QP_RC ? rnic_rc_step(qp, now) :
						       rnic_ud_step(qp);

	/* The step may have made an error of it. */
	if (qp->state != RNIC_QPS_RTS || qp->sq_ci == qp->sq_pi)
		rnic_qp_place(qp, RNIC_IDLE);
	else
		rnic_qp_place(qp, step == RNIC_STEP_WAIT ? RNIC_WAITING : RNIC_ACTIVE);
}

static void run_list(struct rnic_qp_list *list, uint64_t now)
{
	/*
	 * Each QP that is there now, once. A QP's step may take its peer off the list, so
	 * the end is found by a count and not by an element.
	 */
	struct rnic_qp *qp;
	unsigned int count = 0;

	TAILQ_FOREACH(qp, list, link)
		count++;
	while (count-- && (qp = TAILQ_FIRST(list)))
		run(qp, now);
}

bool rnic_engine_step(struct rnic *rnic, uint64_t now, uint64_t *wait_ns)
{
	struct rnic_event event;
	bool any = false;

	while (take(rnic, &event)) {
		handle(&event);
		any = true;
	}
	run_list(&rnic->active, now);
	run_list(&rnic->waiting, now);
	*wait_ns = TAILQ_EMPTY(&rnic->waiting) ? ~0ull : WAIT_NS;
	return any || !TAILQ_EMPTY(&rnic->active);
}

static void sleep_locked(struct rnic *rnic, uint64_t wait_ns)
{
	uint64_t until = rnic_now() + wait_ns;
	struct timespec at = {
		.tv_sec = until / 1000000000u,
		.tv_nsec = until % 1000000000u,
	};

	rnic->events.sleeping = true;
	if (wait_ns == ~0ull)
		pthread_cond_wait(&rnic->events.wake, &rnic->events.lock);
	else
		pthread_cond_timedwait(&rnic->events.wake, &rnic->events.lock, &at);
	rnic->events.sleeping = false;
}

void *rnic_engine_thread(void *argument)
{
	struct rnic *rnic = argument;
	uint64_t wait_ns;
	bool stop = false;

	while (!stop) {
		bool more = rnic_engine_step(rnic, rnic_now(), &wait_ns);

		pthread_mutex_lock(&rnic->events.lock);
		if (!more && !rnic->events.count && !rnic->events.stop)
			sleep_locked(rnic, wait_ns);
		stop = rnic->events.stop;
		pthread_mutex_unlock(&rnic->events.lock);
	}
	return NULL;
}

void rnic_engine_stop(struct rnic *rnic)
{
	pthread_mutex_lock(&rnic->events.lock);
	rnic->events.stop = true;
	pthread_mutex_unlock(&rnic->events.lock);
	pthread_cond_signal(&rnic->events.wake);
}
