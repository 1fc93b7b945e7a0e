/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Numbers that repeat: what a storm does follows from its seed, which it prints.
 */
#ifndef T_RANDOM_H
#define T_RANDOM_H

#include <stdint.h>

struct t_random {
	uint64_t state;
};

/* splitmix64: any seed is as good as any other, neighbours too */
static inline uint64_t t_random_next(struct t_random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* 0 to @limit - 1 */
static inline uint64_t t_random_below(struct t_random *random, uint64_t limit)
{
	return t_random_next(random) % limit;
}

#endif /* T_RANDOM_H */
