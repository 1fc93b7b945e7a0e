// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_providers SPEC [--shared]
 *
 * What every provider must do, told the same for all: map what was asked for, say
 * truly what it is (the kernel is asked as well), hold data, leave nothing behind, and
 * refuse with the documented errno. --shared: two buffers of the spec are one memory.
 * Exit 77 with the reason where the memory is not there.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ibvx.h>
#include <pbuf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t.h"

#define SIZE ((size_t)64 << 10)
#define ROUNDS 200

static struct ibvx *x;
static int failures;

#define CHECK(condition, ...) \
	do { \
		if (!(condition)) { \
			failures++; \
			t_err(__VA_ARGS__); \
		} \
	} while (0)

static int count_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

static void with_option(char *out, size_t size, const char *spec, const char *option)
{
	snprintf(out, size, "%s%s%s", spec, strchr(spec, ':') ? "," : ":", option);
}

static void check_data(const struct pbuf *buf)
{
	volatile uint32_t *words = pbuf_addr(buf);
	size_t nr = pbuf_size(buf) / sizeof(*words), step = nr / 64;

	for (size_t i = 0; i < nr; i += step)
		words[i] = (uint32_t)(i * 2654435761U) ^ 0x5a5a5a5a;
	for (size_t i = 0; i < nr; i += step)
		CHECK(words[i] == ((uint32_t)(i * 2654435761U) ^ 0x5a5a5a5a),
		      "word %zu was not kept", i);
}

/* The dma-buf of a buffer is the same memory, and a descriptor of the caller's own. */
static void check_dmabuf(const struct pbuf *buf, const struct pbuf_info *info)
{
	volatile uint32_t *words = pbuf_addr(buf);
	uint64_t offset = UINT64_MAX;
	struct ibvx_error err;
	int fd = -1, ret;
	char *view;

	ret = pbuf_dmabuf(buf, &fd, &offset, &err);
	if (!(info->attrs & PBUF_DMABUF)) {
		CHECK(ret == -EOPNOTSUPP && err.error == ret && err.text[0] && fd == -1 &&
			      offset == UINT64_MAX,
		      "a dma-buf of %s: %d", info->provider, ret);
		return;
	}
	CHECK(!ret && fd >= 0 && offset != UINT64_MAX && !err.error, "dma-buf: %s", err.text);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC, "the dma-buf survives execve");
	if (!ret && !(info->attrs & PBUF_NO_CPU)) {
		view = mmap(NULL, pbuf_size(buf), PROT_READ, MAP_SHARED, fd, (off_t)offset);
		CHECK(view != MAP_FAILED, "mmap the dma-buf: %s", strerror(errno));
		*words = 0x600dda7a;
		CHECK(view == MAP_FAILED || *(volatile uint32_t *)view == 0x600dda7a,
		      "the dma-buf is other memory");
		if (view != MAP_FAILED)
			munmap(view, pbuf_size(buf));
	}
	close(fd);
}

static void check_device_addr(const struct pbuf *buf, const struct pbuf_info *info)
{
	if (info->attrs & PBUF_NO_CPU)
		CHECK((uintptr_t)pbuf_addr(buf) == info->device_addr, "two addresses for a GPU");
	else
		CHECK(!info->device_addr || info->attrs & PBUF_DMABUF, "an address without a GPU");
}

/* The buffer and the kernel must tell the same. */
static void check_truth(const struct pbuf *buf, const char *spec)
{
	struct ibvx_memory first, last;
	struct pbuf_info info;
	char *addr = pbuf_addr(buf);
	size_t name = strcspn(spec, ":");

	CHECK(!pbuf_describe(buf, &info, sizeof(info)), "describe");
	CHECK(strlen(info.provider) == name && !memcmp(info.provider, spec, name),
	      "provider is %s", info.provider);
	check_dmabuf(buf, &info);
	check_device_addr(buf, &info);
	if (!(info.attrs & PBUF_NO_CPU))
		check_data(buf);
	/* a dma-buf's mapping tells the kernel nothing about whose memory it is */
	if (info.attrs & PBUF_DMABUF)
		return;
	CHECK(!ibvx_query(x, addr, &first, sizeof(first)), "query");
	CHECK(!ibvx_query(x, addr + pbuf_size(buf) - 1, &last, sizeof(last)), "query the end");
	CHECK(first.attrs & IBVX_MEMORY_WRITE, "not writable");
	if (!(info.attrs & PBUF_FUNCTION)) {
		CHECK(first.kind == IBVX_HOST && last.kind == IBVX_HOST, "is kind %u",
		      first.kind);
		return;
	}
	CHECK(first.kind == (strcmp(info.provider, "sysfs") ? IBVX_PEER : IBVX_PFN),
	      "is kind %u", first.kind);
	CHECK(last.kind == first.kind, "its end is kind %u", last.kind);
	CHECK(first.attrs & IBVX_MEMORY_SHARED, "not shared");
	CHECK(!strcmp(first.function, info.function), "memory of %s, says the kernel",
	      first.function);
	CHECK(last.bar_offset - first.bar_offset == pbuf_size(buf) - 1, "not contiguous");
	if (info.bar >= 0)
		CHECK(first.bar == info.bar, "BAR %d, says the kernel", first.bar);
	if (info.attrs & PBUF_OFFSET)
		CHECK(first.bar_offset == info.offset, "offset %llu, says the kernel",
		      (unsigned long long)first.bar_offset);
	CHECK(info.path[0] && !access(info.path, F_OK), "path '%s'", info.path);
}

static void check_gone(void *addr)
{
	struct ibvx_memory memory;

	CHECK(!ibvx_query(x, addr, &memory, sizeof(memory)) && memory.kind == IBVX_HOLE,
	      "still mapped after pbuf_free");
}

static int check_one(const char *spec, size_t size)
{
	struct ibvx_error err;
	struct pbuf *buf;
	void *addr;
	int ret;

	ret = pbuf_alloc(spec, &buf, &err);
	if (ret)
		return t_fail(ret, "%s: %s", spec, err.text);
	addr = pbuf_addr(buf);
	CHECK(!err.error && !err.text[0], "a success with a text: %s", err.text);
	CHECK(addr && !((uintptr_t)addr % (uintptr_t)getpagesize()), "address %p", addr);
	CHECK(!size || pbuf_size(buf) == size, "%zu bytes, should be %zu", pbuf_size(buf), size);
	check_truth(buf, spec);
	pbuf_free(buf);
	check_gone(addr);
	return 0;
}

static bool has_cpu(const struct pbuf *buf)
{
	struct pbuf_info info;

	return !pbuf_describe(buf, &info, sizeof(info)) && !(info.attrs & PBUF_NO_CPU);
}

/* Two at a time: of one memory or of two, as the provider says. */
static void check_two(const char *spec, int shared)
{
	struct pbuf *a = NULL, *b = NULL;
	volatile uint32_t *first, *second;

	if (pbuf_alloc(spec, &a, NULL) || pbuf_alloc(spec, &b, NULL)) {
		CHECK(0, "no two buffers of %s at a time", spec);
	} else {
		first = pbuf_addr(a);
		second = pbuf_addr(b);
		if (has_cpu(a)) {
			*first = 1;
			*second = 2;
			CHECK((*first == 2) == shared, "%s: two buffers are %s memory", spec,
			      shared ? "not one" : "one");
		} else {
			CHECK(first != second, "%s: two buffers are one", spec);
		}
	}
	pbuf_free(a);
	pbuf_free(b);
}

static void check_nothing_left(const char *spec)
{
	int before = count_files();
	struct pbuf *buf;

	for (int i = 0; i < ROUNDS; i++) {
		int ret = pbuf_alloc(spec, &buf, NULL);

		CHECK(!ret, "round %d: %s", i, strerror(-ret));
		if (ret)
			return;
		pbuf_free(buf);
	}
	CHECK(count_files() == before, "%d files are left open", count_files() - before);
}

static void refused(const char *spec, int want)
{
	struct pbuf *buf = (void *)&failures;
	struct ibvx_error err;
	int ret = pbuf_alloc(spec, &buf, &err);

	CHECK(ret == want, "'%s': %s, should be %s", spec, strerror(-ret), strerror(-want));
	CHECK(buf == (void *)&failures, "'%s': the output was written", spec);
	CHECK(ret >= 0 || (err.error == ret && err.text[0]), "'%s' has no text", spec);
}

static void check_names(void)
{
	const char *usage = NULL, *name;
	unsigned int nr = 0;

	for (; (name = pbuf_provider(nr, &usage)); nr++)
		CHECK(usage && !strncmp(usage, name, strlen(name)), "usage of %s: %s", name,
		      usage);
	CHECK(nr >= 4 && !pbuf_provider(nr, NULL) && !pbuf_provider(UINT32_MAX, NULL) &&
		      pbuf_provider(0, NULL),
	      "%u providers", nr);
}

static void check_refusals(const char *spec)
{
	static const char *const bad[] = {
		"size=0", "size=-1", "size= 4K", "size=4T", "size=4KK", "size=", "size",
		"off", "frobnicate", "size=0x", "size=99999999999999999999", "size=17179869183G",
		"", "size=4K,",
	};
	char text[256];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		/* nothing but the name and a comma is still something too much */
		if (!bad[i][0] && !strchr(spec, ':'))
			continue;
		with_option(text, sizeof(text), spec, bad[i]);
		refused(text, -EINVAL);
	}
	refused("", -EINVAL);
	check_names();
	refused("nosuch:size=4K", -EINVAL);
	snprintf(text, sizeof(text), "x%s", spec);
	refused(text, -EINVAL);
	pbuf_free(NULL);
}

/* Of device memory only: places that are none, and ranges that do not fit. */
static void check_places(const char *spec)
{
	size_t name = strcspn(spec, ":");
	const char *slash = strchr(spec, '/') ? "/2" : "";
	char text[256];

#define PLACE(want, format, ...) \
	do { \
		snprintf(text, sizeof(text), "%.*s:" format, (int)name, spec, __VA_ARGS__); \
		refused(text, want); \
	} while (0)
	PLACE(-ENODEV, "fffe:00:00.0%s", slash);
	PLACE(-EINVAL, "%s", "");
	PLACE(-EINVAL, "zz:00.0%s", slash);
	PLACE(-EINVAL, "00:00%s", slash);
	PLACE(-EINVAL, "00:20.0%s", slash);
	PLACE(-EINVAL, "00:00.8%s", slash);
	PLACE(-EINVAL, "00:00.0%s", *slash ? "" : "/2");
	PLACE(-EINVAL, "00:00.0%s0", *slash ? slash : "/");
#undef PLACE
	with_option(text, sizeof(text), spec, "size=1000");
	refused(text, -EINVAL);
	with_option(text, sizeof(text), spec, "size=1024G");
	refused(text, -EINVAL);
	if (!*slash)
		return;
	with_option(text, sizeof(text), spec, "off=1024G");
	refused(text, -EINVAL);
	with_option(text, sizeof(text), spec, "off=1");
	refused(text, -EINVAL);
}

/* Of memory that is named by a number or a word. */
static void check_devices(const char *spec)
{
	bool number = isdigit((unsigned char)spec[strcspn(spec, ":") + 1]);
	int name = (int)strcspn(spec, ":");
	static const char *const bad[] = { "", "/", "0/2", "0x0", "-1", "1000", " 0", "a.b" };
	char text[256];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		/* a word may look like a number */
		if (!number && !strcmp(bad[i], "1000"))
			continue;
		snprintf(text, sizeof(text), "%.*s:%s", name, spec, bad[i]);
		if (number || (strcmp(bad[i], "0x0") && strcmp(bad[i], "-1")))
			refused(text, -EINVAL);
	}
	snprintf(text, sizeof(text), "%.*s:%s", name, spec, number ? "999" : "nosuch");
	refused(text, number ? -ENODEV : -ENOENT);
}

static int run(const char *spec, int shared)
{
	char sized[256], moved[256];
	struct ibvx_error err;
	struct pbuf *buf;
	int ret;

	/* is it there at all? */
	ret = pbuf_alloc(spec, &buf, &err);
	if (ret) {
		t_err("%s", err.text);
		return ret;
	}
	pbuf_free(buf);
	ret = ibvx_open(&x, &err);
	if (ret)
		return t_fail(ret, "%s", err.text);

	with_option(sized, sizeof(sized), spec, strstr(spec, "huge") ? "size=4M" : "size=64K");
	ret = check_one(spec, 0);
	if (!ret)
		ret = check_one(sized, strstr(spec, "huge") ? (size_t)4 << 20 : SIZE);
	if (!ret && strchr(spec, '/')) {
		with_option(moved, sizeof(moved), sized, "off=128K");
		ret = check_one(moved, SIZE);
	}
	if (!ret) {
		check_two(sized, shared);
		check_nothing_left(sized);
		check_refusals(spec);
		if (strpbrk(spec, "/") || !strncmp(spec, "cmb:", 4))
			check_places(spec);
		else if (strncmp(spec, "host", 4))
			check_devices(spec);
	}
	ibvx_close(x);
	printf("provider %s: failed=%d\n", spec, failures);
	return ret ? ret : failures ? -EIO : 0;
}

int main(int argc, char **argv)
{
	int shared = argc == 3 && !strcmp(argv[2], "--shared");
	int ret;

	if (argc != 2 + shared) {
		fputs("usage: t_providers SPEC [--shared]\n", stderr);
		return T_FAIL;
	}
	ret = run(argv[1], shared);
	if (ret == -ENODEV || ret == -ENXIO || ret == -ENOENT || ret == -ENOMEM ||
	    ret == -EOPNOTSUPP)
		return T_SKIP;
	return t_verdict(ret);
}
