// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_ucp --from SPEC --to SPEC [--sizes N,N,...] [--ops NAME,NAME,...] [--memh] [--touch FILE]
 * t_ucp --to SPEC --listen PORT [...]
 * t_ucp --from SPEC --connect ADDRESS:PORT [...]
 *
 * Two processes, connected through stock UCX: the active side's buffer is FROM, the passive
 * side's TO (as for t_copy). With --listen and --connect they are two programs, on two
 * machines too, which are given the same sizes and operations; both give the verdict. Each operation moves each size from one buffer to the other;
 * every byte that arrived is compared, and 64 bytes around it must be untouched. UCX is told
 * what to do by its own variables: UCX_TLS, UCX_NET_DEVICES, UCX_ZCOPY_THRESH, ...
 *
 * --memh hands UCX the registration with each request; without it UCX finds it in its cache.
 * --touch reads the counters of the lab's plugin of that name around each operation, when
 * nobody but UCX and the NIC touches the buffers:
 *   ucp OP BYTES user READ WRITTEN kernel READ WRITTEN
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t.h"
#include "t_meet.h"
#include "t_pattern.h"
#include "t_ucp.h"

#define START 4096 /* of the data in both buffers */
#define SEED  81
#define SEA   (UINT64_C(82) | T_PATTERN_SEA)

struct run {
	const char *from;    /* NULL: the other program's */
	const char *to;	     /* the same */
	const char *listen;  /* port */
	const char *connect; /* address and port */
	const char *sizes;
	const char *ops;
	const char *touch;
	bool memh;
	bool is_active;
	struct side side;
	uint64_t cases;
	uint64_t bytes;
};

struct touch {
	uint64_t count[8]; /* see plugin/touch.c */
};

static int read_touch(const struct run *run, struct touch *touch)
{
	int fd = open(run->touch, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;

	if (fd >= 0)
		got = pread(fd, touch, sizeof(*touch), 0);
	if (fd >= 0)
		close(fd);
	return got == sizeof(*touch) ? 0 : t_fail(-EIO, "read %s", run->touch);
}

static void show_touch(const struct ucp_op *op, size_t len, const struct touch *before,
		       const struct touch *after)
{
	uint64_t bytes[4];

	for (int i = 0; i < 4; i++)
		bytes[i] = after->count[2 * i + 1] - before->count[2 * i + 1];
	printf("ucp %s %zu user %" PRIu64 " %" PRIu64 " kernel %" PRIu64 " %" PRIu64 "\n",
	       op->name, len, bytes[0], bytes[1], bytes[2], bytes[3]);
}

static int prepare(struct run *run, const struct ucp_op *op, size_t len, bool receives)
{
	struct side *side = &run->side;
	char *base = side->buf.addr;

	if (!receives)
		t_pattern_fill(base + START, len, SEED + len, 0);
	else
		t_pattern_fill(base + START - T_PATTERN_GUARD, len + 2 * T_PATTERN_GUARD, SEA,
			       START - T_PATTERN_GUARD);
	return run->is_active || !op->post ? 0 : op->post(side, START, len);
}

static int transfer(struct run *run, const struct ucp_op *op, size_t len)
{
	struct touch before, after;
	bool watch = run->is_active && run->touch;
	int ret = 0;

	if (watch)
		ret = read_touch(run, &before);
	/* The counters are read before either side begins. */
	if (!ret)
		ret = side_in_step(&run->side);
	if (!ret && run->is_active)
		ret = op->active(&run->side, START, len);
	else if (!ret && op->passive)
		ret = op->passive(&run->side, START, len);
	if (!ret)
		ret = side_in_step(&run->side);
	if (!ret && watch)
		ret = read_touch(run, &after);
	if (!ret && watch)
		show_touch(op, len, &before, &after);
	return ret;
}

static int run_case(struct run *run, const struct ucp_op *op, size_t len)
{
	bool receives = run->is_active == op->to_active;
	struct t_target target = {
		.base = run->side.buf.addr,
		.size = START + len + T_PATTERN_GUARD,
		.start = START,
		.len = len,
		.sea = SEA,
	};
	char what[64];
	int ret;

	run->side.moving = len;
	snprintf(what, sizeof(what), "%s of %zu bytes", op->name, len);
	ret = prepare(run, op, len, receives);
	if (!ret)
		ret = side_in_step(&run->side);
	if (!ret)
		ret = transfer(run, op, len);
	/* Nobody looks before the counters have been read. */
	if (!ret)
		ret = side_in_step(&run->side);
	if (!ret && receives)
		ret = t_target_check(&target, SEED + len, 0, what);
	if (ret)
		return t_fail(ret, "%s, %s side", what, run->is_active ? "active" : "passive");
	run->cases++;
	run->bytes += len;
	return side_in_step(&run->side);
}

static int run_sizes(struct run *run, const struct ucp_op *op)
{
	char *list = strdup(run->sizes), *rest = list;
	int ret = list ? 0 : -ENOMEM;

	while (!ret && rest) {
		const char *item = strsep(&rest, ",");
		size_t len;

		if (t_parse_size(item, &len) || !len ||
		    len > run->side.buf.size - START - T_PATTERN_GUARD)
			ret = t_fail(-EINVAL, "size %s of %s", item, run->side.buf.spec);
		else
			ret = run_case(run, op, len);
	}
	free(list);
	return ret;
}

static bool wanted(const struct run *run, const char *name)
{
	return !run->ops || strstr(run->ops, name);
}

static int run_side(struct run *run, int fd)
{
	int ret = side_open(&run->side, fd, run->is_active ? run->from : run->to, run->memh);

	for (size_t i = 0; i < ucp_op_count && !ret; i++)
		if (wanted(run, ucp_ops[i].name))
			ret = run_sizes(run, &ucp_ops[i]);
	side_close(&run->side);
	if (!ret && (run->is_active || run->listen))
		printf("ucp from=%s to=%s cases=%" PRIu64 " bytes=%" PRIu64 " verified=yes\n",
		       run->from ? run->from : run->listen, run->to ? run->to : run->connect,
		       run->cases, run->bytes);
	return ret;
}

static int run_one(struct run *run)
{
	int fd = t_meet(run->listen ? run->listen : run->connect, run->listen);

	run->is_active = run->connect;
	return fd < 0 ? fd : run_side(run, fd);
}

/* UCX must not be set up before the fork. */
static int run_both(struct run *run)
{
	int fds[2], status = -1, ret;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return t_fail(-errno, "socketpair");
	child = fork();
	if (child < 0)
		return t_fail(-errno, "fork");
	run->is_active = child != 0;
	close(fds[run->is_active ? 1 : 0]);
	ret = run_side(run, fds[run->is_active ? 0 : 1]);
	if (!run->is_active) {
		fflush(stdout);
		_exit(t_verdict(ret));
	}
	if (waitpid(child, &status, 0) != child || status)
		ret = ret ? ret : t_fail(-ECHILD, "the passive side ended with status %#x", status);
	return ret;
}

static int parse_options(struct run *run, int argc, char **argv)
{
	static const struct option options[] = {
		{"from", required_argument, NULL, 'f'}, {"to", required_argument, NULL, 't'},
		{"listen", required_argument, NULL, 'l'},
		{"connect", required_argument, NULL, 'c'},
		{"sizes", required_argument, NULL, 's'}, {"ops", required_argument, NULL, 'o'},
		{"touch", required_argument, NULL, 'T'}, {"memh", no_argument, NULL, 'm'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'f': run->from = optarg; break;
		case 't': run->to = optarg; break;
		case 'l': run->listen = optarg; break;
		case 'c': run->connect = optarg; break;
		case 's': run->sizes = optarg; break;
		case 'o': run->ops = optarg; break;
		case 'T': run->touch = optarg; break;
		case 'm': run->memh = true; break;
		default: return -EINVAL;
		}
	}
	/* Each buffer is named, or is the other program's. */
	return !run->from == !!run->listen && !run->to == !!run->connect &&
			       (run->from || run->to) && optind == argc ?
		       0 :
		       -EINVAL;
}

int main(int argc, char **argv)
{
	struct run run = {.sizes = "8,64,1K,4K,64K,1M"};

	if (parse_options(&run, argc, argv)) {
		fputs("usage: t_ucp --from SPEC --to SPEC [--sizes N,N,...]\n"
		      "             [--ops put,get,tag,am] [--memh] [--touch FILE]\n"
		      "       t_ucp --to SPEC --listen PORT [...]\n"
		      "       t_ucp --from SPEC --connect ADDRESS:PORT [...]\n"
		      "SPEC:  " T_BUF_USAGE "\n",
		      stderr);
		return T_FAIL;
	}
	return t_verdict(run.from && run.to ? run_both(&run) : run_one(&run));
}
