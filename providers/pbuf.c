// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The public calls: find the provider by name, and let it do its work. */
#include "pbuf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider.h"

#define EXPORT __attribute__((visibility("default")))

static const struct pbuf_ops *const providers[] = {
	&pbuf_host_ops,
	&pbuf_cmb_ops,
	&pbuf_bar_ops,
	&pbuf_sysfs_ops,
};

#define NR_PROVIDERS (sizeof(providers) / sizeof(providers[0]))

/* ---- the public calls ---- */

/* Those of the library need no file; the others are looked for only after them. */
static const struct pbuf_ops *provider_at(unsigned int index)
{
	return index < NR_PROVIDERS ? providers[index] : pbuf_plugin_ops(index - NR_PROVIDERS);
}

static const struct pbuf_ops *find_provider(const char *spec, size_t len)
{
	const struct pbuf_ops *ops;

	for (unsigned int i = 0; (ops = provider_at(i)); i++)
		if (strlen(ops->name) == len && !memcmp(spec, ops->name, len))
			return ops;
	return NULL;
}

static int unknown_provider(const char *spec, struct ibvx_error *err)
{
	const char *problem = pbuf_plugin_problem();
	const struct pbuf_ops *ops;
	char names[256] = "";
	size_t used = 0;

	for (unsigned int i = 0; (ops = provider_at(i)) && used < sizeof(names); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
					 i ? ", " : "", ops->name);
	return fail(err, -EINVAL, "'%s' names no provider; there are %s%s%s", spec, names,
		    problem[0] ? "; and " : "", problem);
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
	if (buf->spec.function[0])
		out.attrs |= PBUF_FUNCTION;
	if (buf->ops->dmabuf)
		out.attrs |= PBUF_DMABUF;
	memcpy(out.function, buf->spec.function, sizeof(out.function));
	memcpy(out.path, buf->path, sizeof(out.path));
	if (buf->ops->describe)
		buf->ops->describe(buf, &out);
	if (size > sizeof(out))
		memset((char *)info + sizeof(out), 0, size - sizeof(out));
	memcpy(info, &out, size < sizeof(out) ? size : sizeof(out));
	return 0;
}

EXPORT int pbuf_dmabuf(const struct pbuf *buf, int *fd_p, uint64_t *offset_p,
		       struct ibvx_error *err)
{
	fail_clear(err);
	if (!buf->ops->dmabuf)
		return fail(err, -EOPNOTSUPP,
			    "%s memory has no dma-buf of its own; peer_mem makes one of device memory (ibvx_export)",
			    buf->ops->name);
	return buf->ops->dmabuf(buf, fd_p, offset_p, err);
}

EXPORT const char *pbuf_provider(unsigned int index, const char **usage_p)
{
	const struct pbuf_ops *ops = provider_at(index);

	if (!ops)
		return NULL;
	if (usage_p)
		*usage_p = ops->usage;
	return ops->name;
}
