// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reliable connections: what moves, with which values, and what completes how. Two ports
 * joined by the link; every operation over all of its variants.
 */
#include <string.h>

#include "host.h"

#define PD 5
#define SIZE (128u * 1024u)

static struct host_cq cq[2];
static struct host_qp qp[2];
static uint64_t buf[2];
static uint32_t key[2];

static void up(void)
{
	host_pair(&(struct host_sides){ cq, qp, buf, key }, PD, SIZE);
}

static void same(uint64_t a, uint64_t b, uint32_t len)
{
	CHECK(!memcmp(host_at(a), host_at(b), len));
}

/* When payload moved last to or from RAM, as that port has it. */
static uint64_t last_ns(unsigned int port)
{
	uint64_t last = 0;

	for (unsigned int n = 0; n < RNIC_MAX_REGIONS; n++)
		if (host.port[port]->dma.region[n].ram)
			last = host.port[port]->dma.region[n].last_ns;
	return last;
}

static void test_write(void)
{
	static const uint32_t sizes[] = { 1, 7, 8, 4096, 4097, 30000, 0 };
	uint64_t before, start, sum = 0;

	up();
	before = host_payload(1, host.ram, true);
	for (unsigned int n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
		struct host_sqe sqe = host_write(RNIC_OP_WRITE, key[1], buf[1] + 5);
		struct host_wc wc;
		uint8_t after = host_at(buf[1] + 5 + sizes[n])[0];

		host_sge(&sqe, buf[0] + 3, sizes[n], key[0]);
		start = rnic_now();
		host_post(&qp[0], &sqe);
		host_run();
		for (unsigned int port = 0; port < 2; port++)
			CHECK_EQ(last_ns(port) >= start, !!sizes[n]);
		wc = host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
		CHECK_EQ(wc.op, RNIC_OP_WRITE);
		CHECK_EQ(wc.qpn, 20);
		CHECK_EQ(wc.index, 2 * n);
		same(buf[0] + 3, buf[1] + 5, sizes[n]);
		CHECK_EQ(host_at(buf[1] + 5 + sizes[n])[0], after);
		sum += sizes[n];
	}
	CHECK_EQ(host_payload(1, host.ram, true) - before, sum);
	CHECK_EQ(host_payload(1, host.bar, true), 0);
	/* 43 packets of 1 KiB, from 0xfffffe on; nothing came back the other way */
	CHECK_EQ(host_state(&qp[0]), RNIC_QPS_RTS);
	CHECK_EQ(host.answer[0] & 0xffffff, 41);
	CHECK_EQ(host.answer[0] >> 24 & 0xffffff, 0xfffffe);
	CHECK_EQ(host_state(&qp[1]), RNIC_QPS_RTS);
	CHECK_EQ(host.answer[0] >> 24 & 0xffffff, 41);
	host_down();
}

static void test_lists(void)
{
	struct host_sqe sqe;
	uint8_t data[96];
	uint32_t at = 0;

	up();
	/* Six pieces, one of them empty */
	sqe = host_write(RNIC_OP_WRITE, key[1], buf[1]);
	for (unsigned int n = 0; n < 6; n++)
		host_sge(&sqe, buf[0] + 1000 * n, 100 * n, key[0]);
	host_post(&qp[0], &sqe);
	host_run();
	host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
	for (unsigned int n = 0; n < 6; n++) {
		same(buf[0] + 1000 * n, buf[1] + at, 100 * n);
		at += 100 * n;
	}
	/* Inline: no key, no DMA of payload on our side */
	at = host_payload(0, host.ram, false);
	for (unsigned int n = 0; n < sizeof(data); n++)
		data[n] = t_random();
	sqe = host_write(RNIC_OP_WRITE, key[1], buf[1] + 33);
	host_inline(&sqe, data, sizeof(data));
	host_post(&qp[0], &sqe);
	host_run();
	host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
	CHECK(!memcmp(host_at(buf[1] + 33), data, sizeof(data)));
	CHECK_EQ(host_payload(0, host.ram, false), at);
	host_down();
}

static void test_send(void)
{
	static const struct {
		enum rnic_op op, wc;
	} kinds[] = {
		{ RNIC_OP_SEND, RNIC_OP_RECV },
		{ RNIC_OP_SEND_IMM, RNIC_OP_RECV_SEND_IMM },
	};

	up();
	for (unsigned int n = 0; n < 2; n++) {
		struct host_sqe sqe = host_send(kinds[n].op);
		struct host_wc wc;

		host_recv(&qp[1], buf[1] + 100, 5000, key[1]);
		host_sge(&sqe, buf[0], 2000, key[0]);
		host_sge(&sqe, buf[0] + 7777, 1234, key[0]);
		if (n)
			host_imm(&sqe, "\x01\x02\x03\x04");
		host_post(&qp[0], &sqe);
		host_run();
		wc = host_expect(&cq[1], RNIC_CQE_RQ, RNIC_OK);
		CHECK_EQ(wc.op, kinds[n].wc);
		CHECK_EQ(wc.size, 3234);
		CHECK_EQ(wc.index, n);
		CHECK_EQ(wc.qpn, 21);
		if (n)
			CHECK(!memcmp(wc.imm, "\x01\x02\x03\x04", 4));
		host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
		same(buf[0], buf[1] + 100, 2000);
		same(buf[0] + 7777, buf[1] + 2100, 1234);
	}
	host_down();
}

static void test_write_imm(void)
{
	struct host_sqe sqe;
	struct host_wc wc;

	up();
	host_recv(&qp[1], 0, 0, 0); /* the entry's buffer is not used */
	sqe = host_write(RNIC_OP_WRITE_IMM, key[1], buf[1]);
	host_sge(&sqe, buf[0], 50, key[0]);
	host_imm(&sqe, "abcd");
	host_post(&qp[0], &sqe);
	host_run();
	wc = host_expect(&cq[1], RNIC_CQE_RQ, RNIC_OK);
	CHECK_EQ(wc.op, RNIC_OP_RECV_WRITE_IMM);
	CHECK_EQ(wc.size, 50);
	CHECK(!memcmp(wc.imm, "abcd", 4));
	same(buf[0], buf[1], 50);
	/* No receive entry: nothing moves until there is one */
	memset(host_at(buf[1]), 0, 50);
	host_post(&qp[0], &sqe);
	host_run();
	host_wait(5000000000);
	CHECK(!host_poll(&cq[1], &wc));
	CHECK_EQ(host_at(buf[1])[0] | host_at(buf[1])[49], 0);
	host_recv(&qp[1], 0, 0, 0);
	host_run();
	host_expect(&cq[1], RNIC_CQE_RQ, RNIC_OK);
	same(buf[0], buf[1], 50);
	host_down();
}

static void test_read(void)
{
	struct host_sqe sqe;
	struct host_wc wc;

	up();
	sqe = host_read(buf[0] + 9, key[0], 40000, buf[1] + 2, key[1]);
	host_post(&qp[0], &sqe);
	host_run();
	wc = host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
	CHECK_EQ(wc.op, RNIC_OP_READ);
	CHECK_EQ(wc.size, 40000);
	same(buf[0] + 9, buf[1] + 2, 40000);
	CHECK_EQ(host_payload(1, host.ram, false), 40000);
	CHECK_EQ(host_payload(0, host.ram, true), 40000);
	host_down();
}

static void atomic(enum rnic_op op, uint64_t before, uint64_t compare, uint64_t operand,
		   uint64_t after)
{
	struct host_sqe sqe = host_atomic(op, buf[1] + 16, key[1], compare, operand,
					  buf[0] + 100, key[0]);

	rnic_put_le64(host_at(buf[1] + 16), before);
	host_post(&qp[0], &sqe);
	host_run();
	CHECK_EQ(host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK).op, op);
	CHECK_EQ(rnic_le64(host_at(buf[1] + 16)), after);
	CHECK_EQ(rnic_le64(host_at(buf[0] + 100)), before);
}

static void test_atomics(void)
{
	up();
	atomic(RNIC_OP_FAA, 40, 0, 2, 42);
	atomic(RNIC_OP_FAA, ~0ull, 0, 3, 2); /* wraps */
	atomic(RNIC_OP_FAA, 0x1122334455667788, 0, 0, 0x1122334455667788);
	atomic(RNIC_OP_FAA, 10, 0, -1ull, 9);
	atomic(RNIC_OP_CAS, 7, 7, 1ull << 63, 1ull << 63);
	atomic(RNIC_OP_CAS, 7, 8, 99, 7); /* not equal: left alone, but told */
	atomic(RNIC_OP_CAS, 1ull << 32, 0, 5, 1ull << 32); /* all 64 bits count */
	host_down();
}

/* Through a BAR that is a file, and one that is reached by message. */
static void test_peers(void)
{
	enum { LEN = 50000 };
	static const uint64_t at[2] = { HOST_BAR + 8192, HOST_REMOTE + 4096 };

	for (unsigned int n = 0; n < 2; n++) {
		const uint8_t *base;
		uint64_t ram[2];
		struct host_sqe sqe;
		uint32_t there;

		up();
		base = n ? host.remote : host.bar;
		there = host_mr_simple(1, 40, PD, HOST_ALL, at[n], 65536);
		ram[0] = host_payload(1, host.ram, false);
		ram[1] = host_payload(1, host.ram, true);
		sqe = host_write(RNIC_OP_WRITE, there, at[n] + 1);
		host_sge(&sqe, buf[0], LEN, key[0]);
		host_post(&qp[0], &sqe);
		sqe = host_read(buf[0] + LEN, key[0], LEN, at[n] + 1, there);
		host_post(&qp[0], &sqe);
		host_run();
		host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
		host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
		same(buf[0], at[n] + 1, LEN);
		same(buf[0], buf[0] + LEN, LEN);
		CHECK_EQ(host_payload(1, base, true), LEN);
		CHECK_EQ(host_payload(1, base, false), LEN);
		CHECK_EQ(host_payload(1, host.ram, false), ram[0]);
		CHECK_EQ(host_payload(1, host.ram, true), ram[1]);
		CHECK_EQ(!!host.messages, n);
		/* QEMU cannot answer more than so much at once */
		CHECK(host.longest_read <= 32768);
		/* Atomics there too */
		rnic_put_le64(host_at(at[n] + 8), 5);
		sqe = host_atomic(RNIC_OP_FAA, at[n] + 8, there, 0, 6, buf[0], key[0]);
		host_post(&qp[0], &sqe);
		host_run();
		host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
		CHECK_EQ(rnic_le64(host_at(at[n] + 8)), 11);
		CHECK_EQ(rnic_le64(host_at(buf[0])), 5);
		sqe = host_atomic(RNIC_OP_CAS, at[n] + 8, there, 10, 6, buf[0], key[0]);
		host_post(&qp[0], &sqe);
		host_run();
		host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
		CHECK_EQ(rnic_le64(host_at(at[n] + 8)), 11); /* not equal */
		host_down();
	}
}

/* A message of many slices; around the ring many times; unsignaled entries. */
static void test_long_and_many(void)
{
	uint32_t len = 3 * 1024 * 1024 + 17, a, b;
	uint64_t from, to;
	struct host_sqe sqe;
	struct host_wc wc;

	up();
	from = host_alloc(len, 4096);
	to = host_alloc(len, 4096);
	host_random_bytes(from, len);
	a = host_mr_simple(0, 50, PD, HOST_ALL, from, len);
	b = host_mr_simple(1, 51, PD, HOST_ALL, to, len);
	sqe = host_write(RNIC_OP_WRITE, b, to);
	host_sge(&sqe, from, 1000001, a);
	host_sge(&sqe, from + 1000001, len - 1000001, a);
	host_post(&qp[0], &sqe);
	host_run();
	host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
	same(from, to, len);

	for (unsigned int n = 0; n < 1000; n++) {
		sqe = host_write(RNIC_OP_WRITE, key[1], buf[1] + 8 * (n % 1000));
		host_inline(&sqe, &n, 4);
		sqe.unsignaled = n % 4 != 3;
		host_post(&qp[0], &sqe);
		host_run();
		CHECK_EQ(host_poll(&cq[0], &wc), !sqe.unsignaled);
		CHECK_EQ(rnic_le32(host_at(buf[1] + 8 * (n % 1000))), n);
	}
	host_down();
}

/* One port to itself, and a QP to itself. */
static void test_loopback(void)
{
	struct host_qp self;
	struct host_sqe sqe;

	up();
	host_qp(&self, 0, 60, PD, &cq[0], &cq[0]);
	host_connect(&self, &self);
	sqe = host_write(RNIC_OP_WRITE, key[0], buf[0] + 30000);
	host_sge(&sqe, buf[0], 20000, key[0]);
	host_post(&self, &sqe);
	host_run();
	host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
	same(buf[0], buf[0] + 30000, 20000);
	host_down();
}

int main(int argc, char **argv)
{
	t_random_seed(argc, argv);
	RUN(test_write);
	RUN(test_lists);
	RUN(test_send);
	RUN(test_write_imm);
	RUN(test_read);
	RUN(test_atomics);
	RUN(test_peers);
	RUN(test_long_and_many);
	RUN(test_loopback);
	return 0;
}
