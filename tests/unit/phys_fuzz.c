// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libFuzzer target: the input is a list of calls of phys.c with their operands. Each must
 * keep the promises of phys.h; sums are made in 128 bits. For longer:
 *   ./lab exec /build/bin/t_phys_fuzz -max_total_time=600 /tmp/corpus
 */
#include "phys.h"

#include <stdlib.h>

typedef unsigned __int128 u128;

struct input {
	const uint8_t *at;
	size_t left;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t take(struct input *input, size_t bytes)
{
	uint64_t value = 0;

	if (bytes > input->left)
		bytes = input->left;
	memcpy(&value, input->at, bytes);
	input->at += bytes;
	input->left -= bytes;
	return value;
}

/* Any number; in pages more often than not. */
static uint64_t number(struct input *input)
{
	uint64_t how = take(input, 1);

	switch (how & 3) {
	case 0: return take(input, 8);
	case 1: return UINT64_MAX - take(input, 2);
	default: return take(input, 2) << 12;
	}
}

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_list(const struct peer_phys_list *list)
{
	u128 bytes = 0;

	must(list->nr <= list->cap);
	for (unsigned int i = 0; i < list->nr; i++) {
		const struct phys_vec *vec = &list->vec[i];

		must(vec->len && (u128)vec->paddr + vec->len <= UINT64_MAX);
		must(!i || vec[-1].paddr + vec[-1].len != vec->paddr);
		bytes += vec->len;
	}
	must(bytes == list->bytes);
}

static void append(struct peer_phys_list *list, struct input *input)
{
	const struct peer_phys_list before = *list;
	uint64_t paddr = number(input), len = number(input);
	bool fits;
	int ret;

	if (list->nr && take(input, 1) & 1)
		paddr = list->vec[list->nr - 1].paddr + list->vec[list->nr - 1].len;
	fits = len && (u128)paddr + len <= UINT64_MAX && (u128)list->bytes + len <= UINT64_MAX;
	ret = peer_phys_append(list, paddr, len);
	must((ret == -EINVAL) == !fits);
	must(!ret || ret == -EINVAL || ret == -ENOMEM);
	must(list->bytes == before.bytes + (ret ? 0 : len));
	must(!ret || (list->nr == before.nr && list->vec == before.vec));
}

static void count(const struct peer_phys_list *list, struct input *input)
{
	uint64_t max_seg = number(input), whole = max_seg & ~UINT64_C(4095);
	unsigned int segs = 7;
	u128 wanted = 0;
	int ret = peer_phys_count_segs(list, max_seg, &segs);

	for (unsigned int i = 0; whole && i < list->nr; i++)
		wanted += ((u128)list->vec[i].len + whole - 1) / whole;
	if (!whole)
		must(ret == -EINVAL && segs == 7);
	else if (wanted > UINT_MAX)
		must(ret == -E2BIG && segs == 7);
	else
		must(!ret && segs == wanted);
}

static void bounds(struct input *input)
{
	unsigned long va = number(input), first, end;
	size_t len = number(input);
	u128 wanted = ((u128)va + len + 4095) & ~(u128)4095;
	int ret = peer_phys_page_bounds(va, len, &first, &end);

	if (!len || wanted > UINT64_MAX)
		must(ret == -EINVAL);
	else
		must(!ret && end == (unsigned long)wanted && first == (va & ~4095UL));
}

static void inside(struct input *input)
{
	uint64_t paddr = number(input), len = number(input), start = number(input),
		 size = number(input);

	must(peer_phys_inside(paddr, len, start, size) ==
	     (paddr >= start && (u128)paddr + len <= (u128)start + size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct peer_phys_list list;

	peer_phys_init(&list);
	while (input.left) {
		uint64_t what = take(&input, 1);

		shim_fail_after(what & 0x80 ? 0 : -1);
		switch (what & 7) {
		case 0: peer_phys_trim(&list); break;
		case 1: count(&list, &input); break;
		case 2: bounds(&input); break;
		case 3: inside(&input); break;
		default: append(&list, &input);
		}
		check_list(&list);
	}
	shim_fail_after(-1);
	peer_phys_free(&list);
	must(!shim_live);
	return 0;
}
