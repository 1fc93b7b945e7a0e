// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_pair --dev DEVICE --from SPEC --to SPEC
 * t_pair --dev DEVICE --to SPEC --listen PORT
 * t_pair --dev DEVICE --from SPEC --connect ADDRESS:PORT
 *
 * Two processes, each with a verbs context and a buffer of its own, connected
 * with each other: the first writes its whole buffer into the second's, which
 * checks the bytes, and then reads the second's, which by then holds another
 * pattern. Nothing that one process has mapped or registered helps the other.
 * SPEC as for t_copy. With --listen and --connect they are two programs, on two machines
 * too; both give the verdict.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t.h"
#include "t_buf.h"
#include "t_meet.h"
#include "t_pattern.h"
#include "t_rc.h"

#define FIRST_SEED  21
#define SECOND_SEED 22
#define SEA	    (UINT64_C(23) | T_PATTERN_SEA)

/* What one process tells the other about its buffer, and later "go on". */
struct offer {
	uint64_t addr;
	uint64_t size;
	uint32_t rkey;
	uint32_t unused;
};

struct side {
	int fd; /* to the other process */
	struct t_dev dev;
	struct t_buf buf;
	struct ibv_mr *mr;
	struct t_rc rc;
	struct offer theirs;
};

static int side_open(struct side *side, const char *dev, const char *spec)
{
	struct offer mine;
	int ret;

	ret = t_dev_open(&side->dev, dev, T_GID_INDEX);
	if (!ret)
		ret = t_buf_open(&side->buf, spec);
	if (!ret)
		ret = t_dev_register(&side->dev, &side->buf,
				     IBV_ACCESS_LOCAL_WRITE |
					     IBV_ACCESS_REMOTE_WRITE |
					     IBV_ACCESS_REMOTE_READ,
				     &side->mr);
	if (!ret)
		ret = t_rc_open(&side->rc, &side->dev);
	if (!ret)
		ret = t_rc_connect_over(&side->rc, side->fd);
	if (ret)
		return ret;
	mine = (struct offer){
		.addr = (uintptr_t)side->buf.addr,
		.size = side->buf.size,
		.rkey = side->mr->rkey,
	};
	return t_rc_exchange(side->fd, &mine, &side->theirs, sizeof(mine));
}

static void side_close(struct side *side)
{
	t_rc_close(&side->rc);
	if (side->mr)
		t_dev_dereg_mr(side->mr);
	t_buf_close(&side->buf);
	t_dev_close(&side->dev);
	close(side->fd);
}

/*
 * Both come here, or the one that waits sees the other's end of the socket
 * closed.
 */
static int in_step(const struct side *side)
{
	char mine = 0, theirs;

	return t_rc_exchange(side->fd, &mine, &theirs, 1);
}

static int move(struct side *side, enum ibv_wr_opcode opcode, size_t len)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)side->buf.addr,
		.length = (uint32_t)len,
		.lkey = side->mr->lkey,
	};
	struct ibv_send_wr wr = {
		.opcode = opcode,
		.sg_list = &sge,
		.num_sge = 1,
		.wr.rdma = {.remote_addr = side->theirs.addr,
			    .rkey = side->theirs.rkey},
	};

	return t_rc_run(&side->rc, &wr);
}

static size_t common(const struct side *side)
{
	size_t len = side->buf.size < side->theirs.size ? side->buf.size :
							  side->theirs.size;

	return len < side->dev.port.max_msg_sz ? len :
						 side->dev.port.max_msg_sz;
}

static int run_first(struct side *side)
{
	struct t_target all = {
		.base = side->buf.addr, .size = side->buf.size, .sea = SEA};
	int ret;

	all.len = common(side);
	t_pattern_fill(side->buf.addr, side->buf.size, FIRST_SEED, 0);
	ret = in_step(side); /* the other has its sea */
	if (!ret)
		ret = move(side, IBV_WR_RDMA_WRITE, all.len);
	if (!ret)
		ret = in_step(side); /* written */
	if (ret)
		return ret;
	t_pattern_fill(side->buf.addr, side->buf.size, SEA, 0);
	ret = in_step(
		side); /* the other checked, and has its own pattern now */
	if (!ret)
		ret = move(side, IBV_WR_RDMA_READ, all.len);
	if (!ret)
		ret = t_target_check(&all, SECOND_SEED, 0,
				     "read from the other process");
	return ret ? ret : in_step(side);
}

static int run_second(struct side *side)
{
	struct t_target all = {
		.base = side->buf.addr, .size = side->buf.size, .sea = SEA};
	int ret;

	all.len = common(side);
	t_pattern_fill(side->buf.addr, side->buf.size, SEA, 0);
	ret = in_step(side);
	if (!ret)
		ret = in_step(side);
	if (!ret)
		ret = t_target_check(&all, FIRST_SEED, 0,
				     "written by the other process");
	if (ret)
		return ret;
	t_pattern_fill(side->buf.addr, side->buf.size, SECOND_SEED, 0);
	ret = in_step(side);
	return ret ? ret : in_step(side);
}

static int run_side(int fd, const char *dev, const char *spec,
		    int (*run)(struct side *side))
{
	struct side side = {.fd = fd};
	int ret = side_open(&side, dev, spec);

	if (!ret)
		ret = run(&side);
	side_close(&side);
	return t_verdict(ret);
}

static int run_one(const char *dev, const char *spec, const char *where, bool listening)
{
	int fd = t_meet(where, listening);

	if (fd < 0)
		return t_verdict(fd);
	return run_side(fd, dev, spec, listening ? run_second : run_first);
}

static int run_both(const char *dev, const char *from, const char *to)
{
	int ends[2], status = 0, verdict;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return t_verdict(t_fail(-errno, "socketpair"));
	/* Before anything is opened: the processes shall share nothing. */
	child = fork();
	if (child < 0)
		return t_verdict(t_fail(-errno, "fork"));
	if (child == 0) {
		close(ends[0]);
		_exit(run_side(ends[1], dev, to, run_second));
	}
	close(ends[1]);
	verdict = run_side(ends[0], dev, from, run_first);
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return t_verdict(t_fail(-ECHILD, "the second process died"));
	return verdict == T_PASS ? WEXITSTATUS(status) : verdict;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"dev", required_argument, NULL, 'd'},
		{"from", required_argument, NULL, 'f'},
		{"to", required_argument, NULL, 't'},
		{"listen", required_argument, NULL, 'l'},
		{"connect", required_argument, NULL, 'c'},
		{0},
	};
	const char *dev = NULL, *from = NULL, *to = NULL;
	const char *listen_at = NULL, *connect_to = NULL;
	int option, verdict;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd':
			dev = optarg;
			break;
		case 'f':
			from = optarg;
			break;
		case 't':
			to = optarg;
			break;
		case 'l':
			listen_at = optarg;
			break;
		case 'c':
			connect_to = optarg;
			break;
		default:
			dev = NULL;
			argc = 0; /* the end of it, and no optind */
		}
	}
	if (!dev || !from != !!listen_at || !to != !!connect_to || optind != argc) {
		fputs("usage: t_pair --dev DEVICE --from SPEC --to SPEC\n"
		      "       t_pair --dev DEVICE --to SPEC --listen PORT\n"
		      "       t_pair --dev DEVICE --from SPEC --connect ADDRESS:PORT\n"
		      "SPEC:  " T_BUF_USAGE "\n",
		      stderr);
		return T_FAIL;
	}
	if (listen_at)
		verdict = run_one(dev, to, listen_at, true);
	else if (connect_to)
		verdict = run_one(dev, from, connect_to, false);
	else
		verdict = run_both(dev, from, to);
	if (verdict == T_PASS)
		printf("pair from=%s to=%s verified=yes\n", from ? from : listen_at,
		       to ? to : connect_to);
	return verdict;
}
