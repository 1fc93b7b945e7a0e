/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Why the kernel did not do what was asked of it. */
#ifndef IBVX_EXPLAIN_H
#define IBVX_EXPLAIN_H

#include "priv.h"

/* One attempt, and when it began. */
struct attempt {
	const void *addr;
	size_t length;
	int error; /* negative errno that it got */
	uint64_t began; /* boot time, seconds: the kernel's clock for refusals */
};

void attempt_begin(struct attempt *attempt, const void *addr, size_t length);

/*
 * Writes the kernel's reason for @attempt to @err and returns its errno, or -ENOENT if
 * peer_mem did not refuse it; then @err is not written.
 */
int explain_refusal(struct ibvx *x, const struct attempt *attempt, struct ibvx_error *err);

#endif /* IBVX_EXPLAIN_H */
