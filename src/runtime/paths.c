/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "os/dev.h"
#include "os/fd.h"
#include "os/mount.h"
#include "os/path_safe.h"
#include "runtime/lsm.h"
#include "runtime/mounts/mounts.h"

/* Made when first needed. */
struct covers {
	int null;      /* the host's null device, O_PATH */
	int directory; /* a detached empty tmpfs */
	const struct lsm_mount *label;
};

static void covers_done(struct covers *c)
{
	fd_done(&c->null);
	fd_done(&c->directory);
}

static int cover_file(struct covers *c, struct err *e)
{
	int tree;

	if (c->null < 0)
		c->null = dev_open_null(0);
	if (c->null < 0)
		return err_sys(e, c->null, "open the host's null device");
	tree = mount_clone(c->null, "", false);
	return tree < 0 ? err_sys(e, tree, "copy the host's null device") : tree;
}

/* The first directory takes the tmpfs itself, the others copies of that mount (a copy of a detached mount needs Linux 6.15). */
static int cover_directory(struct covers *c, struct err *e)
{
	const char *labelled = lsm_mount_option(c->label, "tmpfs");
	struct pair rows[] = { { "size", "0k" }, { "nr_inodes", "1" }, { "mode", "555" }, { labelled, c->label->label } };
	const struct pairs data = { rows, labelled ? 4 : 3 };
	int tree;

	if (c->directory < 0) {
		c->directory = mount_new("tmpfs", "tmpfs", &data, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			MOUNT_ATTR_NOEXEC, NULL);
		return c->directory < 0 ? err_sys(e, c->directory, "make an empty tmpfs") : fd_dup_min(c->directory, 3);
	}
	tree = mount_clone(c->directory, "", false);
	return tree < 0 ? err_sys(e, tree, "copy the empty tmpfs") : tree;
}

/* "/proc/sys" is "sys" of the procfs that was mounted, whatever stands at that name by now. */
static int path_find(int root, const struct mount_roots *roots, const char *path)
{
	const char *top = path + strspn(path, "/"), *in_proc = str_after(top, "proc/"), *in_sys = str_after(top, "sys/");
	bool climbs = strstr(path, "..") != NULL;

	if (in_proc && !climbs && roots->proc >= 0)
		return path_open(roots->proc, in_proc, O_PATH, 0, PATH_IN_ROOT);
	if (in_sys && !climbs && roots->sys >= 0)
		return path_open(roots->sys, in_sys, O_PATH, 0, PATH_IN_ROOT);
	return path_open(root, path, O_PATH, 0, PATH_IN_ROOT);
}

static int mask(int target, struct covers *c, struct err *e)
{
	scoped_fd int tree = -EBADF;
	struct stat st;
	int r;

	if (fstat(target, &st) < 0)
		return err_sys(e, -errno, "look at it");
	tree = S_ISDIR(st.st_mode) ? cover_directory(c, e) : cover_file(c, e);
	if (tree < 0)
		return tree;
	r = mount_move(tree, target);
	return r < 0 ? err_sys(e, r, "cover it") : 0;
}

int paths_mask(int root, const struct mount_roots *roots, const struct lsm_mount *label, const struct strs *paths, struct err *e)
{
	SCOPED(covers_done) struct covers c = { -EBADF, -EBADF, label };

	for (size_t i = 0; i < paths->n; i++) {
		scoped_fd int target = path_find(root, roots, paths->v[i]);
		int r;

		if (target == -ENOENT || target == -ENOTDIR)
			continue;
		r = target < 0 ? err_sys(e, target, "open it") : mask(target, &c, e);
		if (r < 0)
			return err_wrap(e, "mask '%s'", paths->v[i]);
	}
	return 0;
}

/*
 * The mount is copied as it is, so what the container sees on top of @target (a mask, a read-only bind) is kept.
 */
static int make_readonly(int target, struct err *e)
{
	scoped_fd int tree = mount_clone(target, "", true);
	int r;

	if (tree < 0)
		return err_sys(e, tree, "copy the mount");
	r = mount_change(tree, true, MOUNT_ATTR_RDONLY, 0, 0);
	if (r == 0)
		r = mount_move(tree, target);
	return r < 0 ? err_sys(e, r, "put a read-only copy there") : 0;
}

int paths_make_readonly(int root, const struct mount_roots *roots, const struct strs *paths, struct err *e)
{
	for (size_t i = 0; i < paths->n; i++) {
		scoped_fd int target = path_find(root, roots, paths->v[i]);
		int r;

		if (target == -ENOENT || target == -ENOTDIR)
			continue;
		r = target < 0 ? err_sys(e, target, "open it") : make_readonly(target, e);
		if (r < 0)
			return err_wrap(e, "make '%s' read-only", paths->v[i]);
	}
	return 0;
}
