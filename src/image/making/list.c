/* SPDX-License-Identifier: Apache-2.0 */
#include "image/making/list.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "image/making/list_source.h"
#include "image/moving/shipment.h"
#include "image/store/content.h"
#include "image/store/find.h"
#include "image/store/remove.h"
#include "os/fd.h"

#define TYPE_INDEX "application/vnd.oci.image.index.v1+json"
#define TYPE_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"

/* ---- the file ---- */

struct list_file {
	const char *reference;
	struct str index;
	struct pairs origins;
};

/* clang-format off */
static const struct field list_fields[] = {
	FIELD(struct list_file, reference, "reference", STR,   FIELD_REQUIRED),
	FIELD(struct list_file, index,     "index",     RAW,   FIELD_REQUIRED),
	FIELD(struct list_file, origins,   "origins",   PAIRS, FIELD_OMIT_EMPTY),
};
/* clang-format on */
static const struct schema list_schema = SCHEMA("manifest list", struct list_file, list_fields);

static int name_parse(const char *name, struct arena *a, struct reference *ret, struct err *e)
{
	int r = reference_parse(name, a, ret, e);

	return r == 0 && ret->digest ? err_set(e, ERR_INVALID, "list name '%.200s': a digest cannot be given as a name", name) : r;
}

static int lists_open(struct image_store *s, struct objdir *ret, struct err *e)
{
	int r = objdir_open(ret, s->root_fd, "lists", 0);

	return r < 0 ? err_sys(e, r, "open '%s/lists'", s->root) : 0;
}

static int lists_lock(struct image_store *s, struct err *e)
{
	int fd = lock_file_wait(s->locks_fd, "lists", FILE_LOCK_EXCLUSIVE);

	return fd < 0 ? err_sys(e, fd, "lock the manifest lists") : fd;
}

static int list_read(const struct objdir *d, const char *name, struct arena *a, struct list *ret, struct err *e)
{
	struct list_file file;
	struct reference ref;
	char *text;
	size_t n;
	int r = name_parse(name, a, &ref, e);

	if (r < 0)
		return r;
	r = objdir_read(d, reference_escape(&ref, a), LIMIT_DOCUMENT, a, &text, &n);
	if (r == -ENOENT)
		return err_set(e, ERR_NOT_FOUND, "no such manifest list: %s", reference_familiar(&ref, a));
	if (r < 0)
		return err_sys(e, r, "read manifest list '%s'", reference_familiar(&ref, a));
	r = json_decode((struct str){ text, n }, &list_schema, JSON_EXACT, a, &file, e);
	if (r == 0)
		r = oci_index_decode(file.index, a, &ret->index, e);
	if (r < 0)
		return err_wrap(e, "manifest list '%s'", reference_familiar(&ref, a));
	ret->reference = file.reference;
	ret->origins = file.origins;
	return 0;
}

static int list_write(const struct objdir *d, const struct list *l, struct arena *a, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	struct list_file file = { .reference = l->reference, .origins = l->origins };
	struct reference ref;
	int r = list_print(l, false, a, &file.index, e);

	if (r == 0)
		r = reference_parse(l->reference, a, &ref, e);
	if (r < 0)
		return r;
	r = json_encode(&list_schema, &file, JSON_INDENT_NONE, &b);
	if (r == 0)
		r = objdir_write(d, reference_escape(&ref, a), b.p, b.n);
	return r < 0 ? err_sys(e, r, "write manifest list '%s'", reference_familiar(&ref, a)) : 0;
}

int list_print(const struct list *l, bool docker, struct arena *a, struct str *ret, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_MANIFEST);
	struct oci_index index = l->index;

	index.schema_version = 2;
	index.media_type = docker ? TYPE_DOCKER_LIST : TYPE_INDEX;
	if (oci_index_encode(&index, &b) < 0)
		return err_set(e, ERR_EXHAUSTED, "manifest list is longer than %d bytes", LIMIT_MANIFEST);
	*ret = (struct str){ arena_memdup(a, buf_text(&b), b.n + 1), b.n };
	return 0;
}

/* ---- find, create, delete ---- */

int list_find(struct image_store *s, const char *name, struct arena *a, struct list *ret, struct err *e)
{
	scoped_objdir struct objdir d = OBJDIR_NONE;
	int r = lists_open(s, &d, e);

	return r < 0 ? r : list_read(&d, name, a, ret, e);
}

int list_create(struct image_store *s, const char *name, bool amend, struct arena *a, struct err *e)
{
	scoped_objdir struct objdir d = OBJDIR_NONE;
	scoped_fd int lock = lists_lock(s, e);
	struct list l = { 0 };
	struct reference ref;
	int r = lock < 0 ? lock : name_parse(name, a, &ref, e);

	if (r == 0)
		r = lists_open(s, &d, e);
	if (r < 0)
		return r;
	r = list_read(&d, name, a, &l, e);
	if (r == 0)
		return amend ? 0 : err_set(e, ERR_EXISTS, "manifest list '%s' exists; --amend adds to it", reference_familiar(&ref, a));
	if (e->kind != ERR_NOT_FOUND)
		return r;
	err_clear(e);
	l = (struct list){ .reference = reference_print(&ref, a) };
	return list_write(&d, &l, a, e);
}

int list_delete(struct image_store *s, const char *name, struct arena *a, struct err *e)
{
	scoped_objdir struct objdir d = OBJDIR_NONE;
	scoped_fd int lock = lists_lock(s, e);
	struct reference ref;
	int r = lock < 0 ? lock : name_parse(name, a, &ref, e);

	if (r == 0)
		r = lists_open(s, &d, e);
	if (r < 0)
		return r;
	r = objdir_remove(&d, reference_escape(&ref, a));
	if (r == -ENOENT)
		return err_set(e, ERR_NOT_FOUND, "no such manifest list: %s", reference_familiar(&ref, a));
	return r < 0 ? err_sys(e, r, "remove manifest list '%s'", name) : 0;
}

/* ---- entries ---- */

/* A list that is being changed, under the lock of all of them. */
struct changing {
	int lock;
	struct objdir dir;
	struct list list;
};
#define CHANGING_NONE { .lock = -EBADF, .dir = OBJDIR_NONE }

static void changing_done(struct changing *x)
{
	objdir_done(&x->dir);
	fd_close(x->lock);
}

static int changing_begin(struct image_store *s, const char *name, struct arena *a, struct changing *x, struct err *e)
{
	int r;

	x->lock = lists_lock(s, e);
	r = x->lock < 0 ? x->lock : lists_open(s, &x->dir, e);
	return r < 0 ? r : list_read(&x->dir, name, a, &x->list, e);
}

static struct oci_descriptor *entry_find(struct list *l, const char *digest)
{
	for (size_t i = 0; i < l->index.n_manifests; i++)
		if (strcmp(l->index.manifests[i].digest, digest) == 0)
			return &l->index.manifests[i];
	return NULL;
}

static struct oci_descriptor *entry_put(struct list *l, const struct oci_descriptor *d, struct arena *a)
{
	struct oci_descriptor *at = entry_find(l, d->digest);

	if (!at) {
		struct oci_descriptor *v = arena_array(a, struct oci_descriptor, l->index.n_manifests + 1);

		if (l->index.n_manifests > 0)
			memcpy(v, l->index.manifests, l->index.n_manifests * sizeof *v);
		l->index.manifests = v;
		at = &v[l->index.n_manifests++];
	}
	*at = *d;
	return at;
}

static void entry_change(struct oci_descriptor *d, const struct list_change *c, struct arena *a)
{
	struct oci_platform *p = arena_new(a, struct oci_platform);
	const struct {
		const char *from, **to;
	} rows[] = {
		{ c->os, &p->os }, { c->architecture, &p->architecture }, { c->variant, &p->variant }, { c->os_version, &p->os_version },
	};
	bool said = c->os_features.n > 0;

	if (d->platform)
		*p = *d->platform;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].from)
			*rows[i].to = rows[i].from;
		said |= rows[i].from != NULL;
	}
	if (c->os_features.n > 0)
		p->os_features = c->os_features;
	if (said)
		d->platform = p;
	for (size_t i = 0; i < c->annotations.n; i++)
		pairs_set(a, &d->annotations, c->annotations.v[i].key, c->annotations.v[i].value);
}

int list_add(struct image_store *s, const char *name, const char *image, bool all, const struct list_change *c, const struct pull_options *o, struct arena *a,
	const char **ret_digest, struct err *e)
{
	SCOPED(changing_done) struct changing x = CHANGING_NONE;
	struct list_found found = { 0 };
	struct list there;
	int pin = -EBADF, r = list_find(s, name, a, &there, e);

	/* The registry may take its time: nobody waits for that. */
	if (r == 0)
		r = list_source_find(s, image, all, o, a, &found, e);
	/* Nobody removes the image until it is in the list. */
	if (r == 0 && found.id)
		r = image_pin(s, found.id, &pin, e);
	if (r == 0)
		r = changing_begin(s, name, a, &x, e);
	VEC_EACH(const struct oci_descriptor, entry, &found) {
		if (r < 0)
			break;
		entry_change(entry_put(&x.list, entry, a), c, a);
		if (found.origin)
			pairs_set(a, &x.list.origins, entry->digest, found.origin);
		*ret_digest = entry->digest;
	}
	if (r == 0)
		r = list_write(&x.dir, &x.list, a, e);
	content_unlock(s, CONTENT_LOCK_IMAGE, found.id, pin);
	return r;
}

/* The entry that a digest or an image of the store means. */
static int entry_choose(struct image_store *s, struct list *l, const char *image, struct arena *a, struct oci_descriptor **ret, struct err *e)
{
	const char *at = strstr(image, "@sha");
	struct image_record record;
	struct digest d;

	*ret = NULL;
	if (digest_parse(at ? at + 1 : image, &d) == 0)
		*ret = entry_find(l, at ? at + 1 : image);
	else if (find_record(s, image, a, &record, e) == 0)
		*ret = entry_find(l, record.manifest);
	return *ret ? 0 : err_set(e, ERR_NOT_FOUND, "'%.200s' is no entry of manifest list '%s'", image, l->reference);
}

int list_annotate(struct image_store *s, const char *name, const char *image, const struct list_change *c, struct arena *a, const char **ret_digest,
	struct err *e)
{
	SCOPED(changing_done) struct changing x = CHANGING_NONE;
	struct oci_descriptor *entry;
	int r = changing_begin(s, name, a, &x, e);

	if (r == 0)
		r = entry_choose(s, &x.list, image, a, &entry, e);
	if (r < 0)
		return r;
	entry_change(entry, c, a);
	*ret_digest = entry->digest;
	return list_write(&x.dir, &x.list, a, e);
}

int list_describe(struct image_store *s, const char *name, const struct pairs *annotations, const struct oci_descriptor *subject, struct arena *a, struct err *e)
{
	SCOPED(changing_done) struct changing x = CHANGING_NONE;
	struct oci_descriptor about;
	int r = changing_begin(s, name, a, &x, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < annotations->n; i++)
		pairs_set(a, &x.list.index.annotations, annotations->v[i].key, annotations->v[i].value);
	if (subject) {
		about = *subject;
		x.list.index.subject = &about;
	}
	return list_write(&x.dir, &x.list, a, e);
}

int list_remove(struct image_store *s, const char *name, const char *image, struct arena *a, const char **ret_digest, struct err *e)
{
	SCOPED(changing_done) struct changing x = CHANGING_NONE;
	struct oci_index *index = &x.list.index;
	struct oci_descriptor *entry;
	size_t at;
	int r = changing_begin(s, name, a, &x, e);

	if (r == 0)
		r = entry_choose(s, &x.list, image, a, &entry, e);
	if (r < 0)
		return r;
	*ret_digest = entry->digest;
	at = (size_t)(entry - index->manifests);
	memmove(entry, entry + 1, (index->n_manifests - at - 1) * sizeof *entry);
	index->n_manifests--;
	return list_write(&x.dir, &x.list, a, e);
}

/* ---- what lists keep ---- */

struct keeping {
	const struct objdir *lists;
	const struct strs *blobs; /* documents of the image, among others */
	char *who;
	size_t size;
};

static int list_is_about(void *arg, const char *name)
{
	const struct keeping *k = arg;
	scoped_arena struct arena a = { 0 };
	const char *reference = reference_unescape(name, &a);
	struct reference ref;
	struct err ignored; /* damaged: it keeps nothing */
	struct list l;

	if (!reference || list_read(k->lists, reference, &a, &l, &ignored) < 0 || reference_parse(reference, &a, &ref, &ignored) < 0)
		return 0;
	for (size_t i = 0; i < l.index.n_manifests; i++) {
		if (!strs_has(k->blobs, l.index.manifests[i].digest))
			continue;
		snprintf(k->who, k->size, "manifest list '%s'", reference_familiar(&ref, &a));
		return 1;
	}
	return 0;
}

bool list_uses(struct image_store *s, const char *id, char *ret_who, size_t size)
{
	scoped_arena struct arena a = { 0 };
	scoped_objdir struct objdir d = OBJDIR_NONE;
	struct strs blobs = { 0 }, layers = { 0 };
	struct keeping k = { &d, &blobs, ret_who, size };
	struct image_records all;
	struct err ignored; /* then there are none */

	if (lists_open(s, &d, &ignored) < 0 || content_records(s, &a, &all, NULL, &ignored) < 0)
		return false;
	for (size_t i = 0; i < all.n; i++)
		if (strcmp(all.v[i].id, id) == 0)
			(void)remove_needs(s, &all.v[i], &a, &blobs, &layers);
	return objdir_each(&d, list_is_about, &k) > 0;
}

/* ---- push ---- */

static int document_read(void *arg, const char *digest, struct arena *a, struct str *ret, struct err *e)
{
	return content_blob_read(arg, digest, a, ret, e);
}

/* The images that are here go along; those found where the list goes are there. */
static int entries_collect(struct image_store *s, const struct list *l, const struct reference *to, struct shipment *shipment, struct err *e)
{
	const char *there = arena_printf(shipment->arena, "%s/%s", to->host, to->repository);

	for (size_t i = 0; i < l->index.n_manifests; i++) {
		const char *digest = l->index.manifests[i].digest;
		int r;

		if (content_blob_has(s, digest, -1))
			r = shipment_add(shipment, digest, document_read, s, e);
		else if (streq(pairs_find(&l->origins, digest), there))
			continue;
		else
			r = err_set(e, ERR_NOT_FOUND, "image %.19s is not here; pull it first", digest);
		if (r < 0)
			return r;
	}
	return 0;
}

int list_push(struct image_store *s, const char *name, const char *destination, bool all, const struct push_options *o, struct arena *a,
	struct push_result *ret, struct err *e)
{
	struct shipment shipment = { .arena = a, .foreign = o->foreign };
	bool docker = o->convert && o->format == OCI_FORMAT_DOCKER;
	struct shipment_document *document;
	char digest[DIGEST_TEXT_SIZE];
	struct reference to;
	struct digest d;
	struct str text;
	struct list l;
	int r = list_find(s, name, a, &l, e);

	if (r == 0)
		r = push_destination(destination ? destination : name, a, &to, e);
	if (r == 0 && all)
		r = entries_collect(s, &l, &to, &shipment, e);
	if (r == 0)
		r = list_print(&l, docker, a, &text, e);
	if (r < 0)
		return r;
	digest_of(DIGEST_SHA256, text.p, text.n, &d);
	digest_print(&d, digest);
	document = vec_push(a, &shipment.documents);
	*document = (struct shipment_document){ .digest = arena_strdup(a, digest), .media_type = docker ? TYPE_DOCKER_LIST : TYPE_INDEX, .text = text };
	return push_shipment(s, &shipment, &to, o, a, ret, e);
}

/* ---- for people ---- */

int list_show(struct str text, struct arena *a, struct str *ret, struct err *e)
{
	scoped_buf struct buf b = BUF(4 * LIMIT_MANIFEST);
	struct oci_manifest manifest;
	struct oci_index index;
	enum media_kind kind;
	int r = oci_document_kind(text, &kind, e);

	if (r == 0)
		r = kind == MEDIA_INDEX ? oci_index_decode(text, a, &index, e) : oci_manifest_decode_any(text, a, &manifest, e);
	if (r < 0)
		return r;
	r = json_reindent(text, JSON_INDENT_4, &b);
	if (r < 0)
		return err_sys(e, r, "print the document");
	*ret = (struct str){ arena_memdup(a, buf_text(&b), b.n + 1), b.n };
	return 0;
}
