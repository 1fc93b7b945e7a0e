/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of peer_bar.ko share.
 *
 * driver.c binds a PCI function and decides which BARs are offered; pages.c
 * gives a BAR struct pages and takes them away; node.c is the char device of
 * one BAR: open, mmap, faults, and the peer_vm_ops hook; home.c has the inode of its
 * mappings, place.c says where they are.
 */
#ifndef PEER_BAR_H
#define PEER_BAR_H

#undef pr_fmt
#define pr_fmt(fmt) "peer_bar: " fmt

#include <linux/pci.h>
#include <linux/types.h>

#include "../peer_mem.h"

struct peer_bar_node;

#define PEER_BAR_STATS(S)						\
	S(live_bar_nodes)						\
	S(bar_faults)

enum peer_bar_stat {
#define S(name) PEER_BAR_STAT_##name,
	PEER_BAR_STATS(S)
#undef S
	PEER_BAR_NR_STATS
};

extern struct peer_mem_counters peer_bar_stats;

/* ---- node.c ---- */

/*
 * Offer BAR @bar of @pdev as /dev/peer_bar/<bdf>/bar<N>. With @pages every page
 * of it has a struct page with a reference held by the caller. ERR_PTR on
 * failure; nothing is left behind.
 */
struct peer_bar_node *peer_bar_node_create(struct pci_dev *pdev, int bar,
					   bool pages);

/*
 * Nobody maps or pins the BAR: let nobody do so from now on. -EBUSY if somebody
 * does. A retired node only waits to be destroyed.
 */
int peer_bar_node_retire(struct peer_bar_node *node);
void peer_bar_node_unretire(struct peer_bar_node *node);

/*
 * Take the node away, drain pins, zap user maps. When it returns nobody
 * reaches the BAR through it, though open files may outlive it.
 */
void peer_bar_node_destroy(struct peer_bar_node *node);

int peer_bar_nodes_init(void);
void peer_bar_nodes_exit(void);

/* ---- home.c ---- */

/* An inode whose i_mapping is that of one node's mappings; ERR_PTR on failure. */
struct inode *peer_bar_home_get(void);
void peer_bar_home_put(struct inode *inode);

/* ---- place.c ---- */

/*
 * The address at which [@paddr, @paddr + @len) is best mapped; the other
 * arguments are those of file_operations.get_unmapped_area().
 */
unsigned long peer_bar_place(struct file *file, phys_addr_t paddr,
			     unsigned long addr, unsigned long len,
			     unsigned long pgoff, unsigned long flags);

/* ---- pages.c ---- */

/*
 * Give all of BAR @bar struct pages, each with one reference that the caller
 * owns. -EINVAL if the BAR is not aligned to what the kernel can give pages to,
 * -EOPNOTSUPP without CONFIG_PCI_P2PDMA, -ENOMEM.
 * Freed with the devres group that is open at the call.
 */
int peer_bar_pages_get(struct pci_dev *pdev, int bar);

/* Drop the references, before the devres group is released. */
void peer_bar_pages_put(struct pci_dev *pdev, int bar);

#endif
