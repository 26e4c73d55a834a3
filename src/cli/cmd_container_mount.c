/* SPDX-License-Identifier: Apache-2.0 */
/* `tare mount` mounts the trees of containers to look into them and change them, `tare unmount` takes the mounts away. */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/vec.h"
#include "cli/each.h"
#include "engine/engine.h"
#include "engine/tree_mount.h"

struct mount_options {
	bool all, latest, no_trunc, force;
	const char *format;
};

static const struct opt mount_opts[] = {
	OPT(struct mount_options, all, "all", 'a', FLAG, NULL, "All containers"),
	OPT(struct mount_options, format, "format", 0, STR, "FORMAT", "'json' for the list of mounts"),
	OPT(struct mount_options, latest, "latest", 'l', FLAG, NULL, "The newest container"),
	OPT(struct mount_options, no_trunc, "no-trunc", 0, FLAG, NULL, "Whole ids"),
	OPT(struct mount_options, no_trunc, "notruncate", 0, FLAG, NULL, NULL),
	OPT_END,
};

static const struct opt unmount_opts[] = {
	OPT(struct mount_options, all, "all", 'a', FLAG, NULL, "All that are mounted"),
	OPT(struct mount_options, force, "force", 'f', FLAG, NULL, "Accepted as podman does: mounts are not counted, every unmount is complete"),
	OPT(struct mount_options, latest, "latest", 'l', FLAG, NULL, "The newest container"),
	OPT_END,
};

/* ---- the list ---- */

struct mount_row {
	const char *id, *mountpoint;
	struct strs names;
};

/* clang-format off */
static const struct field mount_fields[] = {
	FIELD(struct mount_row, id,         "id",         STR,  0),
	FIELD(struct mount_row, names,      "Names",      STRS, 0),
	FIELD(struct mount_row, mountpoint, "mountpoint", STR,  0),
};
/* clang-format on */
static const struct schema mount_schema = SCHEMA("mount", struct mount_row, mount_fields);

static int mounts_print(struct cli *c, struct engine *en, const struct mount_options *o, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	struct container_mounted *v;
	struct mount_row *rows;
	size_t n;
	int r = container_mounts(en, c->a, &v, &n, e);

	if (r < 0)
		return r;
	rows = arena_array(c->a, struct mount_row, n);
	for (size_t i = 0; i < n; i++) {
		rows[i] = (struct mount_row){ v[i].id, v[i].path, { 0 } };
		strs_push(c->a, &rows[i].names, v[i].name);
		if (!o->format)
			printf("%.*s  %s\n", o->no_trunc ? 64 : 12, v[i].id, v[i].path);
	}
	if (!o->format)
		return 0;
	r = json_encode_list(&mount_schema, rows, n, JSON_INDENT_2, &b);
	if (r < 0)
		return err_sys(e, r, "print mounts");
	printf("%s\n", buf_text(&b));
	return 0;
}

/* ---- mount ---- */

static int names_all(struct engine *en, struct arena *a, struct strs *ret, struct err *e)
{
	struct container_list_options all = { .all = true };
	struct container_info *v;
	size_t n;
	int r = container_list(en, &all, a, &v, &n, e);

	for (size_t i = 0; r == 0 && i < n; i++)
		strs_push(a, ret, v[i].c->id);
	return r;
}

static int names_mounted(struct engine *en, struct arena *a, struct strs *ret, struct err *e)
{
	struct container_mounted *v;
	size_t n;
	int r = container_mounts(en, a, &v, &n, e);

	for (size_t i = 0; r == 0 && i < n; i++)
		strs_push(a, ret, v[i].id);
	return r;
}

static int mount_run(struct cli *c, const void *options, struct err *e)
{
	const struct mount_options *o = options;
	struct strs names = c->args;
	struct engine *en;
	int code = 0, r;

	if (o->format && !streq(o->format, "json"))
		return err_set(e, ERR_INVALID, "invalid argument for --format: '%s' is not json", o->format);
	if (o->all + o->latest + (names.n > 0) > 1)
		return err_set(e, ERR_INVALID, "either --all, --latest or names of containers");
	r = cli_engine(c, &en, e);
	if (r == 0 && c->entered)
		r = err_set(e, ERR_UNSUPPORTED, "what an ordinary user mounts is seen in 'tare unshare' alone: run it there");
	if (r == 0 && !o->all && !o->latest && names.n == 0)
		return mounts_print(c, en, o, e);
	if (r == 0)
		r = o->all ? names_all(en, c->a, &names, e) : each_targets(c, o->latest, &names, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < names.n; i++) {
		struct container_mounted m;

		r = container_mount(en, names.v[i], c->a, &m, e);
		if (r < 0) {
			cli_report(e);
			code = 1;
		} else if (o->all) {
			printf("%.*s  %s\n", o->no_trunc ? 64 : 12, m.id, m.path);
		} else {
			puts(m.path);
		}
	}
	return code;
}

const struct command container_mount_command = {
	.names = { "mount", "container mount" },
	.group = "Containers",
	.summary = "Mount the trees of containers; without arguments: list what is mounted",
	.args = "[CONTAINER...]",
	.max_args = -1,
	.opts = { mount_opts },
	.options_size = sizeof(struct mount_options),
	.run = mount_run,
};

/* ---- unmount ---- */

static int unmount_run(struct cli *c, const void *options, struct err *e)
{
	const struct mount_options *o = options;
	struct strs names = c->args;
	struct engine *en;
	int code = 0, r;

	if (o->all + o->latest + (names.n > 0) != 1)
		return err_set(e, ERR_INVALID, "either --all, --latest or names of containers");
	r = cli_engine(c, &en, e);
	if (r == 0)
		r = o->all ? names_mounted(en, c->a, &names, e) : each_targets(c, o->latest, &names, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < names.n; i++) {
		const char *id;

		r = container_unmount(en, names.v[i], c->a, &id, e);
		if (r == 0) {
			puts(id);
		} else if (e->kind != ERR_CONFLICT) { /* what is not mounted is fine */
			cli_report(e);
			code = 1;
		}
	}
	return code;
}

const struct command container_unmount_command = {
	.names = { "unmount", "umount", "container unmount", "container umount" },
	.group = "Containers",
	.summary = "Take mounts of containers away",
	.args = "[CONTAINER...]",
	.max_args = -1,
	.opts = { unmount_opts },
	.options_size = sizeof(struct mount_options),
	.run = unmount_run,
};
