// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * phys.c, each function at its edges: what merges and what does not, every sum
 * that can overflow at its last good and its first bad value, and every
 * allocation failing once, with the list unchanged by whatever failed.
 */
#include "phys.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "t_unit.h"

#define GIB (UINT64_C(1) << 30)
#define TOP UINT64_MAX

/* The list is exactly these ranges, and its sum is theirs. */
static bool is(const struct peer_phys_list *list, const struct phys_vec *vec, unsigned int nr)
{
	u64 bytes = 0;

	if (list->nr != nr || list->cap < nr)
		return false;
	for (unsigned int i = 0; i < nr; i++) {
		if (list->vec[i].paddr != vec[i].paddr || list->vec[i].len != vec[i].len)
			return false;
		bytes += vec[i].len;
	}
	return list->bytes == bytes;
}

#define IS(list, ...)                                                                              \
	is(list, (const struct phys_vec[]){ __VA_ARGS__ },                                         \
	   sizeof((const struct phys_vec[]){ __VA_ARGS__ }) / sizeof(struct phys_vec))

static void test_empty(void)
{
	struct peer_phys_list list;
	unsigned int segs = 77;

	memset(&list, 0xff, sizeof(list));
	peer_phys_init(&list);
	EXPECT(is(&list, NULL, 0) && !list.vec && !list.cap);
	peer_phys_trim(&list);
	EXPECT(is(&list, NULL, 0) && !list.vec);
	EXPECT(!peer_phys_count_segs(&list, 4096, &segs) && segs == 0);
	peer_phys_free(&list);
	peer_phys_free(&list);
	EXPECT(is(&list, NULL, 0) && !list.vec);
}

static void test_merge(void)
{
	struct peer_phys_list list;

	peer_phys_init(&list);
	EXPECT(!peer_phys_append(&list, 0x10000, 0x1000));
	EXPECT(!peer_phys_append(&list, 0x11000, 0x3000));
	EXPECT(IS(&list, { 0x10000, 0x4000 }));
	/* One byte further, one byte nearer: neither continues it. */
	EXPECT(!peer_phys_append(&list, 0x14001, 0xfff));
	EXPECT(!peer_phys_append(&list, 0x14fff, 1));
	EXPECT(IS(&list, { 0x10000, 0x4000 }, { 0x14001, 0xfff }, { 0x14fff, 1 }));
	/* Again the same memory, and what lies before it: order is kept, overlap is allowed. */
	EXPECT(!peer_phys_append(&list, 0x14fff, 1));
	EXPECT(!peer_phys_append(&list, 0x14ffe, 1));
	EXPECT(IS(&list, { 0x10000, 0x4000 }, { 0x14001, 0xfff }, { 0x14fff, 1 }, { 0x14fff, 1 },
		  { 0x14ffe, 1 }));
	/* Only the last range can be continued. */
	EXPECT(!peer_phys_append(&list, 0x14000, 1));
	EXPECT(list.nr == 6);
	peer_phys_free(&list);
}

/* A whole BAR, page by page, is one range and one allocation. */
static void test_merge_many(void)
{
	struct peer_phys_list list;
	unsigned long before = shim_allocs;

	peer_phys_init(&list);
	for (u64 at = 0; at < GIB; at += PAGE_SIZE)
		if (!EXPECT(!peer_phys_append(&list, 64 * GIB + at, PAGE_SIZE)))
			break;
	EXPECT(IS(&list, { 64 * GIB, GIB }));
	EXPECT(shim_allocs - before == 1);
	peer_phys_free(&list);
}

static void test_append_limits(void)
{
	struct peer_phys_list list;

	peer_phys_init(&list);
	EXPECT(peer_phys_append(&list, 0, 0) == -EINVAL);
	EXPECT(peer_phys_append(&list, TOP, 0) == -EINVAL);
	/* An end of 2^64 is not representable, so it is an overflow too. */
	EXPECT(peer_phys_append(&list, TOP, 1) == -EINVAL);
	EXPECT(peer_phys_append(&list, TOP - 4095, 4096) == -EINVAL);
	EXPECT(peer_phys_append(&list, 1, SIZE_MAX) == -EINVAL);
	EXPECT(is(&list, NULL, 0) && !list.vec);

	EXPECT(!peer_phys_append(&list, TOP - 1, 1));
	EXPECT(peer_phys_append(&list, TOP, 1) == -EINVAL);
	EXPECT(IS(&list, { TOP - 1, 1 }));
	peer_phys_free(&list);

	EXPECT(!peer_phys_append(&list, 0, SIZE_MAX));
	EXPECT(IS(&list, { 0, SIZE_MAX }));
	/* The range would be fine by itself; the sum of all lengths is not. */
	EXPECT(peer_phys_append(&list, 5, 1) == -EINVAL);
	EXPECT(peer_phys_append(&list, TOP, 1) == -EINVAL);
	EXPECT(IS(&list, { 0, SIZE_MAX }));
	peer_phys_free(&list);

	EXPECT(!peer_phys_append(&list, 0, SIZE_MAX - 1));
	EXPECT(!peer_phys_append(&list, 5, 1));
	EXPECT(peer_phys_append(&list, 7, 1) == -EINVAL);
	EXPECT(IS(&list, { 0, SIZE_MAX - 1 }, { 5, 1 }));
	peer_phys_free(&list);
}

/* @nr ranges that do not touch. */
static int append_apart(struct peer_phys_list *list, unsigned int nr)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < nr; i++)
		ret = peer_phys_append(list, (u64)i * 0x2000, 0x1000);
	return ret;
}

static bool is_apart(const struct peer_phys_list *list, unsigned int nr)
{
	if (list->nr != nr || list->bytes != (u64)nr * 0x1000)
		return false;
	for (unsigned int i = 0; i < nr; i++)
		if (list->vec[i].paddr != (u64)i * 0x2000 || list->vec[i].len != 0x1000)
			return false;
	return true;
}

static void test_growth(void)
{
	for (unsigned int nr = 1; nr < 200; nr++) {
		struct peer_phys_list list;

		peer_phys_init(&list);
		EXPECT(!append_apart(&list, nr) && is_apart(&list, nr));
		EXPECT(list.cap >= nr && list.cap < 2 * nr + 4);
		peer_phys_trim(&list);
		EXPECT(is_apart(&list, nr) && list.cap == nr);
		/* A trimmed list is as good as any other. */
		EXPECT(!peer_phys_append(&list, (u64)nr * 0x2000, 0x1000));
		EXPECT(is_apart(&list, nr + 1));
		peer_phys_free(&list);
	}
}

/* Fails the n-th allocation of one success sequence, until it needs no more. */
static void test_no_memory(void)
{
	struct peer_phys_list list;
	long nth;
	int ret = -ENOMEM;

	for (nth = 0; ret && nth < 100; nth++) {
		unsigned int nr = 0;

		peer_phys_init(&list);
		shim_fail_after(nth);
		while (nr < 100) {
			ret = peer_phys_append(&list, (u64)nr * 0x2000, 0x1000);
			if (ret)
				break;
			nr++;
		}
		EXPECT(!ret || ret == -ENOMEM);
		EXPECT(is_apart(&list, nr));
		/* Without memory it still merges: that needs none. */
		if (nr) {
			EXPECT(!peer_phys_append(&list, (u64)(nr - 1) * 0x2000 + 0x1000, 1));
			EXPECT(list.nr == nr && list.vec[nr - 1].len == 0x1001);
		}
		/* And when there is some again it goes on where it was. */
		shim_fail_after(-1);
		EXPECT(!peer_phys_append(&list, 0x1000000, 1) && list.nr == nr + 1);
		peer_phys_free(&list);
		EXPECT(shim_live == 0);
	}
	EXPECT(!ret && nth > 2);
}

static void test_trim_no_memory(void)
{
	struct peer_phys_list list;
	unsigned int cap;

	peer_phys_init(&list);
	EXPECT(!append_apart(&list, 5));
	cap = list.cap;
	EXPECT(cap > 5);
	shim_fail_after(0);
	peer_phys_trim(&list);
	shim_fail_after(-1);
	EXPECT(is_apart(&list, 5) && list.cap == cap);
	peer_phys_free(&list);
}

/* A count that doubles to 0 must not pass for a small array. */
static void test_growth_overflow(void)
{
	const unsigned int cap = 1U << 31;
	size_t bytes = (size_t)cap * sizeof(struct phys_vec);
	struct peer_phys_list list = { .nr = cap, .cap = cap, .bytes = 4096 };
	unsigned long before = shim_allocs;

	list.vec = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (list.vec == MAP_FAILED) {
		printf("no %zu bytes of address space: growth at the top not tested\n", bytes);
		return;
	}
	EXPECT(peer_phys_append(&list, 0x1000, 0x1000) == -ENOMEM);
	EXPECT(list.nr == cap && list.cap == cap && list.bytes == 4096);
	EXPECT(shim_allocs == before);
	munmap(list.vec, bytes);
}

static unsigned int segs_of(u64 len, size_t max_seg, int *ret)
{
	struct peer_phys_list list;
	unsigned int segs = 4242;

	peer_phys_init(&list);
	EXPECT(!peer_phys_append(&list, 0, len));
	*ret = peer_phys_count_segs(&list, max_seg, &segs);
	peer_phys_free(&list);
	return segs;
}

static void test_count_segs(void)
{
	static const struct {
		u64 len;
		size_t max_seg;
		int ret;
		unsigned int segs;
	} cases[] = {
		{ 4096, 4096, 0, 1 },
		{ 4096, SIZE_MAX, 0, 1 },
		{ 4097, 4096, 0, 2 },
		{ 8192, 4096, 0, 2 },
		{ 1, 4096, 0, 1 },
		/* A limit that is no multiple of a page counts as the one below it. */
		{ 8192, 8191, 0, 2 },
		{ 8192, 4097, 0, 2 },
		{ 8192, UINT_MAX, 0, 1 },
		{ 64 * GIB, UINT_MAX, 0, 17 },
		{ 64 * GIB, 2 << 20, 0, 32768 },
		{ 4096, 4095, -EINVAL, 4242 },
		{ 4096, 1, -EINVAL, 4242 },
		{ 4096, 0, -EINVAL, 4242 },
		/* The largest count there is, and one more. */
		{ (u64)UINT_MAX * 4096, 4096, 0, UINT_MAX },
		{ (u64)UINT_MAX * 4096 + 1, 4096, -E2BIG, 4242 },
		{ SIZE_MAX, 4096, -E2BIG, 4242 },
		{ SIZE_MAX, SIZE_MAX, 0, 2 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int ret;
		unsigned int segs = segs_of(cases[i].len, cases[i].max_seg, &ret);

		if (!EXPECT(ret == cases[i].ret) || !EXPECT(segs == cases[i].segs))
			printf("  case %zu: %#llx by %#zx is %d, %u\n", i,
			       (unsigned long long)cases[i].len, cases[i].max_seg, ret, segs);
	}
}

/* Pieces do not reach across ranges, and the sum is what counts. */
static void test_count_segs_sum(void)
{
	struct peer_phys_list list;
	unsigned int segs = 4242;

	peer_phys_init(&list);
	EXPECT(!append_apart(&list, 9));
	EXPECT(!peer_phys_count_segs(&list, SIZE_MAX, &segs) && segs == 9);
	EXPECT(!peer_phys_append(&list, GIB, (u64)(UINT_MAX - 9) * 4096));
	EXPECT(!peer_phys_count_segs(&list, 4096, &segs) && segs == UINT_MAX);
	segs = 4242;
	EXPECT(!peer_phys_append(&list, 1, 1));
	EXPECT(peer_phys_count_segs(&list, 4096, &segs) == -E2BIG && segs == 4242);
	peer_phys_free(&list);
}

static void test_page_bounds(void)
{
	static const struct {
		unsigned long va;
		size_t len;
		int ret;
		unsigned long first, end;
	} cases[] = {
		{ 0, 1, 0, 0, 4096 },
		{ 0, 4096, 0, 0, 4096 },
		{ 0, 4097, 0, 0, 8192 },
		{ 4095, 1, 0, 0, 4096 },
		{ 4095, 2, 0, 0, 8192 },
		{ 4096, 1, 0, 4096, 8192 },
		{ 0x7f0000001234, 0x10000, 0, 0x7f0000001000, 0x7f0000012000 },
		{ 0, 0, -EINVAL, 5, 5 },
		{ ULONG_MAX, 0, -EINVAL, 5, 5 },
		/* The last page cannot be had: its end is 2^64. */
		{ ULONG_MAX, 1, -EINVAL, 5, 5 },
		{ ULONG_MAX - 4095, 1, -EINVAL, 5, 5 },
		{ ULONG_MAX - 4096, 1, 0, ULONG_MAX - 8191, ULONG_MAX - 4095 },
		{ ULONG_MAX - 4096, 2, -EINVAL, 5, 5 },
		{ 0, ULONG_MAX - 4095, 0, 0, ULONG_MAX - 4095 },
		{ 0, ULONG_MAX - 4094, -EINVAL, 5, 5 },
		{ 0, ULONG_MAX, -EINVAL, 5, 5 },
		{ 1, ULONG_MAX, -EINVAL, 5, 5 },
		{ 2, ULONG_MAX, -EINVAL, 5, 5 },
		{ 4096, ULONG_MAX - 4095, -EINVAL, 5, 5 },
		{ ULONG_MAX, ULONG_MAX, -EINVAL, 5, 5 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned long first = 5, end = 5;
		int ret = peer_phys_page_bounds(cases[i].va, cases[i].len, &first, &end);

		if (!EXPECT(ret == cases[i].ret) ||
		    !EXPECT(ret || (first == cases[i].first && end == cases[i].end)))
			printf("  case %zu: %#lx+%#zx is %d, %#lx to %#lx\n", i, cases[i].va,
			       cases[i].len, ret, first, end);
	}
}

static void test_inside(void)
{
	static const struct {
		phys_addr_t paddr;
		u64 len;
		phys_addr_t start;
		u64 size;
		bool inside;
	} cases[] = {
		{ 100, 10, 100, 10, true },
		{ 100, 11, 100, 10, false },
		{ 99, 10, 100, 10, false },
		{ 109, 1, 100, 10, true },
		{ 110, 1, 100, 10, false },
		/* Nothing at the very end is inside, nothing behind it is not. */
		{ 110, 0, 100, 10, true },
		{ 111, 0, 100, 10, false },
		{ 99, 0, 100, 10, false },
		{ 0, 0, 0, 0, true },
		{ 0, 1, 0, 0, false },
		{ 0, TOP, 0, TOP, true },
		{ 1, TOP, 0, TOP, false },
		{ TOP, 1, 0, TOP, false },
		/* A BAR that ends where the address space ends; a length that wraps into it. */
		{ TOP - 9, 10, TOP - 9, 10, true },
		{ TOP, 1, TOP - 9, 10, true },
		{ TOP, 2, TOP - 9, 10, false },
		{ TOP - 9, TOP, TOP - 9, 10, false },
		{ 0, 1, TOP - 9, 20, false },
		{ 105, TOP - 3, 100, 10, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!EXPECT(peer_phys_inside(cases[i].paddr, cases[i].len, cases[i].start,
					     cases[i].size) == cases[i].inside))
			printf("  case %zu\n", i);
}

int main(void)
{
	test_empty();
	test_merge();
	test_merge_many();
	test_append_limits();
	test_growth();
	test_no_memory();
	test_trim_no_memory();
	test_growth_overflow();
	test_count_segs();
	test_count_segs_sum();
	test_page_bounds();
	test_inside();
	EXPECT(shim_live == 0);
	return t_unit_verdict("t_phys");
}
