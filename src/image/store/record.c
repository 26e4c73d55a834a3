/* SPDX-License-Identifier: Apache-2.0 */
/* The records part of store.h: which names there are and what they stand for. */
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"
#include "codec/json.h"
#include "image/store/content.h"

/* clang-format off */
static const struct field record_fields[] = {
	FIELD(struct image_record, reference,   "reference",  STR, FIELD_OMIT_EMPTY),
	FIELD(struct image_record, id,          "id",         STR, FIELD_REQUIRED),
	FIELD(struct image_record, manifest,    "manifest",   STR, FIELD_REQUIRED),
	FIELD(struct image_record, index,       "index",      STR, FIELD_OMIT_EMPTY),
	FIELD(struct image_record, created,     "created",    STR, FIELD_OMIT_EMPTY),
	FIELD(struct image_record, image_created, "imageCreated", STR, FIELD_OMIT_EMPTY),
	FIELD(struct image_record, size,        "size",       U64, 0),
	FIELD(struct image_record, first_layer, "firstLayer", U32, FIELD_OMIT_EMPTY),
	FIELD(struct image_record, own,         "own",        BOOL, FIELD_OMIT_EMPTY),
	FIELD(struct image_record, packed,      "packed",     BOOL, FIELD_OMIT_EMPTY),
	FIELD(struct image_record, all,         "allPlatforms", BOOL, FIELD_OMIT_EMPTY),
};
/* clang-format on */

static int record_check(const void *obj, struct err *e)
{
	const struct image_record *r = obj;
	struct digest d;

	if (digest_parse(r->id, &d) < 0 || digest_parse(r->manifest, &d) < 0 || (r->index && digest_parse(r->index, &d) < 0))
		return err_set(e, ERR_CORRUPT, "a digest is not well-formed");
	return 0;
}

static const struct schema record_schema = SCHEMA_CHECKED("image record", struct image_record, record_fields, record_check);

const char *content_record_name(const struct image_record *r, struct arena *a)
{
	struct reference ref;
	struct err ignored; /* our own canonical text always parses */

	if (!r->reference || reference_parse(r->reference, a, &ref, &ignored) < 0)
		return arena_printf(a, "@%s", digest_hex(r->id));
	return reference_escape(&ref, a);
}

int content_record_read(const struct image_store *s, const char *name, struct arena *a, struct image_record *ret, struct err *e)
{
	char *text;
	size_t n;
	int r = objdir_read(&s->images, name, LIMIT_PROC_FILE, a, &text, &n);

	if (r < 0)
		return err_sys(e, r, "read image record '%.200s'", name);
	r = json_decode((struct str){ text, n }, &record_schema, JSON_EXACT, a, ret, e);
	if (r == 0 && strcmp(content_record_name(ret, a), name) != 0)
		r = err_set(e, ERR_CORRUPT, "it is about another name");
	return r < 0 ? err_wrap(e, "image record '%.200s'", name) : 0;
}

int content_record_write(const struct image_store *s, const struct image_record *record, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(LIMIT_PROC_FILE);
	const char *name = content_record_name(record, &a);
	int r;

	json_encode(&record_schema, record, JSON_INDENT_NONE, &b);
	buf_add_char(&b, '\n');
	r = buf_is_full(&b) ? -E2BIG : objdir_write(&s->images, name, b.p, b.n);
	return r < 0 ? err_sys(e, r, "write image record '%.200s'", name) : 0;
}

struct collecting {
	const struct image_store *s;
	struct arena *a;
	struct image_records *records;
	struct strs *bad;
};

static int record_collect(void *arg, const char *name)
{
	struct collecting *c = arg;
	struct image_record record;
	struct err e;
	int r = content_record_read(c->s, name, c->a, &record, &e);

	if (r == 0)
		*vec_push(c->a, c->records) = record;
	else if (r != -ENOENT && c->bad)
		strs_push(c->a, c->bad, arena_strdup(c->a, name));
	return 0;
}

int content_records(const struct image_store *s, struct arena *a, struct image_records *ret, struct strs *ret_bad, struct err *e)
{
	struct collecting c = { s, a, ret, ret_bad };
	int r;

	*ret = (struct image_records){ 0 };
	r = objdir_each(&s->images, record_collect, &c);
	return r < 0 ? err_sys(e, r, "list images") : 0;
}

static bool id_has_other_record(const struct image_records *records, const char *id, const char *but)
{
	for (size_t i = 0; i < records->n; i++)
		if (strcmp(records->v[i].id, id) == 0 && !streq(records->v[i].reference, but))
			return true;
	return false;
}

int content_record_leave(const struct image_store *s, const struct image_record *old, struct arena *a, struct err *e)
{
	struct image_record nameless = *old;
	struct image_records all;
	int r = content_records(s, a, &all, NULL, e);

	if (r < 0 || id_has_other_record(&all, old->id, old->reference))
		return r;
	nameless.reference = NULL;
	return content_record_write(s, &nameless, e);
}

static int record_place(const struct image_store *s, const struct image_record *record, struct arena *a, struct err *e)
{
	char nameless[DIGEST_TEXT_SIZE + 1];
	struct image_record old;
	struct err ignored; /* not there, or damaged: replaced */
	int r = 0;

	if (record->reference && content_record_read(s, content_record_name(record, a), a, &old, &ignored) == 0 && strcmp(old.id, record->id) != 0)
		r = content_record_leave(s, &old, a, e);
	if (r == 0)
		r = content_record_write(s, record, e);
	if (r < 0 || !record->reference)
		return r;
	/* It has a name now. */
	snprintf(nameless, sizeof nameless, "@%s", digest_hex(record->id));
	r = objdir_remove(&s->images, nameless);
	return r < 0 && r != -ENOENT ? err_sys(e, r, "remove image record '%s'", nameless) : 0;
}

int content_record_place(const struct image_store *s, const struct image_record *record, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_fd int lock = content_lock_all(s, CONTENT_RECORDS);

	return lock < 0 ? err_sys(e, lock, "lock image records") : record_place(s, record, &a, e);
}

int content_image_load(const struct image_store *s, const struct image_record *record, struct arena *a, struct image *ret, struct err *e)
{
	struct image image = { .id = record->id, .manifest = record->manifest, .index = record->index, .size = record->size,
		.tagged = record->created, .packed = record->packed };
	struct str text;
	int r;

	r = content_blob_read(s, record->id, a, &text, e);
	if (r == 0)
		r = oci_image_config_decode(text, a, &image.config, e);
	if (r < 0)
		return err_wrap(e, "image '%.19s'", record->id);
	image.diff_ids = image.config.rootfs.diff_ids;
	for (size_t i = 0; i < image.diff_ids.n && !record->packed; i++) {
		const char *diff_id = image.diff_ids.v[i];
		enum layer_form form;

		if (content_layer_form(s, diff_id, &form) < 0)
			return err_set(e, ERR_CORRUPT, "image '%.19s': layer '%.19s' is missing; run 'tare system check --repair'", record->id, diff_id);
		if (i >= record->first_layer)
			strs_push(a, &image.layers, arena_printf(a, "%s/%s", s->root, content_layer_path(diff_id, form).s));
	}
	if (record->reference)
		strs_push(a, &image.names, record->reference);
	*ret = image;
	return 0;
}

bool content_record_lacks(const struct image_store *s, const char *reference, struct arena *a)
{
	struct image_record wanted = { .reference = reference, .id = "" }, record;
	struct image image;
	struct err ignored;

	return reference && content_record_read(s, content_record_name(&wanted, a), a, &record, &ignored) == 0 &&
		content_image_load(s, &record, a, &image, &ignored) < 0;
}

int content_image_brief(const struct image_store *s, const struct image_record *record, struct arena *a, struct image *ret, struct err *e)
{
	if (!record->image_created)
		return content_image_load(s, record, a, ret, e); /* by an older tare, or an image that does not say */
	if (!content_blob_has(s, record->id, -1))
		return err_set(e, ERR_NOT_FOUND, "image '%.19s': its config is missing", record->id);
	*ret = (struct image){ .id = record->id, .manifest = record->manifest, .index = record->index, .size = record->size,
		.config.created = record->image_created, .packed = record->packed };
	if (record->reference)
		strs_push(a, &ret->names, record->reference);
	return 0;
}
