/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/root.h"

#include <errno.h>

#include "base/log.h"
#include "os/fd.h"
#include "os/mount.h"

static const struct mount_info *find_id(const struct mount_infos *list, int id)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].id == id)
			return &list->v[i];
	return NULL;
}

/* True if the mount is @top or stands on it, directly or on others. */
static bool is_below(const struct mount_infos *list, const struct mount_info *m, int top)
{
	for (size_t depth = 0; m && depth <= list->n; depth++) {
		if (m->id == top)
			return true;
		m = m->parent == m->id ? NULL : find_id(list, m->parent);
	}
	return false;
}

/* Private first: in a namespace that receives from the host, what it received could not be detached alone. */
static int hide(const char *path, struct err *e)
{
	int r = mount_classic(NULL, path, NULL, MS_PRIVATE, NULL);

	if (r == 0)
		r = mount_detach(path);
	if (r == -EINVAL || r == -EPERM)
		r = mount_classic("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,nr_inodes=1");
	return r < 0 && r != -ENOENT ? err_sys(e, r, "hide the host's '%s'", path) : 0;
}

static int hide_host(int tree, struct arena *a, struct err *e)
{
	struct mount_infos list = { 0 };
	uint64_t top;
	int r = fd_mount_id(tree, &top);

	if (r == 0)
		r = mount_read_infos(a, &list);
	if (r < 0)
		return err_sys(e, r, "read the mounts of the host");
	/* The last first: who stands on others goes before them. */
	for (size_t i = list.n; r == 0 && i-- > 0;) {
		const struct mount_info *m = &list.v[i];

		if ((streq(m->type, "proc") || streq(m->type, "sysfs")) && !is_below(&list, m, (int)top))
			r = hide(m->target, e);
	}
	return r;
}

int root_move(int tree, struct arena *a, struct err *e)
{
	int r = hide_host(tree, a, e);

	if (r < 0)
		return r;
	log_warn("--no-pivot: the root is moved, not pivoted; the host's mounts stay below it");
	r = mount_move_root(tree);
	return r < 0 ? err_sys(e, r, "move the root") : 0;
}
