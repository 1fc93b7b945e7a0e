/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What stands around the example of docs/hardware.md: the first RDMA device there is. */
#include <err.h>
#include <string.h>

static void run_example(struct ibv_pd *pd)
{
	/* the example */
}

int main(void)
{
	struct ibv_device **list = ibv_get_device_list(NULL);
	struct ibv_context *context = list && list[0] ? ibv_open_device(list[0]) : NULL;

	if (!context)
		errx(1, "no RDMA device");
	run_example(ibv_alloc_pd(context));
	return 0;
}
