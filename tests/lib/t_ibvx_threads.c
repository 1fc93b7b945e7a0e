// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Threads that register, fail and ask at the same time, with one handle and one
 * protection domain: each must get the reason of its own range.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "t_ibvx.h"

#define THREADS 4
#define ROUNDS 40

struct worker {
	struct t_ibvx *t;
	unsigned int number;
	pthread_t thread;
};

static void one_refusal(struct worker *w, unsigned int round)
{
	/* a range and a reason that no other thread asks for at this time */
	char *addr = w->t->bar + 4096 * w->number + 16 * round;
	bool hole = (w->number + round) % 2;
	size_t len = hole ? w->t->bar_size + (64 << 20) : 0;
	struct ibvx_error err;
	struct ibv_mr *mr;
	char at[32] = "(at ";

	/* at an empty range its own address is at fault; where a hole begins, nobody knows */
	if (!hole)
		snprintf(at, sizeof(at), "(at %p)", (void *)addr);
	mr = ibvx_reg_mr(w->t->pd, addr, len, IBV_ACCESS_LOCAL_WRITE, &err);
	CHECK(!mr && errno == (hole ? EFAULT : EINVAL), "thread %u: errno %d", w->number, errno);
	CHECK(strstr(err.text, at) &&
		      strstr(err.text, hole ? "nothing is mapped" : "the range is empty"),
	      "thread %u got another's reason: %s", w->number, err.text);
	if (mr)
		ibvx_dereg_mr(mr);
}

static void one_success(struct worker *w)
{
	struct ibvx_memory memory;
	struct ibvx_error err;
	struct ibv_mr *mr;

	mr = ibvx_reg_mr(w->t->pd, w->t->bar + 4096 * w->number, 4096,
			 IBV_ACCESS_LOCAL_WRITE, &err);
	CHECK(mr, "thread %u: %s", w->number, err.text);
	CHECK(!ibvx_query(w->t->x, w->t->bar + w->number, &memory, sizeof(memory)) &&
		      memory.bar_offset == w->t->bar_offset + w->number,
	      "thread %u: another's answer", w->number);
	if (mr)
		ibvx_dereg_mr(mr);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		one_refusal(w, round);
		one_success(w);
	}
	return NULL;
}

void t_ibvx_threads(struct t_ibvx *t)
{
	struct worker workers[THREADS];

	for (unsigned int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .t = t, .number = i };
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) {
			CHECK(0, "thread %u", i);
			workers[i].t = NULL;
		}
	}
	for (unsigned int i = 0; i < THREADS; i++)
		if (workers[i].t)
			pthread_join(workers[i].thread, NULL);
}
