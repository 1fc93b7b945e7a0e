// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * reg_mr --dev DEVICE [--spec SPEC] [--sizes N,N,...] [--reps N] [--cpu] [--dmabuf] [--phases]
 *
 * What ibv_reg_mr() and ibv_dereg_mr() of a buffer cost, from the caller's
 * view. Prints for each size the median of many repetitions:
 *   reg_mr KIND BYTES ns MEDIAN
 *   dereg_mr KIND BYTES ns MEDIAN
 * On a guest that counts instructions a nanosecond is an instruction, and the
 * median is the same in every run; elsewhere it is only time.
 *
 * With --cpu only what this thread's processor does counts, not what it waits
 * for: a NIC whose commands take a while would else be in the figure.
 *
 * With --dmabuf peer memory is registered by way of a dma-buf: export and registration.
 *
 * With --phases it measures once for each line that it reads from stdin, and
 * answers each time with "done" behind the figures. So one buffer, with the
 * same physical pages, is measured before and after something that others do:
 * how many pages happen to be neighbours matters more than most changes to a
 * kernel.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "t.h"
#include "t_buf.h"
#include "t_rc.h"

#define DEFAULT_SIZES "4K,64K,1M,16M"
#define DEFAULT_REPS  51

/* Not measured: slabs, page tables and branch-free paths warm up in these. */
#define WARM_UP 8

#define ACCESS                                              \
	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | \
	 IBV_ACCESS_REMOTE_READ)

struct bench {
	const char *dev;
	const char *spec;
	const char *sizes;
	size_t reps;
	bool phases;
	bool dmabuf;
};

struct samples {
	uint64_t *reg;
	uint64_t *dereg;
	size_t count;
};

static clockid_t the_clock = CLOCK_MONOTONIC;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(the_clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static uint64_t median(uint64_t *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

static int sample(struct t_dev *dev, const struct t_buf *buf, size_t size,
		  uint64_t *reg, uint64_t *dereg)
{
	uint64_t start = now_ns();
	struct ibv_mr *mr = t_dev_reg_mr(dev, buf->addr, size, ACCESS);
	int ret;

	*reg = now_ns() - start;
	if (!mr)
		return t_fail(-errno, "ibv_reg_mr of %zu bytes of %s", size,
			      buf->spec);
	start = now_ns();
	ret = -t_dev_dereg_mr(mr);
	*dereg = now_ns() - start;
	return ret ? t_fail(ret, "ibv_dereg_mr of %zu bytes of %s", size,
			    buf->spec) :
		     0;
}

static int measure(struct t_dev *dev, const struct t_buf *buf,
		   size_t size, struct samples *samples)
{
	uint64_t ignored;
	int ret = 0;

	for (int i = 0; i < WARM_UP && !ret; i++)
		ret = sample(dev, buf, size, &ignored, &ignored);
	for (size_t i = 0; i < samples->count && !ret; i++)
		ret = sample(dev, buf, size, &samples->reg[i],
			     &samples->dereg[i]);
	if (ret)
		return ret;
	printf("reg_mr %s %zu ns %" PRIu64 "\n", t_buf_kind_name(buf), size,
	       median(samples->reg, samples->count));
	printf("dereg_mr %s %zu ns %" PRIu64 "\n", t_buf_kind_name(buf), size,
	       median(samples->dereg, samples->count));
	return 0;
}

/* One size after the other, each from the buffer's start. */
static int measure_all(struct t_dev *dev, const struct t_buf *buf,
		       const char *sizes, struct samples *samples)
{
	char *list = strdup(sizes);
	char *rest = list;
	int ret = list ? 0 : -ENOMEM;

	while (!ret && rest) {
		const char *item = strsep(&rest, ",");
		size_t size;

		if (t_parse_size(item, &size) || !size || size > buf->size)
			ret = t_fail(-EINVAL, "size %s of %s", item, buf->spec);
		else
			ret = measure(dev, buf, size, samples);
	}
	free(list);
	return ret;
}

/* One round, or with --phases as many as stdin asks for. */
static int measure_phases(const struct bench *bench, struct t_dev *dev,
			  const struct t_buf *buf, struct samples *samples)
{
	char line[64];
	int ret;

	if (!bench->phases)
		return measure_all(dev, buf, bench->sizes, samples);
	while (fgets(line, sizeof(line), stdin)) {
		ret = measure_all(dev, buf, bench->sizes, samples);
		if (ret)
			return ret;
		puts("done");
		fflush(stdout);
	}
	return 0;
}

static int run(const struct bench *bench)
{
	struct samples samples = {
		.reg = calloc(bench->reps, sizeof(uint64_t)),
		.dereg = calloc(bench->reps, sizeof(uint64_t)),
		.count = bench->reps,
	};
	struct t_dev dev = {0};
	struct t_buf buf = {0};
	int ret = samples.reg && samples.dereg ? 0 : -ENOMEM;

	/*
	 * How many huge pages there are to be had today is not what is
	 * measured.
	 */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (!ret)
		ret = t_dev_open(&dev, bench->dev, T_GID_INDEX);
	dev.by_dmabuf = bench->dmabuf;
	if (!ret)
		ret = t_buf_open(&buf, bench->spec);
	if (!ret)
		ret = measure_phases(bench, &dev, &buf, &samples);
	t_buf_close(&buf);
	t_dev_close(&dev);
	free(samples.dereg);
	free(samples.reg);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"dev", required_argument, NULL, 'd'},
		{"spec", required_argument, NULL, 's'},
		{"sizes", required_argument, NULL, 'z'},
		{"reps", required_argument, NULL, 'r'},
		{"cpu", no_argument, NULL, 'c'},
		{"dmabuf", no_argument, NULL, 'b'},
		{"phases", no_argument, NULL, 'p'},
		{0},
	};
	struct bench bench = {
		.spec = "host:", .sizes = DEFAULT_SIZES, .reps = DEFAULT_REPS};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd':
			bench.dev = optarg;
			break;
		case 's':
			bench.spec = optarg;
			break;
		case 'z':
			bench.sizes = optarg;
			break;
		case 'r':
			bench.reps = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			the_clock = CLOCK_THREAD_CPUTIME_ID;
			break;
		case 'b':
			bench.dmabuf = true;
			break;
		case 'p':
			bench.phases = true;
			break;
		default:
			bench.dev = NULL;
			argc = 0; /* the end of it, and no optind */
		}
	}
	if (!bench.dev || optind != argc || !bench.reps) {
		fputs("usage: reg_mr --dev DEVICE [--spec SPEC] [--sizes N,N,...] "
		      "[--reps N] [--cpu] [--dmabuf] [--phases]\n",
		      stderr);
		return T_FAIL;
	}
	return t_verdict(run(&bench));
}
