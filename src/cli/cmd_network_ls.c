/* SPDX-License-Identifier: Apache-2.0 */
/* `tare network ls` lists networks by name, `tare network inspect` prints everything known about some. */
#include "cli/commands.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/vec.h"
#include "cli/prune.h"
#include "cli/table.h"
#include "codec/template.h"
#include "engine/network_commands.h"

/* ---- ls ---- */

struct ls_options {
	bool quiet, no_trunc, no_heading;
	const char *format;
	struct strs filters;
};

static const struct opt ls_opts[] = {
	OPT(struct ls_options, filters, "filter", 'f', FILTERS, "KEY=VALUE", "Only those: name, id, driver, label, label!, scope, type, dangling, until"),
	OPT(struct ls_options, format, "format", 0, STR, "TEMPLATE", "Go template, 'json' or 'table TEMPLATE'"),
	OPT(struct ls_options, no_heading, "noheading", 'n', FLAG, NULL, "No headings"),
	OPT(struct ls_options, no_trunc, "no-trunc", 0, FLAG, NULL, "Whole ids"),
	OPT(struct ls_options, quiet, "quiet", 'q', FLAG, NULL, "Only ids"),
	OPT_END,
};

static const struct table_column columns[] = {
	/* clang-format off */
	{ "ID",        "NETWORK ID", true },
	{ "Name",      "NAME",       true },
	{ "Driver",    "DRIVER",     true },
	{ "Scope",     "SCOPE",      true },
	{ "CreatedAt", "CREATED AT", false },
	{ "IPv4",      "IPV4",       false },
	{ "IPv6",      "IPV6",       false },
	{ "Internal",  "INTERNAL",   false },
	{ "Labels",    "LABELS",     false },
	{ "Created",   "CREATED",    false, true },
	/* clang-format on */
};

static const char *bool_text(bool on)
{
	return on ? "true" : "false";
}

static const char *labels_text(const struct pairs *pairs, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < pairs->n; i++)
		text = arena_printf(a, "%s%s%s=%s", text, i ? "," : "", pairs->v[i].key, pairs->v[i].value);
	return text;
}

static void row_fill(const char **row, const struct network_config *c, bool whole, struct arena *a)
{
	const char *cells[] = {
		whole ? c->id : arena_strndup(a, c->id, 12), c->name, streq(c->driver, "none") ? "null" : c->driver, "local",
		c->created ? c->created : "", "true", bool_text(c->subnet6), bool_text(c->internal), labels_text(&c->labels, a),
		c->created ? c->created : "",
	};

	for (size_t i = 0; i < ARRAY_LEN(cells); i++)
		row[i] = cells[i];
}

/* "until=24h" becomes a moment, which is what the engine knows. */
static int filters_read(const struct strs *filters, struct arena *a, struct strs *ret, struct err *e)
{
	for (size_t i = 0; i < filters->n; i++) {
		const char *one = filters->v[i];
		struct prune_filter f;

		if (str_after(one, "until=")) {
			int r = prune_filter_parse(&(struct strs){ &one, 1 }, a, &f, e);

			if (r < 0)
				return r;
			one = arena_printf(a, "until=%lld", (long long)f.until);
		}
		strs_push(a, ret, one);
	}
	return 0;
}

static int ls_run(struct cli *c, const void *options, struct err *e)
{
	const struct ls_options *o = options;
	scoped_buf struct buf out = BUF(LIMIT_FILE);
	struct table t = TABLE(c->a, columns);
	const struct network_config **v;
	struct strs filters = { 0 };
	struct engine *en;
	size_t n;
	int r = filters_read(&o->filters, c->a, &filters, e);

	if (r == 0)
		r = cli_engine(c, &en, e);
	if (r == 0)
		r = network_search(en, &filters, c->a, &v, &n, e);
	if (r < 0)
		return r;
	t.no_heading = o->no_heading;
	for (size_t i = 0; i < n; i++)
		row_fill(table_row(&t), v[i], o->no_trunc, c->a);
	r = table_print(&t, o->quiet ? "{{.ID}}" : o->format, &out, e);
	if (r == 0)
		fwrite(buf_text(&out), 1, out.n, stdout);
	return r;
}

const struct command network_ls_command = {
	.names = { "network ls", "network list" },
	.group = "Networks",
	.summary = "List networks",
	.opts = { ls_opts },
	.options_size = sizeof(struct ls_options),
	.run = ls_run,
};

/* ---- inspect ---- */

struct inspect_options {
	const char *format;
	bool verbose;
};

static const struct opt inspect_opts[] = {
	OPT(struct inspect_options, format, "format", 'f', STR, "TEMPLATE", "Go template, or 'json'"),
	OPT(struct inspect_options, verbose, "verbose", 'v', FLAG, NULL, "There is no more to say of a network of one machine"),
	OPT_END,
};

static int inspect_one(struct engine *en, const char *name, const char *format, size_t n_before, struct arena *a, struct err *e)
{
	bool whole = !format || streq(format, "json");
	scoped_buf struct buf out = BUF(LIMIT_DOCUMENT);
	const char *json;
	int r = network_inspect_json(en, name, !whole, a, &json, e);

	if (r == 0 && !whole)
		r = template_render(format, str_of(json), &out, e);
	if (r < 0)
		return r;
	if (whole)
		printf("%s%s", n_before ? ",\n" : "[\n", json);
	else
		printf("%s\n", buf_text(&out));
	return 0;
}

static int inspect_run(struct cli *c, const void *options, struct err *e)
{
	const struct inspect_options *o = options;
	struct engine *en;
	size_t n_done = 0;
	int code = 0, r = cli_engine(c, &en, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < c->args.n; i++) {
		r = inspect_one(en, c->args.v[i], o->format, n_done, c->a, e);
		n_done += r == 0;
		if (r < 0) {
			cli_report(e);
			code = 1;
		}
	}
	if (!o->format || streq(o->format, "json"))
		puts(n_done ? "\n]" : "[]");
	return code;
}

const struct command network_inspect_command = {
	.names = { "network inspect" },
	.group = "Networks",
	.summary = "Print everything known about networks",
	.args = "NETWORK [NETWORK...]",
	.min_args = 1,
	.max_args = -1,
	.opts = { inspect_opts },
	.options_size = sizeof(struct inspect_options),
	.run = inspect_run,
};
