/* SPDX-License-Identifier: Apache-2.0 */
/* `tare history` shows what an image was made by, newest step first, with the size of each step's layer. */
#include "cli/commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/text.h"
#include "cli/image_text.h"
#include "cli/table.h"
#include "image/image.h"

struct history_options {
	bool human, no_trunc, quiet;
	const char *format, *platform;
};

static const struct history_options history_defaults = { .human = true };

static const struct opt history_opts[] = {
	OPT(struct history_options, format, "format", 0, STR, "TEMPLATE", "Go template, 'json' or 'table TEMPLATE'"),
	OPT(struct history_options, human, "human", 'H', FLAG, NULL, "Ages and round sizes (default); --human=false: times and bytes"),
	OPT(struct history_options, no_trunc, "no-trunc", 0, FLAG, NULL, "Whole ids and commands"),
	OPT(struct history_options, platform, "platform", 0, STR, "OS/ARCH", "Of an image for several platforms that one"),
	OPT(struct history_options, quiet, "quiet", 'q', FLAG, NULL, "Only ids"),
	OPT_END,
};

enum { COMMAND_SHOWN = 45 };

enum { ID, CREATED_SINCE, CREATED_AT, CREATED_BY, SIZE, COMMENT, CREATED, TAGS, N_COLUMNS };

static const struct table_column columns[N_COLUMNS] = {
	[ID] = { "ID", "IMAGE", true },
	[CREATED_SINCE] = { "CreatedSince", "CREATED", true },
	[CREATED_AT] = { "CreatedAt", "CREATED AT", false },
	[CREATED_BY] = { "CreatedBy", "CREATED BY", true },
	[SIZE] = { "Size", "SIZE", true },
	[COMMENT] = { "Comment", "COMMENT", true },
	[CREATED] = { "Created", "CREATED", false, true },
	[TAGS] = { "Tags", "TAGS", false, true },
};

/* One line, with an ellipsis for what is left out; no cut within a character. */
static const char *command_shown(const char *text, bool whole, struct arena *a)
{
	char *line = arena_strdup(a, text ? text : "");
	size_t n = 0, keep = 0;

	for (char *p = line; *p; p++) {
		if (*p == '\t')
			*p = ' ';
		if (((unsigned char)*p & 0xc0) != 0x80 && ++n == COMMAND_SHOWN)
			keep = (size_t)(p - line);
	}
	if (whole || n <= COMMAND_SHOWN)
		return line;
	line[keep] = '\0';
	return arena_printf(a, "%s…", line);
}

/* To the second, as docker has it. */
static const char *time_shown(const char *created, struct arena *a)
{
	char text[TEXT_TIME_SIZE];
	struct timespec t;

	if (!created || text_time_parse(created, &t) < 0)
		return "N/A";
	t.tv_nsec = 0;
	text_time(t, text);
	return arena_printf(a, "%.19sZ", text);
}

/* @image NULL: nobody knows which image this step made. */
static void fill_row(const char **row, const struct image_history *h, const struct image *image, const struct history_options *o, struct arena *a)
{
	char size[TEXT_SIZE_SIZE];
	const char *created = h->said->created;

	text_size(h->size, size);
	row[ID] = image ? image_text_id(image->id, o->no_trunc, a) : "<missing>";
	row[CREATED_AT] = time_shown(created, a);
	row[CREATED_SINCE] = o->human ? image_text_age(created, a) : row[CREATED_AT];
	row[CREATED_BY] = command_shown(h->said->created_by, o->no_trunc, a);
	row[SIZE] = o->human ? arena_strdup(a, size) : arena_printf(a, "%" PRIu64, h->size);
	row[COMMENT] = h->said->comment ? h->said->comment : "";
	row[CREATED] = row[CREATED_SINCE];
	row[TAGS] = arena_printf(a, "[%s]", image ? image_text_names(image, " ", a) : "");
}

static int history_run(struct cli *c, const void *options, struct err *e)
{
	const struct history_options *o = options;
	scoped_buf struct buf out = BUF(LIMIT_FILE);
	struct table_column shown[N_COLUMNS];
	struct table t = TABLE(c->a, shown);
	struct image_history *v;
	struct image_store *store;
	struct image image;
	size_t n = 0;
	int r = cli_images(c, &store, e);

	if (r == 0)
		r = o->platform ? image_find_for(store, c->args.v[0], o->platform, c->a, &image, e) : image_find(store, c->args.v[0], c->a, &image, e);
	if (r == 0)
		r = image_history(store, &image, c->a, &v, &n, e);
	if (r < 0)
		return r;
	memcpy(shown, columns, sizeof shown);
	if (!o->human)
		shown[CREATED_SINCE].heading = columns[CREATED_AT].heading;
	for (size_t i = 0; i < n; i++)
		fill_row(table_row(&t), &v[i], i == 0 ? &image : NULL, o, c->a);
	r = table_print(&t, o->quiet ? "{{.ID}}" : o->format, &out, e);
	if (r < 0)
		return r;
	fwrite(buf_text(&out), 1, out.n, stdout);
	return 0;
}

const struct command history_command = {
	.names = { "history", "image history" },
	.group = "Images",
	.summary = "Show what an image was made by",
	.args = "IMAGE",
	.min_args = 1,
	.max_args = 1,
	.opts = { history_opts },
	.options_size = sizeof(struct history_options),
	.defaults = &history_defaults,
	.run = history_run,
};
