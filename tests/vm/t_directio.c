// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_directio --disk FILE --buf SPEC [--errno NAME]
 *
 * O_DIRECT between a disk and peer memory: the disk's own DMA engine reaches the
 * buffer, as a NIC would. What it reads from the disk stands in the buffer, what the
 * CPU put into the buffer stands on the disk, and nothing beside it; the other side
 * of each comparison goes through host memory. With --errno both directions must be
 * refused with that errno. Overwrites the disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t.h"
#include "t_buf.h"
#include "t_pattern.h"

#define SECTOR ((size_t)512)
#define AREA ((size_t)1 << 20)

struct direct {
	int disk;
	struct t_buf buf, host;
	uint64_t seed;
};

/* Offset in the buffer and length: sectors, pages, many pages, not from a page's start. */
static const struct {
	size_t offset, len;
} pieces[] = {
	{ 0, 4096 },
	{ 4096, SECTOR },
	{ 8192 + SECTOR, 4096 },
	{ 3 * 4096 - SECTOR, 2 * SECTOR },
	{ 65536, 262144 },
	{ 0, AREA },
};

/* -errno, and less than all of it is an error too. */
static int transfer(struct direct *direct, int write, void *data, size_t len, off_t at)
{
	ssize_t done =
		write ? pwrite(direct->disk, data, len, at) : pread(direct->disk, data, len, at);

	if (done < 0)
		return -errno;
	return done == (ssize_t)len ? 0 : -EIO;
}

static int host_transfer(struct direct *direct, int write, size_t len, off_t at)
{
	int ret = transfer(direct, write, direct->host.addr, len, at);

	return ret ? t_fail(ret, "%zu bytes between the disk and host memory", len) : 0;
}

static struct t_target target_of(struct direct *direct, size_t start, size_t len)
{
	return (struct t_target){
		.base = direct->buf.addr,
		.size = AREA,
		.start = start,
		.len = len,
		.sea = direct->seed | T_PATTERN_SEA,
	};
}

static int disk_to_buf(struct direct *direct, size_t offset, size_t len)
{
	const struct t_target all = target_of(direct, 0, AREA);
	struct t_target target;
	int ret;

	t_pattern_fill(direct->host.addr, len, direct->seed, 0);
	ret = host_transfer(direct, 1, len, 0);
	if (ret)
		return ret;
	t_target_restore(&all);
	ret = transfer(direct, 0, (char *)direct->buf.addr + offset, len, 0);
	if (ret)
		return t_fail(ret, "read %zu bytes from the disk to offset %zu", len, offset);
	target = target_of(direct, offset, len);
	return t_target_check(&target, direct->seed, 0, "from the disk");
}

static int buf_to_disk(struct direct *direct, size_t offset, size_t len)
{
	struct t_mismatch bad;
	int ret;

	t_pattern_fill((char *)direct->buf.addr + offset, len, direct->seed, 0);
	ret = transfer(direct, 1, (char *)direct->buf.addr + offset, len, (off_t)AREA);
	if (ret)
		return t_fail(ret, "write %zu bytes from offset %zu to the disk", len, offset);
	memset(direct->host.addr, 0xff, len);
	ret = host_transfer(direct, 0, len, (off_t)AREA);
	if (!ret && t_pattern_check(direct->host.addr, len, direct->seed, 0, &bad))
		ret = t_fail(-EBADMSG, "byte %zu on the disk is 0x%02x, should be 0x%02x",
			     bad.offset, bad.got, bad.expected);
	return ret;
}

static int check_data(struct direct *direct)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		direct->seed++;
		ret = disk_to_buf(direct, pieces[i].offset, pieces[i].len);
		direct->seed++;
		if (!ret)
			ret = buf_to_disk(direct, pieces[i].offset, pieces[i].len);
	}
	return ret;
}

static int check_refused(struct direct *direct, const char *name)
{
	for (int write = 0; write < 2; write++) {
		int ret = transfer(direct, write, direct->buf.addr, 4096, 0);

		if (!ret || strcmp(strerrorname_np(-ret), name)) {
			t_err("%s ended with %s, should be %s", write ? "write" : "read",
			      ret ? strerrorname_np(-ret) : "success", name);
			return -EBADE;
		}
	}
	return 0;
}

static int setup(struct direct *direct, const char *disk, const char *spec)
{
	int ret;

	direct->disk = open(disk, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (direct->disk < 0)
		return t_fail(-errno, "open %s", disk);
	ret = t_buf_open(&direct->host, "host:size=1M");
	if (!ret)
		ret = t_buf_open(&direct->buf, spec);
	if (!ret && direct->buf.size < AREA)
		ret = t_fail(-EINVAL, "%s must have 1M", spec);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "disk", required_argument, NULL, 'd' },
		{ "buf", required_argument, NULL, 'b' },
		{ "errno", required_argument, NULL, 'e' },
		{ 0 },
	};
	const char *disk = NULL, *spec = NULL, *refused = NULL;
	struct direct direct = { 0 };
	int option, ret;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd': disk = optarg; break;
		case 'b': spec = optarg; break;
		case 'e': refused = optarg; break;
		default: disk = NULL; argc = 0; /* the end of it, and no optind */
		}
	}
	if (!disk || !spec || optind != argc) {
		fputs("usage: t_directio --disk FILE --buf SPEC [--errno NAME]\n"
		      "SPEC:  " T_BUF_USAGE "\n",
		      stderr);
		return T_FAIL;
	}
	ret = setup(&direct, disk, spec);
	if (!ret)
		ret = refused ? check_refused(&direct, refused) : check_data(&direct);
	if (!ret)
		printf("directio buf=%s %s\n", spec, refused ? refused : "verified");
	return t_verdict(ret);
}
