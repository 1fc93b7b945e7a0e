// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The device around the verbs: commands and their checks, completion and asynchronous
 * events, doorbell pages, resets, DMA maps, the instrument.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

#define PD 5

static struct host_cq cq;
static struct host_qp qp;
static uint64_t buf;
static uint32_t key;

static void up(void)
{
	host_up(1);
	host_cq(&cq, 0, 10, 64);
	host_qp(&qp, 0, 20, PD, &cq, &cq);
	buf = host_alloc(65536, 4096);
	key = host_mr_simple(0, 30, PD, HOST_ALL, buf, 65536);
	host_connect(&qp, &qp);
}

static void post_write(void)
{
	struct host_sqe sqe = host_write(RNIC_OP_WRITE, key, buf + 4096);

	host_sge(&sqe, buf, 16, key);
	host_post(&qp, &sqe);
	host_run();
}

static void post_send(bool solicited)
{
	struct host_sqe sqe = host_send(RNIC_OP_SEND);

	host_recv(&qp, buf + 4096, 64, key);
	host_sge(&sqe, buf, 16, key);
	sqe.solicited = solicited;
	sqe.unsignaled = true;
	host_post(&qp, &sqe);
	host_run();
}

static void test_commands(void)
{
	uint8_t cmd[RNIC_CMD_SIZE] = { 0 };
	static const uint8_t with_number[] = { RNIC_CMD_DESTROY_QP, RNIC_CMD_DESTROY_CQ,
					       RNIC_CMD_QUERY_QP, RNIC_CMD_DEREG_MR };

	up();
	CHECK_EQ(host_cmd(0, 0, 7, cmd), RNIC_GENERAL);
	CHECK_EQ(host_cmd(0, 0, 31, cmd), RNIC_GENERAL);
	CHECK_EQ(host_cmd(0, 2, 0, cmd), RNIC_GENERAL);
	CHECK_EQ(host_cmd(0, 1, 255, cmd), RNIC_GENERAL);
	for (unsigned int n = 0; n < sizeof(with_number); n++) {
		static const uint32_t numbers[] = { 0, 999, RNIC_MAX_QP, RNIC_MAX_MR, ~0u };

		for (unsigned int i = 0; i < 5; i++) {
			rnic_put_le32(cmd + 8, numbers[i]);
			CHECK_EQ(host_cmd(0, 0, with_number[n], cmd), RNIC_GENERAL);
		}
	}
	/* a CQ in use stays */
	rnic_put_le32(cmd + 8, 10);
	CHECK_EQ(host_cmd(0, 0, RNIC_CMD_DESTROY_CQ, cmd), RNIC_GENERAL);
	rnic_put_le32(cmd + 8, 20);
	CHECK_EQ(host_cmd(0, 0, RNIC_CMD_DESTROY_QP, cmd), 0);
	rnic_put_le32(cmd + 8, 10);
	CHECK_EQ(host_cmd(0, 0, RNIC_CMD_DESTROY_CQ, cmd), 0);
	/* around the command ring */
	for (unsigned int n = 0; n < 300; n++)
		CHECK_EQ(host_cmd(0, 0, RNIC_CMD_QUERY_DEVICE, cmd), 0);
	CHECK_EQ(host.answer[1] >> 32, RNIC_LOCAL_DMA_KEY);
	/* faults */
	rnic_event_post(host.port[0], RNIC_EV_FAULT, RNIC_FAULT_CMD_FAIL, 1, NULL);
	CHECK_EQ(host_cmd(0, 0, RNIC_CMD_QUERY_DEVICE, cmd), RNIC_GENERAL);
	CHECK_EQ(host_cmd(0, 0, RNIC_CMD_QUERY_DEVICE, cmd), 0);
	rnic_event_post(host.port[0], RNIC_EV_FAULT, RNIC_FAULT_CMD_HANG, 1, NULL);
	CHECK_EQ(host_cmd(0, 0, RNIC_CMD_QUERY_DEVICE, cmd), -ETIMEDOUT);
	CHECK_EQ(host_cmd(0, 0, RNIC_CMD_QUERY_DEVICE, cmd), 0);
	host_down();
}

/* CREATE_QP and CREATE_CQ with numbers that are not there. */
static void test_creation(void)
{
	uint8_t qp_cmd[RNIC_CMD_SIZE] = { 0 }, cmd[RNIC_CMD_SIZE];
	static const struct {
		unsigned int at;
		uint32_t value;
	} damage[] = {
		{ 8, 6u << 20 | 20 }, /* QP number in use */
		{ 8, 6u << 20 | RNIC_MAX_QP },
		{ 8, 6u << 20 }, /* QP 0 */
		{ 8, 16u << 20 | 40 }, /* a ring beyond the limit */
		{ 8, 12u << 20 | 40 }, /* one that its page does not hold */
		{ 12, 5u << 20 | RNIC_MAX_PD },
		{ 16, 4u << 28 | 11 }, /* no such CQ */
		{ 16, 4u << 28 | 1u << 25 | 10 }, /* no such doorbell pages */
		{ 20, 4u << 28 | 11 },
		{ 116, 2 }, /* no such type */
	};

	up();
	rnic_put_le32(qp_cmd + 8, 6u << 20 | 40);
	rnic_put_le32(qp_cmd + 12, 5u << 20 | PD);
	rnic_put_le32(qp_cmd + 16, 4u << 28 | 10);
	rnic_put_le32(qp_cmd + 20, 4u << 28 | 10);
	rnic_put_le64(qp_cmd + 24, host_alloc(4096, 4096));
	rnic_put_le64(qp_cmd + 32, host_alloc(4096, 4096));
	rnic_put_le32(qp_cmd + 40, 1 << 1);
	rnic_put_le32(qp_cmd + 44, 1 << 1);
	for (unsigned int n = 0; n < sizeof(damage) / sizeof(damage[0]); n++) {
		memcpy(cmd, qp_cmd, sizeof(cmd));
		rnic_put_le32(cmd + damage[n].at, damage[n].value);
		CHECK_EQ(host_cmd(0, 0, RNIC_CMD_CREATE_QP, cmd), RNIC_GENERAL);
	}
	memcpy(cmd, qp_cmd, sizeof(cmd));
	CHECK_EQ(host_cmd(0, 0, RNIC_CMD_CREATE_QP, cmd), 0);
	memset(cmd, 0, sizeof(cmd));
	rnic_put_le32(cmd + 8, 6u << 24 | 12u << 20 | 11);
	rnic_put_le64(cmd + 12, host_alloc(4096, 4096));
	rnic_put_le32(cmd + 20, 1u << 16 | 2); /* an EQ that is not there */
	CHECK_EQ(host_cmd(0, 0, RNIC_CMD_CREATE_CQ, cmd), RNIC_GENERAL);
	rnic_put_le32(cmd + 20, 1u << 16 | 1);
	CHECK_EQ(host_cmd(0, 0, RNIC_CMD_CREATE_CQ, cmd), 0);
	CHECK_EQ(host_cmd(0, 0, RNIC_CMD_CREATE_CQ, cmd), RNIC_GENERAL); /* twice */
	host_down();
}

static void eq_doorbell(uint32_t ci)
{
	host_doorbell(0, RNIC_REG_EQ_DB + 8, 1ull << 31 | ci);
	host_run();
}

static void test_events(void)
{
	up();
	host_irqs(0, 1);
	/* not armed: no event */
	post_write();
	CHECK_EQ(host_irqs(0, 1), 0);
	/* armed behind an entry that no event told of: at once; then only for the next */
	host_arm(&cq, false);
	CHECK_EQ(host_irqs(0, 1), 1);
	eq_doorbell(1);
	CHECK_EQ(host_irqs(0, 1), 0);
	host_arm(&cq, false);
	CHECK_EQ(host_irqs(0, 1), 0);
	post_write();
	CHECK_EQ(host_irqs(0, 1), 1);
	post_write(); /* one event per arm */
	CHECK_EQ(host_irqs(0, 1), 0);
	eq_doorbell(2);
	/* all consumed: nothing to tell */
	for (unsigned int n = 0; n < 3; n++)
		host_expect(&cq, RNIC_CQE_SQ, RNIC_OK);
	host_arm(&cq, false);
	CHECK_EQ(host_irqs(0, 1), 0);
	/* the EQ is not armed: the entry waits, and arming tells at once */
	host_doorbell(0, RNIC_REG_EQ_DB + 8, 2);
	post_write();
	CHECK_EQ(host_irqs(0, 1), 0);
	eq_doorbell(2);
	CHECK_EQ(host_irqs(0, 1), 1);
	host_down();
}

static void test_solicited(void)
{
	struct host_sqe bad = host_write(RNIC_OP_WRITE, 0, buf);

	up();
	host_irqs(0, 1);
	host_arm(&cq, true);
	post_send(false);
	CHECK_EQ(host_irqs(0, 1), 0);
	post_send(true);
	CHECK_EQ(host_irqs(0, 1), 1);
	eq_doorbell(1);
	host_arm(&cq, true);
	post_send(false);
	CHECK_EQ(host_irqs(0, 1), 0);
	/* an error is always news */
	host_sge(&bad, buf, 8, 99 << 8);
	host_post(&qp, &bad);
	host_run();
	CHECK_EQ(host_irqs(0, 1), 1);
	host_down();
}

/* An EQ of two entries and five CQs with news: none is lost. */
static void test_full_eq(void)
{
	struct host_cq many[5];
	struct host_qp pairs[5];
	uint64_t at;

	up();
	at = host_alloc(4096, 4096);
	host_eq(0, 2, 1, at);
	for (unsigned int n = 0; n < 5; n++) {
		struct host_sqe sqe = host_write(RNIC_OP_WRITE, key, buf);

		host_cq(&many[n], 0, 40 + n, 64);
		host.port[0]->state->cq[40 + n]->eqn = 2;
		host_qp(&pairs[n], 0, 50 + n, PD, &many[n], &many[n]);
		host_connect(&pairs[n], &pairs[n]);
		host_arm(&many[n], false);
		host_sge(&sqe, buf, 8, key);
		host_post(&pairs[n], &sqe);
		host_run();
	}
	CHECK_EQ(host.port[0]->count[RNIC_COUNT_EQ_FULL], 3);
	for (unsigned int n = 0; n < 5; n++) {
		CHECK_EQ(rnic_le64(host_at(at + 16 * (n % 2))) & 0xfffff, 40 + n);
		CHECK_EQ(host_irqs(0, 2), 1);
		host_doorbell(0, RNIC_REG_EQ_DB + 16, 1ull << 31 | (n + 1));
		host_run();
	}
	CHECK_EQ(host_irqs(0, 2), 0);
	host_down();
}

/* The driver has 16 bits of an EQ's index, and tells them in a field of 24. */
static void test_long_eq(void)
{
	struct rnic_eq *eq;

	up();
	eq = &host.port[0]->state->eq[1];
	for (uint32_t n = 1; n <= 3 << 16; n++) {
		rnic_eq_push(host.port[0], eq, 0, 0);
		eq_doorbell((uint16_t)n);
	}
	CHECK_EQ(host.port[0]->count[RNIC_COUNT_EQ_FULL], 0);
	CHECK_EQ(host.port[0]->count[RNIC_COUNT_BAD_DOORBELLS], 0);
	host_down();
}

static void test_async(void)
{
	uint32_t type, number;

	up();
	host_irqs(0, 0);
	rnic_event_post(host.port[0], RNIC_EV_FAULT, RNIC_FAULT_QP_FATAL, 20, NULL);
	rnic_event_post(host.port[0], RNIC_EV_FAULT, RNIC_FAULT_CQ_ERROR, 10, NULL);
	rnic_event_post(host.port[0], RNIC_EV_FAULT, RNIC_FAULT_QP_FATAL, 999, NULL);
	host_run();
	CHECK(host_aeqe(0, &type, &number) && type == RNIC_AE_QP_FATAL && number == 20);
	CHECK(host_aeqe(0, &type, &number) && type == RNIC_AE_CQ && number == 10);
	CHECK(!host_aeqe(0, &type, &number));
	CHECK_EQ(host_irqs(0, 0), 1); /* armed once */
	host_doorbell(0, RNIC_REG_AEQ_DB, 1ull << 31 | 1); /* one is left */
	host_run();
	CHECK_EQ(host_irqs(0, 0), 1);
	CHECK_EQ(host_state(&qp), RNIC_QPS_ERROR);
	host_down();
}

/* Two contexts: neither can ring for the other's QP, nor from the kernel's pages. */
static void test_doorbell_pages(void)
{
	uint8_t cmd[RNIC_CMD_SIZE] = { 0 };
	struct rnic_qp *mine;
	uint64_t set[2];

	up();
	for (unsigned int n = 0; n < 2; n++) {
		CHECK_EQ(host_cmd(0, 1, RNIC_CMD_ALLOC_DB, cmd), 0);
		set[n] = host.answer[0] & 0xffff;
	}
	CHECK(set[0] != set[1]);
	mine = rnic_qp_get(host.port[0], 20);
	mine->sq_db_page = set[0];
	qp.sq_pi = 1;
	host_doorbell(0, RNIC_DB_SQ, 20ull << 32 | 1);
	host_doorbell(0, set[1] * RNIC_PAGE, 20ull << 32 | 1);
	host_doorbell(0, set[0] * RNIC_PAGE + RNIC_PAGE, 20ull << 32 | 1); /* not for SQs */
	host_run();
	CHECK_EQ(mine->sq_pi, 0);
	CHECK_EQ(host.port[0]->count[RNIC_COUNT_BAD_DOORBELLS], 3);
	rnic_put_le16(cmd + 14, set[1]);
	CHECK_EQ(host_cmd(0, 1, RNIC_CMD_FREE_DB, cmd), 0);
	CHECK_EQ(host_cmd(0, 1, RNIC_CMD_FREE_DB, cmd), RNIC_GENERAL);
	for (unsigned int n = 0; n < RNIC_MAX_DB - 1; n++)
		CHECK_EQ(host_cmd(0, 1, RNIC_CMD_ALLOC_DB, cmd), 0);
	CHECK_EQ(host_cmd(0, 1, RNIC_CMD_ALLOC_DB, cmd), RNIC_GENERAL);
	host_down();
}

/* After a reset, of each kind, the device is as new, and touches nothing until told to. */
static void test_device_reset(void)
{
	for (unsigned int kind = 0; kind < 3; kind++) {
		static const uint8_t reset[4] = { RNIC_CONTROL_RESET };
		static const uint8_t flr[2] = { 0x00, 0x80 };
		static uint8_t before[HOST_RAM_SIZE];
		uint8_t value[4];

		up();
		host_recv(&qp, buf, 64, key);
		memcpy(before, host.ram, HOST_RAM_SIZE);
		if (kind == 0)
			rnic_regs_write(host.port[0], RNIC_REG_CONTROL, reset, 4);
		else if (kind == 1)
			rnic_pci_write(host.port[0], 0x48, flr, 2);
		else
			rnic_regs_reset(host.port[0]);
		/* DMA is off even before the engine knows */
		CHECK_EQ(rnic_dma_write(host.port[0], RNIC_USE_RING, 4096, value, 4),
			 -ECANCELED);
		host_doorbell(0, RNIC_DB_SQ, 20ull << 32 | 1);
		host_run();
		CHECK(!memcmp(before, host.ram, HOST_RAM_SIZE));
		rnic_regs_read(host.port[0], RNIC_REG_STATUS, value, 4);
		CHECK_EQ(rnic_le32(value), RNIC_STATUS_RESET_DONE);
		if (kind == 1) /* FLR takes bus mastering away too */
			CHECK_EQ(rnic_dma_write(host.port[0], RNIC_USE_RING, 4096, value, 4),
				 -EFAULT);
		CHECK(!rnic_qp_get(host.port[0], 20));
		host_port_init(0);
		host_cq(&cq, 0, 10, 64);
		host_qp(&qp, 0, 20, PD, &cq, &cq);
		key = host_mr_simple(0, 30, PD, HOST_ALL, buf, 65536);
		host_connect(&qp, &qp);
		post_write();
		host_expect(&cq, RNIC_CQE_SQ, RNIC_OK);
		host_down();
	}
}

static int map(uint64_t address, uint64_t size, uint64_t offset, bool writable)
{
	return rnic_dma_map(host.port[0], address, size, offset, true, writable,
			    dup(host.ram_fd));
}

static void test_maps(void)
{
	uint64_t at = 1ull << 45;
	uint8_t byte = 0x5a, got;

	up();
	CHECK_EQ(map(at, 0x10000, 0x100000, true), 0);
	CHECK_EQ(map(at + 0xf000, 0x2000, 0, true), -EEXIST);
	CHECK_EQ(map(at - 0x1000, 0x1001, 0, true), -EEXIST);
	CHECK_EQ(map(at - 0x1000, 0x20000, 0, true), -EEXIST);
	CHECK_EQ(map(at + 0x10000, 0x1000, HOST_RAM_SIZE, true), -EINVAL); /* beyond the file */
	CHECK_EQ(map(at + 0x10000, 0x1000, 0x110000, false), 0);
	/* across both, read; written only up to where it may be */
	CHECK_EQ(rnic_dma_write(host.port[0], RNIC_USE_RING, at + 0xffff, &byte, 1), 0);
	CHECK_EQ(host.ram[0x10ffff], 0x5a);
	CHECK_EQ(rnic_dma_write(host.port[0], RNIC_USE_RING, at + 0x10000, &byte, 1), -EFAULT);
	CHECK_EQ(rnic_dma_read(host.port[0], RNIC_USE_RING, at + 0x10000, &got, 1), 0);
	/* cut a hole, off both ends, and what is not there */
	CHECK_EQ(rnic_dma_unmap(host.port[0], at + 0x4000, 0x1000), 0);
	CHECK_EQ(rnic_dma_read(host.port[0], RNIC_USE_RING, at + 0x4000, &got, 1), -EFAULT);
	CHECK_EQ(rnic_dma_write(host.port[0], RNIC_USE_RING, at + 0x5000, &byte, 1), 0);
	CHECK_EQ(host.ram[0x105000], 0x5a);
	CHECK_EQ(rnic_dma_read(host.port[0], RNIC_USE_RING, at + 0x3fff, &got, 1), 0);
	CHECK_EQ(rnic_dma_unmap(host.port[0], at + 0x4000, 0x1000), 0);
	CHECK_EQ(rnic_dma_unmap(host.port[0], ~0ull, 2), -EINVAL);
	CHECK_EQ(rnic_dma_unmap(host.port[0], at - 0x1000, 0x2000), 0);
	CHECK_EQ(rnic_dma_read(host.port[0], RNIC_USE_RING, at, &got, 1), -EFAULT);
	CHECK_EQ(rnic_dma_unmap(host.port[0], at, 0x20000), 0);
	CHECK_EQ(rnic_dma_read(host.port[0], RNIC_USE_RING, at + 0x8000, &got, 1), -EFAULT);
	CHECK_EQ(host.port[0]->dma.maps, 2);
	/* without bus mastering nothing moves */
	rnic_dma_bus_master(host.port[0], false);
	CHECK_EQ(rnic_dma_read(host.port[0], RNIC_USE_RING, 0, &got, 1), -EFAULT);
	host_down();
}

static uint32_t config(unsigned int offset)
{
	uint8_t word[4];

	rnic_pci_read(host.port[0], offset, word, 4);
	return rnic_le32(word);
}

static void control(uint32_t command, uint32_t argument)
{
	uint8_t word[4];

	rnic_put_le32(word, argument);
	rnic_pci_write(host.port[0], 0x110, word, 4);
	rnic_put_le32(word, command);
	rnic_pci_write(host.port[0], 0x108, word, 4);
}

/* The text behind the capability, whole. */
static const char *text(uint32_t command)
{
	static char out[RNIC_CONTROL_TEXT + 4];
	uint32_t length;

	control(command, 0);
	length = config(0x10c);
	for (uint32_t at = 0; at < length; at += 4) {
		if (at % RNIC_CONTROL_WINDOW_SIZE == 0)
			control(2, at / RNIC_CONTROL_WINDOW_SIZE);
		rnic_put_le32(out + at, config(RNIC_CONTROL_WINDOW +
					       at % RNIC_CONTROL_WINDOW_SIZE));
	}
	out[length] = 0;
	return out;
}

static void write_bar(uint32_t bar)
{
	struct host_sqe sqe = host_write(RNIC_OP_WRITE, bar, HOST_BAR + 256);

	host_sge(&sqe, HOST_BAR, 100, bar);
	host_post(&qp, &sqe);
	host_run();
}

/* Both ends are in the BAR: two accesses a message. */
static void test_forbidden(uint32_t bar)
{
	control(7, 1);
	post_write();
	CHECK(strstr(text(1), "\nforbidden 0\n"));
	write_bar(bar);
	CHECK(strstr(text(1), "\nforbidden 2\n"));
	control(7, 0);
	write_bar(bar);
	CHECK(strstr(text(1), "\nforbidden 2\n"));
}

static void test_instrument(void)
{
	const char *out;
	uint32_t bar;

	up();
	CHECK_EQ(config(0x100), 0x0001000b);
	CHECK_EQ(config(0x104) & 0xffff, 0x4e52);
	bar = host_mr_simple(0, 31, PD, HOST_ALL, HOST_BAR, 65536);
	control(3, 0);
	control(4, 1);
	write_bar(bar);
	write_bar(bar);
	out = text(1);
	CHECK(strstr(out, "dma.bar0.payload.read 200\n"));
	CHECK(strstr(out, "dma.bar0.payload.write 200\n"));
	CHECK(strstr(out, "dma.ram.payload.read 0\n"));
	CHECK(strstr(out, "dma.ram.payload.write 0\n"));
	CHECK(strstr(out, "dma.all.payload.write 200\n"));
	CHECK(!strstr(out, "dma.ram.ring.read 0\n"));
	out = text(5);
	CHECK(strstr(out, " read 0x10000000000 100 bar0 20\n"));
	CHECK(strstr(out, " write 0x10000000100 100 bar0 20\n"));
	control(4, 0);
	control(3, 0);
	CHECK(strstr(text(1), "dma.bar0.payload.write 0\n"));
	CHECK_EQ(strlen(text(5)), 0);
	test_forbidden(bar);
	control(6 | 99 << 8, 1);
	CHECK_EQ(config(0x114), EINVAL);
	control(77, 0);
	CHECK_EQ(config(0x114), EOPNOTSUPP);
	host_down();
}

int main(int argc, char **argv)
{
	t_random_seed(argc, argv);
	RUN(test_commands);
	RUN(test_creation);
	RUN(test_events);
	RUN(test_solicited);
	RUN(test_full_eq);
	RUN(test_long_eq);
	RUN(test_async);
	RUN(test_doorbell_pages);
	RUN(test_device_reset);
	RUN(test_maps);
	RUN(test_instrument);
	return 0;
}
