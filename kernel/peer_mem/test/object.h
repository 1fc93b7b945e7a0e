/* SPDX-License-Identifier: GPL-2.0-only */
/* What an open file of /dev/peer_mem_test holds: pins, imports and work, by id. */
#ifndef PEER_MEM_TEST_OBJECT_H
#define PEER_MEM_TEST_OBJECT_H

#include <linux/xarray.h>

#include "../peer_mem.h"

struct file;
struct vm_area_struct;

struct test_object {
	void (*destroy)(struct test_object *object);
};

/* Enter @object. On error it is the caller's still. */
static inline int test_object_add(struct xarray *objects,
				  struct test_object *object, u32 *id)
{
	return xa_alloc(objects, id, object, xa_limit_31b, GFP_KERNEL);
}

long test_import(struct xarray *objects, void __user *uarg);
long test_state(struct xarray *objects, void __user *uarg);
long test_mistake(struct xarray *objects, void __user *uarg);
long test_work(struct xarray *objects, void __user *uarg);

/* ---- exporter.c ---- */

int test_exporter_mmap(struct file *file, struct vm_area_struct *vma);
int test_exporter_mistake(unsigned int what);	/* -ENODEV: nothing is offered */
/* Offers are taken between the two. */
void test_exporter_init(void);
void test_exporter_exit(void);

/* ---- probe.c ---- */

int test_probe_init(void);
void test_probe_exit(void);

/* ---- mispaired.c ---- */

#define TEST_COUNTERS(S)	\
	S(mispairings)		\
	S(live_mock_pages)	/* taken from the mock exporter */

enum test_stat {
#define S(name) TEST_STAT_##name,
	TEST_COUNTERS(S)
#undef S
};

extern struct peer_mem_counters test_stats;

/* Count it and say it: what came too often, too late or not at all. No newline. */
__printf(1, 2) void test_mispaired(const char *format, ...);
void test_mispaired_on_purpose(void);	/* from here on, for good */
int test_mispaired_init(void);
void test_mispaired_exit(void);

#endif
