// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* peer_mem stat: counters of all modules. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

static void as_text(json_object *doc)
{
	json_object_object_foreach(doc, name, value)
		printf("%-28s %s\n", name, json_object_get_string(value));
}

int cmd_stat(struct cli *cli, int argc, char **argv)
{
	struct ibvx_stat stat;
	json_object *doc;
	int ret;

	(void)argv;
	if (argc != 1)
		return cli_usage("stat", "takes no arguments");
	ret = cli_open(cli);
	if (ret)
		return ret;
	doc = json_object_new_object();
	for (unsigned int i = 0; !(ret = ibvx_stats(cli->x, i, &stat, sizeof(stat))); i++)
		put_int(doc, stat.name, stat.value);
	if (ret == -ENOENT)
		return cli_print(cli, doc, as_text);
	json_object_put(doc);
	if (ret == -ENOTTY)
		return cli_fail(ret, "stat: the module is of an older release than this command: install peer-mem-dkms of the same one");
	return cli_fail(ret, "stat: %s", strerror(-ret));
}
