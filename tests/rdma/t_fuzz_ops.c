// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the threads of t_fuzz.c do. Each operation takes what it needs of the shared state
 * at that moment; that another thread takes it away in the middle is wanted.
 */
#include "t_fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/peer_mem.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t.h"

#define PAGE FUZZ_PAGE
#define MAX_ERRNO 133 /* the last one that user space knows */

static uint64_t pick(struct fuzz_thread *thread, uint64_t limit)
{
	return t_random_below(&thread->random, limit);
}

static bool one_in(struct fuzz_thread *thread, uint64_t n)
{
	return !pick(thread, n);
}

/* Numbers that the kernel has to compute with, and nearly overflow. */
static uint64_t odd_number(struct fuzz_thread *thread)
{
	static const uint64_t numbers[] = {
		0, 1, 2, 63, 64, 4095, 4096, 4097, 65536, UINT32_MAX, 1ULL << 32, 1ULL << 40,
		1ULL << 47, 0x7ffffffff000, INT64_MAX, 1ULL << 63, UINT64_MAX - 4095, UINT64_MAX,
	};
	uint64_t number = numbers[pick(thread, sizeof(numbers) / sizeof(numbers[0]))];

	return one_in(thread, 3) ? number : number + pick(thread, 5) - 2;
}

/* Around the border of a chunk, or of a page, or anywhere. */
static char *odd_address(struct fuzz_thread *thread)
{
	char *base = thread->fuzz->arena;

	if (one_in(thread, 50))
		return (char *)(uintptr_t)odd_number(thread);
	switch (pick(thread, 4)) {
	case 0: return base + pick(thread, FUZZ_CHUNKS + 1) * FUZZ_CHUNK;
	case 1: return base + pick(thread, FUZZ_CHUNKS + 1) * FUZZ_CHUNK + pick(thread, 9) - 4;
	case 2: return base + pick(thread, FUZZ_ARENA / PAGE) * PAGE;
	default: return base + pick(thread, FUZZ_ARENA);
	}
}

static size_t odd_length(struct fuzz_thread *thread)
{
	switch (pick(thread, 8)) {
	case 0: return odd_number(thread);
	case 1: return FUZZ_CHUNK * (1 + pick(thread, 4)) + pick(thread, 5) - 2;
	case 2: return PAGE + pick(thread, 5) - 2;
	default: return 1 + pick(thread, FUZZ_CHUNK);
	}
}

/* A range to ask for; every second one within a chunk, which often is one mapping. */
static char *odd_range(struct fuzz_thread *thread, size_t *len)
{
	size_t first = pick(thread, FUZZ_CHUNK);

	if (one_in(thread, 2)) {
		*len = odd_length(thread);
		return odd_address(thread);
	}
	*len = 1 + pick(thread, FUZZ_CHUNK - first);
	return thread->fuzz->arena + pick(thread, FUZZ_CHUNKS) * FUZZ_CHUNK + first;
}

/* A range of pages within the arena. */
static void *pages(struct fuzz_thread *thread, size_t *len)
{
	size_t count = FUZZ_ARENA / PAGE, first = pick(thread, count);

	if (one_in(thread, 2)) { /* a chunk */
		*len = FUZZ_CHUNK;
		return thread->fuzz->arena + pick(thread, FUZZ_CHUNKS) * FUZZ_CHUNK;
	}
	*len = PAGE * (1 + pick(thread, count - first < 8 ? count - first : 8));
	return thread->fuzz->arena + first * PAGE;
}

static bool complain(const char *what, int err)
{
	t_err("%s: errno %d", what, err);
	return false;
}

/* An answer of the kernel: success, or an errno that exists. */
static bool check(const char *what, long ret)
{
	if (ret != -1 || (errno > 0 && errno <= MAX_ERRNO))
		return true;
	return complain(what, errno);
}

/* ---- mappings ---- */

static const int prots[] = { PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE,
			     PROT_WRITE };

/* The peer's node, or a dma-buf: a number of its own, whatever other threads close. */
static int open_peer(struct fuzz_thread *thread)
{
	struct fuzz *fuzz = thread->fuzz;
	int dmabuf = fuzz->dmabufs[pick(thread, FUZZ_DMABUFS)] - 1;

	if (dmabuf >= 0 && one_in(thread, 4))
		return fcntl(dmabuf, F_DUPFD_CLOEXEC, 0);
	return open(fuzz->peer.path, (one_in(thread, 8) ? O_RDONLY : O_RDWR) | O_CLOEXEC);
}

/* With nothing odd about it. */
static bool map_chunk(struct fuzz_thread *thread)
{
	struct fuzz *fuzz = thread->fuzz;
	uint64_t chunk = pick(thread, FUZZ_CHUNKS);
	int fd = open(fuzz->peer.path, O_RDWR | O_CLOEXEC), ret;

	if (fd < 0)
		return check("open peer memory", -1);
	/* of a CMB each mapping is an allocation, all of them at 0 */
	ret = mmap(fuzz->arena + chunk * FUZZ_CHUNK, FUZZ_CHUNK, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED, fd,
		   fuzz->is_bar ? fuzz->peer.offset + (off_t)(chunk * FUZZ_CHUNK) : 0) ==
		      MAP_FAILED ? -1 : 0;
	close(fd);
	return check("map a chunk of the peer", ret);
}

static bool map_peer(struct fuzz_thread *thread)
{
	struct fuzz *fuzz = thread->fuzz;
	int fd = open_peer(thread), ret;
	off_t offset = fuzz->peer.offset;
	size_t len;
	void *at = pages(thread, &len);

	if (fd < 0)
		return check("open peer memory", -1);
	if (one_in(thread, 6))
		offset = (off_t)odd_number(thread);
	else if (fuzz->peer.size > FUZZ_ARENA)
		offset += (off_t)(PAGE * pick(thread, (fuzz->peer.size - FUZZ_ARENA) / PAGE));
	/* often one piece behind the other, so that a range of two mappings is one of memory */
	if (one_in(thread, 2))
		offset = fuzz->peer.offset + ((char *)at - fuzz->arena);
	ret = mmap(at, one_in(thread, 20) ? odd_length(thread) % FUZZ_CHUNK + 1 : len,
		   prots[pick(thread, 5)],
		   (one_in(thread, 10) ? MAP_PRIVATE : MAP_SHARED) | MAP_FIXED, fd,
		   offset) == MAP_FAILED ? -1 : 0;
	close(fd);
	return check("map the peer", ret);
}

static bool map_host(struct fuzz_thread *thread)
{
	size_t len;
	void *at = pages(thread, &len);

	return check("map host memory",
		     mmap(at, len, prots[pick(thread, 5)],
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ? -1 : 0);
}

/* For MADV_POPULATE_WRITE see touch(). */
static int odd_advice(struct fuzz_thread *thread)
{
	int advice = (int)pick(thread, 26);

	return advice == MADV_POPULATE_WRITE && !thread->fuzz->is_bar ? 0 : advice;
}

static bool change_map(struct fuzz_thread *thread)
{
	size_t len;
	char *at = pages(thread, &len);

	switch (pick(thread, 4)) {
	case 0: return check("munmap", munmap(at, len));
	case 1: return check("mprotect", mprotect(at, len, prots[pick(thread, 5)]));
	case 2: return check("madvise", madvise(at, len, odd_advice(thread)));
	default:
		/* within the arena, over what is there */
		return check("mremap",
			     mremap(at, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
				    thread->fuzz->arena + pick(thread, FUZZ_CHUNKS - 8) *
					    FUZZ_CHUNK) == MAP_FAILED ? -1 : 0);
	}
}

/*
 * The CPU's access, by a system call: it fails where a program would get a signal. Nothing is
 * written to a CMB: where mprotect() gave the right to write to a clean page, the kernel (7.3)
 * faults on the write for ever. (sysfs has a page_mkwrite, and do_page_mkwrite() takes pages
 * without a mapping, as those of p2pmem are, for truncated ones.)
 */
static bool touch(struct fuzz_thread *thread)
{
	struct fuzz *fuzz = thread->fuzz;
	char *at = odd_address(thread);
	size_t len = 1 + pick(thread, 64);

	return check("touch", !fuzz->is_bar || one_in(thread, 2) ?
				      pwrite(fuzz->scratch, at, len, 0) :
				      pread(fuzz->scratch, at, len, 0));
}

/* ---- registration ---- */

static bool reg(struct fuzz_thread *thread)
{
	static const int usual = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE |
				 IBV_ACCESS_REMOTE_READ;
	_Atomic(struct ibv_mr *) *slot = &thread->fuzz->mrs[pick(thread, FUZZ_MRS)];
	int access = one_in(thread, 3) ? (int)pick(thread, 512) : usual;
	size_t len;
	char *at = odd_range(thread, &len);
	struct ibv_mr *mr;

	if (one_in(thread, 40))
		len = -(uint64_t)(uintptr_t)at + pick(thread, 3) - 1;
	if (one_in(thread, 200))
		at = NULL, len = SIZE_MAX, access |= IBV_ACCESS_ON_DEMAND;
	/* what the library takes for itself does not reach the kernel */
	mr = ibv_reg_mr(thread->fuzz->dev.pd, at, len, (unsigned int)access & 0x1ff);
	if (!mr) {
		thread->fuzz->refused++;
		return check("register", -1);
	}
	thread->fuzz->registered++;
	mr = atomic_exchange(slot, mr);
	return !mr || !ibv_dereg_mr(mr) || complain("deregister", errno);
}

/* Soft-RoCE has no such registration: the answer is an errno, and the dma-buf as before. */
static bool reg_dmabuf(struct fuzz_thread *thread)
{
	struct fuzz *fuzz = thread->fuzz;
	int fd = fuzz->dmabufs[pick(thread, FUZZ_DMABUFS)] - 1;
	struct ibv_mr *mr = ibv_reg_dmabuf_mr(fuzz->dev.pd, pick(thread, FUZZ_CHUNK),
					      odd_length(thread), odd_number(thread), fd,
					      (int)pick(thread, 16));

	if (!mr)
		return check("register a dma-buf", -1);
	return !ibv_dereg_mr(mr) || complain("deregister", errno);
}

static bool dereg(struct fuzz_thread *thread)
{
	struct ibv_mr *mr = atomic_exchange(&thread->fuzz->mrs[pick(thread, FUZZ_MRS)], NULL);

	return !mr || !ibv_dereg_mr(mr) || complain("deregister", errno);
}

/* ---- ioctls of /dev/peer_mem ---- */

union argument {
	uint32_t size;
	unsigned char bytes[1024];
	struct peer_mem_info info;
	struct peer_mem_query query;
	struct peer_mem_reach reach;
	struct peer_mem_refusal refusal;
	struct peer_mem_export export;
	struct peer_mem_stats stats;
};

static void odd_function(struct fuzz_thread *thread, struct peer_mem_function *function)
{
	function->domain = one_in(thread, 10) ? (uint32_t)odd_number(thread) : 0;
	function->bus = (uint8_t)pick(thread, 8);
	function->devfn = (uint8_t)(pick(thread, 8) << 3);
}

static unsigned int make_call(struct fuzz_thread *thread, union argument *arg)
{
	size_t len;

	memset(arg, 0, sizeof(*arg));
	switch (pick(thread, 6)) {
	case 0:
		arg->size = sizeof(arg->info);
		return PEER_MEM_INFO;
	case 1:
		arg->size = sizeof(arg->query);
		arg->query.va = (uintptr_t)odd_address(thread);
		return PEER_MEM_QUERY;
	case 2:
		arg->size = sizeof(arg->reach);
		odd_function(thread, &arg->reach.client);
		odd_function(thread, &arg->reach.owner);
		return PEER_MEM_REACH;
	case 3:
		arg->size = sizeof(arg->stats);
		arg->stats.index = (uint32_t)pick(thread, 60);
		return PEER_MEM_STATS;
	case 4:
		arg->size = sizeof(arg->export);
		arg->export.flags = (uint32_t)pick(thread, 4);
		arg->export.va = (uintptr_t)odd_range(thread, &len);
		arg->export.len = len;
		return PEER_MEM_EXPORT;
	default:
		arg->size = sizeof(arg->refusal);
		arg->refusal.index = (uint32_t)pick(thread, 200);
		arg->refusal.pid = one_in(thread, 2) ? 0 : (int32_t)odd_number(thread);
		return PEER_MEM_REFUSAL;
	}
}

/* One thing wrong, or some. */
static void spoil(struct fuzz_thread *thread, union argument *arg)
{
	uint64_t number = odd_number(thread);

	switch (pick(thread, 3)) {
	case 0: arg->size = (uint32_t)number; break;
	case 1: arg->bytes[4 + pick(thread, 100)] ^= (unsigned char)(1u << pick(thread, 8)); break;
	default: memcpy(&arg->bytes[4 * pick(thread, 64)], &number, sizeof(number));
	}
}

static bool is_call(unsigned int number)
{
	return _IOC_TYPE(number) == PEER_MEM_IOC &&
	       _IOC_DIR(number) == (_IOC_READ | _IOC_WRITE);
}

static bool keep(struct fuzz_thread *thread, atomic_int *fds, uint64_t count, int fd)
{
	int old = atomic_exchange(&fds[pick(thread, count)], fd + 1);

	return old ? check("close", close(old - 1)) : true;
}

static bool call(struct fuzz_thread *thread)
{
	struct fuzz *fuzz = thread->fuzz;
	int fd = fuzz->fds[pick(thread, FUZZ_FDS)] - 1;
	union argument arg;
	unsigned int number = make_call(thread, &arg);
	void *at = &arg;
	int ret;

	while (one_in(thread, 2))
		spoil(thread, &arg);
	if (one_in(thread, 20))
		number = (unsigned int)t_random_next(&thread->random);
	else if (one_in(thread, 10))
		number = _IOC(pick(thread, 4), one_in(thread, 2) ? PEER_MEM_IOC : pick(thread, 256),
			      pick(thread, 256), pick(thread, 4096));
	/* in the arena it may vanish while it is read */
	if (one_in(thread, 10))
		at = odd_address(thread);
	ret = ioctl(fd, number, at);
	fuzz->calls++;
	if (!ret && at == &arg && is_call(number))
		fuzz->answered++;
	if (!ret && at == &arg && number == PEER_MEM_EXPORT) {
		fuzz->exported++;
		return keep(thread, fuzz->dmabufs, FUZZ_DMABUFS, arg.export.fd);
	}
	return check("ioctl", ret);
}

/* ---- files ---- */

static const char *const user_files[] = { "/dev/peer_mem", "/dev/peer_mem", NULL };
static const char *const root_files[] = {
	"/dev/peer_mem", "/dev/peer_mem", "/dev/peer_mem", NULL, "/sys/kernel/debug/peer_mem/counters",
	"/sys/kernel/debug/peer_mem/regions",
	"/sys/module/peer_mem/parameters/revoke_timeout_ms",
	"/sys/module/peer_mem/parameters/allow_unfenced",
};

/* NULL in the lists: the peer's node. */
static const char *odd_file(struct fuzz_thread *thread)
{
	const char *file = thread->fuzz->root ? root_files[pick(thread, 8)] :
						user_files[pick(thread, 3)];

	return file ? file : thread->fuzz->peer.path;
}

static bool open_or_close(struct fuzz_thread *thread)
{
	static const int flags[] = { O_RDWR, O_RDONLY, O_WRONLY, O_RDWR | O_NONBLOCK,
				     O_RDONLY | O_PATH };
	int fd = open(odd_file(thread), flags[pick(thread, 5)] | O_CLOEXEC);

	return keep(thread, thread->fuzz->fds, FUZZ_FDS, fd);
}

static bool use_file(struct fuzz_thread *thread)
{
	/* sometimes one that was closed a moment ago, or never was open */
	int fd = one_in(thread, 10) ? (int)pick(thread, 200) + 100 :
				      thread->fuzz->fds[pick(thread, FUZZ_FDS)] - 1;
	struct pollfd poll_one = { .fd = fd, .events = POLLIN | POLLOUT };
	char bytes[600] = "0\n";

	switch (pick(thread, 6)) {
	case 0: return check("read", read(fd, bytes, pick(thread, sizeof(bytes))));
	case 1: return check("pread", pread(fd, bytes, sizeof(bytes), (off_t)odd_number(thread)));
	case 2:
		/* parameters: numbers, and what is none; 0 last, an unbind is not waited for */
		snprintf(bytes, sizeof(bytes), "%lld", (long long)odd_number(thread));
		return check("write", write(fd, bytes, strlen(bytes)));
	case 3: return check("lseek", lseek(fd, (off_t)odd_number(thread), (int)pick(thread, 5)));
	case 4: return check("poll", poll(&poll_one, 1, 0));
	default: return check("fallocate", fallocate(fd, 0, 0, 4096));
	}
}

static bool use_dmabuf(struct fuzz_thread *thread)
{
	int fd = thread->fuzz->dmabufs[pick(thread, FUZZ_DMABUFS)] - 1;
	struct dma_buf_sync sync = { .flags = one_in(thread, 8) ? odd_number(thread) :
								  pick(thread, 8) };
	char name[40] = "a name that is longer than it may be";

	switch (pick(thread, 5)) {
	case 0: return check("lseek", lseek(fd, (off_t)odd_number(thread), (int)pick(thread, 3)));
	case 1:
		name[pick(thread, sizeof(name))] = 0;
		return check("name", ioctl(fd, DMA_BUF_SET_NAME, name));
	case 2: return keep(thread, thread->fuzz->dmabufs, FUZZ_DMABUFS, -1);
	default: return check("sync", ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync));
	}
}

static bool nap(struct fuzz_thread *thread)
{
	usleep((useconds_t)pick(thread, 50));
	return true;
}

static const struct {
	bool (*run)(struct fuzz_thread *thread);
	unsigned int weight;
} ops[] = {
	{ reg, 10 },  { dereg, 5 },	     { map_chunk, 4 }, { map_peer, 4 }, { map_host, 2 },
	{ change_map, 3 }, { call, 12 }, { open_or_close, 3 }, { use_file, 4 }, { use_dmabuf, 2 },
	{ reg_dmabuf, 1 }, { touch, 3 }, { nap, 1 },
};

#define NR_OPS (sizeof(ops) / sizeof(ops[0]))

bool fuzz_one(struct fuzz_thread *thread)
{
	unsigned int all = 0, which;
	size_t i;

	for (i = 0; i < NR_OPS; i++)
		all += ops[i].weight;
	which = (unsigned int)pick(thread, all);
	for (i = 0; which >= ops[i].weight; i++)
		which -= ops[i].weight;
	return ops[i].run(thread);
}

static void close_all(atomic_int *fds, size_t count)
{
	int fd;

	for (size_t i = 0; i < count; i++) {
		fd = atomic_exchange(&fds[i], 0);
		if (fd)
			close(fd - 1);
	}
}

void fuzz_clean(struct fuzz *fuzz)
{
	struct ibv_mr *mr;

	for (size_t i = 0; i < FUZZ_MRS; i++) {
		mr = atomic_exchange(&fuzz->mrs[i], NULL);
		if (mr)
			ibv_dereg_mr(mr);
	}
	close_all(fuzz->fds, FUZZ_FDS);
	close_all(fuzz->dmabufs, FUZZ_DMABUFS);
}
