// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_pipeline --disk PATH --size N --fill
 * t_pipeline --disk PATH --size N --stage SPEC --to SPEC
 *            --send-dev DEVICE --recv-dev DEVICE [--chunk N]
 * t_pipeline --size N --to SPEC --recv-dev DEVICE --listen PORT
 * t_pipeline --disk PATH --size N --stage SPEC --send-dev DEVICE --connect ADDRESS:PORT [--chunk N]
 *
 * A storage server's inner loop: a block device is read with O_DIRECT into the
 * memory SPEC names, and the NIC sends it from the very same pointer by RDMA
 * WRITE to a buffer of a second NIC. Two chunks of the stage are in use at any
 * time: one is being read into while the other is being sent. Nothing else
 * differs between a stage in a BAR and one in host memory. With --listen and
 * --connect the two NICs are those of two programs, on two machines too.
 *
 * --fill writes a pattern to the disk and reads it back, through host memory, and
 * prints its checksum. Whoever receives checks every byte that arrived against the
 * pattern and prints the checksum of what arrived; a program of two prints its half:
 *   disk bytes=N sum=HEX
 *   pipeline stage=SPEC us=N to=SPEC bytes=N sum=HEX verified=yes
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "t.h"
#include "t_buf.h"
#include "t_meet.h"
#include "t_pattern.h"
#include "t_rc.h"

#define SLOTS	      2
#define SEED	      71
#define DEFAULT_CHUNK ((size_t)1 << 20)

/* Where the sender writes to. */
struct target {
	uint64_t addr;
	uint32_t rkey;
	uint32_t unused;
};

struct pipeline {
	const char *disk;
	const char *stage_spec;
	const char *to_spec;
	const char *send_name;
	const char *recv_name;
	const char *listen;  /* port */
	const char *connect; /* address and port */
	size_t size;
	size_t chunk;
	bool fill;

	int fd;	 /* the disk */
	int other; /* the other program, or -1 */
	struct target target;
	struct t_dev send_dev;
	struct t_dev recv_dev;
	struct t_buf stage;
	struct t_buf to;
	struct ibv_mr *stage_mr;
	struct ibv_mr *to_mr;
	struct t_rc send;
	struct t_rc recv;
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* FNV-1a over words; whole words, because each access to an emulated CMB traps. */
static uint64_t checksum(uint64_t sum, const void *range, size_t len)
{
	const volatile uint64_t *word = range;

	for (size_t i = 0; i < len / sizeof(*word); i++)
		sum = (sum ^ word[i]) * UINT64_C(0x100000001b3);
	return sum;
}

#define CHECKSUM_START UINT64_C(0xcbf29ce484222325)

static int disk_io(const struct pipeline *p, bool write, void *at, size_t offset)
{
	ssize_t done = write ? pwrite(p->fd, at, p->chunk, (off_t)offset) :
			       pread(p->fd, at, p->chunk, (off_t)offset);

	if (done == (ssize_t)p->chunk)
		return 0;
	return t_fail(done < 0 ? -errno : -EIO, "%s %zu bytes at %zu of %s, O_DIRECT",
		      write ? "write" : "read", p->chunk, offset, p->disk);
}

static int fill_disk(struct pipeline *p)
{
	uint64_t sum = CHECKSUM_START;
	char spec[48];
	int ret;

	snprintf(spec, sizeof(spec), "host:size=%zu", p->chunk);
	ret = t_buf_open(&p->stage, spec);
	for (size_t at = 0; !ret && at < p->size; at += p->chunk) {
		t_pattern_fill(p->stage.addr, p->chunk, SEED, at);
		ret = disk_io(p, true, p->stage.addr, at);
	}
	for (size_t at = 0; !ret && at < p->size; at += p->chunk) {
		ret = disk_io(p, false, p->stage.addr, at);
		sum = checksum(sum, p->stage.addr, p->chunk);
	}
	if (!ret)
		printf("disk bytes=%zu sum=%016" PRIx64 "\n", p->size, sum);
	return ret;
}

static int post(struct pipeline *p, char *slot, size_t offset)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)slot,
		.length = (uint32_t)p->chunk,
		.lkey = p->stage_mr->lkey,
	};
	struct ibv_send_wr wr = {
		.wr_id = offset,
		.opcode = IBV_WR_RDMA_WRITE,
		.send_flags = IBV_SEND_SIGNALED,
		.sg_list = &sge,
		.num_sge = 1,
		.wr.rdma = {.remote_addr = p->target.addr + offset, .rkey = p->target.rkey},
	};

	return t_rc_post_send(&p->send, &wr);
}

/* Completions come in order: a slot is free again when the write SLOTS before it is done. */
static int move(struct pipeline *p)
{
	struct ibv_wc wc;
	int ret = 0;

	for (size_t at = 0; !ret && at < p->size; at += p->chunk) {
		char *slot = (char *)p->stage.addr + at / p->chunk % SLOTS * p->chunk;

		if (at >= SLOTS * p->chunk)
			ret = t_rc_wait(&p->send, &wc);
		if (!ret)
			ret = disk_io(p, false, slot, at);
		if (!ret)
			ret = post(p, slot, at);
	}
	for (int i = 0; !ret && i < SLOTS && (size_t)i * p->chunk < p->size; i++)
		ret = t_rc_wait(&p->send, &wc);
	return ret;
}

/* With another program: both come here. */
static int in_step(const struct pipeline *p)
{
	char mine = 0, theirs;

	return p->other < 0 ? 0 : t_rc_exchange(p->other, &mine, &theirs, 1);
}

static int check_arrived(const struct pipeline *p)
{
	struct t_mismatch bad;

	if (t_pattern_check(p->to.addr, p->size, SEED, 0, &bad))
		return t_fail(-EBADMSG, "byte %zu that arrived is 0x%02x, should be 0x%02x",
			      bad.offset, bad.got, bad.expected);
	printf(" to=%s bytes=%zu sum=%016" PRIx64 " verified=yes", p->to_spec, p->size,
	       checksum(CHECKSUM_START, p->to.addr, p->size));
	return 0;
}

static int run(struct pipeline *p)
{
	uint64_t us;
	int ret;

	if (p->to_spec)
		t_pattern_fill(p->to.addr, p->size, ~(uint64_t)SEED | T_PATTERN_SEA, 0);
	ret = in_step(p);
	us = now_us();
	if (!ret && p->stage_spec)
		ret = move(p);
	us = now_us() - us;
	if (ret)
		return ret;
	printf("pipeline");
	if (p->stage_spec)
		printf(" stage=%s us=%" PRIu64, p->stage_spec, us);
	ret = in_step(p);
	if (!ret && p->to_spec)
		ret = check_arrived(p);
	printf("\n");
	/* What the other one found is its own verdict. */
	return ret ? ret : in_step(p);
}

static int setup_sender(struct pipeline *p)
{
	int ret = t_dev_open(&p->send_dev, p->send_name, T_GID_INDEX);

	if (!ret)
		ret = t_buf_open(&p->stage, p->stage_spec);
	if (!ret && p->stage.size < SLOTS * p->chunk)
		ret = t_fail(-EINVAL, "%s is too small", p->stage_spec);
	/* The NIC only reads the stage: no access right is needed for that. */
	if (!ret)
		ret = t_dev_register(&p->send_dev, &p->stage, 0, &p->stage_mr);
	return ret ? ret : t_rc_open(&p->send, &p->send_dev);
}

static int setup_receiver(struct pipeline *p)
{
	int ret = t_dev_open(&p->recv_dev, p->recv_name, T_GID_INDEX);

	if (!ret)
		ret = t_buf_open(&p->to, p->to_spec);
	if (!ret && p->to.size < p->size)
		ret = t_fail(-EINVAL, "%s is too small", p->to_spec);
	if (!ret)
		ret = t_dev_register(&p->recv_dev, &p->to,
				     IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE,
				     &p->to_mr);
	if (ret)
		return ret;
	p->target.addr = (uintptr_t)p->to.addr;
	p->target.rkey = p->to_mr->rkey;
	return t_rc_open(&p->recv, &p->recv_dev);
}

static int connect_here(struct pipeline *p)
{
	struct t_rc_address send = t_rc_address(&p->send), recv = t_rc_address(&p->recv);
	int ret = t_rc_connect(&p->send, &recv);

	return ret ? ret : t_rc_connect(&p->recv, &send);
}

static int connect_over(struct pipeline *p)
{
	struct target theirs;
	int ret;

	p->other = t_meet(p->listen ? p->listen : p->connect, p->listen);
	if (p->other < 0)
		return p->other;
	ret = t_rc_connect_over(p->listen ? &p->recv : &p->send, p->other);
	if (!ret)
		ret = t_rc_exchange(p->other, &p->target, &theirs, sizeof(theirs));
	if (!ret && p->connect)
		p->target = theirs;
	return ret;
}

static int setup(struct pipeline *p)
{
	int ret = 0;

	if (p->stage_spec)
		ret = setup_sender(p);
	if (!ret && p->to_spec)
		ret = setup_receiver(p);
	if (ret)
		return ret;
	return p->listen || p->connect ? connect_over(p) : connect_here(p);
}

static void teardown(struct pipeline *p)
{
	t_rc_close(&p->recv);
	t_rc_close(&p->send);
	if (p->to_mr)
		ibv_dereg_mr(p->to_mr);
	if (p->stage_mr)
		ibv_dereg_mr(p->stage_mr);
	t_buf_close(&p->to);
	t_buf_close(&p->stage);
	t_dev_close(&p->recv_dev);
	t_dev_close(&p->send_dev);
	if (p->fd >= 0)
		close(p->fd);
	if (p->other >= 0)
		close(p->other);
}

/* Each half is here whole, or is the other program's. */
static bool is_complete(const struct pipeline *p)
{
	bool sends = p->disk && p->stage_spec && p->send_name;
	bool receives = p->to_spec && p->recv_name;

	if (p->fill)
		return p->disk;
	if (p->listen)
		return receives && !p->connect && !p->disk && !p->stage_spec;
	return sends && (p->connect ? !p->to_spec : receives);
}

static int parse_options(struct pipeline *p, int argc, char **argv)
{
	static const struct option options[] = {
		{"disk", required_argument, NULL, 'd'},
		{"size", required_argument, NULL, 'z'},
		{"chunk", required_argument, NULL, 'c'},
		{"stage", required_argument, NULL, 's'},
		{"to", required_argument, NULL, 't'},
		{"send-dev", required_argument, NULL, 'S'},
		{"recv-dev", required_argument, NULL, 'R'},
		{"listen", required_argument, NULL, 'l'},
		{"connect", required_argument, NULL, 'C'},
		{"fill", no_argument, NULL, 'f'},
		{0},
	};
	int option, ret = 0;

	while (!ret && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd': p->disk = optarg; break;
		case 'z': ret = t_parse_size(optarg, &p->size); break;
		case 'c': ret = t_parse_size(optarg, &p->chunk); break;
		case 's': p->stage_spec = optarg; break;
		case 't': p->to_spec = optarg; break;
		case 'S': p->send_name = optarg; break;
		case 'R': p->recv_name = optarg; break;
		case 'l': p->listen = optarg; break;
		case 'C': p->connect = optarg; break;
		case 'f': p->fill = true; break;
		default: ret = -EINVAL;
		}
	}
	if (ret || !p->size || !p->chunk || p->chunk > UINT32_MAX || p->size % p->chunk ||
	    optind != argc)
		return -EINVAL;
	return is_complete(p) ? 0 : -EINVAL;
}

static int open_disk(struct pipeline *p)
{
	if (!p->disk)
		return 0;
	p->fd = open(p->disk, (p->fill ? O_RDWR : O_RDONLY) | O_DIRECT | O_CLOEXEC);
	return p->fd < 0 ? t_fail(-errno, "open %s", p->disk) : 0;
}

int main(int argc, char **argv)
{
	struct pipeline p = {.chunk = DEFAULT_CHUNK, .fd = -1, .other = -1};
	int ret;

	if (parse_options(&p, argc, argv)) {
		fputs("usage: t_pipeline --disk PATH --size N [--chunk N] --fill\n"
		      "       t_pipeline --disk PATH --size N [--chunk N] --stage SPEC --to SPEC\n"
		      "                  --send-dev DEVICE --recv-dev DEVICE\n"
		      "       t_pipeline --size N --to SPEC --recv-dev DEVICE --listen PORT\n"
		      "       t_pipeline --disk PATH --size N [--chunk N] --stage SPEC\n"
		      "                  --send-dev DEVICE --connect ADDRESS:PORT\n"
		      "SPEC:  " T_BUF_USAGE "\n"
		      "N:     a size; --size is a multiple of --chunk, a stage holds two chunks\n",
		      stderr);
		return T_FAIL;
	}
	ret = open_disk(&p);
	if (!ret)
		ret = p.fill ? fill_disk(&p) : setup(&p);
	if (!ret && !p.fill)
		ret = run(&p);
	teardown(&p);
	return t_verdict(ret);
}
