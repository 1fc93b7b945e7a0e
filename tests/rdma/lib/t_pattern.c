// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "t_pattern.h"

#include <errno.h>

#include "t.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "a word's first byte in memory must be its lowest");

/*
 * volatile: one access per word, never split, merged or turned into a string
 * instruction.
 */
typedef volatile uint64_t __attribute__((may_alias)) access_word;
typedef volatile uint8_t access_byte;

/*
 * Word @index of the stream: a 64-bit mixer, as neighbouring indexes must look
 * unrelated. Seed and index enter by different multipliers: if they were just
 * added, two seeds would give one stream, shifted.
 */
static uint64_t stream_word(uint64_t seed, uint64_t index)
{
	uint64_t word = index * UINT64_C(0x9e3779b97f4a7c15) ^
			seed * UINT64_C(0xd1342543de82ef95);

	word = (word ^ (word >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
	word ^= word >> 32;
	return seed & T_PATTERN_SEA ? word | UINT64_C(0x8080808080808080) :
				      word & UINT64_C(0x7f7f7f7f7f7f7f7f);
}

/* The eight bytes of the stream from @pos on, wherever that is. */
static uint64_t stream_at(uint64_t seed, uint64_t pos)
{
	unsigned int shift = pos % 8 * 8;
	uint64_t word = stream_word(seed, pos / 8) >> shift;

	return shift ? word | stream_word(seed, pos / 8 + 1) << (64 - shift) :
		       word;
}

/* Bytes before the first aligned word of a range, at most all of it. */
static size_t head_of(const void *range, size_t len)
{
	size_t head = -(uintptr_t)range % 8;

	return head < len ? head : len;
}

static void fill_bytes(uint8_t *range, size_t len, uint64_t seed, uint64_t pos)
{
	access_byte *byte = range;
	uint64_t word = stream_at(seed, pos);

	for (size_t i = 0; i < len; i++)
		byte[i] = (uint8_t)(word >> (8 * i));
}

void t_pattern_fill(void *range, size_t len, uint64_t seed, uint64_t pos)
{
	uint8_t *at = range;
	size_t head = head_of(at, len);
	size_t i;

	fill_bytes(at, head, seed, pos);
	for (i = head; len - i >= 8; i += 8)
		*(access_word *)(at + i) = stream_at(seed, pos + i);
	fill_bytes(at + i, len - i, seed, pos + i);
	/*
	 * A write-combining mapping may hold the last bytes back from the next
	 * DMA.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static int report(struct t_mismatch *bad, size_t offset, uint64_t expected,
		  uint64_t got)
{
	unsigned int shift = 0;

	while (((expected ^ got) >> shift & 0xff) == 0)
		shift += 8;
	bad->offset = offset + shift / 8;
	bad->expected = (uint8_t)(expected >> shift);
	bad->got = (uint8_t)(got >> shift);
	return -EBADMSG;
}

static int check_bytes(const uint8_t *range, size_t from, size_t end,
		       uint64_t seed, uint64_t pos, struct t_mismatch *bad)
{
	const access_byte *byte = range;
	uint64_t word = stream_at(seed, pos + from);

	for (size_t i = from; i < end; i++, word >>= 8) {
		uint8_t got = byte[i];

		if (got != (uint8_t)word)
			return report(bad, i, (uint8_t)word, got);
	}
	return 0;
}

int t_pattern_check(const void *range, size_t len, uint64_t seed, uint64_t pos,
		    struct t_mismatch *bad)
{
	const uint8_t *at = range;
	size_t head = head_of(at, len);
	size_t i;
	int ret;

	ret = check_bytes(at, 0, head, seed, pos, bad);
	if (ret)
		return ret;
	for (i = head; len - i >= 8; i += 8) {
		uint64_t expected = stream_at(seed, pos + i);
		uint64_t got = *(const access_word *)(at + i);

		if (got != expected)
			return report(bad, i, expected, got);
	}
	return check_bytes(at, i, len, seed, pos, bad);
}

/* Sea between two offsets of the target's buffer. */
static int check_sea(const struct t_target *target, size_t from, size_t end,
		     const char *what, const char *where)
{
	struct t_mismatch bad;

	if (!t_pattern_check((uint8_t *)target->base + from, end - from,
			     target->sea, from, &bad))
		return 0;
	t_err("%s: byte %zu of the buffer, %s, was overwritten: 0x%02x, should still be 0x%02x",
	      what, from + bad.offset, where, bad.got, bad.expected);
	return -EBADMSG;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int check_guards(const struct t_target *target, const char *what)
{
	size_t end = target->start + target->len;
	size_t before = smaller(target->start, T_PATTERN_GUARD);
	size_t after = smaller(target->size - end, T_PATTERN_GUARD);
	int ret;

	ret = check_sea(target, target->start - before, target->start, what,
			"before the target");
	return ret ? ret :
		     check_sea(target, end, end + after, what,
			       "behind the target");
}

int t_target_check(const struct t_target *target, uint64_t seed, uint64_t pos,
		   const char *what)
{
	struct t_mismatch bad;

	if (t_pattern_check((uint8_t *)target->base + target->start,
			    target->len, seed, pos, &bad)) {
		t_err("%s: byte %zu of %zu is 0x%02x, should be 0x%02x (offset %zu of the buffer)",
		      what, bad.offset, target->len, bad.got, bad.expected,
		      target->start + bad.offset);
		return -EBADMSG;
	}
	return check_guards(target, what);
}

int t_target_check_untouched(const struct t_target *target, const char *what)
{
	int ret = check_sea(target, target->start, target->start + target->len,
			    what, "in a range that nothing may write");

	return ret ? ret : check_guards(target, what);
}

void t_target_restore(const struct t_target *target)
{
	t_pattern_fill((uint8_t *)target->base + target->start, target->len,
		       target->sea, target->start);
}
