// SPDX-License-Identifier: GPL-2.0-only
/* Lists of physical ranges. See phys.h; this file must stay free of state. */
#include "phys.h"

#define PEER_PHYS_FIRST_CAP	4

void peer_phys_init(struct peer_phys_list *list)
{
	*list = (struct peer_phys_list){};
}

void peer_phys_free(struct peer_phys_list *list)
{
	kvfree(list->vec);
	peer_phys_init(list);
}

/* Doubles the room. A BAR is one range, so nearly every list stays at one. */
static int grow(struct peer_phys_list *list)
{
	unsigned int cap = list->cap ? list->cap * 2 : PEER_PHYS_FIRST_CAP;
	struct phys_vec *vec;

	if (cap <= list->cap)
		return -ENOMEM;
	vec = kvmalloc_array(cap, sizeof(*vec), GFP_KERNEL_ACCOUNT);
	if (!vec)
		return -ENOMEM;
	if (list->nr)
		memcpy(vec, list->vec, list->nr * sizeof(*vec));
	kvfree(list->vec);
	list->vec = vec;
	list->cap = cap;
	return 0;
}

int peer_phys_append(struct peer_phys_list *list, phys_addr_t paddr, size_t len)
{
	struct phys_vec *last = list->nr ? &list->vec[list->nr - 1] : NULL;
	phys_addr_t end;
	u64 bytes;
	int ret;

	if (!len || check_add_overflow(paddr, (phys_addr_t)len, &end) ||
	    check_add_overflow(list->bytes, (u64)len, &bytes))
		return -EINVAL;

	if (last && last->paddr + last->len == paddr) {
		last->len += len;	/* at most bytes, which did not overflow */
		list->bytes = bytes;
		return 0;
	}
	if (list->nr == list->cap) {
		ret = grow(list);
		if (ret)
			return ret;
	}
	list->vec[list->nr++] = (struct phys_vec){ .paddr = paddr, .len = len };
	list->bytes = bytes;
	return 0;
}

void peer_phys_trim(struct peer_phys_list *list)
{
	struct phys_vec *vec;

	if (!list->nr || list->nr == list->cap)
		return;
	vec = kvmalloc_array(list->nr, sizeof(*vec), GFP_KERNEL_ACCOUNT);
	if (!vec)
		return;		/* the large array serves as well */
	memcpy(vec, list->vec, list->nr * sizeof(*vec));
	kvfree(list->vec);
	list->vec = vec;
	list->cap = list->nr;
}

int peer_phys_count_segs(const struct peer_phys_list *list, size_t max_seg,
			 unsigned int *nr_segs)
{
	u64 total = 0;
	unsigned int i;

	max_seg &= ~((size_t)PAGE_SIZE - 1);
	if (!max_seg)
		return -EINVAL;
	for (i = 0; i < list->nr; i++) {
		u64 len = list->vec[i].len;

		total += len / max_seg + !!(len % max_seg);
		if (total > UINT_MAX)
			return -E2BIG;
	}
	*nr_segs = total;
	return 0;
}

int peer_phys_page_bounds(unsigned long va, size_t len, unsigned long *first,
			  unsigned long *end)
{
	unsigned long last;

	if (!len || check_add_overflow(va, (unsigned long)len - 1, &last))
		return -EINVAL;
	if (check_add_overflow(last | (PAGE_SIZE - 1), 1UL, end))
		return -EINVAL;
	*first = va & ~(PAGE_SIZE - 1UL);
	return 0;
}

bool peer_phys_inside(phys_addr_t paddr, u64 len, phys_addr_t start, u64 size)
{
	u64 offset = paddr - start;

	return paddr >= start && offset <= size && len <= size - offset;
}
