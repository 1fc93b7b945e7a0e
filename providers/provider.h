/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a provider is: a const table. A new kind of memory is a new file with its table
 * and one line in pbuf.c; nothing else asks which provider a buffer has.
 */
#ifndef PROVIDER_H
#define PROVIDER_H

#include <stdbool.h>

#include "fail.h"
#include "pbuf.h"
#include "pci.h"

/* What stands before the first option. */
enum pbuf_place {
	PBUF_PLACE_NONE,
	PBUF_PLACE_BDF,
	PBUF_PLACE_BAR, /* BDF/BAR */
};

#define PBUF_OPTION_OFF (1U << 0)
#define PBUF_OPTION_HUGE (1U << 1)

/* A spec, taken apart. size 0: not given. */
struct pbuf_spec {
	char function[PCI_ADDRESS_TEXT];
	int bar; /* -1 */
	uint64_t offset;
	size_t size;
	bool huge;
};

struct pbuf {
	const struct pbuf_ops *ops;
	struct pbuf_spec spec;
	char path[128];
	void *addr;
	size_t size;
};

struct pbuf_ops {
	const char *name;
	const char *usage;
	enum pbuf_place place;
	unsigned int options; /* PBUF_OPTION_*; size is always allowed */
	/* Fills addr, size and path of a buffer whose spec is read. Mandatory. */
	int (*alloc)(struct pbuf *buf, struct ibvx_error *err);
	/* Gives back what alloc took. Mandatory. */
	void (*free)(struct pbuf *buf);
	/* Adds to what the spec says. Optional. */
	void (*describe)(const struct pbuf *buf, struct pbuf_info *info);
};

extern const struct pbuf_ops pbuf_host_ops;
extern const struct pbuf_ops pbuf_cmb_ops;
extern const struct pbuf_ops pbuf_bar_ops;
extern const struct pbuf_ops pbuf_sysfs_ops;

/* Takes @text, what stands behind "NAME:" or "", apart. -EINVAL with the usage. */
int pbuf_spec_parse(const char *text, const struct pbuf_ops *ops, struct pbuf_spec *spec,
		    struct ibvx_error *err);

/* The same checks for all device memory: the function and its BAR are there. */
int pbuf_need_function(const struct pbuf *buf, struct ibvx_error *err);
int pbuf_need_bar(const struct pbuf *buf, struct pci_bar *bar, struct ibvx_error *err);

/*
 * Maps buf->path at the offset of the spec; @whole bytes are there from offset 0 on.
 * Errors of open and mmap are left to the caller to explain: @err is not written for
 * them, *step_p says which of the two it was.
 */
int pbuf_map(struct pbuf *buf, uint64_t whole, const char **step_p, struct ibvx_error *err);
void pbuf_unmap(struct pbuf *buf);

#endif /* PROVIDER_H */
