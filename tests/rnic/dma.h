/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * DMA: every byte that the NIC reads or writes outside itself goes through here, and is
 * counted by where it went and what for. That is the reason for the model's being: a test
 * can say "payload bytes in guest RAM: 0" and be believed.
 *
 * Vocabulary. A *map* is an address range that the client told us about (DMA_MAP). A
 * *region* is what lies behind maps: one file of the client, however often and in however
 * many pieces it is mapped. The region that was mapped at address 0 is the guest's RAM;
 * every other is a peer's BAR. What is in no map is reached by messages, and the client
 * says whether something is there (an NVMe CMB is); neighbouring addresses reached so are
 * one region too. Regions stay when their maps go, with their counts.
 *
 * rnic->dma_lock is held while memory is touched: when an unmap has been answered, nothing
 * of ours reaches that memory any more. It is not held while a message is under way.
 */
#ifndef RNIC_DMA_H
#define RNIC_DMA_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct rnic_port;

enum rnic_use { RNIC_USE_RING, RNIC_USE_TABLE, RNIC_USE_PAYLOAD, RNIC_USE_COUNT };

#define RNIC_MAX_REGIONS 64u
#define RNIC_MAX_RECORDS 4096u

struct rnic_region {
	enum { RNIC_REGION_FREE, RNIC_REGION_FILE, RNIC_REGION_MESSAGE } kind;
	bool ram;
	/* file */
	dev_t device;
	ino_t inode;
	uint8_t *base;
	size_t size;
	unsigned int maps;
	uint64_t address; /* of a file: where it was mapped last */
	uint64_t end; /* of messages: address and end so far */
	atomic_ullong bytes[RNIC_USE_COUNT][2]; /* [use][is write] */
	atomic_ullong last_ns; /* of the last payload access */
};

struct rnic_map {
	uint64_t address, size;
	bool readable, writable;
	uint8_t *base; /* NULL: by message */
	struct rnic_region *region;
};

struct rnic_record {
	uint64_t ns, address;
	uint32_t length, qpn;
	uint8_t region;
	bool write;
};

/* By message; the session's, or a test's. 0/-errno. */
typedef int (*rnic_dma_transfer)(void *context, bool write, uint64_t address, void *data,
				 uint32_t len);

struct rnic_dma {
	bool bus_master; /* dma_lock, as is all up to records */
	bool peers_forbidden; /* payload outside RAM is counted as such; it moves all the same */
	unsigned int resets; /* asked for and not yet done: DMA is off while there is one */
	struct rnic_map *map; /* sorted by address, disjoint */
	size_t maps, room;
	struct rnic_region region[RNIC_MAX_REGIONS];
	uint32_t qpn; /* whose access is recorded; engine */
	struct rnic_region *unstamped; /* its last_ns is behind, see dma.c; engine */
	struct {
		pthread_mutex_t lock;
		bool on;
		uint64_t total;
		struct rnic_record at[RNIC_MAX_RECORDS];
	} records;
	rnic_dma_transfer transfer;
	void *transfer_context;
};

/* A piece of DMA memory, or of our own (inline data). */
struct rnic_seg {
	uint64_t address;
	uint32_t length;
	uint8_t *own;
};

void rnic_dma_init(struct rnic_port *port);
void rnic_dma_free(struct rnic_port *port);

/* Protocol thread. @fd is -1 or taken over. 0/-errno. */
int rnic_dma_map(struct rnic_port *port, uint64_t address, uint64_t size, uint64_t offset,
		 bool readable, bool writable, int fd);
int rnic_dma_unmap(struct rnic_port *port, uint64_t address, uint64_t size);
void rnic_dma_unmap_all(struct rnic_port *port);
void rnic_dma_bus_master(struct rnic_port *port, bool on);
void rnic_dma_forbid_peers(struct rnic_port *port, bool on);
void rnic_dma_reset_begin(struct rnic_port *port);
void rnic_dma_reset_done(struct rnic_port *port); /* engine */

/*
 * Engine. 0, -EFAULT: nothing there, or not allowed (a copy says -ENXIO if that is the
 * target's side); -ECANCELED: a reset came.
 */
int rnic_dma_read(struct rnic_port *port, enum rnic_use use, uint64_t address, void *data,
		  uint32_t len);
int rnic_dma_write(struct rnic_port *port, enum rnic_use use, uint64_t address,
		   const void *data, uint32_t len);
int rnic_dma_copy(struct rnic_port *to_port, const struct rnic_seg *to,
		  struct rnic_port *from_port, const struct rnic_seg *from, uint32_t len);
/* Behind the last of some copies, for each of their ports: the regions' last_ns. */
void rnic_dma_settle(struct rnic_port *port);
/* 64 bits, aligned; atomic with the guest's CPUs where memory is mapped. */
int rnic_dma_atomic(struct rnic_port *port, uint64_t address, bool swap, uint64_t compare,
		    uint64_t operand, uint64_t *old);

#endif
