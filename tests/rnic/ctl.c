// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * rnic-ctl DEVICE COMMAND: in the guest, talks to the model behind DEVICE (a PCI address)
 * through its vendor-specific capability, see control.c.
 *
 *   stats                    all counters, `name value` per line
 *   clear                    all counters to 0
 *   record on|off, records   every payload DMA: time, direction, address, length, where
 *   forbid on|off            payload outside guest RAM counts as `forbidden`
 *   fault KIND [N]           drop N, link 0|1 (1: down), dma N, cmd-fail N, cmd-hang N,
 *                            qp-fatal QPN, cq-error CQN
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CAPABILITY_VENDOR = 0x000b,
	CAPABILITY_ID = 0x4e52,
	AT_COMMAND = 0x08,
	AT_LENGTH = 0x0c,
	AT_ARGUMENT = 0x10,
	AT_RESULT = 0x14,
	WINDOW = 0x200,
	WINDOW_SIZE = 0xe00,
};

enum { STATS = 1, PAGE, CLEAR, RECORD, RECORDS, FAULT, FORBID };

static const char *const faults[] = { "",	  "drop",     "link",	  "dma",
				      "cmd-fail", "cmd-hang", "qp-fatal", "cq-error" };

struct device {
	int fd;
	unsigned int at;
};

static uint32_t get(const struct device *device, unsigned int offset)
{
	uint32_t value = 0;

	if (pread(device->fd, &value, 4, offset) != 4) {
		perror("rnic-ctl: configuration space");
		exit(1);
	}
	return value;
}

static void put(const struct device *device, unsigned int offset, uint32_t value)
{
	if (pwrite(device->fd, &value, 4, offset) != 4) {
		perror("rnic-ctl: configuration space");
		exit(1);
	}
}

static int device_open(struct device *device, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", name);
	device->fd = open(path, O_RDWR);
	if (device->fd < 0)
		return -errno;
	for (device->at = 0x100; device->at; device->at = get(device, device->at) >> 20) {
		uint32_t header = get(device, device->at);

		if ((header & 0xffff) == CAPABILITY_VENDOR &&
		    (get(device, device->at + 4) & 0xffff) == CAPABILITY_ID)
			return 0;
	}
	return -ENODEV;
}

static int command(const struct device *device, uint32_t what, uint32_t argument)
{
	put(device, device->at + AT_ARGUMENT, argument);
	put(device, device->at + AT_COMMAND, what);
	return -(int)get(device, device->at + AT_RESULT);
}

static int show(const struct device *device, uint32_t what)
{
	int ret = command(device, what, 0);
	uint32_t length = get(device, device->at + AT_LENGTH);

	for (uint32_t at = 0; !ret && at < length; at += 4) {
		uint32_t word, left = length - at;

		if (at && at % WINDOW_SIZE == 0)
			ret = command(device, PAGE, at / WINDOW_SIZE);
		word = get(device, WINDOW + at % WINDOW_SIZE);
		fwrite(&word, 1, left < 4 ? left : 4, stdout);
	}
	return ret;
}

static int inject(const struct device *device, int argc, char **argv)
{
	for (unsigned int n = 1; argc > 0 && n < sizeof(faults) / sizeof(faults[0]); n++)
		if (!strcmp(argv[0], faults[n]))
			return command(device, FAULT | n << 8,
				       argc > 1 ? strtoul(argv[1], NULL, 0) : 1);
	return -EINVAL;
}

static int run(const struct device *device, const char *verb, int argc, char **argv)
{
	if (!strcmp(verb, "stats"))
		return show(device, STATS);
	if (!strcmp(verb, "records"))
		return show(device, RECORDS);
	if (!strcmp(verb, "clear"))
		return command(device, CLEAR, 0);
	if (!strcmp(verb, "record") && argc == 1)
		return command(device, RECORD, !strcmp(argv[0], "on"));
	if (!strcmp(verb, "forbid") && argc == 1)
		return command(device, FORBID, !strcmp(argv[0], "on"));
	if (!strcmp(verb, "fault"))
		return inject(device, argc, argv);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	struct device device;
	int ret;

	if (argc < 3) {
		fputs("rnic-ctl DEVICE stats|clear|record on|off|records|forbid on|off|fault KIND [N]\n",
		      stderr);
		return 2;
	}
	ret = device_open(&device, argv[1]);
	if (!ret)
		ret = run(&device, argv[2], argc - 3, argv + 3);
	if (ret)
		fprintf(stderr, "rnic-ctl: %s: %s\n", argv[1], strerror(-ret));
	return ret ? 1 : 0;
}
