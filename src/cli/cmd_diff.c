/* SPDX-License-Identifier: Apache-2.0 */
/* `tare diff` shows what a container changed of its image's files, or how images differ. */
#include "cli/commands.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/limits.h"
#include "cli/each.h"
#include "engine/engine.h"

struct diff_options {
	const char *format;
	bool latest;
};

static const struct opt diff_opts[] = {
	OPT(struct diff_options, format, "format", 0, STR, "FORMAT", "'json' instead of lines"),
	OPT(struct diff_options, latest, "latest", 'l', FLAG, NULL, "The newest container"),
	OPT_END,
};

static const struct opt image_diff_opts[] = {
	OPT(struct diff_options, format, "format", 0, STR, "FORMAT", "'json' instead of lines"),
	OPT_END,
};

static const struct {
	char letter;
	const char *key; /* podman's */
} kinds[CHANGE_KIND_COUNT] = {
	[CHANGE_MODIFIED] = { 'C', "changed" },
	[CHANGE_ADDED] = { 'A', "added" },
	[CHANGE_DELETED] = { 'D', "deleted" },
};

static int print_json(const struct container_change *v, size_t n)
{
	scoped_buf struct buf b = BUF(LIMIT_FILE);

	buf_add_char(&b, '{');
	for (int kind = 0, shown = 0; kind < CHANGE_KIND_COUNT; kind++) {
		size_t of_kind = 0;

		for (size_t i = 0; i < n; i++) {
			if ((int)v[i].kind != kind)
				continue;
			if (of_kind++ == 0)
				buf_printf(&b, "%s\"%s\":[", shown++ ? "," : "", kinds[kind].key);
			else
				buf_add_char(&b, ',');
			json_encode_string(str_of(v[i].path), &b);
		}
		if (of_kind > 0)
			buf_add_char(&b, ']');
	}
	buf_add_str(&b, "}\n");
	return buf_is_full(&b) || fwrite(buf_text(&b), 1, b.n, stdout) != b.n;
}

/* A container first, unless only images are meant; an image where there is no such container, or to compare with. */
static int changes_get(struct cli *c, struct engine *en, const struct strs *names, struct container_change **v, size_t *n, struct err *e)
{
	const char *other = names->n > 1 ? names->v[1] : NULL;
	int r = -ENOENT;

	if (!other && c->command != &image_diff_command)
		r = container_diff(en, names->v[0], c->a, v, n, e);
	if (other || c->command == &image_diff_command || (r < 0 && e->kind == ERR_NOT_FOUND && c->command == &diff_command))
		r = image_diff(en, names->v[0], other, c->a, v, n, e);
	if (r < 0 && e->kind == ERR_NOT_FOUND && c->command == &diff_command)
		return err_set(e, ERR_NOT_FOUND, "no such container or image: %s", names->v[0]);
	return r;
}

static int diff_run(struct cli *c, const void *options, struct err *e)
{
	const struct diff_options *o = options;
	struct container_change *v;
	struct engine *en;
	struct strs names;
	size_t n = 0;
	int r;

	if (o->format && !streq(o->format, "json"))
		return err_set(e, ERR_INVALID, "invalid argument for --format: '%s' is not json", o->format);
	r = each_targets(c, o->latest, &names, e);
	if (r == 0)
		r = cli_engine(c, &en, e);
	if (r == 0)
		r = changes_get(c, en, &names, &v, &n, e);
	if (r < 0)
		return r;
	if (o->format)
		return print_json(v, n);
	for (size_t i = 0; i < n; i++)
		printf("%c %s\n", kinds[v[i].kind].letter, v[i].path);
	return 0;
}

const struct command diff_command = {
	.names = { "diff" },
	.group = "Containers",
	.summary = "Show what a container changed of its image, or how images differ",
	.args = "CONTAINER|IMAGE [CONTAINER|IMAGE]",
	.max_args = 2,
	.opts = { diff_opts },
	.options_size = sizeof(struct diff_options),
	.run = diff_run,
};

const struct command container_diff_command = {
	.names = { "container diff" },
	.group = "Containers",
	.summary = "Show what a container changed of its image",
	.args = "CONTAINER",
	.max_args = 1,
	.opts = { diff_opts },
	.options_size = sizeof(struct diff_options),
	.run = diff_run,
};

const struct command image_diff_command = {
	.names = { "image diff" },
	.group = "Images",
	.summary = "Show what an image's last layer changes, or how two images differ",
	.args = "IMAGE [IMAGE]",
	.min_args = 1,
	.max_args = 2,
	.opts = { image_diff_opts },
	.options_size = sizeof(struct diff_options),
	.run = diff_run,
};
