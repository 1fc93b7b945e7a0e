// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * peer_mem why: the newest refusals, one sentence each. They outlive the program that
 * met them, which usually only said "Couldn't allocate MR".
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define DEFAULT_COUNT 10

static const char *errno_name(int error)
{
	const char *name = strerrorname_np(error);

	return name ? name : "unknown errno";
}

static json_object *to_row(const struct ibvx_refusal *refusal)
{
	json_object *row = json_object_new_object();

	put_int(row, "pid", refusal->pid);
	put_text(row, "program", refusal->program);
	put_u64(row, "seconds_ago", refusal->seconds_ago);
	put_text(row, "error", errno_name(-refusal->error));
	put_u64(row, "addr", refusal->addr);
	put_u64(row, "len", refusal->len);
	put_text(row, "nic", refusal->nic);
	put_text(row, "where", refusal->where);
	put_text(row, "why", refusal->why);
	put_text(row, "change", refusal->change);
	return row;
}

static void print_age(uint64_t seconds)
{
	if (seconds < 120)
		printf("%llu s ago", (unsigned long long)seconds);
	else if (seconds < 7200)
		printf("%llu min ago", (unsigned long long)seconds / 60);
	else
		printf("%llu h ago", (unsigned long long)seconds / 3600);
}

static void as_text(json_object *doc)
{
	json_object *rows = json_object_object_get(doc, "refusals"), *row;

	if (!json_object_array_length(rows))
		puts("nothing was refused that you may see: root sees every user's, others their own; what peer_mem did not refuse, the NIC's driver or the kernel did (dmesg)");
	for_each_row(row, rows) {
		print_age((uint64_t)get_int(row, "seconds_ago"));
		printf(" %s[%lld] could not register %llu bytes at 0x%llx%s%s%s%s: %s [%s]%s%s.\n",
		       get_text(row, "program"), (long long)get_int(row, "pid"),
		       (unsigned long long)json_object_get_uint64(
			       json_object_object_get(row, "len")),
		       (unsigned long long)json_object_get_uint64(
			       json_object_object_get(row, "addr")),
		       has(row, "where") ? " of " : "", get_text(row, "where"),
		       has(row, "nic") ? " for " : "", get_text(row, "nic"),
		       get_text(row, "why"), get_text(row, "error"),
		       has(row, "change") ? "; to change it: " : "", get_text(row, "change"));
	}
}

/* A decimal number up to @max, or -EINVAL. */
static int parse_number(const char *text, long max, long *value)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*value = strtol(text, &end, 10);
	return errno || *end || *value > max ? -EINVAL : 0;
}

static int parse_arguments(int argc, char **argv, long *count, long *pid)
{
	*count = DEFAULT_COUNT;
	*pid = 0;
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-n")) {
			if (++i == argc || parse_number(argv[i], INT_MAX, count))
				return cli_usage("why", "-n wants a number");
		} else if (parse_number(argv[i], INT_MAX, pid) || !*pid) {
			return cli_usage("why", "a process is named by its number");
		}
	}
	return 0;
}

int cmd_why(struct cli *cli, int argc, char **argv)
{
	json_object *doc, *rows;
	struct ibvx_refusal refusal;
	long count, pid;
	int ret;

	ret = parse_arguments(argc, argv, &count, &pid);
	if (!ret)
		ret = cli_open(cli);
	if (ret)
		return ret;
	rows = json_object_new_array();
	for (unsigned int i = 0; i < (unsigned long)count; i++) {
		ret = ibvx_refusal(cli->x, i, (pid_t)pid, &refusal, sizeof(refusal));
		if (ret)
			break;
		json_object_array_add(rows, to_row(&refusal));
	}
	doc = json_object_new_object();
	json_object_object_add(doc, "refusals", rows);
	return cli_print(cli, doc, as_text);
}
