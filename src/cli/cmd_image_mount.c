/* SPDX-License-Identifier: Apache-2.0 */
/* `tare image mount` mounts images read-only to look into them, `tare image unmount` takes the mounts away. */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/vec.h"
#include "codec/digest.h"
#include "engine/engine.h"
#include "image/image.h"

struct mount_options {
	bool all, force;
	const char *format;
};

static const struct opt mount_opts[] = {
	OPT(struct mount_options, all, "all", 'a', FLAG, NULL, "All images"),
	OPT(struct mount_options, format, "format", 0, STR, "FORMAT", "'json' for the list of mounts"),
	OPT_END,
};

static const struct opt unmount_opts[] = {
	OPT(struct mount_options, all, "all", 'a', FLAG, NULL, "All that are mounted"),
	OPT(struct mount_options, force, "force", 'f', FLAG, NULL, "Accepted as podman does: mounts are not counted, every unmount is complete"),
	OPT_END,
};

/* ---- the list ---- */

/* A name to show for the image; its id if it has none. */
static const char *name_of(struct image_store *store, const char *id, struct arena *a)
{
	struct reference ref;
	struct images list;
	struct err ignored; /* it is only for show */

	if (image_list(store, a, &list, &ignored) < 0)
		return id;
	for (size_t i = 0; i < list.n; i++)
		if (streq(list.v[i].id, id) && list.v[i].names.n > 0 && reference_parse(list.v[i].names.v[0], a, &ref, &ignored) == 0)
			return reference_familiar(&ref, a);
	return id;
}

struct mount_row {
	const char *id, *mountpoint;
	struct strs repositories;
};

/* clang-format off */
static const struct field mount_fields[] = {
	FIELD(struct mount_row, id,           "id",           STR,  0),
	FIELD(struct mount_row, repositories, "Repositories", STRS, 0),
	FIELD(struct mount_row, mountpoint,   "mountpoint",   STR,  0),
};
/* clang-format on */
static const struct schema mount_schema = SCHEMA("mount", struct mount_row, mount_fields);

static int mounts_print(struct cli *c, struct engine *en, struct image_store *store, bool json, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	struct image_mount *v;
	struct mount_row *rows;
	size_t n;
	int r = image_mounts(en, c->a, &v, &n, e);

	if (r < 0)
		return r;
	rows = arena_array(c->a, struct mount_row, n);
	for (size_t i = 0; i < n; i++) {
		const char *name = name_of(store, v[i].id, c->a);

		rows[i] = (struct mount_row){ digest_hex(v[i].id), v[i].path, { 0 } };
		if (!streq(name, v[i].id))
			strs_push(c->a, &rows[i].repositories, name);
		if (!json)
			printf("%s  %s\n", name, v[i].path);
	}
	if (!json)
		return 0;
	r = json_encode_list(&mount_schema, rows, n, JSON_INDENT_2, &b);
	if (r < 0)
		return err_sys(e, r, "print mounts");
	printf("%s\n", buf_text(&b));
	return 0;
}

/* ---- mount ---- */

static int ids_all(struct image_store *store, struct arena *a, struct strs *ret, struct err *e)
{
	struct images list;
	int r = image_list(store, a, &list, e);

	for (size_t i = 0; r == 0 && i < list.n; i++)
		strs_push(a, ret, list.v[i].id);
	return r;
}

static int mount_run(struct cli *c, const void *options, struct err *e)
{
	const struct mount_options *o = options;
	struct image_store *store;
	struct strs names = c->args;
	struct engine *en;
	int code = 0, r;

	if (o->format && !streq(o->format, "json"))
		return err_set(e, ERR_INVALID, "invalid argument for --format: '%s' is not json", o->format);
	if (o->all && names.n > 0)
		return err_set(e, ERR_INVALID, "either --all or names of images");
	r = cli_engine(c, &en, e);
	if (r == 0 && c->entered)
		r = err_set(e, ERR_UNSUPPORTED, "what an ordinary user mounts is seen in 'tare unshare' alone: run it there");
	if (r == 0)
		r = engine_images(en, &store, e);
	if (r == 0 && !o->all && names.n == 0)
		return mounts_print(c, en, store, o->format != NULL, e);
	if (r == 0 && o->all)
		r = ids_all(store, c->a, &names, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < names.n; i++) {
		struct image_mount m;

		r = image_mount(en, names.v[i], c->a, &m, e);
		if (r < 0) {
			cli_report(e);
			code = 1;
		} else if (names.n == 1 && !o->all) {
			puts(m.path);
		} else {
			printf("%s  %s\n", o->all ? name_of(store, m.id, c->a) : names.v[i], m.path);
		}
	}
	return code;
}

/* ---- unmount ---- */

static int mounted_all(struct engine *en, struct arena *a, struct strs *ret, struct err *e)
{
	struct image_mount *v;
	size_t n = 0;
	int r = image_mounts(en, a, &v, &n, e);

	for (size_t i = 0; r == 0 && i < n; i++)
		strs_push(a, ret, v[i].id);
	return r;
}

static int unmount_run(struct cli *c, const void *options, struct err *e)
{
	const struct mount_options *o = options;
	struct strs names = c->args;
	struct engine *en;
	int code = 0, r;

	if (o->all == (names.n > 0))
		return err_set(e, ERR_INVALID, "either --all or names of images");
	r = cli_engine(c, &en, e);
	if (r == 0 && o->all)
		r = mounted_all(en, c->a, &names, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < names.n; i++) {
		const char *id;

		r = image_unmount(en, names.v[i], c->a, &id, e);
		if (r == 0) {
			puts(digest_hex(id));
		} else if (e->kind != ERR_CONFLICT) { /* what is not mounted is fine */
			cli_report(e);
			code = 1;
		}
	}
	return code;
}

const struct command image_mount_command = {
	.names = { "image mount" },
	.group = "Images",
	.summary = "Mount images read-only; without arguments: list what is mounted",
	.args = "[IMAGE...]",
	.max_args = -1,
	.opts = { mount_opts },
	.options_size = sizeof(struct mount_options),
	.run = mount_run,
};

const struct command image_unmount_command = {
	.names = { "image unmount", "image umount" },
	.group = "Images",
	.summary = "Take mounts of images away",
	.args = "[IMAGE...]",
	.max_args = -1,
	.opts = { unmount_opts },
	.options_size = sizeof(struct mount_options),
	.run = unmount_run,
};
