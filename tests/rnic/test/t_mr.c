// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Memory regions: translation with every kind of table and page, lengths above 4 GiB, fast
 * registration and invalidation; and datagrams, the other user of kernel-only keys.
 */
#include <string.h>

#include "host.h"

#define PD 5

static struct host_cq cq[2];
static struct host_qp qp[2];
static uint64_t buf[2];
static uint32_t key[2];

static void up(uint32_t flags)
{
	host_pair(&(struct host_sides){ cq, qp, buf, key }, PD | flags, 65536);
}

static enum rnic_status write_to(uint32_t rkey, uint64_t remote, uint32_t len)
{
	struct host_sqe sqe = host_write(RNIC_OP_WRITE, rkey, remote);
	struct host_wc wc;

	host_sge(&sqe, buf[0], len, key[0]);
	host_post(&qp[0], &sqe);
	host_run();
	CHECK(host_poll(&cq[0], &wc));
	return wc.status;
}

/*
 * Pages in a random order, at an address with an offset into the first page; every byte of
 * a write over several pages must land where the table says.
 */
static void scattered(unsigned int level, unsigned int shift, unsigned int pages,
		      unsigned int offset)
{
	uint64_t page = 1ull << shift, base, list[600];
	struct host_mr mr = {
		.index = 40,
		.pd = PD,
		.rights = HOST_ALL,
		.page_shift = shift,
		.level = level,
		.va = 0x7f0000000000ull + offset,
		.size = pages * page - offset - 3,
		.pages = list,
	};
	uint32_t len = mr.size < 65536 ? mr.size : 65536;
	uint64_t skip = (mr.size - len) / 2;

	up(0);
	base = host_alloc(pages * page, page);
	for (unsigned int n = 0; n < pages; n++)
		list[n] = base + n * page;
	for (unsigned int n = pages - 1; n; n--) {
		unsigned int other = t_random() % (n + 1);
		uint64_t one = list[n];

		list[n] = list[other];
		list[other] = one;
	}
	CHECK_EQ(host_mr(1, &mr), 0);
	CHECK_EQ(write_to(40 << 8, mr.va + skip, len), RNIC_OK);
	for (uint32_t n = 0; n < len; n++) {
		uint64_t at = offset + skip + n;

		CHECK_EQ(host_at(list[at >> shift] + (at & (page - 1)))[0],
			 host_at(buf[0] + n)[0]);
	}
	/* the very end, and one byte behind it */
	CHECK_EQ(write_to(40 << 8, mr.va + mr.size - 10, 10), RNIC_OK);
	CHECK_EQ(write_to(40 << 8, mr.va + mr.size - 10, 11), RNIC_RECV_ADDR);
	host_down();
}

static void test_tables(void)
{
	scattered(0, 12, 1, 0);
	scattered(0, 12, 4, 100);
	scattered(1, 12, 5, 4095);
	scattered(1, 12, 512, 17);
	scattered(2, 12, 513, 17);
	scattered(2, 12, 600, 0);
	scattered(3, 12, 600, 9);
	scattered(1, 16, 20, 65535);
	scattered(0, 21, 3, 5000);
	scattered(2, 13, 520, 1);
}

/*
 * 64 GiB in pages of 1 GiB: one table of one level, so the driver sends the lower half of
 * the length, 0. Nothing is there; what counts is which address is asked for.
 */
static void test_huge(void)
{
	static const uint64_t sizes[] = { 64ull << 30, (64ull << 30) - 5, (5ull << 30) + 1 };

	for (unsigned int n = 0; n < 3; n++) {
		struct host_mr mr = {
			.index = 40,
			.pd = PD,
			.rights = HOST_ALL,
			.page_shift = 30,
			.level = 1,
			.va = 0x7f0000000000ull,
			.size = sizes[n],
			.first = HOST_REMOTE - (2ull << 30),
		};

		up(0);
		CHECK_EQ(host_mr(1, &mr), 0);
		CHECK_EQ(write_to(40 << 8, mr.va + (2ull << 30) + 100, 64), RNIC_OK);
		CHECK(!memcmp(host.remote + 100, host_at(buf[0]), 64));
		CHECK_EQ(write_to(40 << 8, mr.va + mr.size - 63, 64), RNIC_RECV_ADDR);
		host_down();
		up(0);
		CHECK_EQ(host_mr(1, &mr), 0);
		/* within bounds, and into nothing */
		CHECK_EQ(write_to(40 << 8, mr.va + mr.size - 64, 64), RNIC_GENERAL);
		host_down();
	}
}

static void test_refused(void)
{
	struct host_mr good = {
		.index = 40,
		.pd = PD,
		.rights = HOST_ALL,
		.page_shift = 12,
		.level = 1,
		.va = 4096,
		.size = 8192,
		.first = 4096,
	};
	struct host_mr mr;

	up(0);
	CHECK_EQ(host_mr(0, &good), 0);
	CHECK_EQ(host_mr(0, &good), RNIC_GENERAL); /* index in use */
	mr = good;
	mr.index = RNIC_MAX_MR;
	CHECK_EQ(host_mr(0, &mr), RNIC_GENERAL);
	mr = good;
	mr.index = 41;
	mr.level = 0;
	mr.size = 5 * 4096; /* more pages than fit in the command */
	CHECK_EQ(host_mr(0, &mr), RNIC_GENERAL);
	mr = good;
	mr.index = 41;
	mr.va = ~0ull - 4095; /* wraps */
	CHECK_EQ(host_mr(0, &mr), RNIC_GENERAL);
	mr = good;
	mr.index = 41;
	mr.page_shift = 11;
	CHECK_EQ(host_mr(0, &mr), RNIC_GENERAL);
	host_down();
}

/* --- fast registration */

static uint64_t list_at; /* the MR's own table */

static void alloc_fast(unsigned int port, uint32_t index, uint32_t pd, uint32_t pages)
{
	uint8_t cmd[RNIC_CMD_SIZE] = { 0 };

	list_at = host_alloc(pages * 8, 4096);
	rnic_put_le32(cmd + 8, index);
	rnic_put_le32(cmd + 12, pd << 12 | RNIC_MR_FAST << 6 | HOST_ALL << 1);
	rnic_put_le32(cmd + 28, 12u << 27 | 1u << 20 | pages);
	rnic_put_le64(cmd + 32, list_at);
	CHECK_EQ(host_cmd(port, 0, RNIC_CMD_REG_MR, cmd), 0);
}

static struct host_sqe fast_register(uint32_t k, uint64_t va, uint32_t len, uint8_t rights,
				     const uint64_t *pages, unsigned int count)
{
	struct host_sqe sqe = { .op = RNIC_OP_REG_MR, .size = 32 };
	bool table = count > 4;

	rnic_put_le64(sqe.bytes + 8, va);
	rnic_put_le32(sqe.bytes + 16, len);
	rnic_put_le32(sqe.bytes + 20, k);
	rnic_put_le32(sqe.bytes + 24, count << 12 | (uint32_t)table << 6 |
					      (uint32_t)rights << 1);
	for (unsigned int n = 0; n < count; n++)
		rnic_put_le64(table ? host_at(list_at + 8 * n) : sqe.bytes + 32 + 8 * n,
			      pages[n]);
	if (!table)
		sqe.size += 8 * count;
	return sqe;
}

static struct host_sqe local_invalidate(uint32_t k)
{
	struct host_sqe sqe = { .op = RNIC_OP_LOCAL_INV, .size = 32 };

	rnic_put_le32(sqe.bytes + 20, k);
	return sqe;
}

static void one(struct host_qp *on, struct host_sqe sqe, enum rnic_status status)
{
	host_post(on, &sqe);
	host_run();
	CHECK_EQ(host_expect(on->scq, RNIC_CQE_SQ, status).op, sqe.op);
}

static void test_fast(void)
{
	for (unsigned int count = 2; count <= 6; count += 4) {
		uint64_t pages[6], va = 0x5000000100ull;
		uint32_t k = 50 << 8 | 7, len = count * 4096 - 0x100;

		up(HOST_KERNEL);
		alloc_fast(1, 50, PD, 8);
		for (unsigned int n = 0; n < count; n++)
			pages[n] = buf[1] + (count - 1 - n) * 4096;
		CHECK_EQ(write_to(50 << 8, va, 8), RNIC_RECV_KEY); /* not registered yet */
		host_down();

		up(HOST_KERNEL);
		alloc_fast(1, 50, PD, 8);
		one(&qp[1], fast_register(k, va, len, HOST_ALL, pages, count), RNIC_OK);
		CHECK_EQ(write_to(k, va, len), RNIC_OK);
		CHECK(!memcmp(host_at(pages[0] + 0x100), host_at(buf[0]), 4096 - 0x100));
		CHECK(!memcmp(host_at(pages[1]), host_at(buf[0] + 4096 - 0x100), 4096));
		/* gone, and back under another key with less rights */
		one(&qp[1], local_invalidate(k), RNIC_OK);
		one(&qp[1], fast_register(k + 1, va, len, RNIC_RIGHT_RREAD, pages, count),
		    RNIC_OK);
		CHECK_EQ(write_to(k + 1, va, 8), RNIC_RECV_RIGHTS);
		host_down();

		up(HOST_KERNEL);
		alloc_fast(1, 50, PD, 8);
		one(&qp[1], fast_register(k, va, len, HOST_ALL, pages, count), RNIC_OK);
		one(&qp[1], local_invalidate(k), RNIC_OK);
		CHECK_EQ(write_to(k, va, 8), RNIC_RECV_KEY);
		host_down();
	}
}

static void test_fast_refused(void)
{
	uint64_t pages[9] = { 0 }, va = 0x5000000000ull;
	struct {
		struct host_sqe sqe;
		enum rnic_status status;
	} cases[8];

	for (unsigned int n = 0; n < 8; n++) {
		up(HOST_KERNEL);
		for (unsigned int p = 0; p < 9; p++)
			pages[p] = buf[1] + p * 4096;
		alloc_fast(1, 51, PD + 1, 8); /* another PD's */
		alloc_fast(1, 50, PD, 8);
		cases[0].sqe = fast_register(99 << 8, va, 4096, HOST_ALL, pages, 1);
		cases[0].status = RNIC_SEND_KEY;
		cases[1].sqe = fast_register(31 << 8, va, 4096, HOST_ALL, pages, 1);
		cases[1].status = RNIC_SEND_KEY; /* not of that type */
		cases[2].sqe = fast_register(51 << 8, va, 4096, HOST_ALL, pages, 1);
		cases[2].status = RNIC_SEND_PD;
		cases[3].sqe = fast_register(50 << 8, va, 4097, HOST_ALL, pages, 1);
		cases[3].status = RNIC_SEND_FORMAT; /* pages do not cover it */
		cases[4].sqe = fast_register(50 << 8, va, 4096, HOST_ALL, pages, 9);
		cases[4].status = RNIC_SEND_FORMAT; /* more pages than it was made for */
		cases[5].sqe = local_invalidate(50 << 8 | 1);
		cases[5].status = RNIC_SEND_KEY;
		cases[6].sqe = local_invalidate(31 << 8);
		cases[6].status = RNIC_SEND_KEY;
		cases[7].sqe = local_invalidate(51 << 8);
		cases[7].status = RNIC_SEND_PD;
		one(&qp[1], cases[n].sqe, cases[n].status);
		host_down();
	}
	/* twice without an invalidation between */
	up(HOST_KERNEL);
	alloc_fast(1, 50, PD, 8);
	one(&qp[1], fast_register(50 << 8, va, 4096, HOST_ALL, pages, 1), RNIC_OK);
	one(&qp[1], fast_register(50 << 8 | 1, va, 4096, HOST_ALL, pages, 1),
	    RNIC_SEND_FORMAT);
	host_down();
}

static void test_send_invalidate(void)
{
	uint64_t page, va = 0x5000000000ull;
	struct host_sqe sqe = host_send(RNIC_OP_SEND_INV);
	uint32_t k = 50 << 8 | 9;
	struct host_wc wc;

	up(HOST_KERNEL);
	page = buf[1];
	alloc_fast(1, 50, PD, 8);
	one(&qp[1], fast_register(k, va, 4096, HOST_ALL, &page, 1), RNIC_OK);
	host_recv(&qp[1], buf[1], 64, key[1]);
	host_recv(&qp[1], buf[1], 64, key[1]);
	rnic_put_le32(sqe.bytes + 8, k);
	host_sge(&sqe, buf[0], 10, key[0]);
	host_post(&qp[0], &sqe);
	host_run();
	wc = host_expect(&cq[1], RNIC_CQE_RQ, RNIC_OK);
	CHECK_EQ(wc.op, RNIC_OP_RECV_INV);
	CHECK_EQ(wc.invalidated, k);
	host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
	CHECK_EQ(write_to(k, va, 8), RNIC_RECV_KEY);
	host_down();
	/* a key that is no fast-registration MR's */
	up(HOST_KERNEL);
	host_recv(&qp[1], buf[1], 64, key[1]);
	sqe = host_send(RNIC_OP_SEND_INV);
	rnic_put_le32(sqe.bytes + 8, key[1]);
	host_sge(&sqe, buf[0], 10, key[0]);
	host_post(&qp[0], &sqe);
	host_run();
	host_expect(&cq[0], RNIC_CQE_SQ, RNIC_RECV_KEY);
	CHECK_EQ(host_state(&qp[1]), RNIC_QPS_ERROR);
	host_down();
}

/* --- datagrams */

static void create_ah(unsigned int number, uint32_t pd, bool v4)
{
	uint8_t cmd[RNIC_CMD_SIZE] = { 0 };

	rnic_put_le32(cmd + 8, pd);
	rnic_put_le32(cmd + 12, number);
	rnic_put_le32(cmd + 16, (uint32_t)!v4 << 20 | 0x12345);
	cmd[16 + 4] = 3;
	cmd[16 + 5] = 64;
	rnic_put_le16(cmd + 16 + 10, v4);
	if (v4)
		memcpy(cmd + 36, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x09\0\x02", 16);
	else
		memcpy(cmd + 36, "\x20\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
	CHECK_EQ(host_cmd(0, 0, RNIC_CMD_CREATE_AH, cmd), 0);
}

static struct host_sqe datagram(uint32_t qkey, uint32_t dest, uint32_t ah)
{
	struct host_sqe sqe = { .op = RNIC_OP_SEND, .size = 32 };

	rnic_put_le32(sqe.bytes + 16, qkey);
	rnic_put_le32(sqe.bytes + 20, dest);
	rnic_put_le32(sqe.bytes + 24, ah);
	/* as the connection manager does: its buffers by bus address */
	host_sge(&sqe, buf[0], 100, RNIC_LOCAL_DMA_KEY);
	return sqe;
}

/* Nobody waits for what a kernel's UD QP had posted, and the driver cannot bear to be told. */
static void test_datagram_flush(void)
{
	struct host_sqe sqe;
	struct host_wc wc;

	up(HOST_UD | HOST_KERNEL);
	create_ah(3, PD, false);
	host_recv(&qp[1], buf[1], 140, RNIC_LOCAL_DMA_KEY);
	for (unsigned int n = 0; n < 2; n++)
		CHECK_EQ(host_modify(&qp[n], RNIC_QPS_ERROR, 0, 0, 0), 0);
	sqe = datagram(0x1234, 21, 3);
	host_post(&qp[0], &sqe);
	host_run();
	for (unsigned int n = 0; n < 2; n++)
		CHECK(!host_poll(&cq[n], &wc));
	host_down();
}

static void test_datagrams(void)
{
	for (unsigned int v4 = 0; v4 < 2; v4++) {
		uint8_t *in;
		struct host_sqe sqe;
		struct host_wc wc;
		uint32_t sum = 0;

		up(HOST_UD | HOST_KERNEL);
		in = host_at(buf[1]);
		create_ah(3, PD, v4);
		for (unsigned int n = 0; n < 2; n++)
			host_recv(&qp[1], buf[1], 140, RNIC_LOCAL_DMA_KEY);
		sqe = datagram(0x1234, 21, 3);
		host_post(&qp[0], &sqe);
		host_run();
		host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
		wc = host_expect(&cq[1], RNIC_CQE_RQ, RNIC_OK);
		CHECK_EQ(wc.size, 140);
		CHECK_EQ(wc.ud, (v4 ? 0 : 1u << 31) | 20);
		CHECK(!memcmp(in + 40, host_at(buf[0]), 100));
		CHECK_EQ(in[v4 ? 20 : 0] >> 4, v4 ? 4 : 6);
		if (v4) {
			for (unsigned int n = 20; n < 40; n += 2)
				sum += in[n] << 8 | in[n + 1];
			CHECK_EQ((sum & 0xffff) + (sum >> 16), 0xffff);
			CHECK(!memcmp(in + 32, "\x0a\x09\0\x01\x0a\x09\0\x02", 8));
		} else {
			CHECK_EQ(in[8 + 15] << 8 | in[24 + 15], 0x102);
		}
		/* wrong key, wrong QP: sent all the same, and lost */
		sqe = datagram(0x1235, 21, 3);
		host_post(&qp[0], &sqe);
		sqe = datagram(0x1234, 22, 3);
		host_post(&qp[0], &sqe);
		host_run();
		host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
		host_expect(&cq[0], RNIC_CQE_SQ, RNIC_OK);
		CHECK(!host_poll(&cq[1], &wc));
		CHECK_EQ(host.port[1]->count[RNIC_COUNT_RX_DROPS], 2);
		/* an address handle of another protection domain */
		create_ah(4, PD + 1, v4);
		sqe = datagram(0x1234, 21, 4);
		host_post(&qp[0], &sqe);
		host_run();
		host_expect(&cq[0], RNIC_CQE_SQ, RNIC_SEND_PD);
		host_down();
	}
}

int main(int argc, char **argv)
{
	t_random_seed(argc, argv);
	RUN(test_tables);
	RUN(test_huge);
	RUN(test_refused);
	RUN(test_fast);
	RUN(test_fast_refused);
	RUN(test_send_invalidate);
	RUN(test_datagrams);
	RUN(test_datagram_flush);
	return 0;
}
