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

/* Appends the first word of @path to the text, if there is such a file. */
static void note_word(struct t_alive *alive, const char *name, const char *path)
{
	size_t used = strlen(alive->text);
	FILE *file = fopen(path, "re");
	char word[32];

	if (!file)
		return;
	if (fscanf(file, "%31s", word) == 1)
		snprintf(alive->text + used, sizeof(alive->text) - used, "%s %s, ", name, word);
	fclose(file);
}

static int note_counters(struct t_alive *alive)
{
	char name[64], value[32];
	FILE *file = fopen(COUNTERS, "re");

	if (!file)
		return t_fail(-errno, "open %s", COUNTERS);
	while (fscanf(file, "%63s %31s", name, value) == 2) {
		size_t used = strlen(alive->text);

		if (!strncmp(name, "live_", 5))
			snprintf(alive->text + used, sizeof(alive->text) - used, "%s %s, ",
				 name + 5, value);
	}
	fclose(file);
	return 0;
}

int t_alive_read(struct t_alive *alive)
{
	memset(alive, 0, sizeof(*alive));
	note_word(alive, "peer_mem", "/sys/module/peer_mem/refcnt");
	note_word(alive, "peer_umem", "/sys/module/peer_umem/refcnt");
	note_word(alive, "peer_bar", "/sys/module/peer_bar/refcnt");
	return note_counters(alive);
}

int t_alive_same(const struct t_alive *before, const char *what)
{
	struct t_alive now;
	int ret = t_alive_read(&now);

	if (ret || !strcmp(before->text, now.text))
		return ret;
	t_err("%s: alive is %sbefore it was %s", what, now.text, before->text);
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
