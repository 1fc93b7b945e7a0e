/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PCI functions as sysfs shows them, readable by every user. Functions return 0 or a
 * negative errno.
 */
#ifndef PCI_H
#define PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_ADDRESS_TEXT 24
#define PCI_DEVICES "/sys/bus/pci/devices"
#define PCI_NR_BARS 6

struct pci_address {
	uint32_t domain;
	uint8_t bus, slot, function;
};

struct pci_bar {
	uint64_t start, len;
	bool memory; /* not I/O ports */
};

/* "0000:04:00.0" or "04:00.0", ended by @end_p ('\0' and everything after it is yours). */
int pci_address_parse(const char *text, struct pci_address *at, const char **end_p);
void pci_address_format(const struct pci_address *at, char text[PCI_ADDRESS_TEXT]);

/* Is there such a function? @bdf as pci_address_format() writes it. */
bool pci_exists(const char *bdf);

/* Does its driver offer P2P memory for allocation, as an NVMe CMB? */
bool pci_has_p2pmem(const char *bdf);

/* -ENXIO: the function has no such BAR. */
int pci_bar_read(const char *bdf, int bar, struct pci_bar *out);

/* Name of the bound driver, "" if there is none. */
void pci_driver(const char *bdf, char *name, size_t size);

/* false only where memory decoding is known to be off: reads would return all ones. */
bool pci_memory_enabled(const char *bdf);

/* First line of a file, without its newline. */
int sysfs_read(const char *path, char *text, size_t size);
int sysfs_read_u64(const char *path, uint64_t *value);

#endif /* PCI_H */
