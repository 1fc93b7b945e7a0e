// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* peer_mem list: memory that can be registered. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const struct out_column columns[] = {
	{ "spec", "SPEC", OUT_TEXT },	  { "kind", "KIND", OUT_TEXT },
	{ "driver", "DRIVER", OUT_TEXT }, { "size", "SIZE", OUT_SIZE },
	{ "free", "FREE", OUT_SIZE },	  { "pages", "PAGES", OUT_TEXT },
	{ "cache", "CACHE", OUT_TEXT },	  { "mode", "MODE", OUT_TEXT },
	{ "pins", "PINS", OUT_TEXT },	  { "node", "NODE", OUT_TEXT },
	{ 0 },
};

static void as_text(json_object *doc)
{
	json_object *memory = json_object_object_get(doc, "memory"), *row;

	if (!json_object_array_length(memory)) {
		puts("no memory is offered; `peer_mem list --all` shows BARs that peer_bar could offer, `peer_mem check` what is missing");
		return;
	}
	out_table(memory, columns);
	for_each_row(row, memory)
		if (get_bool(row, "revoked"))
			printf("%s BAR %lld is revoked: its device is being unbound\n",
			       get_text(row, "function"), (long long)get_int(row, "bar"));
	if (geteuid())
		puts("(pins, and mappings of other drivers, are shown to root only)");
}

int cmd_list(struct cli *cli, int argc, char **argv)
{
	bool all = argc == 2 && !strcmp(argv[1], "--all");
	json_object *doc;

	if (argc != 1 + all)
		return cli_usage("list", "takes --all or nothing");
	doc = json_object_new_object();
	json_object_object_add(doc, "memory", scan_memory(all));
	return cli_print(cli, doc, as_text);
}
