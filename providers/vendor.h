/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the loadable providers share: sizes, descriptors, and a vendor's library that is
 * looked for when memory is asked for.
 */
#ifndef VENDOR_H
#define VENDOR_H

#include "provider.h"

struct vendor_symbol {
	const char *name;
	void **to; /* a function pointer */
};

/*
 * Opens @soname and resolves @symbols, up to one without a name. The library stays
 * loaded for ever. -ENOENT: it is not installed. -EOPNOTSUPP: it is too old.
 */
int vendor_open(const char *soname, const char *package, const struct vendor_symbol *symbols,
		struct ibvx_error *err);

#define VENDOR_DEFAULT_SIZE ((size_t)16 << 20)

size_t vendor_round_up(size_t size, size_t unit);

/* What was asked for or the default, in multiples of @unit. */
size_t vendor_size(const struct pbuf *buf, size_t unit);

/* A new descriptor of the same dma-buf. */
int vendor_dup(int fd, int *fd_p, struct ibvx_error *err);

/* Sets the buffer's PCI function, if there is one of that name. */
void vendor_set_function(struct pbuf *buf, const char *bdf);

#endif /* VENDOR_H */
