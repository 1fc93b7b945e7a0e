/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The numbers of the hardware interface: register offsets, command layouts, queue entry
 * layouts and status codes of Alibaba's erdma as its drivers expect them. The interface is
 * documented by its users; every number below was taken from
 *
 *   [hw]     Linux 7.3, drivers/infiniband/hw/erdma/erdma_hw.h
 *   [verbs]  Linux 7.3, drivers/infiniband/hw/erdma/erdma_verbs.h
 *   [use]    how the driver and rdma-core's providers/erdma use a field, where that says
 *            more than its name
 *
 * Layouts are given as byte offsets, and read with the le/be helpers at the end: no struct
 * is laid over guest memory, so neither padding nor alignment can go wrong.
 */
#ifndef RNIC_HW_H
#define RNIC_HW_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* PCI identity: [use] erdma_main.c, the driver's device table. */
#define RNIC_PCI_VENDOR 0x1ded
#define RNIC_PCI_DEVICE 0x107f
#define RNIC_VECTORS 32

/* BAR 0 registers [hw]. A 64-bit address is a low and a high word unless it says u64. */
enum rnic_reg {
	RNIC_REG_VERSION = 0x000, /* 0 = this function is dead */
	RNIC_REG_PROTOCOL = 0x00c, /* 1 = RoCEv2 */
	RNIC_REG_CONTROL = 0x010,
	RNIC_REG_STATUS = 0x014,
	RNIC_REG_MAC_LO = 0x018, /* last four bytes, first of them highest */
	RNIC_REG_MAC_HI = 0x01c, /* first two bytes */
	RNIC_REG_CMD_SQ = 0x020,
	RNIC_REG_CMD_CQ = 0x028,
	RNIC_REG_CMD_DEPTH = 0x030, /* in 32-byte blocks; the CQ has as many entries */
	RNIC_REG_CMD_EQ_DEPTH = 0x034,
	RNIC_REG_CMD_EQ = 0x038,
	RNIC_REG_AEQ = 0x040,
	RNIC_REG_AEQ_DEPTH = 0x048,
	RNIC_REG_AEQ_DB = 0x050, /* u64 */
	RNIC_REG_EQ_DB = 0x100, /* u64 each; index 0 is the command EQ */
	RNIC_REG_CMD_SQ_DB = 0x200, /* u64 */
	RNIC_REG_CMD_CQ_DB = 0x300, /* u64 */
	RNIC_REG_END = 0x1000,
};

#define RNIC_CONTROL_RESET 0x1u
#define RNIC_CONTROL_INIT 0x2u
#define RNIC_STATUS_RESET_DONE 0x1u
#define RNIC_STATUS_INIT_DONE 0x2u

/*
 * Doorbells behind the registers [hw]. The page decides what is rung, the value who.
 * Pages from RNIC_DB_EXT on are handed out by ALLOC_DB, three to a user context. [use] The
 * driver takes a BAR 0 of any length, so the model has more pages than 512 KiB would hold.
 */
#define RNIC_PAGE 4096u
#define RNIC_DB_SQ 0x01000u
#define RNIC_DB_RQ 0x61000u
#define RNIC_DB_CQ 0x79000u
#define RNIC_DB_EXT 0x80000u
#define RNIC_BAR0_SIZE 0x400000u
#define RNIC_BAR2_SIZE 0x1000u
#define RNIC_BAR2_PBA 0x800u

/* Queue entries [hw] */
#define RNIC_BLOCK 32u /* SQ ring unit; also the size of an RQE and of a CQE */
#define RNIC_CMD_SIZE 128u
#define RNIC_CMD_BLOCKS (RNIC_CMD_SIZE / RNIC_BLOCK)
#define RNIC_SQE_MAX 128u
#define RNIC_EQE_SIZE 16u
#define RNIC_MAX_SGE 6
#define RNIC_MAX_INLINE 96u

enum rnic_cmd_rdma {
	RNIC_CMD_QUERY_DEVICE = 0,
	RNIC_CMD_CREATE_QP = 1,
	RNIC_CMD_DESTROY_QP = 2,
	RNIC_CMD_MODIFY_QP = 3,
	RNIC_CMD_CREATE_CQ = 4,
	RNIC_CMD_DESTROY_CQ = 5,
	RNIC_CMD_REFLUSH = 6,
	RNIC_CMD_REG_MR = 8,
	RNIC_CMD_DEREG_MR = 9,
	RNIC_CMD_SET_GID = 14,
	RNIC_CMD_CREATE_AH = 15,
	RNIC_CMD_DESTROY_AH = 16,
	RNIC_CMD_QUERY_QP = 17,
};

enum rnic_cmd_common {
	RNIC_CMD_CREATE_EQ = 0,
	RNIC_CMD_DESTROY_EQ = 1,
	RNIC_CMD_QUERY_FW = 2,
	RNIC_CMD_CONF_MTU = 3,
	RNIC_CMD_GET_STATS = 4,
	RNIC_CMD_CONF_DEVICE = 5,
	RNIC_CMD_ALLOC_DB = 8,
	RNIC_CMD_FREE_DB = 9,
};

/* Operations, in an SQE (five bits) and in the CQE that answers it [hw] */
enum rnic_op {
	RNIC_OP_WRITE = 0,
	RNIC_OP_READ = 1,
	RNIC_OP_SEND = 2,
	RNIC_OP_SEND_IMM = 3,
	RNIC_OP_RECV = 4, /* 4, 5, 6 and 12 appear in CQEs only */
	RNIC_OP_RECV_WRITE_IMM = 5,
	RNIC_OP_RECV_INV = 6,
	RNIC_OP_WRITE_IMM = 9,
	RNIC_OP_RECV_SEND_IMM = 12,
	RNIC_OP_SEND_INV = 13,
	RNIC_OP_REG_MR = 14,
	RNIC_OP_LOCAL_INV = 15,
	RNIC_OP_READ_INV = 16,
	RNIC_OP_CAS = 17,
	RNIC_OP_FAA = 18,
};

/*
 * Completion status [hw]. [use] RECV_* is what the responder found wrong; the requester's
 * completion carries it, and the driver calls it a remote access error. SEND_* is local.
 */
enum rnic_status {
	RNIC_OK = 0,
	RNIC_GENERAL = 1,
	RNIC_RECV_FORMAT = 2,
	RNIC_RECV_KEY = 3,
	RNIC_RECV_ADDR = 4,
	RNIC_RECV_RIGHTS = 5,
	RNIC_RECV_PD = 6,
	RNIC_RECV_WRAP = 7,
	RNIC_SEND_FORMAT = 8,
	RNIC_SEND_ORD = 9,
	RNIC_SEND_KEY = 10,
	RNIC_SEND_ADDR = 11,
	RNIC_SEND_RIGHTS = 12,
	RNIC_SEND_PD = 13,
	RNIC_SEND_WRAP = 14,
	RNIC_FLUSHED = 15,
	RNIC_RETRY = 16,
};

enum rnic_cqe_queue { RNIC_CQE_SQ = 0, RNIC_CQE_RQ = 1, RNIC_CQE_CMD = 2 };

enum rnic_aeqe { RNIC_AE_QP_FATAL = 0, RNIC_AE_ACCESS = 2, RNIC_AE_CQ = 3, RNIC_AE_OTHER = 4 };

/* [verbs] */
enum rnic_qps {
	RNIC_QPS_RESET = 0,
	RNIC_QPS_INIT = 1,
	RNIC_QPS_RTR = 2,
	RNIC_QPS_RTS = 3,
	RNIC_QPS_SQD = 4,
	RNIC_QPS_SQE = 5,
	RNIC_QPS_ERROR = 6,
};

enum rnic_qp_type { RNIC_QP_RC = 0, RNIC_QP_UD = 1 };
enum rnic_mr_type { RNIC_MR_NORMAL = 0, RNIC_MR_FAST = 1, RNIC_MR_DMA = 2 };

enum rnic_right {
	RNIC_RIGHT_ATOMIC = 1 << 0,
	RNIC_RIGHT_LREAD = 1 << 1,
	RNIC_RIGHT_LWRITE = 1 << 2,
	RNIC_RIGHT_RREAD = 1 << 3,
	RNIC_RIGHT_RWRITE = 1 << 4,
};

/* MODIFY_QP, which fields count [verbs] */
enum rnic_qpa {
	RNIC_QPA_STATE = 1 << 0,
	RNIC_QPA_QKEY = 1 << 1,
	RNIC_QPA_AV = 1 << 2,
	RNIC_QPA_SQ_PSN = 1 << 3,
	RNIC_QPA_RQ_PSN = 1 << 4,
	RNIC_QPA_DEST_QPN = 1 << 5,
};

/* Device capabilities, QUERY_DEVICE's answer [hw] */
#define RNIC_CAP_ATOMIC (1u << 7)
#define RNIC_CAP_MTT_VA (1u << 5)
#define RNIC_CAP_EXT_DB (1u << 3)
#define RNIC_QPS_PER_BLOCK 1024u

#define RNIC_STATS_MAGIC 0x5566 /* GET_STATS answer [hw] */

/* bits(v, last, first): a field by the bit numbers that [hw] gives */
static inline uint64_t rnic_bits(uint64_t value, unsigned int last, unsigned int first)
{
	return value >> first & (~0ull >> (63 - (last - first)));
}

static inline uint16_t rnic_le16(const void *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return le16toh(value);
}

static inline uint32_t rnic_le32(const void *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static inline uint64_t rnic_le64(const void *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

static inline uint32_t rnic_be32(const void *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return be32toh(value);
}

static inline void rnic_put_le16(void *at, uint16_t value)
{
	value = htole16(value);
	memcpy(at, &value, sizeof(value));
}

static inline void rnic_put_le32(void *at, uint32_t value)
{
	value = htole32(value);
	memcpy(at, &value, sizeof(value));
}

static inline void rnic_put_le64(void *at, uint64_t value)
{
	value = htole64(value);
	memcpy(at, &value, sizeof(value));
}

static inline void rnic_put_be16(void *at, uint16_t value)
{
	value = htobe16(value);
	memcpy(at, &value, sizeof(value));
}

static inline void rnic_put_be32(void *at, uint32_t value)
{
	value = htobe32(value);
	memcpy(at, &value, sizeof(value));
}

#endif
