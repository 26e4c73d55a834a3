/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/shipment.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "image/store/platform.h"

struct collecting {
	struct shipment *s;
	shipment_read_fn read;
	void *arg;
	size_t n, bytes; /* of documents read */
};

static void blob_add(struct shipment *s, const struct oci_descriptor *d)
{
	if (media_is_foreign(d->media_type) && !s->foreign)
		return;
	VEC_EACH(const struct deliver_blob, b, &s->blobs)
		if (strcmp(b->digest, d->digest) == 0)
			return;
	*vec_push(s->arena, &s->blobs) = (struct deliver_blob){ .digest = d->digest, .media_type = d->media_type, .size = d->size, .fd = -EBADF,
		.urls = media_is_foreign(d->media_type) ? d->urls : (struct strs){ 0 } };
}

const struct shipment_document *shipment_find(const struct shipment *s, const char *digest)
{
	VEC_EACH(const struct shipment_document, d, &s->documents)
		if (strcmp(d->digest, digest) == 0)
			return d;
	return NULL;
}

const char *shipment_now(const struct shipment *s, const char *digest)
{
	VEC_EACH(const struct shipment_change, c, &s->changes)
		if (strcmp(c->old, digest) == 0)
			return c->digest;
	return digest;
}

int shipment_stored_check(const char *digest, struct str text, const char *told, struct err *e)
{
	struct digest d, got;

	if (!told || strcmp(told, digest) == 0)
		return 0;
	if (digest_parse(told, &d) == 0) {
		digest_of(d.kind, text.p, text.n, &got);
		if (digest_eq(&d, &got))
			return 0;
	}
	return err_set(e, ERR_CORRUPT, "registry stored manifest %.19s as %.80s", digest, told);
}

static int manifest_collect(struct collecting *c, struct shipment_document *d, struct err *e)
{
	struct oci_manifest m;
	int r = oci_manifest_decode_any(d->text, c->s->arena, &m, e);

	if (r < 0)
		return r;
	blob_add(c->s, &m.config);
	for (size_t i = 0; i < m.n_layers; i++)
		blob_add(c->s, &m.layers[i]);
	d->media_type = m.media_type ? m.media_type : "application/vnd.oci.image.manifest.v1+json";
	d->subject = m.subject;
	return 0;
}

static int document_collect(struct collecting *c, const char *digest, int depth, struct err *e);

static int index_collect(struct collecting *c, struct shipment_document *d, int depth, struct err *e)
{
	struct oci_index index;
	int r = oci_index_decode(d->text, c->s->arena, &index, e);

	for (size_t i = 0; r == 0 && i < index.n_manifests; i++)
		r = document_collect(c, index.manifests[i].digest, depth + 1, e);
	if (r < 0)
		return r;
	d->media_type = index.media_type ? index.media_type : "application/vnd.oci.image.index.v1+json";
	d->subject = index.subject;
	return 0;
}

static int document_collect(struct collecting *c, const char *digest, int depth, struct err *e)
{
	struct shipment_document d = { .digest = digest };
	enum media_kind kind;
	int r;

	if (shipment_find(c->s, digest))
		return 0;
	if (depth >= LIMIT_INDEX_DEPTH)
		return err_set(e, ERR_INVALID, "more than %d indexes in each other", LIMIT_INDEX_DEPTH);
	r = c->read(c->arg, digest, c->s->arena, &d.text, e);
	if (r == 0 && (++c->n > LIMIT_DOCUMENTS || (c->bytes += d.text.n) > LIMIT_DOCUMENTS_SIZE))
		r = err_set(e, ERR_EXHAUSTED, "more than %d documents or %d bytes of them belong to it", LIMIT_DOCUMENTS, LIMIT_DOCUMENTS_SIZE);
	if (r == 0)
		r = oci_document_kind(d.text, &kind, e);
	if (r == 0)
		r = kind == MEDIA_INDEX ? index_collect(c, &d, depth, e) : manifest_collect(c, &d, e);
	if (r < 0)
		return r;
	*vec_push(c->s->arena, &c->s->documents) = d;
	return 0;
}

int shipment_add(struct shipment *s, const char *digest, shipment_read_fn read, void *arg, struct err *e)
{
	struct collecting c = { s, read, arg };

	return document_collect(&c, digest, 0, e);
}

/* ---- from the store ---- */

static int store_read(void *arg, const char *digest, struct arena *a, struct str *ret, struct err *e)
{
	return content_blob_read(arg, digest, a, ret, e);
}

/* Of a pulled index usually one image is here; then that is what can be handed on. */
int shipment_add_record(struct shipment *s, const struct image_store *store, const struct image_record *record, const struct oci_platform *platform,
	struct err *e)
{
	void *arg = (void *)(uintptr_t)store;
	struct shipment before = *s;
	struct image_record chosen = *record;
	int r = platform ? platform_choose(store, record, platform, s->arena, &chosen, e) : 0;

	if (r == 0 && record->index && !platform) {
		r = shipment_add(s, record->index, store_read, arg, e);
		if (r != -ENOENT)
			return r;
		*s = before;
		r = 0;
	}
	return r < 0 ? r : shipment_add(s, chosen.manifest, store_read, arg, e);
}
