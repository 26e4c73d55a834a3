/* SPDX-License-Identifier: Apache-2.0 */
/* What `mount` and `unmount` ask for. */
#include "engine/tree_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/vec.h"
#include "engine/launch.h"
#include "engine/snapshot_of.h"
#include "image/image.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/mount.h"

enum { MOUNTED_MODE = 0700 };

/* ---- one that does not run ------------------------------------------------------------------------------------------------------------------------ */

static int stopped_mount(struct holding *h, int dirfd, struct arena *a, struct err *e)
{
	struct image_store *images;
	struct image image;
	struct snapshot s;
	int r = engine_images(h->en, &images, e);

	if (r == 0)
		r = image_find(images, h->c.image.id, a, &image, e);
	if (r < 0)
		return r;
	s = snapshot_of(h, &image.layers, a);
	return snapshot_mount(&s, &h->en->facts, dirfd, h->id, e);
}

static int running_mount(struct holding *h, int dirfd, struct err *e)
{
	scoped_fd int mount = mount_clone(h->live, DIR_ROOTFS, false);
	int r = mount < 0 ? mount : mount_move_at(mount, dirfd, h->id);

	return r < 0 ? err_sys(e, r, "mount the tree of container " SHORT_ID_FMT, h->id) : 0;
}

/* ---- the interface -------------------------------------------------------------------------------------------------------------------------------- */

static int mount_make(struct holding *h, struct arena *a, struct err *e)
{
	scoped_fd int dir = dir_ensure_all(AT_FDCWD, arena_printf(a, "%s/" TREE_MOUNTED, h->en->run), MOUNTED_MODE);
	int r;

	if (dir < 0)
		return err_sys(e, dir, "make '%s/" TREE_MOUNTED "'", h->en->run);
	if (mkdirat(dir, h->id, MOUNTED_MODE) < 0)
		return err_sys(e, -errno, "make a place for the tree of container " SHORT_ID_FMT, h->id);
	r = h->live >= 0 && store_monitor_is_alive(h, a) ? running_mount(h, dir, e) : stopped_mount(h, dir, a, e);
	if (r < 0)
		unlinkat(dir, h->id, AT_REMOVEDIR);
	return r;
}

int container_mount(struct engine *en, const char *ref, struct arena *a, struct container_mounted *ret, struct err *e)
{
	scoped_holding struct holding h = HOLDING_NONE;
	const char *id;
	int r = container_find(en, ref, a, &id, e);

	if (r == 0)
		r = store_lock(en, id, true, a, &h, e);
	if (r == 0 && h.live >= 0 && !store_monitor_is_alive(&h, a)) {
		r = launch_cleanup(en, &h, a, e);
		store_reopen_live(&h);
	}
	if (r == 0 && !tree_mount_find(en, id, a))
		r = mount_make(&h, a, e);
	if (r == 0)
		*ret = (struct container_mounted){ id, h.c.name, tree_mount_path(en, id, a) };
	return r;
}

int container_unmount(struct engine *en, const char *ref, struct arena *a, const char **ret_id, struct err *e)
{
	scoped_holding struct holding h = HOLDING_NONE;
	int r = container_find(en, ref, a, ret_id, e);

	if (r == 0)
		r = store_lock(en, *ret_id, true, a, &h, e);
	if (r < 0)
		return r;
	if (!tree_mount_find(en, *ret_id, a))
		return err_set(e, ERR_CONFLICT, "container %s is not mounted", h.c.name);
	tree_mount_drop(en, *ret_id);
	/* Layers that are files are held by the run, if there is one. */
	if (h.live < 0)
		snapshot_let_go(&(struct snapshot){ .id = h.id, .run = en->run });
	return 0;
}

struct listing {
	struct engine *en;
	struct arena *a;
	struct VEC(struct container_mounted) found;
};

static int mounted_visit(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	struct listing *l = arg;
	scoped_holding struct holding h = HOLDING_NONE;
	struct err ignored = { 0 }; /* its container is gone: so is what was mounted */

	if (!text_is_hex(str_of(name), CONTAINER_ID_SIZE - 1) || store_open(l->en, name, l->a, &h, &ignored) < 0)
		return 0;
	*vec_push(l->a, &l->found) = (struct container_mounted){ arena_strdup(l->a, name), h.c.name, tree_mount_path(l->en, name, l->a) };
	return 0;
}

int container_mounts(struct engine *en, struct arena *a, struct container_mounted **ret, size_t *ret_n, struct err *e)
{
	scoped_fd int dir = dir_open(AT_FDCWD, arena_printf(a, "%s/" TREE_MOUNTED, en->run));
	struct listing l = { .en = en, .a = a };
	int r = dir < 0 ? (dir == -ENOENT ? 0 : dir) : dir_each(dir, mounted_visit, &l);

	*ret = l.found.v;
	*ret_n = l.found.n;
	return r < 0 ? err_sys(e, r, "list mounted containers") : 0;
}
