// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A guest gone mad: random registers, doorbells, commands and queue entries.
 */
#include <string.h>

#include "host.h"

#define PD 5

static struct host_cq cq;
static struct host_qp qp;
static uint64_t buf;
static uint32_t key;

static void objects(void)
{
	host_cq(&cq, 0, 10, 64);
	host_qp(&qp, 0, 20, PD, &cq, &cq);
	buf = host_alloc(65536, 4096);
	key = host_mr_simple(0, 30, PD, HOST_ALL, buf, 65536);
	host_connect(&qp, &qp);
}

/*
 * A guest that writes anything anywhere: into its rings, registers, doorbells, commands.
 * Nothing to expect but that the model lives (ASAN, UBSAN) and works after a reset.
 */
static void test_random_guest(void)
{
	struct host_sqe sqe = host_write(RNIC_OP_WRITE, 30 << 8, 0);

	host_up(1);
	objects();
	for (unsigned int round = 0; round < 20000; round++) {
		uint8_t cmd[RNIC_CMD_SIZE], bytes[8];

		for (unsigned int n = 0; n < sizeof(cmd); n += 4)
			rnic_put_le32(cmd + n, t_random() % 3 ? t_random() % 64 : t_random());
		rnic_put_le64(bytes, t_random() % 2 ? 20ull << 32 | t_random() % 64 :
						      t_random());
		switch (t_random() % 6) {
		case 0:
			host_cmd(0, t_random() % 2, t_random() % 20, cmd);
			break;
		case 1:
			rnic_regs_write(host.port[0], (t_random() % 0x80000) & ~7u, bytes, 8);
			break;
		case 2:
			rnic_regs_write(host.port[0],
					0x20 + ((t_random() % (RNIC_BAR0_SIZE - 64)) & ~3u),
					bytes, t_random() % 2 ? 4 : 8);
			break;
		case 3:
			rnic_pci_write(host.port[0], 0x108 + (t_random() % 0x20), bytes,
				       1 + t_random() % 8);
			break;
		case 4:
			memcpy(host_at(qp.sq) + t_random() % 63 * 32, cmd, 32);
			break;
		case 5:
			memcpy(host_at(qp.rq) + t_random() % 31 * 32, cmd, 32);
			break;
		}
		host.now += 100000;
		host_run();
	}
	rnic_regs_reset(host.port[0]);
	host_run();
	host.next = 4096;
	host_port_init(0);
	objects();
	rnic_put_le32(sqe.bytes + 20, buf + 4096);
	host_sge(&sqe, buf, 16, key);
	host_post(&qp, &sqe);
	host_run();
	host_expect(&cq, RNIC_CQE_SQ, RNIC_OK);
	host_down();
}

int main(int argc, char **argv)
{
	t_random_seed(argc, argv);
	for (unsigned int n = 0; n < 5; n++)
		RUN(test_random_guest);
	return 0;
}
