/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup/tree.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/path_safe.h"
#include "os/proc.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/events.h"

enum { MAKE_TRIES = 16, REMOVE_SPINS = 64, TREE_DEPTH = 64 };

int tree_root(void)
{
	return dir_open(AT_FDCWD, "/");
}

int tree_open(int root, const char *path, bool v2)
{
	scoped_fd int fd = path_open(root, path, O_RDONLY | O_DIRECTORY, 0, PATH_NO_SYMLINKS);
	int r;

	if (fd < 0)
		return fd;
	r = path_check_fs(fd, v2 ? PATH_FS_CGROUP2 : PATH_FS_CGROUP);
	return r < 0 ? r : take_fd(&fd);
}

static int open_below(int mount, const char *path)
{
	return path_open(mount, *path ? path : ".", O_RDONLY | O_DIRECTORY, 0, PATH_NO_SYMLINKS_NO_XDEV);
}

/* ---- making ---------------------------------------------------------------------------------------------------------------------------- */

/* One level being made: its parent is open, its name is the last word of @path. */
struct level {
	int mount;
	const struct cgroup_dir_plan *d;
	const struct cgroup_plan *p;
	const char *above, *path; /* below the mount */
};

/* A new cpuset is empty, and nothing may enter an empty one. */
static int cpuset_inherit(const struct level *l, struct err *e)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
	scoped_fd int above = open_below(l->mount, l->above);
	scoped_fd int here = open_below(l->mount, l->path);

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		char text[LIMIT_PATH];
		int r = file_read_text(here, files[i], text, sizeof text);

		if (r >= 0 && *text)
			continue;
		if (r >= 0)
			r = file_read_text(above, files[i], text, sizeof text);
		if (r >= 0)
			r = file_write(here, files[i], text);
		if (r < 0)
			return err_sys(e, r, "copy '%s' from the parent of '%s/%s'", files[i], l->d->mount, l->path);
	}
	return 0;
}

/* Those of @list that @present (a line of words) lacks, as "+a +b". */
static const char *missing(const struct strs *list, const char *present, struct arena *a)
{
	const char *out = "";

	for (size_t i = 0; i < list->n; i++) {
		struct str rest = str_of(present);
		bool found = false;

		while (rest.p && !found)
			found = str_is(str_cut(rest, ' ', &rest), list->v[i]);
		if (!found)
			out = arena_printf(a, "%s%s+%s", out, *out ? " " : "", list->v[i]);
	}
	return out;
}

/* Lets the children of @l->above have the plan's controllers. Those only wanted are enabled one by one and may fail. */
static int controllers_enable(const struct level *l, struct arena *a, struct err *e)
{
	scoped_fd int above = open_below(l->mount, l->above);
	char present[512];
	const char *text;
	int r = file_read_text(above, "cgroup.subtree_control", present, sizeof present);

	if (r < 0)
		return err_sys(e, r, "read '%s/%s/cgroup.subtree_control'", l->d->mount, l->above);
	text = missing(&l->p->enable_needed, present, a);
	r = *text ? file_write(above, "cgroup.subtree_control", text) : 0;
	if (r < 0)
		return err_sys(e, r, "write '%s' to '%s/%s/cgroup.subtree_control'", text, l->d->mount, l->above);
	text = missing(&l->p->enable_wanted, present, a);
	if (*text && file_write(above, "cgroup.subtree_control", text) < 0) {
		for (size_t i = 0; i < l->p->enable_wanted.n; i++)
			file_write(above, "cgroup.subtree_control", arena_printf(a, "+%s", l->p->enable_wanted.v[i]));
	}
	return 0;
}

static int level_make(const struct level *l, struct arena *a, struct strs *made, struct err *e)
{
	int r;

	if (l->d->v2 && (l->p->enable_needed.n || l->p->enable_wanted.n)) {
		r = controllers_enable(l, a, e);
		if (r < 0)
			return r;
	}
	if (mkdirat(l->mount, l->path, 0755) == 0)
		strs_push(a, made, arena_printf(a, "%s/%s", l->d->mount, l->path));
	else if (errno != EEXIST)
		return err_sys(e, -errno, "mkdir '%s/%s'", l->d->mount, l->path);
	return !l->d->v2 && (l->d->ctls & 1u << CGROUP_CPUSET) ? cpuset_inherit(l, e) : 0;
}

static int levels_make(int mount, const struct cgroup_dir_plan *d, const struct cgroup_plan *p, struct arena *a, struct strs *made,
		       struct err *e)
{
	const char *above = "";

	for (const char *at = d->path; at; at = strchr(at, '/')) {
		const char *end;
		struct level l = { mount, d, p, above, NULL };
		int r;

		at += *at == '/';
		end = strchrnul(at, '/');
		l.path = arena_strndup(a, d->path, (size_t)(end - d->path));
		r = level_make(&l, a, made, e);
		if (r < 0)
			return r;
		above = l.path;
	}
	return 0;
}

int tree_make(int root, const struct cgroup_dir_plan *d, const struct cgroup_plan *p, struct arena *a, struct strs *made, struct err *e)
{
	scoped_fd int mount = tree_open(root, d->mount, d->v2);
	int fd, r;

	if (mount < 0)
		return err_sys(e, mount, "open cgroup tree '%s'", d->mount);
	/* Somebody else's delete may take an ancestor away between two of our steps. */
	for (int i = 0;; i++) {
		r = levels_make(mount, d, p, a, made, e);
		fd = r < 0 ? r : open_below(mount, d->path);
		if (fd >= 0)
			return fd;
		if (fd != -ENOENT || i >= MAKE_TRIES)
			return r < 0 ? r : err_sys(e, fd, "open '%s/%s'", d->mount, d->path);
	}
}

/* ---- listing ----------------------------------------------------------------------------------------------------------------------------- */

struct lister {
	struct arena *a;
	struct cgroup_pids *ret;
	int depth;
};

static int list_dir(int fd, struct lister *l);

static int list_entry(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct lister *l = arg;
	scoped_fd int fd = -EBADF;
	int r;

	if (type != DT_DIR)
		return 0;
	fd = open_below(dirfd, name);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	if (l->depth >= TREE_DEPTH)
		return -ELOOP;
	l->depth++;
	r = list_dir(fd, l);
	l->depth--;
	return r;
}

static int list_dir(int fd, struct lister *l)
{
	char *text;
	struct str rest;
	int r = file_read(fd, "cgroup.procs", LIMIT_FILE, l->a, &text, NULL);

	/* Gone meanwhile; or a threaded child, whose processes its domain lists. */
	if (r == -ENOENT || r == -ENODEV || r == -EOPNOTSUPP)
		return 0;
	if (r < 0)
		return r;
	rest = str_of(text);
	while (rest.p && rest.n) {
		struct str line = str_cut(rest, '\n', &rest);
		int32_t pid;

		/* 0 is a process that our pid namespace cannot see. */
		if (parse_i32(arena_strndup(l->a, line.p, line.n), &pid) == 0 && pid > 0)
			*vec_push(l->a, l->ret) = pid;
	}
	return dir_each(fd, list_entry, l);
}

int tree_pids(int fd, struct arena *a, struct cgroup_pids *ret)
{
	struct lister l = { a, ret, 0 };

	return list_dir(fd, &l);
}

/* ---- removing ---------------------------------------------------------------------------------------------------------------------------- */

static int remove_children(int fd, int depth);

static int remove_child(void *arg, int dirfd, const char *name, unsigned char type)
{
	int depth = *(int *)arg;
	scoped_fd int fd = -EBADF;

	if (type != DT_DIR || unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || depth >= TREE_DEPTH)
		return 0;
	fd = open_below(dirfd, name);
	if (fd < 0)
		return 0;
	remove_children(fd, depth + 1);
	unlinkat(dirfd, name, AT_REMOVEDIR);
	return 0;
}

/* Removes sub-cgroups as far as they go; what stays shows in the next try to remove the parent. */
static int remove_children(int fd, int depth)
{
	return dir_each(fd, remove_child, &depth);
}

/*
 * Waits until something has changed: v2 has an event for it, on v1 we wait for the end of the processes listed. Between the last moment of a process
 * and its leaving the cgroup no list shows it and no event tells: there we give up the processor, then a millisecond.
 */
static int wait_change(int fd, bool v2, uint64_t deadline_ns, int try, struct arena *a)
{
	struct cgroup_pids pids = { 0 };
	uint64_t now = proc_now_ns();
	int left_ms, r;

	if (now >= deadline_ns)
		return -EBUSY;
	left_ms = (int)((deadline_ns - now) / 1000000) + 1;
	if (v2 && events_has(fd, "populated 1") == 1) {
		r = events_wait(fd, "populated 0", left_ms);
		return r == -ETIMEDOUT ? -EBUSY : 0;
	}
	tree_pids(fd, a, &pids);
	for (size_t i = 0; i < pids.n; i++) {
		scoped_fd int pidfd = proc_open(pids.v[i]);

		if (pidfd >= 0 && proc_wait_end(pidfd, left_ms) == -ETIMEDOUT)
			return -EBUSY;
	}
	if (try < REMOVE_SPINS)
		sched_yield();
	else
		poll(NULL, 0, 1);
	return 0;
}

int tree_remove(int root, const char *path, uint64_t deadline_ns, struct arena *a, struct err *e)
{
	char name[NAME_MAX + 1];
	scoped_fd int parent = path_parent(root, path, 0, PATH_NO_SYMLINKS, name, sizeof name);
	scoped_fd int fd = -EBADF;
	int version, r;

	if (parent == -ENOENT)
		return 0;
	version = parent < 0 ? parent : path_cgroup_version(parent);
	if (version < 0)
		return err_sys(e, version, "open the parent of cgroup '%s'", path);
	for (int i = 0;; i++) {
		if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		r = -errno;
		if ((r != -EBUSY && r != -ENOTEMPTY) || deadline_ns == 0)
			return err_sys(e, r, "rmdir '%s'", path);
		fd = fd >= 0 ? fd : open_below(parent, name);
		if (fd >= 0) {
			remove_children(fd, 0);
			if (wait_change(fd, version == 2, deadline_ns, i, a) < 0)
				return err_set(e, ERR_CONFLICT, "cgroup '%s' still has processes after %d s", path,
					       CGROUP_REMOVE_MS / 1000);
		}
	}
}
