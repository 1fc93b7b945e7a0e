// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Regions in every combination, dma-bufs and buffers. By pointer with the hook; by
 * dma-buf, with --dmabuf, on a NIC whose driver takes them.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t_ibvx.h"

#define RW (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ)
#define PAGE ((size_t)4096)

static struct ibv_mr *must_reg(struct t_ibvx *t, struct ibv_pd *pd, char *addr, size_t len)
{
	struct ibvx_error err;
	struct ibv_mr *mr = ibvx_reg_mr(pd, addr, len, RW, &err);

	(void)t;
	CHECK(mr && !err.error && !err.text[0], "register %zu bytes: %s", len, err.text);
	CHECK(!mr || (mr->addr == addr && mr->length == len && mr->pd == pd &&
		      mr->context == pd->context),
	      "the region says something else");
	return mr;
}

static void must_dereg(struct ibv_mr *mr)
{
	CHECK(mr && !ibvx_dereg_mr(mr), "deregister");
}

/* One range twice, overlapping ranges, two contexts, any order of ends. */
static void check_overlaps(struct t_ibvx *t)
{
	struct ibv_mr *mr[5];
	struct t_dev other;

	mr[0] = must_reg(t, t->pd, t->bar, t->bar_size);
	mr[1] = must_reg(t, t->pd, t->bar, t->bar_size);
	mr[2] = must_reg(t, t->pd, t->bar + PAGE + 12, 3 * PAGE);
	mr[3] = must_reg(t, t->pd, t->bar + 2 * PAGE, t->bar_size - 2 * PAGE);
	CHECK(!t_dev_open(&other, t->dev_name, T_GID_INDEX), "a second context");
	mr[4] = must_reg(t, other.pd, t->bar, t->bar_size);
	for (int i = 0; i < 4; i++)
		for (int k = i + 1; k < 4; k++)
			CHECK(mr[i] && mr[k] && mr[i]->lkey != mr[k]->lkey, "one key for two");
	must_dereg(mr[0]);
	must_dereg(mr[4]);
	must_dereg(mr[2]);
	must_dereg(mr[1]);
	must_dereg(mr[3]);
	t_dev_close(&other);
}

static void check_iova(struct t_ibvx *t)
{
	struct ibvx_error err;
	struct ibv_mr *mr;

	mr = ibvx_reg_mr_iova(t->pd, t->bar + PAGE, PAGE, 0x10000, RW, &err);
	CHECK(mr && mr->addr == t->bar + PAGE, "at another address: %s", err.text);
	if (mr)
		must_dereg(mr);
	errno = 0;
	mr = ibvx_reg_mr_iova(t->pd, t->bar + t->bar_size + (64 << 20), PAGE, 0, RW, &err);
	CHECK(!mr && errno == EFAULT && err.error == -EFAULT && err.text[0],
	      "a hole at another address: %d", errno);
}

/* ---- dma-bufs ---- */

static void no_export(struct t_ibvx *t, const void *addr, size_t len, unsigned int flags, int want,
		      const char *text)
{
	uint64_t offset = 77;
	struct ibvx_error err;
	int fd = -77, ret;

	ret = ibvx_export(t->x, addr, len, flags, &fd, &offset, &err);
	CHECK(ret == want && err.error == want && fd == -77 && offset == 77,
	      "export: %s, should be %s", strerrorname_np(-ret), strerrorname_np(-want));
	CHECK(strstr(err.text, text), "export lacks '%s': %s", text, err.text);
}

static void check_export(struct t_ibvx *t)
{
	struct ibvx_error err;
	uint64_t offset = 0;
	int fd = -1, ret;
	char *view;

	ret = ibvx_export(t->x, t->bar + PAGE + 100, 2 * PAGE, 0, &fd, &offset, &err);
	CHECK(!ret && offset == 100 && !err.text[0], "export: %s", err.text);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC, "the dma-buf survives execve");
	CHECK(lseek(fd, 0, SEEK_END) == (off_t)(3 * PAGE), "its size");
	view = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(view != MAP_FAILED, "mmap: %s", strerror(errno));
	if (view != MAP_FAILED) {
		*(volatile uint32_t *)(t->bar + PAGE + 100) = 0xb0a710ad;
		CHECK(*(volatile uint32_t *)(view + 100) == 0xb0a710ad, "other memory");
		/* by its pointer it is what it was made of */
		if (!t->no_hook || t->dmabuf)
			must_dereg(must_reg(t, t->pd, view + 100, 2 * PAGE));
		munmap(view, 3 * PAGE);
	}
	close(fd);
	ret = ibvx_export(t->x, t->bar, PAGE, IBVX_EXPORT_READ_ONLY, &fd, &offset, NULL);
	CHECK(!ret, "for reading");
	CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED,
	      "read only, and mapped for writing");
	close(fd);
	no_export(t, &offset, 8, 0, -ENXIO, "ordinary memory");
	no_export(t, t->bar, 0, 0, -EINVAL, "the range is empty");
	no_export(t, t->bar, t->bar_size + (64 << 20), 0, -EFAULT, "; to change it: map all");
	no_export(t, t->bar, PAGE, 0x80, -EINVAL, "flags 0x80");
}

/* What a driver without dma-bufs, and a descriptor that is none, are told. */
static void check_dmabuf_mr(struct t_ibvx *t)
{
	uint64_t offset = 0;
	struct ibvx_error err;
	struct ibv_mr *mr;
	int fd = -1;

	CHECK(!ibvx_export(t->x, t->bar, t->bar_size, 0, &fd, &offset, NULL), "export");
	mr = ibvx_reg_dmabuf_mr(t->pd, offset, t->bar_size, (uintptr_t)t->bar, fd, RW, &err);
	if (!t->dmabuf) {
		CHECK(!mr && errno == EOPNOTSUPP && err.error == -EOPNOTSUPP &&
			      strstr(err.text, "takes no dma-bufs") && strstr(err.text, t->dev_name),
		      "on a NIC without: %d %s", errno, err.text);
		close(fd);
		return;
	}
	CHECK(mr, "dma-buf: %s", err.text);
	close(fd);
	must_dereg(mr);
	mr = ibvx_reg_dmabuf_mr(t->pd, 0, PAGE, (uintptr_t)t->bar, fd, RW, &err);
	CHECK(!mr && errno == EBADF, "a closed descriptor: %d %s", errno, err.text);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	mr = ibvx_reg_dmabuf_mr(t->pd, 0, PAGE, (uintptr_t)t->bar, fd, RW, &err);
	CHECK(!mr && errno == EINVAL && err.text[0], "no dma-buf: %d %s", errno, err.text);
	close(fd);
	mr = ibvx_reg_mr_iova(t->pd, t->bar, PAGE, 0x10010, RW, &err);
	CHECK(!mr && errno == EINVAL && strstr(err.text, "must agree"),
	      "another offset in the page: %d %s", errno, err.text);
}

/* A region by dma-buf takes other memory; flags are judged for every kind. */
static void check_rereg(struct t_ibvx *t)
{
	struct ibv_mr *mr = must_reg(t, t->pd, t->bar, PAGE);
	struct ibvx_error err;
	int ret;

	if (!mr)
		return;
	ret = ibvx_rereg_mr(mr, 0x40, t->pd, t->bar, PAGE, RW, &err);
	CHECK(ret == IBV_REREG_MR_ERR_INPUT && errno == EINVAL && err.error == -EINVAL &&
		      err.text[0],
	      "unknown flags: %d %s", ret, err.text);
	if (t->dmabuf) {
		ret = ibvx_rereg_mr(mr, IBV_REREG_MR_CHANGE_TRANSLATION, NULL, t->bar + PAGE,
				    2 * PAGE, 0, &err);
		CHECK(!ret && !err.error && mr->addr == t->bar + PAGE && mr->length == 2 * PAGE,
		      "other memory: %s", err.text);
		ret = ibvx_rereg_mr(mr, IBV_REREG_MR_CHANGE_TRANSLATION, NULL, t, PAGE, 0, &err);
		CHECK(ret == IBV_REREG_MR_ERR_INPUT && errno == ENXIO &&
			      strstr(err.text, "ordinary memory") && mr->length == 2 * PAGE,
		      "ordinary memory: %d %s", ret, err.text);
	}
	must_dereg(mr);
}

/* ---- buffers ---- */

static void check_buffers(struct t_ibvx *t)
{
	struct pbuf *buf = (void *)t;
	struct ibvx_error err;
	struct ibv_mr *mr, *part;

	mr = ibvx_alloc(t->pd, "host:size=64K", RW, &buf, &err);
	CHECK(mr && mr->addr == pbuf_addr(buf) && mr->length == 65536, "alloc: %s", err.text);
	if (!mr)
		return;
	part = ibvx_reg_pbuf(t->pd, buf, PAGE, 100, RW, &err);
	CHECK(part && part->addr == (char *)pbuf_addr(buf) + PAGE && part->length == 100,
	      "a part: %s", err.text);
	must_dereg(part);
	part = ibvx_reg_pbuf(t->pd, buf, 65536, 1, RW, &err);
	CHECK(!part && errno == EINVAL && strstr(err.text, "not in a buffer"), "beyond it");
	part = ibvx_reg_pbuf(t->pd, buf, 1, SIZE_MAX, RW, &err);
	CHECK(!part && errno == EINVAL, "beyond everything");
	CHECK(!ibvx_free(mr, buf), "free");
	buf = (void *)t;
	mr = ibvx_alloc(t->pd, "nosuch:size=64K", RW, &buf, &err);
	CHECK(!mr && errno == EINVAL && buf == (void *)t && err.text[0], "no such provider");
	mr = ibvx_alloc(t->pd, "host:size=64K", RW | IBV_ACCESS_MW_BIND << 12, &buf, &err);
	CHECK(!mr && errno && buf == (void *)t && err.text[0], "wrong access: %d", errno);
	CHECK(!ibvx_free(NULL, NULL), "free nothing");
	/* memory with a dma-buf of its own is registered by that */
	mr = ibvx_alloc(t->pd, "dmabuf:udmabuf,size=64K", RW, &buf, &err);
	if (t->dmabuf)
		CHECK(mr && !ibvx_free(mr, buf), "a heap's memory: %s", err.text);
	else
		CHECK(!mr && errno == EOPNOTSUPP && strstr(err.text, "takes no dma-bufs"),
		      "a heap's memory: %d %s", errno, err.text);
}

static void check_stats(struct t_ibvx *t)
{
	struct ibvx_stat stat = { .value = -1 };
	bool live = false, refusals = false;
	unsigned int i;
	int ret;

	for (i = 0; !(ret = ibvx_stats(t->x, i, &stat, sizeof(stat))); i++) {
		live = live || !strcmp(stat.name, "live_pins");
		refusals = refusals || !strcmp(stat.name, "refusals");
	}
	CHECK(ret == -ENOENT && i > 4 && live && refusals, "%u counters, then %d", i, ret);
	CHECK(ibvx_stats(t->x, UINT32_MAX, &stat, sizeof(stat)) == -ENOENT, "the last one");
	CHECK(ibvx_stats(t->x, 0, NULL, 0) == -EINVAL, "stats of size 0");
}

void t_ibvx_mr(struct t_ibvx *t)
{
	check_export(t);
	check_dmabuf_mr(t);
	check_buffers(t);
	check_stats(t);
	if (t->no_hook && !t->dmabuf)
		return;
	check_overlaps(t);
	check_rereg(t);
	check_iova(t);
}
