/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What every test program needs: its verdict, its one line of complaint, sizes
 * and deadlines.
 *
 * Functions of this library return 0 or -errno. The first one that knows what
 * went wrong says it with t_err() and nobody above says it again, so a failed
 * test prints one line.
 */
#ifndef T_H
#define T_H

#include <stddef.h>
#include <stdint.h>

enum t_exit {
	T_PASS = 0,
	T_FAIL = 1,
	T_SKIP = 77
};

/* For enum t_exit: what a main() returns for the library's 0 or -errno. */
static inline int t_verdict(int ret)
{
	return ret ? T_FAIL : T_PASS;
}

/*
 * Prints "PROGRAM: text" on stderr, after everything already printed on stdout.
 */
void t_err(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * t_err() for a failed call: appends the text of @ret, a -errno, and returns
 * it.
 */
int t_fail(int ret, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * "4096", "64K", "2M", "1G" (optionally with a 0x prefix); -EINVAL for all
 * else.
 */
int t_parse_size(const char *text, size_t *size);

/*
 * "4 KiB" where that is exact, else "4097 B"; the caller's buffer is returned.
 */
char *t_format_size(uint64_t size, char text[24]);

/*
 * Monotonic milliseconds. A deadline ends a hung test and judges nothing else.
 */
uint64_t t_now_ms(void);

/*
 * The default deadline: generous, because guests run emulated and in company.
 */
#define T_DEADLINE_MS 60000

#endif /* T_H */
