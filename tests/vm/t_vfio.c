// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_vfio -g GROUP -d BDF -b BAR -f NIC ACTION
 *
 * A VFIO user who registers the BAR that it mapped: maps BAR of BDF (bound to
 * vfio-pci, in iommu group GROUP), pins it for the function NIC through
 * peer_mem_test.ko, prints `pin ... addr=`, then does ACTION to the device:
 *
 *   reset     VFIO_DEVICE_RESET
 *   memoff    turns memory decoding off in the command register
 *   nothing
 *
 * prints `done ACTION` and holds everything until standard input ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "peer_mem_test.h"

struct vfio {
	int container, group, device;
	void *map;
	size_t size;
};

static int fail(const char *what)
{
	int ret = errno ? -errno : -EIO;

	fprintf(stderr, "t_vfio: %s: %s\n", what, strerror(-ret));
	return ret;
}

static int open_device(struct vfio *v, const char *group, const char *bdf)
{
	char path[64];

	v->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (v->container < 0)
		return fail("/dev/vfio/vfio");
	snprintf(path, sizeof(path), "/dev/vfio/%s", group);
	v->group = open(path, O_RDWR | O_CLOEXEC);
	if (v->group < 0)
		return fail(path);
	if (ioctl(v->group, VFIO_GROUP_SET_CONTAINER, &v->container))
		return fail("VFIO_GROUP_SET_CONTAINER");
	if (ioctl(v->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return fail("VFIO_SET_IOMMU");
	v->device = ioctl(v->group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	return v->device < 0 ? fail("VFIO_GROUP_GET_DEVICE_FD") : 0;
}

static int map_bar(struct vfio *v, int bar)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = bar };

	if (ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, &info))
		return fail("VFIO_DEVICE_GET_REGION_INFO");
	v->size = info.size;
	v->map = mmap(NULL, v->size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      v->device, info.offset);
	return v->map == MAP_FAILED ? fail("mmap of the BAR") : 0;
}

static int pin(struct vfio *v, const char *nic)
{
	unsigned int domain, bus, dev, fn;
	struct peer_test_pin arg = {
		.va = (uintptr_t)v->map,
		.len = v->size,
		.max_seg = UINT32_MAX,
		.flags = PEER_TEST_WRITE | PEER_TEST_MAP,
	};
	int fd;

	if (sscanf(nic, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) != 4)
		return -EINVAL;
	arg.domain = domain;
	arg.bus = bus;
	arg.devfn = dev << 3 | fn;
	fd = open("/dev/peer_mem_test", O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, PEER_TEST_PIN, &arg))
		return fail("pin");
	printf("pin segs=%u addr=%#" PRIx64 " len=%#" PRIx64 "\n", arg.nr_segs,
	       (uint64_t)arg.dma_addr[0], (uint64_t)arg.dma_len[0]);
	fflush(stdout);
	return 0;	/* the pin stays with the open file */
}

static int memory_off(struct vfio *v)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	uint16_t cmd;

	if (ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, &info))
		return fail("config region");
	if (pread(v->device, &cmd, 2, info.offset + PCI_COMMAND) != 2)
		return fail("read of the command register");
	cmd &= ~PCI_COMMAND_MEMORY;
	if (pwrite(v->device, &cmd, 2, info.offset + PCI_COMMAND) != 2)
		return fail("write of the command register");
	return 0;
}

static int act(struct vfio *v, const char *action)
{
	if (!strcmp(action, "reset"))
		return ioctl(v->device, VFIO_DEVICE_RESET) ?
			       fail("VFIO_DEVICE_RESET") : 0;
	if (!strcmp(action, "memoff"))
		return memory_off(v);
	return strcmp(action, "nothing") ? -EINVAL : 0;
}

int main(int argc, char **argv)
{
	const char *group = NULL, *bdf = NULL, *nic = NULL;
	struct vfio v = { -1, -1, -1, NULL, 0 };
	int opt, bar = 0;
	char c;

	while ((opt = getopt(argc, argv, "g:d:b:f:")) != -1) {
		switch (opt) {
		case 'g':
			group = optarg;
			break;
		case 'd':
			bdf = optarg;
			break;
		case 'b':
			bar = atoi(optarg);
			break;
		case 'f':
			nic = optarg;
			break;
		default:
			return 2;
		}
	}
	if (!group || !bdf || !nic || optind + 1 != argc) {
		fprintf(stderr, "usage: t_vfio -g GROUP -d BDF -b BAR -f NIC reset|memoff|nothing\n");
		return 2;
	}
	if (open_device(&v, group, bdf) || map_bar(&v, bar) || pin(&v, nic) ||
	    act(&v, argv[optind]))
		return 1;
	printf("done %s\n", argv[optind]);
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	return 0;
}
