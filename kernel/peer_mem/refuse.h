/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a range is refused: one table for errno, explanation and remedy, so that
 * the three cannot drift apart. Columns: name, errno, why, what to change.
 */
#ifndef PEER_MEM_REFUSE_H
#define PEER_MEM_REFUSE_H

#include <linux/types.h>

struct peer_mem_pin_args;
struct peer_mem_region;
struct pci_dev;

#define PEER_MEM_REASONS(R)						\
	R(EMPTY, EINVAL,						\
	  "the range is empty",						\
	  "register at least one byte")					\
	R(OVERFLOW, EINVAL,						\
	  "the end of the range overflows the address space",		\
	  "check address and length")					\
	R(HOLE, EFAULT,							\
	  "nothing is mapped at part of the range",			\
	  "map all of it, or register less")				\
	R(MIXED, EMEDIUMTYPE,						\
	  "host memory and device memory in one range",			\
	  "register them separately")					\
	R(TWO_REGIONS, EXDEV,						\
	  "memory of two regions in one range",				\
	  "register each region separately")				\
	R(READ_ONLY, EACCES,						\
	  "the device is to write but the mapping is not writable",	\
	  "map with PROT_READ|PROT_WRITE or drop the write access flags") \
	R(NOT_READABLE, EACCES,						\
	  "the mapping is not readable",				\
	  "map with PROT_READ")						\
	R(PRIVATE, EINVAL,						\
	  "the mapping is private (copy on write)",			\
	  "map with MAP_SHARED")					\
	R(NO_PAGES, EOPNOTSUPP,						\
	  "the memory has no struct pages and the NIC needs them",	\
	  "write 1 to peer_bar_pages of the device in sysfs, or use a NIC that does its own DMA") \
	R(ODP, EOPNOTSUPP,						\
	  "on-demand paging of device memory is not possible",		\
	  "register without IBV_ACCESS_ON_DEMAND")			\
	R(FOREIGN_PFN, EOPNOTSUPP,					\
	  "a PFN mapping of a driver that does not export it, without struct pages, which the NIC needs", \
	  "map the BAR through peer_bar, or have its driver register with peer_mem") \
	R(NOT_BAR, EOPNOTSUPP,						\
	  "a PFN mapping of something that is no memory BAR",		\
	  "register only BAR memory or ordinary memory")		\
	R(UNFENCED, EOPNOTSUPP,						\
	  "a PFN mapping can go away at any time, and no IOMMU translates between the NIC and the device to stop the NIC then", \
	  "map the BAR through peer_bar, or turn the IOMMU on, or load peer_mem with allow_unfenced=1") \
	R(GOING, ENODEV,						\
	  "the device is being unbound or its memory was revoked",	\
	  "map it again when the device is back")			\
	R(UNREACHABLE, EREMOTEIO,					\
	  "no P2P route from the NIC to the device that the kernel allows", \
	  "put both below one PCIe switch or an allowed host bridge")	\
	R(NO_IOVA, ENOSPC,						\
	  "the IOMMU has no room for so large a mapping of this NIC",	\
	  "register smaller ranges")					\
	R(BEYOND_MASK, ERANGE,						\
	  "the device's BAR lies above the addresses that the NIC can produce", \
	  "turn the IOMMU on, or place the BAR below (BIOS: above 4G decoding)") \
	R(NOT_PEER, ENXIO,						\
	  "ordinary memory, which is no device's",			\
	  "hand it over as it is: only device memory needs a dma-buf")	\
	R(FOREIGN_EXPORT, EOPNOTSUPP,					\
	  "a PFN mapping of a driver that does not export it: it can go away at any time, and who imported a dma-buf of it could not be stopped by then", \
	  "map the BAR through peer_bar, or ask its own driver for a dma-buf (VFIO has one)") \
	R(NOT_P2P, EOPNOTSUPP,						\
	  "the importer of the dma-buf does not support peer-to-peer",	\
	  "use a device whose driver imports device memory")		\
	R(READ_ONLY_EXPORT, EACCES,					\
	  "the importer is to write but the dma-buf was exported for reading", \
	  "export it with PEER_MEM_EXPORT_WRITE (RDMA drivers always map for writing)") \
	R(TOO_LARGE, E2BIG,						\
	  "soft-RoCE cannot hold so many pages in one registration",	\
	  "register at most 1 GiB at a time")				\
	R(TOO_MANY, EUSERS,						\
	  "a page of it is registered a million times already",		\
	  "deregister some, or register larger ranges")			\
	R(OTHER, EIO,							\
	  "the exporter or the system refused",				\
	  "see the errno")

enum peer_mem_reason {
#define R(name, err, why, remedy) PEER_MEM_##name,
	PEER_MEM_REASONS(R)
#undef R
	PEER_MEM_NR_REASONS
};

/* Which memory a refusal is about; all of it may be unknown. */
struct peer_mem_where {
	const char *exporter;
	struct pci_dev *pdev;
	int bar;
	unsigned long at;	/* first user address at fault */
	const char *detail;	/* one more clause, or NULL */
};

/*
 * Count, trace and log one refusal. @err overrides the table's errno unless it
 * is 0. Returns the negative errno for the user.
 */
int peer_mem_refuse(const struct peer_mem_pin_args *args,
		    enum peer_mem_reason reason, int err,
		    const struct peer_mem_where *where);

#endif
