/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a provider is: a const table. A new kind of memory is a new file with its table,
 * and either one line in pbuf.c or, where it wants a vendor's library, a shared object of
 * its own, libpbuf-NAME.so, that is loaded when it is asked for (plugin.c). Nothing
 * else asks which provider a buffer has.
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
	PBUF_PLACE_BAR,	   /* BDF/BAR */
	PBUF_PLACE_NUMBER, /* of a device, 0 to 999 */
	PBUF_PLACE_WORD,   /* letters, digits, - and _ */
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
	unsigned int number;
	char word[32];
};

struct pbuf {
	const struct pbuf_ops *ops;
	struct pbuf_spec spec;
	char path[128];
	void *addr;
	size_t size;
	void *state; /* the provider's own */
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
	/*
	 * A new descriptor of the memory's dma-buf, and where in it the buffer begins.
	 * Optional: without it the memory is registered by its pointer.
	 */
	int (*dmabuf)(const struct pbuf *buf, int *fd_p, uint64_t *offset_p,
		      struct ibvx_error *err);
};

extern const struct pbuf_ops pbuf_host_ops;
extern const struct pbuf_ops pbuf_cmb_ops;
extern const struct pbuf_ops pbuf_bar_ops;
extern const struct pbuf_ops pbuf_sysfs_ops;

/* ---- shared objects ---- */

/*
 * All of this header is between one release's library and its own objects: a change
 * of it is a new number here, and others are refused.
 */
#define PBUF_PLUGIN_ABI 1

struct pbuf_plugin {
	uint32_t abi;
	uint32_t buf_size; /* of struct pbuf */
	const struct pbuf_ops *ops;
};

/* What a shared object exports, and nothing else. */
#define PBUF_PLUGIN_SYMBOL "pbuf_plugin"
#define PBUF_PLUGIN(ops_) \
	extern const struct pbuf_plugin pbuf_plugin; \
	__attribute__((visibility("default"))) const struct pbuf_plugin pbuf_plugin = { \
		.abi = PBUF_PLUGIN_ABI, \
		.buf_size = sizeof(struct pbuf), \
		.ops = &(ops_), \
	}

/*
 * The index-th that was found, NULL beyond the last. Loads all of them at the first
 * call, in any thread; they are never unloaded.
 */
const struct pbuf_ops *pbuf_plugin_ops(unsigned int index);

/* Why one could not be loaded, or "". */
const char *pbuf_plugin_problem(void);

/* ---- what providers share ---- */

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
