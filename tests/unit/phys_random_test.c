// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_phys_random [--seed N] [--rounds N]
 *
 * phys.c against a model that is too simple to be wrong: it writes down each
 * unit of memory that was appended, one by one, and finds the ranges anew by
 * walking them; sums are made in 128 bits. Random calls, with allocations that
 * fail at random, must agree after every step.
 *
 * Without --seed the same seeds run every time, and one that is new. A failure
 * says which: give it to --seed to see it again.
 */
#include "phys.h"

#include <stdlib.h>
#include <sys/random.h>

#include "t_unit.h"

#define MAX_UNITS 4096
#define STEPS 200
#define FIXED_SEEDS 2000

typedef unsigned __int128 u128;

struct model {
	phys_addr_t unit[MAX_UNITS]; /* address of each unit, in order */
	unsigned int nr;
	u64 size; /* of a unit */
	phys_addr_t base;
};

static u64 state;

/* splitmix64: a full period, and any seed is as good as any other */
static u64 next(void)
{
	u64 z = state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static u64 below(u64 limit)
{
	return next() % limit;
}

/* Any value, but those where arithmetic goes wrong come often. */
static u64 edgy(void)
{
	static const u64 edge[] = { 0, 1, 4095, 4096, 4097, UINT32_MAX, INT64_MAX, UINT64_MAX };
	u64 value = edge[below(sizeof(edge) / sizeof(edge[0]))];

	switch (below(4)) {
	case 0: return next();
	case 1: return next() >> below(64);
	case 2: return value + below(3) * 4096 - 4096;
	default: return value + below(5) - 2;
	}
}

/* Does the list say what the model says? */
static bool agree(const struct peer_phys_list *list, const struct model *model)
{
	unsigned int range = 0, u = 0;

	while (u < model->nr) {
		unsigned int first = u++;

		while (u < model->nr && model->unit[u] == model->unit[u - 1] + model->size)
			u++;
		if (range >= list->nr || list->vec[range].paddr != model->unit[first] ||
		    list->vec[range].len != (u - first) * model->size)
			return false;
		range++;
	}
	return range == list->nr && list->nr <= list->cap && list->bytes == model->nr * model->size;
}

/* Appends as exporters do: mostly where the last piece ended, else anywhere near. */
static void step_append(struct peer_phys_list *list, struct model *model)
{
	unsigned int units = 1 + (unsigned int)below(8);
	phys_addr_t paddr = model->base + below(64) * model->size;
	int ret;

	if (model->nr + units > MAX_UNITS)
		return;
	if (model->nr && below(2))
		paddr = model->unit[model->nr - 1] + model->size;
	ret = peer_phys_append(list, paddr, units * model->size);
	if ((u128)paddr + units * model->size > UINT64_MAX) {
		EXPECT(ret == -EINVAL);
		return;
	}
	EXPECT(!ret || ret == -ENOMEM);
	for (unsigned int i = 0; !ret && i < units; i++)
		model->unit[model->nr++] = paddr + i * model->size;
}

static void step_append_bad(struct peer_phys_list *list)
{
	phys_addr_t paddr = edgy();
	size_t len = edgy();

	/* Only what must be refused: the model could not hold the rest. */
	if (len && (u128)paddr + len <= UINT64_MAX && (u128)list->bytes + len <= UINT64_MAX)
		len = 0;
	EXPECT(peer_phys_append(list, paddr, len) == -EINVAL);
}

static void step_count(const struct peer_phys_list *list, const struct model *model)
{
	size_t max_seg = below(2) ? edgy() : 4096 * (1 + below(1024));
	u64 whole = max_seg / 4096 * 4096;
	unsigned int segs = 4242;
	u128 count = 0, left = 0;
	int ret = peer_phys_count_segs(list, max_seg, &segs);

	if (!whole) {
		EXPECT(ret == -EINVAL && segs == 4242);
		return;
	}
	for (unsigned int u = 0; u < model->nr; u++) {
		u128 unit = model->size;

		if (!u || model->unit[u] != model->unit[u - 1] + model->size)
			left = 0; /* a new range: what is left of a piece is lost */
		for (; unit > left; left = whole) {
			unit -= left;
			count++;
		}
		left -= unit;
	}
	EXPECT(!ret && segs == count);
}

static void step_inside(void)
{
	phys_addr_t paddr = edgy(), start = below(2) ? edgy() : paddr + below(5) - 2;
	u64 len = edgy(), size = below(2) ? edgy() : len + below(5) - 2;
	bool wanted = paddr >= start && (u128)paddr + len <= (u128)start + size;

	if (!EXPECT(peer_phys_inside(paddr, len, start, size) == wanted))
		printf("  %#llx+%#llx in %#llx+%#llx\n", (unsigned long long)paddr,
		       (unsigned long long)len, (unsigned long long)start,
		       (unsigned long long)size);
}

static void step_bounds(void)
{
	unsigned long va = edgy(), first = 5, end = 5;
	size_t len = edgy();
	u128 wanted = ((u128)va + len + 4095) / 4096 * 4096;
	int ret = peer_phys_page_bounds(va, len, &first, &end);

	if (!len || wanted > UINT64_MAX) {
		EXPECT(ret == -EINVAL);
		return;
	}
	if (!EXPECT(!ret && first == va / 4096 * 4096 && end == (unsigned long)wanted))
		printf("  %#lx+%#zx\n", va, len);
}

static void step(struct peer_phys_list *list, struct model *model)
{
	switch (below(8)) {
	case 0: peer_phys_trim(list); break;
	case 1: step_append_bad(list); break;
	case 2: step_count(list, model); break;
	case 3: step_inside(); break;
	case 4: step_bounds(); break;
	default: step_append(list, model); break;
	}
}

/* 0, or 1 after the first step that does not agree. */
static int run(u64 seed)
{
	static const u64 sizes[] = { 1, 4096, 2 << 20 };
	static struct model model;
	struct peer_phys_list list;
	int before = t_unit_failures;

	state = seed;
	model.nr = 0;
	model.size = sizes[below(3)];
	/* Now and then so far up that a third of the appends do not fit any more. */
	model.base = below(4) ? below(1 << 20) * model.size : UINT64_MAX - 48 * model.size;
	peer_phys_init(&list);
	for (unsigned int i = 0; i < STEPS && t_unit_failures == before; i++) {
		shim_fail_after(below(4) ? -1 : 0);
		step(&list, &model);
		if (!EXPECT(agree(&list, &model)))
			printf("  after step %u\n", i);
	}
	shim_fail_after(-1);
	peer_phys_free(&list);
	EXPECT(shim_live == 0);
	if (t_unit_failures == before)
		return 0;
	printf("to see it again: t_phys_random --seed %llu\n", (unsigned long long)seed);
	return 1;
}

int main(int argc, char **argv)
{
	u64 rounds = FIXED_SEEDS, fresh = 0;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--seed")) {
			run(strtoull(argv[i + 1], NULL, 0));
			return t_unit_verdict("t_phys_random");
		}
		if (!strcmp(argv[i], "--rounds"))
			rounds = strtoull(argv[i + 1], NULL, 0);
	}
	if (getrandom(&fresh, sizeof(fresh), 0) != sizeof(fresh))
		fresh = 4711;
	printf("seeds 0 to %llu, and %llu\n", (unsigned long long)rounds - 1,
	       (unsigned long long)fresh);
	for (u64 seed = 0; seed < rounds; seed++)
		if (run(seed))
			return t_unit_verdict("t_phys_random");
	run(fresh);
	return t_unit_verdict("t_phys_random");
}
