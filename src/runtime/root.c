/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "os/mount.h"
#include "os/ns.h"
#include "os/proc.h"
#include "os/sock.h"
#include "runtime/sync.h"

/* ---- --no-pivot ------------------------------------------------------------------------------------------------------------------------ */

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

/* ---- in a mount namespace of others ------------------------------------------------------------------------------------------------------ */

static const struct field record_fields[] = {
	/* clang-format off */
	FIELD(struct root_record, holder,   "holder",         U64, 0),
	FIELD(struct root_record, tree,     "tree",           U64, 0),
	FIELD(struct root_record, mount_ns, "mountNamespace", STR, FIELD_OMIT_EMPTY),
	FIELD(struct root_record, user_ns,  "userNamespace",  STR, FIELD_OMIT_EMPTY),
	/* clang-format on */
};
const struct schema root_record_schema = SCHEMA("root", struct root_record, record_fields);

struct root_record *root_record_new(const struct launch_plan *p, struct arena *a)
{
	struct root_record *r;

	if (p->root != LAUNCH_ROOT_CHANGE)
		return NULL;
	r = arena_new(a, struct root_record);
	r->mount_ns = launch_plan_joined(p, NS_MOUNT);
	r->user_ns = launch_plan_joined(p, NS_USER);
	return r;
}

void root_copy_done(struct root_copy *c)
{
	fd_done(&c->target);
	fd_done(&c->holder);
	fd_done(&c->tree);
}

/* A bind of "/" elsewhere is another mount, and may be a container's root. */
static bool is_own_root(int fd)
{
	scoped_fd int root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	uint64_t ours, its;

	return root >= 0 && fd_is_same(fd, root) && fd_mount_id(root, &ours) == 0 && fd_mount_id(fd, &its) == 0 && ours == its;
}

int root_copy(const char *rootfs, struct root_copy *ret, struct root_record *r, struct err *e)
{
	scoped_root_copy struct root_copy c = ROOT_COPY_NONE;
	int k;

	c.target = openat(AT_FDCWD, rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c.target < 0)
		return err_sys(e, -errno, "open the rootfs '%s'", rootfs);
	if (is_own_root(c.target))
		return err_set(e, ERR_INVALID, "root.path: '%s' is the root of the mount namespace, which is not the container's own", rootfs);
	c.holder = mount_clone(c.target, "", false);
	c.tree = mount_clone(c.target, "", true);
	if (c.holder < 0 || c.tree < 0)
		return err_sys(e, c.holder < 0 ? c.holder : c.tree, "copy the mounts at '%s'", rootfs);
	k = mount_change(c.tree, true, 0, 0, MS_PRIVATE);
	if (k == 0)
		k = fd_mount_id(c.holder, &r->holder);
	if (k == 0)
		k = fd_mount_id(c.tree, &r->tree);
	if (k < 0)
		return err_sys(e, k, "prepare the rootfs '%s'", rootfs);
	*ret = c;
	c = ROOT_COPY_NONE;
	return 0;
}

/* What is put on a shared mount is shared itself; the tree must not be, so there is the holder. */
int root_put(const struct root_copy *c, struct err *e)
{
	int r = mount_move(c->holder, c->target);

	if (r == 0)
		r = mount_change(c->holder, false, 0, 0, MS_PRIVATE);
	if (r == 0)
		r = mount_move(c->tree, c->holder);
	return r < 0 ? err_sys(e, r, "attach the rootfs") : 0;
}

int root_change(const struct root_record *r, const char *rootfs, struct err *e)
{
	scoped_fd int fd = openat(AT_FDCWD, rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	uint64_t id = 0;
	int k = fd < 0 ? -errno : fd_mount_id(fd, &id);

	if (k == 0 && id != r->tree)
		k = -ESTALE;
	if (k == 0)
		k = mount_chroot(fd);
	return k < 0 ? err_sys(e, k, "make '%s' the root", rootfs) : 0;
}

/* Private first: what a mount below shares with others (a bind that propagates) would be unmounted there as well. */
static int take_off_top(int fd)
{
	int r = mount_change(fd, true, 0, 0, MS_PRIVATE);

	return r < 0 ? r : mount_detach_root(fd);
}

static bool is_covered(const struct root_record *r, const char *rootfs, struct arena *a)
{
	struct mount_infos list = { 0 };
	char real[PATH_MAX];

	if (r->mount_ns || !realpath(rootfs, real) || mount_read_infos(a, &list) < 0)
		return false;
	for (size_t i = 0; i < list.n; i++)
		if (((uint64_t)list.v[i].id == r->holder || (uint64_t)list.v[i].id == r->tree) && streq(list.v[i].target, real))
			return true;
	return false;
}

static int take_off(const struct root_record *r, const char *rootfs, struct arena *a, struct err *e)
{
	for (;;) {
		scoped_fd int fd = openat(AT_FDCWD, rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
		uint64_t id;
		int k = fd < 0 ? -errno : fd_mount_id(fd, &id);

		if (k == -ENOENT || k == -ENOTDIR)
			return 0;
		if (k == 0 && id != r->holder && id != r->tree)
			break;
		if (k == 0)
			k = take_off_top(fd);
		if (k < 0)
			return err_sys(e, k, "unmount the container's root '%s'", rootfs);
	}
	if (is_covered(r, rootfs, a))
		return err_set(e, ERR_CONFLICT, "something was mounted over the container's root '%s': unmount it first", rootfs);
	return 0;
}

/* A namespace whose last process has ended took its mounts along. */
static int join(const struct root_record *r, bool *ret_gone, struct err *e)
{
	bool as_user = r->user_ns && geteuid() != 0;
	scoped_fd int mounts = r->mount_ns ? ns_open_path(r->mount_ns, NS_MOUNT) : -EBADF, user = as_user ? ns_open_path(r->user_ns, NS_USER) : -EBADF;
	int k;

	*ret_gone = mounts == -ENOENT || user == -ENOENT;
	if (!r->mount_ns || *ret_gone)
		return 0;
	k = as_user && ns_is_own(user, NS_USER) != 1 ? ns_join(user, NS_USER) : 0;
	if (k == 0)
		k = ns_join(mounts, NS_MOUNT);
	return k < 0 ? err_sys(e, k, "join the mount namespace '%s'", r->mount_ns) : 0;
}

static _Noreturn void helper_main(const struct root_record *r, const char *rootfs, struct arena *a, int sync)
{
	struct err e = { 0 };
	bool gone = false;

	if (join(r, &gone, &e) < 0 || (!gone && take_off(r, rootfs, a, &e) < 0)) {
		sync_say_failed(sync, &e);
		_exit(1);
	}
	_exit(0);
}

/* By a helper, because it takes the namespace and the working directory to do it. */
int root_take_off(const struct root_record *r, const char *rootfs, struct arena *a, struct err *e)
{
	scoped_proc struct proc helper = PROC_NONE;
	scoped_fd int ours = -EBADF, its = -EBADF;
	struct proc_exit how = { 0 };
	int pair[2], k;

	if (!r->holder)
		return 0;
	k = sock_pair(SOCK_SEQPACKET, pair);
	if (k < 0)
		return err_sys(e, k, "make a socket pair");
	ours = pair[0];
	its = pair[1];
	helper.pid = proc_clone(0, -EBADF, &helper.pidfd);
	if (helper.pid == 0)
		helper_main(r, rootfs, a, its);
	if (helper.pid < 0)
		return err_sys(e, helper.pid, "clone a helper");
	fd_done(&its);
	k = sync_expect_end(ours, "the helper", e);
	proc_wait(helper.pidfd, -1, &how);
	return k == 0 && (how.code || how.signal) ? err_set(e, ERR_INTERNAL, "the helper that unmounts '%s' was killed", rootfs) : k;
}
