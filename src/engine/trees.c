/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/trees.h"
#include "engine/events.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/vec.h"
#include "engine/idmap.h"
#include "engine/launch.h"
#include "engine/view.h"
#include "image/making/commit.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/ns.h"
#include "spec/defaults.h"

/* ---- one container ------------------------------------------------------------------------------------------------------------------------------- */

void tree_done(struct tree *t)
{
	fd_done(&t->merged);
	fd_done(&t->upper);
	store_done(&t->h);
}

/* With vfs the copy is made by the first start; before that a container is its image. */
static int upper_open(struct tree *t, struct err *e)
{
	t->copy = streq(t->h.c.storage_driver, "vfs");
	t->upper = openat(t->h.object.fd, t->copy ? "root" : "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (t->upper < 0 && errno == ENOENT && t->copy)
		t->upper = view_open(t->h.en, &t->image.layers, e);
	else if (t->upper < 0)
		err_sys(e, -errno, "open files of container " SHORT_ID_FMT, t->h.id);
	return t->upper < 0 ? t->upper : 0;
}

int tree_open(struct engine *en, const char *ref, struct arena *a, struct tree *ret, struct err *e)
{
	struct image_store *s;
	const char *id;
	int r = container_find(en, ref, a, &id, e);

	*ret = TREE_NONE;
	if (r == 0)
		r = store_lock(en, id, true, a, &ret->h, e);
	if (r == 0 && idmap_is_set(&ret->h.c) && ns_is_initial_user() == 0)
		r = err_set(e, ERR_UNSUPPORTED, "unsupported: to take files out of container '%s', which has a user namespace of its own, as an ordinary user", ref);
	/* What a run that ended has left is put away first: it would be in the way of a view. */
	if (r == 0 && ret->h.live >= 0 && !store_monitor_is_alive(&ret->h, a))
		r = launch_cleanup(en, &ret->h, a, e);
	if (r == 0)
		r = store_status(&ret->h, a, &ret->info, e);
	if (r == 0)
		r = engine_images(en, &s, e);
	if (r == 0)
		r = image_find(s, ret->h.c.image.id, a, &ret->image, e);
	if (r == 0)
		r = upper_open(ret, e);
	if (r < 0)
		tree_done(ret);
	return r;
}

/*
 * A container that runs is mounted; one that is put away is not, and its directory may serve as a lower one. A mount that shows other ids than the files have (user
 * namespace) is not looked at.
 */
static bool is_mounted(const struct tree *t)
{
	return !idmap_is_set(&t->h.c) && t->h.live >= 0 && container_is_up(t->info.status);
}

int tree_merge(struct tree *t, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct strs layers = { 0 };

	if (is_mounted(t)) {
		t->merged = openat(t->h.live, DIR_ROOTFS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return t->merged < 0 ? err_sys(e, -errno, "open '%s/" DIR_ROOTFS "'", t->h.live_path) : 0;
	}
	if (t->copy) {
		t->merged = openat(t->upper, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return t->merged < 0 ? err_sys(e, -errno, "open files of container " SHORT_ID_FMT, t->h.id) : 0;
	}
	for (size_t i = 0; i < t->image.layers.n; i++)
		strs_push(&a, &layers, t->image.layers.v[i]);
	strs_push(&a, &layers, arena_printf(&a, "%s/containers/%s/upper", t->h.en->root, t->h.id));
	t->merged = view_open(t->h.en, &layers, e);
	return t->merged < 0 ? t->merged : 0;
}

/* What starting it may have made in its tree: where the default mounts and our own files stand. */
static struct strs mountpoints(struct arena *a)
{
	static const char *const files[] = { "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc", "/sbin/docker-init", "/sbin" };
	struct strs list = { 0 };
	struct oci_mount *mounts;
	size_t n;

	defaults_mounts(false, 0, a, &mounts, &n);
	for (size_t i = 0; i < n; i++)
		strs_push(a, &list, mounts[i].destination);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		strs_push(a, &list, files[i]);
	return list;
}

int tree_changes(const struct tree *t, struct arena *a, struct changes *ret, struct err *e)
{
	scoped_fd int lower = view_open(t->h.en, &t->image.layers, e);
	struct strs own = mountpoints(a);

	if (lower < 0)
		return lower;
	return t->copy ? changes_of_copy(t->upper, lower, &own, a, ret, e) : changes_find(t->upper, lower, &own, a, ret, e);
}

/* ---- diff ------------------------------------------------------------------------------------------------------------------------------------------ */

static void changes_give(const struct changes *c, struct container_change **ret, size_t *ret_n)
{
	*ret = c->v;
	*ret_n = c->n;
}

int container_diff(struct engine *en, const char *ref, struct arena *a, struct container_change **ret, size_t *ret_n, struct err *e)
{
	scoped_tree struct tree t = TREE_NONE;
	struct changes c;
	int r = tree_open(en, ref, a, &t, e);

	if (r == 0)
		r = tree_changes(&t, a, &c, e);
	if (r == 0)
		changes_give(&c, ret, ret_n);
	return r;
}

/* The merged tree of a container or an image. */
static int any_open(struct engine *en, const char *ref, struct arena *a, int *ret_fd, struct err *e)
{
	scoped_tree struct tree t = TREE_NONE;
	int r = tree_open(en, ref, a, &t, e);

	if (r == 0) {
		r = tree_merge(&t, e);
		*ret_fd = r < 0 ? -EBADF : take_fd(&t.merged);
		return r;
	}
	if (e->kind != ERR_NOT_FOUND)
		return r;
	err_clear(e);
	r = view_image(en, ref, a, NULL, e);
	if (r >= 0)
		*ret_fd = r;
	return r < 0 ? r : 0;
}

/* What the last layer of an image does to those below it. */
static int layer_diff(struct engine *en, const char *ref, struct arena *a, struct changes *ret, struct err *e)
{
	static const struct strs none;
	scoped_fd int upper = -EBADF, lower = -EBADF;
	struct image_store *s;
	struct image image;
	struct strs below;
	int r = engine_images(en, &s, e);

	if (r == 0)
		r = image_find(s, ref, a, &image, e);
	if (r == 0)
		r = image_expect_unpacked(&image, e);
	*ret = (struct changes){ 0 };
	if (r < 0 || image.layers.n == 0)
		return r;
	below = (struct strs){ image.layers.v, image.layers.n - 1 };
	if (below.n > 0) {
		lower = view_open(en, &below, e);
		if (lower < 0)
			return lower;
	}
	upper = view_open(en, &(struct strs){ &image.layers.v[below.n], 1 }, e);
	return upper < 0 ? upper : changes_find(upper, lower, &none, a, ret, e);
}

int image_diff(struct engine *en, const char *ref, const char *other, struct arena *a, struct container_change **ret, size_t *ret_n, struct err *e)
{
	scoped_fd int from = -EBADF, to = -EBADF;
	struct changes c;
	int r;

	if (!other) {
		r = layer_diff(en, ref, a, &c, e);
	} else {
		r = any_open(en, ref, a, &from, e);
		if (r == 0)
			r = any_open(en, other, a, &to, e);
		if (r == 0)
			r = changes_between(from, to, a, &c, e);
	}
	if (r == 0)
		changes_give(&c, ret, ret_n);
	return r;
}

/* ---- export ---------------------------------------------------------------------------------------------------------------------------------------- */

int container_export(struct engine *en, const char *ref, int out, int cancel_fd, bool *ret_changed, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_tree struct tree t = TREE_NONE;
	struct commit_tree what = { .root = false, .cancel_fd = cancel_fd };
	struct image_store *s;
	int r = tree_open(en, ref, &a, &t, e);

	if (r == 0)
		r = tree_merge(&t, e);
	if (r == 0)
		r = engine_images(en, &s, e);
	if (r < 0)
		return r;
	what.fd = t.merged;
	r = image_export(s, &what, out, ret_changed, e);
	if (r < 0)
		return err_wrap(e, "container '%s'", ref);
	container_event(en, &t.h.c, "export", NULL);
	return 0;
}
