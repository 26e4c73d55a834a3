/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A v2 directory handed over to the container (cgroup_give and cgroup_delegate of cgroup.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/path_safe.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/driver.h"

#define DELEGATE_LIST "/sys/kernel/cgroup/delegate"

/* What a kernel without the list (before 4.15) lets be handed over. */
static const char delegate_default[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";

/* The directory itself, and the files in it that the kernel says are safe to give: those that distribute, not those that limit. */
static int give(int dir, const char *path, uint32_t uid, struct arena *a, struct err *e)
{
	char *text = NULL;
	struct str rest;

	if (file_read(AT_FDCWD, DELEGATE_LIST, LIMIT_PROC_FILE, a, &text, NULL) < 0)
		text = NULL;
	if (fchown(dir, uid, (gid_t)-1) < 0)
		return err_sys(e, -errno, "give '%s' to uid %u", path, uid);
	rest = str_of(text ? text : delegate_default);
	while (rest.p && rest.n) {
		struct str line = str_cut(rest, '\n', &rest);
		const char *file = arena_strndup(a, line.p, line.n);

		if (!line.n || strchr(file, '/'))
			continue;
		/* A file of a controller that is not enabled here. */
		if (fchownat(dir, file, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
			return err_sys(e, -errno, "give '%s/%s' to uid %u", path, file, uid);
	}
	return 0;
}

int cgroup_give(const struct cgroup *c, uint32_t uid, struct err *e)
{
	const struct cgroup_dir *d = cgroup_dir_of(c, CGROUP_CTL_COUNT);

	return d ? give(d->fd, d->path, uid, c->a, e) : 0;
}

/* Each by itself: one that cannot be handed on (a realtime group, a parent that lacks it) must not hold up the others. */
static void hand_on_controllers(const struct cgroup *c, int dir)
{
	char text[512];
	struct str rest;

	if (file_read_text(dir, "cgroup.controllers", text, sizeof text) < 0)
		return;
	for (rest = str_of(text); rest.p && rest.n;) {
		struct str word = str_cut(rest, ' ', &rest);

		file_write(dir, "cgroup.subtree_control", arena_printf(c->a, "+" STR_FMT, STR_ARG(word)));
	}
}

int cgroup_delegate(const struct cgroup *c, const char *name, pid_t pid, const uint32_t *owner, struct err *e)
{
	const struct cgroup_dir *d = cgroup_dir_of(c, CGROUP_CTL_COUNT);
	scoped_fd int below = -EBADF;
	char text[16];
	int r;

	if (!d)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: there is no cgroup v2 directory to delegate");
	r = dir_ensure_all(d->fd, name, 0755);
	below = r < 0 ? r : path_open(d->fd, name, O_RDONLY | O_DIRECTORY, 0, PATH_NO_SYMLINKS_NO_XDEV);
	if (below < 0)
		return err_sys(e, below, "make the cgroup '%s/%s'", d->path, name);
	snprintf(text, sizeof text, "%d", (int)pid);
	r = file_write(below, "cgroup.procs", text);
	if (r < 0)
		return err_sys(e, r, "move the container to '%s/%s'", d->path, name);
	hand_on_controllers(c, d->fd);
	return owner ? give(below, arena_printf(c->a, "%s/%s", d->path, name), *owner, c->a, e) : 0;
}
