// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vendor.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

int vendor_open(const char *soname, const char *package, const struct vendor_symbol *symbols,
		struct ibvx_error *err)
{
	void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return fail(err, -ENOENT, "%s is not there: install %s (%s)", soname, package,
			    dlerror());
	for (; symbols->name; symbols++) {
		*symbols->to = dlsym(library, symbols->name);
		if (*symbols->to)
			continue;
		dlclose(library);
		return fail(err, -EOPNOTSUPP, "%s is too old, it has no %s: install %s", soname,
			    symbols->name, package);
	}
	return 0;
}

size_t vendor_round_up(size_t size, size_t unit)
{
	return (size + unit - 1) / unit * unit;
}

size_t vendor_size(const struct pbuf *buf, size_t unit)
{
	return vendor_round_up(buf->spec.size ? buf->spec.size : VENDOR_DEFAULT_SIZE, unit);
}

int vendor_dup(int fd, int *fd_p, struct ibvx_error *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		return fail(err, -errno, "a descriptor of a dma-buf: %s", strerror(errno));
	*fd_p = copy;
	return 0;
}

void vendor_set_function(struct pbuf *buf, const char *bdf)
{
	struct pci_address at;
	const char *end;

	if (!pci_address_parse(bdf, &at, &end) && !*end)
		pci_address_format(&at, buf->spec.function);
}
