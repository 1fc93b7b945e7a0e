/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What phys.c uses of the kernel, for user space. Allocations are plain malloc()
 * of exactly the size asked for, so that the address sanitizer sees an access
 * behind them, and the n-th one can be made to fail.
 */
#ifndef PHYS_SHIM_H
#define PHYS_SHIM_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t u64;
typedef u64 phys_addr_t;

struct phys_vec {
	phys_addr_t paddr;
	size_t len;
};

#define PAGE_SIZE 4096UL
#define GFP_KERNEL_ACCOUNT 0

/* The kernel's macro: true on overflow, and the operands are of one type. */
#define check_add_overflow(a, b, sum)                                                              \
	({                                                                                         \
		_Static_assert(__builtin_types_compatible_p(__typeof__(a), __typeof__(b)),         \
			       "operands differ in type");                                         \
		_Static_assert(__builtin_types_compatible_p(__typeof__(a), __typeof__(*(sum))),    \
			       "the sum differs in type");                                         \
		__builtin_add_overflow(a, b, sum);                                                 \
	})

void *kvmalloc_array(size_t n, size_t size, int flags);
void kvfree(void *pointer);

/*
 * Lets @count more allocations succeed, then all fail; negative: none fails
 * (the state at start).
 */
void shim_fail_after(long count);

/* Allocations asked for since the start, failed ones too; allocations not freed. */
extern unsigned long shim_allocs;
extern long shim_live;

#endif /* PHYS_SHIM_H */
