/* SPDX-License-Identifier: Apache-2.0 */
#include "image/pull.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/step.h"
#include "base/text.h"
#include "image/credentials.h"
#include "image/finish.h"
#include "image/intake.h"
#include "image/courier.h"
#include "image/content.h"

#define ACCEPT_MANIFESTS                                                                                                     \
	"application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "                              \
	"application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"

enum { INDEX_DEPTH = 3 }; /* indexes in indexes that we follow */

/* One pull. Each step says what it fills. */
struct pull {
	struct image_store *store;
	const struct pull_options *options;
	struct arena *arena;
	struct reference ref;          /* pull.parse */
	struct credentials credentials; /* pull.credentials */
	struct courier courier;              /* pull.connect */
	struct oci_platform platform;  /* pull.resolve: what we want */
	const char *index, *manifest_digest;
	struct str index_text, manifest_text;
	struct oci_manifest manifest;
	bool known;                    /* pull.compare: we have exactly this already */
	int image_lock;                /* pull.config: shared, so that nobody removes the documents under us */
	struct str config_text;        /* pull.config */
	struct oci_image_config config;
	struct intake intake;          /* pull.layers */
	struct image_record record;    /* pull.record */
};

static void pull_done(struct pull *p)
{
	/* First nobody writes any more, then the locks go. */
	courier_done(&p->courier);
	intake_done(&p->intake);
	if (p->image_lock >= 0)
		content_unlock(p->store, CONTENT_LOCK_IMAGE, p->manifest.config.digest, p->image_lock);
}

static void say(const struct pull *p, const char *line)
{
	if (p->options->message)
		p->options->message(p->options->arg, line);
}

static int pull_credentials(void *ctx, struct err *e)
{
	struct pull *p = ctx;

	return credentials_find(p->ref.host, p->ref.repository, p->options->credentials, p->options->authfile, p->arena, &p->credentials, e);
}

static int pull_connect(void *ctx, struct err *e)
{
	struct pull *p = ctx;
	struct transfer_message task = { .source = SOURCE_REGISTRY, .host = p->ref.host, .repository = p->ref.repository,
		.user = p->credentials.user, .password = p->credentials.password, .identity_token = p->credentials.identity_token,
		.no_tls_verify = p->options->no_tls_verify, .parallel = p->options->parallel };

	return courier_open(&p->courier, p->store, &task, NULL, 0, p->options->cancel_fd, e);
}

/* ---- resolve ---- */

/* Gets a manifest or index by tag or digest; what comes back has the digest that was asked for, or tells its own. */
static int manifest_get(struct pull *p, const char *name, const char *digest, struct str *ret_text, const char **ret_digest, struct err *e)
{
	struct document d;
	struct digest want, got;
	char text[DIGEST_TEXT_SIZE];
	int r;

	r = courier_get(&p->courier, arena_printf(p->arena, "/manifests/%s", name), ACCEPT_MANIFESTS, LIMIT_MANIFEST, p->arena, &d, e);
	if (r < 0)
		return r;
	want.kind = DIGEST_SHA256;
	if (digest && digest_parse(digest, &want) < 0)
		return err_set(e, ERR_INVALID, "digest '%.100s' is not well-formed", digest);
	digest_of(want.kind, d.text.p, d.text.n, &got);
	digest_print(&got, text);
	if (digest && !digest_eq(&want, &got))
		return err_set(e, ERR_CORRUPT, "registry sent a manifest with digest %s, expected %s", text, digest);
	*ret_text = d.text;
	*ret_digest = arena_strdup(p->arena, text);
	return 0;
}

static int index_choose(struct pull *p, struct str text, const struct oci_descriptor **ret, struct err *e)
{
	struct oci_index index;
	int r = oci_index_decode(text, p->arena, &index, e);

	if (r < 0)
		return r;
	*ret = oci_index_select(&index, &p->platform);
	if (!*ret)
		return err_set(e, ERR_NOT_FOUND, "no image for platform '%s' among the %zu it has", oci_platform_print(&p->platform, p->arena),
			index.n_manifests);
	return 0;
}

static int pull_resolve(void *ctx, struct err *e)
{
	struct pull *p = ctx;
	const char *name = p->ref.digest ? p->ref.digest : p->ref.tag, *digest = p->ref.digest;
	enum media_kind kind;
	struct str text;
	int r;

	for (int depth = 0; depth < INDEX_DEPTH; depth++) {
		const struct oci_descriptor *d;

		r = manifest_get(p, name, digest, &text, &digest, e);
		if (r == 0)
			r = oci_document_kind(text, &kind, e);
		if (r < 0)
			return r;
		if (kind == MEDIA_MANIFEST) {
			p->manifest_digest = digest;
			p->manifest_text = text;
			return oci_manifest_decode(text, p->arena, &p->manifest, e);
		}
		if (!p->index) {
			p->index = digest;
			p->index_text = text;
		}
		r = index_choose(p, text, &d, e);
		if (r < 0)
			return r;
		name = digest = d->digest;
	}
	return err_set(e, ERR_INVALID, "more than %d indexes in each other", INDEX_DEPTH);
}

/* ---- is it news? ---- */

static int pull_compare(void *ctx, struct err *e)
{
	struct pull *p = ctx;
	struct image_record old;
	struct image image;
	struct err ignored; /* not there, or damaged: then it is pulled */

	p->record = (struct image_record){ .reference = reference_print(&p->ref, p->arena), .manifest = p->manifest_digest, .index = p->index,
		.id = p->manifest.config.digest };
	if (content_record_read(p->store, content_record_name(&p->record, p->arena), p->arena, &old, &ignored) < 0)
		return 0;
	if (strcmp(old.manifest, p->manifest_digest) != 0 || !streq(old.index, p->index))
		return 0;
	if (content_image_load(p->store, &old, p->arena, &image, &ignored) < 0)
		return 0;
	p->record = old;
	p->known = true;
	return 0;
}

static bool is_news(const void *ctx)
{
	const struct pull *p = ctx;

	return !p->known;
}

/* ---- config and layers ---- */

static int pull_config(void *ctx, struct err *e)
{
	struct pull *p = ctx;
	const struct oci_descriptor *d = &p->manifest.config;
	struct digest want, got;
	struct document document;
	struct err ignored; /* not there, or damaged: fetched */
	int r;

	p->image_lock = content_lock(p->store, CONTENT_LOCK_IMAGE, d->digest, FILE_LOCK_SHARED, true);
	if (p->image_lock < 0)
		return err_sys(e, p->image_lock, "lock image '%.19s'", d->digest);
	if (content_blob_read(p->store, d->digest, p->arena, &p->config_text, &ignored) < 0) {
		r = courier_get(&p->courier, arena_printf(p->arena, "/blobs/%s", d->digest), NULL, (uint64_t)d->size, p->arena, &document, e);
		if (r < 0)
			return r;
		if (digest_parse(d->digest, &want) < 0)
			return err_set(e, ERR_INVALID, "digest of the config is not well-formed");
		digest_of(want.kind, document.text.p, document.text.n, &got);
		if (!digest_eq(&want, &got))
			return err_set(e, ERR_CORRUPT, "registry sent a config that does not have digest %s", d->digest);
		p->config_text = document.text;
	}
	r = oci_image_config_decode(p->config_text, p->arena, &p->config, e);
	if (r == 0 && p->config.rootfs.diff_ids.n != p->manifest.n_layers)
		r = err_set(e, ERR_INVALID, "manifest has %zu layers, config has %zu", p->manifest.n_layers, p->config.rootfs.diff_ids.n);
	return r;
}

static int pull_layers(void *ctx, struct err *e)
{
	struct pull *p = ctx;
	struct intake_layer *layers = arena_array(p->arena, struct intake_layer, p->manifest.n_layers);

	for (size_t i = 0; i < p->manifest.n_layers; i++) {
		const struct oci_descriptor *d = &p->manifest.layers[i];

		layers[i] = (struct intake_layer){ .name = arena_printf(p->arena, "/blobs/%s", d->digest), .digest = d->digest, .size = d->size,
			.diff_id = p->config.rootfs.diff_ids.v[i] };
	}
	intake_init(&p->intake, p->store, &p->courier, p->options, p->arena, layers, p->manifest.n_layers);
	return intake_run(&p->intake, e);
}

static int pull_documents(void *ctx, struct err *e)
{
	struct pull *p = ctx;
	int r = 0;

	if (p->index)
		r = content_blob_write(p->store, p->index, p->index_text, e);
	if (r == 0)
		r = content_blob_write(p->store, p->manifest_digest, p->manifest_text, e);
	if (r == 0)
		r = content_blob_write(p->store, p->manifest.config.digest, p->config_text, e);
	return r;
}

static int pull_record(void *ctx, struct err *e)
{
	struct pull *p = ctx;

	return finish_record(p->store, &p->config, &p->record, e);
}

/* Content first, all of it durable, then the one small file that makes it an image. */
static const struct step steps[] = {
	{ "pull.credentials", NULL,    pull_credentials, NULL },
	{ "pull.connect",     NULL,    pull_connect,     NULL },
	{ "pull.resolve",     NULL,    pull_resolve,     NULL },
	{ "pull.compare",     NULL,    pull_compare,     NULL },
	{ "pull.config",      is_news, pull_config,      NULL },
	{ "pull.layers",      is_news, pull_layers,      NULL },
	{ "pull.documents",   is_news, pull_documents,   NULL },
	{ "pull.record",      is_news, pull_record,      NULL },
};

int image_pull(struct image_store *s, const char *name, const struct pull_options *o, struct arena *a, struct image *ret, bool *ret_changed,
	struct err *e)
{
	SCOPED(pull_done) struct pull p = { .store = s, .options = o, .arena = a, .courier = COURIER_NONE, .image_lock = -EBADF };
	int r;

	r = reference_parse(name, a, &p.ref, e);
	if (r < 0)
		return r;
	/* With a digest the tag says nothing. */
	if (p.ref.digest)
		p.ref.tag = NULL;
	oci_platform_host(&p.platform);
	if (o->platform)
		r = oci_platform_parse(o->platform, a, &p.platform, e);
	if (r == 0)
		r = steps_run(steps, ARRAY_LEN(steps), &p, e);
	if (r < 0)
		return err_wrap(e, "pull '%s'", reference_familiar(&p.ref, a));
	say(&p, arena_printf(a, p.known ? "%s is up to date" : "%s is here", reference_familiar(&p.ref, a)));
	*ret_changed = !p.known;
	return content_image_load(s, &p.record, a, ret, e);
}
