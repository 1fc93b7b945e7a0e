// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * cmb: P2P memory that a stock driver publishes, such as an NVMe disk's controller
 * memory buffer. The mapping is the allocation: it ends with munmap().
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "provider.h"

static int not_offered(const struct pbuf *buf, struct ibvx_error *err)
{
	const char *bdf = buf->spec.function;
	char driver[64];

	pci_driver(bdf, driver, sizeof(driver));
	if (!driver[0])
		return fail(err, -ENOENT,
			    "%s has no driver bound, so nobody offers its memory; for an NVMe disk, as root: modprobe nvme; echo %s > /sys/bus/pci/drivers_probe",
			    bdf, bdf);
	if (!strcmp(driver, "peer_bar"))
		return fail(err, -ENOENT,
			    "%s is bound to peer_bar, which offers whole BARs and allocates nothing: use bar:%s/BAR",
			    bdf, bdf);
	return fail(err, -ENOENT,
		    "driver %s offers no P2P memory of %s: the device has no CMB or the kernel no CONFIG_PCI_P2PDMA; a BAR can be offered by peer_bar (see peer_mem(1))",
		    driver, bdf);
}

static int map_failed(const struct pbuf *buf, const char *step, uint64_t available, int error,
		      struct ibvx_error *err)
{
	if (error == -EACCES || error == -EPERM)
		return fail(err, error, "no permission on %s; as root: chmod 666 %s", buf->path,
			    buf->path);
	if (error == -ENOMEM)
		return fail(err, error,
			    "%s has no %zu bytes in one piece (%llu are free): end other users, or ask for less",
			    buf->spec.function, buf->size, (unsigned long long)available);
	return fail(err, error, "%s %s: %s", step, buf->path, strerror(-error));
}

static int cmb_alloc(struct pbuf *buf, struct ibvx_error *err)
{
	const char *bdf = buf->spec.function, *step;
	uint64_t size, available;
	char path[128];
	int ret;

	ret = pbuf_need_function(buf, err);
	if (ret)
		return ret;
	snprintf(buf->path, sizeof(buf->path), PCI_DEVICES "/%s/p2pmem/allocate", bdf);
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/p2pmem/size", bdf);
	if (!pci_has_p2pmem(bdf) || sysfs_read_u64(path, &size))
		return not_offered(buf, err);
	/* less than the size: the NVMe driver puts its own queues there */
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/p2pmem/available", bdf);
	ret = sysfs_read_u64(path, &available);
	if (ret)
		return fail(err, ret, "read %s: %s", path, strerror(-ret));
	if (!available)
		return fail(err, -ENOMEM, "all memory of %s is in use: end other users", bdf);
	if (!buf->spec.size)
		size = available;
	ret = pbuf_map(buf, size, &step, err);
	return ret && step ? map_failed(buf, step, available, ret, err) : ret;
}

const struct pbuf_ops pbuf_cmb_ops = {
	.name = "cmb",
	.usage = "cmb:BDF[,size=N]",
	.place = PBUF_PLACE_BDF,
	.alloc = cmb_alloc,
	.free = pbuf_unmap,
};
