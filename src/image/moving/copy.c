/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/step.h"
#include "image/moving/copy_store.h"
#include "image/moving/endorse.h"
#include "image/moving/ferry.h"
#include "image/moving/fetch.h"
#include "image/moving/rewrite.h"
#include "image/store/platform.h"
#include "image/trust/trust.h"

struct copy {
	struct image_store *store;
	const struct copy_options *options;
	struct arena *arena;
	struct transport from, to;
	struct inlet inlet;           /* copy.open_source */
	const char *digest;           /* copy.choose */
	struct trust trust;           /* copy.trust */
	struct shipment shipment;     /* copy.collect */
	struct layout_image image;
	struct outlet outlet;         /* copy.open_destination */
};

static void copy_done(struct copy *c)
{
	outlet_done(&c->outlet);
	inlet_done(&c->inlet);
	squeeze_done(&c->shipment);
}

static int open_source(void *ctx, struct err *e)
{
	struct copy *c = ctx;

	return inlet_open(&c->inlet, e);
}

static int check_signatures(void *ctx, struct err *e)
{
	struct copy *c = ctx;

	if (!c->options->remove_signatures && inlet_is_signed(&c->inlet))
		return err_set(e, ERR_UNSUPPORTED, "the image is signed, and signatures are not copied: use --remove-signatures to copy it without");
	return 0;
}

/* ---- which image of an index ---- */

static int index_choose(const struct copy *c, struct str text, const char **ret, struct err *e)
{
	struct oci_platform platform;
	const struct oci_descriptor *d;
	struct oci_index index;
	int r = 0;

	oci_platform_host(&platform);
	if (c->options->from.platform)
		r = oci_platform_parse(c->options->from.platform, c->arena, &platform, e);
	if (r == 0)
		r = oci_index_decode(text, c->arena, &index, e);
	if (r < 0)
		return r;
	d = oci_index_select(&index, &platform);
	if (!d)
		return err_set(e, ERR_NOT_FOUND, "no image for platform '%s' among the %zu it has", oci_platform_print(&platform, c->arena), index.n_manifests);
	*ret = d->digest;
	return 0;
}

/* The store knows itself which one is here; without a platform it is the one the name stands for. */
static int choose_from_store(struct copy *c, struct err *e)
{
	struct image_record chosen = c->inlet.record;
	struct oci_platform want;
	int r = 0;

	if (c->options->from.platform) {
		r = oci_platform_parse(c->options->from.platform, c->arena, &want, e);
		if (r == 0)
			r = platform_choose(c->store, &c->inlet.record, &want, c->arena, &chosen, e);
	}
	if (r == 0)
		c->digest = chosen.manifest;
	return r;
}

static int choose(void *ctx, struct err *e)
{
	struct copy *c = ctx;

	if (c->inlet.names == INLET_STORE && c->options->images == COPY_ONE)
		return choose_from_store(c, e);
	c->digest = c->inlet.digest;
	for (int depth = 0; depth < LIMIT_INDEX_DEPTH && c->options->images == COPY_ONE; depth++) {
		enum media_kind kind;
		struct str text;
		int r = inlet_read(&c->inlet, c->digest, c->arena, &text, e);

		if (r == 0)
			r = oci_document_kind(text, &kind, e);
		if (r < 0 || kind != MEDIA_INDEX)
			return r;
		r = index_choose(c, text, &c->digest, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- may it be taken? ---- */

static bool is_from_outside(const void *ctx)
{
	const struct copy *c = ctx;

	return c->from.kind != TRANSPORT_STORE;
}

static int check_trust(void *ctx, struct err *e)
{
	/* As policy.json calls them. */
	static const char *const names[TRANSPORT_KIND_COUNT] = { [TRANSPORT_OCI] = "oci", [TRANSPORT_OCI_ARCHIVE] = "oci-archive",
		[TRANSPORT_DOCKER_ARCHIVE] = "docker-archive", [TRANSPORT_DIR] = "dir" };
	struct copy *c = ctx;
	struct trust_subject s = { .store = c->store, .courier = &c->inlet.courier, .ref = &c->from.name, .manifest = c->digest,
		.index = strcmp(c->digest, c->inlet.digest) == 0 ? NULL : c->inlet.digest, .cancel_fd = c->options->from.cancel_fd };
	scoped_free char *real = c->from.path ? realpath(c->from.path, NULL) : NULL;
	int r = trust_load(c->options->from.signature_policy, c->arena, &c->trust, e);

	if (r < 0)
		return r;
	if (c->from.kind == TRANSPORT_REGISTRY)
		return trust_check(&c->trust, &s, c->arena, e);
	return trust_check_path(&c->trust, names[c->from.kind], real ? real : "", c->arena, e);
}

/* ---- what belongs to it ---- */

static int index_alone(struct copy *c, struct err *e)
{
	struct shipment_document d = { .digest = c->digest };
	struct oci_index index;
	int r = inlet_read(&c->inlet, c->digest, c->arena, &d.text, e);

	if (r == 0)
		r = oci_index_decode(d.text, c->arena, &index, e);
	if (r < 0)
		return r;
	d.media_type = index.media_type ? index.media_type : "application/vnd.oci.image.index.v1+json";
	*vec_push(c->arena, &c->shipment.documents) = d;
	return 0;
}

static int collect(void *ctx, struct err *e)
{
	struct copy *c = ctx;
	int r;

	/* A registry gets no layers that may not be handed on. */
	c->shipment = (struct shipment){ .arena = c->arena, .foreign = c->to.kind != TRANSPORT_REGISTRY };
	if (c->options->images == COPY_INDEX_ONLY)
		return index_alone(c, e);
	r = shipment_add(&c->shipment, c->digest, inlet_read, &c->inlet, e);
	if (r == -ENOENT && c->inlet.names == INLET_STORE && c->options->images == COPY_ALL)
		err_wrap(e, "not all images of the index are here ('tare pull --all-platforms' brings them)");
	if (r < 0 || c->inlet.names != INLET_STORE)
		return r;
	return fetch_missing(c->store, &c->inlet.record, c->shipment.blobs.v, c->shipment.blobs.n, &c->options->from, c->arena, e);
}

/* ---- what it becomes on its way ---- */

static bool is_squeezed(const void *ctx)
{
	const struct copy *c = ctx;

	return c->options->squeeze != NULL;
}

static bool is_rewritten(const void *ctx)
{
	const struct copy *c = ctx;

	return is_squeezed(ctx) || c->options->format != OCI_FORMAT_COUNT;
}

static bool is_wanted(void *how, const struct deliver_blob *b)
{
	return squeeze_wants(how, b);
}

static int squeeze_(void *ctx, struct err *e)
{
	struct copy *c = ctx;
	struct ferry f = { .from = &c->inlet, .to = &c->outlet, .options = &c->options->from, .shipment = &c->shipment };
	int r;

	outlet_name_blobs(&c->outlet, &c->shipment);
	r = outlet_can_have(&c->outlet) ? squeeze_spare(&c->shipment, &c->outlet.courier, c->options->squeeze, e) : 0;
	if (r == 0)
		r = ferry_fetch(&f, is_wanted, (void *)(uintptr_t)c->options->squeeze, e);
	return r < 0 ? r : squeeze(&c->shipment, c->store, &c->outlet.courier, &(struct squeeze_how){ c->options->squeeze->kind, c->options->squeeze->level,
		c->options->squeeze->all, false }, e);
}

static int rewrite_(void *ctx, struct err *e)
{
	struct copy *c = ctx;
	int r = 0;

	/* Of an index alone the images are not here to be put into other words. */
	if (c->options->images == COPY_INDEX_ONLY && c->options->format != OCI_FORMAT_COUNT)
		r = err_set(e, ERR_UNSUPPORTED, "unsupported: converting an index without its images");
	if (r == 0)
		r = rewrite(&c->shipment, c->options->format, e);
	if (r == 0 && c->options->preserve_digests && c->shipment.changes.n > 0)
		r = err_set(e, ERR_PRECONDITION, "another format or compression means another digest, which --preserve-digests forbids");
	if (r == 0)
		c->digest = shipment_now(&c->shipment, c->digest);
	return r;
}

/* ---- out with it ---- */

static void image_name(struct copy *c)
{
	c->image = (struct layout_image){ .digest = c->digest, .manifest = c->digest };
	if (c->to.kind == TRANSPORT_DOCKER_ARCHIVE && c->to.name.host)
		strs_push(c->arena, &c->image.names, reference_print(&c->to.name, c->arena));
	else if (c->to.kind != TRANSPORT_REGISTRY)
		c->image.ref_name = c->to.tag;
	for (size_t i = 0; i < c->options->additional_tags.n; i++)
		strs_push(c->arena, &c->image.names, c->options->additional_tags.v[i]);
}

static int open_destination(void *ctx, struct err *e)
{
	struct copy *c = ctx;

	return outlet_open(&c->outlet, e);
}

static int blobs(void *ctx, struct err *e)
{
	struct copy *c = ctx;
	struct ferry f = { .from = &c->inlet, .to = &c->outlet, .options = &c->options->from, .shipment = &c->shipment };

	outlet_name_blobs(&c->outlet, &c->shipment);
	VEC_EACH(struct deliver_blob, b, &c->shipment.blobs)
		if (b->fd < 0 && c->to.kind == TRANSPORT_REGISTRY && streq(c->inlet.repository_host, c->to.name.host) && !streq(c->inlet.repository, c->to.name.repository))
			b->from = c->inlet.repository;
	return ferry_run(&f, e);
}

static int documents(void *ctx, struct err *e)
{
	struct copy *c = ctx;

	image_name(c);
	return outlet_documents(&c->outlet, &c->shipment, &(struct layout_images){ &c->image, 1 }, e);
}

static bool is_signed(const void *ctx)
{
	const struct copy *c = ctx;

	return endorse_is_wanted(&c->options->sign);
}

static int sign(void *ctx, struct err *e)
{
	struct copy *c = ctx;
	const struct endorse x = { c->store, &c->outlet.courier, &c->outlet.endpoint, &c->shipment, &c->to.name, &c->options->sign, c->options->to.cancel_fd };

	return endorse(&x, c->arena, e);
}

static int close_(void *ctx, struct err *e)
{
	struct copy *c = ctx;

	return outlet_close(&c->outlet, e);
}

static const struct step steps[] = {
	{ "copy.open_source",      NULL,         open_source,      NULL },
	{ "copy.signatures",       NULL,         check_signatures, NULL },
	{ "copy.choose",           NULL,         choose,           NULL },
	{ "copy.trust",            is_from_outside, check_trust,   NULL },
	{ "copy.collect",          NULL,         collect,          NULL },
	{ "copy.open_destination", NULL,         open_destination, NULL },
	{ "copy.squeeze",          is_squeezed,  squeeze_,         NULL },
	{ "copy.rewrite",          is_rewritten, rewrite_,         NULL },
	{ "copy.blobs",            NULL,         blobs,            NULL },
	{ "copy.documents",        NULL,         documents,        NULL },
	{ "copy.sign",             is_signed,    sign,             NULL },
	{ "copy.close",            NULL,         close_,           NULL },
};

static int destination_check(const struct copy *c, struct err *e)
{
	if (c->to.kind == TRANSPORT_DOCKER_ARCHIVE && c->options->images != COPY_ONE)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: a docker-archive has no place for an index");
	if (c->to.index >= 0)
		return err_set(e, ERR_INVALID, "'%.200s': @N is for reading", c->to.text);
	if (c->to.kind != TRANSPORT_DOCKER_ARCHIVE && c->options->additional_tags.n > 0)
		return err_set(e, ERR_INVALID, "additional tags are for docker-archive");
	if (c->to.kind != TRANSPORT_REGISTRY && endorse_is_wanted(&c->options->sign))
		return err_set(e, ERR_INVALID, "signatures are made at registries (docker://) alone");
	if (c->to.kind == TRANSPORT_STORE && (c->options->squeeze || c->options->format != OCI_FORMAT_COUNT))
		return err_set(e, ERR_INVALID, "the store takes an image as it is: another format or compression is for other places");
	return 0;
}

int image_copy(struct image_store *s, const char *from, const char *to, const struct copy_options *o, struct arena *a, struct copy_result *ret,
	struct err *e)
{
	SCOPED(copy_done) struct copy c = { .store = s, .options = o, .arena = a };
	int r = transport_parse(from, a, &c.from, e);

	c.inlet = INLET(.from = &c.from, .store = s, .options = &o->from, .arena = a);
	c.outlet = OUTLET(.to = &c.to, .store = s, .options = &o->to, .arena = a);
	if (r == 0)
		r = transport_parse(to, a, &c.to, e);
	if (r == 0)
		r = destination_check(&c, e);
	if (r < 0)
		return r;
	if (c.to.kind == TRANSPORT_STORE)
		return copy_into_store(s, &c.from, &c.to, &o->from, a, &ret->digest, e);
	r = steps_run(steps, ARRAY_LEN(steps), &c, e);
	if (r < 0)
		return err_wrap(e, "copy '%.200s' to '%.200s'", from, to);
	ret->digest = c.digest;
	return 0;
}
