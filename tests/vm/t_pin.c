// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_pin [-f BDF] [-m MAX_SEG] [-l LEN] [-n COUNT] [-h] [-u] SPEC
 *
 * Pins a buffer through peer_mem_test.ko, with -f mapped for that PCI function,
 * and prints the addresses which a NIC in its place would be programmed with:
 *
 *   pin SPEC segs=N addr=0x... len=0x... [addr=... len=...]
 *
 * -n pins it so often; the last one is printed. -h holds the pin until standard input ends; -u unmaps the buffer first, and says
 * so in a line `unmapped`. Exit 1 and the errno's name when
 * the kernel refuses.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "peer_mem_test.h"
#include "t_buf.h"

static int parse_bdf(const char *text, struct peer_test_pin *arg)
{
	unsigned int domain, bus, dev, fn;

	if (sscanf(text, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) != 4 ||
	    bus > 255 || dev > 31 || fn > 7) {
		fprintf(stderr, "t_pin: %s is no function (dddd:bb:dd.f)\n",
			text);
		return -EINVAL;
	}
	arg->domain = domain;
	arg->bus = bus;
	arg->devfn = dev << 3 | fn;
	arg->flags |= PEER_TEST_MAP;
	return 0;
}

static void print_pin(const char *spec, const struct peer_test_pin *arg)
{
	unsigned int i;

	printf("pin %s segs=%u", spec, arg->nr_segs);
	for (i = 0; i < arg->nr_segs && i < PEER_TEST_MAX_SEGS; i++)
		printf(" addr=%#" PRIx64 " len=%#" PRIx64,
		       (uint64_t)arg->dma_addr[i], (uint64_t)arg->dma_len[i]);
	printf("\n");
	fflush(stdout);
}

/* Marks the trace, so that what happens inside the call can be told from the rest. */
static void mark(const char *text)
{
	int fd = open("/sys/kernel/tracing/trace_marker", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		perror("t_pin: trace_marker");
	close(fd);
}

static int pin_often(int fd, struct peer_test_pin *arg, unsigned long count)
{
	int ret = 0;

	for (unsigned long n = 0; !ret && n < count; n++) {
		if (ioctl(fd, PEER_TEST_PIN, arg))
			ret = -errno;
		if (ret && n)
			fprintf(stderr, "t_pin: after %lu pins\n", n);
	}
	return ret;
}

static int pin_buffer(const char *spec, struct peer_test_pin *arg,
		      unsigned long count, int hold, int unmap)
{
	struct t_buf buf = { 0 };
	int fd, ret;
	char c;

	ret = t_buf_open(&buf, spec);
	if (ret)
		return ret;
	fd = open("/dev/peer_mem_test", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
		goto out_buf;
	}
	arg->va = (uintptr_t)buf.addr;
	if (!arg->len)
		arg->len = buf.size;
	mark("t_pin begin");
	ret = pin_often(fd, arg, count);
	mark("t_pin end");
	if (ret)
		goto out_fd;
	print_pin(spec, arg);
	if (unmap) {
		t_buf_close(&buf);
		printf("unmapped\n");
		fflush(stdout);
	}
	while (hold && read(STDIN_FILENO, &c, 1) > 0)
		;
out_fd:
	close(fd);
out_buf:
	t_buf_close(&buf);
	return ret;
}

int main(int argc, char **argv)
{
	struct peer_test_pin arg = {
		.flags = PEER_TEST_WRITE,
		.max_seg = UINT32_MAX,
	};
	int opt, ret, hold = 0, unmap = 0;
	unsigned long count = 1;

	while ((opt = getopt(argc, argv, "f:m:l:n:hu")) != -1) {
		switch (opt) {
		case 'f':
			if (parse_bdf(optarg, &arg))
				return 2;
			break;
		case 'm':
			arg.max_seg = strtoull(optarg, NULL, 0);
			break;
		case 'l':
			arg.len = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			count = strtoul(optarg, NULL, 0);
			break;
		case 'h':
			hold = 1;
			break;
		case 'u':
			unmap = 1;
			break;
		default:
			return 2;
		}
	}
	if (optind + 1 != argc) {
		fprintf(stderr, "usage: t_pin [-f BDF] [-m MAX_SEG] [-l LEN] [-n COUNT] [-h] [-u] SPEC\n");
		return 2;
	}
	ret = pin_buffer(argv[optind], &arg, count, hold, unmap);
	if (ret) {
		fprintf(stderr, "t_pin: %s: %s (%s)\n", argv[optind],
			strerror(-ret), strerrorname_np(-ret));
		return 1;
	}
	return 0;
}
