/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The NIC model's objects, and who may touch them.
 *
 * A process is one struct rnic: the link, and the ports (NICs) on it. Threads:
 *
 *   protocol  one per port, reads its socket. Owns the register file and PCI config space
 *             of its port. Never waits for the engine, because the client may hold its big
 *             lock while it waits for us, and the engine may be waiting for the client.
 *   engine    one for the process. Owns everything that verbs are made of: queues, MRs,
 *             GIDs, faults. What happens to it arrives as struct rnic_event, in order.
 *
 * Between them: the event queue (events.lock), the DMA maps (dma_lock: held while memory is
 * touched, so that an unmap that was answered is really over), eventfds (irq_lock),
 * counters (atomics). Lock order: records.lock inside dma_lock; no other is taken while one
 * is held.
 *
 * One engine thread for all ports makes the link a function call, and is what a two-core
 * machine wants; it also makes every test of the model itself deterministic, because
 * rnic_engine_step() can be called without any thread.
 */
#ifndef RNIC_H
#define RNIC_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "dma.h"
#include "hw.h"

#define RNIC_MAX_PORTS 8
#define RNIC_QP_BLOCKS 64u
#define RNIC_MAX_QP (RNIC_QPS_PER_BLOCK * RNIC_QP_BLOCKS)
/* [use] erdma_dev_attrs_init(): the driver allows twice as many MRs and CQs as QPs. */
#define RNIC_MAX_CQ (2 * RNIC_MAX_QP)
#define RNIC_MAX_MR (2 * RNIC_MAX_QP)
#define RNIC_LOG_MAX_MR_SIZE 44u
#define RNIC_MAX_PD (128u * 1024u)
#define RNIC_MAX_GID 16u
#define RNIC_MAX_AH 1024u
#define RNIC_MAX_CQE (1u << 20)
#define RNIC_LOG_MAX_EQ 15u /* an index has 16 bits, see eq.c */
#define RNIC_MAX_QUEUE (1u << 15) /* blocks of an SQ, entries of an RQ */
#define RNIC_MAX_MESSAGE (1u << 31)
#define RNIC_MAX_DB ((RNIC_BAR0_SIZE - RNIC_DB_EXT) / RNIC_PAGE / 3)
/* An index that the driver never allocates, so no MR can have it. */
#define RNIC_LOCAL_DMA_KEY 0xffffff00u

struct rnic_port;

/* A queue in DMA memory: where its entries are. Read once, it cannot move. */
struct rnic_queue {
	uint32_t entries; /* a power of two */
	uint32_t entry_size;
	uint8_t page_shift;
	uint32_t offset; /* of the first entry in the first page */
	uint32_t pages;
	uint64_t *page;
};

struct rnic_eq {
	bool on, armed, stalled;
	uint8_t vector;
	uint64_t address;
	uint32_t depth, pi, ci;
};

struct rnic_cq {
	uint32_t cqn, pi, ci;
	/*
	 * event_pi: what pi was when the last event was raised. An arm asks for an event
	 * for any entry after that; solicited_pi is one past the last solicited entry.
	 */
	uint32_t event_pi, solicited_pi;
	bool armed, solicited_only, event_stalled, broken;
	uint8_t eqn;
	uint32_t users; /* QPs, one for each of their two queues */
	uint32_t db_page; /* 0: any */
	struct rnic_queue queue;
};

struct rnic_mr {
	uint8_t type, key, rights, level, page_shift, table_shift;
	bool valid; /* usable now; a fast-registration MR comes and goes */
	uint32_t pd;
	uint64_t va, size;
	uint64_t pages;
	/* level 0: the pages; above: the address of the top table in [0] */
	uint64_t table[4];
	uint64_t *fast; /* the page list of a fast-registration MR as of its last REG_MR */
};

struct rnic_av {
	uint8_t gid[16], mac[6], tclass, hops, sl;
	uint16_t sgid;
	uint32_t flow;
	bool ipv6;
};

struct rnic_ah {
	bool used;
	uint32_t pd;
	struct rnic_av av;
};

struct rnic_sge {
	uint64_t address;
	uint32_t length, key;
};

/* A send queue entry, understood, and how far it is. */
struct rnic_wqe {
	bool loaded, inlined, fence, solicited, signaled;
	uint8_t op, blocks, sges;
	uint16_t index;
	uint32_t key; /* remote; of REG_MR and LOCAL_INV: the MR */
	uint64_t remote;
	uint32_t length, imm, invalidate;
	uint64_t compare, swap_add;
	uint32_t dest_qpn, qkey, ah; /* UD */
	uint32_t attrs; /* REG_MR */
	struct rnic_sge sge[RNIC_MAX_SGE];
	uint8_t bytes[RNIC_SQE_MAX]; /* as it was in the ring */
	uint8_t *data; /* of an inline entry, in bytes */
	uint32_t done; /* payload bytes moved */
};

struct rnic_rqe {
	uint64_t address;
	uint32_t length, key;
};

enum rnic_qp_place { RNIC_IDLE, RNIC_ACTIVE, RNIC_WAITING };

struct rnic_qp {
	struct rnic_port *port;
	uint32_t qpn, pd;
	uint8_t type, state;
	bool kernel; /* made by the kernel for itself, see cmd_qp.c */
	struct rnic_cq *scq, *rcq;
	struct rnic_queue sq, rq;
	uint16_t sq_pi, sq_ci, rq_pi, rq_ci;
	uint32_t sq_psn, rq_psn, qkey, dest_qpn;
	uint32_t sq_db_page, rq_db_page; /* 0: any */
	struct rnic_av av;
	struct rnic_wqe wqe;
	uint64_t retry_since, retry_next; /* since 0: not retrying */
	enum rnic_qp_place place;
	TAILQ_ENTRY(rnic_qp) link;
};

TAILQ_HEAD(rnic_qp_list, rnic_qp);

/* Registers that the driver writes and the engine reads, as of CONTROL's INIT. */
struct rnic_regs {
	uint32_t word[RNIC_REG_END / 4];
};

enum rnic_event_kind {
	RNIC_EV_RESET,
	RNIC_EV_INIT,
	RNIC_EV_CMD_DB,
	RNIC_EV_CMD_CQ_DB,
	RNIC_EV_AEQ_DB,
	RNIC_EV_EQ_DB, /* where: index */
	RNIC_EV_SQ_DB, /* where: page, here and below */
	RNIC_EV_RQ_DB,
	RNIC_EV_CQ_DB,
	RNIC_EV_FAULT, /* where: enum rnic_fault */
};

struct rnic_event {
	struct rnic_port *port;
	enum rnic_event_kind kind;
	uint32_t where;
	uint64_t value;
	struct rnic_regs *regs; /* INIT: owned by the event */
};

enum rnic_fault {
	RNIC_FAULT_NONE,
	RNIC_FAULT_DROP, /* the next N messages of this port's QPs are lost */
	RNIC_FAULT_LINK, /* 1: the link is down, 0: up */
	RNIC_FAULT_DMA, /* the next N payload accesses fail */
	RNIC_FAULT_CMD_FAIL, /* the next N commands are answered with an error */
	RNIC_FAULT_CMD_HANG, /* the next N commands are never answered */
	RNIC_FAULT_QP_FATAL, /* QP N dies, with an asynchronous event */
	RNIC_FAULT_CQ_ERROR, /* CQ N: asynchronous event */
	RNIC_FAULT_COUNT
};

enum rnic_count {
	RNIC_COUNT_TX_REQUESTS,
	RNIC_COUNT_TX_PACKETS,
	RNIC_COUNT_TX_BYTES,
	RNIC_COUNT_TX_DROPS,
	RNIC_COUNT_RX_PACKETS,
	RNIC_COUNT_RX_BYTES,
	RNIC_COUNT_RX_DROPS,
	RNIC_COUNT_COMMANDS,
	RNIC_COUNT_COMMANDS_REFUSED,
	RNIC_COUNT_CQES,
	RNIC_COUNT_CQE_ERRORS,
	RNIC_COUNT_EQES,
	RNIC_COUNT_AEQES,
	RNIC_COUNT_EQ_FULL,
	RNIC_COUNT_INTERRUPTS,
	RNIC_COUNT_BAD_DOORBELLS,
	RNIC_COUNT_RNR_WAITS,
	RNIC_COUNT_RETRIES,
	RNIC_COUNT_RETRY_EXCEEDED,
	RNIC_COUNT_QP_ERRORS,
	RNIC_COUNT_RESETS,
	RNIC_COUNT_DMA_FAULTS,
	RNIC_COUNT_FORBIDDEN,
	RNIC_COUNT_MAX
};

/* What the engine knows of a port. Zero after a reset. */
struct rnic_state {
	bool on;
	uint32_t mtu;
	struct {
		uint64_t sq;
		uint32_t depth;
		uint16_t pi, ci;
		struct rnic_cq cq;
	} cmd;
	struct rnic_eq aeq, eq[RNIC_VECTORS]; /* eq[0]: the command EQ */
	struct {
		bool used;
		uint8_t gid[16];
	} gid[RNIC_MAX_GID];
	struct rnic_ah ah[RNIC_MAX_AH];
	bool db_used[RNIC_MAX_DB];
	struct rnic_qp *qp[RNIC_MAX_QP];
	struct rnic_cq *cq[RNIC_MAX_CQ];
	struct rnic_mr *mr[RNIC_MAX_MR];
	uint32_t fault[RNIC_FAULT_COUNT];
};

struct rnic_pci; /* pci.c */
struct rnic_session; /* session.c */

struct rnic_port {
	struct rnic *rnic;
	unsigned int index;
	uint8_t mac[6];
	struct rnic_regs regs; /* protocol thread */
	uint32_t status; /* protocol thread */
	struct rnic_pci *pci; /* protocol thread */
	struct rnic_state *state; /* engine */
	struct rnic_dma dma;
	struct rnic_session *session; /* NULL in tests without a socket */
	pthread_mutex_t irq_lock;
	int irq[RNIC_VECTORS]; /* eventfds, -1: none */
	atomic_ullong count[RNIC_COUNT_MAX];
};

struct rnic {
	unsigned int ports;
	struct rnic_port *port[RNIC_MAX_PORTS];
	uint64_t retry_ns; /* how long a QP tries to reach its peer */
	bool extend_db; /* offer doorbell pages of their own to user contexts */
	pthread_mutex_t dma_lock; /* all maps of all ports, see dma.h */
	struct {
		pthread_mutex_t lock;
		pthread_cond_t wake;
		bool sleeping, stop;
		struct rnic_event *at;
		size_t first, count, room;
	} events;
	struct rnic_qp_list active, waiting; /* engine */
};

/* port.c: what there is from start to end */
struct rnic *rnic_create(void);
void rnic_destroy(struct rnic *rnic);
struct rnic_port *rnic_port_add(struct rnic *rnic, const uint8_t mac[6]);
uint64_t rnic_now(void); /* monotonic nanoseconds, never 0 */

static inline void rnic_count_add(struct rnic_port *port, enum rnic_count what, uint64_t n)
{
	atomic_fetch_add_explicit(&port->count[what], n, memory_order_relaxed);
}

/* irq.c */
void rnic_irq_set(struct rnic_port *port, unsigned int vector, int fd); /* takes fd */
void rnic_irq_raise(struct rnic_port *port, unsigned int vector);

/* regs.c, protocol thread: BAR accesses. @len is what the guest's instruction moved. */
void rnic_regs_read(struct rnic_port *port, uint32_t offset, uint8_t *data, uint32_t len);
void rnic_regs_write(struct rnic_port *port, uint32_t offset, const uint8_t *data,
		     uint32_t len);
/* CONTROL's reset, and part of every other: DMA has stopped when it returns. */
void rnic_regs_reset(struct rnic_port *port);

/* engine.c */
void rnic_event_post(struct rnic_port *port, enum rnic_event_kind kind, uint32_t where,
		     uint64_t value, struct rnic_regs *regs);
/*
 * One round: events, then a slice of work for each active QP. Returns whether there is more
 * to do now; *wait_ns is how long to sleep otherwise (~0: until an event).
 */
bool rnic_engine_step(struct rnic *rnic, uint64_t now, uint64_t *wait_ns);
void *rnic_engine_thread(void *rnic);
void rnic_engine_stop(struct rnic *rnic);
void rnic_qp_activate(struct rnic_qp *qp);
void rnic_qp_place(struct rnic_qp *qp, enum rnic_qp_place place);

/* cmdq.c */
void rnic_cmdq_init(struct rnic_port *port, const struct rnic_regs *regs);
void rnic_cmdq_doorbell(struct rnic_port *port, uint16_t pi);

/* res.c: queue buffers, doorbell pages, GIDs, address handles, and taking it all down */
int rnic_queue_init(struct rnic_port *port, struct rnic_queue *queue,
		    const struct rnic_queue *shape, bool table, const uint64_t *pages);
void rnic_queue_free(struct rnic_queue *queue);
uint64_t rnic_queue_at(const struct rnic_queue *queue, uint32_t index);
void rnic_state_reset(struct rnic_port *port);
struct rnic_av rnic_av_read(const uint8_t *cfg);
int rnic_db_alloc(struct rnic_port *port); /* a set of three pages, or -ENOSPC */
int rnic_db_set_of(struct rnic_port *port, uint32_t page); /* its set, or -ENOENT */
enum rnic_db { RNIC_DB_SET_SQ, RNIC_DB_SET_CQ, RNIC_DB_SET_RQ };
uint32_t rnic_db_page(int set, enum rnic_db which);

/* mr.c */
struct rnic_segs {
	unsigned int count;
	uint32_t bytes;
	struct rnic_seg seg[160];
};
enum rnic_side { RNIC_LOCAL, RNIC_REMOTE };
int rnic_mr_register(struct rnic_port *port, const uint8_t *cmd);
int rnic_mr_deregister(struct rnic_port *port, uint32_t key);
void rnic_mr_free(struct rnic_port *port, uint32_t index);
/*
 * Checks an access whole, and adds the DMA segments of its first bytes, from @skip on and
 * as many as fit in @segs and @want. The status is SEND_* for the local side, RECV_* for
 * the remote one.
 */
enum rnic_status rnic_mr_access(struct rnic_qp *qp, enum rnic_side side,
				const struct rnic_sge *sge, uint8_t right, uint32_t skip,
				uint32_t want, struct rnic_segs *segs);
enum rnic_status rnic_mr_fast_register(struct rnic_qp *qp, const struct rnic_wqe *wqe);
enum rnic_status rnic_mr_invalidate(struct rnic_qp *qp, uint32_t key, enum rnic_side side);

/* cq.c */
struct rnic_cqe {
	uint8_t op, queue;
	enum rnic_status status;
	uint16_t index;
	uint32_t qpn, imm, size;
	bool inverse; /* imm is a key that was invalidated: big-endian, unlike immediates */
	uint32_t ud; /* of a UD receive: network type, SL, source QP */
	uint64_t answer[2]; /* of a command */
	bool solicited;
};
struct rnic_cq *rnic_cq_get(struct rnic_port *port, uint32_t cqn);
int rnic_cq_create(struct rnic_port *port, const uint8_t *cmd);
int rnic_cq_destroy(struct rnic_port *port, uint32_t cqn);
void rnic_cq_push(struct rnic_port *port, struct rnic_cq *cq, const struct rnic_cqe *cqe);
void rnic_cq_doorbell(struct rnic_port *port, struct rnic_cq *cq, uint64_t value);

/* eq.c */
bool rnic_eq_push(struct rnic_port *port, struct rnic_eq *eq, uint64_t first, uint64_t rest);
void rnic_eq_doorbell(struct rnic_port *port, struct rnic_eq *eq, uint64_t value);
void rnic_aeq_push(struct rnic_port *port, enum rnic_aeqe type, uint32_t number);

/* qp.c */
struct rnic_qp *rnic_qp_get(struct rnic_port *port, uint32_t qpn);
int rnic_qp_modify(struct rnic_port *port, const uint8_t *cmd);
void rnic_qp_free(struct rnic_qp *qp);
void rnic_qp_error(struct rnic_qp *qp); /* ERROR state, everything posted flushed */
void rnic_qp_fatal(struct rnic_qp *qp, enum rnic_aeqe type); /* and tell the driver */
void rnic_qp_flush(struct rnic_qp *qp);
void rnic_qp_sq_doorbell(struct rnic_qp *qp, uint16_t pi);
void rnic_qp_rq_doorbell(struct rnic_qp *qp, uint16_t pi);
/* cmd_qp.c */
int rnic_qp_create(struct rnic_port *port, const uint8_t *cmd);

/* wqe.c */
enum rnic_status rnic_wqe_load(struct rnic_qp *qp);
bool rnic_rqe_peek(struct rnic_qp *qp, struct rnic_rqe *rqe, enum rnic_status *status);
void rnic_wqe_complete(struct rnic_qp *qp, enum rnic_status status);
void rnic_rqe_complete(struct rnic_qp *qp, struct rnic_cqe cqe);

/* requester.c, responder.c, ud.c: one slice of the entry that is loaded */
enum rnic_step { RNIC_STEP_DONE, RNIC_STEP_MORE, RNIC_STEP_WAIT };
enum rnic_step rnic_rc_step(struct rnic_qp *qp, uint64_t now);
enum rnic_step rnic_ud_step(struct rnic_qp *qp);

/* What the responder says to a message; RNR and DROP are answers, not errors. */
struct rnic_reply {
	enum { RNIC_ACK, RNIC_NAK, RNIC_RNR, RNIC_DROP } kind;
	enum rnic_status status; /* of a NAK */
	/* of a NAK: the requester's own buffer was at fault, the responder is fine */
	bool local;
	uint32_t bytes; /* moved by this slice */
};
struct rnic_reply rnic_respond(struct rnic_qp *peer, struct rnic_qp *from);

/* link.c */
struct rnic_port *rnic_link_find(struct rnic *rnic, const struct rnic_av *av);
struct rnic_qp *rnic_link_peer(struct rnic_qp *qp);
bool rnic_link_lost(struct rnic_port *port); /* this message falls under a fault */
uint32_t rnic_link_packets(const struct rnic_port *port, uint32_t bytes);

/* fault.c */
void rnic_fault_set(struct rnic_port *port, enum rnic_fault kind, uint32_t n);
bool rnic_fault_take(struct rnic_port *port, enum rnic_fault kind);

/* stats.c: protocol thread */
size_t rnic_stats_text(struct rnic_port *port, char *out, size_t room);
size_t rnic_stats_records(struct rnic_port *port, char *out, size_t room);
void rnic_stats_clear(struct rnic_port *port);
void rnic_stats_answer(struct rnic_port *port, uint8_t *out); /* GET_STATS, engine */

/* pci.c: protocol thread */
int rnic_pci_init(struct rnic_port *port);
void rnic_pci_free(struct rnic_port *port);
void rnic_pci_reset(struct rnic_port *port); /* as FLR does: registers, configuration */
void rnic_pci_read(struct rnic_port *port, uint32_t offset, uint8_t *data, uint32_t len);
void rnic_pci_write(struct rnic_port *port, uint32_t offset, const uint8_t *data,
		    uint32_t len);
/* control.c: the instrument behind the vendor-specific capability */
#define RNIC_CONTROL_TEXT (256u * 1024u)
#define RNIC_CONTROL_BASE 0x100u
#define RNIC_CONTROL_WINDOW 0x200u
#define RNIC_CONTROL_WINDOW_SIZE 0xe00u
struct rnic_control {
	uint32_t argument, result, page;
	size_t length;
	char text[RNIC_CONTROL_TEXT];
};
void rnic_control_command(struct rnic_port *port, struct rnic_control *control,
			  uint32_t command);

/* server.c: serves the client at @fd, which it takes over, until it goes away */
int rnic_server_run(struct rnic_port *port, int fd);

#endif
