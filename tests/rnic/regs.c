// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * BAR 0: the register file, and the doorbell pages behind it. Protocol thread.
 *
 * Registers are remembered here; the engine gets a copy of them at CONTROL's INIT. A
 * doorbell is nothing but an event: which page it hit and what was written.
 */
#include <stdlib.h>
#include <string.h>

#include "rnic.h"
#include "session.h"

#define VERSION 1u
#define PROTOCOL_ROCE_V2 1u

static uint32_t register_read(struct rnic_port *port, uint32_t offset)
{
	const uint8_t *mac = port->mac;

	switch (offset) {
	case RNIC_REG_VERSION: return VERSION;
	case RNIC_REG_PROTOCOL: return PROTOCOL_ROCE_V2;
	case RNIC_REG_STATUS: return port->status;
	case RNIC_REG_MAC_LO:
		return (uint32_t)mac[2] << 24 | mac[3] << 16 | mac[4] << 8 | mac[5];
	case RNIC_REG_MAC_HI: return mac[0] << 8 | mac[1];
	}
	return port->regs.word[offset / 4];
}

void rnic_regs_read(struct rnic_port *port, uint32_t offset, uint8_t *data, uint32_t len)
{
	memset(data, 0, len);
	/* Doorbells read as 0. */
	for (uint32_t n = 0; n < len && offset + n < RNIC_REG_END; n++) {
		uint32_t at = offset + n;

		data[n] = register_read(port, at & ~3u) >> (at % 4 * 8);
	}
}

void rnic_regs_reset(struct rnic_port *port)
{
	rnic_dma_reset_begin(port);
	if (port->session)
		rnic_session_refuse(port->session);
	rnic_count_add(port, RNIC_COUNT_RESETS, 1);
	memset(&port->regs, 0, sizeof(port->regs));
	port->status = RNIC_STATUS_RESET_DONE;
	rnic_event_post(port, RNIC_EV_RESET, 0, 0, NULL);
}

static void control_write(struct rnic_port *port, uint32_t value)
{
	struct rnic_regs *copy;

	if (value & RNIC_CONTROL_RESET) {
		rnic_regs_reset(port);
		return;
	}
	if (!(value & RNIC_CONTROL_INIT))
		return;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return; /* the driver times out, and says so */
	*copy = port->regs;
	rnic_event_post(port, RNIC_EV_INIT, 0, 0, copy);
	port->status |= RNIC_STATUS_INIT_DONE;
}

/* Doorbells among the registers: one write of eight bytes, or none at all. */
static bool register_doorbell(struct rnic_port *port, uint32_t offset, uint64_t value)
{
	if (offset == RNIC_REG_CMD_SQ_DB)
		rnic_event_post(port, RNIC_EV_CMD_DB, 0, value, NULL);
	else if (offset == RNIC_REG_CMD_CQ_DB)
		rnic_event_post(port, RNIC_EV_CMD_CQ_DB, 0, value, NULL);
	else if (offset == RNIC_REG_AEQ_DB)
		rnic_event_post(port, RNIC_EV_AEQ_DB, 0, value, NULL);
	else if (offset >= RNIC_REG_EQ_DB && offset < RNIC_REG_EQ_DB + 8 * RNIC_VECTORS)
		rnic_event_post(port, RNIC_EV_EQ_DB, (offset - RNIC_REG_EQ_DB) / 8, value,
				NULL);
	else
		return false;
	return true;
}

static void doorbell(struct rnic_port *port, uint32_t offset, uint64_t value)
{
	uint32_t page = offset / RNIC_PAGE;
	enum rnic_event_kind kind;

	if (offset < RNIC_DB_RQ) {
		kind = RNIC_EV_SQ_DB;
	} else if (offset < RNIC_DB_CQ) {
		kind = RNIC_EV_RQ_DB;
	} else if (offset < RNIC_DB_EXT) {
		kind = RNIC_EV_CQ_DB;
	} else {
		static const enum rnic_event_kind kinds[3] = {
			[RNIC_DB_SET_SQ] = RNIC_EV_SQ_DB,
			[RNIC_DB_SET_CQ] = RNIC_EV_CQ_DB,
			[RNIC_DB_SET_RQ] = RNIC_EV_RQ_DB,
		};

		kind = kinds[(page - RNIC_DB_EXT / RNIC_PAGE) % 3];
	}
	rnic_event_post(port, kind, page, value, NULL);
}

static void register_write(struct rnic_port *port, uint32_t offset, const uint8_t *data,
			   uint32_t len)
{
	for (uint32_t at = 0; at + 4 <= len; at += 4) {
		uint32_t value = rnic_le32(data + at);

		if (offset + at == RNIC_REG_CONTROL)
			control_write(port, value);
		else
			port->regs.word[(offset + at) / 4] = value;
	}
}

void rnic_regs_write(struct rnic_port *port, uint32_t offset, const uint8_t *data,
		     uint32_t len)
{
	if ((len != 4 && len != 8) || offset % len || offset >= RNIC_BAR0_SIZE) {
		rnic_count_add(port, RNIC_COUNT_BAD_DOORBELLS, 1);
		return;
	}
	if (offset < RNIC_REG_END) {
		if (len != 8 || !register_doorbell(port, offset, rnic_le64(data)))
			register_write(port, offset, data, len);
	} else if (len == 8) {
		doorbell(port, offset, rnic_le64(data));
	} else {
		rnic_count_add(port, RNIC_COUNT_BAD_DOORBELLS, 1);
	}
}
