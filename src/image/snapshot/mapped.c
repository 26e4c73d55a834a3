/* SPDX-License-Identifier: Apache-2.0 */
#include "image/snapshot/mapped.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "base/vec.h"
#include "os/cap.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/ns.h"
#include "os/procfs.h"
#include "os/tree_copy.h"
#include "os/tree_own.h"

#define MOUNT_NAME "mapped"
#define TREE_NAME "mapped"
#define MAKING_NAME "mapped.making"

/* ---- whose ids this thread has for files -------------------------------------------------------------------------------------------------------------- */

static uint32_t outside_of_root(const struct ns_id_map *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (rows[i].inside == 0)
			return rows[i].outside;
	}
	return n ? rows[0].outside : 0;
}

/* A change of the file system uid takes capabilities out of the effective set, which we may put back. */
static int capabilities_restore(void)
{
	struct cap_sets s;
	int r = cap_get(&s);

	if (r < 0)
		return r;
	s.effective = s.permitted;
	return cap_set(&s);
}

int identity_don(const struct userns_maps *maps)
{
	setfsgid(outside_of_root(maps->gids, maps->n_gids));
	setfsuid(outside_of_root(maps->uids, maps->n_uids));
	return capabilities_restore();
}

void identity_doff(void)
{
	setfsuid(0);
	setfsgid(0);
	capabilities_restore();
}

/* ---- root: one mapped mount ------------------------------------------------------------------------------------------------------------------------------ */

static int mount_make(const char *root, const struct userns_maps *maps, int dirfd, struct err *e)
{
	scoped_fd int proc = procfs_open(), userns = -EBADF, mnt = -EBADF;
	int r;

	userns = proc < 0 ? proc : userns_make(proc, maps);
	if (userns < 0)
		return err_sys(e, userns, "make a user namespace with the ids of the container");
	mnt = mount_clone(AT_FDCWD, root, false);
	r = mnt < 0 ? mnt : mount_idmap(mnt, false, userns);
	if (r == -EINVAL || r == -ENOSYS || r == -EOPNOTSUPP)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: a user namespace for a container in '%s': the kernel or this file system cannot show files with other ids "
			"(idmapped mounts: kernel 5.19 and ext4, xfs, btrfs or tmpfs)", root);
	if (r == 0)
		r = mkdirat(dirfd, MOUNT_NAME, 0700) < 0 && errno != EEXIST ? -errno : 0;
	if (r == 0)
		r = mount_move_at(mnt, dirfd, MOUNT_NAME);
	return r < 0 ? err_sys(e, r, "mount '%s' with the ids of the container", root) : 0;
}

/* The path below the mapped mount of something below @root. */
static int path_below(const char *path, const char *root, const char *mount, struct arena *a, const char **ret, struct err *e)
{
	const char *rest = str_after(path, root);

	if (!rest || *rest != '/')
		return err_set(e, ERR_UNSUPPORTED, "unsupported: a user namespace for a container of layers that are mounted files ('%s'): use the overlay driver", path);
	*ret = arena_printf(a, "%s%s", mount, rest);
	return 0;
}

static int paths_below(const struct snapshot *s, const struct strs *layers, const char *root, const char *mount, struct arena *a, struct mapped *m, struct err *e)
{
	int r = path_below(s->object, root, mount, a, &m->object, e);

	for (size_t i = 0; r == 0 && i < layers->n; i++) {
		const char *path = NULL;

		r = path_below(layers->v[i], root, mount, a, &path, e);
		if (r == 0)
			strs_push(a, &m->layers, path);
	}
	return r;
}

static int begin_by_mount(const struct snapshot *s, const struct strs *layers, int dirfd, struct arena *a, struct mapped *m, struct err *e)
{
	/* <root>/containers/<id> */
	const char *end = strstr(s->object, "/containers/"), *root = arena_strndup(a, s->object, (size_t)(end - s->object));
	const char *mount = arena_printf(a, "%s/containers/%s/" MOUNT_NAME, s->run, s->id);
	int r = mount_make(root, s->maps, dirfd, e);

	if (r < 0)
		return r;
	m->dirfd = dirfd;
	m->mount = mount;
	r = paths_below(s, layers, root, mount, a, m, e);
	if (r == 0) {
		m->wears = true;
		r = identity_don(s->maps);
		r = r < 0 ? err_sys(e, r, "take the ids of the container's root") : 0;
	}
	if (r < 0)
		mapped_end(m);
	return r;
}

/* ---- an ordinary user: a copy ------------------------------------------------------------------------------------------------------------------------------- */

static int copy_make(int object, const struct strs *layers, const struct userns_maps *maps, struct err *e)
{
	scoped_fd int to = -EBADF, upper = -EBADF;
	int r = dir_remove_tree(object, MAKING_NAME);

	if (r == 0)
		to = r = dir_ensure(object, MAKING_NAME, 0755);
	for (size_t i = 0; r >= 0 && i < layers->n; i++) {
		scoped_fd int from = dir_open(AT_FDCWD, layers->v[i]);

		r = from < 0 ? from : tree_copy_over(from, to);
	}
	if (r >= 0)
		r = tree_own(to, maps);
	if (r == 0)
		upper = r = dir_open(object, "upper");
	if (r >= 0)
		r = tree_own(upper, maps);
	if (r == 0 && renameat(object, MAKING_NAME, object, TREE_NAME) < 0)
		r = -errno;
	if (r < 0)
		dir_remove_tree(object, MAKING_NAME);
	return r < 0 ? err_sys(e, r, "copy the tree of a container with the owners of its user namespace") : 0;
}

static int begin_by_copy(const struct snapshot *s, const struct strs *layers, struct arena *a, struct mapped *m, struct err *e)
{
	scoped_fd int object = dir_open(AT_FDCWD, s->object);
	struct stat st;
	int r = 0;

	if (object < 0)
		return err_sys(e, object, "open '%s'", s->object);
	if (fstatat(object, TREE_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0)
		r = copy_make(object, layers, s->maps, e);
	m->object = s->object;
	strs_push(a, &m->layers, arena_printf(a, "%s/" TREE_NAME, s->object));
	return r;
}

/* ---- the interface ------------------------------------------------------------------------------------------------------------------------------------------- */

int mapped_begin(const struct snapshot *s, const struct strs *layers, int dirfd, struct arena *a, struct mapped *ret, struct err *e)
{
	*ret = (struct mapped){ .object = s->object, .dirfd = -EBADF };
	if (!s->maps) {
		ret->layers = *layers;
		return 0;
	}
	if (s->driver == SNAPSHOT_VFS)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: a user namespace for a container with storage driver 'vfs': use overlay");
	return ns_is_initial_user() == 0 ? begin_by_copy(s, layers, a, ret, e) : begin_by_mount(s, layers, dirfd, a, ret, e);
}

void mapped_end(struct mapped *m)
{
	if (m->wears)
		identity_doff();
	m->wears = false;
	if (m->dirfd < 0)
		return;
	mount_detach(m->mount);
	unlinkat(m->dirfd, MOUNT_NAME, AT_REMOVEDIR);
	m->dirfd = -EBADF;
}
