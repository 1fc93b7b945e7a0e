// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * peer_mem query SPEC: map it and ask the kernel what it is and who reaches it.
 * peer_mem query PID: device memory that a process maps, by the files it came from.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "pci.h"

static const char *kind_name(uint32_t kind)
{
	static const char *const names[] = {
		[IBVX_HOLE] = "nothing", [IBVX_HOST] = "host memory",
		[IBVX_PEER] = "peer memory", [IBVX_PFN] = "PFN map",
	};

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

static const char *cache_name(uint32_t attrs)
{
	if (attrs & IBVX_MEMORY_UNCACHED)
		return "uncached";
	return attrs & IBVX_MEMORY_COMBINED ? "write-combining" : "cached";
}

/* ---- a spec ---- */

static void put_memory(json_object *doc, const struct ibvx_memory *memory)
{
	put_text(doc, "kind", kind_name(memory->kind));
	put_text(doc, "exporter", memory->exporter);
	put_bool(doc, "pages", memory->attrs & IBVX_MEMORY_PAGES);
	put_bool(doc, "writable", memory->attrs & IBVX_MEMORY_WRITE);
	put_bool(doc, "shared", memory->attrs & IBVX_MEMORY_SHARED);
	put_text(doc, "cache", cache_name(memory->attrs));
	put_bool(doc, "revocable", memory->attrs & IBVX_MEMORY_REVOCABLE);
	put_text(doc, "function", memory->function);
	json_object_object_add(doc, "bar", NULL);
	json_object_object_add(doc, "offset", NULL);
	if (!(memory->attrs & IBVX_MEMORY_FUNCTION))
		return;
	put_int(doc, "bar", memory->bar);
	if (memory->bar_offset != UINT64_MAX)
		put_u64(doc, "offset", memory->bar_offset);
}

static void put_nics(struct cli *cli, json_object *doc, const struct ibvx_memory *memory)
{
	json_object *names = scan_rdma(), *nics = json_object_new_object(), *name;
	static const char *const ways[] = { "refused", "switch", "host bridge", "IOMMU", "CPU" };
	struct ibvx_reach reach;
	char owner[40];

	snprintf(owner, sizeof(owner), "%s/%d", memory->function, memory->bar);
	for_each_row(name, names)
		if (!ibvx_reach(cli->x, json_object_get_string(name), owner, &reach,
				sizeof(reach), NULL))
			put_text(nics, json_object_get_string(name),
				 reach.way < sizeof(ways) / sizeof(ways[0]) ? ways[reach.way] :
									      "unknown");
	json_object_put(names);
	json_object_object_add(doc, "reached_by", nics);
}

static void print_function(json_object *doc)
{
	printf("  %s BAR %lld ", get_text(doc, "function"), (long long)get_int(doc, "bar"));
	if (has(doc, "offset"))
		printf("from offset 0x%llx", (unsigned long long)get_int(doc, "offset"));
	else
		printf("(only root is told the offset)");
	printf(", exporter %s\n", has(doc, "exporter") ? get_text(doc, "exporter") : "none");
}

static void spec_as_text(json_object *doc)
{
	char size[32];

	printf("%s: %s of %s at 0x%llx\n", get_text(doc, "spec"),
	       out_size((uint64_t)get_int(doc, "size"), size), get_text(doc, "kind"),
	       (unsigned long long)get_int(doc, "addr"));
	if (has(doc, "function"))
		print_function(doc);
	printf("  struct pages: %s%s\n", get_bool(doc, "pages") ? "yes" : "no",
	       has(doc, "function") && !get_bool(doc, "pages") ?
		       " (only NICs that do their own DMA can use it)" : "");
	printf("  mapping: %s, %s, %s\n", get_bool(doc, "shared") ? "shared" : "private",
	       get_bool(doc, "writable") ? "writable" : "read-only", get_text(doc, "cache"));
	if (get_bool(doc, "revocable"))
		puts("  revocable: when its device is unbound, every region on it ends");
	if (!has(doc, "reached_by"))
		return;
	json_object_object_foreach(json_object_object_get(doc, "reached_by"), nic, way)
		printf("  %s: %s\n", nic, json_object_get_string(way));
}

static int query_spec(struct cli *cli, const char *spec)
{
	struct ibvx_memory memory;
	struct ibvx_error err;
	json_object *doc;
	struct pbuf *buf;
	int ret;

	ret = pbuf_alloc(spec, &buf, &err);
	if (ret)
		return cli_fail(ret, "%s", err.text);
	ret = ibvx_query(cli->x, pbuf_addr(buf), &memory, sizeof(memory));
	if (ret) {
		pbuf_free(buf);
		return cli_fail(ret, "%s: %s", spec, strerror(-ret));
	}
	doc = json_object_new_object();
	put_text(doc, "spec", spec);
	put_u64(doc, "addr", (uintptr_t)pbuf_addr(buf));
	put_u64(doc, "size", pbuf_size(buf));
	put_memory(doc, &memory);
	if (memory.attrs & IBVX_MEMORY_FUNCTION)
		put_nics(cli, doc, &memory);
	pbuf_free(buf);
	return cli_print(cli, doc, spec_as_text);
}

/* ---- a process ---- */

/* The function and BAR that a mapped file belongs to; false: no device memory. */
static bool device_of(const char *path, char function[PCI_ADDRESS_TEXT], int *bar)
{
	const char *tail = strrchr(path, '/');
	struct pci_address at;
	const char *end;

	*bar = -1;
	if (!tail || (sscanf(tail, "/bar%d", bar) != 1 && sscanf(tail, "/resource%d", bar) != 1 &&
		      strcmp(tail, "/allocate") != 0))
		return false;
	/* the last directory that is a function */
	for (const char *slash = path; (slash = strchr(slash + 1, '/')) && slash <= tail;) {
		if (!pci_address_parse(slash + 1, &at, &end) && *end == '/') {
			pci_address_format(&at, function);
			function[PCI_ADDRESS_TEXT - 1] = '\0';
		}
	}
	return function[0];
}

static const struct out_column map_columns[] = {
	{ "start", "ADDRESS", OUT_TEXT }, { "size", "SIZE", OUT_SIZE },
	{ "mode", "MODE", OUT_TEXT },	  { "function", "FUNCTION", OUT_TEXT },
	{ "bar", "BAR", OUT_TEXT },	  { "path", "FILE", OUT_TEXT },
	{ 0 },
};

static void maps_as_text(json_object *doc)
{
	json_object *rows = json_object_object_get(doc, "mappings");

	if (json_object_array_length(rows))
		out_table(rows, map_columns);
	else
		puts("maps no device memory that is known by its file");
}

static void add_map(json_object *rows, const char *line)
{
	char function[PCI_ADDRESS_TEXT] = "", mode[8], path[512] = "", text[32];
	unsigned long long start, end;
	json_object *row;
	int bar;

	if (sscanf(line, "%llx-%llx %7s %*s %*s %*s %511[^\n]", &start, &end, mode, path) != 4 ||
	    !device_of(path, function, &bar))
		return;
	row = json_object_new_object();
	snprintf(text, sizeof(text), "0x%llx", start);
	put_text(row, "start", text);
	put_u64(row, "size", end - start);
	put_text(row, "mode", mode);
	put_text(row, "function", function);
	json_object_object_add(row, "bar", NULL);
	if (bar >= 0)
		put_int(row, "bar", bar);
	put_text(row, "path", path);
	json_object_array_add(rows, row);
}

static int query_process(struct cli *cli, const char *pid)
{
	json_object *doc, *rows;
	char path[64], line[1024];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.20s/maps", pid);
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? cli_fail(-ESRCH, "there is no process %s", pid) :
					 cli_fail(-errno, "%s: %s; only root and its user may look: sudo peer_mem ...",
						  path, strerror(errno));
	rows = json_object_new_array();
	while (fgets(line, sizeof(line), file))
		add_map(rows, line);
	fclose(file);
	doc = json_object_new_object();
	put_int(doc, "pid", atoi(pid));
	json_object_object_add(doc, "mappings", rows);
	return cli_print(cli, doc, maps_as_text);
}

int cmd_query(struct cli *cli, int argc, char **argv)
{
	int ret;

	if (argc != 2)
		return cli_usage("query", "wants a SPEC or a process number");
	if (argv[1][0] && argv[1][strspn(argv[1], "0123456789")] == '\0')
		return query_process(cli, argv[1]);
	ret = cli_open(cli);
	return ret ? ret : query_spec(cli, argv[1]);
}
