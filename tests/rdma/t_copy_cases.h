/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which copies a sweep makes: groups of (from, to, length), each group after
 * one sort of mistake. Pure arithmetic, no device; unit-tested on its own.
 */
#ifndef T_COPY_CASES_H
#define T_COPY_CASES_H

#include <stddef.h>
#include <stdint.h>

struct copy_case {
	size_t from; /* offset in the source */
	size_t to;   /* offset in the target */
	size_t len;
};

struct copy_list {
	struct copy_case *cases;
	size_t count;
	size_t room;
	int error; /* -ENOMEM sticks, so that generators need not look */
};

/*
 * The two sides: sizes, and where they are mapped (for borders of the address).
 */
struct copy_shape {
	size_t from_size;
	size_t to_size;
	uintptr_t from_addr;
	uintptr_t to_addr;
};

struct copy_group {
	const char *name;
	void (*generate)(const struct copy_shape *shape,
			 struct copy_list *list);
};

extern const struct copy_group copy_groups[];
extern const size_t copy_group_count;

/*
 * Adds a case; one that does not fit into both buffers or is empty is left out.
 */
void copy_list_add(struct copy_list *list, const struct copy_shape *shape,
		   size_t from, size_t to, size_t len);
void copy_list_free(struct copy_list *list);

/*
 * Adds "FROM:TO:LENGTH[,...]", sizes with K, M, G. Here a case that does not
 * fit is -ERANGE, and nonsense -EINVAL.
 */
int copy_list_parse(struct copy_list *list, const struct copy_shape *shape,
		    const char *text);

#endif /* T_COPY_CASES_H */
