/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/idmap.h"
#include "engine/launch.h"
#include "engine/mount_source.h"
#include "engine/snapshot_of.h"
#include "engine/tree_mount.h"
#include "engine/volume.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/ns.h"
#include "os/path_safe.h"
#include "os/proc.h"

enum { MOUNTPOINT_MODE = 0755 };

/* ---- one that runs -------------------------------------------------------------------------------------------------------------------------------- */

static int running_open(struct inside *x, struct arena *a, struct err *e)
{
	struct monitor_state s = { 0 };
	scoped_fd int pidfd = -EBADF;
	char path[32];
	int r = monitor_state_load(x->h.live_path, a, &s, e);

	if (r < 0)
		return r;
	pidfd = proc_open_checked((pid_t)s.pid, s.pid_start);
	if (pidfd < 0)
		return err_set(e, ERR_CONFLICT, "container %s has just ended", x->h.c.name);
	snprintf(path, sizeof path, "/proc/%u/root", s.pid);
	x->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (x->root < 0)
		return err_sys(e, -errno, "open the root of container %s", x->h.c.name);
	/* The number was still that process' when its root was opened. */
	if (proc_signal(pidfd, 0) < 0)
		return err_set(e, ERR_CONFLICT, "container %s has just ended", x->h.c.name);
	x->runs = true;
	object_done(&x->h.object);
	return 0;
}

/* ---- one that does not ---------------------------------------------------------------------------------------------------------------------------- */

/* Where we came from. */
struct home {
	int ns, root, cwd;
};

static void home_done(struct home *h)
{
	fd_done(&h->ns);
	fd_done(&h->root);
	fd_done(&h->cwd);
}

static int home_leave(struct home *ret)
{
	struct home h = { .ns = ns_open_path("/proc/thread-self/ns/mnt", NS_MOUNT), .root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC),
		.cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC) };
	int r = h.ns < 0 ? h.ns : h.root < 0 || h.cwd < 0 ? -EIO : ns_unshare(CLONE_NEWNS);

	scoped_fd int root = r < 0 ? r : open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	*ret = h;
	return r < 0 ? r : root < 0 ? -errno : mount_change(root, true, 0, 0, MS_PRIVATE);
}

static int home_return(const struct home *h)
{
	int r = ns_join(h->ns, NS_MOUNT);

	if (r == 0)
		r = mount_chroot(h->root);
	return r == 0 && fchdir(h->cwd) < 0 ? -errno : r;
}

static bool is_volume(const struct container_mount *m)
{
	return m->kind == CONTAINER_MOUNT_VOLUME;
}

/* What options mount on volumes must be there before we go: in our own namespace it would be seen by us alone. */
static int volumes_hold(struct inside *x, struct arena *a, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < x->h.c.n_mounts; i++) {
		scoped_volume_claim struct volume_claim c = VOLUME_CLAIM_NONE;

		if (!is_volume(&x->h.c.mounts[i]))
			continue;
		r = volume_open(x->h.en, x->h.c.mounts[i].source, a, &c, e);
		if (r == 0)
			r = volume_hold(x->h.en, &c, x->h.id, e);
	}
	return r;
}

static void volumes_let_go(struct inside *x)
{
	for (size_t i = 0; i < x->h.c.n_mounts; i++)
		if (is_volume(&x->h.c.mounts[i]))
			volume_let_go(x->h.en, x->h.c.mounts[i].source, NULL, x->h.id);
}

/* A directory or file of the host on the place in the tree where the container will see it. */
static int source_mount(int from, const struct container_mount *m, int rootfs)
{
	scoped_fd int target = -EBADF;
	struct stat st;
	int r;

	r = m->read_only ? mount_change(from, true, MOUNT_ATTR_RDONLY, 0, 0) : 0;
	if (r == 0 && fstat(from, &st) < 0)
		r = -errno;
	if (r < 0)
		return r;
	target = S_ISDIR(st.st_mode) ? path_mkdir(rootfs, m->target, MOUNTPOINT_MODE, PATH_IN_ROOT) : path_touch(rootfs, m->target, PATH_IN_ROOT);
	return target < 0 ? target : mount_move(from, target);
}

static int one_mount(struct inside *x, const struct container_mount *m, int rootfs, struct arena *a, struct err *e)
{
	scoped_fd int from = -EBADF;
	int r = 0;

	if (m->kind == CONTAINER_MOUNT_TMPFS || m->kind == CONTAINER_MOUNT_DEVPTS)
		return 0;       /* empty until it runs */
	if (is_volume(m))
		r = volume_prepare(x->h.en, m, rootfs, x->h.id, e);
	if (r == 0)
		r = mount_source_open(&x->h, (size_t)(m - x->h.c.mounts), a, &from, e);
	if (r == -ENOENT) {
		err_clear(e);
		return 0;       /* a start would say so */
	}
	if (r < 0)
		return r;
	r = source_mount(from, m, rootfs);
	return r < 0 ? err_sys(e, r, "mount '%s' on '%s'", m->source, m->target) : 0;
}

static int by_depth(const void *x, const void *y)
{
	const struct container_mount *a = *(const struct container_mount *const *)x, *b = *(const struct container_mount *const *)y;
	size_t m = container_target_depth(a->target), n = container_target_depth(b->target);

	return m != n ? (m < n ? -1 : 1) : strcmp(a->target, b->target);
}

static int mounts_make(struct inside *x, int rootfs, struct arena *a, struct err *e)
{
	size_t n = x->h.c.n_mounts;
	const struct container_mount **v = arena_array(a, const struct container_mount *, n + 1);
	int r = 0;

	for (size_t i = 0; i < n; i++)
		v[i] = &x->h.c.mounts[i];
	if (n > 0)
		qsort(v, n, sizeof *v, by_depth);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = one_mount(x, v[i], rootfs, a, e);
	return r;
}

/* Where people have mounted it that is it: an overlay must not be mounted twice. */
static int root_mount(struct inside *x, const struct snapshot *s, int run, struct arena *a, struct err *e)
{
	const char *people = tree_mount_find(x->h.en, x->h.id, a);
	scoped_fd int mount = people ? mount_clone(AT_FDCWD, people, false) : -EBADF;
	int r;

	if (!people)
		return snapshot_mount(s, &x->h.en->facts, run, "containers", e);
	r = mount < 0 ? mount : mount_move_at(mount, run, "containers");
	return r < 0 ? err_sys(e, r, "mount '%s'", people) : 0;
}

/* In the new namespace. Its tree stands for a moment on the live directories, of which this container has none. */
static int tree_make(struct inside *x, const struct snapshot *s, struct arena *a, struct err *e)
{
	scoped_fd int run = dir_open(AT_FDCWD, x->h.en->run), rootfs = -EBADF;
	int r;

	x->ns = ns_open_path("/proc/thread-self/ns/mnt", NS_MOUNT);
	if (x->ns < 0 || run < 0)
		return err_sys(e, x->ns < 0 ? x->ns : run, "open the new mount namespace");
	r = root_mount(x, s, run, a, e);
	if (r < 0)
		return r;
	rootfs = dir_open(run, "containers");
	r = rootfs < 0 ? err_sys(e, rootfs, "open the mounted tree") : mounts_make(x, rootfs, a, e);
	if (r < 0)
		return r;
	r = x->h.c.request.read_only ? mount_change(rootfs, false, MOUNT_ATTR_RDONLY, 0, 0) : 0;
	if (r == 0)
		r = mount_pivot(rootfs);
	if (r < 0)
		return err_sys(e, r, "make the tree the root");
	x->root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return x->root < 0 ? err_sys(e, -errno, "open the tree") : 0;
}

static int stopped_open(struct inside *x, struct arena *a, struct err *e)
{
	SCOPED(home_done) struct home home = { -EBADF, -EBADF, -EBADF };
	struct image_store *images;
	struct strs held = { 0 };
	struct image image;
	struct snapshot s;
	struct err back = { 0 };
	int r = engine_images(x->h.en, &images, e);

	if (r == 0)
		r = image_find(images, x->h.c.image.id, a, &image, e);
	if (r < 0)
		return r;
	s = snapshot_of(&x->h, &image.layers, a);
	x->holds_layers = true;
	r = snapshot_hold(&s, a, &held, e);
	if (r == 0)
		r = volumes_hold(x, a, e);
	if (r < 0)
		return r;
	r = home_leave(&home);
	r = r < 0 ? err_sys(e, r, "make a mount namespace") : tree_make(x, &s, a, e);
	/* Whatever happened, the rest of this process wants the host. */
	if (home.ns >= 0 && home_return(&home) < 0)
		return err_set(r < 0 ? &back : e, ERR_INTERNAL, "cannot go back to the host's mount namespace");
	return r;
}

/* ---- the interface -------------------------------------------------------------------------------------------------------------------------------- */

void inside_done(struct inside *x)
{
	fd_done(&x->root);
	fd_done(&x->ns);
	if (x->holds_layers) {
		mount_source_forget(&x->h);
		volumes_let_go(x);
		snapshot_let_go(&(struct snapshot){ .id = x->h.id, .run = x->h.en->run });
	}
	x->holds_layers = false;
	store_done(&x->h);
}

/* Owners would be those of the map, both ways. On disk, root's containers have plain ones (image/snapshot/mapped.h). */
static int ids_check(const struct inside *x, struct err *e)
{
	if (!idmap_is_set(&x->h.c))
		return 0;
	if (ns_is_initial_user() == 0)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: files of container %s, which has a user namespace of its own, as an ordinary user: use a volume, or tar through exec",
			x->h.c.name);
	return container_is_up(x->info.status) ? err_set(e, ERR_UNSUPPORTED, "unsupported: files of container %s while it runs, because it has a user namespace of its own: stop it first",
		x->h.c.name) : 0;
}

int inside_open(struct engine *en, const char *ref, struct arena *a, struct inside *ret, struct err *e)
{
	const char *id;
	int r = container_find(en, ref, a, &id, e);

	*ret = INSIDE_NONE;
	if (r == 0)
		r = store_lock(en, id, true, a, &ret->h, e);
	/* What a run that ended has left is put away first. */
	if (r == 0 && ret->h.live >= 0 && !store_monitor_is_alive(&ret->h, a))
		r = launch_cleanup(en, &ret->h, a, e);
	if (r == 0)
		store_reopen_live(&ret->h);
	if (r == 0)
		r = store_status(&ret->h, a, &ret->info, e);
	if (r == 0)
		r = ids_check(ret, e);
	if (r == 0 && (ret->info.status == CONTAINER_RUNNING || ret->info.status == CONTAINER_PAUSED))
		r = running_open(ret, a, e);
	else if (r == 0 && ret->h.live >= 0)
		r = err_set(e, ERR_CONFLICT, "container %s is starting or ending: try again", ret->h.c.name);
	else if (r == 0)
		r = stopped_open(ret, a, e);
	if (r < 0)
		inside_done(ret);
	return r;
}
