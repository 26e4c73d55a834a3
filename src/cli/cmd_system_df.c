/* SPDX-License-Identifier: Apache-2.0 */
/* `tare system df` says where every byte below the store's root is: a line per kind as docker does, and what is neither image, container nor volume. */
#include "cli/commands.h"

#include <stdio.h>
#include <time.h>

#include "base/limits.h"
#include "base/text.h"
#include "cli/document.h"
#include "cli/table.h"
#include "engine/engine.h"
#include "engine/usage.h"
#include "spec/reference.h"

struct df_options {
	bool verbose;
	const char *format;
};

static const struct opt df_opts[] = {
	OPT(struct df_options, verbose, "verbose", 'v', FLAG, NULL, "Every image, container and volume"),
	OPT(struct df_options, format, "format", 0, STR, "TEMPLATE", "Go template, 'json' or 'table TEMPLATE'"),
	OPT_END,
};

static const char *size_text(uint64_t bytes, struct arena *a)
{
	char size[TEXT_SIZE_SIZE];

	text_size_long(bytes, size);
	return arena_strdup(a, size);
}

static const char *age_text(const char *since, struct arena *a)
{
	char age[TEXT_AGE_SIZE];
	struct timespec t, now;

	if (!since || text_time_parse(since, &t) < 0)
		return "N/A";
	clock_gettime(CLOCK_REALTIME, &now);
	text_age(now.tv_sec - t.tv_sec, age);
	return arena_printf(a, "%s ago", age);
}

static const char *count_text(uint64_t n, struct arena *a)
{
	return arena_printf(a, "%llu", (unsigned long long)n);
}

/* ---- a line per kind ---- */

static const struct table_column kind_columns[] = {
	{ "Type", "TYPE", true }, { "TotalCount", "TOTAL", true }, { "Active", "ACTIVE", true }, { "Size", "SIZE", true },
	{ "Reclaimable", "RECLAIMABLE", true }, { "Total", "TOTAL", false, true }, { "RawSize", "SIZE", false, true },
	{ "RawReclaimable", "RECLAIMABLE", false, true },
};

static const char *reclaimable_text(const struct usage_row *row, struct arena *a)
{
	const char *size = size_text(row->reclaimable, a);

	return row->bytes ? arena_printf(a, "%s (%llu%%)", size, (unsigned long long)(row->reclaimable * 100 / row->bytes)) : size;
}

static int kinds_print(const struct engine_usage *u, const char *format, struct arena *a, struct buf *out, struct err *e)
{
	struct table t = TABLE(a, kind_columns);

	for (int i = 0; i < USAGE_KIND_COUNT; i++) {
		const char **row = table_row(&t);

		row[0] = enumtab_name(&usage_kinds, i);
		row[1] = count_text(u->rows[i].total, a);
		row[2] = count_text(u->rows[i].active, a);
		row[3] = size_text(u->rows[i].bytes, a);
		row[4] = reclaimable_text(&u->rows[i], a);
		row[5] = row[1];
		row[6] = count_text(u->rows[i].bytes, a);
		row[7] = count_text(u->rows[i].reclaimable, a);
	}
	return table_print(&t, format, out, e);
}

/* ---- -v ---- */

static const struct table_column image_columns[] = {
	{ "Repository", "REPOSITORY", true }, { "Tag", "TAG", true }, { "ID", "IMAGE ID", true }, { "CreatedSince", "CREATED", true },
	{ "Size", "SIZE", true }, { "SharedSize", "SHARED SIZE", true }, { "UniqueSize", "UNIQUE SIZE", true }, { "Containers", "CONTAINERS", true },
};

static uint64_t containers_of(const struct engine_usage *u, const char *image)
{
	uint64_t n = 0;

	for (size_t i = 0; i < u->n_containers; i++)
		n += streq(u->containers[i].info->c->image.id, image);
	return n;
}

static struct table images_table(const struct engine_usage *u, struct arena *a)
{
	struct table t = TABLE(a, image_columns);

	for (size_t i = 0; i < u->images.n_images; i++) {
		const struct image_space *s = &u->images.v[i];
		const char **row = table_row(&t);
		struct reference ref = { 0 };
		struct err ignored; /* shown as no name */

		row[0] = row[1] = "<none>";
		if (s->names.n > 0 && reference_parse(s->names.v[0], a, &ref, &ignored) == 0) {
			row[0] = reference_familiar_name(&ref, a);
			row[1] = ref.tag ? ref.tag : "<none>";
		}
		row[2] = arena_printf(a, "%.12s", strchr(s->id, ':') + 1);
		row[3] = age_text(s->created, a);
		row[4] = size_text(s->shared + s->unique, a);
		row[5] = size_text(s->shared, a);
		row[6] = size_text(s->unique, a);
		row[7] = count_text(containers_of(u, s->id), a);
	}
	return t;
}

static const struct table_column container_columns[] = {
	{ "ID", "CONTAINER ID", true }, { "Image", "IMAGE", true }, { "Command", "COMMAND", true }, { "LocalVolumes", "LOCAL VOLUMES", true },
	{ "Size", "SIZE", true }, { "CreatedSince", "CREATED", true }, { "Status", "STATUS", true }, { "Names", "NAMES", true },
};

static struct table containers_table(const struct engine_usage *u, struct arena *a)
{
	struct table t = TABLE(a, container_columns);

	for (size_t i = 0; i < u->n_containers; i++) {
		const struct container *c = u->containers[i].info->c;
		const char **row = table_row(&t);
		uint64_t volumes = 0;

		for (size_t k = 0; k < c->n_mounts; k++)
			volumes += c->mounts[k].kind == CONTAINER_MOUNT_VOLUME;
		row[0] = arena_printf(a, "%.12s", c->id);
		row[1] = c->request.image;
		row[2] = arena_printf(a, "\"%.20s\"", c->path);
		row[3] = count_text(volumes, a);
		row[4] = size_text(u->containers[i].bytes, a);
		row[5] = age_text(c->created, a);
		row[6] = enumtab_name(&container_statuses, (int)u->containers[i].info->status);
		row[7] = c->name;
	}
	return t;
}

static const struct table_column volume_columns[] = {
	{ "Name", "VOLUME NAME", true }, { "Links", "LINKS", true }, { "Size", "SIZE", true },
};

static struct table volumes_table(const struct engine_usage *u, struct arena *a)
{
	struct table t = TABLE(a, volume_columns);

	for (size_t i = 0; i < u->n_volumes; i++) {
		const char **row = table_row(&t);

		row[0] = u->volumes[i].name;
		row[1] = count_text(u->volumes[i].links, a);
		row[2] = size_text(u->volumes[i].bytes, a);
	}
	return t;
}

/* The key in docker's document, the heading, and the rows. */
static const struct {
	const char *key, *heading;
	struct table (*make)(const struct engine_usage *u, struct arena *a);
} parts[] = {
	{ "Images", "Images space usage:", images_table },
	{ "Containers", "\nContainers space usage:", containers_table },
	{ "Volumes", "\nLocal Volumes space usage:", volumes_table },
};

static int parts_print(const struct engine_usage *u, struct arena *a, struct buf *out, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(parts); i++) {
		struct table t = parts[i].make(u, a);

		buf_printf(out, "%s\n\n", parts[i].heading);
		r = table_print(&t, NULL, out, e);
	}
	buf_printf(out, "\nBuild cache usage: 0B\n\nOther usage: %s, of which %s can be reclaimed\n", size_text(u->rows[USAGE_OTHER].bytes, a),
		size_text(u->rows[USAGE_OTHER].reclaimable, a));
	return r;
}

/* As docker since 24: a template sees all parts as one document. */
static int parts_document(const struct engine_usage *u, const char *format, struct arena *a, struct err *e)
{
	scoped_buf struct buf json = BUF(LIMIT_FILE);

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		struct table t = parts[i].make(u, a);

		buf_printf(&json, "%s\"%s\":", i ? "," : "{", parts[i].key);
		table_json(&t, &json);
	}
	buf_add_str(&json, ",\"BuildCache\":[]}");
	return document_print_text(buf_str(&json), format, e);
}

static int df_run(struct cli *c, const void *options, struct err *e)
{
	const struct df_options *o = options;
	scoped_buf struct buf out = BUF(LIMIT_FILE);
	struct engine_usage u;
	struct engine *en;
	int r;

	r = cli_engine(c, &en, e);
	if (r == 0)
		r = engine_usage(en, c->a, &u, e);
	if (r == 0 && !o->verbose)
		r = kinds_print(&u, o->format, c->a, &out, e);
	if (r == 0 && o->verbose && o->format)
		return parts_document(&u, o->format, c->a, e);
	if (r == 0 && o->verbose)
		r = parts_print(&u, c->a, &out, e);
	if (r < 0)
		return r;
	fwrite(buf_text(&out), 1, out.n, stdout);
	return 0;
}

const struct command system_df_command = {
	.names = { "system df" },
	.group = "System",
	.summary = "Where the disk space is",
	.opts = { df_opts },
	.options_size = sizeof(struct df_options),
	.run = df_run,
};
