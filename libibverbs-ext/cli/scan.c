// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What memory there is: the nodes of peer_bar, the P2P memory that stock drivers
 * publish, and, for root, the kernel's list of regions, which knows who is pinned and
 * which foreign mappings are registered.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "pci.h"

#define NODES "/sys/class/peer_bar"
#define SMALLEST_BAR 4096 /* below that nothing can be mapped */

static json_object *new_row(const char *function, const char *kind)
{
	json_object *row = json_object_new_object();
	char driver[64];

	pci_driver(function, driver, sizeof(driver));
	put_text(row, "function", function);
	json_object_object_add(row, "bar", NULL);
	put_text(row, "kind", kind);
	put_text(row, "driver", driver);
	/* what only root is told: add_region() */
	json_object_object_add(row, "pins", NULL);
	json_object_object_add(row, "revoked", NULL);
	return row;
}

static void put_mode(json_object *row, const char *path)
{
	struct stat info;
	char mode[8];

	put_text(row, "node", path);
	if (stat(path, &info)) {
		json_object_object_add(row, "mode", NULL);
		return;
	}
	snprintf(mode, sizeof(mode), "%04o", info.st_mode & 07777);
	put_text(row, "mode", mode);
}

/* ---- peer_bar ---- */

static void add_node(json_object *rows, const char *name)
{
	char function[PCI_ADDRESS_TEXT], path[320], text[32];
	uint64_t value;
	json_object *row;
	int bar;

	/* the name of /dev/peer_bar/BDF/barN in sysfs */
	if (sscanf(name, "peer_bar!%23[^!]!bar%d", function, &bar) != 2)
		return;
	row = new_row(function, "peer_bar");
	put_int(row, "bar", bar);
	snprintf(path, sizeof(path), "bar:%s/%d", function, bar);
	put_text(row, "spec", path);
	snprintf(path, sizeof(path), "/dev/peer_bar/%s/bar%d", function, bar);
	put_mode(row, path);
	snprintf(path, sizeof(path), NODES "/%s/size", name);
	if (!sysfs_read_u64(path, &value))
		put_u64(row, "size", value);
	json_object_object_add(row, "free", NULL);
	snprintf(path, sizeof(path), NODES "/%s/pages", name);
	put_bool(row, "pages", !sysfs_read_u64(path, &value) && value);
	snprintf(path, sizeof(path), NODES "/%s/cache", name);
	put_text(row, "cache", sysfs_read(path, text, sizeof(text)) ? "" : text);
	json_object_array_add(rows, row);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Calls @fn for each entry of a directory, sorted; none if there is no directory. */
static void for_each_entry(const char *dir, void (*fn)(json_object *rows, const char *name),
			   json_object *rows)
{
	struct dirent **entries;
	int nr = scandir(dir, &entries, not_hidden, by_name);

	if (nr < 0)
		return;
	for (int i = 0; i < nr; i++) {
		fn(rows, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

/* ---- P2P memory of stock drivers ---- */

static void add_p2pmem(json_object *rows, const char *function)
{
	char path[320];
	json_object *row;
	uint64_t value;

	if (!pci_has_p2pmem(function))
		return;
	row = new_row(function, "p2pmem");
	snprintf(path, sizeof(path), "cmb:%s", function);
	put_text(row, "spec", path);
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/p2pmem/allocate", function);
	put_mode(row, path);
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/p2pmem/size", function);
	if (!sysfs_read_u64(path, &value))
		put_u64(row, "size", value);
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/p2pmem/available", function);
	if (!sysfs_read_u64(path, &value))
		put_u64(row, "free", value);
	put_bool(row, "pages", true);
	json_object_object_add(row, "cache", NULL);
	json_object_array_add(rows, row);
}

/* ---- what nobody offers ---- */

static bool is_offered(json_object *rows, const char *function)
{
	json_object *row;

	for_each_row(row, rows)
		if (!strcmp(get_text(row, "function"), function) &&
		    strcmp(get_text(row, "kind"), "not offered") != 0)
			return true;
	return false;
}

static void add_unused_bar(json_object *rows, const char *function)
{
	struct pci_bar bar;
	json_object *row;
	char path[320];

	if (is_offered(rows, function))
		return;
	for (int i = 0; i < PCI_NR_BARS; i++) {
		if (pci_bar_read(function, i, &bar) || !bar.memory || bar.len < SMALLEST_BAR)
			continue;
		row = new_row(function, "not offered");
		put_int(row, "bar", i);
		snprintf(path, sizeof(path), "sysfs:%s/%d", function, i);
		put_text(row, "spec", path);
		snprintf(path, sizeof(path), PCI_DEVICES "/%s/resource%d", function, i);
		put_mode(row, path);
		put_u64(row, "size", bar.len);
		json_object_object_add(row, "free", NULL);
		put_bool(row, "pages", false);
		json_object_object_add(row, "cache", NULL);
		json_object_array_add(rows, row);
	}
}

/* ---- the kernel's regions ---- */

struct region {
	char function[PCI_ADDRESS_TEXT];
	int bar;
	unsigned long long start, len;
	char exporter[64];
	bool pages, revoked;
	int64_t pins;
};

/* "BDF BAR N 0xSTART+0xLEN EXPORTER pages|pfns pins=N[ revoked]"; exporters have blanks */
static bool parse_region(char *line, struct region *region)
{
	char *pins = strstr(line, " pins="), *kind;
	int at = 0;

	if (!pins || sscanf(line, "%23s BAR %d %llx+%llx %n", region->function, &region->bar,
			    &region->start, &region->len, &at) != 4)
		return false;
	*pins = '\0';
	region->pins = strtoll(pins + 6, NULL, 10);
	region->revoked = strstr(pins + 6, " revoked");
	kind = strrchr(line + at, ' ');
	if (!kind)
		return false;
	*kind++ = '\0';
	region->pages = !strcmp(kind, "pages");
	snprintf(region->exporter, sizeof(region->exporter), "%s", line + at);
	return true;
}

/* The row that shows this region already. p2pmem does not know its BAR's number. */
static json_object *row_of(json_object *rows, const struct region *region)
{
	json_object *row;

	for_each_row(row, rows) {
		const char *kind = get_text(row, "kind");

		if (strcmp(get_text(row, "function"), region->function) != 0)
			continue;
		if ((!strcmp(kind, "peer_bar") && get_int(row, "bar") == region->bar &&
		     !strcmp(region->exporter, "peer_bar")) ||
		    (!strcmp(kind, "p2pmem") && !strcmp(region->exporter, "p2pdma")))
			return row;
	}
	return NULL;
}

static void add_region(json_object *rows, const struct region *region)
{
	json_object *row = row_of(rows, region);

	if (!row) {
		row = new_row(region->function, region->exporter);
		put_u64(row, "size", region->len);
		put_bool(row, "pages", region->pages);
		json_object_array_add(rows, row);
	}
	put_int(row, "bar", region->bar);
	put_int(row, "pins", region->pins);
	put_bool(row, "revoked", region->revoked);
}

static void add_regions(json_object *rows)
{
	FILE *file = fopen(CLI_DEBUGFS "/regions", "re");
	struct region region;
	char line[256];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (parse_region(line, &region))
			add_region(rows, &region);
	}
	fclose(file);
}

json_object *scan_memory(bool all)
{
	json_object *rows = json_object_new_array();

	for_each_entry(NODES, add_node, rows);
	for_each_entry(PCI_DEVICES, add_p2pmem, rows);
	add_regions(rows);
	if (all)
		for_each_entry(PCI_DEVICES, add_unused_bar, rows);
	return rows;
}

static void add_name(json_object *rows, const char *name)
{
	json_object_array_add(rows, json_object_new_string(name));
}

json_object *scan_rdma(void)
{
	json_object *names = json_object_new_array();

	for_each_entry("/sys/class/infiniband", add_name, names);
	return names;
}
