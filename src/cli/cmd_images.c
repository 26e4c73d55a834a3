/* SPDX-License-Identifier: Apache-2.0 */
/* `tare images` lists what is in the store, newest first: one line per name, as docker does. */
#include "cli/commands.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "cli/table.h"
#include "engine/engine.h"
#include "image/image.h"

struct images_options {
	bool quiet, no_trunc, digests, all;
	const char *format;
};

static const struct opt images_opts[] = {
	OPT(struct images_options, all, "all", 'a', FLAG, NULL, "Also images without a name (they are always shown)"),
	OPT(struct images_options, quiet, "quiet", 'q', FLAG, NULL, "Only ids"),
	OPT(struct images_options, no_trunc, "no-trunc", 0, FLAG, NULL, "Whole ids"),
	OPT(struct images_options, digests, "digests", 0, FLAG, NULL, "Show digests"),
	OPT(struct images_options, format, "format", 0, STR, "TEMPLATE", "Go template, 'json' or 'table TEMPLATE'"),
	OPT_UNSUPPORTED("filter", 'f', "FILTER"),
	OPT_UNSUPPORTED("tree", 0, NULL),
	OPT_END,
};

enum { REPOSITORY, TAG, DIGEST, ID, CREATED_SINCE, CREATED_AT, SIZE, N_COLUMNS };

static const struct table_column plain_columns[N_COLUMNS] = {
	{ "Repository", "REPOSITORY", true }, { "Tag", "TAG", true }, { "Digest", "DIGEST", false }, { "ID", "IMAGE ID", true },
	{ "CreatedSince", "CREATED", true }, { "CreatedAt", "CREATED AT", false }, { "Size", "SIZE", true },
};
static const struct table_column digest_columns[N_COLUMNS] = {
	{ "Repository", "REPOSITORY", true }, { "Tag", "TAG", true }, { "Digest", "DIGEST", true }, { "ID", "IMAGE ID", true },
	{ "CreatedSince", "CREATED", true }, { "CreatedAt", "CREATED AT", false }, { "Size", "SIZE", true },
};

static const char *age_of(const char *created, struct arena *a)
{
	char age[TEXT_AGE_SIZE];
	struct timespec t, now;

	if (!created || text_time_parse(created, &t) < 0)
		return "N/A";
	clock_gettime(CLOCK_REALTIME, &now);
	text_age(now.tv_sec - t.tv_sec, age);
	return arena_printf(a, "%s ago", age);
}

/* Columns of one image under one of its names (NULL: it has none). */
static void fill_row(const char **row, const struct image *im, const char *name, const struct images_options *o, struct arena *a)
{
	const char *id = str_after(im->id, "sha256:");
	struct reference ref = { 0 };
	char size[TEXT_SIZE_SIZE];
	struct err e = { 0 };

	row[REPOSITORY] = row[TAG] = row[DIGEST] = "<none>";
	/* Names in the store were parsed when they came in; one that does not parse is shown as no name. */
	if (name && reference_parse(name, a, &ref, &e) == 0) {
		row[REPOSITORY] = reference_familiar_name(&ref, a);
		row[TAG] = ref.tag ? ref.tag : "<none>";
	}
	if (im->index || im->manifest)
		row[DIGEST] = im->index ? im->index : im->manifest;
	row[ID] = o->no_trunc ? im->id : arena_strndup(a, id, 12);
	row[CREATED_SINCE] = age_of(im->config.created, a);
	row[CREATED_AT] = im->config.created ? im->config.created : "";
	text_size(im->size, size);
	row[SIZE] = arena_strdup(a, size);
}

/* True if the person asked for this one: "busybox", "busybox:latest", or nothing in particular. */
static bool wanted(struct cli *c, const char *const *row)
{
	const char *want = c->args.n ? c->args.v[0] : NULL;

	return !want || streq(want, row[REPOSITORY]) || streq(want, arena_printf(c->a, "%s:%s", row[REPOSITORY], row[TAG]));
}

static int images_run(struct cli *c, const void *options, struct err *e)
{
	const struct images_options *o = options;
	scoped_buf struct buf out = BUF(LIMIT_FILE);
	struct table t = TABLE(c->a, plain_columns);
	struct image_store *store;
	struct images list;
	struct engine *en;
	int r = cli_engine(c, &en, e);

	if (r == 0)
		r = engine_images(en, &store, e);
	if (r == 0)
		r = image_list(store, c->a, &list, e);
	if (r < 0)
		return r;
	t.columns = o->digests ? digest_columns : plain_columns;
	for (size_t i = 0; i < list.n; i++) {
		size_t n_names = list.v[i].names.n;

		for (size_t k = 0; k < (n_names ? n_names : 1); k++) {
			const char **row = table_row(&t);

			fill_row(row, &list.v[i], n_names ? list.v[i].names.v[k] : NULL, o, c->a);
			if (!wanted(c, row))
				t.n--;
		}
	}
	r = table_print(&t, o->quiet ? "{{.ID}}" : o->format, &out, e);
	if (r < 0)
		return r;
	fwrite(buf_text(&out), 1, out.n, stdout);
	return 0;
}

const struct command images_command = {
	.names = { "images", "image ls", "image list" },
	.group = "Images",
	.summary = "List images",
	.args = "[REPOSITORY[:TAG]]",
	.max_args = 1,
	.opts = { images_opts },
	.options_size = sizeof(struct images_options),
	.run = images_run,
};
