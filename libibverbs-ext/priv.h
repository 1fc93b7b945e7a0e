/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Inside the library. Everything here returns 0 or a negative errno. */
#ifndef IBVX_PRIV_H
#define IBVX_PRIV_H

#include <linux/peer_mem.h>
#include <stdbool.h>

#include "fail.h"
#include "ibvx.h"

#define IBVX_DEVICE "/dev/peer_mem"

/* What is exported, and nothing else: everything is compiled hidden. */
#define IBVX_EXPORT __attribute__((visibility("default")))

struct ibvx {
	int fd;
};

/* An ioctl on the handle; restarted after a signal. */
int ibvx_ioctl(const struct ibvx *x, unsigned long request, void *arg);

/* Fills a caller's struct of @size bytes from ours. */
void ibvx_copy_out(void *to, size_t size, const void *from, size_t from_size);

/* Is the hook of ib_umem_get there? */
bool ibvx_has_hook(void);

#endif /* IBVX_PRIV_H */
