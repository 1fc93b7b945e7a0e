/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stand-ins for vendors' libraries, for what a machine without their hardware can test: loading,
 * the order of calls, and what is said when one fails. They are no GPU: the "GPU
 * memory" is ordinary memory in a real dma-buf of udmabuf. FAKE_GPU in the environment
 * makes one call fail: none, nomem, nodmabuf, noexport, nomap.
 */
#ifndef FAKE_H
#define FAKE_H

#include <stdbool.h>
#include <stddef.h>

#define FAKE_EXPORT __attribute__((visibility("default")))

bool fake_is(const char *mode);

/* An address that nobody may touch, and its dma-buf; NULL if there is none left. */
void *fake_alloc(size_t size);
/* A new descriptor of it, or -1; FAKE_GPU=nomap: one that cannot be mapped. */
int fake_export(void *addr, size_t size);
void fake_free(void *addr);
size_t fake_size(const void *addr);

/* How often it was entered and not left; a test of pairs. Aborts below 0. */
void fake_count(int change);

#endif /* FAKE_H */
