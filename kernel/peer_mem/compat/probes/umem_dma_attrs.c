// SPDX-License-Identifier: GPL-2.0-only
/* struct ib_umem remembers its DMA attributes */
#include <rdma/ib_umem.h>

unsigned long probe(struct ib_umem *umem);
unsigned long probe(struct ib_umem *umem)
{
	return umem->dma_attrs;
}
