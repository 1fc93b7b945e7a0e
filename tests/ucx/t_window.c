// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * mpirun -n 2 t_window --from SPEC --to SPEC [--sizes N,N,...]
 *
 * Two ranks of an MPI job, each with a window (MPI_Win_create): rank 0's is FROM, rank 1's TO
 * (as for t_copy), each on its own machine if they are on two. For each size, a multiple of 8, rank 0 puts to rank 1's window, gets
 * from it, adds to it and sends a message; what it moves lies in its own window's memory. The
 * rank that receives compares every byte, and 64 bytes around it must be untouched.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t.h"
#include "t_buf.h"
#include "t_pattern.h"

#define START 4096 /* of the data in both windows */
#define SEED  91
#define SEA   (UINT64_C(92) | T_PATTERN_SEA)
#define OTHER 1 /* the rank whose window is the target */

struct job {
	const char *spec[2]; /* by rank */
	const char *sizes;
	int rank;
	struct t_buf buf;
	MPI_Win window;
	uint64_t cases;
	uint64_t bytes;
};

/* MPI ends the job if a call fails, and says why. */
struct operation {
	const char *name;
	bool to_first; /* data flows to rank 0 */
	bool adds;     /* to what was there */
	void (*run)(struct job *job, void *at, size_t len);
};

static void put(struct job *job, void *at, size_t len)
{
	if (job->rank == 0)
		MPI_Put(at, (int)len, MPI_BYTE, OTHER, START, (int)len, MPI_BYTE, job->window);
}

static void get(struct job *job, void *at, size_t len)
{
	if (job->rank == 0)
		MPI_Get(at, (int)len, MPI_BYTE, OTHER, START, (int)len, MPI_BYTE, job->window);
}

static void add(struct job *job, void *at, size_t len)
{
	int count = (int)(len / sizeof(uint64_t));

	if (job->rank == 0)
		MPI_Accumulate(at, count, MPI_UINT64_T, OTHER, START, count, MPI_UINT64_T, MPI_SUM,
			       job->window);
}

static void message(struct job *job, void *at, size_t len)
{
	if (job->rank == 0)
		MPI_Send(at, (int)len, MPI_BYTE, OTHER, 0, MPI_COMM_WORLD);
	else
		MPI_Recv(at, (int)len, MPI_BYTE, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

static const struct operation operations[] = {
	{"put", false, false, put},
	{"get", true, false, get},
	{"accumulate", false, true, add},
	{"send", false, false, message},
};

/* Takes away what was there before @len bytes of it were added to; the rest must be the data. */
static int undo_add(void *range, size_t len)
{
	volatile uint64_t *word = range;
	uint64_t *was = malloc(len);

	if (!was)
		return t_fail(-ENOMEM, "%zu bytes", len);
	t_pattern_fill(was, len, SEA, START);
	for (size_t i = 0; i < len / sizeof(*was); i++)
		word[i] -= was[i];
	free(was);
	return 0;
}

static int run_case(struct job *job, const struct operation *operation, size_t len)
{
	bool receives = (job->rank == 0) == operation->to_first;
	char *base = job->buf.addr;
	struct t_target target = {
		.base = base,
		.size = START + len + T_PATTERN_GUARD,
		.start = START,
		.len = len,
		.sea = SEA,
	};
	char what[64];
	int ret = 0;

	snprintf(what, sizeof(what), "rank %d: %s of %zu bytes", job->rank, operation->name, len);
	if (receives)
		t_pattern_fill(base + START - T_PATTERN_GUARD, len + 2 * T_PATTERN_GUARD, SEA,
			       START - T_PATTERN_GUARD);
	else
		t_pattern_fill(base + START, len, SEED + len, 0);
	/* Fences order what the CPU does to its own window, too. */
	MPI_Win_fence(0, job->window);
	operation->run(job, base + START, len);
	MPI_Win_fence(0, job->window);
	if (receives && operation->adds)
		ret = undo_add(base + START, len);
	if (receives && !ret)
		ret = t_target_check(&target, SEED + len, 0, what);
	job->cases++;
	job->bytes += len;
	return ret;
}

static int run_sizes(struct job *job)
{
	char *list = strdup(job->sizes), *rest = list;
	int ret = list ? 0 : -ENOMEM;

	while (!ret && rest) {
		const char *item = strsep(&rest, ",");
		size_t len;

		if (t_parse_size(item, &len) || !len || len % sizeof(uint64_t) || len > INT32_MAX ||
		    len > job->buf.size - START - T_PATTERN_GUARD)
			ret = t_fail(-EINVAL, "size %s of %s", item, job->buf.spec);
		for (size_t i = 0; !ret && i < sizeof(operations) / sizeof(operations[0]); i++)
			ret = run_case(job, &operations[i], len);
	}
	free(list);
	return ret;
}

static int run(struct job *job)
{
	int ranks, ret;

	MPI_Comm_rank(MPI_COMM_WORLD, &job->rank);
	MPI_Comm_size(MPI_COMM_WORLD, &ranks);
	if (ranks != 2)
		return t_fail(-EINVAL, "%d ranks", ranks);
	ret = t_buf_open(&job->buf, job->spec[job->rank]);
	if (ret)
		return ret;
	MPI_Win_create(job->buf.addr, (MPI_Aint)job->buf.size, 1, MPI_INFO_NULL, MPI_COMM_WORLD,
		       &job->window);
	ret = run_sizes(job);
	if (ret)
		return ret;
	MPI_Win_free(&job->window);
	t_buf_close(&job->buf);
	printf("window rank=%d buf=%s cases=%" PRIu64 " bytes=%" PRIu64 " verified=yes\n",
	       job->rank, job->buf.spec, job->cases, job->bytes);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"from", required_argument, NULL, 'f'},
		{"to", required_argument, NULL, 't'},
		{"sizes", required_argument, NULL, 's'},
		{0},
	};
	struct job job = {.sizes = "8,4K,1M"};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'f': job.spec[0] = optarg; break;
		case 't': job.spec[1] = optarg; break;
		case 's': job.sizes = optarg; break;
		default: argc = 0;
		}
	}
	if (!job.spec[0] || !job.spec[1] || optind != argc) {
		fputs("usage: mpirun -n 2 t_window --from SPEC --to SPEC [--sizes N,N,...]\n"
		      "SPEC:  " T_BUF_USAGE "\n",
		      stderr);
		return T_FAIL;
	}
	MPI_Init(NULL, NULL);
	/* The other rank is waiting for this one: a failure ends the job. */
	if (run(&job))
		MPI_Abort(MPI_COMM_WORLD, T_FAIL);
	MPI_Finalize();
	return T_PASS;
}
