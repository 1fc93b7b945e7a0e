// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* host: ordinary memory, the baseline that every other kind is compared with. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "provider.h"

#define DEFAULT_SIZE ((size_t)16 << 20)
#define HUGE_SIZE ((size_t)2 << 20)

static size_t round_up(size_t size, size_t unit)
{
	return (size + unit - 1) / unit * unit;
}

static int host_alloc(struct pbuf *buf, struct ibvx_error *err)
{
	size_t unit = buf->spec.huge ? HUGE_SIZE : (size_t)sysconf(_SC_PAGESIZE);
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
	void *addr;

	/*
	 * 2 MiB whatever the system's default huge page is; mapped rounded up, because
	 * munmap() takes whole huge pages only.
	 */
	if (buf->spec.huge)
		flags |= MAP_HUGETLB | 21 << MAP_HUGE_SHIFT;
	buf->size = round_up(buf->spec.size ? buf->spec.size : DEFAULT_SIZE, unit);
	addr = mmap(NULL, buf->size, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (addr == MAP_FAILED && buf->spec.huge)
		return fail(err, -ENOMEM,
			    "not enough free huge pages for %zu bytes; as root: echo %zu > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
			    buf->size, buf->size / HUGE_SIZE);
	if (addr == MAP_FAILED)
		return fail(err, -errno, "%zu bytes of ordinary memory: %s", buf->size,
			    strerror(errno));
	buf->addr = addr;
	return 0;
}

const struct pbuf_ops pbuf_host_ops = {
	.name = "host",
	.usage = "host[:size=N][,huge]",
	.place = PBUF_PLACE_NONE,
	.options = PBUF_OPTION_HUGE,
	.alloc = host_alloc,
	.free = pbuf_unmap,
};
