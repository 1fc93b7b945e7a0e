// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The instruments themselves: a check that finds nothing proves nothing, so
 * each kind of damage is done on purpose here and must be found at the right
 * byte. Needs no device; built with the address and undefined behaviour
 * sanitizers.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "t.h"
#include "t_buf.h"
#include "t_copy_cases.h"
#include "t_pattern.h"

#define SEA (UINT64_C(3) | T_PATTERN_SEA)

static int failures;

static void expect(bool ok, int line, const char *what)
{
	if (ok)
		return;
	printf("line %d: not so: %s\n", line, what);
	failures++;
}

#define EXPECT(condition) expect(condition, __LINE__, #condition)

static void test_sizes(void)
{
	static const char *const bad[] = {"",
					  "-1",
					  " 1",
					  "1T",
					  "1KK",
					  "K",
					  "17E",
					  "1 K",
					  "0x10000000000000000",
					  "17179869184G"};
	char text[24];
	size_t size;

	EXPECT(!t_parse_size("4096", &size) && size == 4096);
	EXPECT(!t_parse_size("64K", &size) && size == 65536);
	EXPECT(!t_parse_size("0x10m", &size) && size == 16 << 20);
	EXPECT(!t_parse_size("3G", &size) && size == (size_t)3 << 30);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT(t_parse_size(bad[i], &size) == -EINVAL);
	EXPECT(!strcmp(t_format_size(4096, text), "4 KiB"));
	EXPECT(!strcmp(t_format_size(4097, text), "4097 B"));
}

/*
 * Every alignment and length around a word: filled bytes equal the stream,
 * others stay.
 */
static void test_pattern_edges(void)
{
	uint8_t stream[64], range[64];
	struct t_mismatch bad;

	t_pattern_fill(stream, sizeof(stream), 5, 0);
	for (size_t at = 0; at < 9; at++)
		for (size_t len = 0; len < 34; len++)
			for (size_t pos = 0; pos < 9; pos++) {
				memset(range, 0xee, sizeof(range));
				t_pattern_fill(range + at, len, 5, pos);
				EXPECT(!memcmp(range + at, stream + pos, len));
				EXPECT(!at || range[at - 1] == 0xee);
				EXPECT(range[at + len] == 0xee);
				EXPECT(!t_pattern_check(range + at, len, 5, pos,
							&bad));
			}
}

/* One flipped bit anywhere is found, at its byte. */
static void test_pattern_damage(void)
{
	uint8_t range[48];
	struct t_mismatch bad;

	for (size_t len = 1; len < 40; len++)
		for (size_t hurt = 0; hurt < len; hurt++) {
			t_pattern_fill(range + 3, len, 5, 11);
			range[3 + hurt] ^= 0x10;
			EXPECT(t_pattern_check(range + 3, len, 5, 11, &bad) ==
			       -EBADMSG);
			EXPECT(bad.offset == hurt &&
			       bad.got == range[3 + hurt] &&
			       bad.expected == (range[3 + hurt] ^ 0x10));
		}
}

/* Shifted, repeated, foreign and untouched bytes never pass. */
static void test_pattern_depends_on_position(void)
{
	uint8_t range[8192];
	struct t_mismatch bad;

	t_pattern_fill(range, sizeof(range), 5, 0);
	for (size_t shift = 1; shift < 4097; shift = shift * 2 + 1)
		EXPECT(t_pattern_check(range, 64, 5, shift, &bad) &&
		       bad.offset < 8);
	for (uint64_t seed = 0; seed < 40; seed++)
		EXPECT(seed == 5 || t_pattern_check(range, 64, seed, 0, &bad));
	for (size_t i = 0; i < sizeof(range); i++)
		EXPECT(!(range[i] & 0x80));
	t_pattern_fill(range, sizeof(range), SEA, 0);
	for (size_t i = 0; i < sizeof(range); i++)
		EXPECT(range[i] & 0x80);
}

static void test_target(void)
{
	uint8_t buffer[512];
	struct t_target target = {
		.base = buffer,
		.size = sizeof(buffer),
		.start = 101,
		.len = 203,
		.sea = SEA,
	};
	static const size_t guards[] = {101 - T_PATTERN_GUARD, 100, 304,
					303 + T_PATTERN_GUARD};

	t_pattern_fill(buffer, sizeof(buffer), SEA, 0);
	EXPECT(!t_target_check_untouched(&target, "sea"));
	EXPECT(t_target_check(&target, 5, 0, "on purpose, not copied") ==
	       -EBADMSG);
	t_pattern_fill(buffer + 101, 203, 5, 17);
	EXPECT(!t_target_check(&target, 5, 17, "copied"));
	EXPECT(t_target_check(&target, 5, 18, "on purpose, shifted") ==
	       -EBADMSG);
	EXPECT(t_target_check_untouched(&target, "on purpose, written") ==
	       -EBADMSG);
	for (size_t i = 0; i < 4; i++) {
		buffer[guards[i]] ^= 1;
		EXPECT(t_target_check(&target, 5, 17, "on purpose, guard") ==
		       -EBADMSG);
		buffer[guards[i]] ^= 1;
	}
	t_target_restore(&target);
	target = (struct t_target){
		.base = buffer, .size = 512, .len = 512, .sea = SEA};
	EXPECT(!t_target_check_untouched(&target, "restored"));
}

static void test_specs(void)
{
	static const char *const bad[] = {
		"",
		"host",
		"disk:1",
		"host:size=0",
		"host:size=",
		"host:off=1",
		"host:4K",
		"cmb:",
		"cmb:0000:01:00.0,off=4K,size=4K",
		"bar:0000:01:00.0,size=4K",
		"bar:0000:01:00.0/6,size=4K",
		"bar:0000:01:00.0/22,size=4K",
		"bar:/2,size=4K",
	};
	struct t_buf buf;

	EXPECT(!t_buf_parse(&buf, "host:") && buf.size == 16 << 20 &&
	       !buf.path[0]);
	EXPECT(!t_buf_parse(&buf, "host:size=64K") && buf.size == 64 << 10);
	EXPECT(!t_buf_parse(&buf, "cmb:0000:01:00.0,size=1M") &&
	       buf.size == 1 << 20);
	EXPECT(!strcmp(buf.path,
		       "/sys/bus/pci/devices/0000:01:00.0/p2pmem/allocate"));
	EXPECT(!t_buf_parse(&buf, "bar:0000:02:00.0/2,off=4K,size=1M"));
	EXPECT(!strcmp(buf.path, "/dev/peer_bar/0000:02:00.0/bar2"));
	EXPECT(buf.offset == 4096 && buf.size == 1 << 20);
	EXPECT(!strcmp(t_buf_kind_name(&buf), "bar"));
	EXPECT(!t_buf_parse(&buf, "file:/a:b/c,off=4K,size=8K"));
	EXPECT(!strcmp(buf.path, "/a:b/c") && buf.offset == 4096 &&
	       buf.size == 8192);
	EXPECT(t_buf_parse(&buf, "file:/nowhere/at/all") == -ENOENT);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT(t_buf_parse(&buf, bad[i]) == -EINVAL);
}

/*
 * No case leaves its buffers, no group is empty, and the whole buffer is among
 * them.
 */
static void test_cases(void)
{
	const struct copy_shape shape = {
		.from_size = 5 << 20,
		.to_size = (6 << 20) + 4096,
		.from_addr = 0x7f0000001000,
		.to_addr = 0x7f0000ffe000,
	};
	size_t longest = 0, odd = 0;

	for (size_t g = 0; g < copy_group_count; g++) {
		struct copy_list list = {0};

		copy_groups[g].generate(&shape, &list);
		EXPECT(list.count && !list.error);
		for (size_t i = 0; i < list.count; i++) {
			const struct copy_case *one = &list.cases[i];

			EXPECT(one->from + one->len <= shape.from_size);
			EXPECT(one->to + one->len <= shape.to_size);
			longest = one->len > longest ? one->len : longest;
			odd += one->from % 8 != one->to % 8;
		}
		copy_list_free(&list);
	}
	EXPECT(longest == shape.from_size);
	EXPECT(odd > 100);
}

static void test_chosen_cases(void)
{
	const struct copy_shape shape = {.from_size = 8192, .to_size = 4096};
	static const char *const bad[] = {"1",	     "1:2",	 "1:2:3:4",
					  "1:2:0",   "0:0:4097", "a:b:c",
					  "8192:0:1"};
	struct copy_list list = {0};

	EXPECT(!copy_list_parse(&list, &shape, "1:2:3,4K:0:4K"));
	EXPECT(list.count == 2 && list.cases[1].from == 4096 &&
	       list.cases[1].len == 4096);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT(copy_list_parse(&list, &shape, bad[i]) < 0);
	copy_list_free(&list);
}

int main(void)
{
	/*
	 * What is broken on purpose complains on purpose, and would only
	 * confuse.
	 */
	if (!freopen("/dev/null", "w", stderr))
		return T_FAIL;
	test_sizes();
	test_pattern_edges();
	test_pattern_damage();
	test_pattern_depends_on_position();
	test_target();
	test_specs();
	test_cases();
	test_chosen_cases();
	printf("t_lib_test: %d failures\n", failures);
	return t_verdict(failures);
}
