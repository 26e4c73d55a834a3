/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/tree_mount.h"

#include <fcntl.h>
#include <unistd.h>

#include "engine/internal.h"
#include "os/fd.h"
#include "os/mount.h"

const char *tree_mount_path(const struct engine *en, const char *id, struct arena *a)
{
	return arena_printf(a, "%s/" TREE_MOUNTED "/%s", en->run, id);
}

const char *tree_mount_find(const struct engine *en, const char *id, struct arena *a)
{
	const char *path = tree_mount_path(en, id, a);

	return access(path, F_OK) == 0 ? path : NULL;
}

/* ---- with the lock -------------------------------------------------------------------------------------------------------------------------------- */

bool tree_mount_suspend(const struct engine *en, const char *id)
{
	scoped_arena struct arena a = { 0 };
	const char *path = tree_mount_find(en, id, &a);

	if (path)
		mount_detach(path);
	return path != NULL;
}

void tree_mount_resume(const struct engine *en, const char *id, const char *rootfs)
{
	scoped_arena struct arena a = { 0 };
	scoped_fd int mount = mount_clone(AT_FDCWD, rootfs, false);

	/* People who look in meanwhile find an empty directory, and no worse if this fails. */
	if (mount >= 0)
		(void)mount_move_at(mount, AT_FDCWD, tree_mount_path(en, id, &a));
}

void tree_mount_drop(const struct engine *en, const char *id)
{
	scoped_arena struct arena a = { 0 };
	const char *path = tree_mount_find(en, id, &a);

	if (!path)
		return;
	mount_detach(path);
	rmdir(path);
	rmdir(arena_printf(&a, "%s/" TREE_MOUNTED, en->run));
}
