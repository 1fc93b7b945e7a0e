// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Everything that must not work, and how it fails: keys, rights, bounds, protection domains
 * at both ends; receive entries; states, flushing, reset; peers that are not there.
 */
#include <string.h>

#include "host.h"

#define PD 5
#define OTHER_PD 6
#define SIZE 16384u

static struct host_cq cq[2];
static struct host_qp qp[2];
static uint64_t buf[2];
static uint32_t key[2];

static void up(void)
{
	host_pair(&(struct host_sides){ cq, qp, buf, key }, PD, SIZE);
}

enum culprit { REQUESTER, RESPONDER };

/*
 * @sqe fails with @status, moves nothing, and leaves both ends as they should be: the
 * requester in error, the responder only if it was what it was asked for.
 */
static void fails(const struct host_sqe *sqe, enum rnic_status status, enum culprit culprit)
{
	uint8_t before[2][SIZE];
	uint32_t type, number;

	for (unsigned int n = 0; n < 2; n++)
		memcpy(before[n], host_at(buf[n]), SIZE);
	host_post(&qp[0], sqe);
	host_run();
	host_expect(&cq[0], RNIC_CQE_SQ, status);
	for (unsigned int n = 0; n < 2; n++)
		CHECK(!memcmp(before[n], host_at(buf[n]), SIZE));
	CHECK_EQ(host_state(&qp[0]), RNIC_QPS_ERROR);
	CHECK_EQ(host_state(&qp[1]), culprit == RESPONDER ? RNIC_QPS_ERROR : RNIC_QPS_RTS);
	CHECK(!host_aeqe(0, &type, &number));
	CHECK_EQ(host_aeqe(1, &type, &number), culprit == RESPONDER);
	if (culprit == RESPONDER)
		CHECK_EQ(number, 21);
}

static struct host_sqe write_of(uint32_t lkey, uint64_t local, uint32_t len, uint32_t rkey,
				uint64_t remote)
{
	struct host_sqe sqe = host_write(RNIC_OP_WRITE, rkey, remote);

	host_sge(&sqe, local, len, lkey);
	return sqe;
}

#define LOCAL_CASE(prepare, lkey, local, len, status)                                        \
	do {                                                                                 \
		struct host_sqe sqe_;                                                        \
		up();                                                                        \
		prepare;                                                                     \
		sqe_ = write_of(lkey, local, len, key[1], buf[1]);                           \
		fails(&sqe_, status, REQUESTER);                                             \
		host_down();                                                                 \
	} while (0)

#define REMOTE_CASE(prepare, rkey, remote, len, status)                                      \
	do {                                                                                 \
		struct host_sqe sqe_;                                                        \
		up();                                                                        \
		prepare;                                                                     \
		sqe_ = write_of(key[0], buf[0], len, rkey, remote);                          \
		fails(&sqe_, status, RESPONDER);                                             \
		host_down();                                                                 \
	} while (0)

static uint32_t other;

static void test_local_keys(void)
{
	uint32_t len = 400000;
	struct host_sqe sqe;
	uint64_t big;

	LOCAL_CASE(, 77 << 8, buf[0], 64, RNIC_SEND_KEY); /* nothing there */
	LOCAL_CASE(, key[0] | 1, buf[0], 64, RNIC_SEND_KEY); /* its key is 0 */
	LOCAL_CASE(, 0xffffffff, buf[0], 64, RNIC_SEND_KEY);
	LOCAL_CASE(, RNIC_LOCAL_DMA_KEY, buf[0], 64, RNIC_SEND_KEY); /* not the kernel */
	LOCAL_CASE(other = host_mr_simple(0, 40, OTHER_PD, HOST_ALL, buf[0], SIZE), other,
		   buf[0], 64, RNIC_SEND_PD);
	LOCAL_CASE(, key[0], buf[0] - 1, 64, RNIC_SEND_ADDR);
	LOCAL_CASE(, key[0], buf[0] + 1, SIZE, RNIC_SEND_ADDR); /* one byte too many */
	LOCAL_CASE(, key[0], buf[0] + SIZE, 1, RNIC_SEND_ADDR);
	LOCAL_CASE(, key[0], ~0ull, 64, RNIC_SEND_WRAP);
	/* the last of a list, behind more than a slice: the first must not have moved */
	up();
	big = host_alloc(len, 4096);
	host_mr_simple(0, 40, PD, HOST_ALL, big, len);
	host_mr_simple(1, 41, PD, HOST_ALL, big, len);
	sqe = write_of(40 << 8, big, len - 2, 41 << 8, big);
	host_sge(&sqe, buf[0] + SIZE - 1, 2, key[0]);
	fails(&sqe, RNIC_SEND_ADDR, REQUESTER);
	CHECK_EQ(host_payload(1, host.ram, true), 0);
	host_down();
}

static void test_remote_keys(void)
{
	REMOTE_CASE(, 77 << 8, buf[1], 64, RNIC_RECV_KEY);
	REMOTE_CASE(, key[1] | 3, buf[1], 64, RNIC_RECV_KEY);
	REMOTE_CASE(, RNIC_LOCAL_DMA_KEY, buf[1], 64, RNIC_RECV_KEY);
	REMOTE_CASE(other = host_mr_simple(1, 40, OTHER_PD, HOST_ALL, buf[1], SIZE), other,
		    buf[1], 64, RNIC_RECV_PD);
	REMOTE_CASE(other = host_mr_simple(1, 40, PD, HOST_ALL & ~RNIC_RIGHT_RWRITE, buf[1],
					   SIZE),
		    other, buf[1], 64, RNIC_RECV_RIGHTS);
	REMOTE_CASE(, key[1], buf[1] - 1, 64, RNIC_RECV_ADDR);
	REMOTE_CASE(, key[1], buf[1] + SIZE - 63, 64, RNIC_RECV_ADDR);
	REMOTE_CASE(, key[1], ~0ull - 63, 64, RNIC_RECV_ADDR);
	REMOTE_CASE(, key[1], ~0ull - 62, 64, RNIC_RECV_WRAP);
}

static void test_rights(void)
{
	struct host_sqe sqe;
	uint32_t some;

	/* a read into memory that may not be written */
	up();
	some = host_mr_simple(0, 40, PD, HOST_ALL & ~RNIC_RIGHT_LWRITE, buf[0], SIZE);
	sqe = host_read(buf[0], some, 64, buf[1], key[1]);
	fails(&sqe, RNIC_SEND_RIGHTS, REQUESTER);
	host_down();
	/* a read of memory that may not be read */
	up();
	some = host_mr_simple(1, 40, PD, HOST_ALL & ~RNIC_RIGHT_RREAD, buf[1], SIZE);
	sqe = host_read(buf[0], key[0], 64, buf[1], some);
	fails(&sqe, RNIC_RECV_RIGHTS, RESPONDER);
	host_down();
	/* an atomic where only writes are allowed, and one that is not aligned */
	up();
	some = host_mr_simple(1, 40, PD, HOST_ALL & ~RNIC_RIGHT_ATOMIC, buf[1], SIZE);
	sqe = host_atomic(RNIC_OP_FAA, buf[1], some, 0, 1, buf[0], key[0]);
	fails(&sqe, RNIC_RECV_RIGHTS, RESPONDER);
	host_down();
	up();
	sqe = host_atomic(RNIC_OP_CAS, buf[1] + 4, key[1], 0, 1, buf[0], key[0]);
	fails(&sqe, RNIC_RECV_ADDR, RESPONDER);
	host_down();
	/* its answer has nowhere to go: then it does not happen either */
	up();
	sqe = host_atomic(RNIC_OP_FAA, buf[1], key[1], 0, 1, buf[0] + SIZE - 7, key[0]);
	fails(&sqe, RNIC_SEND_ADDR, REQUESTER);
	host_down();
}

/* A key whose region has gone, before and while a message uses it. */
static void test_deregistered(void)
{
	uint8_t cmd[RNIC_CMD_SIZE] = { 0 };
	struct host_sqe sqe;
	uint32_t len = 4u << 20, big;
	uint64_t to, wait;

	up();
	rnic_put_le32(cmd + 8, key[1] >> 8);
	CHECK_EQ(host_cmd(1, 0, RNIC_CMD_DEREG_MR, cmd), 0);
	CHECK_EQ(host_cmd(1, 0, RNIC_CMD_DEREG_MR, cmd), RNIC_GENERAL);
	sqe = write_of(key[0], buf[0], 64, key[1], buf[1]);
	fails(&sqe, RNIC_RECV_KEY, RESPONDER);
	host_down();

	up();
	to = host_alloc(len, 4096);
	big = host_mr_simple(1, 41, PD, HOST_ALL, to, len);
	host_mr_simple(0, 42, PD, HOST_ALL, to, len);
	sqe = write_of(42 << 8, to, len, big, to);
	host_post(&qp[0], &sqe);
	CHECK(rnic_engine_step(host.rnic, host.now, &wait)); /* one slice, more to come */
	rnic_mr_deregister(host.port[1], 41);
	host_run();
	host_expect(&cq[0], RNIC_CQE_SQ, RNIC_RECV_KEY);
	CHECK(host_payload(1, host.ram, true) < len);
	host_down();
}

/* Receive entries that do not fit what comes. */
static void test_receive(void)
{
	struct host_sqe sqe;

	for (unsigned int n = 0; n < 4; n++) {
		static const enum rnic_status statuses[4] = {
			RNIC_RECV_ADDR, /* too short */
			RNIC_RECV_KEY, /* no such key */
			RNIC_RECV_RIGHTS, /* not writable */
			RNIC_RECV_PD,
		};
		uint32_t some;

		up();
		host_mr_simple(1, 42, PD, HOST_ALL & ~RNIC_RIGHT_LWRITE, buf[1], SIZE);
		host_mr_simple(1, 43, OTHER_PD, HOST_ALL, buf[1], SIZE);
		some = n ? (40 + n) << 8 : key[1]; /* there is no 41 */
		host_recv(&qp[1], buf[1], n ? 100 : 99, some);
		host_recv(&qp[1], buf[1], 100, key[1]);
		sqe = host_send(RNIC_OP_SEND);
		host_sge(&sqe, buf[0], 100, key[0]);
		fails(&sqe, RNIC_RECV_FORMAT, RESPONDER);
		CHECK_EQ(host_expect(&cq[1], RNIC_CQE_RQ, statuses[n]).index, 0);
		CHECK_EQ(host_expect(&cq[1], RNIC_CQE_RQ, RNIC_FLUSHED).index, 1);
		host_down();
	}
}

/* What is posted behind a failure, or after it, comes back flushed, in order, all of it. */
static void test_flush(void)
{
	struct host_sqe bad, quiet;
	struct host_wc wc;

	up();
	bad = write_of(77 << 8, buf[0], 64, key[1], buf[1]);
	quiet = write_of(key[0], buf[0], 64, key[1], buf[1]);
	quiet.unsignaled = true;
	host_recv(&qp[0], buf[0], 8, key[0]);
	host_recv(&qp[0], buf[0], 8, key[0]);
	host_post_quiet(&qp[0], &quiet); /* works, says nothing */
	host_post_quiet(&qp[0], &bad);
	for (unsigned int n = 0; n < 3; n++)
		host_post_quiet(&qp[0], &quiet);
	host_ring(&qp[0]);
	host_run();
	CHECK_EQ(host_expect(&cq[0], RNIC_CQE_SQ, RNIC_SEND_KEY).index, 2);
	for (unsigned int n = 0; n < 3; n++)
		CHECK_EQ(host_expect(&cq[0], RNIC_CQE_SQ, RNIC_FLUSHED).index, 4 + 2 * n);
	for (unsigned int n = 0; n < 2; n++)
		CHECK_EQ(host_expect(&cq[0], RNIC_CQE_RQ, RNIC_FLUSHED).index, n);
	CHECK(!host_poll(&cq[0], &wc));
	host_post(&qp[0], &quiet);
	host_recv(&qp[0], buf[0], 8, key[0]);
	host_run();
	host_expect(&cq[0], RNIC_CQE_SQ, RNIC_FLUSHED);
	host_expect(&cq[0], RNIC_CQE_RQ, RNIC_FLUSHED);
	CHECK(!host_poll(&cq[0], &wc));
	host_recv(&qp[1], buf[1], 8, key[1]); /* the driver asks for ERROR: the same */
	CHECK_EQ(host_modify(&qp[1], RNIC_QPS_ERROR, 0, 0, 0), 0);
	host_expect(&cq[1], RNIC_CQE_RQ, RNIC_FLUSHED);
	host_down();
}

/* A kernel's receive entry in ERROR waits for REFLUSH; the command may be the first to tell. */
static void test_reflush(void)
{
	uint8_t cmd[RNIC_CMD_SIZE] = { 0 };
	struct host_wc wc;
	struct host_qp kernel;

	up();
	host_qp(&kernel, 0, 50, PD | HOST_KERNEL, &cq[0], &cq[0]);
	CHECK_EQ(host_modify(&kernel, RNIC_QPS_ERROR, 0, 0, 0), 0);
	host_recv(&kernel, buf[0], 8, key[0]);
	host_run();
	CHECK(!host_poll(&cq[0], &wc));
	rnic_put_le32(cmd + 8, 50);
	rnic_put_le32(cmd + 16, 2);
	CHECK_EQ(host_cmd(0, 0, RNIC_CMD_REFLUSH, cmd), 0);
	for (unsigned int n = 0; n < 2; n++)
		CHECK_EQ(host_expect(&cq[0], RNIC_CQE_RQ, RNIC_FLUSHED).index, n);
	/* again, and for a QP that has left the state: nothing */
	CHECK_EQ(host_cmd(0, 0, RNIC_CMD_REFLUSH, cmd), 0);
	rnic_put_le32(cmd + 8, 20);
	CHECK_EQ(host_cmd(0, 0, RNIC_CMD_REFLUSH, cmd), 0);
	CHECK(!host_poll(&cq[0], &wc));
	CHECK_EQ(host_state(&qp[0]), RNIC_QPS_RTS);
	host_down();
}

/* RESET forgets what is posted; a kernel's indices start anew, a user's go on. */
static void test_reset(void)
{
	for (unsigned int kernel = 0; kernel < 2; kernel++) {
		struct host_sqe sqe;
		struct host_wc wc;
		struct host_qp *a = &qp[0];

		up();
		if (kernel) {
			host_qp(&qp[0], 0, 50, PD | HOST_KERNEL, &cq[0], &cq[0]);
			host_qp(&qp[1], 1, 51, PD | HOST_KERNEL, &cq[1], &cq[1]);
			host_connect(&qp[0], &qp[1]);
		}
		sqe = host_send(RNIC_OP_SEND);
		host_sge(&sqe, buf[0], 64, key[0]);
		host_post(a, &sqe); /* waits for a receive entry */
		host_recv(a, buf[0], 64, key[0]);
		host_run();
		CHECK_EQ(host_modify(a, RNIC_QPS_RESET, 0, 0, 0), 0);
		CHECK_EQ(host_modify(&qp[1], RNIC_QPS_RESET, 0, 0, 0), 0);
		CHECK(!host_poll(&cq[0], &wc));
		if (kernel)
			a->sq_pi = a->rq_pi = 0;
		host_connect(a, &qp[1]);
		host_recv(&qp[1], buf[1], 64, key[1]);
		host_post(a, &sqe);
		host_run();
		wc = host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
		CHECK_EQ(wc.index, kernel ? 0 : 1);
		CHECK(!host_poll(&cq[0], &wc));
		host_expect(&cq[1], RNIC_CQE_RQ, RNIC_OK);
		host_down();
	}
}

static void test_states(void)
{
	static const uint8_t path[] = { RNIC_QPS_INIT, RNIC_QPS_RTR, RNIC_QPS_RTS };
	struct host_qp fresh;
	struct host_sqe sqe;
	struct host_wc wc;

	up();
	host_qp(&fresh, 0, 60, PD, &cq[0], &cq[0]);
	CHECK_EQ(host_modify(&fresh, RNIC_QPS_RTR, 0, 0, 0), RNIC_GENERAL);
	CHECK_EQ(host_modify(&fresh, RNIC_QPS_RTS, 0, 0, 0), RNIC_GENERAL);
	CHECK_EQ(host_modify(&fresh, 7, 0, 0, 0), RNIC_GENERAL);
	CHECK_EQ(host_state(&fresh), RNIC_QPS_RESET);
	for (unsigned int n = 0; n < 3; n++)
		CHECK_EQ(host_modify(&fresh, path[n], RNIC_QPA_AV | RNIC_QPA_DEST_QPN, 60, 0),
			 0);
	CHECK_EQ(host_modify(&fresh, RNIC_QPS_INIT, 0, 0, 0), RNIC_GENERAL);
	/* SQD holds the send queue */
	CHECK_EQ(host_modify(&qp[0], RNIC_QPS_SQD, 0, 0, 0), 0);
	sqe = write_of(key[0], buf[0], 64, key[1], buf[1]);
	host_post(&qp[0], &sqe);
	host_run();
	CHECK(!host_poll(&cq[0], &wc));
	CHECK_EQ(host_modify(&qp[0], RNIC_QPS_RTS, 0, 0, 0), 0);
	host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
	/* ERROR only leads to RESET */
	CHECK_EQ(host_modify(&qp[0], RNIC_QPS_ERROR, 0, 0, 0), 0);
	CHECK_EQ(host_modify(&qp[0], RNIC_QPS_RTS, 0, 0, 0), RNIC_GENERAL);
	CHECK_EQ(host_modify(&qp[0], RNIC_QPS_INIT, 0, 0, 0), RNIC_GENERAL);
	CHECK_EQ(host_modify(&qp[0], RNIC_QPS_RESET, 0, 0, 0), 0);
	host_down();
}

static void no_answer(bool expected)
{
	struct host_sqe sqe = write_of(key[0], buf[0], 64, key[1], buf[1]);
	struct host_wc wc;

	host_post(&qp[0], &sqe);
	host_run();
	CHECK_EQ(host_poll(&cq[0], &wc), !expected);
	if (!expected)
		return;
	host_wait(host.rnic->retry_ns / 2);
	CHECK(!host_poll(&cq[0], &wc));
	host_wait(host.rnic->retry_ns);
	host_expect(&cq[0], RNIC_CQE_SQ, RNIC_RETRY);
	CHECK_EQ(host_state(&qp[0]), RNIC_QPS_ERROR);
}

static void test_retry(void)
{
	struct host_qp third;
	struct host_sqe sqe;
	struct host_wc wc;

	/* the peer is in error, gone, or somebody else's */
	up();
	CHECK_EQ(host_modify(&qp[1], RNIC_QPS_ERROR, 0, 0, 0), 0);
	no_answer(true);
	host_down();
	up();
	rnic_qp_free(rnic_qp_get(host.port[1], 21));
	no_answer(true);
	host_down();
	up();
	host_qp(&third, 0, 22, PD, &cq[0], &cq[0]);
	host_connect(&third, &third);
	CHECK_EQ(host_modify(&qp[1], RNIC_QPS_RTS, RNIC_QPA_DEST_QPN, 22, 0), 0);
	no_answer(true);
	host_down();
	/* packet numbers that do not match */
	up();
	CHECK_EQ(host_modify(&qp[0], RNIC_QPS_RTS, RNIC_QPA_SQ_PSN, 0, 0), 0);
	no_answer(false);
	CHECK_EQ(host_modify(&qp[0], RNIC_QPS_RTS, RNIC_QPA_SQ_PSN, 0, 0), 0);
	no_answer(true);
	host_down();
	/* lost and found again */
	up();
	rnic_event_post(host.port[0], RNIC_EV_FAULT, RNIC_FAULT_DROP, 3, NULL);
	sqe = write_of(key[0], buf[0], 64, key[1], buf[1]);
	host_post(&qp[0], &sqe);
	host_run();
	CHECK(!host_poll(&cq[0], &wc));
	host_wait(100000000);
	host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
	CHECK_EQ(host.port[0]->count[RNIC_COUNT_RETRIES], 3);
	/* the other end's link is down, and up again */
	rnic_event_post(host.port[1], RNIC_EV_FAULT, RNIC_FAULT_LINK, 1, NULL);
	host_post(&qp[0], &sqe);
	host_run();
	CHECK(!host_poll(&cq[0], &wc));
	rnic_event_post(host.port[1], RNIC_EV_FAULT, RNIC_FAULT_LINK, 0, NULL);
	host_wait(100000000);
	host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
	host_down();
}

static void test_bad_entries(void)
{
	static const struct {
		unsigned int at;
		uint64_t bits;
	} damage[] = {
		{ 0, 1ull << 32 }, /* somebody else's QP number */
		{ 0, 1 }, /* wrong index of the next entry */
		{ 0, 1ull << 54 }, /* more blocks than are posted */
		{ 0, 8ull << 56 }, /* more pieces than there may be */
		{ 0, 7ull << 27 }, /* no such operation */
		{ 8, 1ull << 32 }, /* a length that is not the sum */
	};

	for (unsigned int n = 0; n < sizeof(damage) / sizeof(damage[0]); n++) {
		struct host_sqe sqe;
		uint8_t *at;

		up();
		sqe = write_of(key[0], buf[0], 64, key[1], buf[1]);
		at = host_at(qp[0].sq);
		host_post_quiet(&qp[0], &sqe);
		rnic_put_le64(at + damage[n].at, rnic_le64(at + damage[n].at) ^ damage[n].bits);
		host_ring(&qp[0]);
		host_run();
		host_expect(&cq[0], RNIC_CQE_SQ, RNIC_SEND_FORMAT);
		CHECK_EQ(host_state(&qp[0]), RNIC_QPS_ERROR);
		host_down();
	}
	/* an index that the ring cannot hold is no doorbell */
	up();
	host_doorbell(0, RNIC_DB_SQ, 20ull << 32 | 65);
	host_doorbell(0, RNIC_DB_RQ, 20ull << 32 | 33);
	host_doorbell(0, RNIC_DB_SQ, 4000ull << 32 | 1);
	host_run();
	CHECK_EQ(host.port[0]->count[RNIC_COUNT_BAD_DOORBELLS], 3);
	CHECK_EQ(host_state(&qp[0]), RNIC_QPS_RTS);
	host_down();
}

/* DMA that faults, on either side */
static void test_dma_faults(void)
{
	struct host_sqe sqe;
	uint32_t hole;

	up();
	hole = host_mr_simple(0, 40, PD, HOST_ALL, 1ull << 50, SIZE);
	sqe = write_of(hole, 1ull << 50, 64, key[1], buf[1]);
	fails(&sqe, RNIC_GENERAL, REQUESTER);
	host_down();
	up();
	hole = host_mr_simple(1, 40, PD, HOST_ALL, 1ull << 50, SIZE);
	sqe = write_of(key[0], buf[0], 64, hole, 1ull << 50);
	fails(&sqe, RNIC_GENERAL, RESPONDER);
	host_down();
	up();
	rnic_event_post(host.port[1], RNIC_EV_FAULT, RNIC_FAULT_DMA, 1, NULL);
	sqe = write_of(key[0], buf[0], 64, key[1], buf[1]);
	fails(&sqe, RNIC_GENERAL, RESPONDER);
	host_down();
}

int main(int argc, char **argv)
{
	t_random_seed(argc, argv);
	RUN(test_local_keys);
	RUN(test_remote_keys);
	RUN(test_rights);
	RUN(test_deregistered);
	RUN(test_receive);
	RUN(test_flush);
	RUN(test_reflush);
	RUN(test_reset);
	RUN(test_states);
	RUN(test_retry);
	RUN(test_bad_entries);
	RUN(test_dma_faults);
	return 0;
}
