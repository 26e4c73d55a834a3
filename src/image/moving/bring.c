/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/bring.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/step.h"
#include "base/vec.h"
#include "image/moving/finish.h"
#include "image/store/remove.h"

/* A digest has been checked, so it may be part of a path; a tag comes from a checked reference. */
static const char *document_name(const struct bring *b, const char *kind, const char *name)
{
	if (b->flat && !name)
		return "manifest.json";
	if (b->flat)
		return arena_printf(b->arena, strcmp(kind, "manifests") == 0 ? "%s.manifest.json" : "%s", digest_hex(name));
	if (b->layout)
		return arena_printf(b->arena, "blobs/%s", content_blob_name(name).s);
	return arena_printf(b->arena, "/%s/%s", kind, name);
}

static bool is_news(const void *ctx)
{
	const struct bring *b = ctx;

	return !b->known;
}

/* ---- ask ---- */

static bool is_doubted(const void *ctx)
{
	const struct bring *b = ctx;

	return b->trust != NULL;
}

static bool is_askable(const void *ctx)
{
	const struct bring *b = ctx;

	return !b->layout && b->reference;
}

/* Whether what the name stands for now, @digest, leads to the image of the record. The index it was chosen from is here. */
static bool is_current(const struct bring *b, const struct image_record *old, const char *digest)
{
	const struct oci_descriptor *d;
	struct oci_index index;
	struct err ignored; /* damaged: not current, then it is fetched */
	struct str text;

	if (!old->index)
		return strcmp(old->manifest, digest) == 0;
	if (strcmp(old->index, digest) != 0 || content_blob_read(b->store, digest, b->arena, &text, &ignored) < 0 ||
		oci_index_decode(text, b->arena, &index, &ignored) < 0)
		return false;
	if (b->options->all_platforms && !old->all)
		return false;
	d = oci_index_select(&index, &b->platform);
	return d && strcmp(d->digest, old->manifest) == 0;
}

static void image_let_go(struct bring *b)
{
	content_unlock(b->store, CONTENT_LOCK_IMAGE, b->image_id, b->image_lock);
	b->image_lock = -EBADF;
}

/* From now on until bring_done() nobody removes the image @id. */
static int image_hold(struct bring *b, const char *id, struct err *e)
{
	if (b->image_lock >= 0 && strcmp(b->image_id, id) == 0)
		return 0;
	image_let_go(b);
	b->image_id = id;
	b->image_lock = content_lock(b->store, CONTENT_LOCK_IMAGE, id, FILE_LOCK_SHARED, true);
	return b->image_lock < 0 ? err_sys(e, b->image_lock, "lock image '%.19s'", id) : 0;
}

/* Whether the record still stands, and the image behind it is whole. Under its lock. */
static bool is_here(const struct bring *b, const struct image_record *record)
{
	struct image_record now;
	struct image image;
	struct err ignored; /* not there, or damaged: then it is pulled */

	return content_record_read(b->store, content_record_name(record, b->arena), b->arena, &now, &ignored) == 0 && strcmp(now.id, record->id) == 0 &&
		content_image_load(b->store, &now, b->arena, &image, &ignored) == 0;
}

/* An image we have costs one HEAD, which registries do not count as a pull; one by digest not even that. */
static int image_ask(void *ctx, struct err *e)
{
	struct bring *b = ctx;
	struct image_record wanted = { .reference = b->reference, .id = "" }, old;
	struct presence there = { .digest = b->digest };
	struct err ignored; /* whatever is wrong, the long way says it better */
	int r;

	if (content_record_read(b->store, content_record_name(&wanted, b->arena), b->arena, &old, &ignored) < 0)
		return 0;
	if (!there.digest && courier_has(b->courier, document_name(b, "manifests", b->tag), BRING_ACCEPT, b->arena, &there, &ignored) < 0)
		return 0;
	if (!there.digest || !is_current(b, &old, there.digest))
		return 0;
	r = image_hold(b, old.id, e);
	if (r < 0 || !is_here(b, &old))
		return r;
	/* Whether it is still trusted is asked in any case: the policy may be another than when it came. */
	b->manifest_digest = old.manifest;
	b->index = old.index;
	b->record = old;
	b->known = true;
	return 0;
}

/* ---- resolve ---- */

/* Gets a manifest or index by tag or digest; what comes back has the digest that was asked for, or tells its own. */
static int manifest_get(struct bring *b, const char *name, const char *digest, struct str *ret_text, const char **ret_digest, struct err *e)
{
	struct document d;
	struct digest want, got;
	char text[DIGEST_TEXT_SIZE];
	int r;

	r = courier_get(b->courier, document_name(b, "manifests", name), BRING_ACCEPT, LIMIT_MANIFEST, b->arena, &d, e);
	if (r < 0)
		return r;
	want.kind = DIGEST_SHA256;
	if (digest && digest_parse(digest, &want) < 0)
		return err_set(e, ERR_INVALID, "digest '%.100s' is not well-formed", digest);
	digest_of(want.kind, d.text.p, d.text.n, &got);
	digest_print(&got, text);
	if (digest && !digest_eq(&want, &got))
		return err_set(e, ERR_CORRUPT, "source has a manifest with digest %s, expected %s", text, digest);
	*ret_text = d.text;
	*ret_digest = arena_strdup(b->arena, text);
	return 0;
}

static int index_choose(struct bring *b, struct str text, const struct oci_descriptor **ret, struct err *e)
{
	struct oci_index index;
	int r = oci_index_decode(text, b->arena, &index, e);

	if (r < 0)
		return r;
	*ret = oci_index_select(&index, &b->platform);
	/* Of all of them any may be the one the name stands for; but "unknown" is what attestations are for. */
	for (size_t i = 0; i < index.n_manifests && !*ret && b->options->all_platforms; i++)
		if (media_kind_of(index.manifests[i].media_type) == MEDIA_MANIFEST && index.manifests[i].platform &&
			!streq(index.manifests[i].platform->os, "unknown"))
			*ret = &index.manifests[i];
	if (!*ret)
		return err_set(e, ERR_NOT_FOUND, "no image for platform '%s' among the %zu it has", oci_platform_print(&b->platform, b->arena),
			index.n_manifests);
	return 0;
}

static int image_resolve(void *ctx, struct err *e)
{
	struct bring *b = ctx;
	const char *name = b->digest ? b->digest : b->tag, *digest = b->digest;
	enum media_kind kind;
	struct str text;
	int r;

	for (int depth = 0; depth < LIMIT_INDEX_DEPTH; depth++) {
		const struct oci_descriptor *d;

		r = manifest_get(b, name, digest, &text, &digest, e);
		if (r == 0)
			r = oci_document_kind(text, &kind, e);
		if (r < 0)
			return r;
		if (kind == MEDIA_MANIFEST) {
			b->manifest_digest = digest;
			b->manifest_text = text;
			return oci_manifest_decode(text, b->arena, &b->manifest, e);
		}
		if (!b->index) {
			b->index = digest;
			b->index_text = text;
		}
		r = index_choose(b, text, &d, e);
		if (r < 0)
			return r;
		name = digest = d->digest;
	}
	return err_set(e, ERR_INVALID, "more than %d indexes in each other", LIMIT_INDEX_DEPTH);
}

/* ---- may it come in? ---- */

static int image_trust(void *ctx, struct err *e)
{
	struct bring *b = ctx;
	struct trust_subject s = { .store = b->store, .courier = b->courier, .ref = b->trust_name, .manifest = b->manifest_digest, .index = b->index,
		.cancel_fd = b->options->cancel_fd };

	return trust_check(b->trust, &s, b->arena, e);
}

/* ---- is it news? ---- */

static int image_compare(void *ctx, struct err *e)
{
	struct bring *b = ctx;
	struct image_record old;
	struct err ignored; /* not there, or damaged: then it is pulled */
	int r;

	b->record = (struct image_record){ .reference = b->reference, .manifest = b->manifest_digest, .index = b->index,
		.id = b->manifest.config.digest, .all = b->index && b->options->all_platforms };
	if (content_record_read(b->store, content_record_name(&b->record, b->arena), b->arena, &old, &ignored) < 0)
		return 0;
	b->record.all = b->index && (b->options->all_platforms || (old.all && streq(old.index, b->index)));
	if (strcmp(old.manifest, b->manifest_digest) != 0 || !streq(old.index, b->index) || old.all != b->record.all)
		return 0;
	r = image_hold(b, old.id, e);
	if (r < 0 || !is_here(b, &old))
		return r;
	b->record = old;
	b->known = true;
	return 0;
}

/* ---- config and layers ---- */

static int image_config(void *ctx, struct err *e)
{
	struct bring *b = ctx;
	const struct oci_descriptor *d = &b->manifest.config;
	struct digest want, got;
	struct document document;
	struct err ignored; /* not there, or damaged: fetched */
	int r;

	r = image_hold(b, d->digest, e);
	if (r < 0)
		return r;
	if (content_blob_read(b->store, d->digest, b->arena, &b->config_text, &ignored) < 0) {
		r = courier_get(b->courier, document_name(b, "blobs", d->digest), NULL, (uint64_t)d->size, b->arena, &document, e);
		if (r < 0)
			return r;
		if (digest_parse(d->digest, &want) < 0)
			return err_set(e, ERR_INVALID, "digest of the config is not well-formed");
		digest_of(want.kind, document.text.p, document.text.n, &got);
		if (!digest_eq(&want, &got))
			return err_set(e, ERR_CORRUPT, "source has a config that does not have digest %s", d->digest);
		b->config_text = document.text;
	}
	r = oci_image_config_decode(b->config_text, b->arena, &b->config, e);
	if (r == 0 && b->config.rootfs.diff_ids.n != b->manifest.n_layers)
		r = err_set(e, ERR_INVALID, "manifest has %zu layers, config has %zu", b->manifest.n_layers, b->config.rootfs.diff_ids.n);
	/* Where there is nothing to choose from, what was asked for may be something else. */
	if (r == 0)
		r = image_platform_check(&(struct image){ .config = b->config }, b->options->platform, b->arena, e);
	/* What this kernel cannot run is not unpacked: the layers of Windows are no trees of ours. */
	b->record.packed = b->config.os && *b->config.os && strcmp(b->config.os, "linux") != 0;
	return r;
}

static bool is_unpacked(const void *ctx)
{
	const struct bring *b = ctx;

	return is_news(ctx) && !b->record.packed;
}

static int image_layers(void *ctx, struct err *e)
{
	struct bring *b = ctx;
	struct intake_layer *layers = arena_array(b->arena, struct intake_layer, b->manifest.n_layers);

	for (size_t i = 0; i < b->manifest.n_layers; i++) {
		const struct oci_descriptor *d = &b->manifest.layers[i];

		layers[i] = (struct intake_layer){ .name = document_name(b, "blobs", d->digest), .digest = d->digest, .size = d->size,
			.diff_id = b->config.rootfs.diff_ids.v[i] };
		if (media_is_foreign(d->media_type))
			layers[i].urls = d->urls;
	}
	intake_init(&b->intake, b->store, b->courier, b->options, b->arena, layers, b->manifest.n_layers);
	/* From a registry it can be fetched again. */
	b->intake.at_hand = b->layout || b->flat;
	b->intake.drop_blobs = !b->layout && (b->options->drop_blobs || b->store->drop_blobs);
	b->intake.vouched = content_record_lacks(b->store, b->reference, b->arena);
	return intake_run(&b->intake, e);
}

/* ---- blobs that are not unpacked ---- */

/* What cannot be fetched again is kept, also if its layer is here from another blob. */
static bool keeps_blobs(const void *ctx)
{
	const struct bring *b = ctx;

	return is_news(ctx) && (b->record.packed || b->record.all || b->layout || b->flat);
}

static int blobs_add(struct bring *b, const struct oci_descriptor *v, size_t n, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = keep_add(&b->keep, &v[i], document_name(b, "blobs", v[i].digest), e);
	return r;
}

static bool has_document(const struct bring *b, const char *digest)
{
	VEC_EACH(const struct bring_document, d, &b->others)
		if (strcmp(d->digest, digest) == 0)
			return true;
	return strcmp(b->manifest_digest, digest) == 0 || streq(b->index, digest);
}

/* A signature of the index is one of all it names; without one, each has its own. */
static int other_trust(struct bring *b, const char *digest, struct err *e)
{
	struct trust_subject s = { .store = b->store, .courier = b->courier, .ref = b->trust_name, .manifest = digest, .index = b->index,
		.cancel_fd = b->options->cancel_fd };

	return b->trust ? trust_check(b->trust, &s, b->arena, e) : 0;
}

static int others_add(struct bring *b, struct str text, int depth, struct err *e);

static int other_add(struct bring *b, const char *digest, int depth, struct err *e)
{
	struct bring_document d = { .lock = -EBADF };
	enum media_kind kind;
	struct oci_manifest m;
	int r;

	if (has_document(b, digest))
		return 0;
	r = manifest_get(b, digest, digest, &d.text, &d.digest, e);
	if (r == 0 && (b->others.n >= LIMIT_DOCUMENTS || (b->others_size += d.text.n) > LIMIT_DOCUMENTS_SIZE))
		r = err_set(e, ERR_EXHAUSTED, "more than %d documents or %d bytes of them belong to it", LIMIT_DOCUMENTS, LIMIT_DOCUMENTS_SIZE);
	if (r == 0)
		r = oci_document_kind(d.text, &kind, e);
	if (r < 0)
		return err_wrap(e, "manifest %.19s", digest);
	*vec_push(b->arena, &b->others) = d;
	if (kind == MEDIA_INDEX)
		return others_add(b, d.text, depth + 1, e);
	r = other_trust(b, digest, e);
	if (r == 0)
		r = oci_manifest_decode_any(d.text, b->arena, &m, e);
	if (r == 0)
		r = blobs_add(b, &m.config, 1, e);
	return r < 0 ? r : blobs_add(b, m.layers, m.n_layers, e);
}

static int others_add(struct bring *b, struct str text, int depth, struct err *e)
{
	struct oci_index index;
	int r = depth < LIMIT_INDEX_DEPTH ? oci_index_decode(text, b->arena, &index, e) : err_set(e, ERR_INVALID, "more than %d indexes in each other", LIMIT_INDEX_DEPTH);

	for (size_t i = 0; r == 0 && i < index.n_manifests; i++)
		r = other_add(b, index.manifests[i].digest, depth, e);
	return r;
}

static int image_blobs(void *ctx, struct err *e)
{
	struct bring *b = ctx;
	int r = 0;

	b->keep = (struct keep){ .store = b->store, .courier = b->courier, .options = b->options, .arena = b->arena, .first = b->intake.n_layers,
		.at_hand = b->layout || b->flat };
	if (b->record.packed || b->layout || b->flat)
		r = blobs_add(b, b->manifest.layers, b->manifest.n_layers, e);
	for (size_t i = 0; i < b->manifest.n_layers && b->record.packed; i++)
		b->record.size += (uint64_t)b->manifest.layers[i].size;
	if (r == 0 && b->record.all)
		r = others_add(b, b->index_text, 0, e);
	b->keep.n_locks = b->others.n;
	return r < 0 ? r : keep_run(&b->keep, e);
}

static int image_documents(void *ctx, struct err *e)
{
	struct bring *b = ctx;
	int r = 0;

	VEC_EACH(struct bring_document, d, &b->others)
		if (r == 0)
			r = content_blob_keep(b->store, d->digest, d->text, &d->lock, e);
	if (r < 0)
		return r;

	if (b->index)
		r = content_blob_keep(b->store, b->index, b->index_text, &b->index_lock, e);
	if (r == 0)
		r = content_blob_keep(b->store, b->manifest_digest, b->manifest_text, &b->manifest_lock, e);
	if (r == 0)
		r = content_blob_keep(b->store, b->manifest.config.digest, b->config_text, &b->config_lock, e);
	return r;
}

static int image_place(void *ctx, struct err *e)
{
	struct bring *b = ctx;
	int r = finish_record(b->store, &b->config, &b->record, e);

	b->placed = r == 0;
	return r;
}

/* Content first, all of it durable, then the one small file that makes it an image. */
static const struct step steps[] = {
	{ "image.ask",       is_askable, image_ask,    NULL },
	{ "image.resolve",   is_news, image_resolve,   NULL },
	{ "image.trust",     is_doubted, image_trust,  NULL },
	{ "image.compare",   is_news, image_compare,   NULL },
	{ "image.config",    is_news, image_config,    NULL },
	{ "image.layers",    is_unpacked, image_layers, NULL },
	{ "image.blobs",     keeps_blobs, image_blobs, NULL },
	{ "image.documents", is_news, image_documents, NULL },
	{ "image.record",    is_news, image_place,     NULL },
};

int bring_run(struct bring *b, struct err *e)
{
	return steps_run(steps, ARRAY_LEN(steps), b, e);
}

static void bring_undo(struct bring *b)
{
	const struct strs none = { 0 };
	struct strs documents = { 0 };

	if (b->intake.at_hand)
		intake_undo(&b->intake);
	keep_undo(&b->keep);
	VEC_EACH(const struct bring_document, d, &b->others)
		if (d->lock >= 0)
			strs_push(b->arena, &documents, d->digest);
	if (b->index_lock >= 0)
		strs_push(b->arena, &documents, b->index);
	if (b->manifest_lock >= 0)
		strs_push(b->arena, &documents, b->manifest_digest);
	if (b->config_lock >= 0)
		strs_push(b->arena, &documents, b->manifest.config.digest);
	remove_brought(b->store, &none, &documents, b->arena);
}

void bring_done(struct bring *b)
{
	intake_done(&b->intake);
	keep_done(&b->keep);
	VEC_EACH(struct bring_document, d, &b->others)
		content_unlock(b->store, CONTENT_LOCK_BLOB, d->digest, d->lock);
	content_unlock(b->store, CONTENT_LOCK_BLOB, b->index, b->index_lock);
	content_unlock(b->store, CONTENT_LOCK_BLOB, b->manifest_digest, b->manifest_lock);
	content_unlock(b->store, CONTENT_LOCK_BLOB, b->manifest.config.digest, b->config_lock);
	if (!b->placed)
		bring_undo(b);
	b->others.n = 0;
	b->index_lock = b->manifest_lock = b->config_lock = -EBADF;
	image_let_go(b);
}
