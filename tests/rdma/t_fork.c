// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_fork --dev DEVICE --buf SPEC [--gid-index N]
 *
 * A process that forks keeps its memory region, and the child has the mapping:
 *  - what the parent's NIC writes is seen by the child, while both map it, when
 *    only the child does, and after the child is gone;
 *  - the child registers the inherited mapping through a context of its own, and
 *    its region goes on when the parent has deregistered and unmapped;
 *  - a child that just dies takes nothing of the parent's with it, and what it had
 *    registered itself is gone with it.
 * Parent and child take turns over a socket; either one that fails ends the test.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t.h"
#include "t_pattern.h"
#include "t_sys.h"
#include "t_work.h"

#define ACCESS (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ)
#define LEN ((size_t)9000)

struct side {
	const char *name; /* of the device */
	int gid_index;
	struct t_dev dev;
	struct t_work work;
	struct t_buf buf;
	struct ibv_mr *mr;
	int fd; /* to the other side */
};

static int open_nic(struct side *side)
{
	int ret = t_dev_open(&side->dev, side->name, side->gid_index);

	return ret ? ret : t_work_open(&side->work, &side->dev);
}

static int reg(struct side *side)
{
	return t_dev_register(&side->dev, &side->buf, ACCESS, &side->mr);
}

static int dereg(struct side *side)
{
	int ret = -t_dev_dereg_mr(side->mr);

	side->mr = NULL;
	return ret ? t_fail(ret, "deregister") : 0;
}

/* One step is done: the other side's turn, and then ours again. */
static int turn(struct side *side, char step)
{
	char theirs;
	int ret = t_rc_exchange(side->fd, &step, &theirs, 1);

	if (!ret && step != theirs)
		ret = t_fail(-EPROTO, "at step %c, the other side at %c", step, theirs);
	return ret;
}

static int sees(struct side *side, uint64_t seed)
{
	struct t_mismatch bad;

	if (!t_pattern_check(side->buf.addr, LEN, seed, 0, &bad))
		return 0;
	return t_fail(-EBADMSG, "process %d: byte %zu is 0x%02x, should be 0x%02x", getpid(),
		      bad.offset, bad.got, bad.expected);
}

/*
 * The child's own device: what it inherited of the parent's is not its to use or to
 * close.
 */
static int child(struct side *side)
{
	struct side mine = { .name = side->name, .gid_index = side->gid_index, .buf = side->buf };
	int ret;

	mine.fd = side->fd;
	ret = turn(&mine, 'a'); /* the parent's NIC wrote 1 */
	if (!ret)
		ret = sees(&mine, 1);
	if (!ret)
		ret = open_nic(&mine);
	if (!ret)
		ret = reg(&mine);
	if (!ret)
		ret = t_work_check(&mine.work, mine.mr, 0, LEN, mine.buf.addr);
	if (!ret)
		ret = turn(&mine, 'b'); /* the parent unmaps and writes 2 */
	if (!ret)
		ret = turn(&mine, 'c');
	if (!ret)
		ret = sees(&mine, 2);
	if (!ret)
		ret = turn(&mine, 'd'); /* the parent deregisters */
	if (!ret)
		ret = turn(&mine, 'e');
	if (!ret)
		ret = t_work_check(&mine.work, mine.mr, 0, LEN, mine.buf.addr);
	if (!ret)
		ret = turn(&mine, 'f');
	/* Dies with its region. */
	return ret;
}

static int parent(struct side *side)
{
	int ret;

	ret = t_work_write(&side->work, side->mr, 0, LEN, 1);
	if (!ret)
		ret = turn(side, 'a');
	if (!ret)
		ret = turn(side, 'b'); /* the child has a region */
	t_buf_close(&side->buf);
	if (!ret)
		ret = t_work_write(&side->work, side->mr, 0, LEN, 2);
	if (!ret)
		ret = t_work_fetch(&side->work, side->mr, 0, LEN, 2);
	if (!ret)
		ret = turn(side, 'c');
	if (!ret)
		ret = turn(side, 'd'); /* the child has seen it */
	if (!ret)
		ret = dereg(side);
	if (!ret)
		ret = turn(side, 'e');
	return ret ? ret : turn(side, 'f');
}

/* A child that lives shorter than the parent's region, and does nothing or dies badly. */
static int short_lived(struct side *side, int how)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return t_fail(-errno, "fork");
	if (!pid) {
		struct side mine = { .name = side->name,
				     .gid_index = side->gid_index,
				     .buf = side->buf };

		if (open_nic(&mine) || reg(&mine))
			_exit(1);
		if (how)
			raise(how);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) < 0)
		return t_fail(-errno, "wait for the child");
	if (how ? !WIFSIGNALED(status) : status != 0) {
		t_err("the child ended with status 0x%x", status);
		return -ECHILD;
	}
	return t_work_check(&side->work, side->mr, 0, LEN, side->buf.addr);
}

static int both(struct side *side)
{
	int fd[2], status, ret;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		return t_fail(-errno, "socketpair");
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return t_fail(-errno, "fork");
	/* Each end in one process: that the other has died must be noticed. */
	side->fd = fd[pid ? 0 : 1];
	close(fd[pid ? 1 : 0]);
	if (!pid)
		_exit(t_verdict(child(side)));
	ret = parent(side);
	close(side->fd);
	if (waitpid(pid, &status, 0) < 0)
		return t_fail(-errno, "wait for the child");
	if (!ret && status) {
		t_err("the child ended with status 0x%x", status);
		ret = -ECHILD;
	}
	return ret;
}

static int run(struct side *side, const char *spec)
{
	struct t_alive before;
	int ret;

	ret = t_alive_read(&before);
	if (!ret)
		ret = t_buf_open(&side->buf, spec);
	if (!ret)
		ret = open_nic(side);
	if (!ret)
		ret = reg(side);
	if (!ret)
		ret = short_lived(side, 0);
	if (!ret)
		ret = short_lived(side, SIGKILL);
	if (!ret)
		ret = both(side);
	t_buf_close(&side->buf);
	if (!ret)
		ret = t_alive_same(&before, "at the end");
	if (!ret)
		printf("fork buf=%s verified\n", spec);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dev", required_argument, NULL, 'd' },
		{ "buf", required_argument, NULL, 'b' },
		{ "gid-index", required_argument, NULL, 'g' },
		{ 0 },
	};
	struct side side = { .gid_index = T_GID_INDEX };
	const char *spec = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd': side.name = optarg; break;
		case 'b': spec = optarg; break;
		case 'g': side.gid_index = atoi(optarg); break;
		default: side.name = NULL; argc = 0; /* the end of it, and no optind */
		}
	}
	if (!side.name || !spec || optind != argc) {
		fputs("usage: t_fork --dev DEVICE --buf SPEC [--gid-index N]\n"
		      "SPEC:  " T_BUF_USAGE "\n",
		      stderr);
		return T_FAIL;
	}
	return t_verdict(run(&side, spec));
}
