// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_export [--storm] SPEC
 *
 * --storm: exports and closes until that is refused, and exits 0 if the memory is gone then.
 *
 * One process with one buffer, led by the hand: it reads commands from stdin and
 * answers each with one line, "ok ..." or the name of an errno. It makes dma-bufs of
 * the buffer, uses them, and has peer_mem_test.ko import them.
 *
 *   export [ro] [OFFSET LEN]  "ok SIZE OFFSET"; that dma-buf is the current one
 *   unwritable  exports into a struct that cannot be written: EFAULT and no descriptor
 *   behind SPEC another buffer, mapped right behind the first
 *   protect ro|none
 *   close [N]   the current dma-buf, or the N-th from 0; the last that is left becomes the
 *               current one
 *   path        the same, but keeps a descriptor that only names it (O_PATH), and makes and
 *               maps other files: the kernel may put one where the dma-buf's was
 *   intact      are those mappings as they were?
 *   unmap       the buffer
 *   import dynamic|lazy|pinned|static|vmap [BDF [ro]]  "ok SEGMENTS ADDRESS LEN ..."
 *   state       of the last import: "ok INVALIDATED MAPPED"
 *   release     the last import
 *   busy, idle  a device works on the dma-buf, until then
 *   map [ro]    the dma-buf
 *   pin BDF [OFFSET LEN]   that mapping, as a memory region would: "ok SEGMENTS ADDRESS LEN ..."
 *   unpin       the last of these
 *   unmap-map   that mapping
 *   export-map  a dma-buf of that mapping
 *   mistake put-twice|keep|zap|unlocked|twice|late   the mock exporter's, or the last import's
 *   put, get OFFSET [VALUE]     through the mapping of the dma-buf; or SIGBUS
 *   put-buf, get-buf OFFSET [VALUE]   through that of the buffer
 *   sync        begin and end of an access by the CPU
 *   info        "ok" and what fdinfo says
 *   fork        leaves a child that holds all this and does nothing, for ever
 *   exit
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dma-buf.h>
#include <linux/peer_mem.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "peer_mem_test.h"
#include "t.h"
#include "t_buf.h"

#define MAX_DMABUFS 16
#define ROOM_BEHIND ((size_t)2 << 20)
#define NR_OTHERS   64

static struct t_buf buf;
static int device, importer;
static int dmabufs[MAX_DMABUFS], nr_dmabufs;
static size_t sizes[MAX_DMABUFS];
static uint32_t import_id, pin_id, work_id;
static char *view;
static volatile char *others[NR_OTHERS];
static sigjmp_buf bus_error;

static void on_bus_error(int signal)
{
	(void)signal;
	siglongjmp(bus_error, 1);
}

static uint64_t number(const char *text)
{
	return text ? strtoull(text, NULL, 0) : 0;
}

static int export_range(uintptr_t va, size_t len, uint32_t flags)
{
	struct peer_mem_export arg = {
		.size = sizeof(arg),
		.flags = flags | PEER_MEM_EXPORT_CLOEXEC,
		.va = va,
		.len = len,
	};
	off_t size;

	if (nr_dmabufs == MAX_DMABUFS)
		return -ENOSPC;
	if (ioctl(device, PEER_MEM_EXPORT, &arg))
		return -errno;
	if (!(fcntl(arg.fd, F_GETFD) & FD_CLOEXEC))
		return -EBADE;
	size = lseek(arg.fd, 0, SEEK_END);
	if (size < 0)
		return -errno;
	sizes[nr_dmabufs] = (size_t)size;
	dmabufs[nr_dmabufs++] = arg.fd;
	printf("ok %zu %llu\n", (size_t)size, (unsigned long long)arg.offset);
	return 1;
}

static int do_export(char **words)
{
	uint32_t flags = PEER_MEM_EXPORT_WRITE;
	size_t len = buf.size;

	if (words[0] && !strcmp(words[0], "ro")) {
		flags = 0;
		words++;
	}
	if (words[0] && words[1])
		len = number(words[1]);
	return export_range((uintptr_t)buf.addr + number(words[0]), len, flags);
}

static int do_unwritable(void)
{
	size_t page = (size_t)getpagesize();
	struct peer_mem_export *arg = mmap(NULL, page, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int next, ret;

	if (arg == MAP_FAILED)
		return -errno;
	next = dup(0); /* the descriptor that it would get */
	close(next);
	arg->size = sizeof(*arg);
	arg->va = (uintptr_t)buf.addr;
	arg->len = buf.size;
	mprotect(arg, page, PROT_READ);
	ret = ioctl(device, PEER_MEM_EXPORT, arg) ? -errno : 0;
	munmap(arg, page);
	return fcntl(next, F_GETFD) < 0 ? ret : t_fail(-EBADE, "descriptor %d", next);
}

/* For good: it goes with the process. */
static int do_behind(const char *spec)
{
	static struct t_buf other;
	int flags = !strncmp(spec, "host:", 5) ? MAP_PRIVATE : MAP_SHARED;
	int ret = t_buf_parse(&other, spec);

	return ret ? ret :
		     t_buf_map_at(&other, (char *)buf.addr + buf.size, PROT_READ | PROT_WRITE,
				  flags | MAP_FIXED_NOREPLACE);
}

static int do_protect(const char *how)
{
	int prot = !strcmp(how, "ro") ? PROT_READ : PROT_NONE;

	return mprotect(buf.addr, buf.size, prot) ? -errno : 0;
}

static int parse_function(const char *text, uint32_t *domain, uint32_t *bus, uint32_t *devfn)
{
	unsigned int dev, fn;

	if (sscanf(text, "%x:%x:%x.%x", domain, bus, &dev, &fn) != 4)
		return -EINVAL;
	*devfn = dev << 3 | fn;
	return 0;
}

static int print_segments(uint32_t nr, const uint64_t *addr, const uint64_t *len)
{
	printf("ok %u", nr);
	for (unsigned int i = 0; i < nr && i < PEER_TEST_MAX_SEGS; i++)
		printf(" %#" PRIx64 " %#" PRIx64, addr[i], len[i]);
	putchar('\n');
	return 1;
}

static int do_import(char **words)
{
	static const char *const kinds[] = { "dynamic", "lazy", "pinned", "static", "vmap" };
	struct peer_test_import arg = { .fd = dmabufs[nr_dmabufs - 1] };

	while (arg.how < 5 && strcmp(kinds[arg.how], words[0]))
		arg.how++;
	if (words[1] && parse_function(words[1], &arg.domain, &arg.bus, &arg.devfn))
		return -EINVAL;
	arg.read_only = words[1] && words[2] && !strcmp(words[2], "ro");
	if (ioctl(importer, PEER_TEST_IMPORT, &arg))
		return -errno;
	import_id = arg.id;
	return print_segments(arg.nr_segs, (const uint64_t *)arg.dma_addr,
			      (const uint64_t *)arg.dma_len);
}

static int do_pin(char **words)
{
	struct peer_test_pin arg = {
		.va = (uintptr_t)view,
		.len = sizes[nr_dmabufs - 1],
		.max_seg = UINT32_MAX,
		.flags = PEER_TEST_WRITE | PEER_TEST_MAP,
	};

	if (parse_function(words[0], &arg.domain, &arg.bus, &arg.devfn))
		return -EINVAL;
	if (words[1] && words[2]) {
		arg.va += number(words[1]);
		arg.len = number(words[2]);
	}
	if (ioctl(importer, PEER_TEST_PIN, &arg))
		return -errno;
	pin_id = arg.id;
	return print_segments(arg.nr_segs, (const uint64_t *)arg.dma_addr,
			      (const uint64_t *)arg.dma_len);
}

static int do_busy(void)
{
	struct peer_test_work arg = { .fd = dmabufs[nr_dmabufs - 1] };

	if (ioctl(importer, PEER_TEST_WORK, &arg))
		return -errno;
	work_id = arg.id;
	return 0;
}

static int do_mistake(const char *name)
{
	static const char *const names[PEER_TEST_NR_MISTAKES] = {
		"put-twice", "keep", "zap", "unlocked", "twice", "late"
	};
	struct peer_test_mistake arg = { .id = import_id };

	while (arg.what < PEER_TEST_NR_MISTAKES && strcmp(names[arg.what], name))
		arg.what++;
	return ioctl(importer, PEER_TEST_MISTAKE, &arg) ? -errno : 0;
}

static int do_state(void)
{
	struct peer_test_state state = { .id = import_id };

	if (ioctl(importer, PEER_TEST_STATE, &state))
		return -errno;
	printf("ok %u %u\n", state.invalidated, state.mapped);
	return 1;
}

static int do_map(char **words)
{
	int prot = words[0] && !strcmp(words[0], "ro") ? PROT_READ : PROT_READ | PROT_WRITE;
	void *addr = mmap(NULL, sizes[nr_dmabufs - 1], prot, MAP_SHARED,
			  dmabufs[nr_dmabufs - 1], 0);

	if (addr == MAP_FAILED)
		return -errno;
	view = addr;
	return 0;
}

static int do_access(volatile uint64_t *at, int write, uint64_t value)
{
	if (sigsetjmp(bus_error, 1)) {
		puts("SIGBUS");
		return 1;
	}
	if (write)
		*at = value;
	printf("ok %#" PRIx64 "\n", (uint64_t)*at);
	return 1;
}

static int do_sync(void)
{
	struct dma_buf_sync start = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	struct dma_buf_sync end = { .flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW };
	int fd = dmabufs[nr_dmabufs - 1];

	return ioctl(fd, DMA_BUF_IOCTL_SYNC, &start) || ioctl(fd, DMA_BUF_IOCTL_SYNC, &end) ?
		       -errno :
		       0;
}

static int do_info(void)
{
	char path[64], line[160];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", dmabufs[nr_dmabufs - 1]);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	printf("ok");
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		printf(" %s;", line);
	}
	putchar('\n');
	fclose(file);
	return 1;
}

static int do_close(const char *which)
{
	int n = which ? (int)number(which) : nr_dmabufs - 1, fd;

	if (n >= nr_dmabufs)
		return -EINVAL;
	fd = dmabufs[n];
	for (nr_dmabufs--; n < nr_dmabufs; n++) {
		dmabufs[n] = dmabufs[n + 1];
		sizes[n] = sizes[n + 1];
	}
	return close(fd) ? -errno : 0;
}

/* The file goes, its name stays, and with it the dma-buf. */
static int do_path(void)
{
	char path[64];
	int fd = dmabufs[--nr_dmabufs];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (open(path, O_PATH | O_CLOEXEC) < 0 || close(fd))
		return -errno;
	for (int i = 0; i < NR_OTHERS; i++) {
		fd = memfd_create("other", MFD_CLOEXEC);
		if (fd < 0 || ftruncate(fd, getpagesize()))
			return -errno;
		others[i] = mmap(NULL, (size_t)getpagesize(), PROT_READ | PROT_WRITE,
				 MAP_PRIVATE, fd, 0);
		if (others[i] == MAP_FAILED)
			return -errno;
		others[i][0] = 'o'; /* a page of this process alone */
		close(fd);
	}
	return 0;
}

static int do_intact(void)
{
	for (int i = 0; i < NR_OTHERS; i++)
		if (others[i][0] != 'o')
			return -EBADMSG;
	return 0;
}

static int do_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	return pid < 0 ? -errno : 0;
}

/* 0: say ok; 1: said; else the errno */
static int obey(const char *verb, char **words)
{
	if (!strcmp(verb, "export"))
		return do_export(words);
	if (!strcmp(verb, "unwritable"))
		return do_unwritable();
	if (!strcmp(verb, "behind") && words[0])
		return do_behind(words[0]);
	if (!strcmp(verb, "protect") && words[0])
		return do_protect(words[0]);
	if (!strcmp(verb, "unmap"))
		return munmap(buf.addr, buf.size) ? -errno : 0;
	if (!strcmp(verb, "put-buf") || !strcmp(verb, "get-buf"))
		return do_access((void *)((char *)buf.addr + number(words[0])), verb[0] == 'p',
				 number(words[1]));
	if (!strcmp(verb, "intact"))
		return do_intact();
	if (!strcmp(verb, "fork"))
		return do_fork();
	if (!strcmp(verb, "mistake") && words[0])
		return do_mistake(words[0]);
	if (!strcmp(verb, "release"))
		return ioctl(importer, PEER_TEST_UNPIN, &import_id) ? -errno : 0;
	if (!strcmp(verb, "unpin"))
		return ioctl(importer, PEER_TEST_UNPIN, &pin_id) ? -errno : 0;
	if (!strcmp(verb, "idle"))
		return ioctl(importer, PEER_TEST_UNPIN, &work_id) ? -errno : 0;
	if (!nr_dmabufs)
		return t_fail(-EINVAL, "%s before any export", verb);
	if (!strcmp(verb, "close"))
		return do_close(words[0]);
	if (!strcmp(verb, "path"))
		return do_path();
	if (!strcmp(verb, "import") && words[0])
		return do_import(words);
	if (!strcmp(verb, "busy"))
		return do_busy();
	if (!strcmp(verb, "state"))
		return do_state();
	if (!strcmp(verb, "map"))
		return do_map(words);
	if (!strcmp(verb, "pin") && words[0])
		return do_pin(words);
	if (!strcmp(verb, "unmap-map"))
		return munmap(view, sizes[nr_dmabufs - 1]) ? -errno : 0;
	if (!strcmp(verb, "export-map"))
		return export_range((uintptr_t)view, sizes[nr_dmabufs - 1], PEER_MEM_EXPORT_WRITE);
	if (!strcmp(verb, "put") || !strcmp(verb, "get"))
		return do_access((void *)(view + number(words[0])), verb[0] == 'p',
				 number(words[1]));
	if (!strcmp(verb, "sync"))
		return do_sync();
	if (!strcmp(verb, "info"))
		return do_info();
	return t_fail(-ENOSYS, "no command %s", verb);
}

static void serve(void)
{
	char line[128];

	while (fgets(line, sizeof(line), stdin)) {
		char *save = NULL, *verb = strtok_r(line, " \n", &save), *words[4] = { 0 };
		int ret;

		if (!verb || !strcmp(verb, "exit"))
			break;
		for (int i = 0; i < 3; i++)
			words[i] = strtok_r(NULL, " \n", &save);
		ret = obey(verb, words);
		if (ret <= 0)
			puts(ret ? strerrorname_np(-ret) : "ok");
	}
}

static int storm(void)
{
	struct peer_mem_export arg = {
		.size = sizeof(arg),
		.flags = PEER_MEM_EXPORT_WRITE,
		.va = (uintptr_t)buf.addr,
		.len = buf.size,
	};
	unsigned int made = 0;

	for (; !ioctl(device, PEER_MEM_EXPORT, &arg); made++) {
		close(arg.fd);
		if (!made)
			puts("begins");
	}
	printf("%u exports, then %s\n", made, strerrorname_np(errno));
	/* the second: its driver does not answer for the mapping any more */
	return made && (errno == ENODEV || errno == EOPNOTSUPP) ? T_PASS : T_FAIL;
}

/* Where nothing follows, so that there is room for another buffer, or a hole. */
static int open_buffer(const char *spec)
{
	int ret = t_buf_parse(&buf, spec), flags = buf.path[0] ? MAP_SHARED : MAP_PRIVATE;
	size_t room = buf.size + ROOM_BEHIND;
	void *place;

	if (ret)
		return ret;
	place = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (place == MAP_FAILED || munmap(place, room))
		return t_fail(-errno, "room for %s", spec);
	return t_buf_map_at(&buf, place, PROT_READ | PROT_WRITE, flags | MAP_FIXED_NOREPLACE);
}

int main(int argc, char **argv)
{
	bool storms = argc == 3 && !strcmp(argv[1], "--storm");
	int ret;

	if (argc != 2 + storms) {
		fputs("usage: t_export [--storm] SPEC\nSPEC:  " T_BUF_USAGE "\n", stderr);
		return T_FAIL;
	}
	setlinebuf(stdout);
	signal(SIGBUS, on_bus_error);
	ret = open_buffer(argv[1 + storms]);
	if (ret)
		return T_FAIL;
	device = open("/dev/peer_mem", O_RDWR | O_CLOEXEC);
	importer = open("/dev/peer_mem_test", O_RDWR | O_CLOEXEC);
	if (device < 0 || importer < 0)
		return t_verdict(t_fail(-errno, "open /dev/peer_mem and /dev/peer_mem_test"));
	if (storms)
		return storm();
	puts("ok");
	serve();
	return T_PASS;
}
