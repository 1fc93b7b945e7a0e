// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * dmabuf: ordinary memory that is a dma-buf, of a heap or of udmabuf. What a NIC that
 * takes dma-bufs can be tried with where there is no device memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vendor.h"

#define UDMABUF "/dev/udmabuf"
#define HEAPS "/dev/dma_heap"

/* The descriptor is all there is to remember. */
static int fd_of(const struct pbuf *buf)
{
	return (int)(intptr_t)buf->state;
}

static int open_failed(const char *path, int error, struct ibvx_error *err)
{
	if (error == -ENOENT)
		return fail(err, error,
			    "%s does not exist: heaps are what ls " HEAPS
			    " shows, and udmabuf (CONFIG_UDMABUF, modprobe udmabuf)",
			    path);
	if (error == -EACCES)
		return fail(err, error, "no permission on %s; as root: chmod, or a udev rule", path);
	return fail(err, error, "open %s: %s", path, strerror(-error));
}

static int from_heap(struct pbuf *buf, int heap, struct ibvx_error *err)
{
	struct dma_heap_allocation_data data = {
		.len = buf->size,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};

	if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data))
		return fail(err, -errno, "%s gives no %zu bytes: %s", buf->path, buf->size,
			    strerror(errno));
	return (int)data.fd;
}

/* udmabuf wants a memfd whose size cannot change any more. */
static int make_memfd(size_t size, struct ibvx_error *err)
{
	int ret, fd = memfd_create("pbuf", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && !ftruncate(fd, (off_t)size) && !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK))
		return fd;
	ret = fail(err, -errno, "%zu bytes of ordinary memory: %s", size, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ret;
}

static int from_udmabuf(struct pbuf *buf, int device, struct ibvx_error *err)
{
	struct udmabuf_create create = {
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.size = buf->size,
	};
	int fd = make_memfd(buf->size, err);

	if (fd < 0)
		return fd;
	create.memfd = (uint32_t)fd;
	/* the dma-buf holds the pages, not the descriptor */
	fd = ioctl(device, UDMABUF_CREATE, &create);
	if (fd < 0)
		fd = fail(err, -errno, UDMABUF " gives no %zu bytes: %s%s", buf->size,
			  strerror(errno),
			  errno == EINVAL ? " (more than udmabuf.size_limit_mb?)" : "");
	close((int)create.memfd);
	return fd;
}

static int dmabuf_alloc(struct pbuf *buf, struct ibvx_error *err)
{
	int (*from)(struct pbuf *, int, struct ibvx_error *) = from_heap;
	int device, fd, ret;

	if (!strcmp(buf->spec.word, "udmabuf")) {
		from = from_udmabuf;
		snprintf(buf->path, sizeof(buf->path), UDMABUF);
	} else {
		snprintf(buf->path, sizeof(buf->path), HEAPS "/%s", buf->spec.word);
	}
	buf->size = vendor_size(buf, (size_t)sysconf(_SC_PAGESIZE));
	device = open(buf->path, O_RDWR | O_CLOEXEC);
	if (device < 0)
		return open_failed(buf->path, -errno, err);
	fd = from(buf, device, err);
	close(device);
	if (fd < 0)
		return fd;
	buf->addr = mmap(NULL, buf->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (buf->addr == MAP_FAILED) {
		ret = fail(err, -errno, "mmap a dma-buf of %s: %s", buf->path, strerror(errno));
		close(fd);
		return ret;
	}
	buf->state = (void *)(intptr_t)fd;
	return 0;
}

static void dmabuf_free(struct pbuf *buf)
{
	munmap(buf->addr, buf->size);
	close(fd_of(buf));
}

static int dmabuf_fd(const struct pbuf *buf, int *fd_p, uint64_t *offset_p,
		     struct ibvx_error *err)
{
	*offset_p = 0;
	return vendor_dup(fd_of(buf), fd_p, err);
}

static const struct pbuf_ops dmabuf_ops = {
	.name = "dmabuf",
	.usage = "dmabuf:HEAP[,size=N]",
	.place = PBUF_PLACE_WORD,
	.alloc = dmabuf_alloc,
	.free = dmabuf_free,
	.dmabuf = dmabuf_fd,
};

PBUF_PLUGIN(dmabuf_ops);
