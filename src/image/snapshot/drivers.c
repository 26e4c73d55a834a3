/* SPDX-License-Identifier: Apache-2.0 */
#include "image/snapshot/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "image/snapshot/driver.h"
#include "image/snapshot/mapped.h"
#include "os/fd.h"
#include "os/mount.h"
#include "os/ns.h"

static const char *const driver_words[] = { [SNAPSHOT_OVERLAY] = "overlay", [SNAPSHOT_EROFS] = "erofs", [SNAPSHOT_VFS] = "vfs" };
const struct enumtab snapshot_drivers = ENUMTAB("storage driver", driver_words, SNAPSHOT_DRIVER_COUNT);

/* ---- erofs: overlay over layers that are files ---- */

static int erofs_probe(struct host_facts *facts, struct err *e)
{
	scoped_fd int fs = mount_fsopen("erofs");

	if (ns_is_initial_user() == 0)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: storage driver 'erofs': only root of the host may mount EROFS; use overlay or vfs");
	if (fs < 0)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: storage driver 'erofs': this kernel has no EROFS");
	/* Blocks smaller than a page, which a tar has, came with 6.4. */
	if (facts_kernel(facts) < FACTS_KERNEL(6, 4))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: storage driver 'erofs' needs kernel 6.4");
	return snapshot_overlay.probe(facts, e);
}

static int erofs_mount(const struct snapshot *s, const struct strs *layers, struct host_facts *facts, int dirfd, const char *name, struct err *e)
{
	return snapshot_overlay.mount(s, layers, facts, dirfd, name, e);
}

static const struct snapshot_ops snapshot_erofs = { .form = LAYER_EROFS, .probe = erofs_probe, .mount = erofs_mount };

/* ---- all of them ---- */

static const struct snapshot_ops *const drivers[SNAPSHOT_DRIVER_COUNT] = {
	[SNAPSHOT_OVERLAY] = &snapshot_overlay,
	[SNAPSHOT_EROFS] = &snapshot_erofs,
	[SNAPSHOT_VFS] = &snapshot_vfs,
};

enum layer_form snapshot_form(enum snapshot_driver driver)
{
	return drivers[driver]->form;
}

int snapshot_probe(enum snapshot_driver driver, struct host_facts *facts, struct err *e)
{
	return drivers[driver]->probe(facts, e);
}

int snapshot_mount(const struct snapshot *s, struct host_facts *facts, int dirfd, const char *name, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct strs layers = { 0 };
	struct snapshot own = *s;
	struct mapped m;
	int r;

	if (s->layers->n == 0 || s->layers->n > SNAPSHOT_MAX_LAYERS)
		return err_set(e, ERR_UNSUPPORTED, "an image of %zu layers cannot be mounted", s->layers->n);
	r = layer_mount_all(s, &a, &layers, e);
	if (r < 0)
		return r;
	r = mapped_begin(s, &layers, dirfd, &a, &m, e);
	if (r == 0) {
		own.object = m.object;
		r = drivers[s->driver]->mount(&own, &m.layers, facts, dirfd, name, e);
		mapped_end(&m);
	}
	if (r < 0)
		layer_release_all(s->run, s->id);
	return r;
}

void snapshot_unmount(const struct snapshot *s, const char *path)
{
	mount_detach(path);
	layer_release_all(s->run, s->id);
}

int snapshot_hold(const struct snapshot *s, struct arena *a, struct strs *ret, struct err *e)
{
	return layer_mount_all(s, a, ret, e);
}

void snapshot_let_go(const struct snapshot *s)
{
	layer_release_all(s->run, s->id);
}
