// SPDX-License-Identifier: GPL-2.0-only
/* peer_mem.ko: brings its parts up and down. No RDMA in here. */
#include <linux/module.h>

#include "peer_mem_priv.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static int __init peer_mem_init(void)
{
	int ret;

	ret = peer_mem_pin_init();
	if (ret)
		return ret;
	ret = peer_mem_debugfs_init();
	if (ret)
		goto err_pin;
	ret = peer_mem_revoke_init();
	if (ret)
		goto err_debugfs;
	ret = peer_dmabuf_hook_init();
	if (ret)
		goto err_revoke;
	ret = peer_mem_chardev_init();
	if (ret)
		goto err_hook;
	return 0;

err_hook:
	peer_dmabuf_hook_exit();
err_revoke:
	peer_mem_revoke_exit();
err_debugfs:
	peer_mem_debugfs_exit();
err_pin:
	peer_mem_pin_exit();
	return ret;
}

/* Pins and regions hold module references, through symbols or by hand. */
static void __exit peer_mem_exit(void)
{
	peer_mem_chardev_exit();
	peer_dmabuf_hook_exit();
	peer_mem_revoke_exit();
	peer_mem_debugfs_exit();
	peer_mem_pin_exit();
}

module_init(peer_mem_init);
module_exit(peer_mem_exit);
MODULE_DESCRIPTION("Peer memory: P2P access to PCI BAR memory by user pointer");
MODULE_AUTHOR("peer_mem developers");
MODULE_LICENSE("GPL");
