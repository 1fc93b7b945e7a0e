// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bar: a BAR through the node that peer_bar.ko made for it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "provider.h"

static int not_offered(const struct pbuf *buf, struct ibvx_error *err)
{
	const char *bdf = buf->spec.function;
	char driver[64];

	if (access("/sys/module/peer_bar", F_OK))
		return fail(err, -ENOENT,
			    "%s does not exist: peer_bar is not loaded; as root: modprobe peer_bar",
			    buf->path);
	pci_driver(bdf, driver, sizeof(driver));
	if (!strcmp(driver, "peer_bar"))
		return fail(err, -ENOENT,
			    "%s does not exist although peer_bar is bound to %s: is udev running, is the BAR at least a page?",
			    buf->path, bdf);
	if (!driver[0])
		return fail(err, -ENOENT,
			    "%s is bound to no driver; as root: echo peer_bar > " PCI_DEVICES
			    "/%s/driver_override; echo %s > /sys/bus/pci/drivers_probe",
			    bdf, bdf, bdf);
	return fail(err, -ENOENT,
		    "%s is bound to %s, not to peer_bar; as root, if nothing uses it: echo %s > " PCI_DEVICES
		    "/%s/driver/unbind; echo peer_bar > " PCI_DEVICES
		    "/%s/driver_override; echo %s > /sys/bus/pci/drivers_probe",
		    bdf, driver, bdf, bdf, bdf, bdf);
}

static int map_failed(const struct pbuf *buf, const char *step, int error,
		      struct ibvx_error *err)
{
	switch (error) {
	case -ENOENT:
		return not_offered(buf, err);
	case -ENODEV:
		return fail(err, error, "%s is being unbound: try again when it is back",
			    buf->spec.function);
	case -EACCES:
	case -EPERM:
		return fail(err, error,
			    "no permission on %s: nodes are made for root; as root: chmod or chgrp it, or write a udev rule",
			    buf->path);
	default:
		return fail(err, error, "%s %s: %s", step, buf->path, strerror(-error));
	}
}

static int bar_alloc(struct pbuf *buf, struct ibvx_error *err)
{
	struct pci_bar bar;
	const char *step;
	int ret;

	ret = pbuf_need_bar(buf, &bar, err);
	if (ret)
		return ret;
	snprintf(buf->path, sizeof(buf->path), "/dev/peer_bar/%s/bar%d", buf->spec.function,
		 buf->spec.bar);
	ret = pbuf_map(buf, bar.len, &step, err);
	return ret && step ? map_failed(buf, step, ret, err) : ret;
}

static void bar_describe(const struct pbuf *buf, struct pbuf_info *info)
{
	info->attrs |= PBUF_OFFSET;
	info->offset = buf->spec.offset;
}

const struct pbuf_ops pbuf_bar_ops = {
	.name = "bar",
	.usage = "bar:BDF/BAR[,off=N][,size=N]",
	.place = PBUF_PLACE_BAR,
	.options = PBUF_OPTION_OFF,
	.alloc = bar_alloc,
	.free = pbuf_unmap,
	.describe = bar_describe,
};
