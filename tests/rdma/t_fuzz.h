/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * t_fuzz.c leads threads, t_fuzz_ops.c has what they do.
 */
#ifndef T_FUZZ_H
#define T_FUZZ_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "t_random.h"
#include "t_rc.h"

#define FUZZ_MRS 48
#define FUZZ_FDS 16
#define FUZZ_DMABUFS 6
#define FUZZ_PAGE ((size_t)4096)
/* The addresses that all threads map, unmap and register; some more around them. */
#define FUZZ_CHUNK  (8 * FUZZ_PAGE)
#define FUZZ_CHUNKS 16
#define FUZZ_ARENA  (FUZZ_CHUNKS * FUZZ_CHUNK)

struct fuzz {
	struct t_dev dev;
	struct t_buf peer;
	char *arena;
	_Atomic(struct ibv_mr *) mrs[FUZZ_MRS];
	atomic_int fds[FUZZ_FDS]; /* number + 1; 0: none */
	atomic_int dmabufs[FUZZ_DMABUFS]; /* as fds */
	int scratch;			  /* a file that is read and written by the CPU */
	bool root, is_bar;
	atomic_bool wrong;
	atomic_ulong done, registered, refused, calls, answered, exported;
};

struct fuzz_thread {
	struct fuzz *fuzz;
	struct t_random random;
	unsigned long ops; /* to do */
};

/* One operation; false after a line that says what must not have been. */
bool fuzz_one(struct fuzz_thread *thread);

/* Lets go of all regions and files. */
void fuzz_clean(struct fuzz *fuzz);

#endif
