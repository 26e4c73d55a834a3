/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "engine/tree_copy.h"
#include "os/file.h"
#include "os/path_safe.h"

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
