/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The peer_mem command: one file a subcommand. A subcommand collects what it has to
 * say in one JSON document and hands it to cli_print(), which writes it as it is or
 * lets the subcommand's own function write it for people. Functions return 0 or a
 * negative errno; whoever knows first what is wrong says it with cli_fail().
 */
#ifndef CLI_H
#define CLI_H

#include <ibvx.h>
#include <json-c/json.h>
#include <pbuf.h>
#include <stdbool.h>
#include <stdint.h>

struct cli {
	bool json;
	struct ibvx *x; /* after cli_open() */
};

struct cli_command {
	const char *name;
	const char *arguments;
	const char *about;
	/* argv[0] is the command's name. Returns the exit status or a negative errno. */
	int (*run)(struct cli *cli, int argc, char **argv);
};

int cmd_check(struct cli *cli, int argc, char **argv);
int cmd_list(struct cli *cli, int argc, char **argv);
int cmd_query(struct cli *cli, int argc, char **argv);
int cmd_stat(struct cli *cli, int argc, char **argv);
int cmd_topo(struct cli *cli, int argc, char **argv);
int cmd_why(struct cli *cli, int argc, char **argv);

/* Prints "peer_mem: text" on stderr and returns @error. */
int cli_fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* cli_fail() for a wrong command line: names the help. */
int cli_usage(const char *command, const char *what);

/* Opens the handle once. */
int cli_open(struct cli *cli);

/* Writes @doc and drops it; 0. */
int cli_print(struct cli *cli, json_object *doc, void (*as_text)(json_object *doc));

/* ---- documents ---- */

void put_text(json_object *object, const char *key, const char *value); /* "": null */
void put_int(json_object *object, const char *key, int64_t value);
void put_u64(json_object *object, const char *key, uint64_t value);
void put_bool(json_object *object, const char *key, bool value);
const char *get_text(json_object *object, const char *key); /* "" if null */
int64_t get_int(json_object *object, const char *key);	    /* 0 if null */
bool get_bool(json_object *object, const char *key);
bool has(json_object *object, const char *key); /* and is not null */

/* Calls for each object of an array. */
#define for_each_row(row, rows) \
	for (size_t row##_i = 0; row##_i < json_object_array_length(rows) && \
	     ((row) = json_object_array_get_idx(rows, row##_i)); row##_i++)

/* ---- text ---- */

enum out_form {
	OUT_TEXT, /* whatever the value is; null: - */
	OUT_SIZE, /* bytes, in the largest unit that is exact */
};

struct out_column {
	const char *key, *title;
	enum out_form form;
};

/* A table as wide as its values; @columns ends with a NULL key. */
void out_table(json_object *rows, const struct out_column *columns);

/* "64 MiB" */
const char *out_size(uint64_t bytes, char text[32]);

/* ---- what there is (scan.c) ---- */

/*
 * Memory that could be registered: an array of {function, bar, kind, driver, spec, node,
 * mode, size, free, pages, cache, pins, revoked}; @all: also BARs that nobody offers.
 */
json_object *scan_memory(bool all);

/* Names of the RDMA devices, an array of strings. */
json_object *scan_rdma(void);

/* Where debugfs is mounted, if anywhere. */
#define CLI_DEBUGFS "/sys/kernel/debug/peer_mem"

#endif /* CLI_H */
