/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A guest without a guest: memory, and a driver in a few lines, for tests of the model in
 * one process and one thread. The driver writes registers and rings as the real one does
 * (hw.h); the engine runs when host_run() is called, with a clock of its own.
 *
 * Both ports see the same memory: RAM at address 0 and a peer's BAR at HOST_BAR, each a
 * file as from a client; HOST_REMOTE is in no map and is reached by message.
 */
#ifndef HOST_H
#define HOST_H

#include "../rnic.h"
#include "t.h"

#define HOST_RAM_SIZE (96ull << 20)
#define HOST_BAR (1ull << 40)
#define HOST_BAR_SIZE (16ull << 20)
#define HOST_REMOTE (1ull << 41)
#define HOST_REMOTE_SIZE (1ull << 20)

struct host {
	struct rnic *rnic;
	struct rnic_port *port[2];
	unsigned int ports;
	uint8_t *ram, *bar, remote[HOST_REMOTE_SIZE];
	int ram_fd, bar_fd;
	uint64_t next; /* RAM not yet given out */
	uint64_t now;
	unsigned int messages; /* DMA by message so far */
	uint32_t longest_read; /* of them */
	struct {
		uint64_t sq, cq, eq, aeq;
		uint16_t pi;
		uint32_t ci, aeq_ci;
	} cmd[2];
	int irq[2][RNIC_VECTORS];
	uint64_t answer[2]; /* of the last command */
};
extern struct host host;

void host_up(unsigned int ports);
void host_down(void);
void host_port_init(unsigned int port); /* as a driver's probe does */
uint64_t host_alloc(uint64_t size, uint64_t align);
uint8_t *host_at(uint64_t address);
void host_run(void); /* until there is nothing to do now */
void host_wait(uint64_t ns); /* and so much time goes by */
void host_doorbell(unsigned int port, uint32_t offset, uint64_t value);
unsigned int host_irqs(unsigned int port, unsigned int vector); /* since asked last */
bool host_aeqe(unsigned int port, uint32_t *type, uint32_t *number);
void host_random_bytes(uint64_t address, uint32_t len);

/* A command; its layout from byte 8 on is the caller's. 0 or the status. */
int host_cmd(unsigned int port, unsigned int module, unsigned int op, uint8_t *cmd);

struct host_cq {
	unsigned int port;
	uint32_t cqn, depth, ci;
	uint64_t at;
};

struct host_wc {
	uint8_t op, queue, status;
	uint32_t index, qpn, size;
	uint8_t imm[4]; /* as it was put into the send entry */
	uint32_t invalidated, ud;
};

struct host_qp {
	unsigned int port;
	uint32_t qpn, pd, sq_depth, rq_depth;
	uint64_t sq, rq;
	uint16_t sq_pi, rq_pi;
	struct host_cq *scq, *rcq;
	bool kernel;
};

void host_eq(unsigned int port, unsigned int number, unsigned int log_depth, uint64_t at);
void host_cq(struct host_cq *cq, unsigned int port, uint32_t cqn, uint32_t depth);
bool host_poll(struct host_cq *cq, struct host_wc *wc);
/* The next completion, which must be there and have this status. */
struct host_wc host_expect(struct host_cq *cq, uint8_t queue, enum rnic_status status);
void host_arm(struct host_cq *cq, bool solicited);

#define HOST_UD 0x100u /* or'ed into the PD */
#define HOST_KERNEL 0x200u
void host_qp(struct host_qp *qp, unsigned int port, uint32_t qpn, uint32_t pd,
	     struct host_cq *scq, struct host_cq *rcq);
int host_modify(struct host_qp *qp, enum rnic_qps state, uint32_t mask, uint32_t dest,
		unsigned int dest_port);
void host_connect(struct host_qp *a, struct host_qp *b); /* both RTS */
unsigned int host_state(struct host_qp *qp);

/* MRs: @pages is a list of DMA addresses, or NULL for a run from @first on */
struct host_mr {
	uint32_t index, key, pd;
	uint8_t rights, page_shift, level;
	uint64_t va, size, first;
	const uint64_t *pages;
};
#define HOST_ALL 0x1f
int host_mr(unsigned int port, const struct host_mr *mr);
/* One contiguous region of RAM (or anything) with address = DMA address. */
uint32_t host_mr_simple(unsigned int port, uint32_t index, uint32_t pd, uint8_t rights,
			uint64_t address, uint64_t size);

/* Send entries */
struct host_sqe {
	uint8_t bytes[RNIC_SQE_MAX];
	unsigned int size; /* bytes used */
	unsigned int list; /* SGL_LEN */
	uint8_t op;
	bool inlined, unsignaled, solicited;
};
struct host_sqe host_write(enum rnic_op op, uint32_t key, uint64_t remote);
struct host_sqe host_send(enum rnic_op op);
struct host_sqe host_read(uint64_t local, uint32_t lkey, uint32_t len, uint64_t remote,
			  uint32_t rkey);
struct host_sqe host_atomic(enum rnic_op op, uint64_t remote, uint32_t rkey, uint64_t compare,
			    uint64_t operand, uint64_t local, uint32_t lkey);
void host_imm(struct host_sqe *sqe, const void *bytes);
void host_sge(struct host_sqe *sqe, uint64_t address, uint32_t len, uint32_t key);
void host_inline(struct host_sqe *sqe, const void *data, uint32_t len);
void host_post(struct host_qp *qp, const struct host_sqe *sqe); /* and rings */
void host_post_quiet(struct host_qp *qp, const struct host_sqe *sqe);
void host_ring(struct host_qp *qp);
void host_recv(struct host_qp *qp, uint64_t address, uint32_t len, uint32_t key);

uint64_t host_payload(unsigned int port, const uint8_t *base, bool write);

/*
 * What most tests begin with: two ports up, on each a CQ, a QP (20 and 21, of @pd, connected
 * to each other) and @size random bytes with a region (30 and 31) that allows everything.
 */
struct host_sides { /* arrays of two */
	struct host_cq *cq;
	struct host_qp *qp;
	uint64_t *buf;
	uint32_t *key;
};
void host_pair(const struct host_sides *sides, uint32_t pd, uint32_t size);

#endif
