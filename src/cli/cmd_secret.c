/* SPDX-License-Identifier: Apache-2.0 */
/* `tare secret create|ls|inspect|rm|exists`: small texts for containers, which are nowhere else (`tare run --secret`). */
#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"
#include "cli/table.h"
#include "codec/template.h"
#include "engine/secrets.h"
#include "os/fd.h"

/* ---- create ---- */

struct create_options {
	bool env, replace, ignore;
	const char *driver;
	struct strs labels;
};

static const struct opt create_opts[] = {
	OPT(struct create_options, env, "env", 0, FLAG, NULL, "The second word is a variable of ours that holds it"),
	OPT(struct create_options, labels, "label", 'l', STRS, "KEY[=VALUE]", "Label"),
	OPT(struct create_options, driver, "driver", 'd', STR, "DRIVER", "file, the only one"),
	OPT(struct create_options, replace, "replace", 0, FLAG, NULL, "One that is there gets the new contents"),
	OPT(struct create_options, ignore, "ignore", 0, FLAG, NULL, "One that is there stays, and that is no error"),
	OPT_REFUSED("driver-opts", 0, "KEY=VALUE", "the driver file has no options: secrets are in the store, readable by root alone"),
	OPT_REFUSED("template-driver", 0, "DRIVER", "templates of secrets are swarm's"),
	OPT_END,
};

/* The contents: of a file, of standard input, or of a variable. */
static int data_read(struct cli *c, bool env, struct buf *out, struct err *e)
{
	const char *from = c->args.n > 1 ? c->args.v[1] : "-", *value;
	scoped_fd int file = -EBADF;
	int r;

	if (env) {
		value = getenv(from);
		if (!value)
			return err_set(e, ERR_NOT_FOUND, "there is no variable '%s'", from);
		return buf_add_str(out, value) < 0 ? err_set(e, ERR_EXHAUSTED, "a secret has at most %d bytes", LIMIT_SECRET) : 0;
	}
	if (streq(from, "-") && isatty(STDIN_FILENO))
		return err_set(e, ERR_INVALID, "if '-' is the file, the secret must come through a pipe");
	if (!streq(from, "-")) {
		file = open(from, O_RDONLY | O_CLOEXEC);
		if (file < 0)
			return err_sys(e, -errno, "open '%s'", from);
	}
	r = fd_read_buf(file >= 0 ? file : STDIN_FILENO, out);
	if (r == -E2BIG)
		return err_set(e, ERR_INVALID, "a secret has at most %d bytes", LIMIT_SECRET);
	return r < 0 ? err_sys(e, r, "read '%s'", from) : 0;
}

static int create_run(struct cli *c, const void *options, struct err *e)
{
	const struct create_options *o = options;
	scoped_buf struct buf data = BUF(LIMIT_SECRET);
	struct secret_request q = { .name = c->args.v[0], .replace = o->replace, .ignore = o->ignore };
	struct engine *en;
	const char *id;
	int r;

	if (o->driver && !streq(o->driver, "file"))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: secret driver '%s': only file is", o->driver);
	for (size_t i = 0; i < o->labels.n; i++) {
		struct str value, key = str_cut(str_of(o->labels.v[i]), '=', &value);

		if (!key.n)
			return err_set(e, ERR_INVALID, "label '%s' has no name", o->labels.v[i]);
		pairs_set(c->a, &q.labels, arena_strndup(c->a, key.p, key.n), value.p ? value.p : "");
	}
	r = data_read(c, o->env, &data, e);
	if (r < 0)
		return r;
	q.data = buf_str(&data);
	r = cli_engine(c, &en, e);
	if (r == 0)
		r = secret_create(en, &q, c->a, &id, e);
	if (r == 0)
		puts(id);
	return r;
}

const struct command secret_create_command = {
	.names = { "secret create" },
	.group = "Secrets",
	.summary = "Keep a secret for containers",
	.args = "NAME [FILE|-]",
	.min_args = 1,
	.max_args = 2,
	.opts = { create_opts },
	.options_size = sizeof(struct create_options),
	.run = create_run,
};

/* ---- ls ---- */

struct ls_options {
	bool quiet, no_heading;
	const char *format;
	struct strs filters;
};

static const struct opt ls_opts[] = {
	OPT(struct ls_options, filters, "filter", 'f', FILTERS, "KEY=VALUE", "Only those: name=, id=, label="),
	OPT(struct ls_options, format, "format", 0, STR, "TEMPLATE", "Go template, 'json' or 'table TEMPLATE'"),
	OPT(struct ls_options, no_heading, "noheading", 'n', FLAG, NULL, "No headings"),
	OPT(struct ls_options, quiet, "quiet", 'q', FLAG, NULL, "Only ids"),
	OPT_END,
};

enum { ID, NAME, DRIVER, CREATED, UPDATED, LABELS, N_COLUMNS };

static const struct table_column columns[N_COLUMNS] = {
	[ID] = { "ID", "ID", true },
	[NAME] = { "Name", "NAME", true },
	[DRIVER] = { "Driver", "DRIVER", true },
	[CREATED] = { "CreatedAt", "CREATED", true },
	[UPDATED] = { "UpdatedAt", "UPDATED", true },
	[LABELS] = { "Labels", "LABELS", false },
};

static const char *age_of(const char *time, struct arena *a)
{
	char age[TEXT_AGE_SIZE];
	struct timespec t = { 0 }, now;

	text_time_parse(time, &t);
	clock_gettime(CLOCK_REALTIME, &now);
	text_age(now.tv_sec - t.tv_sec, age);
	return arena_printf(a, "%s ago", age);
}

static const char *labels_text(const struct pairs *pairs, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < pairs->n; i++)
		text = arena_printf(a, "%s%s%s=%s", text, i ? "," : "", pairs->v[i].key, pairs->v[i].value);
	return text;
}

static bool label_matches(const struct secret *s, const char *want)
{
	struct str value, key = str_cut(str_of(want), '=', &value);

	for (size_t i = 0; i < s->labels.n; i++)
		if (str_is(key, s->labels.v[i].key))
			return !value.p || str_is(value, s->labels.v[i].value);
	return false;
}

/* 1: shown, 0: not. */
static int passes(const struct secret *s, const struct strs *filters, struct err *e)
{
	for (size_t i = 0; i < filters->n; i++) {
		const char *text = filters->v[i], *name = str_after(text, "name="), *id = str_after(text, "id="), *label = str_after(text, "label=");

		if (!name && !id && !label)
			return err_set(e, ERR_INVALID, "invalid filter '%.100s': name=, id= and label= are known", text);
		if ((name && !strstr(s->name, name)) || (id && !str_after(s->id, id)) || (label && !label_matches(s, label)))
			return 0;
	}
	return 1;
}

static int ls_run(struct cli *c, const void *options, struct err *e)
{
	const struct ls_options *o = options;
	static const struct secret none = { .name = "", .id = "" };
	scoped_buf struct buf out = BUF(LIMIT_FILE);
	struct table t = TABLE(c->a, columns);
	struct secret *v;
	struct engine *en;
	size_t n;
	int r = passes(&none, &o->filters, e) < 0 ? -EINVAL : cli_engine(c, &en, e);

	if (r == 0)
		r = secret_list(en, c->a, &v, &n, e);
	if (r < 0)
		return r;
	t.no_heading = o->no_heading;
	for (size_t i = 0; i < n; i++) {
		const char **row;

		if (passes(&v[i], &o->filters, e) != 1)
			continue;
		row = table_row(&t);
		row[ID] = v[i].id;
		row[NAME] = v[i].name;
		row[DRIVER] = "file";
		row[CREATED] = age_of(v[i].created, c->a);
		row[UPDATED] = age_of(v[i].updated, c->a);
		row[LABELS] = labels_text(&v[i].labels, c->a);
	}
	r = table_print(&t, o->quiet ? "{{.ID}}" : o->format, &out, e);
	if (r == 0)
		fwrite(buf_text(&out), 1, out.n, stdout);
	return r;
}

const struct command secret_ls_command = {
	.names = { "secret ls", "secret list" },
	.group = "Secrets",
	.summary = "List secrets",
	.opts = { ls_opts },
	.options_size = sizeof(struct ls_options),
	.run = ls_run,
};

/* ---- inspect ---- */

struct inspect_options {
	bool show, pretty;
	const char *format;
};

static const struct opt inspect_opts[] = {
	OPT(struct inspect_options, format, "format", 'f', STR, "TEMPLATE", "Go template"),
	OPT(struct inspect_options, show, "showsecret", 0, FLAG, NULL, "The contents, too"),
	OPT(struct inspect_options, pretty, "pretty", 0, FLAG, NULL, "For people instead of programs"),
	OPT_END,
};

static int document_show(const char *json, const struct inspect_options *o, bool is_first, struct err *e)
{
	static const char pretty[] = "ID:              {{.ID}}\nName:            {{.Spec.Name}}\nLabels:          {{range $k, $v := .Spec.Labels}}{{$k}}={{$v}} {{end}}\n"
		"Driver:          {{.Spec.Driver.Name}}\nCreated at:      {{.CreatedAt}}\nUpdated at:      {{.UpdatedAt}}";
	scoped_buf struct buf out = BUF(LIMIT_DOCUMENT);
	int r;

	if (!o->format && !o->pretty) {
		printf("%s%s", is_first ? "[\n" : ",\n", json);
		return 0;
	}
	r = template_render(o->format ? o->format : pretty, str_of(json), &out, e);
	if (r == 0)
		printf("%s\n", buf_text(&out));
	return r;
}

static int inspect_run(struct cli *c, const void *options, struct err *e)
{
	const struct inspect_options *o = options;
	struct engine *en;
	size_t n = 0;
	int code = 0, r = cli_engine(c, &en, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < c->args.n; i++) {
		const char *json;

		r = secret_inspect_json(en, c->args.v[i], o->show, c->a, &json, e);
		if (r == 0)
			r = document_show(json, o, n == 0, e);
		n += r == 0;
		if (r < 0) {
			cli_report(e);
			code = 1;
		}
	}
	if (!o->format && !o->pretty)
		puts(n ? "\n]" : "[]");
	return code;
}

const struct command secret_inspect_command = {
	.names = { "secret inspect" },
	.group = "Secrets",
	.summary = "Print what is known about secrets, without their contents",
	.args = "SECRET [SECRET...]",
	.min_args = 1,
	.max_args = -1,
	.opts = { inspect_opts },
	.options_size = sizeof(struct inspect_options),
	.run = inspect_run,
};

/* ---- rm ---- */

struct rm_options {
	bool all, ignore;
};

static const struct opt rm_opts[] = {
	OPT(struct rm_options, all, "all", 'a', FLAG, NULL, "All secrets"),
	OPT(struct rm_options, ignore, "ignore", 'i', FLAG, NULL, "What is not there is no error"),
	OPT_END,
};

static int rm_run(struct cli *c, const void *options, struct err *e)
{
	const struct rm_options *o = options;
	struct strs names = c->args;
	struct secret *v;
	struct engine *en;
	size_t n;
	int code = 0, r;

	if (o->all == (names.n > 0))
		return err_set(e, ERR_INVALID, "either --all or names of secrets");
	r = cli_engine(c, &en, e);
	if (r == 0 && o->all)
		r = secret_list(en, c->a, &v, &n, e);
	for (size_t i = 0; r == 0 && o->all && i < n; i++)
		strs_push(c->a, &names, v[i].id);
	if (r < 0)
		return r;
	for (size_t i = 0; i < names.n; i++) {
		if (secret_remove(en, names.v[i], e) == 0) {
			puts(names.v[i]);
		} else if (!o->ignore || e->kind != ERR_NOT_FOUND) {
			cli_report(e);
			code = 1;
		}
	}
	return code;
}

const struct command secret_rm_command = {
	.names = { "secret rm", "secret remove" },
	.group = "Secrets",
	.summary = "Forget secrets",
	.args = "SECRET [SECRET...]",
	.max_args = -1,
	.opts = { rm_opts },
	.options_size = sizeof(struct rm_options),
	.run = rm_run,
};

/* ---- exists ---- */

static int exists_run(struct cli *c, const void *options, struct err *e)
{
	struct secret ignored;
	struct engine *en;
	int r = cli_engine(c, &en, e);

	if (r == 0)
		r = secret_find(en, c->args.v[0], c->a, &ignored, e);
	return r < 0 && e->kind == ERR_NOT_FOUND ? 1 : r;
}

const struct command secret_exists_command = {
	.names = { "secret exists" },
	.group = "Secrets",
	.summary = "Exit with 0 if there is such a secret, with 1 if not",
	.args = "SECRET",
	.min_args = 1,
	.max_args = 1,
	.failure = EXIT_REFUSED,
	.run = exists_run,
};
