// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inodes of a pseudo file system: each is the home of all mappings of one node.
 * Nodes come and go under their device's lock; what they share here has its own
 * in simple_pin_fs().
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>

#include "peer_bar.h"

#define PEER_BAR_FS_MAGIC	0x70626172	/* "pbar" */

static struct vfsmount *mnt;
static int mnt_users;

static int init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, PEER_BAR_FS_MAGIC) ? 0 : -ENOMEM;
}

static struct file_system_type fs_type = {
	.name = "peer_bar",
	.owner = THIS_MODULE,
	.init_fs_context = init_fs_context,
	.kill_sb = kill_anon_super,
};

struct inode *peer_bar_home_get(void)
{
	struct inode *inode;
	int ret;

	ret = simple_pin_fs(&fs_type, &mnt, &mnt_users);
	if (ret)
		return ERR_PTR(ret);
	inode = alloc_anon_inode(mnt->mnt_sb);
	if (IS_ERR(inode))
		simple_release_fs(&mnt, &mnt_users);
	return inode;
}

void peer_bar_home_put(struct inode *inode)
{
	iput(inode);
	simple_release_fs(&mnt, &mnt_users);
}
