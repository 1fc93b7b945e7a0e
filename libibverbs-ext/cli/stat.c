// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* peer_mem stat: counters of all modules. */
#include <errno.h>
#include <stdio.h>

#include "cli.h"

static void as_text(json_object *doc)
{
	json_object_object_foreach(doc, name, value)
		printf("%-28s %s\n", name, json_object_get_string(value));
}

int cmd_stat(struct cli *cli, int argc, char **argv)
{
	json_object *doc;
	long long value;
	char name[64];
	FILE *file;

	(void)argv;
	if (argc != 1)
		return cli_usage("stat", "takes no arguments");
	file = fopen(CLI_DEBUGFS "/counters", "re");
	if (!file)
		return cli_debugfs_fail(-errno, "counters");
	doc = json_object_new_object();
	while (fscanf(file, "%63s %lld", name, &value) == 2)
		put_int(doc, name, value);
	fclose(file);
	return cli_print(cli, doc, as_text);
}
