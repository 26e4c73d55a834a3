/* SPDX-License-Identifier: Apache-2.0 */
#include "image/making/list_source.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "image/courier.h"
#include "image/registries/endpoint.h"
#include "image/store/content.h"
#include "image/store/find.h"

#define ACCEPT                                                                                                               \
	"application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "                              \
	"application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"

/* Where documents are read: the store, or (with a courier) a registry. */
struct place {
	struct image_store *store;
	struct courier *courier;
	struct arena *arena;
};

static int text_check(struct str text, const char *digest, struct err *e)
{
	struct digest want, got;

	if (digest_parse(digest, &want) < 0)
		return err_set(e, ERR_INVALID, "digest '%.100s' is not well-formed", digest);
	digest_of(want.kind, text.p, text.n, &got);
	return digest_eq(&want, &got) ? 0 : err_set(e, ERR_CORRUPT, "registry has a document that does not have digest %.80s", digest);
}

/* @path is how the registry calls it. */
static int document_read(const struct place *p, const char *path, const char *digest, struct str *ret, struct err *e)
{
	struct document d;
	int r;

	if (!p->courier)
		return content_blob_read(p->store, digest, p->arena, ret, e);
	r = courier_get(p->courier, path, ACCEPT, LIMIT_MANIFEST, p->arena, &d, e);
	if (r == 0 && digest)
		r = text_check(d.text, digest, e);
	if (r == 0)
		*ret = d.text;
	return r;
}

/* ---- from documents to entries ---- */

static const char *text_digest(struct str text, struct arena *a)
{
	char out[DIGEST_TEXT_SIZE];
	struct digest d;

	digest_of(DIGEST_SHA256, text.p, text.n, &d);
	digest_print(&d, out);
	return arena_strdup(a, out);
}

/* An image says its platform in its config, an artifact has none. */
static int manifest_describe(const struct place *p, struct str text, struct list_found *ret, struct err *e)
{
	struct oci_descriptor d = { .digest = text_digest(text, p->arena), .size = (int64_t)text.n };
	struct oci_image_config config;
	struct oci_manifest m;
	struct str config_text;
	int r = oci_manifest_decode_any(text, p->arena, &m, e);

	if (r < 0)
		return r;
	d.media_type = m.media_type ? m.media_type : "application/vnd.oci.image.manifest.v1+json";
	d.artifact_type = m.artifact_type;
	if (media_kind_of(m.config.media_type) == MEDIA_CONFIG) {
		r = document_read(p, arena_printf(p->arena, "/blobs/%s", m.config.digest), m.config.digest, &config_text, e);
		if (r == 0)
			r = oci_image_config_decode(config_text, p->arena, &config, e);
		if (r < 0)
			return r;
		d.platform = arena_new(p->arena, struct oci_platform);
		*d.platform = (struct oci_platform){ .os = config.os, .architecture = config.architecture, .variant = config.variant,
			.os_version = config.os_version };
	}
	*vec_push(p->arena, ret) = d;
	return 0;
}

static int document_describe(const struct place *p, struct str text, bool all, struct list_found *ret, struct err *e)
{
	const struct oci_descriptor *chosen;
	struct oci_platform host;
	struct oci_index index;
	enum media_kind kind;
	int r = oci_document_kind(text, &kind, e);

	if (r < 0 || kind == MEDIA_MANIFEST)
		return r < 0 ? r : manifest_describe(p, text, ret, e);
	r = oci_index_decode(text, p->arena, &index, e);
	if (r < 0)
		return r;
	ret->is_index = all;
	for (size_t i = 0; all && i < index.n_manifests; i++)
		*vec_push(p->arena, ret) = index.manifests[i];
	if (all)
		return 0;
	oci_platform_host(&host);
	chosen = oci_index_select(&index, &host);
	if (!chosen)
		return err_set(e, ERR_NOT_FOUND, "it has no image for platform '%s'; --all adds those it has", oci_platform_print(&host, p->arena));
	*vec_push(p->arena, ret) = *chosen;
	return 0;
}

/* ---- registry ---- */

static int registry_read(struct image_store *s, const char *image, const struct pull_options *o, struct place *p, struct reference *ref, struct str *ret,
	struct err *e)
{
	const struct endpoint_options eo = { .no_tls_verify = o->no_tls_verify, .authfile = o->authfile, .credentials = o->credentials,
		.cert_dir = o->cert_dir };
	const char *bare = str_after(image, "docker://");
	struct transfer_message task;
	struct endpoint endpoint;
	int r = reference_parse(bare ? bare : image, p->arena, ref, e);

	if (r == 0)
		r = endpoint_find(ref->host, ref->repository, &eo, p->arena, &endpoint, e);
	if (r < 0)
		return r;
	task = endpoint_task(&endpoint);
	r = courier_open(p->courier, s, &task, NULL, 0, o->cancel_fd, e);
	if (r == 0)
		r = document_read(p, arena_printf(p->arena, "/manifests/%s", ref->digest ? ref->digest : ref->tag), ref->digest, ret, e);
	return r < 0 ? err_wrap(e, "'%s'", reference_familiar(ref, p->arena)) : 0;
}

int list_source_fetch(struct image_store *s, const char *image, const struct pull_options *o, struct arena *a, struct str *ret, struct err *e)
{
	scoped_courier struct courier courier = COURIER_NONE;
	struct place p = { s, &courier, a };
	struct reference ref;

	return registry_read(s, image, o, &p, &ref, ret, e);
}

int list_source_read(struct image_store *s, const char *digest, const char *origin, const struct pull_options *o, struct arena *a, struct str *ret,
	struct err *e)
{
	struct err not_here; /* then it is asked for where it was found */

	if (content_blob_read(s, digest, a, ret, &not_here) == 0)
		return 0;
	if (!origin)
		return err_set(e, ERR_NOT_FOUND, "manifest %.19s is not here", digest);
	return list_source_fetch(s, arena_printf(a, "docker://%s@%s", origin, digest), o, a, ret, e);
}

static int registry_find(struct image_store *s, const char *image, bool all, const struct pull_options *o, struct arena *a, struct list_found *ret,
	struct err *e)
{
	scoped_courier struct courier courier = COURIER_NONE;
	struct place p = { s, &courier, a };
	struct reference ref;
	struct str text;
	int r = registry_read(s, image, o, &p, &ref, &text, e);

	if (r == 0)
		r = document_describe(&p, text, all, ret, e);
	if (r == 0)
		ret->origin = arena_printf(a, "%s/%s", ref.host, ref.repository);
	return r;
}

/* ---- the store ---- */

static int store_find(struct image_store *s, const struct image_record *record, bool all, struct arena *a, struct list_found *ret, struct err *e)
{
	struct place p = { s, NULL, a };
	const char *digest = all && record->index ? record->index : record->manifest;
	struct str text;
	int r = document_read(&p, NULL, digest, &text, e);

	return r < 0 ? r : document_describe(&p, text, all, ret, e);
}

int list_source_find(struct image_store *s, const char *image, bool all, const struct pull_options *o, struct arena *a, struct list_found *ret, struct err *e)
{
	struct image_record record;
	struct err not_here; /* then it is asked for at its registry */

	if (!str_after(image, "docker://") && find_record(s, image, a, &record, &not_here) == 0)
		ret->id = record.id;
	if (ret->id)
		return store_find(s, &record, all, a, ret, e);
	return registry_find(s, image, all, o, a, ret, e);
}
