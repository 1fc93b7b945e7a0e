// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fake.h"

#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_BUFFERS 64

static struct {
	void *addr;
	size_t size;
	int fd;
} buffers[MAX_BUFFERS];
static int inside;

bool fake_is(const char *mode)
{
	const char *set = getenv("FAKE_GPU");

	return set && !strcmp(set, mode);
}

static int make_dmabuf(size_t size)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), fd = -1;
	int memfd = memfd_create("fake", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	create.memfd = (unsigned int)memfd;
	if (!ftruncate(memfd, (off_t)size) && !fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		fd = ioctl(device, UDMABUF_CREATE, &create);
	close(memfd);
	close(device);
	return fd;
}

void *fake_alloc(size_t size)
{
	for (int i = 0; i < MAX_BUFFERS; i++) {
		if (buffers[i].addr)
			continue;
		buffers[i].fd = make_dmabuf(size);
		buffers[i].size = size;
		buffers[i].addr = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		return buffers[i].fd < 0 ? NULL : buffers[i].addr;
	}
	return NULL;
}

int fake_export(void *addr, size_t size)
{
	for (int i = 0; i < MAX_BUFFERS; i++)
		if (buffers[i].addr == addr && buffers[i].size == size)
			return fake_is("nomap") ? open("/dev/null", O_RDWR | O_CLOEXEC) :
						  fcntl(buffers[i].fd, F_DUPFD_CLOEXEC, 0);
	return -1;
}

void fake_free(void *addr)
{
	for (int i = 0; i < MAX_BUFFERS; i++) {
		if (buffers[i].addr != addr)
			continue;
		close(buffers[i].fd);
		munmap(addr, buffers[i].size);
		buffers[i].addr = NULL;
		return;
	}
	fputs("fake: freed what was not allocated\n", stderr);
	abort();
}

size_t fake_size(const void *addr)
{
	for (int i = 0; i < MAX_BUFFERS; i++)
		if (buffers[i].addr == addr)
			return buffers[i].size;
	return 0;
}

void fake_count(int change)
{
	inside += change;
	if (inside >= 0)
		return;
	fputs("fake: left more often than entered\n", stderr);
	abort();
}

/* Every path of a provider ends where it began. */
__attribute__((destructor)) static void check_pairs(void)
{
	bool empty = true;

	for (int i = 0; i < MAX_BUFFERS; i++)
		empty = empty && !buffers[i].addr;
	if (empty && !inside)
		return;
	fprintf(stderr, "fake: %d contexts%s are left\n", inside, empty ? "" : ", and memory,");
	_exit(99);
}
