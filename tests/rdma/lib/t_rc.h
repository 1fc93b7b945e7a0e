/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An RDMA device and reliable connections on it, with the verbs made
 * synchronous: post one work request, poll until it is complete.
 *
 * A test either connects two queue pairs of one process (t_rc_pair_open) or one
 * queue pair each of two processes over any socket or pipe pair
 * (t_rc_exchange).
 *
 * Memory regions are plain ibv_reg_mr() results: how they are made is what the
 * tests are about.
 */
#ifndef T_RC_H
#define T_RC_H

#include <infiniband/verbs.h>
#include <stddef.h>
#include <stdint.h>

#include "t_buf.h"

/*
 * The GID index used throughout: soft-RoCE on lo has its IPv4-mapped address
 * there.
 */
#define T_GID_INDEX 1

struct t_dev {
	struct ibv_context *context;
	struct ibv_pd *pd;
	struct ibv_device_attr attr;
	struct ibv_port_attr port;
	union ibv_gid gid;
	int gid_index;
	int by_dmabuf; /* register peer memory as a dma-buf; set after t_dev_open() */
};

/* -ENODEV if there is no such device. Port 1 must be active. */
int t_dev_open(struct t_dev *dev, const char *name, int gid_index);
void t_dev_close(struct t_dev *dev);

/* Registers all of @buf, or says why not. */
int t_dev_register(struct t_dev *dev, const struct t_buf *buf, int access,
		   struct ibv_mr **mr);
/* The same of any range, silently: NULL and errno. */
struct ibv_mr *t_dev_reg_mr(struct t_dev *dev, void *addr, size_t len, int access);
/* 0 or errno. A region of t_dev_register() or t_dev_reg_mr() must come here. */
int t_dev_dereg_mr(struct ibv_mr *mr);

struct t_rc {
	struct t_dev *dev;
	struct ibv_cq *cq; /* of both queues */
	struct ibv_qp *qp;
	struct ibv_qp_ex *qpx; /* NULL unless opened with send_ops */
	uint32_t psn;
	uint32_t max_inline; /* what the device granted */
	uint32_t max_sge;
	uint64_t deadline_ms; /* how long a single wait may take */
};

/*
 * What the other side must know to connect; fixed layout, it may cross
 * processes.
 */
struct t_rc_address {
	union ibv_gid gid;
	uint32_t qpn;
	uint32_t psn;
};

/* Creates the queue pair, ready to be connected (state INIT). */
int t_rc_open(struct t_rc *rc, struct t_dev *dev);
/*
 * The same for the verbs that only the ibv_wr_ interface has: @send_ops are
 * IBV_QP_EX_WITH_... flags. -EOPNOTSUPP, silently, where the device has them
 * not.
 */
int t_rc_open_ops(struct t_rc *rc, struct t_dev *dev, uint64_t send_ops);
/* Harmless on a zeroed or already closed one. */
void t_rc_close(struct t_rc *rc);

struct t_rc_address t_rc_address(const struct t_rc *rc);
/* To RTS, speaking with @peer. */
int t_rc_connect(struct t_rc *rc, const struct t_rc_address *peer);

/* Two queue pairs of @dev, connected with each other. */
int t_rc_pair_open(struct t_rc pair[2], struct t_dev *dev);
int t_rc_pair_open_ops(struct t_rc pair[2], struct t_dev *dev,
		       uint64_t send_ops);
void t_rc_pair_close(struct t_rc pair[2]);

/*
 * Swaps @len bytes (at most a pipe's atomic 4 KiB) with the process at the
 * other end of @fd, a socket; both sides call it.
 */
int t_rc_exchange(int fd, const void *mine, void *theirs, size_t len);
/* Swaps addresses over @fd and connects. */
int t_rc_connect_over(struct t_rc *rc, int fd);

int t_rc_post_send(struct t_rc *rc, struct ibv_send_wr *wr);
int t_rc_post_recv(struct t_rc *rc, struct ibv_recv_wr *wr);

/*
 * Polls for the next completion, whatever its status. -ETIMEDOUT when the
 * deadline passes first.
 */
int t_rc_poll(struct t_rc *rc, struct ibv_wc *wc);

/*
 * t_rc_poll(), and a completion that is not a success is -EIO, with the status
 * said.
 */
int t_rc_wait(struct t_rc *rc, struct ibv_wc *wc);

/* Posts @wr signaled and waits for it. */
int t_rc_run(struct t_rc *rc, struct ibv_send_wr *wr);

#endif /* T_RC_H */
