// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fail.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

int fail(struct ibvx_error *err, int error, const char *format, ...)
{
	va_list args;

	if (!err)
		return error;
	err->error = error;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return error;
}

void fail_clear(struct ibvx_error *err)
{
	if (!err)
		return;
	err->error = 0;
	err->text[0] = '\0';
}
