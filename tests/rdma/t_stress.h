/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * t_stress.c leads lives, t_stress_life.c is one.
 */
#ifndef T_STRESS_H
#define T_STRESS_H

#include <stdatomic.h>
#include <stdint.h>

#include "t_buf.h"

/* Shared by all lives. */
struct stress_counts {
	atomic_ulong cycles;	/* regions of peer memory: registered, used, gone */
	atomic_ulong refused;	/* not registered, with an errno that tells why */
	atomic_ulong moved;	/* checks of bytes that went there and back */
	atomic_ulong broken;	/* transfers that the NIC ended with an error */
	atomic_ulong faults;	/* SIGBUS where the memory was taken away */
	atomic_ulong idle;	/* lives without a NIC or without the memory to map */
};

struct stress_plan {
	const char *dev;
	int gid_index;
	const char *spec;
	struct stress_counts *counts;
};

/* How a life ends that saw what must not be. */
#define STRESS_WRONG 3

/*
 * One process's life: number @life of @plan, led by @seed. Does not return; everything
 * that it has may still be there at its end.
 */
void stress_live(const struct stress_plan *plan, uint64_t seed, unsigned int life)
	__attribute__((noreturn));

#endif
