/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vfs driver: every container has its own copy of the whole tree, made at its first start. Slow and large, unless the file system shares copies
 * (btrfs, xfs with reflink); but it asks nothing of the kernel: for file systems overlayfs cannot stand on.
 */
#include "image/snapshot/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/snapshot/limit.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/tree_copy.h"

#define TREE_NAME "root"
#define MAKING_NAME "root.making"

static int vfs_probe(struct host_facts *facts, struct err *e)
{
	return 0;
}

static int layers_copy(const struct strs *layers, int to, struct err *e)
{
	for (size_t i = 0; i < layers->n; i++) {
		scoped_fd int from = dir_open(AT_FDCWD, layers->v[i]);
		int r = from < 0 ? from : tree_copy_over(from, to);

		if (r < 0)
			return err_sys(e, r, "copy layer '%s'", layers->v[i]);
	}
	return 0;
}

/* The tree becomes visible whole; what a broken-off copy left is made again. */
static int tree_make(int object, const struct strs *layers, struct err *e)
{
	scoped_fd int to = -EBADF;
	int r = dir_remove_tree(object, MAKING_NAME);

	if (r == 0)
		to = r = dir_ensure(object, MAKING_NAME, 0755);
	if (r < 0)
		return err_sys(e, r, "make the tree of a container");
	r = limit_share(object, to);
	if (r < 0)
		return err_sys(e, r, "limit the tree of a container");
	r = layers_copy(layers, to, e);
	if (r == 0 && renameat(object, MAKING_NAME, object, TREE_NAME) < 0)
		r = err_sys(e, -errno, "keep the tree of a container");
	if (r < 0)
		dir_remove_tree(object, MAKING_NAME);
	return r;
}

static int vfs_mount(const struct snapshot *s, const struct strs *layers, struct host_facts *facts, int dirfd, const char *name, struct err *e)
{
	scoped_fd int object = dir_open(AT_FDCWD, s->object);
	scoped_fd int mnt = -EBADF;
	struct stat st;
	int r = 0;

	if (object < 0)
		return err_sys(e, object, "open '%s'", s->object);
	if (fstatat(object, TREE_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0)
		r = tree_make(object, layers, e);
	if (r < 0)
		return r;
	mnt = mount_clone(object, TREE_NAME, false);
	r = mnt < 0 ? mnt : mount_move_at(mnt, dirfd, name);
	return r < 0 ? err_sys(e, r, "place the tree on '%s'", name) : 0;
}

const struct snapshot_ops snapshot_vfs = { .form = LAYER_TREE, .probe = vfs_probe, .mount = vfs_mount };
