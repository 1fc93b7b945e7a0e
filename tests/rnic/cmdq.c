// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The command queue: a ring of 128-byte commands, answered in order on a CQ of its own.
 *
 * One table says which command is whose. A handler returns 0/-errno; any error is status
 * GENERAL for the driver, which makes it EIO. Up to 16 bytes of answer go with it.
 */
#include <errno.h>
#include <string.h>

#include "rnic.h"

#define DEFAULT_MTU 1024u
#define FIRMWARE 0x00010000u /* 0.1.0 */

typedef int (*handler)(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2]);

static int query_device(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	uint64_t flags = RNIC_CAP_ATOMIC | RNIC_CAP_MTT_VA;

	(void)cmd;
	if (port->rnic->extend_db)
		flags |= RNIC_CAP_EXT_DB;
	/* [hw] logs of: GIDs 51:48, CQ entries 47:40, RQ entries 23:16, AHs 15:8, MR 7:0 */
	answer[0] = 4ull << 48 | 20ull << 40 | flags << 24 | 15u << 16 | 10u << 8 |
		    RNIC_LOG_MAX_MR_SIZE;
	/* local key 63:32, congestion control 31:28, blocks of QPs 27:16 */
	answer[1] = (uint64_t)RNIC_LOCAL_DMA_KEY << 32 | RNIC_QP_BLOCKS << 16;
	_Static_assert(RNIC_MAX_GID == 1 << 4 && RNIC_MAX_CQE == 1 << 20, "as said above");
	_Static_assert(RNIC_MAX_QUEUE == 1 << 15 && RNIC_MAX_AH == 1 << 10, "likewise");
	return 0;
}

static int create_qp(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	(void)answer;
	return rnic_qp_create(port, cmd);
}

static int destroy_qp(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	struct rnic_qp *qp = rnic_qp_get(port, rnic_le32(cmd + 8));

	(void)answer;
	if (!qp)
		return -ENOENT;
	rnic_qp_free(qp);
	return 0;
}

static int modify_qp(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	(void)answer;
	return rnic_qp_modify(port, cmd);
}

/* [hw] state 55:48, receive PSN 47:24, send PSN 23:0 */
static int query_qp(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	struct rnic_qp *qp = rnic_qp_get(port, rnic_le32(cmd + 8));

	if (!qp)
		return -ENOENT;
	answer[0] = (uint64_t)qp->state << 48 | (uint64_t)qp->rq_psn << 24 | qp->sq_psn;
	return 0;
}

static int create_cq(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	(void)answer;
	return rnic_cq_create(port, cmd);
}

static int destroy_cq(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	(void)answer;
	return rnic_cq_destroy(port, rnic_le32(cmd + 8));
}

/* A kernel QP in ERROR says what it has posted meanwhile: +12 SQ, +16 RQ index */
static int reflush(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	struct rnic_qp *qp = rnic_qp_get(port, rnic_le32(cmd + 8));

	(void)answer;
	if (!qp)
		return -ENOENT;
	/* It may have been reset since the driver decided to ask. */
	if (qp->state != RNIC_QPS_ERROR)
		return 0;
	rnic_qp_sq_doorbell(qp, rnic_le32(cmd + 12));
	rnic_qp_rq_doorbell(qp, rnic_le32(cmd + 16));
	rnic_qp_flush(qp);
	return 0;
}

static int reg_mr(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	(void)answer;
	return rnic_mr_register(port, cmd);
}

static int dereg_mr(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	(void)answer;
	return rnic_mr_deregister(port, rnic_le32(cmd + 8));
}

/* +8 remove 31, index 15:0; +12 GID */
static int set_gid(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	uint32_t cfg = rnic_le32(cmd + 8), index = rnic_bits(cfg, 15, 0);

	(void)answer;
	if (index >= RNIC_MAX_GID)
		return -EINVAL;
	port->state->gid[index].used = !rnic_bits(cfg, 31, 31);
	memcpy(port->state->gid[index].gid, cmd + 12, 16);
	return 0;
}

/* +8 PD, +12 number, +16 address vector */
static int create_ah(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	uint32_t number = rnic_le32(cmd + 12);
	struct rnic_ah *ah;

	(void)answer;
	if (number >= RNIC_MAX_AH || port->state->ah[number].used)
		return -EINVAL;
	ah = &port->state->ah[number];
	ah->used = true;
	ah->pd = rnic_le32(cmd + 8);
	ah->av = rnic_av_read(cmd + 16);
	return 0;
}

static int destroy_ah(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	uint32_t number = rnic_le32(cmd + 12);

	(void)answer;
	if (number >= RNIC_MAX_AH || !port->state->ah[number].used)
		return -ENOENT;
	port->state->ah[number].used = false;
	return 0;
}

/* +8 address, +16 vector, +17 number, +18 log of depth */
static int create_eq(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	unsigned int number = cmd[17];

	(void)answer;
	/* Number 0 is the command EQ, which the registers describe. */
	if (!number || number >= RNIC_VECTORS || port->state->eq[number].on ||
	    cmd[18] > RNIC_LOG_MAX_EQ)
		return -EINVAL;
	port->state->eq[number] = (struct rnic_eq){
		.on = true,
		.armed = true,
		.vector = cmd[16],
		.address = rnic_le64(cmd + 8),
		.depth = 1u << cmd[18],
	};
	return 0;
}

static int destroy_eq(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	unsigned int number = cmd[17];

	(void)answer;
	if (!number || number >= RNIC_VECTORS || !port->state->eq[number].on)
		return -ENOENT;
	port->state->eq[number].on = false;
	return 0;
}

static int query_fw(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	(void)port;
	(void)cmd;
	answer[0] = FIRMWARE;
	return 0;
}

/* The largest InfiniBand MTU that fits in the network's with its headers */
static int conf_mtu(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	uint32_t mtu = rnic_le32(cmd + 8), fit = 256;

	(void)answer;
	while (fit < 4096 && 2 * fit <= mtu)
		fit *= 2;
	port->state->mtu = fit;
	return 0;
}

/* +16 where to, +24 how much there is room for */
static int get_stats(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	uint8_t out[16 + 11 * 8];

	(void)answer;
	if (rnic_le32(cmd + 24) < sizeof(out))
		return -EINVAL;
	rnic_stats_answer(port, out);
	return rnic_dma_write(port, RNIC_USE_RING, rnic_le64(cmd + 16), out, sizeof(out));
}

static int conf_device(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	(void)port;
	(void)answer;
	/* +8 page size of doorbells 4:0; ours are of 4 KiB */
	return rnic_bits(rnic_le32(cmd + 8), 4, 0) == 12 ? 0 : -EINVAL;
}

/*
 * The answer's field names in [hw] (RQ 63:48, CQ 47:32, SQ 15:0) are not what the driver
 * does with them: it maps the one called RQ for CQ doorbells and the other way round [use:
 * alloc_db_resources()]. So the pages are given by what they are used for.
 */
static int alloc_db(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	int set = rnic_db_alloc(port);

	(void)cmd;
	if (set < 0)
		return set;
	answer[0] = (uint64_t)rnic_db_page(set, RNIC_DB_SET_CQ) << 48 |
		    (uint64_t)rnic_db_page(set, RNIC_DB_SET_RQ) << 32 |
		    rnic_db_page(set, RNIC_DB_SET_SQ);
	return 0;
}

/* +14 the SQ page names the set */
static int free_db(struct rnic_port *port, const uint8_t *cmd, uint64_t answer[2])
{
	int set = rnic_db_set_of(port, rnic_le16(cmd + 14));

	(void)answer;
	if (set < 0)
		return set;
	port->state->db_used[set] = false;
	return 0;
}

#define COMMANDS 32
static const handler handlers[2][COMMANDS] = {
	{
		[RNIC_CMD_QUERY_DEVICE] = query_device,
		[RNIC_CMD_CREATE_QP] = create_qp,
		[RNIC_CMD_DESTROY_QP] = destroy_qp,
		[RNIC_CMD_MODIFY_QP] = modify_qp,
		[RNIC_CMD_CREATE_CQ] = create_cq,
		[RNIC_CMD_DESTROY_CQ] = destroy_cq,
		[RNIC_CMD_REFLUSH] = reflush,
		[RNIC_CMD_REG_MR] = reg_mr,
		[RNIC_CMD_DEREG_MR] = dereg_mr,
		[RNIC_CMD_SET_GID] = set_gid,
		[RNIC_CMD_CREATE_AH] = create_ah,
		[RNIC_CMD_DESTROY_AH] = destroy_ah,
		[RNIC_CMD_QUERY_QP] = query_qp,
	},
	{
		[RNIC_CMD_CREATE_EQ] = create_eq,
		[RNIC_CMD_DESTROY_EQ] = destroy_eq,
		[RNIC_CMD_QUERY_FW] = query_fw,
		[RNIC_CMD_CONF_MTU] = conf_mtu,
		[RNIC_CMD_GET_STATS] = get_stats,
		[RNIC_CMD_CONF_DEVICE] = conf_device,
		[RNIC_CMD_ALLOC_DB] = alloc_db,
		[RNIC_CMD_FREE_DB] = free_db,
	},
};

static uint64_t address_of(const struct rnic_regs *regs, enum rnic_reg reg)
{
	return regs->word[reg / 4] | (uint64_t)regs->word[reg / 4 + 1] << 32;
}

static bool power_of_two(uint32_t n)
{
	return n && !(n & (n - 1)) && n <= 1u << 16;
}

static void eq_init(struct rnic_eq *eq, const struct rnic_regs *regs, enum rnic_reg address,
		    enum rnic_reg depth)
{
	*eq = (struct rnic_eq){
		.armed = true,
		.address = address_of(regs, address),
		.depth = regs->word[depth / 4],
	};
	eq->on = power_of_two(eq->depth) && eq->depth <= 1u << RNIC_LOG_MAX_EQ;
}

void rnic_cmdq_init(struct rnic_port *port, const struct rnic_regs *regs)
{
	uint64_t cq_address = address_of(regs, RNIC_REG_CMD_CQ);
	struct rnic_state *state = port->state;
	struct rnic_queue shape = {
		.entry_size = RNIC_BLOCK,
		.page_shift = 26,
	};

	rnic_state_reset(port);
	state->mtu = DEFAULT_MTU;
	state->cmd.sq = address_of(regs, RNIC_REG_CMD_SQ);
	state->cmd.depth = shape.entries = regs->word[RNIC_REG_CMD_DEPTH / 4];
	eq_init(&state->eq[0], regs, RNIC_REG_CMD_EQ, RNIC_REG_CMD_EQ_DEPTH);
	eq_init(&state->aeq, regs, RNIC_REG_AEQ, RNIC_REG_AEQ_DEPTH);
	state->on = power_of_two(shape.entries) && shape.entries >= RNIC_CMD_BLOCKS &&
		    !rnic_queue_init(port, &state->cmd.cq.queue, &shape, false, &cq_address);
}

/* [hw] cookie 47:32 (the driver finds it itself), module 25:24, opcode 23:16 */
static void execute(struct rnic_port *port, uint16_t index)
{
	struct rnic_state *state = port->state;
	uint8_t cmd[RNIC_CMD_SIZE];
	uint64_t at = state->cmd.sq + (uint64_t)(index & (state->cmd.depth - 1)) * RNIC_BLOCK;
	struct rnic_cqe cqe = { .queue = RNIC_CQE_CMD, .index = index };
	uint32_t module;
	int ret;

	rnic_count_add(port, RNIC_COUNT_COMMANDS, 1);
	ret = rnic_dma_read(port, RNIC_USE_RING, at, cmd, sizeof(cmd));
	if (!ret) {
		module = rnic_bits(rnic_le64(cmd), 25, 24);
		cqe.op = rnic_bits(rnic_le64(cmd), 23, 16);
		if (rnic_fault_take(port, RNIC_FAULT_CMD_HANG))
			return;
		if (rnic_fault_take(port, RNIC_FAULT_CMD_FAIL))
			ret = -EIO;
		else if (module > 1 || cqe.op >= COMMANDS || !handlers[module][cqe.op])
			ret = -EOPNOTSUPP;
		else
			ret = handlers[module][cqe.op](port, cmd, cqe.answer);
	}
	if (ret) {
		cqe.status = RNIC_GENERAL;
		rnic_count_add(port, RNIC_COUNT_COMMANDS_REFUSED, 1);
	}
	rnic_cq_push(port, &state->cmd.cq, &cqe);
}

void rnic_cmdq_doorbell(struct rnic_port *port, uint16_t pi)
{
	struct rnic_state *state = port->state;
	uint16_t posted = pi - state->cmd.ci;

	if (!state->on || posted > state->cmd.depth || posted % RNIC_CMD_BLOCKS) {
		rnic_count_add(port, RNIC_COUNT_BAD_DOORBELLS, 1);
		return;
	}
	while (state->cmd.ci != pi) {
		execute(port, state->cmd.ci);
		state->cmd.ci += RNIC_CMD_BLOCKS;
	}
}
