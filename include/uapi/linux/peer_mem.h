/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR BSD-2-Clause */
/*
 * ioctls of /dev/peer_mem. The only ABI of the project.
 *
 * General format. The first member of every struct is its size in bytes, as the
 * caller knows it. A caller with a shorter, older struct gets what fits; one with
 * a longer, newer struct gets -E2BIG if it set a member that this kernel does not
 * know. Flags that are not defined and reserved members must be 0. Members marked
 * "out" are written on success only.
 *
 * errnos of every call:
 *   ENOTTY	no such ioctl in this version
 *   EFAULT	the struct is not readable or writable
 *   EINVAL	size too small, unknown flag, reserved member set
 *   E2BIG	see above; also a size above 4096
 * and those named at the call.
 */
#ifndef _UAPI_LINUX_PEER_MEM_H
#define _UAPI_LINUX_PEER_MEM_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define PEER_MEM_IOC		0xb9

/* A PCI function. */
struct peer_mem_function {
	__u32 domain;
	__u8 bus;
	__u8 devfn;		/* slot << 3 | function */
	__u16 reserved;
};

/* ---- version and capabilities ---- */

#define PEER_MEM_ABI_VERSION	1

#define PEER_MEM_CAP_QUERY	(1ULL << 0)
#define PEER_MEM_CAP_REACH	(1ULL << 1)
#define PEER_MEM_CAP_REFUSAL	(1ULL << 2)
#define PEER_MEM_CAP_DMABUF	(1ULL << 3)	/* PEER_MEM_EXPORT */
#define PEER_MEM_CAP_STATS	(1ULL << 4)

struct peer_mem_info {
	__u32 size;
	__u32 flags;
	__u32 abi_version;	/* out: PEER_MEM_ABI_VERSION */
	__u32 reserved;
	__u64 capabilities;	/* out: PEER_MEM_CAP_* */
};

#define PEER_MEM_INFO		_IOWR(PEER_MEM_IOC, 0x00, struct peer_mem_info)

/* ---- what is behind this pointer? ---- */

enum peer_mem_kind {
	PEER_MEM_KIND_HOLE = 0,		/* nothing is mapped */
	PEER_MEM_KIND_HOST = 1,		/* ordinary memory, or none of ours */
	PEER_MEM_KIND_PEER = 2,		/* an exporter answers for it */
	PEER_MEM_KIND_PFN = 3,		/* a PFN map that no exporter answers for */
};

#define PEER_MEM_ATTR_FUNCTION	(1U << 0)	/* function, bar, bar_offset are known */
#define PEER_MEM_ATTR_PAGES	(1U << 1)	/* struct pages: CPU-copying NICs can */
#define PEER_MEM_ATTR_WRITE	(1U << 2)	/* the mapping is writable */
#define PEER_MEM_ATTR_SHARED	(1U << 3)	/* the mapping is shared */
#define PEER_MEM_ATTR_UNCACHED	(1U << 4)	/* for the CPU: uncached */
#define PEER_MEM_ATTR_COMBINED	(1U << 5)	/* for the CPU: write-combining */
#define PEER_MEM_ATTR_REVOCABLE	(1U << 6)	/* its owner may end every right to it */

/*
 * One address of the calling process. Nothing is pinned, but the page may be
 * faulted in. How the CPU caches is what the mapping asks for (neither bit: cached);
 * a machine's MTRRs may make device memory uncached all the same.
 *   EINTR	killed while waiting for the address space
 */
struct peer_mem_query {
	__u32 size;
	__u32 flags;
	__u64 va;
	__u32 kind;		/* out: enum peer_mem_kind */
	__u32 attrs;		/* out: PEER_MEM_ATTR_* */
	struct peer_mem_function function;	/* out */
	__u32 bar;		/* out */
	__u32 reserved;
	__u64 bar_offset;	/* out: of va in the BAR, bytes. All ones: not for
				   you (a PFN map, without CAP_SYS_ADMIN) */
	__u64 end;		/* out: first address with another answer */
	char exporter[32];	/* out: "" if there is none */
};

#define PEER_MEM_QUERY		_IOWR(PEER_MEM_IOC, 0x01, struct peer_mem_query)

/* ---- can this NIC reach that function? ---- */

enum peer_mem_way {
	PEER_MEM_WAY_NONE = 0,		/* not allowed; see why */
	PEER_MEM_WAY_BUS = 1,		/* turns around in a switch: bus address */
	PEER_MEM_WAY_HOST = 2,		/* through the host bridge, CPU address */
	PEER_MEM_WAY_IOVA = 3,		/* through the host bridge, IOMMU translates */
};

#define PEER_MEM_REACH_FENCE	(1U << 0)	/* a revoke can cut this NIC off */

/*
 * Functions with DMA of their own; soft-RoCE reaches whatever has struct pages.
 *   ENODEV	no such function (client or owner)
 */
struct peer_mem_reach {
	__u32 size;
	__u32 flags;
	struct peer_mem_function client;	/* the NIC */
	struct peer_mem_function owner;		/* of the BAR */
	__u32 way;		/* out: enum peer_mem_way */
	__u32 attrs;		/* out: PEER_MEM_REACH_* */
	__s32 distance;		/* out: ports to pass, 4 within a switch; -1: none */
	__u32 reserved;
	char why[256];		/* out: what is in the way, or "" */
};

#define PEER_MEM_REACH		_IOWR(PEER_MEM_IOC, 0x02, struct peer_mem_reach)

/* ---- what was refused? ---- */

/*
 * The newest refusals are kept, also those of programs that have exited. Root sees
 * all, others those of their own user.
 *   ENOENT	there is no further one
 */
struct peer_mem_refusal {
	__u32 size;
	__u32 flags;
	__u32 index;		/* in: 0 is the newest that matches */
	__s32 pid;		/* in: of this process only, 0: of any. out: whose.
				   As in the caller's pid namespace; 0: not in it */
	__s32 error;		/* out: negative errno */
	__u32 reserved;
	__u64 seconds_ago;	/* out */
	__u64 va;		/* out: the range */
	__u64 len;		/* out */
	char comm[16];		/* out: the program */
	char text[512];		/* out: NIC, device, why, what to change */
};

#define PEER_MEM_REFUSAL	_IOWR(PEER_MEM_IOC, 0x03, struct peer_mem_refusal)

/* ---- a range as a dma-buf ---- */

#define PEER_MEM_EXPORT_WRITE	(1U << 0)	/* devices and the CPU may write */
#define PEER_MEM_EXPORT_CLOEXEC	(1U << 1)	/* the descriptor: close on exec */

/*
 * A dma-buf of the whole pages that hold a range of the calling process. It lives
 * on when the range is unmapped, until the last user has closed it. A revoke (the
 * device is unbound, ...) ends every access through it, and the process's own
 * mmap() of it; it stays an empty shell then.
 *
 * Without PEER_MEM_EXPORT_WRITE only importers that do not write are served; RDMA
 * drivers map every memory region for both directions and get EACCES.
 *
 * Each but the last three is kept for PEER_MEM_REFUSAL:
 *   EINVAL	also: empty range, its end overflows, private (copy on write) mapping
 *   EFAULT	also: nothing is mapped at part of the range
 *   ENXIO	ordinary memory: there is no device whose memory it would be
 *   EMEDIUMTYPE	ordinary memory beside device memory
 *   EXDEV	memory of two regions
 *   EACCES	the mapping is not readable, or PEER_MEM_EXPORT_WRITE and it is
 *		not writable
 *   EOPNOTSUPP	a PFN map that no exporter answers for: it may go away at any
 *		moment, and no importer could be told in time
 *   ENODEV	the device is being unbound, or its memory was revoked
 *   EMFILE, ENFILE	too many open files
 *   ENOMEM
 *   EINTR, EAGAIN	killed while waiting, the mapping is changing
 *
 * errnos that an importer gets later, when it attaches or maps (the caller of
 * ibv_reg_dmabuf_mr() sees them): EOPNOTSUPP, it cannot do peer-to-peer;
 * EREMOTEIO, no route to the device that the kernel allows; EACCES, see above;
 * ENODEV, revoked; ENOSPC, ERANGE, ENOMEM, EINVAL (offset and length).
 */
struct peer_mem_export {
	__u32 size;
	__u32 flags;		/* PEER_MEM_EXPORT_* */
	__u64 va;		/* first byte, any alignment */
	__u64 len;		/* bytes */
	__s32 fd;		/* out: the dma-buf */
	__u32 reserved;
	__u64 offset;		/* out: of va in the dma-buf, bytes */
};

#define PEER_MEM_EXPORT		_IOWR(PEER_MEM_IOC, 0x04, struct peer_mem_export)

/* ---- counters ---- */

/*
 * The lines of debugfs peer_mem/counters, one by one, for everybody. Names that
 * begin with "live_" count what exists now, the others what has happened since the
 * module was loaded. Modules that come and go move the index of those after them.
 *   ENOENT	there is no further one
 */
struct peer_mem_stats {
	__u32 size;
	__u32 flags;
	__u32 index;		/* in: 0 is the first */
	__u32 reserved;
	__s64 value;		/* out */
	char name[32];		/* out */
};

#define PEER_MEM_STATS		_IOWR(PEER_MEM_IOC, 0x05, struct peer_mem_stats)

#endif
