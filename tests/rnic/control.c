// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The instrument: how a guest (or a client on the host) asks the model what it did, and
 * tells it to misbehave. Text behind a vendor-specific extended capability of PCI
 * configuration space, because that needs nothing but the device: no file share, no driver,
 * no BAR that the vendor's driver would not expect. rnic-ctl is the guest's side.
 *
 *   +0x08 command (write): what to do, in the low byte; the rest depends
 *   +0x0c length (read): of the text that the last STATS or RECORDS made
 *   +0x10 argument (write before the command)
 *   +0x14 result (read): 0 or a positive errno
 *   at 0x200 of config space: a window of 0xe00 bytes on the text; PAGE n moves it
 */
#include <errno.h>

#include "rnic.h"

enum command {
	CONTROL_STATS = 1, /* the counters, as text */
	CONTROL_PAGE = 2, /* argument: page of the text to show */
	CONTROL_CLEAR = 3, /* all counters to 0, records forgotten */
	CONTROL_RECORD = 4, /* argument: 1 start, 0 stop recording payload DMA */
	CONTROL_RECORDS = 5, /* the records, as text */
	CONTROL_FAULT = 6, /* bits 15:8: enum rnic_fault; argument: its number */
	CONTROL_FORBID = 7, /* argument: 1 from now on, 0 no more: payload outside RAM */
};

static void record(struct rnic_port *port, bool on)
{
	pthread_mutex_lock(&port->dma.records.lock);
	port->dma.records.on = on;
	pthread_mutex_unlock(&port->dma.records.lock);
}

void rnic_control_command(struct rnic_port *port, struct rnic_control *control,
			  uint32_t command)
{
	uint32_t fault = command >> 8 & 0xff;

	control->result = 0;
	switch (command & 0xff) {
	case CONTROL_STATS:
		control->length = rnic_stats_text(port, control->text, RNIC_CONTROL_TEXT);
		control->page = 0;
		break;
	case CONTROL_RECORDS:
		control->length = rnic_stats_records(port, control->text, RNIC_CONTROL_TEXT);
		control->page = 0;
		break;
	case CONTROL_PAGE:
		control->page = control->argument;
		break;
	case CONTROL_CLEAR:
		rnic_stats_clear(port);
		break;
	case CONTROL_RECORD:
		record(port, control->argument);
		break;
	case CONTROL_FORBID:
		rnic_dma_forbid_peers(port, control->argument);
		break;
	case CONTROL_FAULT:
		if (fault == RNIC_FAULT_NONE || fault >= RNIC_FAULT_COUNT)
			control->result = EINVAL;
		else
			rnic_event_post(port, RNIC_EV_FAULT, fault, control->argument, NULL);
		break;
	default:
		control->result = EOPNOTSUPP;
	}
}
