// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "phys_shim.h"

#include <stdlib.h>

unsigned long shim_allocs;
long shim_live;

static long left = -1; /* until failure; negative: endless */

void shim_fail_after(long count)
{
	left = count;
}

void *kvmalloc_array(size_t n, size_t size, int flags)
{
	size_t bytes;
	void *pointer;

	(void)flags;
	shim_allocs++;
	if (left == 0)
		return NULL;
	if (left > 0)
		left--;
	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	pointer = malloc(bytes);
	if (pointer)
		shim_live++;
	return pointer;
}

void kvfree(void *pointer)
{
	if (pointer)
		shim_live--;
	free(pointer);
}
