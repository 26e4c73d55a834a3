/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/view.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "image/snapshot/snapshot.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/overlay.h"

enum { MOUNT_DATA_MAX = 4095, FSCONFIG_STRING_MAX = 255 }; /* mount(2) copies one page; fsconfig one string of 256 */

enum { ATTRIBUTES = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC };

static int lower_add(int fs, const char *path)
{
	scoped_fd int fd = -EBADF;

	if (strlen(path) <= FSCONFIG_STRING_MAX)
		return mount_fsconfig_string(fs, "lowerdir+", path);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : mount_fsconfig_string(fs, "lowerdir+", fd_path(fd).s);
}

/* An overlay of lower directories only. */
static int overlay_new(const struct strs *layers, struct err *e)
{
	scoped_fd int fs = mount_fsopen("overlay");
	char words[MOUNT_MESSAGE_SIZE];
	int r = fs < 0 ? fs : mount_fsconfig_string(fs, "source", "tare");

	for (size_t i = layers->n; r == 0 && i-- > 0;)
		r = lower_add(fs, layers->v[i]);
	if (r == 0 && overlay_wants_userxattr())
		r = mount_fsconfig_flag(fs, "userxattr");
	if (r == 0)
		r = mount_fsconfig_create(fs);
	if (r == 0)
		r = mount_fsmount(fs, ATTRIBUTES);
	if (r >= 0)
		return r;
	mount_message(fs, words, sizeof words);
	return err_sys(e, r, "overlay of %zu layers%s%s", layers->n, words[0] ? ": " : "", words);
}

/* ---- kernels before 6.5 -------------------------------------------------------------------------------------------------------------------------- */

static int overlay_classic(const struct strs *layers, const char *target, struct err *e)
{
	scoped_buf struct buf data = BUF(MOUNT_DATA_MAX);
	int fds[LIMIT_LAYERS + 1], r;

	for (size_t i = 0; i < layers->n; i++) {
		fds[i] = open(layers->v[layers->n - 1 - i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		buf_printf(&data, "%s%s", i ? ":" : "lowerdir=", fd_path(fds[i]).s);
	}
	if (overlay_wants_userxattr())
		buf_printf(&data, ",userxattr");
	r = buf_is_full(&data) ? -E2BIG : mount_classic("tare", target, "overlay", MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC, buf_text(&data));
	for (size_t i = 0; i < layers->n; i++)
		fd_close(fds[i]);
	return r < 0 ? err_sys(e, r, "overlay of %zu layers", layers->n) : 0;
}

#define LOCK ".lock"

/* mount(2) needs a place. It is there for a moment, under a lock, so whatever else stands there is nobody's. */
static int overlay_old(struct engine *en, const struct strs *layers, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	const char *path = arena_printf(&a, "%s/views", en->run), *target = arena_printf(&a, "%s/now", path);
	scoped_fd int dir = -EBADF, lock = -EBADF;
	int mnt, r;

	do {
		fd_done(&dir);
		dir = dir_ensure(AT_FDCWD, path, 0700);
		lock = dir < 0 ? dir : lock_file_wait(dir, LOCK, FILE_LOCK_EXCLUSIVE);
	} while (lock == -ENOENT); /* whoever had it before us took the directory away */
	if (lock < 0)
		return err_sys(e, lock, "lock '%s'", path);
	/* What somebody who was killed in the middle left. */
	mount_detach(target);
	unlinkat(dir, "now", AT_REMOVEDIR);
	if (mkdirat(dir, "now", 0700) < 0)
		return err_sys(e, -errno, "make '%s'", target);
	r = overlay_classic(layers, target, e);
	mnt = r < 0 ? r : mount_clone(AT_FDCWD, target, false);
	if (r == 0)
		mount_detach(target);
	unlinkat(dir, "now", AT_REMOVEDIR);
	unlinkat(dir, LOCK, 0);
	rmdir(path);
	return r == 0 && mnt < 0 ? err_sys(e, mnt, "copy mount '%s'", target) : mnt;
}

/* ---- the interface ---------------------------------------------------------------------------------------------------------------------------------- */

/* One layer is no overlay. */
static int layer_clone(const char *path, struct err *e)
{
	scoped_fd int mnt = mount_clone(AT_FDCWD, path, false);

	if (mnt < 0)
		return err_sys(e, mnt, "copy mount of '%s'", path);
	mount_change(mnt, false, ATTRIBUTES, 0, 0); /* before kernel 5.12 we rely on ourselves */
	return take_fd(&mnt);
}

static int directories_mount(struct engine *en, const struct strs *layers, struct err *e)
{
	if (layers->n == 0 || layers->n > LIMIT_LAYERS)
		return err_set(e, ERR_UNSUPPORTED, "an image of %zu layers cannot be mounted", layers->n);
	if (layers->n == 1)
		return layer_clone(layers->v[0], e);
	if (facts_mount_api(&en->facts) && facts_kernel(&en->facts) >= FACTS_KERNEL(6, 5))
		return overlay_new(layers, e);
	return overlay_old(en, layers, e);
}

/* Layers that are files are held only until something stands on them. */
int view_mount(struct engine *en, const struct strs *layers, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct snapshot s = { .id = arena_printf(&a, "view-%d", (int)getpid()), .run = en->run, .layers = layers };
	struct strs directories = { 0 };
	int r = snapshot_hold(&s, &a, &directories, e);

	if (r < 0)
		return r;
	r = directories_mount(en, &directories, e);
	snapshot_let_go(&s);
	return r;
}

int view_open(struct engine *en, const struct strs *layers, struct err *e)
{
	scoped_fd int mnt = view_mount(en, layers, e);
	int fd;

	if (mnt < 0)
		return mnt;
	fd = openat(mnt, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, -errno, "open the mounted layers") : fd;
}

int view_image(struct engine *en, const char *name_or_id, struct arena *a, struct image *ret, struct err *e)
{
	struct image_store *s;
	struct image image;
	int r = engine_images(en, &s, e);

	if (r == 0)
		r = image_find(s, name_or_id, a, &image, e);
	if (r == 0)
		r = image_expect_unpacked(&image, e);
	if (r == 0)
		r = view_open(en, &image.layers, e);
	if (r >= 0 && ret)
		*ret = image;
	return r;
}
