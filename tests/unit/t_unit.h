/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Expectations of a unit test: each that fails is named, and the test goes on. */
#ifndef T_UNIT_H
#define T_UNIT_H

#include <stdbool.h>
#include <stdio.h>

static int t_unit_failures;

static inline bool t_unit_expect(bool ok, const char *file, int line, const char *what)
{
	if (ok)
		return true;
	printf("%s:%d: not so: %s\n", file, line, what);
	t_unit_failures++;
	return false;
}

#define EXPECT(condition) t_unit_expect(condition, __FILE__, __LINE__, #condition)

/* What main() returns. */
static inline int t_unit_verdict(const char *name)
{
	printf("%s: %d failures\n", name, t_unit_failures);
	return t_unit_failures ? 1 : 0;
}

#endif /* T_UNIT_H */
