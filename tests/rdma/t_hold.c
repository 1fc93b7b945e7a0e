// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_hold --dev DEVICE --buf SPEC [--user UID] [--gid-index N] [--dmabuf]
 *
 * One process with one mapping and one memory region, led by the hand: it reads
 * commands from stdin and answers each with one line on stdout, "ok" or the name
 * of an errno. So a scenario decides what happens to the device, to another
 * process or to this one between any two of its steps. See hold.sh.
 *
 *   map [rw|ro|private|rdonly]   rdonly: read-only through a read-only descriptor
 *   unmap
 *   protect rw|ro|none
 *   reg [all|local|none|read|odp|odp-read]
 *   dereg       the region that the last successful reg made
 *   fork        leaves a child that holds all this and does nothing, for ever
 *   send        leaves a child that has a message with the NIC's file, and does not read it
 *               (either child's number is in /tmp/hold.child)
 *   work        moves bytes through the region and compares; with the CPU too if mapped
 *   fill        writes bytes with the CPU
 *   check       compares them with the CPU
 *   write       the NIC writes those bytes through the region
 *   fetch       the NIC reads those bytes through the region, for another
 *   source      the NIC reads them for its own process: needs no access right
 *   touch       reads the mapping: "ok", or "SIGBUS"
 *   storm       "ok" once bytes move, and then never stops moving them
 *   exit        ends with everything as it is
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "t.h"
#include "t_pattern.h"
#include "t_work.h"

#define FILL_SEED 1000000

struct hold {
	struct t_dev dev;
	struct t_buf buf;
	struct t_work work;
	struct ibv_mr *mr;
	bool mapped;
};

struct word {
	const char *name;
	int value;
};

static sigjmp_buf bus_error;

static void on_bus_error(int signal)
{
	(void)signal;
	siglongjmp(bus_error, 1);
}

/* The value, not negative, of one of the words a command takes; without one the first's. */
static int choose(const struct word *words, const char *name)
{
	for (; words->name; words++)
		if (!name || !strcmp(words->name, name))
			return words->value;
	return t_fail(-EINVAL, "no such word: %s", name);
}

enum map_mode { MAP_RW, MAP_RO, MAP_OWN, MAP_RDONLY };

static int map_read_only_file(struct t_buf *buf)
{
	int fd = open(buf->path, O_RDONLY | O_CLOEXEC);
	void *addr;
	int ret;

	if (fd < 0)
		return -errno;
	addr = mmap(NULL, buf->size, PROT_READ, MAP_SHARED, fd, buf->offset);
	ret = addr == MAP_FAILED ? -errno : 0;
	close(fd);
	if (!ret)
		buf->addr = addr;
	return ret;
}

static int map(struct hold *hold, const char *how)
{
	static const struct word modes[] = {
		{ "rw", MAP_RW },
		{ "ro", MAP_RO },
		{ "private", MAP_OWN },
		{ "rdonly", MAP_RDONLY },
		{ 0 },
	};

	switch (choose(modes, how)) {
	case MAP_RW: return t_buf_map(&hold->buf, PROT_READ | PROT_WRITE, MAP_SHARED);
	case MAP_RO: return t_buf_map(&hold->buf, PROT_READ, MAP_SHARED);
	case MAP_OWN: return t_buf_map(&hold->buf, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	case MAP_RDONLY: return map_read_only_file(&hold->buf);
	default: return -EINVAL;
	}
}

static int do_map(struct hold *hold, const char *how)
{
	int ret = map(hold, how);

	hold->mapped = !ret;
	return ret;
}

static int do_protect(struct hold *hold, const char *how)
{
	static const struct word prots[] = {
		{ "rw", PROT_READ | PROT_WRITE },
		{ "ro", PROT_READ },
		{ "none", PROT_NONE },
		{ 0 },
	};
	int prot = choose(prots, how);

	if (prot < 0)
		return prot;
	return mprotect(hold->buf.addr, hold->buf.size, prot) ? -errno : 0;
}

/* Also behind the mapping's back: what is registered is where it was mapped last. */
static int do_register(struct hold *hold, const char *how)
{
	static const struct word accesses[] = {
		{ "all",
		  IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ },
		{ "local", IBV_ACCESS_LOCAL_WRITE },
		{ "none", 0 },
		{ "read", IBV_ACCESS_REMOTE_READ },
		{ "odp", IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ |
				 IBV_ACCESS_ON_DEMAND },
		{ "odp-read", IBV_ACCESS_REMOTE_READ | IBV_ACCESS_ON_DEMAND },
		{ 0 },
	};
	int access = choose(accesses, how);
	struct ibv_mr *mr;

	if (access < 0)
		return access;
	mr = t_dev_reg_mr(&hold->dev, hold->buf.addr, hold->buf.size, access);
	if (!mr)
		return -errno;
	hold->mr = mr;
	return 0;
}

static int do_deregister(struct hold *hold)
{
	int ret = -t_dev_dereg_mr(hold->mr);

	hold->mr = NULL;
	return ret;
}

static size_t piece(const struct hold *hold)
{
	return hold->buf.size < 5000 ? hold->buf.size : 5000;
}

static int note_child(pid_t pid)
{
	FILE *file = fopen("/tmp/hold.child", "we");

	if (!file)
		return -errno;
	fprintf(file, "%d\n", pid);
	return fclose(file) ? -errno : 0;
}

/* The child inherits the NIC's file, and so the region, without wanting either. */
static int do_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		prctl(PR_SET_NAME, "t_hold_child");
		for (;;)
			pause();
	}
	return note_child(pid);
}

static int send_file(int socket, int file)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte = 0;
	struct iovec one = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &file, sizeof(file));
	return sendmsg(socket, &message, 0) == 1 ? 0 : -errno;
}

/* What is executed keeps the sockets and nothing else: the NIC's file closes, maps go. */
static int do_send(struct hold *hold)
{
	int sockets[2], ret;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
		return -errno;
	ret = send_file(sockets[0], hold->dev.context->cmd_fd);
	if (ret)
		return ret;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		close(hold->dev.context->cmd_fd);
		execlp("sleep", "sleep", "1000", NULL);
		_exit(T_FAIL);
	}
	return note_child(pid);
}

/* Both ends of the buffer. */
static int do_work(struct hold *hold)
{
	size_t len = piece(hold), last = hold->buf.size - len;
	const char *view = hold->mapped ? hold->buf.addr : NULL;
	int ret;

	ret = t_work_check(&hold->work, hold->mr, 0, len, view);
	return ret ? ret :
		     t_work_check(&hold->work, hold->mr, last, len, view ? view + last : NULL);
}

static int do_fill(struct hold *hold)
{
	t_pattern_fill(hold->buf.addr, piece(hold), FILL_SEED, 0);
	return 0;
}

static int do_check(struct hold *hold)
{
	struct t_mismatch bad;

	return t_pattern_check(hold->buf.addr, piece(hold), FILL_SEED, 0, &bad);
}

static const char *do_touch(struct hold *hold)
{
	const volatile char *byte = hold->buf.addr;
	char value;

	if (sigsetjmp(bus_error, 1))
		return "SIGBUS";
	value = byte[0];
	(void)value;
	return "ok";
}

static int do_storm(struct hold *hold)
{
	int ret = do_work(hold);

	if (!ret) {
		puts("ok");
		while (!ret)
			ret = do_work(hold);
	}
	return ret;
}

/* The address stays known when the mapping goes: registering it must then fail. */
static int do_unmap(struct hold *hold)
{
	hold->mapped = false;
	return munmap(hold->buf.addr, hold->buf.size) ? -errno : 0;
}

static const char *obey(struct hold *hold, const char *verb, const char *word)
{
	int ret;

	if (!strcmp(verb, "map"))
		ret = do_map(hold, word);
	else if (!strcmp(verb, "unmap"))
		ret = do_unmap(hold);
	else if (!strcmp(verb, "protect"))
		ret = do_protect(hold, word);
	else if (!strcmp(verb, "reg"))
		ret = do_register(hold, word);
	else if (!strcmp(verb, "dereg"))
		ret = do_deregister(hold);
	else if (!strcmp(verb, "fork"))
		ret = do_fork();
	else if (!strcmp(verb, "send"))
		ret = do_send(hold);
	else if (!strcmp(verb, "work"))
		ret = do_work(hold);
	else if (!strcmp(verb, "fill"))
		ret = do_fill(hold);
	else if (!strcmp(verb, "check"))
		ret = do_check(hold);
	else if (!strcmp(verb, "write"))
		ret = t_work_write(&hold->work, hold->mr, 0, piece(hold), FILL_SEED);
	else if (!strcmp(verb, "fetch"))
		ret = t_work_fetch(&hold->work, hold->mr, 0, piece(hold), FILL_SEED);
	else if (!strcmp(verb, "source"))
		ret = t_work_source(&hold->work, hold->mr, 0, piece(hold), FILL_SEED);
	else if (!strcmp(verb, "touch"))
		return do_touch(hold);
	else if (!strcmp(verb, "storm"))
		ret = do_storm(hold);
	else
		ret = t_fail(-ENOSYS, "no command %s", verb);
	return ret ? strerrorname_np(-ret) : "ok";
}

static int serve(struct hold *hold)
{
	char line[128];

	while (fgets(line, sizeof(line), stdin)) {
		char *save = NULL;
		const char *verb = strtok_r(line, " \n", &save);

		if (!verb || !strcmp(verb, "exit"))
			break;
		puts(obey(hold, verb, strtok_r(NULL, " \n", &save)));
	}
	return 0;
}

/* Not root any more, with no more locked memory than anybody gets. */
static int become(const char *user)
{
	uid_t uid = (uid_t)strtoul(user, NULL, 10);

	if (setgroups(0, NULL) || setgid(uid) || setuid(uid))
		return t_fail(-errno, "become user %s", user);
	return 0;
}

static int setup(struct hold *hold, const char *dev, int gid_index, const char *spec,
		 const char *user)
{
	int ret = user ? become(user) : 0;

	if (!ret)
		ret = t_dev_open(&hold->dev, dev, gid_index);
	if (!ret)
		ret = t_work_open(&hold->work, &hold->dev);
	if (!ret)
		ret = t_buf_parse(&hold->buf, spec);
	if (!ret)
		puts("ok");
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dev", required_argument, NULL, 'd' },
		{ "buf", required_argument, NULL, 'b' },
		{ "user", required_argument, NULL, 'u' },
		{ "gid-index", required_argument, NULL, 'g' },
		{ "dmabuf", no_argument, NULL, 'm' },
		{ 0 },
	};
	const char *dev = NULL, *spec = NULL, *user = NULL;
	int gid_index = T_GID_INDEX, by_dmabuf = 0;
	struct hold hold = { 0 };
	int option, ret;

	setlinebuf(stdout);
	signal(SIGBUS, on_bus_error);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd': dev = optarg; break;
		case 'b': spec = optarg; break;
		case 'u': user = optarg; break;
		case 'g': gid_index = atoi(optarg); break;
		case 'm': by_dmabuf = 1; break;
		default: dev = NULL; argc = 0; /* the end of it, and no optind */
		}
	}
	if (!dev || !spec || optind != argc) {
		fputs("usage: t_hold --dev DEVICE --buf SPEC [--user UID] [--gid-index N] [--dmabuf]\n"
		      "SPEC:  " T_BUF_USAGE "\n",
		      stderr);
		return T_FAIL;
	}
	ret = setup(&hold, dev, gid_index, spec, user);
	hold.dev.by_dmabuf = by_dmabuf;
	return t_verdict(ret ? ret : serve(&hold));
}
