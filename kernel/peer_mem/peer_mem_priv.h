/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of peer_mem.ko share. Calls go downwards only: chardev ->
 * ioctl_* -> dmabuf -> gup, dma, route -> vma_match, revoke -> region -> phys;
 * exporters/ -> region. Upwards goes one call: revoke tells dmabuf.
 *
 * Lock order, outermost first:
 *
 *   device_lock (PCI core, around unbind)
 *     region->revoke_lock	mutex, around an exporter's zap, the
 *			invalidation of dma-bufs and the release of one
 *     mmap_lock
 *       dma_resv of a dma-buf	importers map and unmap under it, revoke
 *			invalidates under it. The kernel fixes that mmu notifiers
 *			run inside of it, so no mmu notifier may take it
 *       db->fault_lock	rwsem, dmabuf.c: faults of a dma-buf's mmap
 *     mmu notifiers
 *       regions_lock	mutex, region.c: the list of regions, the list of
 *			devices that are being unbound
 *           region->map_lock	mutex: DMA maps of the region's pins. Taken in
 *				an mmu notifier: nothing is allocated under it
 *             region->lock	spinlock: revoked, pins
 *       registry_lock	mutex, registry.c: the list of hooks; no callback and
 *			no user copy runs under it
 *       counters_lock	mutex, stats.c
 *       task_lock		holder.c, of any task; inside it its files' lock
 *
 * peer_mem_region_revoke() sleeps until user space has let go, so it is called
 * with none of ours held, and never with mmap_lock.
 */
#ifndef PEER_MEM_PRIV_H
#define PEER_MEM_PRIV_H

#undef pr_fmt
#define pr_fmt(fmt) "peer_mem: " fmt

#include <linux/dma-mapping.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "compat/compat.h"
#include "peer_mem.h"
#include "phys.h"
#include "refuse.h"

/* ---- stats.c ---- */

#define PEER_MEM_COUNTERS(S)						\
	S(live_regions)							\
	S(live_pins)							\
	S(live_pinned_bytes)						\
	S(live_maps)							\
	S(live_dmabufs)							\
	S(pins)								\
	S(dmabufs)							\
	S(refusals)							\
	S(revokes)							\
	S(revoke_fences)						\
	S(revoke_waits)							\
	S(revoke_kills)							\
	S(stale_pins)

enum peer_mem_stat {
#define S(name) PEER_STAT_##name,
	PEER_MEM_COUNTERS(S)
#undef S
	PEER_NR_STATS
};

extern struct peer_mem_counters peer_mem_stats;

/*
 * The @index-th counter of all modules, in the order of the debugfs file: its name,
 * cut to @size bytes, and its value. -ENOENT: there are not so many. May sleep.
 */
int peer_mem_counters_read(u32 index, char *name, size_t size, s64 *value);

int peer_mem_debugfs_init(void);
void peer_mem_debugfs_exit(void);

/* ---- region.c ---- */

struct peer_mem_region {
	struct kref ref;
	struct list_head node;		/* regions_lock */
	struct peer_mem_region_desc desc;
	char exporter[32];		/* its module may go before the region */
	const struct peer_vm_ops *adapter;	/* foreign memory only */

	struct mutex revoke_lock;	/* one revoker marks and zaps */
	bool zapped;			/* revoke_lock */

	/*
	 * Held while a pin is mapped, unmapped, fenced or taken off the list,
	 * so that a revoke can walk the list and fence.
	 */
	struct mutex map_lock;

	spinlock_t lock;
	bool revoked;			/* lock; never goes back */
	struct list_head pins;		/* map_lock to remove; lock */
	unsigned int nr_reaching;	/* lock; pins to wait for */
	wait_queue_head_t drained;	/* nr_reaching became 0 */

	/* dma-bufs, see dmabuf.c. map_lock */
	struct list_head untold;	/* their importers do not know of a revoke */
	struct list_head busy;		/* these do, and had work under way */
};

enum peer_mem_dma_kind {
	PEER_DMA_NONE,		/* not mapped, or virtual DMA through pages */
	PEER_DMA_BUS,
	PEER_DMA_IOVA,		/* the only kind that can be fenced */
	PEER_DMA_PHYSICAL,
};

/* How a device reaches a pin. region->map_lock */
struct peer_mem_dma {
	enum peer_mem_dma_kind kind;
	bool fenced;			/* cut off from the memory */
	bool waived;			/* need not be waited for, see revoke.c */
	enum dma_data_direction dir;	/* 0: DMA_BIDIRECTIONAL */
	struct device *dev;
	struct dma_iova_state iova;	/* PEER_DMA_IOVA */
	size_t pad;			/* unused bytes before it */
	dma_addr_t *addr;		/* PEER_DMA_PHYSICAL, one a range */
};

/*
 * peer_mem_pin_args.flags of our own: for a dma-buf. Memory that is not ours is
 * refused then, not left to somebody else, and so are watched PFN maps. The pin
 * reaches the memory by its shares only, one for each mapping of an importer.
 */
#define PEER_MEM_PIN_EXPORT	BIT(31)

struct peer_dmabuf;

/* The file that holds a pin, see holder.c. */
struct peer_mem_via {
	const struct file *file;	/* not referenced; NULL: there is none */
	const struct cred *cred;	/* it was opened with; referenced */
	const struct cred *owner;	/* of who made the pin; referenced */
	bool asked;			/* map_lock; who has it was killed */
};

struct peer_mem_pin {
	struct peer_mem_region *region;	/* referenced */
	const struct peer_vm_ops *ops;	/* its module is referenced */
	struct peer_mem_pin *base;	/* map_lock; whose extents it uses: its
					   own, its sharer's or lender's,
					   NULL: dropped */
	struct dma_buf *lender;		/* referenced; the dma-buf whose mapping
					   was pinned, NULL: no dma-buf's */
	unsigned int nr_users;		/* map_lock; pins whose base it is */
	bool is_share;			/* phys belongs to another pin */
	struct peer_dmabuf *dmabuf;	/* map_lock; PEER_MEM_PIN_EXPORT only */
	struct list_head node;		/* region->lock */
	struct pid *owner;		/* thread group to kill at a revoke */
	bool killed;			/* region->lock; the owner was */
	struct peer_mem_via via;
	struct peer_phys_list phys;
	struct peer_mem_dma dma;
	struct mmu_interval_notifier watch;	/* PFN maps only */
	bool watched;			/* watch is inserted */
	bool stale;			/* map_lock; the map has changed */
	unsigned long va;
	size_t len;
	unsigned int flags;
};

/* The regions that exist, for debugfs and for whoever must find one. */
extern struct list_head peer_mem_regions;
extern struct mutex peer_mem_regions_lock;

void peer_mem_region_get(struct peer_mem_region *region);
void peer_mem_region_put(struct peer_mem_region *region);

/*
 * The region of memory that a stock driver maps, as one of our adapters sees it:
 * the whole BAR that holds @paddr. Found or made;
 * referenced. ERR_PTR(-ENODEV) if that function is being
 * unbound, ERR_PTR(-ENXIO) if no memory BAR holds it, ERR_PTR(-ENOMEM).
 */
struct peer_mem_region *
peer_mem_region_foreign(phys_addr_t paddr, const struct peer_vm_ops *adapter,
			bool has_pages);

/*
 * Which memory BAR of which function holds @paddr? NULL: none. The function is
 * referenced.
 */
struct pci_dev *peer_mem_find_bar(phys_addr_t paddr, int *bar);

/* Enter @pin in @region, which it then references. -ENODEV if revoked. */
int peer_mem_region_attach(struct peer_mem_region *region,
			   struct peer_mem_pin *pin);

/* Take it off, map_lock held. The reference on the region is the caller's. */
void peer_mem_region_detach(struct peer_mem_pin *pin);

/* A revoke need not wait for @pin (any more). map_lock held; once a pin. */
void peer_mem_region_unwaited(struct peer_mem_pin *pin);

/* Pins that a revoke still has to wait for? */
bool peer_mem_region_is_reached(struct peer_mem_region *region);

/*
 * No foreign region of @pdev can be made between the two. NULL: forget all,
 * for unloading between a device's two.
 */
void peer_mem_device_going(const struct pci_dev *pdev);
void peer_mem_device_gone(const struct pci_dev *pdev);

/*
 * Instead of gone, after a probe that failed: until the next one begins, none of
 * memory with struct pages, which the driver core has yet to take away.
 */
void peer_mem_device_failed(const struct pci_dev *pdev);
void peer_mem_device_probing(const struct pci_dev *pdev);

/* ---- chardev.c, ioctl_*.c ---- */

int peer_mem_chardev_init(void);
void peer_mem_chardev_exit(void);

/* Remember a refusal of the current process for PEER_MEM_REFUSAL. */
void peer_mem_refusal_keep(const struct peer_mem_pin_args *args, int err,
			   const char *text);

/* ---- dmabuf.c ---- */

struct dma_buf;

/*
 * A dma-buf of the whole pages that hold a range of the current process; the file
 * is the caller's. @args: as for peer_mem_pin_user(), PEER_MEM_PIN_EXPORT set.
 * ERR_PTR of what that returns, or -ENFILE, -ENOMEM.
 */
struct dma_buf *peer_dmabuf_export(const struct peer_mem_pin_args *args);

/*
 * Tell the importers of all of @region's dma-bufs that the memory is gone, zap user
 * maps of them. region->revoked is set, revoke_lock held. Those that have not
 * unmapped are waited for like other pins.
 */
void peer_dmabuf_revoke_all(struct peer_mem_region *region);

/* Afterwards: has an importer work under way since before it was told? */
bool peer_dmabuf_is_busy(struct peer_mem_region *region);

/* Wait for that, in whatever time it takes. No lock of ours held. */
void peer_dmabuf_wait_idle(struct peer_mem_region *region);

/*
 * The hook for our own dma-bufs' mappings: what is pinned through one is the memory
 * that the dma-buf was made of.
 */
int peer_dmabuf_hook_init(void);
void peer_dmabuf_hook_exit(void);

/* ---- share.c ---- */

/*
 * A pin that is being filled through a mapping of @dmabuf, whose own pin is @from: the
 * extents are @from's, and @dmabuf lives as long as the pin, or what it has itself
 * borrowed from. The pin is in the
 * region already. -ENODEV: revoked meanwhile; -EXDEV: it has another's extents.
 */
int peer_mem_pin_borrow(struct peer_mem_pin *pin, struct peer_mem_pin *from,
			struct dma_buf *dmabuf);

/*
 * Another right to the memory of @pin, to be mapped by itself; @pin outlives it.
 * Freed by peer_mem_unpin(). @via_file: as PEER_MEM_PIN_VIA_FILE, for an importer that
 * cannot be told of a revoke. ERR_PTR(-ENODEV) if revoked, ERR_PTR(-ENOMEM).
 */
struct peer_mem_pin *peer_mem_pin_share(struct peer_mem_pin *pin, bool via_file);

/* On unloading: nobody refuses and nobody asks any more. */
void peer_mem_refusals_forget(void);

/* ---- gup.c ---- */

/* What get_extents() fills. One per VMA; lives on the stack of the pin call. */
struct peer_mem_sink {
	struct peer_mem_pin *pin;
	size_t left;			/* bytes of the VMA not yet told */
};

int peer_mem_pin_init(void);
void peer_mem_pin_exit(void);

/*
 * A zeroed pin, accounted to the process; NULL without memory. From a cache of
 * their own: in the general ones it would take the next power of two.
 */
struct peer_mem_pin *peer_mem_pin_alloc(void);
void peer_mem_pin_free(struct peer_mem_pin *pin);

/* Count and trace a new pin. */
void peer_mem_pin_note(const struct peer_mem_pin *pin);

/* Drop what the exporter gave: afterwards it may take the memory away. */
void peer_mem_pin_drop_extents(struct peer_mem_pin *pin);

/* ---- dma.c ---- */

enum peer_mem_route;

/*
 * Can @dev be given the memory? 0 and how it would be mapped, or a refusal of
 * peer_mem_pin_map(), logged.
 */
int peer_mem_pin_judge_device(const struct peer_mem_pin *pin,
			      const struct peer_mem_pin_args *args,
			      struct device *dev, enum peer_mem_dma_kind *kind);

/* Count, trace and log that a consumer cannot have @pin. Returns the errno. */
int peer_mem_pin_refuse(const struct peer_mem_pin *pin,
			const struct peer_mem_pin_args *args,
			enum peer_mem_reason reason, int err,
			const char *detail);

/* How @dev would be mapped along @route. */
enum peer_mem_dma_kind peer_mem_dma_kind(enum peer_mem_route route,
					 struct device *dev);

/*
 * Cut the device off for good, if the way it is mapped allows that. False: it
 * does not, wait for the unmap. map_lock held.
 */
bool peer_mem_pin_fence(struct peer_mem_pin *pin);

/* ---- revoke.c ---- */

/*
 * Fence one pin if it can be, and give its memory back. True if it is fenced
 * now. map_lock held.
 */
bool peer_mem_pin_cut(struct peer_mem_pin *pin);

int peer_mem_revoke_init(void);
void peer_mem_revoke_exit(void);

/* ---- holder.c ---- */

/*
 * Remember the char device whose system call this is in a zeroed @via; it stays
 * empty if that cannot be told. Undone by put, harmless on an empty one.
 */
void peer_mem_via_get(struct peer_mem_via *via);
void peer_mem_via_put(struct peer_mem_via *via);

/*
 * Kill every process that has open what still holds pins of a revoked region, as
 * far as the pin's owner could have. Takes map_lock.
 */
void peer_mem_kill_holders(struct peer_mem_region *region);

/* ---- registry.c ---- */

struct peer_vm_hook;

/* The hook for @vm_ops, held against unregistration; NULL if there is none. */
struct peer_vm_hook *peer_vm_hook_get(const struct vm_operations_struct *vm_ops);
void peer_vm_hook_put(struct peer_vm_hook *hook);
const struct peer_vm_ops *peer_vm_hook_ops(const struct peer_vm_hook *hook);

/* ---- vma_match.c ---- */

enum peer_vma_kind {
	PEER_VMA_HOLE,		/* no VMA at the address */
	PEER_VMA_HOST,		/* not ours: the ordinary path decides */
	PEER_VMA_PEER,		/* an exporter answers */
	PEER_VMA_PFN,		/* VM_PFNMAP or VM_IO and no exporter answers */
	PEER_VMA_NR_KINDS
};

struct peer_vma_match {
	enum peer_vma_kind kind;
	struct vm_area_struct *vma;	/* NULL for a hole */
	unsigned long end;		/* first address it says nothing about */
	int error;			/* it could not be told; kind is HOST */
	const struct peer_vm_ops *ops;	/* PEER_VMA_PEER, PEER_VMA_PFN */
	struct peer_vm_hook *hook;	/* NULL for the built-in adapters */
};

/*
 * What is at @addr of the current process? mmap_lock held for reading until
 * after peer_vma_match_put().
 */
void peer_vma_match_get(unsigned long addr, struct peer_vma_match *match);
void peer_vma_match_put(struct peer_vma_match *match);

/* ---- exporters/ ---- */

extern const struct peer_vm_ops peer_p2pdma_vm_ops;

/*
 * Does the VMA map P2PDMA pages at @addr? 1, 0, or -ENOMEM, -EINTR: cannot tell.
 * mmap_lock held for reading.
 */
int peer_p2pdma_vma_probe(struct vm_area_struct *vma, unsigned long addr);

extern const struct peer_vm_ops peer_pfnmap_vm_ops;

/* May a watched pin be mapped this way? (It must be possible to fence it.) */
bool peer_pfnmap_may_map(enum peer_mem_dma_kind kind);

/*
 * Watch the page bounds [start, end) of a complete pin on a PFN map: from here on
 * a change of the mapping cuts it off. -EAGAIN: it changed already; -ENOMEM,
 * -EINTR. Takes mmap_lock. Undone by unwatch, which waits for a running cut; no
 * lock of ours held.
 */
int peer_pfnmap_watch(struct peer_mem_pin *pin, unsigned long start,
		      unsigned long end);
void peer_pfnmap_unwatch(struct peer_mem_pin *pin);

#endif
