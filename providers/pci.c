// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "pci.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_TEXT 128
#define COMMAND_OFFSET 4
#define COMMAND_MEMORY 2

/* Hexadecimal digits, at most @max_digits, then @stop (0: anything). */
static int parse_hex(const char **text, unsigned int max_digits, char stop, uint32_t *value)
{
	const char *at = *text;

	*value = 0;
	while (isxdigit((unsigned char)*at) && at - *text < (int)max_digits) {
		char digit[2] = { *at++, '\0' };

		*value = *value << 4 | (uint32_t)strtoul(digit, NULL, 16);
	}
	if (at == *text || (stop && *at != stop))
		return -EINVAL;
	*text = stop ? at + 1 : at;
	return 0;
}

static bool has_domain(const char *text)
{
	size_t digits = strspn(text, "0123456789abcdefABCDEF");

	return text[digits] == ':' && strspn(text + digits + 1, "0123456789abcdefABCDEF") <= 2 &&
	       text[digits + 1 + strspn(text + digits + 1, "0123456789abcdefABCDEF")] == ':';
}

int pci_address_parse(const char *text, struct pci_address *at, const char **end_p)
{
	uint32_t domain = 0, bus, slot, function;

	if (has_domain(text) && parse_hex(&text, 8, ':', &domain))
		return -EINVAL;
	if (parse_hex(&text, 2, ':', &bus) || parse_hex(&text, 2, '.', &slot) ||
	    parse_hex(&text, 1, '\0', &function) || slot > 31 || function > 7)
		return -EINVAL;
	at->domain = domain;
	at->bus = (uint8_t)bus;
	at->slot = (uint8_t)slot;
	at->function = (uint8_t)function;
	*end_p = text;
	return 0;
}

void pci_address_format(const struct pci_address *at, char text[PCI_ADDRESS_TEXT])
{
	snprintf(text, PCI_ADDRESS_TEXT, "%04x:%02x:%02x.%x", at->domain, at->bus, at->slot,
		 at->function);
}

bool pci_exists(const char *bdf)
{
	char path[PATH_TEXT];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s", bdf);
	return !access(path, F_OK);
}

bool pci_has_p2pmem(const char *bdf)
{
	char path[PATH_TEXT], driver[64];

	/* peer_bar's struct pages come from the same pool, but it keeps all of it */
	pci_driver(bdf, driver, sizeof(driver));
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/p2pmem/allocate", bdf);
	return strcmp(driver, "peer_bar") != 0 && !access(path, F_OK);
}

/* Line N of "resource" is "first last flags" of BAR N, in hexadecimal. */
int pci_bar_read(const char *bdf, int bar, struct pci_bar *out)
{
	unsigned long long first = 0, last = 0, flags = 0;
	char path[PATH_TEXT], line[128];
	int i, got = 0;
	FILE *file;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/resource", bdf);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	for (i = 0; i <= bar && fgets(line, sizeof(line), file); i++)
		got = sscanf(line, "%llx %llx %llx", &first, &last, &flags);
	fclose(file);
	if (i <= bar || got != 3 || last <= first)
		return -ENXIO;
	out->start = first;
	out->len = last - first + 1;
	out->memory = flags & 0x200; /* IORESOURCE_MEM */
	return 0;
}

void pci_driver(const char *bdf, char *name, size_t size)
{
	char path[PATH_TEXT], target[PATH_MAX];
	const char *base;
	ssize_t len;

	name[0] = '\0';
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver", bdf);
	len = readlink(path, target, sizeof(target) - 1);
	if (len <= 0)
		return;
	target[len] = '\0';
	base = strrchr(target, '/');
	snprintf(name, size, "%s", base ? base + 1 : target);
}

bool pci_memory_enabled(const char *bdf)
{
	char path[PATH_TEXT];
	uint8_t command;
	bool enabled = true;
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/config", bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	if (pread(fd, &command, 1, COMMAND_OFFSET) == 1)
		enabled = command & COMMAND_MEMORY;
	close(fd);
	return enabled;
}

int sysfs_read(const char *path, char *text, size_t size)
{
	ssize_t len;
	int fd, ret;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, text, size - 1);
	ret = len < 0 ? -errno : 0;
	close(fd);
	if (ret)
		return ret;
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

int sysfs_read_u64(const char *path, uint64_t *value)
{
	char text[32], *end;
	int ret = sysfs_read(path, text, sizeof(text));

	if (ret)
		return ret;
	*value = strtoull(text, &end, 0);
	return end == text ? -EINVAL : 0;
}
