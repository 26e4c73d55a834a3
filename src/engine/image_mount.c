/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "codec/digest.h"
#include "engine/view.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/mount.h"

#define LOCK ".lock"

static const char *mount_path(const struct engine *en, const char *id, struct arena *a)
{
	return arena_printf(a, "%s/images/%s", en->run, digest_hex(id));
}

/* A directory without a mount is what somebody left who was killed between the two. */
static bool is_mounted(const char *path)
{
	scoped_arena struct arena a = { 0 };
	const struct mount_info *m;
	struct mount_infos list;

	if (access(path, F_OK) < 0 || mount_read_infos(&a, &list) < 0)
		return false;
	m = mount_infos_find(&list, path);
	return m && streq(m->target, path);
}

bool image_mount_user(struct engine *en, const char *id, char *ret_who, size_t size)
{
	scoped_arena struct arena a = { 0 };
	const char *path = mount_path(en, id, &a);

	if (!is_mounted(path))
		return false;
	snprintf(ret_who, size, "the mount at '%s'", path);
	return true;
}

/* Finds the image and takes the lock of all mounts, owned. */
static int mounts_lock(struct engine *en, const char *ref, struct arena *a, struct image *image, struct err *e)
{
	const char *path = arena_printf(a, "%s/images", en->run);
	struct image_store *s;
	int r = engine_images(en, &s, e);

	if (r == 0)
		r = image_find(s, ref, a, image, e);
	if (r < 0)
		return r;
	do {
		scoped_fd int dir = dir_ensure(AT_FDCWD, path, 0711);

		r = dir < 0 ? dir : lock_file_wait(dir, LOCK, FILE_LOCK_EXCLUSIVE);
	} while (r == -ENOENT); /* somebody took the last mount away, and the directory with it */
	return r < 0 ? err_sys(e, r, "lock '%s'", path) : r;
}

/* Nothing is mounted any more: nothing is left. With the lock held. */
static void mounts_tidy(struct engine *en, struct arena *a)
{
	const char *path = arena_printf(a, "%s/images", en->run);
	struct image_mount *v;
	size_t n = 0;
	struct err ignored; /* then it stays */

	if (image_mounts(en, a, &v, &n, &ignored) < 0 || n > 0)
		return;
	unlink(arena_printf(a, "%s/" LOCK, path));
	rmdir(path);
}

static int mount_place(struct engine *en, const struct image *image, const char *path, struct err *e)
{
	scoped_fd int mnt = -EBADF;
	int r;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(e, -errno, "make '%s'", path);
	r = image_expect_unpacked(image, e);
	mnt = r < 0 ? r : view_mount(en, &image->layers, e);
	if (mnt < 0)
		r = mnt;
	else if ((r = mount_move_at(mnt, AT_FDCWD, path)) < 0)
		err_sys(e, r, "mount on '%s'", path);
	if (r < 0)
		rmdir(path);
	return r;
}

int image_mount(struct engine *en, const char *ref, struct arena *a, struct image_mount *ret, struct err *e)
{
	scoped_fd int lock = -EBADF, pin = -EBADF;
	struct image image;
	int r;

	lock = mounts_lock(en, ref, a, &image, e);
	if (lock < 0)
		return lock;
	*ret = (struct image_mount){ image.id, mount_path(en, image.id, a) };
	if (is_mounted(ret->path))
		return 0;
	/* Nobody removes it between our look and the mount. */
	r = image_pin(en->images, image.id, &pin, e);
	if (r == 0)
		r = mount_place(en, &image, ret->path, e);
	if (r == 0)
		return 0;
	mounts_tidy(en, a);
	return err_wrap(e, "image '%s'", ref);
}

int image_unmount(struct engine *en, const char *ref, struct arena *a, const char **ret_id, struct err *e)
{
	scoped_fd int lock = -EBADF;
	struct image image;
	const char *path;
	int r;

	lock = mounts_lock(en, ref, a, &image, e);
	if (lock < 0)
		return lock;
	path = mount_path(en, image.id, a);
	if (!is_mounted(path)) {
		rmdir(path);
		mounts_tidy(en, a);
		return err_set(e, ERR_CONFLICT, "image '%s' is not mounted", ref);
	}
	r = mount_detach(path);
	if (r < 0)
		return err_sys(e, r, "unmount '%s'", path);
	rmdir(path);
	mounts_tidy(en, a);
	*ret_id = image.id;
	return 0;
}

struct mounts {
	struct engine *en;
	struct arena *a;
	struct VEC(struct image_mount) found;
};

static int mount_add(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct mounts *m = arg;
	const char *path = arena_printf(m->a, "%s/images/%s", m->en->run, name);

	if (*name != '.' && is_mounted(path))
		*vec_push(m->a, &m->found) = (struct image_mount){ arena_printf(m->a, "sha256:%s", name), path };
	return 0;
}

int image_mounts(struct engine *en, struct arena *a, struct image_mount **ret, size_t *ret_n, struct err *e)
{
	struct mounts m = { .en = en, .a = a };
	scoped_fd int dir = dir_open(AT_FDCWD, arena_printf(a, "%s/images", en->run));
	int r = dir == -ENOENT ? 0 : dir < 0 ? dir : dir_each(dir, mount_add, &m);

	if (r < 0)
		return err_sys(e, r, "list '%s/images'", en->run);
	*ret = m.found.v;
	*ret_n = m.found.n;
	return 0;
}
