/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a struct ibvx_error is filled: by whoever knows first what is wrong. */
#ifndef FAIL_H
#define FAIL_H

#include "ibvx_error.h"

/* Returns @error, a negative errno, after writing it and the text to @err (or NULL). */
int fail(struct ibvx_error *err, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* No error: also what every call begins with. */
void fail_clear(struct ibvx_error *err);

#endif /* FAIL_H */
