// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * sysfs: a BAR through its resourceN file, whoever drives the device. Nobody answers
 * for such a mapping: peer_mem registers it only for a NIC that an IOMMU can cut off.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "provider.h"

static int map_failed(const struct pbuf *buf, const char *step, int error,
		      struct ibvx_error *err)
{
	switch (error) {
	case -EACCES:
		return fail(err, error, "no permission on %s: only root may map BARs of any device",
			    buf->path);
	case -EPERM:
		return fail(err, error,
			    "%s: the kernel is locked down (Secure Boot) and forbids it; use peer_bar",
			    buf->path);
	case -ENOENT:
		return fail(err, error,
			    "%s does not exist: a BAR below a page cannot be mapped, or the kernel has none of these files",
			    buf->path);
	case -EINVAL:
		/* what CONFIG_IO_STRICT_DEVMEM says of a BAR that a driver requested */
		return fail(err, -EBUSY,
			    "%s %s: the driver of %s keeps its BAR to itself: unbind it first, or use peer_bar",
			    step, buf->path, buf->spec.function);
	default:
		return fail(err, error, "%s %s: %s", step, buf->path, strerror(-error));
	}
}

static int sysfs_alloc(struct pbuf *buf, struct ibvx_error *err)
{
	const char *bdf = buf->spec.function, *step;
	struct pci_bar bar;
	int ret;

	ret = pbuf_need_bar(buf, &bar, err);
	if (ret)
		return ret;
	if (!pci_memory_enabled(bdf))
		return fail(err, -ENODEV,
			    "the memory of %s is switched off; as root: echo 1 > " PCI_DEVICES
			    "/%s/enable, or bind a driver", bdf, bdf);
	snprintf(buf->path, sizeof(buf->path), PCI_DEVICES "/%s/resource%d", bdf, buf->spec.bar);
	ret = pbuf_map(buf, bar.len, &step, err);
	return ret && step ? map_failed(buf, step, ret, err) : ret;
}

static void sysfs_describe(const struct pbuf *buf, struct pbuf_info *info)
{
	info->attrs |= PBUF_OFFSET;
	info->offset = buf->spec.offset;
}

const struct pbuf_ops pbuf_sysfs_ops = {
	.name = "sysfs",
	.usage = "sysfs:BDF/BAR[,off=N][,size=N]",
	.place = PBUF_PLACE_BAR,
	.options = PBUF_OPTION_OFF,
	.alloc = sysfs_alloc,
	.free = pbuf_unmap,
	.describe = sysfs_describe,
};
