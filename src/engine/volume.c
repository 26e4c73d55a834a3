/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/vec.h"
#include "engine/id.h"
#include "os/file.h"
#include "os/path_safe.h"
#include "os/survey.h"
#include "os/tree_copy.h"

#define VOLUME_DATA "_data"
enum { VOLUME_MODE = 0755 };

const char *volume_directory(const struct engine *en, struct arena *a)
{
	return arena_printf(a, "%s/volumes", en->root);
}

/* Makes the object with its empty directory, or waits for whoever is making it. Returns it locked. */
static int volume_obtain(const struct objdir *d, const char *name, struct object *ret)
{
	for (;;) {
		int r = object_create(d, name, 0, ret);

		if (r == 0)
			return 0;
		if (r != -EEXIST)
			return r;
		r = object_open_locked(d, name, true, ret);
		if (r != -ENOENT)
			return r;       /* -ENOENT: removed meanwhile, so it can be made */
	}
}

static int volume_fill(const struct container_mount *m, int rootfs, int data)
{
	scoped_fd int from = -EBADF;
	int r = tree_is_empty(data);

	if (r <= 0)
		return r;
	from = path_open(rootfs, m->target, O_RDONLY | O_DIRECTORY, 0, PATH_IN_ROOT);
	if (from == -ENOENT || from == -ENOTDIR)
		return 0;       /* the image has nothing there */
	return from < 0 ? from : tree_copy(from, data);
}

static int volume_finish(const struct container_mount *m, const struct object *o, int rootfs)
{
	scoped_fd int data = -EBADF;
	int r = 0;

	if (!object_is_finished(o))
		r = dir_remove_tree(o->fd, VOLUME_DATA);        /* whoever began to fill it died */
	if (r == 0)
		r = dir_ensure(o->fd, VOLUME_DATA, VOLUME_MODE);
	if (r < 0)
		return r;
	data = dir_open(o->fd, VOLUME_DATA);
	if (data < 0)
		return data;
	if (!m->no_copy) {
		r = volume_fill(m, rootfs, data);
		if (r < 0)
			return r;
	}
	return object_is_finished(o) ? 0 : object_finish(o);
}

int volume_prepare(struct engine *en, const struct container_mount *m, int rootfs, struct err *e)
{
	scoped_object struct object o = OBJECT_NONE;
	const struct objdir *d;
	int r = engine_volumes(en, &d, e);

	if (r < 0)
		return r;
	r = volume_obtain(d, m->source, &o);
	if (r == 0)
		r = volume_finish(m, &o, rootfs);
	return r < 0 ? err_sys(e, r, "prepare volume '%s'", m->source) : 0;
}

int volume_remove(struct engine *en, const char *name, struct err *e)
{
	scoped_object struct object o = OBJECT_NONE;
	const struct objdir *d;
	int r = engine_volumes(en, &d, e);

	if (r < 0)
		return r;
	r = object_open_locked(d, name, true, &o);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = object_remove(d, name, &o);
	return r < 0 ? err_sys(e, r, "remove volume '%s'", name) : 0;
}

/* ---- prune ---- */

struct pruning {
	struct arena *a;
	struct strs names;
};

/* Nobody names a volume by 64 hexadecimal digits but id_new(). So no container can come meanwhile that has it. */
static bool is_anonymous(const char *name)
{
	return strlen(name) == CONTAINER_ID_SIZE - 1 && strspn(name, "0123456789abcdef") == CONTAINER_ID_SIZE - 1;
}

static int volume_visit(void *arg, const char *name)
{
	struct pruning *p = arg;

	if (is_anonymous(name))
		strs_push(p->a, &p->names, arena_strdup(p->a, name));
	return 0;
}

static bool is_linked(const struct container_info *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < v[i].c->n_mounts; k++)
			if (v[i].c->mounts[k].kind == CONTAINER_MOUNT_VOLUME && streq(v[i].c->mounts[k].source, name))
				return true;
	return false;
}

int volume_prune(struct engine *en, void (*each)(void *arg, const char *name), void *arg, uint64_t *ret_bytes, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct container_list_options all = { .all = true };
	struct pruning p = { .a = &a };
	const struct objdir *volumes;
	struct container_info *v;
	size_t n;
	int r = engine_volumes(en, &volumes, e);

	if (r < 0)
		return r;
	/* Volumes first: one that comes later belongs to a container that is not in the list. */
	r = objdir_each(volumes, volume_visit, &p);
	if (r < 0)
		return err_sys(e, r, "list volumes");
	r = container_list(en, &all, &a, &v, &n, e);
	for (size_t i = 0; r == 0 && i < p.names.n; i++) {
		uint64_t bytes = 0;

		if (is_linked(v, n, p.names.v[i]))
			continue;
		survey_entry(volumes->fd, p.names.v[i], &bytes);
		r = volume_remove(en, p.names.v[i], e);
		if (r == 0) {
			each(arg, p.names.v[i]);
			*ret_bytes += bytes;
		}
	}
	return r;
}
