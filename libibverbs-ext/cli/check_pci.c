// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What decides by which way peers meet: the IOMMU, and ACS redirection at switch ports.
 * The ACS control register is beyond the 64 bytes of configuration space that everybody
 * may read; without root the kernel's answer about each pair has to do.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "cli.h"
#include "pci.h"

/* ---- IOMMU ---- */

struct iommu_view {
	unsigned int translated, identity;
};

static void look_at_groups(struct iommu_view *view)
{
	DIR *dir = opendir("/sys/kernel/iommu_groups");
	struct dirent *entry;
	char path[320], type[32];

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%s/type", entry->d_name);
		if (entry->d_name[0] == '.' || sysfs_read(path, type, sizeof(type)))
			continue;
		if (!strcmp(type, "identity"))
			view->identity++;
		else
			view->translated++;
	}
	if (dir)
		closedir(dir);
}

void check_iommu(json_object *lines)
{
	struct iommu_view view = { 0 };

	look_at_groups(&view);
	if (view.translated)
		check_add(lines, "IOMMU", CHECK_OK, NULL,
			  "translates for %u groups: a revoke can cut NICs off at once, mappings of other drivers can be registered; peers meet in the host bridge where ACS redirects",
			  view.translated);
	else if (view.identity)
		check_add(lines, "IOMMU", CHECK_OK,
			  "iommu.passthrough=0 on the kernel's command line, if mappings of other drivers (VFIO, sysfs) are to be registered",
			  "on, but in pass-through: a revoke waits for NICs instead of cutting them off");
	else
		check_add(lines, "IOMMU", CHECK_OK,
			  "turn it on (firmware; intel_iommu=on), if mappings of other drivers (VFIO, sysfs) are to be registered",
			  "off: a revoke waits for NICs instead of cutting them off");
}

/* ---- ACS, as root ---- */

#define PCI_CLASS_BRIDGE 0x0604
#define PCI_EXT_CAP_START 0x100
#define PCI_EXT_CAP_ACS 0x0d
#define PCI_ACS_CONTROL 6
#define ACS_REDIRECT (0x04 | 0x08 | 0x20) /* request, completion, egress */
#define MAX_CAPS 96			  /* all there can be in 4 KiB, so loops end */

/* Is redirection on? -EACCES: beyond what this user may read; -ENOENT: no ACS. */
static int acs_redirects(const char *function)
{
	char path[320];
	unsigned int at = PCI_EXT_CAP_START;
	uint32_t header;
	uint16_t control;
	int fd, ret = -ENOENT;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/config", function);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (int i = 0; at && i < MAX_CAPS; i++) {
		ssize_t got = pread(fd, &header, sizeof(header), at);

		if (got != sizeof(header)) {
			ret = geteuid() ? -EACCES : -ENOENT;
			break;
		}
		if ((header & 0xffff) == PCI_EXT_CAP_ACS) {
			if (pread(fd, &control, sizeof(control), at + PCI_ACS_CONTROL) ==
			    sizeof(control))
				ret = !!(control & ACS_REDIRECT);
			break;
		}
		at = header >> 20;
	}
	close(fd);
	return ret;
}

static bool is_bridge(const char *function)
{
	uint64_t class;
	char path[320];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/class", function);
	return !sysfs_read_u64(path, &class) && class >> 8 == PCI_CLASS_BRIDGE;
}

struct acs_view {
	unsigned int on, off;
	bool hidden; /* some could not be read */
	char first[PCI_ADDRESS_TEXT];
};

static void look_at_ports(struct acs_view *view)
{
	DIR *dir = opendir(PCI_DEVICES);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		int ret;

		if (entry->d_name[0] == '.' || !is_bridge(entry->d_name))
			continue;
		ret = acs_redirects(entry->d_name);
		if (ret == -EACCES)
			view->hidden = true;
		else if (ret == 0)
			view->off++;
		else if (ret == 1 && !view->on++)
			snprintf(view->first, sizeof(view->first), "%.23s", entry->d_name);
	}
	if (dir)
		closedir(dir);
}

/* ---- ACS, as anybody ---- */

static bool memory_is_refused(struct cli *cli, const char *nic, json_object *memory,
			      json_object *lines)
{
	struct ibvx_reach reach;
	bool refused = false;
	json_object *row;

	for_each_row(row, memory) {
		if (!has(row, "spec") || ibvx_reach(cli->x, nic, get_text(row, "function"),
						    &reach, sizeof(reach), NULL))
			continue;
		if (reach.way != IBVX_WAY_NONE)
			continue;
		refused = true;
		check_add(lines, "way", CHECK_WARN, NULL, "%s does not reach %s: %s", nic,
			  get_text(row, "function"), reach.why);
	}
	return refused;
}

static void check_ways(struct cli *cli, json_object *lines)
{
	json_object *nics = scan_rdma(), *memory = scan_memory(false), *nic;
	bool refused = false;

	for_each_row(nic, nics)
		refused |= memory_is_refused(cli, json_object_get_string(nic), memory, lines);
	if (!refused && json_object_array_length(nics) && json_object_array_length(memory))
		check_add(lines, "way", CHECK_OK, NULL,
			  "every RDMA device reaches all memory that is offered (peer_mem topo)");
	json_object_put(nics);
	json_object_put(memory);
}

void check_acs(struct cli *cli, json_object *lines)
{
	struct acs_view view = { 0 };

	look_at_ports(&view);
	if (view.on)
		check_add(lines, "ACS", CHECK_WARN,
			  "fine under an IOMMU; for the direct way: pci=disable_acs_redir=BDF;... on the kernel's command line",
			  "redirection is on at %u ports (%s ...): peers below them meet in the host bridge, not in the switch",
			  view.on, view.first);
	else if (view.hidden)
		check_add(lines, "ACS", CHECK_OK, "sudo peer_mem check",
			  "only root may read it at the ports; the ways below are what comes of it");
	else
		check_add(lines, "ACS", CHECK_OK, NULL,
			  "no port redirects (%u ports have ACS): peers below one switch meet there",
			  view.off);
	if (cli->x)
		check_ways(cli, lines);
}
