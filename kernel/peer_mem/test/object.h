/* SPDX-License-Identifier: GPL-2.0-only */
/* What an open file of /dev/peer_mem_test holds: pins and imports, by id. */
#ifndef PEER_MEM_TEST_OBJECT_H
#define PEER_MEM_TEST_OBJECT_H

#include <linux/xarray.h>

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

#endif
