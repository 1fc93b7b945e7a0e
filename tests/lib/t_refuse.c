// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_refuse DEVICE SPEC hole|empty|odp|export
 *
 * Has a buffer refused through the library, prints the reason that it gives, and exits:
 * what anybody learns later is what the kernel kept. export: ordinary memory, as a
 * dma-buf. Exit 0 if it was refused.
 */
#include <errno.h>
#include <ibvx.h>
#include <pbuf.h>
#include <stdio.h>
#include <string.h>

#include "t.h"
#include "t_rc.h"

static int refuse(struct ibv_pd *pd, struct pbuf *buf, const char *how)
{
	size_t size = pbuf_size(buf);
	int access = IBV_ACCESS_LOCAL_WRITE;
	struct ibvx_error err;
	struct ibv_mr *mr;

	if (!strcmp(how, "hole"))
		size += (size_t)1 << 30;
	else if (!strcmp(how, "empty"))
		size = 0;
	else if (!strcmp(how, "odp"))
		access |= IBV_ACCESS_ON_DEMAND;
	else
		return t_fail(-EINVAL, "how? %s", how);
	mr = ibvx_reg_mr(pd, pbuf_addr(buf), size, access, &err);
	if (mr) {
		ibv_dereg_mr(mr);
		return t_fail(-EBADE, "it was registered");
	}
	if (err.error != -errno)
		return t_fail(err.error, "errno is %s", strerrorname_np(errno));
	printf("%s\n", err.text);
	return 0;
}

static int refuse_export(void)
{
	struct ibvx_error err;
	uint64_t offset;
	struct ibvx *x;
	int fd, ret;

	ret = ibvx_open(&x, &err);
	if (ret)
		return t_fail(ret, "%s", err.text);
	ret = ibvx_export(x, &offset, sizeof(offset), 0, &fd, &offset, &err);
	ibvx_close(x);
	printf("%s\n", err.text);
	return ret == -ENXIO ? 0 : t_fail(-EBADE, "it was exported, or refused with %d", ret);
}

int main(int argc, char **argv)
{
	struct ibvx_error err;
	struct pbuf *buf;
	struct t_dev dev;
	int ret;

	if (argc != 4) {
		fputs("usage: t_refuse DEVICE SPEC hole|empty|odp|export\n", stderr);
		return T_FAIL;
	}
	ret = pbuf_alloc(argv[2], &buf, &err);
	if (ret)
		return t_verdict(t_fail(ret, "%s", err.text));
	ret = t_dev_open(&dev, argv[1], T_GID_INDEX);
	if (ret)
		return t_verdict(ret);
	ret = strcmp(argv[3], "export") ? refuse(dev.pd, buf, argv[3]) : refuse_export();
	t_dev_close(&dev);
	pbuf_free(buf);
	return t_verdict(ret);
}
