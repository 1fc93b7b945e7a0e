// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What providers share: is the device there, does the range fit, map it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "provider.h"

int pbuf_need_function(const struct pbuf *buf, struct ibvx_error *err)
{
	if (pci_exists(buf->spec.function))
		return 0;
	return fail(err, -ENODEV, "there is no PCI function %s; `peer_mem list --all` shows those with memory",
		    buf->spec.function);
}

int pbuf_need_bar(const struct pbuf *buf, struct pci_bar *bar, struct ibvx_error *err)
{
	int ret = pbuf_need_function(buf, err);

	if (ret)
		return ret;
	ret = pci_bar_read(buf->spec.function, buf->spec.bar, bar);
	if (!ret && bar->memory)
		return 0;
	return fail(err, -ENXIO,
		    "%s has no memory BAR %d (the upper half of a 64-bit BAR has no number of its own); see /sys/bus/pci/devices/%s/resource",
		    buf->spec.function, buf->spec.bar, buf->spec.function);
}

static int check_range(struct pbuf *buf, uint64_t whole, struct ibvx_error *err)
{
	const struct pbuf_spec *spec = &buf->spec;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (spec->offset >= whole)
		return fail(err, -EINVAL, "%s: off=%llu is beyond the end, %llu bytes are there",
			    buf->path, (unsigned long long)spec->offset,
			    (unsigned long long)whole);
	buf->size = spec->size ? spec->size : (size_t)(whole - spec->offset);
	if (buf->size > whole - spec->offset)
		return fail(err, -EINVAL, "%s: size=%zu is too much, %llu bytes are there",
			    buf->path, buf->size, (unsigned long long)(whole - spec->offset));
	if ((buf->size | spec->offset) % page)
		return fail(err, -EINVAL, "%s: size and off must be multiples of the page size, %llu",
			    buf->path, (unsigned long long)page);
	return 0;
}

int pbuf_map(struct pbuf *buf, uint64_t whole, const char **step_p, struct ibvx_error *err)
{
	int fd, ret = check_range(buf, whole, err);
	void *addr;

	*step_p = NULL;
	if (ret)
		return ret;
	*step_p = "open";
	fd = open(buf->path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*step_p = "mmap";
	addr = mmap(NULL, buf->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    (off_t)buf->spec.offset);
	ret = addr == MAP_FAILED ? -errno : 0;
	close(fd); /* the mapping keeps what it needs */
	if (!ret)
		buf->addr = addr;
	return ret;
}

void pbuf_unmap(struct pbuf *buf)
{
	munmap(buf->addr, buf->size);
}
