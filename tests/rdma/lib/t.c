// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "t.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void complain(const char *format, va_list args, const char *reason)
{
	char line[512];

	vsnprintf(line, sizeof(line), format, args);
	/*
	 * stdout is often a pipe: without this the complaint overtakes the
	 * story.
	 */
	fflush(stdout);
	fprintf(stderr, "%s: %s%s%s\n", program_invocation_short_name, line,
		reason ? ": " : "", reason ? reason : "");
}

void t_err(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args, NULL);
	va_end(args);
}

int t_fail(int ret, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args, strerror(-ret));
	va_end(args);
	return ret;
}

static int size_unit(const char *suffix)
{
	switch (toupper((unsigned char)*suffix)) {
	case '\0':
		return 0;
	case 'K':
		return suffix[1] ? -EINVAL : 10;
	case 'M':
		return suffix[1] ? -EINVAL : 20;
	case 'G':
		return suffix[1] ? -EINVAL : 30;
	default:
		return -EINVAL;
	}
}

int t_parse_size(const char *text, size_t *size)
{
	unsigned long long value;
	char *end;
	int shift;

	/* strtoull takes "-1" and leading blanks; a size has neither. */
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 0);
	shift = size_unit(end);
	if (errno || shift < 0 || value > SIZE_MAX >> shift)
		return -EINVAL;
	*size = (size_t)value << shift;
	return 0;
}

char *t_format_size(uint64_t size, char text[24])
{
	static const char *const unit[] = {"B", "KiB", "MiB", "GiB"};
	unsigned int i = 0;

	while (i < 3 && size >= 1024 && size % 1024 == 0) {
		size /= 1024;
		i++;
	}
	snprintf(text, 24, "%" PRIu64 " %s", size, unit[i]);
	return text;
}

uint64_t t_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
