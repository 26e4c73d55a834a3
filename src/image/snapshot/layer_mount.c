/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers that are files: each is mounted once, for all containers, so that they share what the kernel has cached of it. Who uses it is written down as an
 * empty file per container; a lock over all of it is held for as long as that takes, which is microseconds once a layer is mounted.
 */
#include "image/snapshot/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/loop_device.h"
#include "os/mount.h"

#define LOCK_NAME "lock"
#define ROOT_NAME "root"
#define USERS_NAME "users"

static bool layer_is_file(const char *path)
{
	return str_ends(path, LAYER_EROFS_SUFFIX);
}

/* ---- one file ---- */

/*
 * A file as it is (kernel 6.12), else a loop device over it; "needs a block device" is how older kernels refuse the first.
 * TARE_EROFS_LOOP, for tests, takes the second way at once.
 */
static int layer_mount_file(const char *file, int dirfd, const char *target, struct err *e)
{
	const struct pairs read_only = { (struct pair[]){ { "ro", NULL } }, 1 };
	char words[MOUNT_MESSAGE_SIZE], device[LOOP_DEVICE_PATH];
	scoped_fd int mnt = getenv("TARE_EROFS_LOOP") ? -ENOTBLK : mount_new("erofs", file, &read_only, MOUNT_ATTR_RDONLY, words);
	scoped_fd int loop = -EBADF;
	int r;

	if (mnt == -ENOTBLK) {
		loop = loop_device_attach(file, device);
		if (loop < 0)
			return err_sys(e, loop, "loop device over '%s'", file);
		mnt = mount_new("erofs", device, &read_only, MOUNT_ATTR_RDONLY, words);
	}
	if (mnt < 0)
		return words[0] ? err_sys(e, mnt, "mount layer '%s': %s", file, words) : err_sys(e, mnt, "mount layer '%s'", file);
	r = mount_move_at(mnt, dirfd, target);
	return r < 0 ? err_sys(e, r, "place layer '%s'", file) : 0;
}

/* ---- who uses it ---- */

/* The directory of all mounted layers, locked. */
struct layers_dir {
	int fd, lock;
};

static void layers_dir_done(struct layers_dir *d)
{
	fd_close(d->lock);
	fd_close(d->fd);
}

static int layers_dir_open(const char *run, bool make, struct layers_dir *ret)
{
	scoped_arena struct arena a = { 0 };
	const char *path = arena_printf(&a, "%s/layers", run);
	int r = dir_open(AT_FDCWD, path);

	if (r == -ENOENT && make)
		r = dir_ensure(AT_FDCWD, path, 0700);
	if (r < 0)
		return r;
	ret->fd = r;
	ret->lock = lock_file_wait(ret->fd, LOCK_NAME, FILE_LOCK_EXCLUSIVE);
	return ret->lock < 0 ? ret->lock : 0;
}

/* Nobody uses the layer any more: unmounts it and removes its directory. Somebody does: nothing. */
static void layer_put_away(int layers, const char *hex)
{
	scoped_arena struct arena a = { 0 };
	scoped_fd int dir = dir_open(layers, hex);

	if (dir < 0 || (unlinkat(dir, USERS_NAME, AT_REMOVEDIR) < 0 && errno != ENOENT))
		return;
	mount_detach(arena_printf(&a, "%s/" ROOT_NAME, fd_path(dir).s));
	unlinkat(dir, ROOT_NAME, AT_REMOVEDIR);
	unlinkat(layers, hex, AT_REMOVEDIR);
}

static int layer_hold(int layers, const char *hex, const char *file, const char *id, struct err *e)
{
	scoped_fd int dir = dir_ensure(layers, hex, 0700);
	scoped_fd int users = dir < 0 ? dir : dir_ensure(dir, USERS_NAME, 0700);
	scoped_fd int root = users < 0 ? users : dir_ensure(dir, ROOT_NAME, 0700);
	int r = root < 0 ? root : file_create(users, id, "", 0, 0600);

	if (r < 0)
		return err_sys(e, r, "hold layer '%.12s'", hex);
	return fd_mounted_at(dir, ROOT_NAME) ? 0 : layer_mount_file(file, dir, ROOT_NAME, e);
}

int layer_mount_all(const struct snapshot *s, struct arena *a, struct strs *ret, struct err *e)
{
	SCOPED(layers_dir_done) struct layers_dir d = { -EBADF, -EBADF };
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->layers->n; i++) {
		const char *path = s->layers->v[i], *hex = strrchr(path, '/') + 1;

		if (!layer_is_file(path)) {
			strs_push(a, ret, path);
			continue;
		}
		hex = arena_strndup(a, hex, strlen(hex) - strlen(LAYER_EROFS_SUFFIX));
		if (d.fd < 0)
			r = layers_dir_open(s->run, true, &d);
		if (r < 0)
			return err_sys(e, r, "open '%s/layers'", s->run);
		r = layer_hold(d.fd, hex, path, s->id, e);
		strs_push(a, ret, arena_printf(a, "%s/layers/%s/" ROOT_NAME, s->run, hex));
	}
	if (r < 0) {
		layers_dir_done(&d);
		d = (struct layers_dir){ -EBADF, -EBADF };
		layer_release_all(s->run, s->id);
	}
	return r;
}

struct releasing {
	const char *id;
	bool (*is_alive)(void *arg, const char *id); /* instead of id */
	void *arg;
	int layers, n;
};

static int user_visit(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct releasing *v = arg;

	if (!v->is_alive(v->arg, name) && unlinkat(dirfd, name, 0) == 0)
		v->n++;
	return 0;
}

static int layer_visit(void *arg, int dirfd, const char *hex, unsigned char type)
{
	struct releasing *v = arg;
	scoped_arena struct arena a = { 0 };
	int n = v->n;

	if (strcmp(hex, LOCK_NAME) == 0)
		return 0;
	if (v->id) {
		if (unlinkat(dirfd, arena_printf(&a, "%s/" USERS_NAME "/%s", hex, v->id), 0) == 0)
			v->n++;
	} else {
		scoped_fd int users = dir_open(dirfd, arena_printf(&a, "%s/" USERS_NAME, hex));

		if (users >= 0)
			dir_each(users, user_visit, v);
		/* A mount that was broken off has no user yet. */
		n = v->n - 1;
	}
	if (v->n > n)
		layer_put_away(dirfd, hex);
	return 0;
}

static int layers_release(const char *run, struct releasing *v)
{
	SCOPED(layers_dir_done) struct layers_dir d = { -EBADF, -EBADF };

	if (layers_dir_open(run, false, &d) < 0)
		return 0; /* no layer was ever mounted */
	dir_each(d.fd, layer_visit, v);
	return v->n;
}

void layer_release_all(const char *run, const char *id)
{
	struct releasing v = { .id = id };

	layers_release(run, &v);
}

int snapshot_heal(const char *run, bool (*is_alive)(void *arg, const char *id), void *arg)
{
	struct releasing v = { .is_alive = is_alive, .arg = arg };

	return layers_release(run, &v);
}
