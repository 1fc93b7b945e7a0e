/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One end of a UCX connection, with a buffer of any kind (t_buf.h) that UCX registers; and
 * the operations that the test runs over it. How UCX does them is left to its settings in
 * the environment.
 *
 * The two ends are two processes with a socket between them, to say when the other may go
 * on. Whoever waits, for the socket or for a request, makes UCX's progress meanwhile: most
 * protocols need the other end's processor too.
 */
#ifndef T_UCP_H
#define T_UCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucp/api/ucp.h>

#include "t_buf.h"

struct side {
	int fd;	       /* to the other process */
	bool with_memh; /* name the registration in each request, instead of UCX's cache */
	struct t_buf buf;
	ucp_context_h context;
	ucp_worker_h worker;
	ucp_ep_h ep;
	ucp_mem_h memh;
	ucp_rkey_h rkey; /* of the other's buffer */
	uint64_t remote; /* where that is, over there */
	void *am;	 /* an active message that arrived and was not received yet */
	size_t am_len;
	bool am_eager;	 /* its data is here */
	void *pending; /* a receive that was posted ahead */
	size_t moving; /* bytes of the operation under way: what is waited for may take that long */
};

/* Maps @spec, sets UCX up, connects. Prints what failed. */
int side_open(struct side *side, int fd, const char *spec, bool with_memh);
/* Both ends call it, or the one that is still open sees requests fail. */
void side_close(struct side *side);

/* On t_now_ms(): when what is waited for from now on must be there. */
uint64_t side_deadline(const struct side *side);

/* Both ends come here. */
int side_in_step(struct side *side);

/* Waits for what a ..._nbx() call returned, and frees it. */
int side_wait(struct side *side, void *request, const char *what);

/* For ..._nbx() calls on the buffer. */
ucp_request_param_t side_param(const struct side *side);

/*
 * An operation moves @len bytes at @start of one side's buffer to @start of the other's.
 * The active side begins it; the passive side's half may be empty.
 */
struct ucp_op {
	const char *name;
	bool to_active; /* data flows to the active side */
	/* Passive side, before the active one begins. Optional. */
	int (*post)(struct side *side, size_t start, size_t len);
	int (*active)(struct side *side, size_t start, size_t len);
	/* Passive side's half. Optional. */
	int (*passive)(struct side *side, size_t start, size_t len);
};

extern const struct ucp_op ucp_ops[];
extern const size_t ucp_op_count;

/* Has active messages arrive in side->am. */
int ucp_ops_setup(struct side *side);

#endif /* T_UCP_H */
