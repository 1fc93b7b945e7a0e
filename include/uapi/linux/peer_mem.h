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
 *   E2BIG	see above
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

/*
 * One address of the calling process. Nothing is pinned, but the page may be
 * faulted in.
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
				   As in the initial pid namespace */
	__s32 error;		/* out: negative errno */
	__u32 reserved;
	__u64 seconds_ago;	/* out */
	__u64 va;		/* out: the range */
	__u64 len;		/* out */
	char comm[16];		/* out: the program */
	char text[512];		/* out: NIC, device, why, what to change */
};

#define PEER_MEM_REFUSAL	_IOWR(PEER_MEM_IOC, 0x03, struct peer_mem_refusal)

#endif
