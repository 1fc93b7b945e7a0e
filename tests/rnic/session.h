/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One port's connection to its client: messages in, replies out, and our own requests (DMA
 * by message) in between.
 *
 * Requests of both sides share the one socket and may cross, so a reply is told from a
 * request by its header and matched by its number; a number that nobody waits for is a
 * reply that was given up on. The protocol thread is the only reader. It never waits for
 * the engine, whose request may be waiting for the client, who may be waiting for us.
 *
 * The object lives as long as its port; clients come and go.
 */
#ifndef RNIC_SESSION_H
#define RNIC_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

struct rnic_session;

struct rnic_session *rnic_session_create(void);
void rnic_session_free(struct rnic_session *session);

/* Takes @fd over; closed by the second. */
void rnic_session_open(struct rnic_session *session, int fd);
void rnic_session_close(struct rnic_session *session);

/*
 * Protocol thread: the next request of the client. Replies to ours are handed to who waits
 * for them on the way. 0; -EINVAL: a request that makes no sense, to be answered so; or
 * -EPIPE: the client is gone or the stream is broken. @fds are the caller's to close.
 */
int rnic_session_receive(struct rnic_session *session, struct rnic_wire_msg *msg,
			 int fds[RNIC_WIRE_MAX_FDS]);
/* The answer to @msg, unless it wants none. @error is 0 or a positive errno. */
int rnic_session_reply(struct rnic_session *session, const struct rnic_wire_msg *msg,
		       const void *payload, size_t len, const void *data, size_t data_len,
		       int error);

/* Engine: DMA by message, of up to RNIC_WIRE_MAX_DATA bytes; a rnic_dma_transfer. */
int rnic_session_dma(void *session, bool write, uint64_t address, void *data, uint32_t len);
/* A reset: no DMA by message from here on, the one under way is given up; and again. */
void rnic_session_refuse(struct rnic_session *session);
void rnic_session_allow(struct rnic_session *session);

#endif
