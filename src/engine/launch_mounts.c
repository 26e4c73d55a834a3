/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/launch_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/config.h"
#include "engine/launch_files.h"
#include "engine/mount_source.h"
#include "engine/secrets.h"
#include "engine/volume.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/tree_owner.h"

enum { PLACES_MODE = 0700 };

/* ---- places --------------------------------------------------------------------------------------------------------------------------------------- */

bool launch_has_placed(const void *ctx)
{
	const struct launch *l = ctx;

	for (size_t i = 0; i < l->h->c.n_mounts; i++)
		if (config_mount_is_placed(&l->h->c.mounts[i]))
			return true;
	return false;
}

/* A directory or a file for the source to stand on. */
static int place_make(int mount, const char *path)
{
	struct stat st;

	if (fstat(mount, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return mkdir(path, PLACES_MODE) < 0 ? -errno : 0;
	return file_create(AT_FDCWD, path, "", 0, 0600);
}

static int place_one(struct launch *l, size_t i, struct err *e)
{
	const char *path = config_mount_place(l->h->live_path, i, l->a);
	scoped_fd int mount = -EBADF;
	int r = mount_source_open(l->h, i, l->a, &mount, e);

	if (r < 0)
		return r;
	r = place_make(mount, path);
	if (r == 0)
		r = mount_move_at(mount, AT_FDCWD, path);
	return r < 0 ? err_sys(e, r, "place what is mounted on '%s'", l->h->c.mounts[i].target) : 0;
}

void launch_unplace(void *ctx)
{
	struct launch *l = ctx;

	for (size_t i = 0; i < l->h->c.n_mounts; i++)
		if (config_mount_is_placed(&l->h->c.mounts[i]))
			mount_detach(config_mount_place(l->h->live_path, i, l->a));
	mount_source_forget(l->h);
}

int launch_place(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	int r = mkdirat(l->h->live, "mounts", PLACES_MODE) < 0 ? err_sys(e, -errno, "make '%s/mounts'", l->h->live_path) : 0;

	for (size_t i = 0; r == 0 && i < l->h->c.n_mounts; i++)
		if (config_mount_is_placed(&l->h->c.mounts[i]))
			r = place_one(l, i, e);
	if (r < 0)
		launch_unplace(l);
	return r;
}

/* ---- owners --------------------------------------------------------------------------------------------------------------------------------------- */

bool launch_has_owned(const void *ctx)
{
	const struct launch *l = ctx;

	for (size_t i = 0; i < l->h->c.n_mounts; i++)
		if (l->h->c.mounts[i].chown)
			return true;
	return false;
}

static int own_one(struct launch *l, size_t i, const struct user *u, struct err *e)
{
	const struct container_mount *m = &l->h->c.mounts[i];
	const char *path = config_mount_is_placed(m) ? config_mount_place(l->h->live_path, i, l->a) :
		m->kind == CONTAINER_MOUNT_VOLUME ? arena_printf(l->a, "%s/%s/" VOLUME_DATA, volume_directory(l->en, l->a), m->source) : m->source;
	scoped_fd int fd = open(path, O_PATH | O_CLOEXEC);
	int r = fd < 0 ? -errno : tree_owner_set(fd, u->uid, u->gid);

	return r < 0 ? err_sys(e, r, "give '%s' to %u:%u", path, u->uid, u->gid) : 0;
}

int launch_own(void *ctx, struct err *e)
{
	static const struct strs none;
	struct launch *l = ctx;
	struct user user;
	gid_t *groups;
	int r = launch_user(l->rootfs_fd, l->h->c.user ? l->h->c.user : "", &none, l->a, &user, &groups, e);

	for (size_t i = 0; r == 0 && i < l->h->c.n_mounts; i++)
		if (l->h->c.mounts[i].chown && l->h->c.mounts[i].kind != CONTAINER_MOUNT_TMPFS)
			r = own_one(l, i, &user, e);
	return r;
}

/* ---- secrets -------------------------------------------------------------------------------------------------------------------------------------- */

bool launch_has_secrets(const void *ctx)
{
	const struct launch *l = ctx;

	return l->h->c.request.n_secrets > 0;
}

static int secret_write(struct launch *l, size_t i, struct err *e)
{
	const struct container_secret *s = &l->h->c.request.secrets[i];
	const char *path = config_secret_place(l->h->live_path, i, l->a);
	scoped_fd int fd = -EBADF;
	struct str text;
	int r = secret_read(l->en, s->name, l->a, &text, e);

	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : fd_write_all(fd, text.p, text.n);
	if (r == 0 && (fchown(fd, s->uid, s->gid) < 0 || fchmod(fd, s->mode) < 0))
		r = -errno;
	return r < 0 ? err_sys(e, r, "write secret '%s'", s->name) : 0;
}

int launch_write_secrets(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	int r = mkdirat(l->h->live, "secrets", PLACES_MODE) < 0 ? err_sys(e, -errno, "make '%s/secrets'", l->h->live_path) : 0;

	for (size_t i = 0; r == 0 && i < l->h->c.request.n_secrets; i++)
		if (!l->h->c.request.secrets[i].env)
			r = secret_write(l, i, e);
	return r;
}
