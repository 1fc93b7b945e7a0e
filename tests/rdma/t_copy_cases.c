// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "t_copy_cases.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "t.h"

#define PAGE	     ((size_t)4096)
#define HUGE	     ((size_t)2 << 20)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool fits(size_t size, size_t at, size_t len)
{
	return at <= size && len <= size - at;
}

void copy_list_add(struct copy_list *list, const struct copy_shape *shape,
		   size_t from, size_t to, size_t len)
{
	struct copy_case *grown;

	if (list->error || !len || !fits(shape->from_size, from, len) ||
	    !fits(shape->to_size, to, len))
		return;
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 64;

		grown = reallocarray(list->cases, room, sizeof(*grown));
		if (!grown) {
			list->error = -ENOMEM;
			return;
		}
		list->cases = grown;
		list->room = room;
	}
	list->cases[list->count++] =
		(struct copy_case){.from = from, .to = to, .len = len};
}

void copy_list_free(struct copy_list *list)
{
	free(list->cases);
	memset(list, 0, sizeof(*list));
}

int copy_list_parse(struct copy_list *list, const struct copy_shape *shape,
		    const char *text)
{
	char *copy = strdup(text);
	char *save = NULL;
	int ret = copy ? 0 : -ENOMEM;

	for (char *item = copy ? strtok_r(copy, ",", &save) : NULL;
	     item && !ret; item = strtok_r(NULL, ",", &save)) {
		size_t number[3], before = list->count;

		for (int i = 0; i < 3 && !ret; i++) {
			char *part = strsep(&item, ":");

			ret = part ? t_parse_size(part, &number[i]) : -EINVAL;
		}
		if (ret || item) {
			ret = -EINVAL;
			break;
		}
		copy_list_add(list, shape, number[0], number[1], number[2]);
		if (list->count == before)
			ret = list->error ? list->error : -ERANGE;
	}
	free(copy);
	return ret;
}

/*
 * Every alignment of start and length to a word, on both sides: memcpy's edges.
 */
static void generate_small(const struct copy_shape *shape,
			   struct copy_list *list)
{
	static const size_t lens[] = {1,  2,  3,  5,  7,  8,   9,  15,
				      17, 31, 63, 64, 65, 255, 257};
	static const size_t shifts[] = {0, 1, 3, 4, 7};

	for (size_t l = 0; l < COUNT(lens); l++)
		for (size_t f = 0; f < COUNT(shifts); f++)
			for (size_t t = 0; t < COUNT(shifts); t++)
				copy_list_add(list, shape, 64 + shifts[f],
					      128 + shifts[t], lens[l]);
}

/* Around one border in each buffer: ending at it, starting at it, across it. */
static void add_border(const struct copy_shape *shape, struct copy_list *list,
		       size_t from, size_t to)
{
	static const size_t lens[] = {1, 2, 7, 4095, 4097, 8195};
	static const size_t before[] = {0, 1, 3, 4096, 4099};

	for (size_t l = 0; l < COUNT(lens); l++)
		for (size_t b = 0; b < COUNT(before); b++) {
			size_t back = min(before[b], lens[l]);

			if (before[b] > lens[l] || from < back || to < back)
				continue;
			copy_list_add(list, shape, from - back, to - back,
				      lens[l]);
			/* Once with the borders not opposite each other. */
			copy_list_add(list, shape, from - back, to - back + 5,
				      lens[l]);
		}
}

static void generate_pages(const struct copy_shape *shape,
			   struct copy_list *list)
{
	add_border(shape, list, PAGE, 3 * PAGE);
	add_border(shape, list, 5 * PAGE, PAGE);
}

/* Offset of the first address border of 2 MiB in a mapping. */
static size_t address_border(uintptr_t addr)
{
	return -addr & (HUGE - 1);
}

/*
 * 2 MiB of the offset (what the memory is) and of the address (how it is
 * mapped).
 */
static void generate_huge(const struct copy_shape *shape,
			  struct copy_list *list)
{
	size_t from = address_border(shape->from_addr);
	size_t to = address_border(shape->to_addr);

	add_border(shape, list, HUGE, HUGE);
	add_border(shape, list, HUGE, PAGE);
	add_border(shape, list, PAGE, HUGE);
	if (from && to)
		add_border(shape, list, from, to);
}

/*
 * The first and the last bytes of both buffers, where a range check is off by
 * one.
 */
static void generate_ends(const struct copy_shape *shape,
			  struct copy_list *list)
{
	static const size_t lens[] = {1, 3, 8, 4095, 4096, 4097};

	for (size_t l = 0; l < COUNT(lens); l++) {
		size_t len = lens[l];

		copy_list_add(list, shape, 0, 0, len);
		if (len > shape->from_size || len > shape->to_size)
			continue;
		copy_list_add(list, shape, shape->from_size - len,
			      shape->to_size - len, len);
		copy_list_add(list, shape, shape->from_size - len, 1, len);
		copy_list_add(list, shape, 1, shape->to_size - len, len);
	}
}

/*
 * 1 B up to a half, doubling, odd starts and lengths: whole messages of many
 * packets.
 */
static void generate_doubling(const struct copy_shape *shape,
			      struct copy_list *list)
{
	size_t whole = min(shape->from_size, shape->to_size);

	for (size_t len = 1; len <= whole / 2; len *= 2)
		copy_list_add(list, shape, 4093, 1021, len + 1);
}

static void generate_whole(const struct copy_shape *shape,
			   struct copy_list *list)
{
	copy_list_add(list, shape, 0, 0, min(shape->from_size, shape->to_size));
}

const struct copy_group copy_groups[] = {
	{"unaligned small", generate_small},
	{"page borders", generate_pages},
	{"2 MiB borders", generate_huge},
	{"first and last bytes", generate_ends},
	{"doubling lengths", generate_doubling},
	{"whole buffer", generate_whole},
};

const size_t copy_group_count = COUNT(copy_groups);
