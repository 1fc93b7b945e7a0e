// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_ioctl [--reach CLIENT OWNER WAY]
 *
 * /dev/peer_mem as include/uapi/linux/peer_mem.h promises it: every call with sizes
 * shorter and longer than its struct, unknown flags, reserved members, pointers that
 * are none, and numbers that do not exist. Structs lie against a page that cannot be
 * touched, so a byte read or written too much is seen.
 *
 * --reach: the way from one PCI function to another is WAY (none, bus, host, iova).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/peer_mem.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t.h"

#define MAX_RESERVED 4
#define KERNEL_ADDRESS ((void *)0xffff888000000000)

struct call {
	const char *name;
	unsigned int number;
	size_t size;
	size_t reserved[MAX_RESERVED]; /* offsets of bytes that must be 0; 0: no more */
	int good; /* what a well-formed call with all else 0 gives */
};

#define R(type, member) offsetof(struct type, member)
#define F(type, member) (offsetof(struct type, member) + \
			 offsetof(struct peer_mem_function, reserved))

static const struct call calls[] = {
	{ "info", PEER_MEM_INFO, sizeof(struct peer_mem_info),
	  { R(peer_mem_info, reserved) }, 0 },
	{ "query", PEER_MEM_QUERY, sizeof(struct peer_mem_query),
	  { R(peer_mem_query, reserved) }, 0 },
	/* function 0000:00:00.0 exists everywhere: the host bridge */
	{ "reach", PEER_MEM_REACH, sizeof(struct peer_mem_reach),
	  { R(peer_mem_reach, reserved), F(peer_mem_reach, client), F(peer_mem_reach, owner) },
	  0 },
	/* process 1 registers nothing */
	{ "refusal", PEER_MEM_REFUSAL, sizeof(struct peer_mem_refusal),
	  { R(peer_mem_refusal, reserved) }, -ENOENT },
	/* an empty range */
	{ "export", PEER_MEM_EXPORT, sizeof(struct peer_mem_export),
	  { R(peer_mem_export, reserved) }, -EINVAL },
	{ "stats", PEER_MEM_STATS, sizeof(struct peer_mem_stats),
	  { R(peer_mem_stats, reserved) }, 0 },
};

#define NR_CALLS (sizeof(calls) / sizeof(calls[0]))

static char *fence; /* nothing can be touched from here on; a page before it can */
static int device;
static int failures;

static void expect(const struct call *call, const char *what, int want, int got)
{
	if (got == want)
		return;
	failures++;
	t_err("%s, %s: %s, should be %s", call->name, what, got ? strerrorname_np(-got) : "0",
	      want ? strerrorname_np(-want) : "0");
}

static int do_call(unsigned int number, void *arg)
{
	return ioctl(device, number, arg) ? -errno : 0;
}

/* A well-formed struct of @size bytes that ends at the fence. */
static char *make_arg(const struct call *call, size_t size)
{
	char *arg = fence - size;
	uint32_t u32 = (uint32_t)size;

	memset(arg, 0, size);
	if (size >= sizeof(u32))
		memcpy(arg, &u32, sizeof(u32));
	if (call->number == PEER_MEM_REFUSAL && size >= sizeof(struct peer_mem_refusal))
		((struct peer_mem_refusal *)(void *)arg)->pid = 1;
	return arg;
}

static int call_with_size(const struct call *call, size_t size)
{
	return do_call(call->number, make_arg(call, size));
}

static void check_sizes(const struct call *call)
{
	static const size_t more[] = { 1, 8, 100, 2000 };
	char what[64];
	char *arg;

	for (size_t size = 4; size < call->size; size += size < 8 ? 1 : 4) {
		snprintf(what, sizeof(what), "%zu bytes of %zu", size, call->size);
		expect(call, what, -EINVAL, call_with_size(call, size));
	}
	arg = make_arg(call, call->size);
	memset(arg, 0, 4);
	expect(call, "size 0", -EINVAL, do_call(call->number, arg));
	expect(call, "its size", call->good, call_with_size(call, call->size));

	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		size_t size = call->size + more[i];

		snprintf(what, sizeof(what), "%zu bytes more", more[i]);
		expect(call, what, call->good, call_with_size(call, size));
		arg = make_arg(call, size);
		fence[-1] = 1;
		strcat(what, ", the last one set");
		expect(call, what, -E2BIG, do_call(call->number, arg));
	}
	/* the tail that it speaks of is behind the fence */
	arg = make_arg(call, call->size);
	memcpy(arg, &(uint32_t){ (uint32_t)call->size + 8 }, 4);
	expect(call, "a tail that is not readable", -EFAULT, do_call(call->number, arg));
}

static void check_members(const struct call *call)
{
	char *arg;

	for (int bit = call->number == PEER_MEM_EXPORT ? 2 : 0; bit < 32; bit++) {
		arg = make_arg(call, call->size);
		memcpy(arg + 4, &(uint32_t){ 1U << bit }, 4);
		expect(call, "an unknown flag", -EINVAL, do_call(call->number, arg));
	}
	for (int i = 0; i < MAX_RESERVED && call->reserved[i]; i++) {
		arg = make_arg(call, call->size);
		arg[call->reserved[i]] = 1;
		expect(call, "a reserved member", -EINVAL, do_call(call->number, arg));
	}
}

static void check_pointers(const struct call *call)
{
	char *arg = make_arg(call, call->size);

	expect(call, "NULL", -EFAULT, do_call(call->number, NULL));
	expect(call, "a kernel address", -EFAULT, do_call(call->number, KERNEL_ADDRESS));
	expect(call, "nothing readable", -EFAULT, do_call(call->number, fence));
	expect(call, "half a size", -EFAULT, do_call(call->number, fence - 2));
	mprotect(fence - getpagesize(), (size_t)getpagesize(), PROT_READ);
	expect(call, "a read-only struct", call->good ? call->good : -EFAULT,
	       do_call(call->number, arg));
	mprotect(fence - getpagesize(), (size_t)getpagesize(), PROT_READ | PROT_WRITE);
}

static void check_numbers(const struct call *call)
{
	unsigned int nr = _IOC_NR(call->number), size = (unsigned int)call->size;
	char *arg = make_arg(call, call->size);

	/* a newer or older program's number has its own struct's size in it */
	expect(call, "another size in the number", call->good,
	       do_call(_IOC(_IOC_READ | _IOC_WRITE, PEER_MEM_IOC, nr, size + 8), arg));
	arg = make_arg(call, call->size);
	expect(call, "without the direction", -ENOTTY,
	       do_call(_IOC(_IOC_NONE, PEER_MEM_IOC, nr, size), arg));
	expect(call, "with another direction", -ENOTTY,
	       do_call(_IOC(_IOC_WRITE, PEER_MEM_IOC, nr, size), arg));
	expect(call, "of another type", -ENOTTY,
	       do_call(_IOC(_IOC_READ | _IOC_WRITE, PEER_MEM_IOC + 1, nr, size), arg));
}

static void check_unknown(void)
{
	static const struct call unknown = { .name = "a number that does not exist" };
	char *arg = fence - 64;

	memset(arg, 0, 64);
	for (unsigned int nr = NR_CALLS; nr < 256; nr++)
		expect(&unknown, "any", -ENOTTY,
		       do_call(_IOC(_IOC_READ | _IOC_WRITE, PEER_MEM_IOC, nr, 64), arg));
}

/* Outputs are written on success only. */
static void check_failure_writes_nothing(void)
{
	struct peer_mem_reach reach = { .size = sizeof(reach), .way = 77, .distance = 77 };
	struct peer_mem_refusal refusal = { .size = sizeof(refusal), .index = 1 << 20,
					    .error = 77 };
	struct peer_mem_export export = { .size = sizeof(export), .va = (uintptr_t)&export,
					  .len = 1, .fd = 77, .offset = 77 };

	reach.client.domain = 0xfffe;
	expect(&calls[2], "no such function", -ENODEV, do_call(PEER_MEM_REACH, &reach));
	expect(&calls[3], "no such refusal", -ENOENT, do_call(PEER_MEM_REFUSAL, &refusal));
	expect(&calls[4], "ordinary memory", -ENXIO, do_call(PEER_MEM_EXPORT, &export));
	export.va = (uintptr_t)fence;
	expect(&calls[4], "ordinary memory, out of reach", -ENXIO,
	       do_call(PEER_MEM_EXPORT, &export));
	export.va = 4096;
	expect(&calls[4], "a hole", -EFAULT, do_call(PEER_MEM_EXPORT, &export));
	if (export.fd != 77 || export.offset != 77 || reach.way != 77 || reach.distance != 77 || refusal.error != 77 ||
	    refusal.index != 1 << 20) {
		failures++;
		t_err("a failed call wrote to its struct");
	}
}

/* Every counter is there, under a name of its own, and nothing behind the last one. */
static void check_stats(void)
{
	static const char *const wanted[] = { "live_regions", "live_pins", "live_maps",
					      "pins", "refusals", "revokes" };
	struct peer_mem_stats stats = { .size = sizeof(stats) };
	unsigned int found = 0;
	int ret;

	while (!(ret = do_call(PEER_MEM_STATS, &stats))) {
		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
			found += !strcmp(stats.name, wanted[i]);
		printf("stat %s %lld\n", stats.name, (long long)stats.value);
		if (!stats.name[0] || stats.index++ > 1000)
			break;
	}
	expect(&calls[5], "behind the last counter", -ENOENT, ret);
	stats.index = UINT32_MAX;
	expect(&calls[5], "the last index", -ENOENT, do_call(PEER_MEM_STATS, &stats));
	if (found != sizeof(wanted) / sizeof(wanted[0])) {
		failures++;
		t_err("stats: %u of the counters that must be there", found);
	}
}

static int check_format(void)
{
	size_t page = (size_t)getpagesize();
	char *place = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (place == MAP_FAILED || mprotect(place + page, page, PROT_NONE))
		return t_fail(-errno, "two pages");
	fence = place + page;
	for (size_t i = 0; i < NR_CALLS; i++) {
		check_sizes(&calls[i]);
		check_members(&calls[i]);
		check_pointers(&calls[i]);
		check_numbers(&calls[i]);
	}
	check_unknown();
	check_failure_writes_nothing();
	check_stats();
	printf("ioctl calls=%zu failed=%d\n", NR_CALLS, failures);
	return failures ? -EIO : 0;
}

static int parse_function(const char *text, struct peer_mem_function *function)
{
	unsigned int domain, bus, slot, fn;

	if (sscanf(text, "%x:%x:%x.%x", &domain, &bus, &slot, &fn) != 4)
		return t_fail(-EINVAL, "'%s' is no PCI function", text);
	function->domain = domain;
	function->bus = (__u8)bus;
	function->devfn = (__u8)(slot << 3 | fn);
	return 0;
}

static int check_reach(const char *client, const char *owner, const char *way)
{
	static const char *const ways[] = { "none", "bus", "host", "iova" };
	struct peer_mem_reach reach = { .size = sizeof(reach) };
	int ret;

	if (parse_function(client, &reach.client) || parse_function(owner, &reach.owner))
		return -EINVAL;
	ret = do_call(PEER_MEM_REACH, &reach);
	if (ret)
		return t_fail(ret, "reach");
	printf("%s -> %s: %s, distance %d, attrs %#x %s\n", client, owner,
	       reach.way < 4 ? ways[reach.way] : "?", reach.distance, reach.attrs, reach.why);
	if (reach.way > 3 || strcmp(ways[reach.way], way))
		return t_fail(-EBADE, "the way should be %s", way);
	/* what follows from the way, and from nothing else */
	if (!reach.why[0] != (reach.way != PEER_MEM_WAY_NONE) ||
	    (reach.distance < 0) != (reach.way == PEER_MEM_WAY_NONE) ||
	    !(reach.attrs & PEER_MEM_REACH_FENCE) != (reach.way != PEER_MEM_WAY_IOVA))
		return t_fail(-EBADE, "why, distance or fence does not fit the way");
	return 0;
}

int main(int argc, char **argv)
{
	device = open("/dev/peer_mem", O_RDONLY | O_CLOEXEC);
	if (device < 0)
		return t_verdict(t_fail(-errno, "open /dev/peer_mem"));
	if (argc == 5 && !strcmp(argv[1], "--reach"))
		return t_verdict(check_reach(argv[2], argv[3], argv[4]));
	if (argc != 1) {
		fputs("usage: t_ioctl [--reach CLIENT OWNER none|bus|host|iova]\n", stderr);
		return T_FAIL;
	}
	return t_verdict(check_format());
}
