// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "t_buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t.h"

#define HOST_DEFAULT_SIZE ((size_t)16 << 20)

struct t_buf_kind {
	const char *name;
	bool has_place;
	bool takes_offset;
	/*
	 * Fills in path from the place: what stands between colon and first
	 * comma.
	 */
	int (*locate)(struct t_buf *buf, const char *where);
	/* Bytes from offset 0 to the end. */
	int (*whole_size)(const struct t_buf *buf, const char *where,
			  size_t *size);
};

static int read_number(const char *path, size_t *value)
{
	char text[32] = "";
	ssize_t len;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return t_fail(-errno, "open %s", path);
	len = read(fd, text, sizeof(text) - 1);
	if (len < 0) {
		len = -errno;
		close(fd);
		return t_fail((int)len, "read %s", path);
	}
	close(fd);
	*value = strtoull(text, NULL, 0);
	return 0;
}

static int host_locate(struct t_buf *buf, const char *where)
{
	(void)where;
	buf->path[0] = '\0';
	return 0;
}

static int host_whole_size(const struct t_buf *buf, const char *where,
			   size_t *size)
{
	(void)buf;
	(void)where;
	*size = HOST_DEFAULT_SIZE;
	return 0;
}

static int cmb_locate(struct t_buf *buf, const char *where)
{
	int len = snprintf(buf->path, sizeof(buf->path),
			   "/sys/bus/pci/devices/%s/p2pmem/allocate", where);

	return *where && len < (int)sizeof(buf->path) ? 0 : -EINVAL;
}

/*
 * Not p2pmem/size: the NVMe driver takes its submission queues out of the same
 * memory.
 */
static int cmb_whole_size(const struct t_buf *buf, const char *where,
			  size_t *size)
{
	char path[128];

	(void)buf;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/p2pmem/available",
		 where);
	return read_number(path, size);
}

static int bar_locate(struct t_buf *buf, const char *where)
{
	const char *slash = strchr(where, '/');
	int len;

	if (!slash || slash == where || slash[1] < '0' || slash[1] > '5' ||
	    slash[2])
		return -EINVAL;
	len = snprintf(buf->path, sizeof(buf->path), "/dev/peer_bar/%.*s/bar%c",
		       (int)(slash - where), where, slash[1]);
	return len < (int)sizeof(buf->path) ? 0 : -EINVAL;
}

/* Line N of a PCI device's "resource" file is "first last flags" of BAR N. */
static int bar_whole_size(const struct t_buf *buf, const char *where,
			  size_t *size)
{
	unsigned long long first = 0, last = 0;
	char path[128], line[128];
	int number = where[strlen(where) - 1] - '0';
	FILE *file;

	(void)buf;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.*s/resource",
		 (int)strcspn(where, "/"), where);
	file = fopen(path, "re");
	if (!file)
		return t_fail(-errno, "open %s", path);
	for (int i = 0; i <= number && fgets(line, sizeof(line), file); i++)
		if (sscanf(line, "%llx %llx", &first, &last) != 2)
			first = last = 0;
	fclose(file);
	if (last <= first)
		return t_fail(-ENOENT, "%s has no BAR %d", path, number);
	*size = last - first + 1;
	return 0;
}

static int file_locate(struct t_buf *buf, const char *where)
{
	int len = snprintf(buf->path, sizeof(buf->path), "%s", where);

	return *where && len < (int)sizeof(buf->path) ? 0 : -EINVAL;
}

static int file_whole_size(const struct t_buf *buf, const char *where,
			   size_t *size)
{
	struct stat info;

	if (stat(buf->path, &info))
		return t_fail(-errno, "stat %s", where);
	*size = (size_t)info.st_size;
	return 0;
}

static const struct t_buf_kind kinds[] = {
	{
		.name = "host",
		.locate = host_locate,
		.whole_size = host_whole_size,
	},
	{
		.name = "cmb",
		.has_place = true,
		.locate = cmb_locate,
		.whole_size = cmb_whole_size,
	},
	{
		.name = "bar",
		.has_place = true,
		.takes_offset = true,
		.locate = bar_locate,
		.whole_size = bar_whole_size,
	},
	{
		.name = "file",
		.has_place = true,
		.takes_offset = true,
		.locate = file_locate,
		.whole_size = file_whole_size,
	},
};

static const struct t_buf_kind *find_kind(const char *spec, size_t len)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].name) == len &&
		    !strncmp(spec, kinds[i].name, len))
			return &kinds[i];
	return NULL;
}

/* "size=N" and "off=N", comma-separated; *size stays 0 when it is not given. */
static int parse_options(struct t_buf *buf, char *options, size_t *size)
{
	char *save = NULL;

	for (char *option = strtok_r(options, ",", &save); option;
	     option = strtok_r(NULL, ",", &save)) {
		size_t value;

		if (!strncmp(option, "size=", 5)) {
			if (t_parse_size(option + 5, size) || !*size)
				return -EINVAL;
		} else if (!strncmp(option, "off=", 4) &&
			   buf->kind->takes_offset) {
			if (t_parse_size(option + 4, &value))
				return -EINVAL;
			buf->offset = (off_t)value;
		} else {
			return -EINVAL;
		}
	}
	return 0;
}

/*
 * Takes "KIND:WHERE,OPTION,..." apart; kinds without a place have options only.
 */
static int split(struct t_buf *buf, char *text, const char **where,
		 size_t *size)
{
	char *rest = strchr(text, ':');
	int ret;

	buf->kind = rest ? find_kind(text, (size_t)(rest - text)) : NULL;
	if (!buf->kind)
		return -EINVAL;
	rest++;
	*where = buf->kind->has_place ? strsep(&rest, ",") : "";
	ret = rest ? parse_options(buf, rest, size) : 0;
	return ret ? ret : buf->kind->locate(buf, *where);
}

int t_buf_parse(struct t_buf *buf, const char *spec)
{
	char text[sizeof(buf->spec)];
	size_t wanted = 0, whole = 0;
	const char *where = NULL;
	int ret;

	memset(buf, 0, sizeof(*buf));
	if (snprintf(buf->spec, sizeof(buf->spec), "%s", spec) >=
	    (int)sizeof(buf->spec))
		return t_fail(-EINVAL, "buffer '%s' is too long", spec);
	memcpy(text, buf->spec, sizeof(text));
	if (split(buf, text, &where, &wanted))
		return t_fail(-EINVAL, "'%s' is no buffer; want " T_BUF_USAGE,
			      spec);
	if (!wanted) {
		ret = buf->kind->whole_size(buf, where, &whole);
		if (ret)
			return ret;
		if ((size_t)buf->offset >= whole)
			return t_fail(-EINVAL,
				      "%s starts behind its end (%zu bytes)",
				      spec, whole);
		wanted = whole - (size_t)buf->offset;
	}
	buf->size = wanted;
	return 0;
}

int t_buf_map_at(struct t_buf *buf, void *wanted, int prot, int flags)
{
	int fd = -1;
	void *addr;
	int ret;

	if (buf->path[0]) {
		fd = open(buf->path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return t_fail(-errno, "open %s", buf->path);
	} else {
		flags |= MAP_ANONYMOUS | MAP_POPULATE;
	}
	addr = mmap(wanted, buf->size, prot, flags, fd, buf->offset);
	ret = addr == MAP_FAILED ? -errno : 0;
	if (fd >= 0)
		close(fd);
	if (ret)
		return t_fail(ret, "mmap %zu bytes of %s", buf->size,
			      buf->spec);
	buf->addr = addr;
	return 0;
}

int t_buf_map(struct t_buf *buf, int prot, int flags)
{
	return t_buf_map_at(buf, NULL, prot, flags);
}

int t_buf_open(struct t_buf *buf, const char *spec)
{
	int ret = t_buf_parse(buf, spec);

	if (ret)
		return ret;
	/* What a program means by host memory is its own, not shared memory. */
	return t_buf_map(buf, PROT_READ | PROT_WRITE,
			 buf->path[0] ? MAP_SHARED : MAP_PRIVATE);
}

void t_buf_close(struct t_buf *buf)
{
	if (buf->addr)
		munmap(buf->addr, buf->size);
	buf->addr = NULL;
}

const char *t_buf_kind_name(const struct t_buf *buf)
{
	return buf->kind->name;
}
