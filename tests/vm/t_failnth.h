/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What t_failnth.c sweeps: one sequence of calls that succeeds when nothing fails.
 */
#ifndef T_FAILNTH_H
#define T_FAILNTH_H

struct t_sequence {
	const char *name;
	const char *usage;	/* of its arguments */
	int nr_args;
	/* Once, before everything. 0 or -errno, said. */
	int (*open)(char **args);
	/* Before each attempt: makes what @run needs. 0 or -errno, said. */
	int (*prepare)(void);
	/* The attempt, in which the n-th allocation fails: 0 or -errno, unsaid. */
	int (*run)(void);
	/* After each attempt, however it ended: nothing of it is left. 0 or -errno, said. */
	int (*clean)(void);
};

/* NULL: there is none of that name. */
const struct t_sequence *t_sequence_find(const char *name);
void t_sequences_usage(void);

#endif
