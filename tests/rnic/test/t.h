/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Checks that end the test at once and say where. Under ASAN an abort shows the stack.
 */
#ifndef T_H
#define T_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CHECK(condition)                                                                     \
	do {                                                                                 \
		if (!(condition)) {                                                          \
			fprintf(stderr, "%s:%d: %s: not so: %s\n", __FILE__, __LINE__,       \
				__func__, #condition);                                       \
			abort();                                                             \
		}                                                                            \
	} while (0)

#define CHECK_EQ(a, b)                                                                       \
	do {                                                                                 \
		uint64_t a_ = (uint64_t)(a), b_ = (uint64_t)(b);                             \
		if (a_ != b_) {                                                              \
			fprintf(stderr, "%s:%d: %s: %s is %" PRIu64 ", not %" PRIu64 "\n",   \
				__FILE__, __LINE__, __func__, #a, a_, b_);                   \
			abort();                                                             \
		}                                                                            \
	} while (0)

#define RUN(test)                                                                            \
	do {                                                                                 \
		printf("%s\n", #test);                                                       \
		fflush(stdout);                                                              \
		test();                                                                      \
	} while (0)

/* xorshift64*; the seed is printed, and can be given again as the only argument. */
extern uint64_t t_random_state; /* t.c: one for all files of a test */

static inline uint64_t t_random(void)
{
	t_random_state ^= t_random_state >> 12;
	t_random_state ^= t_random_state << 25;
	t_random_state ^= t_random_state >> 27;
	return t_random_state * 0x2545f4914f6cdd1dull;
}

static inline void t_random_seed(int argc, char **argv)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	t_random_state = argc > 1 ? strtoull(argv[1], NULL, 0) :
				    (uint64_t)now.tv_sec << 20 ^ (uint64_t)now.tv_nsec;
	t_random_state |= 1;
	printf("seed %" PRIu64 "\n", t_random_state);
	fflush(stdout);
}

#endif
