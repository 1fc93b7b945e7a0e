// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is behind a pointer: the kernel's answer, with the function as text. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pci.h"
#include "priv.h"

/* Ours, so that the header needs no kernel header; the kernel's, so that it is true. */
_Static_assert(IBVX_HOLE == (int)PEER_MEM_KIND_HOLE && IBVX_HOST == (int)PEER_MEM_KIND_HOST &&
		       IBVX_PEER == (int)PEER_MEM_KIND_PEER &&
		       IBVX_PFN == (int)PEER_MEM_KIND_PFN,
	       "enum ibvx_kind");
_Static_assert(IBVX_MEMORY_FUNCTION == PEER_MEM_ATTR_FUNCTION &&
		       IBVX_MEMORY_PAGES == PEER_MEM_ATTR_PAGES &&
		       IBVX_MEMORY_WRITE == PEER_MEM_ATTR_WRITE &&
		       IBVX_MEMORY_SHARED == PEER_MEM_ATTR_SHARED &&
		       IBVX_MEMORY_UNCACHED == PEER_MEM_ATTR_UNCACHED &&
		       IBVX_MEMORY_COMBINED == PEER_MEM_ATTR_COMBINED &&
		       IBVX_MEMORY_REVOCABLE == PEER_MEM_ATTR_REVOCABLE,
	       "IBVX_MEMORY_*");

#define KNOWN_ATTRS                                                                    \
	(IBVX_MEMORY_FUNCTION | IBVX_MEMORY_PAGES | IBVX_MEMORY_WRITE |                 \
	 IBVX_MEMORY_SHARED | IBVX_MEMORY_UNCACHED | IBVX_MEMORY_COMBINED |             \
	 IBVX_MEMORY_REVOCABLE)

static void take_function(struct ibvx_memory *out, const struct peer_mem_query *arg)
{
	const struct pci_address at = {
		.domain = arg->function.domain,
		.bus = arg->function.bus,
		.slot = arg->function.devfn >> 3,
		.function = arg->function.devfn & 7,
	};

	pci_address_format(&at, out->function);
	out->bar = (int32_t)arg->bar;
	out->bar_offset = arg->bar_offset;
}

IBVX_EXPORT int ibvx_query(struct ibvx *x, const void *ptr, struct ibvx_memory *memory,
			   size_t size)
{
	struct peer_mem_query arg = {
		.size = sizeof(arg),
		.va = (uintptr_t)ptr,
	};
	struct ibvx_memory out = { .bar = -1 };
	int ret;

	if (!size)
		return -EINVAL;
	ret = ibvx_ioctl(x, PEER_MEM_QUERY, &arg);
	if (ret)
		return ret;
	out.kind = arg.kind;
	out.attrs = arg.attrs & KNOWN_ATTRS;
	out.end = arg.end;
	memcpy(out.exporter, arg.exporter, sizeof(out.exporter) - 1);
	if (arg.attrs & PEER_MEM_ATTR_FUNCTION)
		take_function(&out, &arg);
	ibvx_copy_out(memory, size, &out, sizeof(out));
	return 0;
}
