/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "engine/internal.h"
#include "image/image.h"
#include "network/network.h"
#include "os/file.h"

#define DEFAULT_ROOT "/var/lib/tare"
#define DEFAULT_RUN "/run/tare"
enum { ROOT_VERSION = 1 };           /* layout of <root>; newer than the program: refuse */

/* The first of: what was asked, the variable, the default; absolute and without trailing slashes. */
static int root_choose(const char *asked, const char *variable, const char *fallback, struct arena *a, const char **ret, struct err *e)
{
	const char *path = asked ? asked : getenv(variable);
	char *copy;
	size_t n;

	if (!path || !path[0])
		path = fallback;
	if (path[0] == '/') {
		copy = arena_strdup(a, path);
	} else {
		scoped_free char *cwd = getcwd(NULL, 0);

		if (!cwd)
			return err_sys(e, -errno, "find the current directory");
		copy = arena_printf(a, "%s/%s", cwd, path);
	}
	for (n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
		copy[n - 1] = '\0';
	*ret = copy;
	return 0;
}

/* Refuses a root written by a newer tare; marks a new one. */
static int version_check(const char *root, struct err *e)
{
	scoped_fd int dir = dir_open(AT_FDCWD, root);
	char text[32];
	uint32_t version;
	int r;

	if (dir < 0)
		return err_sys(e, dir, "open '%s'", root);
	r = file_read_text(dir, "version", text, sizeof text);
	/* Without content: the power failed when an older tare made it, and did not sync. */
	if (r == -ENOENT || (r == 0 && !*text)) {
		r = file_replace(dir, "version", "1\n", 2, 0644, FILE_SYNC);
		return r < 0 ? err_sys(e, r, "write '%s/version'", root) : 0;
	}
	if (r < 0)
		return err_sys(e, r, "read '%s/version'", root);
	if (parse_u32(text, &version) < 0)
		return err_set(e, ERR_CORRUPT, "'%s/version' is damaged: '%s'", root, text);
	if (version > ROOT_VERSION)
		return err_set(e, ERR_UNSUPPORTED, "'%s' was written by a newer tare (layout %u)", root, version);
	return 0;
}

static int directories_open(struct engine *en, struct err *e)
{
	const char *path = arena_printf(&en->arena, "%s/containers", en->root);
	int r;

	r = objdir_open(&en->containers, AT_FDCWD, path, 0);
	if (r < 0)
		return err_sys(e, r, "open '%s'", path);
	path = arena_printf(&en->arena, "%s/names", en->root);
	r = objdir_open(&en->names, AT_FDCWD, path, 0);
	if (r < 0)
		return err_sys(e, r, "open '%s'", path);
	path = arena_printf(&en->arena, "%s/containers", en->run);
	en->live = dir_open(AT_FDCWD, path);
	if (en->live == -ENOENT) {
		r = dir_ensure_all(AT_FDCWD, path, 0711);
		if (r < 0)
			return err_sys(e, r, "make '%s'", path);
		en->live = dir_open(AT_FDCWD, path);
	}
	if (en->live < 0)
		return err_sys(e, en->live, "open '%s'", path);
	return version_check(en->root, e);
}

int engine_open(const struct engine_options *o, struct engine **ret, struct err *e)
{
	scoped_engine struct engine *en = alloc_or_die(sizeof *en);
	int r;

	*en = (struct engine){ .containers = OBJDIR_NONE, .names = OBJDIR_NONE, .volumes = OBJDIR_NONE, .live = -EBADF };
	r = root_choose(o->root, "TARE_ROOT", DEFAULT_ROOT, &en->arena, &en->root, e);
	if (r == 0)
		r = root_choose(o->run_root, "TARE_RUN", DEFAULT_RUN, &en->arena, &en->run, e);
	if (r < 0)
		return r;
	en->runtime = arena_strdup(&en->arena, o->runtime ? o->runtime : getenv("TARE_RUNTIME"));
	en->storage_driver = arena_strdup(&en->arena, o->storage_driver);
	en->debug = o->debug;
	r = directories_open(en, e);
	if (r < 0)
		return r;
	*ret = take_ptr(&en);
	return 0;
}

void engine_close(struct engine *en)
{
	if (en->images)
		image_store_close(en->images);
	if (en->network)
		network_close(en->network);
	objdir_done(&en->containers);
	objdir_done(&en->names);
	objdir_done(&en->volumes);
	fd_done(&en->live);
	arena_done(&en->arena);
	free(en);
}

const char *engine_root(const struct engine *en)
{
	return en->root;
}

const char *engine_run_root(const struct engine *en)
{
	return en->run;
}

int engine_storage(struct engine *en, const struct storage_config **ret, struct err *e)
{
	int r = 0;

	if (!en->has_storage) {
		const char *asked = en->storage_driver ? en->storage_driver : getenv("TARE_STORAGE_DRIVER");

		r = storage_config_read(en->root, asked, &en->arena, &en->storage, e);
		if (r == 0)
			r = snapshot_probe(en->storage.driver, &en->facts, e);
		en->has_storage = r == 0;
	}
	*ret = &en->storage;
	return r;
}

int engine_images(struct engine *en, struct image_store **ret, struct err *e)
{
	if (!en->images) {
		const struct storage_config *storage;
		int r = engine_storage(en, &storage, e);

		if (r == 0)
			r = image_store_open(en->root, &en->images, e);
		if (r < 0)
			return r;
		image_store_set_form(en->images, snapshot_form(storage->driver));
		if (storage->drop_blobs)
			image_store_drop_blobs(en->images);
	}
	*ret = en->images;
	return 0;
}

int engine_network(struct engine *en, struct network **ret, struct err *e)
{
	if (!en->network) {
		int r = network_open(en->root, en->run, &en->network, e);

		if (r < 0)
			return r;
	}
	*ret = en->network;
	return 0;
}

int engine_volumes(struct engine *en, const struct objdir **ret, struct err *e)
{
	if (en->volumes.fd < 0) {
		const char *path = arena_printf(&en->arena, "%s/volumes", en->root);
		int r = objdir_open(&en->volumes, AT_FDCWD, path, 0);

		if (r < 0)
			return err_sys(e, r, "open '%s'", path);
	}
	*ret = &en->volumes;
	return 0;
}
