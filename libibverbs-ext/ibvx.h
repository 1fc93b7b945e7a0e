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
#include "pbuf.h"

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
#define IBVX_INFO_EXPORT (1U << 1) /* ibvx_export() works: the way by dma-buf is there */

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
#define IBVX_MEMORY_UNCACHED (1U << 4) /* as the mapping asks for it: uncached, */
#define IBVX_MEMORY_COMBINED (1U << 5) /* write-combining; neither: cached */
#define IBVX_MEMORY_REVOCABLE (1U << 6) /* its device may go and end every region */

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
 * own user. The kernel keeps the newest 128. @pid is that of the caller's PID namespace, 0: outside it.
 *   -ENOENT	there is no further one
 *   -EINVAL	@size is 0
 */
int ibvx_refusal(struct ibvx *x, unsigned int index, pid_t pid,
		 struct ibvx_refusal *refusal, size_t size);

/* ---- a dma-buf of it ---- */

#define IBVX_EXPORT_READ_ONLY (1U << 0) /* for importers that never write; no NIC is one */

/*
 * A dma-buf of the whole pages that hold @length bytes of device memory at @addr: a
 * new descriptor, which the caller closes, and where in it @addr is. It lives on when
 * the range is unmapped; a revoke leaves an empty shell.
 *   -EINVAL	the range is empty or overflows, its mapping is private, unknown flag
 *   -EFAULT	part of the range is not mapped
 *   -ENXIO	ordinary memory
 *   -EMEDIUMTYPE, -EXDEV, -ENODEV as ibvx_reg_mr()
 *   -EACCES	the mapping is not writable, or not readable
 *   -EOPNOTSUPP	a mapping of a driver that does not export it, or the module is too old
 *   -EMFILE, -ENFILE, -ENOMEM, -EAGAIN
 * @err holds the kernel's reason.
 */
int ibvx_export(struct ibvx *x, const void *addr, size_t length, unsigned int flags,
		int *fd_p, uint64_t *offset_p, struct ibvx_error *err);

/* ---- registration ---- */

/*
 * ibv_reg_mr() that finds a way and explains itself. @addr may point to ordinary memory
 * or to device memory. First as ibv_reg_mr() does it, which for device memory needs
 * the module peer_umem; where that is not loaded, by a dma-buf. The region ends with
 * ibvx_dereg_mr(); one that ibv_reg_mr() could have made ends with ibv_dereg_mr() as
 * well. Any number of regions, overlapping or not, of any number of contexts, may be
 * on one range. On failure NULL is returned and errno set, as ibv_reg_mr() does, and
 * @err holds the kernel's reason for this very range, or, where peer_mem did not
 * refuse it, what else is wrong.
 *   EINVAL	the range is empty or overflows, or its mapping is private
 *   EFAULT	part of the range is not mapped
 *   EMEDIUMTYPE host memory and device memory in one range
 *   EXDEV	memory of two BARs in one range
 *   EACCES	the mapping lacks a right that @access needs
 *   EOPNOTSUPP	this NIC cannot use this memory, @access wants on-demand paging, or
 *		peer_umem is not loaded and the NIC's driver takes no dma-bufs
 *   ENODEV	the device is being unbound, or its memory was revoked
 *   EREMOTEIO	no route from the NIC to the device that the kernel allows
 *   EAGAIN	the mapping changed meanwhile
 *   ENOSPC	no room in the IOMMU's address space for so much
 *   ENOMEM	and whatever else the NIC's driver returns
 */
struct ibv_mr *ibvx_reg_mr(struct ibv_pd *pd, void *addr, size_t length, int access,
			   struct ibvx_error *err);

/*
 * The same, and the NIC knows the first byte as @iova. By dma-buf both have to have the
 * same offset in their pages: EINVAL.
 */
struct ibv_mr *ibvx_reg_mr_iova(struct ibv_pd *pd, void *addr, size_t length, uint64_t iova,
				int access, struct ibvx_error *err);

/*
 * ibv_reg_dmabuf_mr(), also where the NIC's driver in the kernel can and its provider
 * in user space has no call for it. @fd may be closed afterwards. Ends with
 * ibvx_dereg_mr() only.
 *   EOPNOTSUPP	the NIC's driver takes no dma-bufs, or not this one
 *   EINVAL	@offset and @iova differ in their offset in a page, or the range is not in it
 *   EBADF	@fd is no dma-buf
 *   EACCES, EREMOTEIO, ENODEV, ENOSPC, ENOMEM as above
 */
struct ibv_mr *ibvx_reg_dmabuf_mr(struct ibv_pd *pd, uint64_t offset, size_t length,
				  uint64_t iova, int fd, int access, struct ibvx_error *err);

/*
 * Ends any memory region, whoever made it. 0 or a positive errno, as ibv_dereg_mr():
 *   EBUSY	a memory window is bound to it; it still exists
 */
int ibvx_dereg_mr(struct ibv_mr *mr);

/*
 * ibv_rereg_mr(), also of a region that ibvx_dereg_mr() alone can end; @flags and result
 * are those of ibv_rereg_mr(), errno is set. Such a region's address for the NIC is
 * then the pointer. Its keys change.
 *   EINVAL	unknown or no flags
 *   and the errnos of ibvx_reg_mr()
 */
int ibvx_rereg_mr(struct ibv_mr *mr, int flags, struct ibv_pd *pd, void *addr, size_t length,
		  int access, struct ibvx_error *err);

/* ---- buffers ---- */

/*
 * Registers @length bytes of a buffer from @offset on: by its pointer, or by its own
 * dma-buf where a NIC cannot get at the memory by pointer (GPUs). mr->addr is
 * pbuf_addr() + @offset in any case. Errors as ibvx_reg_mr() and ibvx_reg_dmabuf_mr();
 *   EINVAL	also: the range is not in the buffer
 */
struct ibv_mr *ibvx_reg_pbuf(struct ibv_pd *pd, struct pbuf *buf, size_t offset, size_t length,
			     int access, struct ibvx_error *err);

/*
 * pbuf_alloc() and registration of all of it. Both belong to the caller until
 * ibvx_free(). NULL and errno on failure, with the errnos of pbuf_alloc() and
 * ibvx_reg_pbuf(); then there is no buffer either.
 */
struct ibv_mr *ibvx_alloc(struct ibv_pd *pd, const char *spec, int access,
			  struct pbuf **buf_p, struct ibvx_error *err);

/*
 * ibvx_dereg_mr(), then pbuf_free(). 0 or a positive errno of the former: then both still
 * exist. @mr may be NULL.
 */
int ibvx_free(struct ibv_mr *mr, struct pbuf *buf);

/* ---- counters ---- */

struct ibvx_stat {
	char name[32];
	int64_t value;
};

/*
 * The @index-th counter of the kernel modules. Names with "live_" count what exists
 * now, the others what has happened since the module was loaded.
 *   -ENOENT	there is no further one
 *   -EINVAL	@size is 0
 *   -ENOTTY	the module is of an older release
 */
int ibvx_stats(struct ibvx *x, unsigned int index, struct ibvx_stat *stat, size_t size);

/*
 * What an errno means when memory is registered, for where nothing more exact is
 * known: a constant string. @error may be positive or negative.
 */
const char *ibvx_strerror(int error);

#ifdef __cplusplus
}
#endif

#endif /* IBVX_H */
