// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * peer_mem topo: RDMA devices by memory, with words that people know from GPU tools.
 *
 *   PIX    one PCIe switch between them    PXB    several switches
 *   PHB    through the host bridge         SYS    from one host bridge to another
 *   IOMMU  through either, translated
 *   CPU    a software NIC copies           self   the same function
 *   refused  and below the matrix why
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "pci.h"
#include "svg.h"

#define ONE_SWITCH 4 /* hops, as the kernel counts: up and down on both sides */
#define MAX_NAMES 64
#define COLUMN 14 /* characters: a function and its BAR */

struct names {
	const char *name[MAX_NAMES];
	unsigned int nr;
};

/* "/sys/devices/pci0000:40" of a function's path: the host bridge that it is below. */
static void host_bridge(const char *function, char *text, size_t size)
{
	char path[320], *real, *end;

	*text = '\0';
	snprintf(path, sizeof(path), PCI_DEVICES "/%s", function);
	real = realpath(path, NULL);
	if (!real)
		return;
	end = strstr(real, "/pci");
	end = end ? strchr(end + 1, '/') : NULL;
	if (end)
		snprintf(text, size, "%.*s", (int)(end - real), real);
	free(real);
}

static bool same_host_bridge(const struct ibvx_reach *reach)
{
	char client[64], owner[64];

	host_bridge(reach->client, client, sizeof(client));
	host_bridge(reach->owner, owner, sizeof(owner));
	return !strcmp(client, owner);
}

static const char *word_of(const struct ibvx_reach *reach)
{
	if (!strcmp(reach->client, reach->owner))
		return "self";
	switch (reach->way) {
	case IBVX_WAY_BUS:
		return reach->distance > ONE_SWITCH ? "PXB" : "PIX";
	case IBVX_WAY_HOST:
		return same_host_bridge(reach) ? "PHB" : "SYS";
	case IBVX_WAY_IOVA:
		return "IOMMU";
	case IBVX_WAY_CPU:
		return "CPU";
	default:
		return "refused";
	}
}

static int look(struct cli *cli, const char *nic, const char *memory, json_object *cells)
{
	struct ibvx_reach reach;
	struct ibvx_error err;
	json_object *cell;
	int ret;

	ret = ibvx_reach(cli->x, nic, memory, &reach, sizeof(reach), &err);
	if (ret)
		return cli_fail(ret, "%s", err.text);
	cell = json_object_new_object();
	put_text(cell, "nic", nic);
	put_text(cell, "memory", memory);
	put_text(cell, "way", word_of(&reach));
	json_object_object_add(cell, "distance", NULL);
	if (reach.distance >= 0)
		put_int(cell, "distance", reach.distance);
	put_bool(cell, "fence", reach.attrs & IBVX_REACH_FENCE);
	put_text(cell, "function", reach.client);
	put_text(cell, "why", reach.why);
	json_object_array_add(cells, cell);
	return 0;
}

/* ---- text ---- */

static void print_matrix(json_object *nics, json_object *memory, json_object *cells)
{
	size_t nr = json_object_array_length(memory), width = 3;
	json_object *nic;
	size_t at = 0;

	for_each_row(nic, nics)
		if (strlen(json_object_get_string(nic)) > width)
			width = strlen(json_object_get_string(nic));
	printf("%-*s", (int)width, "NIC");
	for (size_t i = 0; i < nr; i++)
		printf("  %-*s", i + 1 < nr ? COLUMN : 0,
		       json_object_get_string(json_object_array_get_idx(memory, i)));
	putchar('\n');
	for_each_row(nic, nics) {
		printf("%-*s", (int)width, json_object_get_string(nic));
		for (size_t i = 0; i < nr; i++)
			printf("  %-*s", i + 1 < nr ? COLUMN : 0,
			       get_text(json_object_array_get_idx(cells, at++), "way"));
		putchar('\n');
	}
}

static void print_reasons(json_object *cells)
{
	json_object *cell;

	for_each_row(cell, cells)
		if (has(cell, "why"))
			printf("%s -> %s: %s\n", get_text(cell, "nic"), get_text(cell, "memory"),
			       get_text(cell, "why"));
}

static void as_text(json_object *doc)
{
	json_object *nics = json_object_object_get(doc, "nics");
	json_object *memory = json_object_object_get(doc, "memory");
	json_object *cells = json_object_object_get(doc, "ways");

	if (!json_object_array_length(nics))
		puts("no RDMA device; `rdma link add rxe0 type rxe netdev NAME` makes a software one, --from BDF asks for any PCI function");
	if (!json_object_array_length(memory))
		puts("no memory is offered; `peer_mem list --all` shows what could be, --to BDF asks for any PCI function");
	if (!json_object_array_length(cells))
		return;
	print_matrix(nics, memory, cells);
	puts("\nPIX one PCIe switch, PXB several, PHB host bridge, SYS two host bridges, IOMMU host bridge with translation, CPU copied by a software NIC");
	print_reasons(cells);
}

/* ---- collecting ---- */

/* One column a BAR where the BAR is known, so that struct pages are those of that one. */
static json_object *offered_memory(void)
{
	json_object *rows = scan_memory(false), *names = json_object_new_array(), *row;
	char name[64];

	for_each_row(row, rows) {
		if (!has(row, "spec"))
			continue; /* a foreign mapping, nothing that is offered */
		if (!strcmp(get_text(row, "kind"), "peer_bar"))
			snprintf(name, sizeof(name), "%s/%lld", get_text(row, "function"),
				 (long long)get_int(row, "bar"));
		else
			snprintf(name, sizeof(name), "%s", get_text(row, "function"));
		json_object_array_add(names, json_object_new_string(name));
	}
	json_object_put(rows);
	return names;
}

static json_object *named(const struct names *names)
{
	json_object *array = json_object_new_array();

	for (unsigned int i = 0; i < names->nr; i++)
		json_object_array_add(array, json_object_new_string(names->name[i]));
	return array;
}

static json_object *new_doc(const struct names *from, const struct names *to)
{
	json_object *doc = json_object_new_object();

	json_object_object_add(doc, "nics", from->nr ? named(from) : scan_rdma());
	json_object_object_add(doc, "memory", to->nr ? named(to) : offered_memory());
	json_object_object_add(doc, "ways", json_object_new_array());
	return doc;
}

static int collect(struct cli *cli, json_object *doc)
{
	json_object *nics = json_object_object_get(doc, "nics"), *nic;
	json_object *memory = json_object_object_get(doc, "memory"), *mem;
	json_object *cells = json_object_object_get(doc, "ways");

	for_each_row(nic, nics)
		for_each_row(mem, memory) {
			int ret = look(cli, json_object_get_string(nic),
				       json_object_get_string(mem), cells);

			if (ret)
				return ret;
		}
	return 0;
}

static int add_name(struct names *names, int argc, char **argv, int *i)
{
	if (++*i == argc || names->nr == MAX_NAMES)
		return cli_usage("topo", "--from and --to want a name each, 64 at most");
	names->name[names->nr++] = argv[*i];
	return 0;
}

int cmd_topo(struct cli *cli, int argc, char **argv)
{
	struct names from = { 0 }, to = { 0 };
	json_object *doc;
	bool svg = false;
	int ret = 0;

	for (int i = 1; !ret && i < argc; i++) {
		if (!strcmp(argv[i], "--from"))
			ret = add_name(&from, argc, argv, &i);
		else if (!strcmp(argv[i], "--to"))
			ret = add_name(&to, argc, argv, &i);
		else if (!strcmp(argv[i], "--svg"))
			svg = true;
		else
			ret = cli_usage("topo", "takes --svg, --from BDF and --to BDF");
	}
	if (!ret)
		ret = cli_open(cli);
	if (ret)
		return ret;
	doc = new_doc(&from, &to);
	ret = collect(cli, doc);
	if (!ret)
		return cli_print(cli, doc, svg ? topo_svg : as_text);
	json_object_put(doc);
	return ret;
}
