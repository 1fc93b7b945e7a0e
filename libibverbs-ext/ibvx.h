/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * libibverbs-ext: register the memory of PCI devices by pointer, and learn what a
 * pointer is, who can reach it and why something was refused.
 *
 * Conventions. Unless it says otherwise a function returns 0 or a negative errno;
 * errno itself is not touched. Outputs are written on success only, except struct
 * ibvx_error, which is always written and may always be NULL. Output structs come
 * with the size that the caller knows: a newer library fills what fits, an older
 * one leaves the rest 0. Strings are NUL-terminated. All lengths and offsets are
 * bytes. PCI functions are text: "0000:04:00.0", on input also "04:00.0".
 *
 * Threads: every function may be called from any thread at any time, also with one
 * handle; only ibvx_close() must be the last call with its handle. fork: a child may
 * go on using a handle, and then asks about its own memory; the file is closed by
 * execve. Nothing here starts threads, catches signals or remembers a process id.
 */
#ifndef IBVX_H
#define IBVX_H

#include <infiniband/verbs.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ibvx_error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define IBVX_FUNCTION_TEXT 24

struct ibvx;

/* ---- the handle ---- */

/*
 * Opens /dev/peer_mem. The handle belongs to the caller until ibvx_close().
 *   -ENOENT		the module peer_mem is not loaded, or its device node is missing
 *   -EACCES		no permission on /dev/peer_mem
 *   -EPROTONOSUPPORT	the module speaks another version of the interface
 *   -ENOMEM, -EMFILE, -ENFILE
 * @err says which module or file.
 */
int ibvx_open(struct ibvx **x_p, struct ibvx_error *err);

/* Ends a handle; NULL is allowed. Memory regions do not depend on it. */
void ibvx_close(struct ibvx *x);

#define IBVX_INFO_REG_MR (1U << 0) /* peer_umem is loaded: ibv_reg_mr takes pointers */

struct ibvx_info {
	uint32_t abi_version;  /* of /dev/peer_mem */
	uint32_t attrs;	       /* IBVX_INFO_* */
	uint64_t capabilities; /* PEER_MEM_CAP_* of <linux/peer_mem.h> */
};

/*
 * What this system can do.
 *   -EINVAL	@size is 0
 */
int ibvx_info(struct ibvx *x, struct ibvx_info *info, size_t size);

/* ---- what is behind this pointer? ---- */

enum ibvx_kind {
	IBVX_HOLE = 0, /* nothing is mapped there */
	IBVX_HOST = 1, /* ordinary memory */
	IBVX_PEER = 2, /* a device's memory, exported to peer_mem */
	IBVX_PFN = 3,  /* a device's memory, mapped by a driver that does not export it */
};

#define IBVX_MEMORY_FUNCTION (1U << 0) /* function, bar and bar_offset are known */
#define IBVX_MEMORY_PAGES (1U << 1)    /* has struct pages: soft-RoCE can use it */
#define IBVX_MEMORY_WRITE (1U << 2)    /* the mapping is writable */
#define IBVX_MEMORY_SHARED (1U << 3)   /* the mapping is shared */

struct ibvx_memory {
	uint32_t kind;			   /* enum ibvx_kind */
	uint32_t attrs;			   /* IBVX_MEMORY_* */
	char function[IBVX_FUNCTION_TEXT]; /* "" if unknown */
	int32_t bar;			   /* -1 if unknown */
	uint32_t reserved;
	uint64_t bar_offset; /* of the pointer itself; UINT64_MAX: only root is told */
	uint64_t end;	     /* first address behind it with another answer */
	char exporter[32];   /* "" if there is none */
};

/*
 * What @ptr of the calling process points to. @ptr is never dereferenced: any value
 * is allowed. Nothing is pinned and the answer may be outdated when it arrives.
 *   -EINVAL	@size is 0
 */
int ibvx_query(struct ibvx *x, const void *ptr, struct ibvx_memory *memory, size_t size);

/* ---- can this NIC reach that memory? ---- */

enum ibvx_way {
	IBVX_WAY_NONE = 0, /* not at all: why says what is in the way */
	IBVX_WAY_BUS = 1,  /* turns around in a PCIe switch */
	IBVX_WAY_HOST = 2, /* through the host bridge, by CPU address */
	IBVX_WAY_IOVA = 3, /* through the host bridge, translated by the IOMMU */
	IBVX_WAY_CPU = 4,  /* a software NIC: the CPU copies */
};

#define IBVX_REACH_FENCE (1U << 0) /* a revoke can cut this NIC off at once */
#define IBVX_REACH_SOFT (1U << 1)  /* the client is a software NIC */

struct ibvx_reach {
	uint32_t way;			 /* enum ibvx_way */
	uint32_t attrs;			 /* IBVX_REACH_* */
	int32_t distance;		 /* ports to pass, 4 within one switch; -1: none */
	uint32_t reserved;
	char client[IBVX_FUNCTION_TEXT]; /* the NIC's function, "" for a software NIC */
	char owner[IBVX_FUNCTION_TEXT];	 /* the memory's function */
	char why[512];			 /* what is in the way and what to change, or "" */
};

/*
 * By which way @client reaches the BARs of @owner. @client: an RDMA device's name
 * ("mlx5_0", as ibv_get_device_name() tells it) or a PCI function; @owner: a PCI
 * function, or one BAR of it ("0000:04:00.0/2"). A software NIC has no function; it
 * reaches exactly the memory that has struct pages. IBVX_WAY_NONE is an answer, no error.
 *   -EINVAL	@owner is no PCI function, or @size is 0
 *   -ENODEV	there is no such RDMA device or function
 * @err names the one that is missing.
 */
int ibvx_reach(struct ibvx *x, const char *client, const char *owner,
	       struct ibvx_reach *reach, size_t size, struct ibvx_error *err);

/* ---- what was refused? ---- */

struct ibvx_refusal {
	int32_t pid;
	int32_t error;	      /* negative errno that the program got */
	uint64_t seconds_ago;
	uint64_t addr;	      /* the range that it asked for */
	uint64_t len;
	char program[16];     /* name of the program */
	char nic[64];	      /* the RDMA device, or "" */
	char where[128];      /* whose memory: "0000:04:00.0 BAR 2, peer_bar", or "" */
	char why[512];	      /* what is wrong */
	char change[512];     /* what to change, or "" */
};

/*
 * The @index-th newest refusal (0: the newest) of process @pid, or of any process if
 * @pid is 0; also of programs that have exited. Root sees all, others those of their
 * own user. The kernel keeps the newest 128. @pid is that of the initial PID namespace.
 *   -ENOENT	there is no further one
 *   -EINVAL	@size is 0
 */
int ibvx_refusal(struct ibvx *x, unsigned int index, pid_t pid,
		 struct ibvx_refusal *refusal, size_t size);

/* ---- registration ---- */

/*
 * ibv_reg_mr() that explains itself. @addr may point to ordinary memory or to device
 * memory. The region is a plain one: the caller ends it with ibv_dereg_mr(). On
 * failure NULL is returned and errno set, as ibv_reg_mr() does, and @err holds the
 * kernel's reason for this very range, or, where peer_mem did not refuse it, what
 * else is wrong.
 *   EINVAL	the range is empty or overflows, or its mapping is private
 *   EFAULT	part of the range is not mapped
 *   EMEDIUMTYPE host memory and device memory in one range
 *   EXDEV	memory of two BARs in one range
 *   EACCES	the mapping lacks a right that @access needs
 *   EOPNOTSUPP	this NIC cannot use this memory, @access wants on-demand paging, or
 *		peer_umem is not loaded and no other way exists in this version
 *   ENODEV	the device is being unbound, or its memory was revoked
 *   EREMOTEIO	no route from the NIC to the device that the kernel allows
 *   EAGAIN	the mapping changed meanwhile
 *   ENOSPC	no room in the IOMMU's address space for so much
 *   ENOMEM	and whatever else the NIC's driver returns
 */
struct ibv_mr *ibvx_reg_mr(struct ibv_pd *pd, void *addr, size_t length, int access,
			   struct ibvx_error *err);

/*
 * What an errno means when memory is registered, for where nothing more exact is
 * known: a constant string. @error may be positive or negative.
 */
const char *ibvx_strerror(int error);

#ifdef __cplusplus
}
#endif

#endif /* IBVX_H */
