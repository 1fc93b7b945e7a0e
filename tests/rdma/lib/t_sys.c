// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "t_sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "t.h"

#define COUNTERS "/sys/kernel/debug/peer_mem/counters"

int t_counter(const char *name, long long *value)
{
	char line[128], found[64];
	FILE *file = fopen(COUNTERS, "re");
	int ret = -ENOENT;

	if (!file)
		return t_fail(-errno, "open %s", COUNTERS);
	while (ret && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %lld", found, value) == 2 && !strcmp(found, name))
			ret = 0;
	fclose(file);
	return ret ? t_fail(ret, "counter %s", name) : 0;
}

static int module_refs(const char *name)
{
	char path[64];
	FILE *file;
	int refs;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (fscanf(file, "%d", &refs) != 1)
		refs = -1;
	fclose(file);
	return refs;
}

int t_alive_read(struct t_alive *alive)
{
	int ret;

	memset(alive, 0, sizeof(*alive));
	ret = t_counter("live_regions", &alive->regions);
	if (!ret)
		ret = t_counter("live_pins", &alive->pins);
	if (!ret)
		ret = t_counter("live_pinned_bytes", &alive->bytes);
	if (!ret)
		ret = t_counter("live_umems", &alive->umems);
	alive->refs[0] = module_refs("peer_mem");
	alive->refs[1] = module_refs("peer_umem");
	alive->refs[2] = module_refs("peer_bar");
	return ret;
}

int t_alive_same(const struct t_alive *before, const char *what)
{
	struct t_alive now;
	int ret = t_alive_read(&now);

	if (ret || !memcmp(before, &now, sizeof(now)))
		return ret;
	t_err("%s: alive are %lld regions, %lld pins, %lld bytes, %lld umems, module references "
	      "%d %d %d; before: %lld, %lld, %lld, %lld, %d %d %d",
	      what, now.regions, now.pins, now.bytes, now.umems, now.refs[0], now.refs[1],
	      now.refs[2], before->regions, before->pins, before->bytes, before->umems,
	      before->refs[0], before->refs[1], before->refs[2]);
	return -EBADMSG;
}

int t_slab_objects(long long *count)
{
	char line[512];
	long long active;
	FILE *file = fopen("/proc/slabinfo", "re");

	if (!file)
		return t_fail(-errno, "open /proc/slabinfo");
	*count = 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "kmalloc%*s %lld", &active) == 1)
			*count += active;
	fclose(file);
	return 0;
}

int t_kmsg_open(struct t_kmsg *kmsg)
{
	kmsg->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg->fd < 0)
		return t_fail(-errno, "open /dev/kmsg");
	if (lseek(kmsg->fd, 0, SEEK_END) < 0) {
		int ret = t_fail(-errno, "find the end of /dev/kmsg");

		t_kmsg_close(kmsg);
		return ret;
	}
	return 0;
}

void t_kmsg_close(struct t_kmsg *kmsg)
{
	close(kmsg->fd);
	kmsg->fd = -1;
}

/* A record is "level,number,time,flags;text\n" and then lines of a dictionary. */
int t_kmsg_next(struct t_kmsg *kmsg, char *line, size_t size)
{
	char record[8192];
	char *text;
	ssize_t len;

	do
		len = read(kmsg->fd, record, sizeof(record) - 1);
	while (len < 0 && errno == EPIPE); /* overwritten before it was read */
	if (len < 0)
		return errno == EAGAIN ? 0 : t_fail(-errno, "read /dev/kmsg");
	record[len] = '\0';
	text = strchr(record, ';');
	text = text ? text + 1 : record;
	text[strcspn(text, "\n")] = '\0';
	snprintf(line, size, "%s", text);
	return 1;
}
