// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * rdma_speed --dev DEVICE --to-dev DEVICE --spec SPEC [--sizes N,N,...] [--rounds N] [--ms N]
 *
 * How fast one NIC writes to, and reads from, another one's buffers: SPEC (as for t_copy) and
 * host memory, in turn, in one process over one connection, so that whatever else the machine
 * does meets both. Prints the best of the rounds for each size, and how many times as fast as host
 * memory SPEC was in the round right beside, the median of all rounds; there are at least so many,
 * and as many as fit in so many milliseconds:
 *   write BYTES host MIB_PER_S spec MIB_PER_S ratio R	(and read, and send)
 *   latency-write BYTES host US spec US ratio R	(and so on) one at a time, until it has
 *						completed, a send on both sides
 * The near end is the same kind of memory as the far end.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "t.h"
#include "t_rc.h"

#define BUFFER	    ((size_t)16 << 20) /* of each kind: half near, half far */
#define DEPTH	    16
#define ROUND_BYTES ((size_t)16 << 20)
#define ROUND_MAX   256 /* messages; short rounds, so that a pair meets the same machine */
#define PINGS	    50
#define MAX_ROUNDS  2000

enum { HOST, PEER, KINDS };

struct speed {
	const char *dev_name;
	const char *to_name;
	const char *spec;
	const char *sizes;
	int rounds;
	int ms;
	struct t_dev dev;
	struct t_dev to_dev;
	struct t_rc near;
	struct t_rc far;
	struct t_buf buf[KINDS];
	struct ibv_mr *near_mr[KINDS];
	struct ibv_mr *far_mr[KINDS];
};

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* The n-th message of @size wanders through the near half to the far half, or back. */
static int post(struct speed *s, int kind, enum ibv_wr_opcode opcode, size_t size, size_t n)
{
	size_t place = n % (BUFFER / 2 / size) * size;
	struct ibv_sge sge = {
		.addr = (uintptr_t)s->buf[kind].addr + place,
		.length = (uint32_t)size,
		.lkey = s->near_mr[kind]->lkey,
	};
	struct ibv_send_wr wr = {
		.opcode = opcode,
		.send_flags = IBV_SEND_SIGNALED,
		.sg_list = &sge,
		.num_sge = 1,
		.wr.rdma = {.remote_addr = (uintptr_t)s->buf[kind].addr + BUFFER / 2 + place,
			    .rkey = s->far_mr[kind]->rkey},
	};

	return t_rc_post_send(&s->near, &wr);
}

/* Where the n-th send arrives: as for a write. */
static int post_recv(struct speed *s, int kind, size_t size, size_t n)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)s->buf[kind].addr + BUFFER / 2 + n % (BUFFER / 2 / size) * size,
		.length = (uint32_t)size,
		.lkey = s->far_mr[kind]->lkey,
	};
	struct ibv_recv_wr wr = {.sg_list = &sge, .num_sge = 1};

	return t_rc_post_recv(&s->far, &wr);
}

static int transfer(struct speed *s, int kind, enum ibv_wr_opcode opcode, size_t size,
		    size_t count, size_t depth)
{
	bool send = opcode == IBV_WR_SEND;
	struct ibv_wc wc;
	size_t posted = 0;
	int ret = 0;

	for (size_t done = 0; done < count && !ret; done++) {
		for (; posted < count && posted < done + depth && !ret; posted++) {
			ret = send ? post_recv(s, kind, size, posted) : 0;
			if (!ret)
				ret = post(s, kind, opcode, size, posted);
		}
		if (!ret)
			ret = t_rc_wait(&s->near, &wc);
		if (!ret && send)
			ret = t_rc_wait(&s->far, &wc);
	}
	return ret;
}

struct result {
	double best[KINDS]; /* microseconds for one message */
	double ratio;	    /* median of host over peer, round by round */
};

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int one_round(struct speed *s, enum ibv_wr_opcode opcode, size_t size, size_t count,
		     size_t depth, double us[KINDS])
{
	int ret = 0;

	for (int kind = 0; kind < KINDS && !ret; kind++) {
		double start = now_us();

		ret = transfer(s, kind, opcode, size, count, depth);
		us[kind] = (now_us() - start) / (double)count;
	}
	return ret;
}

static int run_rounds(struct speed *s, enum ibv_wr_opcode opcode, size_t size, size_t count,
		      size_t depth, struct result *result)
{
	static double ratios[MAX_ROUNDS];
	double end = now_us() + s->ms * 1e3, us[KINDS];
	int round = 0, ret = 0;

	for (; (round < s->rounds || now_us() < end) && round < MAX_ROUNDS; round++) {
		ret = one_round(s, opcode, size, count, depth, us);
		if (ret)
			return ret;
		ratios[round] = us[HOST] / us[PEER];
		for (int kind = 0; kind < KINDS; kind++)
			if (!round || us[kind] < result->best[kind])
				result->best[kind] = us[kind];
	}
	qsort(ratios, (size_t)round, sizeof(ratios[0]), compare);
	result->ratio = ratios[round / 2];
	return 0;
}

static int measure_one(struct speed *s, const char *name, enum ibv_wr_opcode opcode, size_t size)
{
	size_t count = ROUND_BYTES / size < ROUND_MAX ? ROUND_BYTES / size : ROUND_MAX;
	struct result result;
	int ret = run_rounds(s, opcode, size, count, DEPTH, &result);

	if (!ret)
		printf("%s %zu host %.1f spec %.1f ratio %.3f\n", name, size,
		       (double)size / result.best[HOST] * 1e6 / (1 << 20),
		       (double)size / result.best[PEER] * 1e6 / (1 << 20), result.ratio);
	if (!ret)
		ret = run_rounds(s, opcode, size, PINGS, 1, &result);
	if (!ret)
		printf("latency-%s %zu host %.1f spec %.1f ratio %.3f\n", name, size,
		       result.best[HOST], result.best[PEER], result.ratio);
	fflush(stdout);
	return ret;
}

static int measure(struct speed *s, size_t size)
{
	int ret = measure_one(s, "write", IBV_WR_RDMA_WRITE, size);

	if (!ret)
		ret = measure_one(s, "read", IBV_WR_RDMA_READ, size);
	return ret ? ret : measure_one(s, "send", IBV_WR_SEND, size);
}

static int open_kind(struct speed *s, int kind, const char *spec)
{
	int far = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ;
	int ret = t_buf_open(&s->buf[kind], spec);

	if (!ret && s->buf[kind].size < BUFFER)
		ret = t_fail(-EINVAL, "%s is too small", spec);
	if (!ret)
		ret = t_dev_register(&s->dev, &s->buf[kind], IBV_ACCESS_LOCAL_WRITE,
				     &s->near_mr[kind]);
	return ret ? ret : t_dev_register(&s->to_dev, &s->buf[kind], far, &s->far_mr[kind]);
}

static int setup(struct speed *s)
{
	struct t_rc_address address[2];
	int ret = t_dev_open(&s->dev, s->dev_name, T_GID_INDEX);

	if (!ret)
		ret = t_dev_open(&s->to_dev, s->to_name, T_GID_INDEX);
	if (!ret)
		ret = open_kind(s, HOST, "host:size=16M");
	if (!ret)
		ret = open_kind(s, PEER, s->spec);
	if (!ret)
		ret = t_rc_open(&s->near, &s->dev);
	if (!ret)
		ret = t_rc_open(&s->far, &s->to_dev);
	if (ret)
		return ret;
	address[0] = t_rc_address(&s->near);
	address[1] = t_rc_address(&s->far);
	ret = t_rc_connect(&s->near, &address[1]);
	return ret ? ret : t_rc_connect(&s->far, &address[0]);
}

static void teardown(struct speed *s)
{
	t_rc_close(&s->far);
	t_rc_close(&s->near);
	for (int kind = 0; kind < KINDS; kind++) {
		if (s->far_mr[kind])
			ibv_dereg_mr(s->far_mr[kind]);
		if (s->near_mr[kind])
			ibv_dereg_mr(s->near_mr[kind]);
		t_buf_close(&s->buf[kind]);
	}
	t_dev_close(&s->to_dev);
	t_dev_close(&s->dev);
}

static int measure_all(struct speed *s)
{
	char *list = strdup(s->sizes), *rest = list;
	int ret = list ? 0 : -ENOMEM;

	while (!ret && rest) {
		const char *item = strsep(&rest, ",");
		size_t size;

		if (t_parse_size(item, &size) || !size || size > BUFFER / 2)
			ret = t_fail(-EINVAL, "size %s", item);
		else
			ret = measure(s, size);
	}
	free(list);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"dev", required_argument, NULL, 'd'},	 {"to-dev", required_argument, NULL, 't'},
		{"spec", required_argument, NULL, 's'},	 {"sizes", required_argument, NULL, 'z'},
		{"rounds", required_argument, NULL, 'r'}, {"ms", required_argument, NULL, 'm'},
		{0},
	};
	struct speed s = {.sizes = "8,4K,64K,1M,8M", .rounds = 9};
	int option, ret = 0;

	while (!ret && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd': s.dev_name = optarg; break;
		case 't': s.to_name = optarg; break;
		case 's': s.spec = optarg; break;
		case 'z': s.sizes = optarg; break;
		case 'r': s.rounds = atoi(optarg); break;
		case 'm': s.ms = atoi(optarg); break;
		default: ret = -EINVAL;
		}
	}
	if (ret || !s.dev_name || !s.to_name || !s.spec || s.rounds < 1 || optind != argc) {
		fputs("usage: rdma_speed --dev DEVICE --to-dev DEVICE --spec SPEC "
		      "[--sizes N,N,...] [--rounds N] [--ms N]\n",
		      stderr);
		return T_FAIL;
	}
	ret = setup(&s);
	if (!ret)
		ret = measure_all(&s);
	teardown(&s);
	return t_verdict(ret);
}
