/* SPDX-License-Identifier: Apache-2.0 */
/* `tare images` lists what is in the store, newest first: one line per name, as docker does. */
#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"
#include "cli/image_text.h"
#include "cli/table.h"
#include "engine/engine.h"
#include "image/store/filter.h"

struct images_options {
	bool quiet, no_trunc, digests, all, no_heading, history;
	const char *format, *sort;
	struct strs filters;
};

static const struct opt images_opts[] = {
	OPT(struct images_options, all, "all", 'a', FLAG, NULL, "Also images without a name (they are always shown)"),
	OPT(struct images_options, digests, "digests", 0, FLAG, NULL, "Show digests"),
	OPT(struct images_options, filters, "filter", 'f', FILTERS, "WORD=VALUE", "Only those: reference, label, dangling, before, since, until, id, digest, containers"),
	OPT(struct images_options, format, "format", 0, STR, "TEMPLATE", "Go template, 'json' or 'table TEMPLATE'"),
	OPT(struct images_options, history, "history", 0, FLAG, NULL, "Show all names that an image has beside each"),
	OPT(struct images_options, no_trunc, "no-trunc", 0, FLAG, NULL, "Whole ids"),
	OPT(struct images_options, no_heading, "noheading", 'n', FLAG, NULL, "No headings"),
	OPT(struct images_options, quiet, "quiet", 'q', FLAG, NULL, "Only ids"),
	OPT(struct images_options, sort, "sort", 0, STR, "FIELD", "By created (default), id, repository, size or tag"),
	OPT_REFUSED("tree", 0, NULL, "an image here is of one platform; 'tare image tree' shows its layers, 'tare manifest inspect' the platforms of its registry"),
	OPT_END,
};

enum {
	REPOSITORY, TAG, DIGEST, ID, CREATED_SINCE, CREATED_AT, SIZE, HISTORY, VIRTUAL_SIZE, SHARED_SIZE, UNIQUE_SIZE, CONTAINERS,
	ID_ALIAS, CREATED, CREATED_TIME, NAMES, REPO_TAGS, REPO_DIGESTS, LABELS, DANGLING, READ_ONLY, PARENT, N_COLUMNS,
};

static const struct table_column columns[N_COLUMNS] = {
	[REPOSITORY] = { "Repository", "REPOSITORY", true },
	[TAG] = { "Tag", "TAG", true },
	[DIGEST] = { "Digest", "DIGEST", false },
	[ID] = { "ID", "IMAGE ID", true },
	[CREATED_SINCE] = { "CreatedSince", "CREATED", true },
	[CREATED_AT] = { "CreatedAt", "CREATED AT", false },
	[SIZE] = { "Size", "SIZE", true },
	[HISTORY] = { "History", "HISTORY", false, true },
	[VIRTUAL_SIZE] = { "VirtualSize", "SIZE", false },
	[SHARED_SIZE] = { "SharedSize", "SHARED SIZE", false },
	[UNIQUE_SIZE] = { "UniqueSize", "UNIQUE SIZE", false },
	[CONTAINERS] = { "Containers", "CONTAINERS", false },
	[ID_ALIAS] = { "Id", "IMAGE ID", false, true },
	[CREATED] = { "Created", "CREATED", false, true },
	[CREATED_TIME] = { "CreatedTime", "CREATED TIME", false, true },
	[NAMES] = { "Names", "NAMES", false, true },
	[REPO_TAGS] = { "RepoTags", "REPO TAGS", false, true },
	[REPO_DIGESTS] = { "RepoDigests", "REPO DIGESTS", false, true },
	[LABELS] = { "Labels", "LABELS", false, true },
	[DANGLING] = { "Dangling", "DANGLING", false, true },
	[READ_ONLY] = { "ReadOnly", "READ ONLY", false, true },
	[PARENT] = { "ParentId", "PARENT ID", false, true },
};

/* One line: an image under one of its names. */
struct line {
	const struct image *image;
	const char *repository, *tag;
};

struct lines {
	struct line *v;
	size_t n, cap;
};

static void lines_add(struct lines *lines, const struct image *image, struct arena *a)
{
	for (size_t i = 0; i < (image->names.n ? image->names.n : 1); i++) {
		struct line *l = vec_push(a, lines);
		struct reference ref;
		struct err ignored; /* names in the store were parsed when they came in */

		*l = (struct line){ image, "<none>", "<none>" };
		if (image->names.n == 0 || reference_parse(image->names.v[i], a, &ref, &ignored) < 0)
			continue;
		l->repository = reference_familiar_name(&ref, a);
		l->tag = ref.tag ? ref.tag : "<none>";
	}
}

/* ---- order ---- */

static int by_id(const void *x, const void *y)
{
	return strcmp(((const struct line *)x)->image->id, ((const struct line *)y)->image->id);
}

static int by_repository(const void *x, const void *y)
{
	return strcmp(((const struct line *)x)->repository, ((const struct line *)y)->repository);
}

static int by_tag(const void *x, const void *y)
{
	return strcmp(((const struct line *)x)->tag, ((const struct line *)y)->tag);
}

static int by_size(const void *x, const void *y)
{
	uint64_t a = ((const struct line *)x)->image->size, b = ((const struct line *)y)->image->size;

	return (a > b) - (a < b);
}

static const struct {
	const char *word;
	int (*compare)(const void *x, const void *y); /* NULL: as the store lists them */
} orders[] = { { "created", NULL }, { "id", by_id }, { "repository", by_repository }, { "size", by_size }, { "tag", by_tag } };

static int lines_sort(struct lines *lines, const char *word, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		if (!streq(orders[i].word, word))
			continue;
		if (orders[i].compare && lines->n > 0)
			qsort(lines->v, lines->n, sizeof *lines->v, orders[i].compare);
		return 0;
	}
	return err_set(e, ERR_INVALID, "invalid argument for --sort: '%s' is not created, id, repository, size or tag", word);
}

/* ---- cells ---- */

/* "busybox@sha256:…", one of each repository. */
static const char *digests_of(const struct image *image, struct arena *a)
{
	const char *digest = image->index ? image->index : image->manifest, *text = "";
	struct strs seen = { 0 };

	for (size_t i = 0; digest && i < image->names.n; i++) {
		const char *name;
		struct reference ref;
		struct err ignored;

		if (reference_parse(image->names.v[i], a, &ref, &ignored) < 0)
			continue;
		name = reference_familiar_name(&ref, a);
		if (strs_has(&seen, name))
			continue;
		strs_push(a, &seen, name);
		text = arena_printf(a, "%s%s%s@%s", text, *text ? " " : "", name, digest);
	}
	return text;
}

/* A map as Go prints one. */
static const char *labels_of(const struct image *image, struct arena *a)
{
	const struct pairs *labels = &image->config.config.labels;
	const char *text = "";

	for (size_t i = 0; i < labels->n; i++)
		text = arena_printf(a, "%s%s%s:%s", text, i ? " " : "", labels->v[i].key, labels->v[i].value);
	return arena_printf(a, "map[%s]", text);
}

/* Podman's words. */
static void fill_aliases(const char **row, const struct image *im, struct arena *a)
{
	row[ID_ALIAS] = im->id + strlen("sha256:");
	row[CREATED] = row[CREATED_SINCE];
	row[CREATED_TIME] = row[CREATED_AT];
	row[NAMES] = row[REPO_TAGS] = arena_printf(a, "[%s]", image_text_names(im, " ", a));
	row[REPO_DIGESTS] = arena_printf(a, "[%s]", digests_of(im, a));
	row[LABELS] = labels_of(im, a);
	row[DANGLING] = im->names.n == 0 ? "true" : "false";
	row[READ_ONLY] = "false";
	row[PARENT] = "";
}

static void fill_row(const char **row, const struct line *l, const struct images_options *o, struct arena *a)
{
	const struct image *im = l->image;
	char size[TEXT_SIZE_SIZE];

	text_size(im->size, size);
	row[REPOSITORY] = l->repository;
	row[TAG] = l->tag;
	row[DIGEST] = im->index ? im->index : im->manifest ? im->manifest : "<none>";
	row[ID] = image_text_id(im->id, o->no_trunc, a);
	row[CREATED_SINCE] = image_text_age(im->config.created, a);
	row[CREATED_AT] = o->format ? image_text_time(im->config.created, a) : "";
	row[SIZE] = arena_strdup(a, size);
	row[VIRTUAL_SIZE] = "";
	if (o->format) {
		text_size_long(im->size, size);
		row[VIRTUAL_SIZE] = arena_strdup(a, size);
	}
	row[HISTORY] = o->history || o->format ? image_text_names(im, ", ", a) : "";
	/* Docker does not count these either, unless it is asked for all of the disk. */
	row[SHARED_SIZE] = row[UNIQUE_SIZE] = row[CONTAINERS] = "N/A";
	if (o->format && strstr(o->format, "{{"))
		fill_aliases(row, im, a);
}

/* "busybox", "busybox:latest", "busybox@sha256:…" and patterns as --filter reference= takes them. */
static int lines_find(struct cli *c, struct engine *en, const struct images_options *o, struct lines *ret, struct err *e)
{
	struct strs filters = { 0 };
	struct image_store *store;
	struct images *list = arena_new(c->a, struct images);
	int r = engine_images(en, &store, e);

	for (size_t i = 0; i < o->filters.n; i++)
		strs_push(c->a, &filters, o->filters.v[i]);
	if (c->args.n > 0)
		strs_push(c->a, &filters, arena_printf(c->a, "reference=%s", c->args.v[0]));
	if (r == 0)
		r = filters.n || (o->format && strstr(o->format, "Labels")) ? image_list(store, c->a, list, e) : image_list_brief(store, c->a, list, e);
	if (r == 0)
		r = image_filter(store, &filters, &(struct filter_user){ engine_image_user, en }, c->a, list, e);
	for (size_t i = 0; r == 0 && i < list->n; i++)
		lines_add(ret, &list->v[i], c->a);
	return r == 0 && o->sort ? lines_sort(ret, o->sort, e) : r;
}

static int images_run(struct cli *c, const void *options, struct err *e)
{
	const struct images_options *o = options;
	scoped_buf struct buf out = BUF(LIMIT_FILE);
	struct table_column shown[N_COLUMNS];
	struct table t = TABLE(c->a, shown);
	struct lines lines = { 0 };
	struct engine *en;
	int r = cli_engine(c, &en, e);

	if (r == 0)
		r = lines_find(c, en, o, &lines, e);
	if (r < 0)
		return r;
	memcpy(shown, columns, sizeof shown);
	shown[DIGEST].shown = o->digests;
	shown[HISTORY].shown = o->history;
	t.no_heading = o->no_heading;
	for (size_t i = 0; i < lines.n; i++)
		fill_row(table_row(&t), &lines.v[i], o, c->a);
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
