/* SPDX-License-Identifier: GPL-2.0-only */
/* By which way does a device reach another function's BAR? */
#ifndef PEER_MEM_ROUTE_H
#define PEER_MEM_ROUTE_H

#include <linux/types.h>

struct device;
struct pci_dev;

enum peer_mem_route {
	PEER_ROUTE_NONE,	/* the kernel does not allow it */
	PEER_ROUTE_BUS,		/* through switches only: bus addresses */
	PEER_ROUTE_HOST,	/* up through the host bridge: IOVA or physical */
};

/*
 * The kernel's own verdict (pci_p2pdma_distance) on whether @dev may reach
 * @owner, and on the way. For PEER_ROUTE_NONE @why (may be NULL) gets one clause
 * that names what is in the way.
 */
enum peer_mem_route peer_mem_route_find(struct pci_dev *owner,
					struct device *dev, char *why,
					size_t why_size);

/* Ports to pass, as the kernel counts them (4: two slots of one switch). */
int peer_mem_route_distance(struct pci_dev *owner, struct pci_dev *client);

/* A PCI device came or went: what is remembered about routes may be wrong. */
void peer_mem_route_forget(void);

#endif
