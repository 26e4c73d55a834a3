/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/mount_source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "engine/view.h"
#include "engine/volume.h"
#include "image/image.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/overlay.h"
#include "os/path_safe.h"

#define OVERLAYS "overlays"
enum { OVERLAY_MODE = 0700 };

/* ---- where it is ---------------------------------------------------------------------------------------------------------------------------------- */

static const char *source_path(const struct holding *h, const struct container_mount *m, struct arena *a)
{
	return m->kind == CONTAINER_MOUNT_VOLUME ? arena_printf(a, "%s/%s/" VOLUME_DATA, volume_directory(h->en, a), m->source) : m->source;
}

/* O_PATH of the source itself. */
static int source_find(const struct holding *h, const struct container_mount *m, struct arena *a, struct err *e)
{
	const char *path = source_path(h, m, a);
	scoped_fd int fd = open(path, O_PATH | O_CLOEXEC);
	int sub;

	if (fd < 0)
		return err_sys(e, -errno, "open '%s'", path);
	if (!m->subpath)
		return take_fd(&fd);
	sub = path_open(fd, m->subpath, O_PATH, 0, PATH_BENEATH);
	if (sub == -EXDEV || sub == -ELOOP)
		return err_set(e, ERR_DENIED, "subpath '%s' leads out of volume '%s'", m->subpath, m->source);
	return sub < 0 ? err_sys(e, sub, "subpath '%s' of volume '%s'", m->subpath, m->source) : sub;
}

/* ---- overlays ------------------------------------------------------------------------------------------------------------------------------------- */

static int dir_make(int dirfd, const char *name, int *ret)
{
	if (mkdirat(dirfd, name, OVERLAY_MODE) < 0 && errno != EEXIST)
		return -errno;
	*ret = dir_open(dirfd, name);
	return *ret < 0 ? *ret : 0;
}

/* The directories an overlay writes to: those asked for, or empty ones of the container. */
static int overlay_places(const struct holding *h, const struct container_mount *m, size_t i, struct arena *a, int *ret_upper, int *ret_work)
{
	const char *name = arena_printf(a, OVERLAYS "/%zu", i);
	scoped_fd int top = -EBADF, own = -EBADF;
	int r;

	if (m->upper) {
		*ret_upper = open(m->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
		*ret_work = open(m->work, O_PATH | O_DIRECTORY | O_CLOEXEC);
		return *ret_upper < 0 || *ret_work < 0 ? -errno : 0;
	}
	r = dir_remove_tree(h->object.fd, name);
	if (r == 0)
		r = dir_make(h->object.fd, OVERLAYS, &top);
	if (r == 0)
		r = dir_make(top, arena_printf(a, "%zu", i), &own);
	if (r == 0)
		r = dir_make(own, "upper", ret_upper);
	return r == 0 ? dir_make(own, "work", ret_work) : r;
}

void mount_source_forget(const struct holding *h)
{
	dir_remove_tree(h->object.fd, OVERLAYS);
}

/* By descriptors: neither length nor colons of a path matter then. */
static int overlay_make(int lower, int upper, int work, struct arena *a, struct err *e)
{
	char words[MOUNT_MESSAGE_SIZE] = "";
	struct pairs options = { 0 };
	struct stat like;
	scoped_fd int top = -EBADF;
	int r;

	/* What is seen at the top is the upper directory's: it shall look like what it covers. */
	top = fstat(lower, &like) < 0 ? -errno : fd_reopen(upper, O_RDONLY | O_DIRECTORY);
	if (top < 0 || fchown(top, like.st_uid, like.st_gid) < 0 || fchmod(top, like.st_mode & 07777) < 0)
		return err_sys(e, top < 0 ? top : -errno, "prepare an overlay");
	pairs_set(a, &options, "lowerdir", arena_strdup(a, fd_path(lower).s));
	pairs_set(a, &options, "upperdir", arena_strdup(a, fd_path(upper).s));
	pairs_set(a, &options, "workdir", arena_strdup(a, fd_path(work).s));
	if (overlay_wants_userxattr())
		pairs_set(a, &options, "userxattr", NULL);
	r = mount_new("overlay", "tare", &options, 0, words);
	return r < 0 ? err_sys(e, r, "overlay%s%s", *words ? ": " : "", words) : r;
}

static int overlay_open(const struct holding *h, const struct container_mount *m, size_t i, int lower, struct arena *a, struct err *e)
{
	scoped_fd int upper = -EBADF, work = -EBADF;
	int r = overlay_places(h, m, i, a, &upper, &work);

	return r < 0 ? err_sys(e, r, "directories for what is written over '%s'", m->source) : overlay_make(lower, upper, work, a, e);
}

/* ---- images --------------------------------------------------------------------------------------------------------------------------------------- */

static int image_view(const struct holding *h, const struct container_mount *m, struct arena *a, struct err *e)
{
	struct image_store *s;
	struct image image;
	int r = engine_images(h->en, &s, e);

	if (r == 0)
		r = image_find(s, m->image, a, &image, e);
	if (r == 0)
		r = image_expect_unpacked(&image, e);
	return r < 0 ? r : view_mount(h->en, &image.layers, e);
}

/* ---- the interface -------------------------------------------------------------------------------------------------------------------------------- */

static int any_open(const struct holding *h, const struct container_mount *m, size_t i, struct arena *a, struct err *e)
{
	scoped_fd int fd = m->kind == CONTAINER_MOUNT_IMAGE ? image_view(h, m, a, e) : source_find(h, m, a, e);
	int mount;

	if (fd < 0)
		return fd;
	if (m->overlay)
		return overlay_open(h, m, i, fd, a, e);
	if (m->kind == CONTAINER_MOUNT_IMAGE)
		return take_fd(&fd);
	mount = mount_clone(fd, "", true);
	return mount < 0 ? err_sys(e, mount, "copy the mount of '%s'", m->source) : mount;
}

int mount_source_open(const struct holding *h, size_t i, struct arena *a, int *ret_mount, struct err *e)
{
	int r = any_open(h, &h->c.mounts[i], i, a, e);

	if (r < 0)
		return err_wrap(e, "mount on '%s'", h->c.mounts[i].target);
	*ret_mount = r;
	return 0;
}
