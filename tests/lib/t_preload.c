// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_preload DEVICE FILE
 *
 * A program that knows only libibverbs, as old ones do: each way to make, change and end a
 * region of device memory (FILE is mapped), and of ordinary memory. To be run under
 * the shim.
 */
#include <errno.h>
#include <fcntl.h>
#include <infiniband/verbs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t.h"
#include "t_rc.h"

#define SIZE ((size_t)64 << 10)
#define RW (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE)

#undef ibv_reg_mr
#undef ibv_reg_mr_iova

static int failures;

#define CHECK(condition, ...) \
	do { \
		if (!(condition)) { \
			failures++; \
			t_err(__VA_ARGS__); \
		} \
	} while (0)

static void check_mr(struct ibv_mr *mr, const void *addr, const char *how)
{
	CHECK(mr && mr->addr == addr && mr->length == SIZE, "%s: %s", how, strerror(errno));
	if (mr)
		CHECK(!ibv_dereg_mr(mr), "%s: deregister: %s", how, strerror(errno));
}

static void check_ways(struct ibv_pd *pd, char *addr, const char *what)
{
	struct ibv_mr *mr[3];

	printf("%s\n", what);
	check_mr(ibv_reg_mr(pd, addr, SIZE, RW), addr, "ibv_reg_mr");
	check_mr(ibv_reg_mr_iova(pd, addr, SIZE, 0x10000, RW), addr, "ibv_reg_mr_iova");
	check_mr(ibv_reg_mr_iova2(pd, addr, SIZE, 0x10000, RW), addr, "ibv_reg_mr_iova2");
	/* many, of one range */
	for (int i = 0; i < 3; i++)
		mr[i] = ibv_reg_mr(pd, addr, SIZE, RW);
	for (int i = 0; i < 3; i++)
		check_mr(mr[i], addr, "one of three");
}

/* What the shim made can be changed; what libibverbs made is left to libibverbs. */
static void check_rereg(struct t_dev *dev, char *addr)
{
	struct ibv_mr *mr = ibv_reg_mr(dev->pd, addr, SIZE, RW);
	struct ibv_pd *other = ibv_alloc_pd(dev->context);
	int ret;

	CHECK(mr && other, "a region and a domain");
	if (!mr || !other)
		return;
	ret = ibv_rereg_mr(mr, IBV_REREG_MR_CHANGE_TRANSLATION, NULL, addr + 4096, 4096, 0);
	CHECK(!ret && mr->addr == addr + 4096 && mr->length == 4096, "other memory: %d %s", ret,
	      strerror(errno));
	ret = ibv_rereg_mr(mr, IBV_REREG_MR_CHANGE_PD | IBV_REREG_MR_CHANGE_ACCESS, other, NULL, 0,
			   IBV_ACCESS_LOCAL_WRITE);
	CHECK(!ret && mr->pd == other && mr->addr == addr + 4096, "another domain: %d %s", ret,
	      strerror(errno));
	ret = ibv_rereg_mr(mr, IBV_REREG_MR_CHANGE_TRANSLATION, NULL, addr, (size_t)1 << 40, 0);
	CHECK(ret == IBV_REREG_MR_ERR_INPUT && mr->length == 4096, "what is not there: %d", ret);
	/* freed by a success, so this is asked only where the region should hold it */
	CHECK(mr->pd != other || ibv_dealloc_pd(other) == EBUSY, "the domain has no region");
	CHECK(!ibv_dereg_mr(mr), "deregister");
	CHECK(!ibv_dealloc_pd(other), "the domain has none any more");
}

static void check_refusals(struct ibv_pd *pd, char *addr)
{
	struct ibv_mr *mr;

	errno = 0;
	mr = ibv_reg_mr(pd, addr, (size_t)1 << 40, RW);
	CHECK(!mr && errno == EFAULT, "beyond the BAR: errno %d", errno);
	errno = 0;
	mr = ibv_reg_mr(pd, NULL, 4096, RW);
	CHECK(!mr && errno == EFAULT, "nothing: errno %d", errno);
}

int main(int argc, char **argv)
{
	struct t_dev dev;
	char *bar, *host;
	int fd;

	if (argc != 3) {
		fputs("usage: t_preload DEVICE FILE\n", stderr);
		return T_FAIL;
	}
	fd = open(argv[2], O_RDWR | O_CLOEXEC);
	bar = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	host = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bar == MAP_FAILED || host == MAP_FAILED || t_dev_open(&dev, argv[1], T_GID_INDEX))
		return T_FAIL;
	check_ways(dev.pd, host, "ordinary memory");
	check_ways(dev.pd, bar, "device memory");
	check_rereg(&dev, bar);
	check_refusals(dev.pd, bar);
	t_dev_close(&dev);
	printf("preload failed=%d\n", failures);
	return failures ? T_FAIL : 0;
}
