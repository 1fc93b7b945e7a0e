// SPDX-License-Identifier: GPL-2.0-only
/* peer_umem.ko: the ib_umem extension, up and down. */
#include <linux/module.h>

#include "peer_umem.h"

static int __init peer_umem_init(void)
{
	int ret;

	ret = peer_umem_table_init();
	if (ret)
		return ret;
	ret = peer_umem_hooks_install();
	if (ret)
		goto err_table;
	ret = peer_umem_selfcheck();
	if (ret) {
		pr_err("self-check failed, not loaded\n");
		goto err_hooks;
	}
	peer_umem_hooks_activate();
	pr_info("ib_umem extension active, self-check passed\n");
	return 0;

err_hooks:
	peer_umem_hooks_remove();
err_table:
	peer_umem_table_exit();
	return ret;
}

/* Only runs with no umem of ours alive: each holds a module reference. */
static void __exit peer_umem_exit(void)
{
	peer_umem_hooks_remove();
	peer_umem_table_exit();
}

module_init(peer_umem_init);
module_exit(peer_umem_exit);
MODULE_DESCRIPTION("RDMA registration of peer memory through ib_umem");
MODULE_AUTHOR("peer_mem developers");
MODULE_LICENSE("GPL");
