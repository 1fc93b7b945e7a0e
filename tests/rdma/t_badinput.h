/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One attempt to register something that cannot be registered: what to map where,
 * what to ask for, and what the refusal must look like.
 */
#ifndef T_BADINPUT_H
#define T_BADINPUT_H

#include <stddef.h>
#include <stdint.h>

/* Each letter of a layout is so much memory, one behind the other. */
#define CHUNK ((size_t)16384)

struct bad_case {
	const char *name;
	/*
	 * P peer memory, R the same read-only, N without any access, W write-only;
	 * O the other peer; H host memory; a dot: nothing
	 */
	const char *layout;
	int access;
	/* The length asked for; NULL: all of the layout but its first and last 4 bytes. */
	size_t (*len)(uintptr_t addr);

	int err;
	/* These stand in the kernel's line: what is wrong and what to do about it. */
	const char *why;
	const char *remedy;
	size_t at; /* the chunk that is said to be at fault */
};

struct bad_set {
	const char *name;
	const struct bad_case *cases;
	size_t count;
};

extern const struct bad_set bad_sets[];
extern const size_t bad_set_count;

#endif /* T_BADINPUT_H */
