// SPDX-License-Identifier: GPL-2.0-only
/* ib_umem_get_desc() and the buffer descriptor it takes (7.2) */
#include <rdma/ib_umem.h>
#include <rdma/ib_verbs.h>

void *probe(struct ib_device *dev);
void *probe(struct ib_device *dev)
{
	struct ib_uverbs_buffer_desc desc = {
		.type = IB_UVERBS_BUFFER_TYPE_VA,
	};

	return ib_umem_get_desc(dev, &desc, 0);
}
