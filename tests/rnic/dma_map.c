// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the client maps for DMA, see dma.h: the sorted list of maps, and the regions behind
 * them. Protocol thread; the engine only looks things up, in dma.c.
 *
 * A file is mapped into this process once and whole, however small the pieces are that
 * become visible to the device: with an IOMMU there are thousands of them, and they come
 * and go. The host's reservation is not touched (MAP_NORESERVE): a BAR may be larger than
 * the machine.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rnic.h"

void rnic_dma_init(struct rnic_port *port)
{
	pthread_mutex_init(&port->dma.records.lock, NULL);
}

void rnic_dma_free(struct rnic_port *port)
{
	rnic_dma_unmap_all(port);
	free(port->dma.map);
	pthread_mutex_destroy(&port->dma.records.lock);
}

static void region_put(struct rnic_region *region)
{
	if (!region || --region->maps)
		return;
	munmap(region->base, region->size);
	region->base = NULL;
}

/* The region of a file, with a reference for one map. -errno in *ret. */
static struct rnic_region *region_get(struct rnic_dma *dma, int fd, int *ret)
{
	struct rnic_region *region = NULL;
	struct stat stat;

	*ret = -EINVAL;
	if (fstat(fd, &stat) || stat.st_size <= 0)
		return NULL;
	/* The last one is for what is reached by message. */
	for (unsigned int n = 0; n < RNIC_MAX_REGIONS - 1; n++) {
		struct rnic_region *one = &dma->region[n];

		if (one->kind == RNIC_REGION_FILE && one->device == stat.st_dev &&
		    one->inode == stat.st_ino) {
			region = one;
			break;
		}
		if (one->kind == RNIC_REGION_FREE && !region)
			region = one;
	}
	*ret = -ENOSPC;
	if (!region)
		return NULL;

	if (!region->maps) {
		void *base = mmap(NULL, stat.st_size, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_NORESERVE, fd, 0);

		*ret = -errno;
		if (base == MAP_FAILED)
			return NULL;
		region->kind = RNIC_REGION_FILE;
		region->device = stat.st_dev;
		region->inode = stat.st_ino;
		region->base = base;
		region->size = stat.st_size;
	}
	region->maps++;
	return region;
}

/* Where a map at @address is, or would be put. */
static size_t position(const struct rnic_dma *dma, uint64_t address)
{
	size_t low = 0, high = dma->maps;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (dma->map[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool overlaps(const struct rnic_dma *dma, size_t at, uint64_t address, uint64_t size)
{
	if (at && address - dma->map[at - 1].address < dma->map[at - 1].size)
		return true;
	return at < dma->maps && dma->map[at].address - address < size;
}

static int insert(struct rnic_dma *dma, size_t at, const struct rnic_map *map)
{
	if (dma->maps == dma->room) {
		size_t room = dma->room ? 2 * dma->room : 64;
		struct rnic_map *grown = realloc(dma->map, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		dma->map = grown;
		dma->room = room;
	}
	memmove(&dma->map[at + 1], &dma->map[at], (dma->maps - at) * sizeof(*map));
	dma->map[at] = *map;
	dma->maps++;
	return 0;
}

static int map_locked(struct rnic_dma *dma, struct rnic_map *map, uint64_t offset, int fd)
{
	size_t at = position(dma, map->address);
	int ret;

	if (overlaps(dma, at, map->address, map->size))
		return -EEXIST;
	if (fd < 0)
		return insert(dma, at, map);

	map->region = region_get(dma, fd, &ret);
	if (!map->region)
		return ret;
	ret = -EINVAL;
	if (offset > map->region->size || map->size > map->region->size - offset)
		goto put_region;
	map->base = map->region->base + offset;
	ret = insert(dma, at, map);
	if (ret)
		goto put_region;
	/* Firmware and kernel find RAM at address 0, and nothing else ever is there. */
	if (!map->address)
		map->region->ram = true;
	map->region->address = map->address;
	return 0;

put_region:
	region_put(map->region);
	return ret;
}

int rnic_dma_map(struct rnic_port *port, uint64_t address, uint64_t size, uint64_t offset,
		 bool readable, bool writable, int fd)
{
	struct rnic_map map = {
		.address = address,
		.size = size,
		.readable = readable,
		.writable = writable,
	};
	int ret;

	pthread_mutex_lock(&port->rnic->dma_lock);
	ret = map_locked(&port->dma, &map, offset, fd);
	pthread_mutex_unlock(&port->rnic->dma_lock);
	/* The mapping holds the file. */
	if (fd >= 0)
		close(fd);
	return ret;
}

/*
 * Takes [address, last] out of the map at @at: nothing, its head or its tail remains, or
 * both (the client may split what it mapped in one piece). Returns how many maps are there
 * in its place.
 */
static int cut(struct rnic_dma *dma, size_t at, uint64_t address, uint64_t last)
{
	struct rnic_map map = dma->map[at], tail = map;
	uint64_t map_last = map.address + map.size - 1;
	bool head = map.address < address, has_tail = map_last > last;

	if (has_tail) {
		uint64_t gone = last + 1 - map.address;

		tail.address += gone;
		tail.size -= gone;
		if (tail.base)
			tail.base += gone;
	}
	if (head && has_tail) {
		int ret = insert(dma, at + 1, &tail);

		if (ret)
			return ret;
		if (tail.region)
			tail.region->maps++;
	}
	if (head) {
		dma->map[at].size = address - map.address;
	} else if (has_tail) {
		dma->map[at] = tail;
	} else {
		dma->maps--;
		memmove(&dma->map[at], &dma->map[at + 1],
			(dma->maps - at) * sizeof(map));
		region_put(map.region);
	}
	return head + has_tail;
}

int rnic_dma_unmap(struct rnic_port *port, uint64_t address, uint64_t size)
{
	struct rnic_dma *dma = &port->dma;
	uint64_t last;
	int ret = 0;
	size_t at;

	if (!size || __builtin_add_overflow(address, size - 1, &last))
		return -EINVAL;
	pthread_mutex_lock(&port->rnic->dma_lock);
	at = position(dma, address);
	if (at && address - dma->map[at - 1].address < dma->map[at - 1].size)
		at--;
	while (at < dma->maps && dma->map[at].address <= last) {
		ret = cut(dma, at, address, last);
		if (ret < 0)
			break;
		at += ret;
	}
	pthread_mutex_unlock(&port->rnic->dma_lock);
	/* A client with an IOMMU unmaps more than it mapped; the kernel's VFIO lets it. */
	return ret < 0 ? ret : 0;
}

void rnic_dma_unmap_all(struct rnic_port *port)
{
	pthread_mutex_lock(&port->rnic->dma_lock);
	while (port->dma.maps)
		region_put(port->dma.map[--port->dma.maps].region);
	pthread_mutex_unlock(&port->rnic->dma_lock);
}

void rnic_dma_forbid_peers(struct rnic_port *port, bool on)
{
	pthread_mutex_lock(&port->rnic->dma_lock);
	port->dma.peers_forbidden = on;
	pthread_mutex_unlock(&port->rnic->dma_lock);
}

void rnic_dma_bus_master(struct rnic_port *port, bool on)
{
	pthread_mutex_lock(&port->rnic->dma_lock);
	port->dma.bus_master = on;
	pthread_mutex_unlock(&port->rnic->dma_lock);
}

void rnic_dma_reset_begin(struct rnic_port *port)
{
	pthread_mutex_lock(&port->rnic->dma_lock);
	port->dma.resets++;
	pthread_mutex_unlock(&port->rnic->dma_lock);
}

void rnic_dma_reset_done(struct rnic_port *port)
{
	pthread_mutex_lock(&port->rnic->dma_lock);
	port->dma.resets--;
	pthread_mutex_unlock(&port->rnic->dma_lock);
}
