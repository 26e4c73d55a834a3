/* SPDX-License-Identifier: Apache-2.0 */
/* `tare volume create|inspect|rm|prune|exists|mount|unmount`: directories that outlive containers. */
#include "cli/commands.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/vec.h"
#include "cli/prune.h"
#include "codec/template.h"
#include "engine/volumes.h"

/* ---- create ---- */

struct create_options {
	const char *driver;
	struct strs labels;
	struct pairs options;
	bool ignore;
};

#define CLUSTER "volumes of a cluster are swarm's, which there is none of here"

static const struct opt create_opts[] = {
	OPT(struct create_options, driver, "driver", 'd', STR, "DRIVER", "local, the only one"),
	OPT(struct create_options, labels, "label", 'l', STRS, "KEY[=VALUE]", "Label"),
	OPT(struct create_options, options, "opt", 'o', PAIRS, "KEY=VALUE", "type=, device= and o= of what is to be mounted on it"),
	OPT(struct create_options, ignore, "ignore", 0, FLAG, NULL, "One that is there is no error (so it is, also without saying)"),
	OPT_REFUSED("availability", 0, "X", CLUSTER),
	OPT_REFUSED("group", 0, "X", CLUSTER),
	OPT_REFUSED("limit-bytes", 0, "X", CLUSTER),
	OPT_REFUSED("required-bytes", 0, "X", CLUSTER),
	OPT_REFUSED("scope", 0, "X", CLUSTER),
	OPT_REFUSED("secret", 0, "X", CLUSTER),
	OPT_REFUSED("sharing", 0, "X", CLUSTER),
	OPT_REFUSED("topology-preferred", 0, "X", CLUSTER),
	OPT_REFUSED("topology-required", 0, "X", CLUSTER),
	OPT_REFUSED("type", 0, "X", CLUSTER),
	OPT_REFUSED("uid", 0, "ID", "a volume gets its owner from the image it is filled from; use -v NAME:TARGET:U, or chown"),
	OPT_REFUSED("gid", 0, "ID", "a volume gets its owner from the image it is filled from; use -v NAME:TARGET:U, or chown"),
	OPT_END,
};

static int create_run(struct cli *c, const void *options, struct err *e)
{
	const struct create_options *o = options;
	struct volume_request q = { .name = c->args.n ? c->args.v[0] : NULL, .driver = o->driver, .options = o->options };
	struct engine *en;
	const char *name;
	int r;

	for (size_t i = 0; i < o->labels.n; i++) {
		struct str value, key = str_cut(str_of(o->labels.v[i]), '=', &value);

		if (!key.n)
			return err_set(e, ERR_INVALID, "label '%s' has no name", o->labels.v[i]);
		pairs_set(c->a, &q.labels, arena_strndup(c->a, key.p, key.n), value.p ? value.p : "");
	}
	r = cli_engine(c, &en, e);
	if (r == 0)
		r = volume_create(en, &q, c->a, &name, e);
	if (r == 0)
		puts(name);
	return r;
}

const struct command volume_create_command = {
	.names = { "volume create" },
	.group = "Volumes",
	.summary = "Make a volume",
	.args = "[NAME]",
	.max_args = 1,
	.opts = { create_opts },
	.options_size = sizeof(struct create_options),
	.run = create_run,
};

/* ---- inspect ---- */

struct inspect_options {
	bool all;
	const char *format;
};

static const struct opt inspect_opts[] = {
	OPT(struct inspect_options, all, "all", 'a', FLAG, NULL, "All volumes"),
	OPT(struct inspect_options, format, "format", 'f', STR, "TEMPLATE", "Go template, or 'json'"),
	OPT_END,
};

/* Names of all volumes. */
static int names_all(struct engine *en, struct arena *a, struct strs *ret, struct err *e)
{
	struct volume_list_options all = { 0 };
	struct volume_info *v;
	size_t n;
	int r = volume_list(en, &all, a, &v, &n, e);

	for (size_t i = 0; r == 0 && i < n; i++)
		strs_push(a, ret, v[i].v.name);
	return r;
}

/* What the command is about: its arguments, or all there are. */
static int names_of(struct cli *c, bool all, struct engine **ret_engine, struct strs *ret, struct err *e)
{
	int r;

	if (all && c->args.n > 0)
		return err_set(e, ERR_INVALID, "either --all or names of volumes");
	if (!all && c->args.n == 0)
		return err_set(e, ERR_INVALID, "needs at least one name of a volume");
	r = cli_engine(c, ret_engine, e);
	*ret = c->args;
	return r == 0 && all ? names_all(*ret_engine, c->a, ret, e) : r;
}

static int document_show(const char *json, const char *format, bool is_first, struct err *e)
{
	scoped_buf struct buf out = BUF(LIMIT_DOCUMENT);
	int r = 0;

	if (!format || streq(format, "json")) {
		printf("%s%s", is_first ? "[\n" : ",\n", json);
		return 0;
	}
	r = template_render(format, str_of(json), &out, e);
	if (r == 0)
		printf("%s\n", buf_text(&out));
	return r;
}

static int inspect_run(struct cli *c, const void *options, struct err *e)
{
	const struct inspect_options *o = options;
	struct engine *en;
	struct strs names;
	size_t n = 0;
	int code = 0, r = names_of(c, o->all, &en, &names, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < names.n; i++) {
		const char *json;

		r = volume_inspect_json(en, names.v[i], c->a, &json, e);
		if (r == 0)
			r = document_show(json, o->format, n == 0, e);
		n += r == 0;
		if (r < 0) {
			cli_report(e);
			code = 1;
		}
	}
	if (!o->format || streq(o->format, "json"))
		puts(n ? "\n]" : "[]");
	return code;
}

const struct command volume_inspect_command = {
	.names = { "volume inspect" },
	.group = "Volumes",
	.summary = "Print everything known about volumes",
	.args = "VOLUME [VOLUME...]",
	.max_args = -1,
	.opts = { inspect_opts },
	.options_size = sizeof(struct inspect_options),
	.run = inspect_run,
};

/* ---- rm ---- */

struct rm_options {
	bool all, force;
};

static const struct opt rm_opts[] = {
	OPT(struct rm_options, all, "all", 'a', FLAG, NULL, "All volumes"),
	OPT(struct rm_options, force, "force", 'f', FLAG, NULL, "What is not there is no error"),
	OPT_REFUSED("time", 't', "SECONDS", "containers that use a volume are not removed with it: use 'tare rm -f'"),
	OPT_END,
};

static int rm_run(struct cli *c, const void *options, struct err *e)
{
	const struct rm_options *o = options;
	struct engine *en;
	struct strs names;
	int code = 0, r = names_of(c, o->all, &en, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		if (volume_remove(en, names.v[i], o->force, e) == 0) {
			puts(names.v[i]);
		} else {
			cli_report(e);
			code = 1;
		}
	}
	return r < 0 ? r : code;
}

const struct command volume_rm_command = {
	.names = { "volume rm", "volume remove" },
	.group = "Volumes",
	.summary = "Remove volumes that no container has",
	.args = "VOLUME [VOLUME...]",
	.max_args = -1,
	.opts = { rm_opts },
	.options_size = sizeof(struct rm_options),
	.run = rm_run,
};

/* ---- prune ---- */

struct prune_options {
	bool all, force;
	struct strs filters;
};

static const struct opt prune_opts[] = {
	OPT(struct prune_options, all, "all", 'a', FLAG, NULL, "Also those that somebody named"),
	OPT(struct prune_options, filters, "filter", 0, FILTERS, "FILTER", "Only those: until=TIME, label=KEY[=VALUE], label!=KEY[=VALUE], all=BOOL"),
	OPT(struct prune_options, force, "force", 'f', FLAG, NULL, "Do not ask"),
	OPT_END,
};

/* Docker's client says --all as a filter, too. */
static struct strs filters_without_all(const struct strs *filters, bool *all, struct arena *a)
{
	struct strs rest = { 0 };

	for (size_t i = 0; i < filters->n; i++) {
		const char *value = str_after(filters->v[i], "all=");

		if (value && (streq(value, "1") || streq(value, "true")))
			*all = true;
		else if (!value)
			strs_push(a, &rest, filters->v[i]);
	}
	return rest;
}

static int prune_run(struct cli *c, const void *options, struct err *e)
{
	const struct prune_options *o = options;
	struct prune_list list = { "Deleted Volumes:", 0 };
	bool all = o->all;
	struct strs filters = filters_without_all(&o->filters, &all, c->a);
	struct prune_filter f;
	uint64_t bytes = 0;
	struct engine *en;
	int r = prune_filter_parse(&filters, c->a, &f, e);

	if (r < 0)
		return r;
	if (!o->force && !prune_agreed(all ? "  - all volumes that no container has" : "  - volumes that nobody named and no container has"))
		return 0;
	r = cli_engine(c, &en, e);
	if (r == 0)
		r = volume_prune(en, all, &f, prune_print, &list, &bytes, e);
	prune_list_end(&list);
	if (r == 0)
		prune_total(bytes);
	return r;
}

const struct command volume_prune_command = {
	.names = { "volume prune" },
	.group = "Volumes",
	.summary = "Remove volumes that nobody named and no container has",
	.opts = { prune_opts },
	.options_size = sizeof(struct prune_options),
	.run = prune_run,
};

/* ---- exists ---- */

static int exists_run(struct cli *c, const void *options, struct err *e)
{
	struct volume_info ignored;
	struct engine *en;
	int r = cli_engine(c, &en, e);

	if (r == 0)
		r = volume_inspect(en, c->args.v[0], c->a, &ignored, e);
	return r < 0 && e->kind == ERR_NOT_FOUND ? 1 : r;
}

const struct command volume_exists_command = {
	.names = { "volume exists" },
	.group = "Volumes",
	.summary = "Exit with 0 if there is such a volume, with 1 if not",
	.args = "VOLUME",
	.min_args = 1,
	.max_args = 1,
	.failure = EXIT_REFUSED,
	.run = exists_run,
};

/* ---- mount ---- */

static int mount_run(struct cli *c, const void *options, struct err *e)
{
	struct engine *en;
	const char *path;
	int r = cli_engine(c, &en, e);

	if (r == 0 && c->entered)
		r = err_set(e, ERR_UNSUPPORTED, "what an ordinary user mounts is seen in 'tare unshare' alone: run it there");
	for (size_t i = 0; r == 0 && i < c->args.n; i++) {
		r = volume_mount(en, c->args.v[i], c->a, &path, e);
		if (r == 0)
			puts(path);
	}
	return r;
}

const struct command volume_mount_command = {
	.names = { "volume mount" },
	.group = "Volumes",
	.summary = "Keep what belongs on a volume mounted, and print where",
	.args = "VOLUME [VOLUME...]",
	.min_args = 1,
	.max_args = -1,
	.run = mount_run,
};

static int unmount_run(struct cli *c, const void *options, struct err *e)
{
	struct engine *en;
	int r = cli_engine(c, &en, e);

	for (size_t i = 0; r == 0 && i < c->args.n; i++) {
		r = volume_unmount(en, c->args.v[i], e);
		if (r == 0)
			puts(c->args.v[i]);
	}
	return r;
}

const struct command volume_unmount_command = {
	.names = { "volume unmount", "volume umount" },
	.group = "Volumes",
	.summary = "End what 'volume mount' began",
	.args = "VOLUME [VOLUME...]",
	.min_args = 1,
	.max_args = -1,
	.run = unmount_run,
};
