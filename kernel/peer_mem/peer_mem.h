/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * peer_mem: let a device do DMA to another device's memory through the user
 * pointer that a program already has.
 *
 * Two kinds of caller use this header and nothing else:
 *
 *  - an *exporter* owns PCI BAR memory and maps it to user space. It creates a
 *    region for the memory and registers the vm_operations_struct it already
 *    uses together with a struct peer_vm_ops, which makes each of its VMAs
 *    recognisable on a stock kernel;
 *  - a *consumer* (peer_umem for RDMA) pins a range of the current process.
 *
 * Vocabulary: a *region* is one contiguous piece of one BAR with one owner and
 * one lifetime. A *pin* is a consumer's right to reach a user range that lies
 * in one region. *Revoke* ends that right. Lengths are bytes; "end" is
 * exclusive.
 */
#ifndef PEER_MEM_H
#define PEER_MEM_H

#include <linux/bits.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/types.h>

struct device;
struct module;
struct page;
struct pci_dev;
struct phys_vec;
struct vm_area_struct;
struct vm_operations_struct;

struct peer_mem_pin;
struct peer_mem_region;
struct peer_mem_sink;
struct sg_table;

/* ---- exporters ---------------------------------------------------------- */

/**
 * struct peer_mem_region_desc - what an exporter says of its memory
 * @pdev: function whose BAR this is; the region takes a reference
 * @bar: BAR number
 * @paddr: CPU physical address of the first byte, page aligned
 * @len: bytes, a multiple of PAGE_SIZE, all inside the BAR
 * @exporter: name for logs and listings; copied, up to 31 characters
 * @has_pages: every page has a P2PDMA struct page, referenced by the exporter
 *	for as long as the region lives
 * @zap: optional; unmap the region from every process. Called once, at the
 *	start of a revoke, may sleep, must not take mmap_lock of any process.
 * @zap_arg: argument of @zap
 */
struct peer_mem_region_desc {
	struct pci_dev *pdev;
	int bar;
	phys_addr_t paddr;
	size_t len;
	const char *exporter;
	bool has_pages;
	void (*zap)(void *zap_arg);
	void *zap_arg;
};

/**
 * struct peer_vm_backing - what one page of a VMA is
 * @pdev: function whose BAR it is; referenced
 * @bar: BAR number
 * @paddr: CPU physical address
 * @has_pages: it has a struct page
 */
struct peer_vm_backing {
	struct pci_dev *pdev;
	int bar;
	phys_addr_t paddr;
	bool has_pages;
};

/**
 * struct peer_vm_ops - what a driver adds to its vm_operations_struct
 * @owner: module of the hook; every pin holds a reference on it
 * @name: exporter's name for logs
 * @get_extents: mandatory. Say what is behind @len bytes at @addr of @vma (page
 *	aligned, inside the VMA; @write says whether the device will write) by
 *	calling peer_mem_sink_add() for each contiguous piece, in order, until
 *	all of @len is told. Called with mmap_lock held for reading; may sleep
 *	and fault pages in; must not take mmap_lock. Returns 0, -ENODEV when the
 *	memory is gone or going, the error of peer_mem_sink_add(), or another
 *	errno that is passed to the user.
 * @put_extent: optional, for memory that needs a reference of its own beside
 *	the pin on the region: drops what @get_extents took for memory that it
 *	added successfully. Ranges may come merged. May sleep, cannot fail. Runs
 *	under a lock that mmu notifiers take: must not allocate in a way that
 *	reclaims, and must not take mmap_lock.
 * @get_backing: optional, for queries and for the log of a refusal: fill what is
 *	mapped at @addr (page aligned), with a reference on the function. mmap_lock
 *	held, nothing is pinned. 0 or an errno.
 */
struct peer_vm_ops {
	struct module *owner;
	const char *name;
	int (*get_extents)(struct vm_area_struct *vma, unsigned long addr,
			   size_t len, bool write, struct peer_mem_sink *sink);
	void (*put_extent)(phys_addr_t paddr, size_t len);
	int (*get_backing)(struct vm_area_struct *vma, unsigned long addr,
			   struct peer_vm_backing *backing);
};

/**
 * peer_mem_sink_add - tell the core the next contiguous piece of a VMA range
 * @sink: what get_extents() was given
 * @region: region of the memory; the core takes its own right to it
 * @paddr: CPU physical address, page aligned, inside @region
 * @len: bytes, page aligned
 *
 * On success the lifetime reference that the exporter took for the piece
 * belongs to the pin. On error it stays the exporter's, who drops it and
 * returns the error from get_extents().
 *
 * Return: 0; -ENODEV, region revoked; -EXDEV, the range has memory of another
 * region too; -EINVAL, not inside the region or more than was asked for;
 * -ENOMEM.
 */
int peer_mem_sink_add(struct peer_mem_sink *sink,
		      struct peer_mem_region *region, phys_addr_t paddr,
		      size_t len);

/**
 * peer_vm_ops_register - make VMAs with @vm_ops recognisable
 * @vm_ops: the table the exporter installs in its VMAs; key only. The VMAs must
 *	have VM_IO, VM_PFNMAP or VM_MIXEDMAP set, or nobody asks for them
 * @ops: the hook
 *
 * Return: 0, -EINVAL if a mandatory member is missing, -EEXIST if @vm_ops is
 * registered already, -ENOMEM.
 */
int peer_vm_ops_register(const struct vm_operations_struct *vm_ops,
			 const struct peer_vm_ops *ops);

/**
 * peer_vm_ops_unregister - forget @vm_ops
 *
 * Drains: when this returns no get_extents() of it runs and none will.
 * put_extent() still runs for live pins, so revoke the regions first. May
 * sleep. Unknown @vm_ops is ignored.
 */
void peer_vm_ops_unregister(const struct vm_operations_struct *vm_ops);

/**
 * peer_mem_region_create - announce memory
 *
 * Return: a region that the caller owns, or ERR_PTR(-EINVAL) if @desc is not
 * page aligned or not inside the BAR, ERR_PTR(-ENOMEM).
 */
struct peer_mem_region *
peer_mem_region_create(const struct peer_mem_region_desc *desc);

/**
 * peer_mem_region_revoke - end every right to the memory
 *
 * New pins fail with -ENODEV from here on, user maps are zapped, mappings behind
 * an IOMMU are fenced, and the call waits until the last other pin is gone;
 * owners that keep theirs longer than the revoke_timeout_ms parameter are killed.
 * Idempotent; a second caller waits as well. Caller holds no lock that unpinning
 * or a process's exit needs.
 */
void peer_mem_region_revoke(struct peer_mem_region *region);

/**
 * peer_mem_region_destroy - revoke, then drop the caller's ownership
 */
void peer_mem_region_destroy(struct peer_mem_region *region);

/* Does anybody have a pin on it right now? */
bool peer_mem_region_is_pinned(struct peer_mem_region *region);

/* ---- consumers: the P2P GUP API ------------------------------------------ */

#define PEER_MEM_PIN_WRITE	BIT(0)	/* the device will write */
#define PEER_MEM_PIN_NEED_PAGES	BIT(1)	/* the consumer needs struct pages */
#define PEER_MEM_PIN_ODP	BIT(2)	/* on-demand paging was asked for */
#define PEER_MEM_PIN_VIA_FILE	BIT(3)	/* see below */

/**
 * struct peer_mem_pin_args - what to pin
 * @va: first byte, any alignment, in the current process
 * @len: bytes
 * @flags: PEER_MEM_PIN_*
 * @max_pages: most pages that the consumer can hold in one pin, 0: no limit
 * @consumer: device on whose behalf, for the log; only used during the call.
 *	NULL: refusals are counted and traced but not logged
 *
 * PEER_MEM_PIN_VIA_FILE promises that the pin goes, at the latest, when the file
 * does whose system call this is (its first argument). A revoke that nobody
 * answers may then kill every process that has that file and that the caller
 * could kill.
 */
struct peer_mem_pin_args {
	unsigned long va;
	size_t len;
	unsigned int flags;
	unsigned long max_pages;
	const char *consumer;
};

/**
 * peer_mem_pin_user - pin a range of the current process that is peer memory
 *
 * The range is served whole or refused whole. A refusal (not -EINTR, -EAGAIN,
 * -ENOMEM) is counted, traced and logged in one line that says which range, which device, why and what to
 * change (refuse.h lists all of them).
 *
 * Context: process context, may sleep, takes mmap_lock for reading.
 * Return: the pin; NULL when there is no peer memory in the range, so that the
 * caller's ordinary path is the right one; or
 *  -EINVAL       empty range, or its end overflows; or a private (COW) mapping
 *  -EFAULT       hole in the range
 *  -E2BIG        more than max_pages
 *  -EMEDIUMTYPE  host memory and peer memory in one range
 *  -EXDEV        memory of two regions in one range
 *  -EACCES       write wanted (or read) on a mapping that does not allow it
 *  -EOPNOTSUPP   no struct pages but the consumer needs them; on-demand paging;
 *                a PFN mapping of something that is no BAR
 *  -ENODEV       the device is being unbound or the memory was revoked
 *  -EAGAIN       the mapping changed meanwhile
 *  -EUSERS       a page of it has more pins than can be counted
 *  -ENOMEM, -EINTR and what the exporter returned
 */
struct peer_mem_pin *peer_mem_pin_user(const struct peer_mem_pin_args *args);

/**
 * peer_mem_unpin - give the right back
 *
 * Cannot fail. The consumer's device must not touch the memory any more.
 */
void peer_mem_unpin(struct peer_mem_pin *pin);

/**
 * peer_mem_pin_ranges - physical ranges of a pin, in order of user address
 *
 * The first range starts at the page of args.va, the last one ends at a page
 * end: whole pages are described. Adjacent ranges are merged. The array lives
 * as long as the pin.
 */
const struct phys_vec *peer_mem_pin_ranges(const struct peer_mem_pin *pin,
					   unsigned int *nr);

/* True when every byte of the pin has a struct page (pfn_to_page() of it). */
bool peer_mem_pin_has_pages(const struct peer_mem_pin *pin);

/**
 * peer_mem_pin_to_sgt - build the scatterlist of a pin that has pages
 * @pin: peer_mem_pin_has_pages() is true
 * @max_seg: longest segment in bytes, at least a page
 * @sgt: zeroed; the caller frees it with sg_free_table()
 *
 * One entry for each contiguous piece of at most @max_seg bytes, whole pages,
 * not DMA mapped. Return: 0, -ENOMEM, -EINVAL (@max_seg), -E2BIG.
 */
int peer_mem_pin_to_sgt(const struct peer_mem_pin *pin, size_t max_seg,
			struct sg_table *sgt);

/**
 * peer_mem_pin_map - map a pin for a device that does DMA by itself
 * @pin: not mapped yet; needs no struct pages
 * @args: what it was pinned with, for the log of a refusal
 * @dev: the device whose DMA it is: a PCI function or a child of one
 * @max_seg: longest segment in bytes that the device takes
 * @sgt: zeroed; filled with DMA addresses and lengths only (nents), no pages
 *	(orig_nents is 0)
 *
 * Bus addresses where the packets turn around in a switch, one IOVA range where
 * an IOMMU translates, CPU addresses where they go through a host bridge
 * without one. May sleep. The mapping may be fenced by a revoke at any time: the
 * device then reaches nothing at these addresses, which stay reserved.
 *
 * Return: 0; -EREMOTEIO, no route that the kernel allows; -EOPNOTSUPP, a PFN
 * mapping of another driver that could not be fenced; -ENOSPC, no IOVA space
 * for so much; -ERANGE, beyond what the device can address; -ENODEV, revoked or
 * unmapped; -EINVAL, @max_seg below a page; -E2BIG, too many segments; -ENOMEM and what the DMA API returned. Refusals
 * are logged like those of peer_mem_pin_user().
 */
int peer_mem_pin_map(struct peer_mem_pin *pin,
		     const struct peer_mem_pin_args *args, struct device *dev,
		     size_t max_seg, struct sg_table *sgt);

/* Undo it. Cannot fail. The device was told before that the range is gone. */
void peer_mem_pin_unmap(struct peer_mem_pin *pin, struct sg_table *sgt);

/*
 * Count, trace and log that the consumer could not map the pages of a pin: @err
 * is what the DMA API returned. Returns the errno for the user.
 */
int peer_mem_pin_refuse_map(const struct peer_mem_pin *pin,
			    const struct peer_mem_pin_args *args, int err);

/* ---- counters ------------------------------------------------------------ */

/**
 * struct peer_mem_counters - a module's lines in debugfs peer_mem/counters
 * @names: one for each value; those beginning with "live_" count objects and
 *	are 0 when nothing is left
 * @values: per CPU array of @nr; peer_mem_counters_register() allocates it
 */
struct peer_mem_counters {
	const char *const *names;
	unsigned int nr;
	s64 __percpu *values;
	struct list_head node;
};

int peer_mem_counters_register(struct peer_mem_counters *counters);
void peer_mem_counters_unregister(struct peer_mem_counters *counters);

#define peer_mem_count(counters, index, amount) \
	this_cpu_add((counters)->values[index], amount)

#endif
