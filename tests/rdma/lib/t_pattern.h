/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Bytes that say where they come from.
 *
 * A pattern is an endless stream of bytes, chosen by a seed; the byte at a
 * position depends on the position, so a copy that is shifted, torn, repeated
 * or taken from the wrong place shows. There are two families, told apart by
 * T_PATTERN_SEA in the seed: bytes of a plain pattern have bit 7 clear, bytes
 * of a sea have it set. A target is filled with a sea first; then no byte that
 * was not written can pass for one that was, and no written byte for one that
 * was left alone.
 *
 * Aligned words are read and written whole, because every single CPU access
 * to an emulated BAR traps.
 */
#ifndef T_PATTERN_H
#define T_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#define T_PATTERN_SEA (UINT64_C(1) << 63)

/* How far around a target its neighbours are looked at after every copy. */
#define T_PATTERN_GUARD 64

/*
 * The first byte that is not what it should be; @offset counts from the range's
 * start.
 */
struct t_mismatch {
	size_t offset;
	uint8_t expected;
	uint8_t got;
};

/* Writes the @len bytes of pattern @seed that start at position @pos. */
void t_pattern_fill(void *range, size_t len, uint64_t seed, uint64_t pos);

/* 0, or -EBADMSG with the first mismatch in @bad. */
int t_pattern_check(const void *range, size_t len, uint64_t seed, uint64_t pos,
		    struct t_mismatch *bad);

/*
 * A target: @len bytes at @start of a buffer that is otherwise sea. The sea's
 * position is the offset in the buffer.
 */
struct t_target {
	void *base;
	size_t size;
	size_t start;
	size_t len;
	uint64_t sea;
};

/*
 * 0 if the target holds pattern @seed from position @pos and T_PATTERN_GUARD
 * bytes on both sides (fewer at the buffer's ends) are untouched sea. Else
 * -EBADMSG after a line which begins with @what and names the first wrong byte.
 */
int t_target_check(const struct t_target *target, uint64_t seed, uint64_t pos,
		   const char *what);

/* Same for a target that must not have been written at all. */
int t_target_check_untouched(const struct t_target *target, const char *what);

/* Makes the target sea again. */
void t_target_restore(const struct t_target *target);

#endif /* T_PATTERN_H */
