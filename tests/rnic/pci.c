// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * PCI configuration space: an endpoint with MSI-X, function level reset and one
 * vendor-specific extended capability, through which a guest reads the model's instruments
 * (control.c).
 *
 * The client emulates what belongs to it (BAR addresses, the MSI-X table); what it passes
 * on is kept in bytes with a mask of what can be written. Three writes do something: the
 * command register's bus master bit, FLR in the PCIe device control register, and the
 * vendor-specific capability.
 *
 * Layout: PCI Local Bus 3.0 ch. 6 (header, MSI-X), PCI Express Base 4.0 7.5 (capability),
 * 7.9.5 (vendor-specific extended capability).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rnic.h"

enum {
	AT_COMMAND = 0x04,
	AT_BAR0 = 0x10,
	AT_BAR2 = 0x18,
	AT_PCIE = 0x40,
	AT_PCIE_CONTROL = AT_PCIE + 0x08,
	AT_MSIX = 0x80,
	AT_VENDOR = RNIC_CONTROL_BASE,
	AT_VENDOR_COMMAND = AT_VENDOR + 0x08,
	AT_VENDOR_LENGTH = AT_VENDOR + 0x0c,
	AT_VENDOR_ARGUMENT = AT_VENDOR + 0x10,
	AT_VENDOR_RESULT = AT_VENDOR + 0x14,
};

#define CONFIG_SIZE 4096u
#define COMMAND_BUS_MASTER 0x0004u
#define CONTROL_FLR 0x8000u

struct rnic_pci {
	uint8_t bytes[CONFIG_SIZE];
	uint8_t writable[CONFIG_SIZE];
	struct rnic_control control;
};

static void header(struct rnic_pci *pci)
{
	uint8_t *at = pci->bytes;

	rnic_put_le16(at + 0x00, RNIC_PCI_VENDOR);
	rnic_put_le16(at + 0x02, RNIC_PCI_DEVICE);
	rnic_put_le16(at + 0x06, 0x0010); /* status: there are capabilities */
	at[0x08] = 1; /* revision */
	at[0x0b] = 0x02; /* class: network controller, */
	at[0x0a] = 0x07; /* InfiniBand or fabric */
	rnic_put_le32(at + AT_BAR0, 0x4); /* 64-bit memory */
	rnic_put_le32(at + AT_BAR2, 0x4);
	rnic_put_le16(at + 0x2c, RNIC_PCI_VENDOR);
	rnic_put_le16(at + 0x2e, RNIC_PCI_DEVICE);
	at[0x34] = AT_PCIE;

	rnic_put_le16(pci->writable + AT_COMMAND, 0x0547);
	rnic_put_le32(pci->writable + AT_BAR0, ~(RNIC_BAR0_SIZE - 1));
	rnic_put_le32(pci->writable + AT_BAR0 + 4, ~0u);
	rnic_put_le32(pci->writable + AT_BAR2, ~(RNIC_BAR2_SIZE - 1));
	rnic_put_le32(pci->writable + AT_BAR2 + 4, ~0u);
	pci->writable[0x3c] = 0xff; /* interrupt line */
}

static void capabilities(struct rnic_pci *pci)
{
	uint8_t *at = pci->bytes + AT_PCIE;

	at[0] = 0x10; /* PCI Express, */
	at[1] = AT_MSIX;
	rnic_put_le16(at + 0x02, 0x0002); /* version 2, endpoint */
	rnic_put_le32(at + 0x04, 1u << 28 | 1u << 15); /* FLR, role-based errors */
	rnic_put_le32(at + 0x0c, 0x11); /* link: 2.5 GT/s, x1; nobody looks */
	rnic_put_le16(at + 0x12, 0x11);
	rnic_put_le16(pci->writable + AT_PCIE_CONTROL, 0x7fff);

	at = pci->bytes + AT_MSIX;
	at[0] = 0x11; /* MSI-X, table and pending bits in BAR 2 */
	rnic_put_le16(at + 0x02, RNIC_VECTORS - 1);
	rnic_put_le32(at + 0x04, 2);
	rnic_put_le32(at + 0x08, RNIC_BAR2_PBA | 2);
	rnic_put_le16(pci->writable + AT_MSIX + 0x02, 0xc000);

	at = pci->bytes + AT_VENDOR;
	rnic_put_le32(at, 0x0001000b); /* vendor-specific, version 1, last */
	/* "RN", revision 1, and its length: all the rest */
	rnic_put_le32(at + 0x04, (CONFIG_SIZE - AT_VENDOR) << 20 | 1u << 16 | 0x4e52);
}

int rnic_pci_init(struct rnic_port *port)
{
	port->pci = calloc(1, sizeof(*port->pci));
	if (!port->pci)
		return -ENOMEM;
	header(port->pci);
	capabilities(port->pci);
	return 0;
}

void rnic_pci_free(struct rnic_port *port)
{
	free(port->pci);
}

void rnic_pci_reset(struct rnic_port *port)
{
	struct rnic_pci *pci = port->pci;

	rnic_regs_reset(port);
	/* Forgotten is all that can be written in the first 256 bytes. */
	for (unsigned int n = 0; n < 256; n++)
		pci->bytes[n] &= ~pci->writable[n];
	rnic_dma_bus_master(port, false);
}

static uint32_t vendor_read(struct rnic_pci *pci, uint32_t offset)
{
	const struct rnic_control *control = &pci->control;
	size_t from;
	uint8_t word[4] = { 0 };

	switch (offset) {
	case AT_VENDOR_LENGTH: return control->length;
	case AT_VENDOR_ARGUMENT: return control->argument;
	case AT_VENDOR_RESULT: return control->result;
	}
	if (offset < RNIC_CONTROL_WINDOW ||
	    offset >= RNIC_CONTROL_WINDOW + RNIC_CONTROL_WINDOW_SIZE)
		return rnic_le32(pci->bytes + offset);
	from = (size_t)control->page * RNIC_CONTROL_WINDOW_SIZE + offset - RNIC_CONTROL_WINDOW;
	for (unsigned int n = 0; n < 4 && from + n < control->length; n++)
		word[n] = control->text[from + n];
	return rnic_le32(word);
}

void rnic_pci_read(struct rnic_port *port, uint32_t offset, uint8_t *data, uint32_t len)
{
	for (uint32_t n = 0; n < len; n++) {
		uint32_t at = offset + n, word;

		if (at >= CONFIG_SIZE) {
			data[n] = 0xff;
		} else if (at < AT_VENDOR) {
			data[n] = port->pci->bytes[at];
		} else {
			word = vendor_read(port->pci, at & ~3u);
			data[n] = word >> (at % 4 * 8);
		}
	}
}

/* The capability takes whole words, as every guest that knows it writes them. */
static void vendor_write(struct rnic_port *port, uint32_t offset, uint32_t value)
{
	struct rnic_control *control = &port->pci->control;

	if (offset == AT_VENDOR_ARGUMENT)
		control->argument = value;
	else if (offset == AT_VENDOR_COMMAND)
		rnic_control_command(port, control, value);
}

void rnic_pci_write(struct rnic_port *port, uint32_t offset, const uint8_t *data,
		    uint32_t len)
{
	struct rnic_pci *pci = port->pci;

	if (offset >= AT_VENDOR) {
		if (len == 4 && offset % 4 == 0)
			vendor_write(port, offset, rnic_le32(data));
		return;
	}
	for (uint32_t n = 0; n < len && offset + n < AT_VENDOR; n++) {
		uint32_t at = offset + n;

		pci->bytes[at] = (pci->bytes[at] & ~pci->writable[at]) |
				 (data[n] & pci->writable[at]);
		/* FLR reads as 0: the highest bit of the control register */
		if (at == AT_PCIE_CONTROL + 1 && data[n] & CONTROL_FLR >> 8)
			rnic_pci_reset(port);
	}
	rnic_dma_bus_master(port, rnic_le16(pci->bytes + AT_COMMAND) & COMMAND_BUS_MASTER);
}
