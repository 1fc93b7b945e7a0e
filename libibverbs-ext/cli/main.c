// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const struct cli_command commands[] = {
	{ "list", "[--all]", "memory that can be registered: BARs, CMBs, who uses them", cmd_list },
	{ "topo", "[--svg] [--from BDF]... [--to BDF]...",
	  "which NIC reaches which memory, by which way, and why not", cmd_topo },
	{ "query", "SPEC | PID", "what a buffer is, or what device memory a process maps", cmd_query },
	{ "why", "[-n COUNT] [PID]", "the newest refusals: why, and what to change", cmd_why },
	{ "check", "", "is everything there? What is not, and what to do", cmd_check },
	{ "stat", "", "counters of the kernel modules", cmd_stat },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

int cli_fail(int error, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("peer_mem: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return error;
}

int cli_usage(const char *command, const char *what)
{
	return cli_fail(-EINVAL, "%s: %s; see peer_mem help", command, what);
}

int cli_open(struct cli *cli)
{
	struct ibvx_error err;
	int ret;

	if (cli->x)
		return 0;
	ret = ibvx_open(&cli->x, &err);
	return ret ? cli_fail(ret, "%s", err.text) : 0;
}

int cli_print(struct cli *cli, json_object *doc, void (*as_text)(json_object *doc))
{
	if (cli->json)
		puts(json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PRETTY |
						    JSON_C_TO_STRING_SPACED |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		as_text(doc);
	json_object_put(doc);
	return 0;
}

static void help(void)
{
	const char *usage;

	puts("usage: peer_mem [--json] COMMAND [ARGUMENT]...\n       peer_mem help | --version\n");
	for (size_t i = 0; i < NR_COMMANDS; i++)
		printf("  %-6s %s\n         %s\n", commands[i].name, commands[i].arguments,
		       commands[i].about);
	puts("\nSPEC names memory:");
	for (unsigned int i = 0; pbuf_provider(i, &usage); i++)
		printf("  %s\n", usage);
}

/* --json is understood before and behind the command; it goes out of argv. */
static int take_json(struct cli *cli, int argc, char **argv)
{
	int kept = 0;

	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			cli->json = true;
		else
			argv[kept++] = argv[i];
	}
	argv[kept] = NULL;
	return kept;
}

int main(int argc, char **argv)
{
	struct cli cli = { 0 };
	int status = -EINVAL;

	argc = take_json(&cli, argc, argv);
	if (argc < 2 || !strcmp(argv[1], "help") || !strcmp(argv[1], "--help") ||
	    !strcmp(argv[1], "-h")) {
		help();
		return argc < 2;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("peer_mem " PEER_MEM_VERSION);
		return 0;
	}
	for (size_t i = 0; i < NR_COMMANDS; i++) {
		if (strcmp(commands[i].name, argv[1]))
			continue;
		status = commands[i].run(&cli, argc - 1, argv + 1);
		ibvx_close(cli.x);
		/* a full disk or a closed pipe must not look like success */
		if (fflush(stdout) || ferror(stdout))
			status = -EIO;
		return status < 0 ? 1 : status;
	}
	cli_fail(0, "there is no command %s; see peer_mem help", argv[1]);
	return 1;
}
