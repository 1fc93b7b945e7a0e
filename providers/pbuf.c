// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The public calls: find the provider by name, and let it do its work. */
#include "pbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "provider.h"

#define EXPORT __attribute__((visibility("default")))

static const struct pbuf_ops *const providers[] = {
	&pbuf_host_ops,
	&pbuf_cmb_ops,
	&pbuf_bar_ops,
	&pbuf_sysfs_ops,
};

#define NR_PROVIDERS (sizeof(providers) / sizeof(providers[0]))

/* ---- what providers of device memory share ---- */

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

/* ---- the public calls ---- */

static const struct pbuf_ops *find_provider(const char *spec, size_t len)
{
	for (size_t i = 0; i < NR_PROVIDERS; i++)
		if (strlen(providers[i]->name) == len && !memcmp(spec, providers[i]->name, len))
			return providers[i];
	return NULL;
}

static int unknown_provider(const char *spec, struct ibvx_error *err)
{
	char names[128] = "";
	size_t used = 0;

	for (size_t i = 0; i < NR_PROVIDERS && used < sizeof(names); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
					 i ? ", " : "", providers[i]->name);
	return fail(err, -EINVAL, "'%s' names no provider; there are %s", spec, names);
}

EXPORT int pbuf_alloc(const char *spec, struct pbuf **buf_p, struct ibvx_error *err)
{
	size_t name = strcspn(spec, ":");
	struct pbuf *buf;
	int ret;

	fail_clear(err);
	buf = calloc(1, sizeof(*buf));
	if (!buf)
		return fail(err, -ENOMEM, "out of memory");
	buf->ops = find_provider(spec, name);
	ret = buf->ops ? pbuf_spec_parse(spec + name + (spec[name] == ':'), buf->ops, &buf->spec,
					 err) :
			 unknown_provider(spec, err);
	if (!ret)
		ret = buf->ops->alloc(buf, err);
	if (ret) {
		free(buf);
		return ret;
	}
	*buf_p = buf;
	return 0;
}

EXPORT void pbuf_free(struct pbuf *buf)
{
	if (!buf)
		return;
	buf->ops->free(buf);
	free(buf);
}

EXPORT void *pbuf_addr(const struct pbuf *buf)
{
	return buf->addr;
}

EXPORT size_t pbuf_size(const struct pbuf *buf)
{
	return buf->size;
}

EXPORT int pbuf_describe(const struct pbuf *buf, struct pbuf_info *info, size_t size)
{
	struct pbuf_info out = { .bar = buf->spec.bar };

	if (!size)
		return -EINVAL;
	snprintf(out.provider, sizeof(out.provider), "%s", buf->ops->name);
	if (buf->ops->place != PBUF_PLACE_NONE)
		out.attrs |= PBUF_FUNCTION;
	memcpy(out.function, buf->spec.function, sizeof(out.function));
	memcpy(out.path, buf->path, sizeof(out.path));
	if (buf->ops->describe)
		buf->ops->describe(buf, &out);
	if (size > sizeof(out))
		memset((char *)info + sizeof(out), 0, size - sizeof(out));
	memcpy(info, &out, size < sizeof(out) ? size : sizeof(out));
	return 0;
}

EXPORT const char *pbuf_provider(unsigned int index, const char **usage_p)
{
	if (index >= NR_PROVIDERS)
		return NULL;
	if (usage_p)
		*usage_p = providers[index]->usage;
	return providers[index]->name;
}
