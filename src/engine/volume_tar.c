/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes as tar, out and in, by the same confined programs as cp. */
#include "engine/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "image/making/carry.h"
#include "os/fd.h"
#include "os/file.h"

/* The volume's directory, with what belongs on it mounted, until tar_done(). The lock is not held meanwhile: a container that starts need not wait. */
struct tar {
	struct engine *en;
	const char *name, *user;
	int data;
};

static void tar_done(struct tar *t)
{
	fd_close(t->data);
	if (t->user)
		volume_let_go(t->en, t->name, NULL, t->user);
}

static int tar_open(struct engine *en, const char *name, struct arena *a, struct tar *ret, struct err *e)
{
	scoped_volume_claim struct volume_claim c = VOLUME_CLAIM_NONE;
	int r = volume_open(en, name, a, &c, e);

	*ret = (struct tar){ .en = en, .name = name, .data = -EBADF };
	if (r < 0)
		return r;
	ret->user = arena_printf(a, "tar-%d", (int)getpid());
	r = volume_hold(en, &c, ret->user, e);
	if (r < 0)
		return r;
	ret->data = dir_open(c.o.fd, VOLUME_DATA);
	return ret->data < 0 ? err_sys(e, ret->data, "open volume '%s'", name) : 0;
}

int volume_export(struct engine *en, const char *name, int out, int cancel_fd, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	SCOPED(tar_done) struct tar t = { .data = -EBADF };
	struct image_store *images;
	int r = engine_images(en, &images, e);

	if (r == 0)
		r = tar_open(en, name, &a, &t, e);
	if (r == 0)
		r = carry(images, &(struct carry_from){ .item = t.data, .name = ".", .stream = -EBADF }, &(struct carry_to){ .root = -EBADF, .stream = out },
			cancel_fd, e);
	return r < 0 ? err_wrap(e, "volume '%s'", name) : 0;
}

int volume_import(struct engine *en, const char *name, int in, int cancel_fd, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	SCOPED(tar_done) struct tar t = { .data = -EBADF };
	scoped_fd int root = -EBADF;
	struct image_store *images;
	int r = engine_images(en, &images, e);

	if (r == 0)
		r = tar_open(en, name, &a, &t, e);
	if (r == 0) {
		root = carry_root(t.data, e);
		r = root < 0 ? root : 0;
	}
	if (r == 0)
		r = carry(images, &(struct carry_from){ .item = -EBADF, .stream = in },
			&(struct carry_to){ .root = root, .base = "", .owner = CARRY_KEEP, .overwrite = true, .stream = -EBADF }, cancel_fd, e);
	return r < 0 ? err_wrap(e, "volume '%s'", name) : 0;
}
