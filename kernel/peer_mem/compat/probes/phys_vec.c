// SPDX-License-Identifier: GPL-2.0-only
/* struct phys_vec in linux/types.h */
#include <linux/types.h>

size_t probe(struct phys_vec *vec);
size_t probe(struct phys_vec *vec)
{
	return vec->len + vec->paddr;
}
