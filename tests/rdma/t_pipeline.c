// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_pipeline --disk PATH --size N --fill
 * t_pipeline --disk PATH --size N --stage SPEC --to SPEC
 *            --send-dev DEVICE --recv-dev DEVICE [--chunk N]
 *
 * A storage server's inner loop: a block device is read with O_DIRECT into the
 * memory SPEC names, and the NIC sends it from the very same pointer by RDMA
 * WRITE to a buffer of a second NIC. Two chunks of the stage are in use at any
 * time: one is being read into while the other is being sent. Nothing else
 * differs between a stage in a BAR and one in host memory.
 *
 * --fill writes a pattern to the disk and reads it back, through host memory, and
 * prints its checksum; the other form checks every byte that arrived against the
 * pattern and prints the checksum of what arrived:
 *   disk bytes=N sum=HEX
 *   pipeline stage=SPEC to=SPEC bytes=N us=N sum=HEX verified=yes
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
#include "t_pattern.h"
#include "t_rc.h"

#define SLOTS	      2
#define SEED	      71
#define DEFAULT_CHUNK ((size_t)1 << 20)

struct pipeline {
	const char *disk;
	const char *stage_spec;
	const char *to_spec;
	const char *send_name;
	const char *recv_name;
	size_t size;
	size_t chunk;
	bool fill;

	int fd;
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
		.wr.rdma = {.remote_addr = (uintptr_t)p->to.addr + offset,
			    .rkey = p->to_mr->rkey},
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

static int run(struct pipeline *p)
{
	struct t_mismatch bad;
	uint64_t start, us;
	int ret;

	t_pattern_fill(p->to.addr, p->size, ~(uint64_t)SEED | T_PATTERN_SEA, 0);
	start = now_us();
	ret = move(p);
	us = now_us() - start;
	if (ret)
		return ret;
	if (t_pattern_check(p->to.addr, p->size, SEED, 0, &bad))
		return t_fail(-EBADMSG, "byte %zu that arrived is 0x%02x, should be 0x%02x",
			      bad.offset, bad.got, bad.expected);
	printf("pipeline stage=%s to=%s bytes=%zu us=%" PRIu64 " sum=%016" PRIx64 " verified=yes\n",
	       p->stage_spec, p->to_spec, p->size, us,
	       checksum(CHECKSUM_START, p->to.addr, p->size));
	return 0;
}

static int connect_nics(struct pipeline *p)
{
	struct t_rc_address address[2];
	int ret = t_rc_open(&p->send, &p->send_dev);

	if (!ret)
		ret = t_rc_open(&p->recv, &p->recv_dev);
	if (ret)
		return ret;
	address[0] = t_rc_address(&p->send);
	address[1] = t_rc_address(&p->recv);
	ret = t_rc_connect(&p->send, &address[1]);
	return ret ? ret : t_rc_connect(&p->recv, &address[0]);
}

static int setup(struct pipeline *p)
{
	int ret = t_dev_open(&p->send_dev, p->send_name, T_GID_INDEX);

	if (!ret)
		ret = t_dev_open(&p->recv_dev, p->recv_name, T_GID_INDEX);
	if (!ret)
		ret = t_buf_open(&p->stage, p->stage_spec);
	if (!ret)
		ret = t_buf_open(&p->to, p->to_spec);
	if (!ret && (p->stage.size < SLOTS * p->chunk || p->to.size < p->size))
		ret = t_fail(-EINVAL, "%s or %s is too small", p->stage_spec, p->to_spec);
	/* The NIC only reads the stage: no access right is needed for that. */
	if (!ret)
		ret = t_dev_register(&p->send_dev, &p->stage, 0, &p->stage_mr);
	if (!ret)
		ret = t_dev_register(&p->recv_dev, &p->to,
				     IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE,
				     &p->to_mr);
	return ret ? ret : connect_nics(p);
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
		case 'f': p->fill = true; break;
		default: ret = -EINVAL;
		}
	}
	if (ret || !p->disk || !p->size || !p->chunk || p->chunk > UINT32_MAX ||
	    p->size % p->chunk || optind != argc)
		return -EINVAL;
	return p->fill || (p->stage_spec && p->to_spec && p->send_name && p->recv_name) ? 0 :
											  -EINVAL;
}

int main(int argc, char **argv)
{
	struct pipeline p = {.chunk = DEFAULT_CHUNK, .fd = -1};
	int ret;

	if (parse_options(&p, argc, argv)) {
		fputs("usage: t_pipeline --disk PATH --size N [--chunk N] --fill\n"
		      "       t_pipeline --disk PATH --size N [--chunk N] --stage SPEC --to SPEC\n"
		      "                  --send-dev DEVICE --recv-dev DEVICE\n"
		      "SPEC:  " T_BUF_USAGE "\n"
		      "N:     a size; --size is a multiple of --chunk, a stage holds two chunks\n",
		      stderr);
		return T_FAIL;
	}
	p.fd = open(p.disk, (p.fill ? O_RDWR : O_RDONLY) | O_DIRECT | O_CLOEXEC);
	if (p.fd < 0)
		return t_verdict(t_fail(-errno, "open %s", p.disk));
	ret = p.fill ? fill_disk(&p) : setup(&p);
	if (!ret && !p.fill)
		ret = run(&p);
	teardown(&p);
	return t_verdict(ret);
}
