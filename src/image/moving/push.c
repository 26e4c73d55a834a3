/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/push.h"

#include <errno.h>
#include <string.h>

#include "base/step.h"
#include "image/courier.h"
#include "image/moving/deliver.h"
#include "image/moving/endorse.h"
#include "image/moving/fetch.h"
#include "image/moving/rewrite.h"
#include "image/moving/shipment.h"
#include "image/registries/endpoint.h"
#include "image/registries/referrers.h"
#include "image/store/find.h"
#include "spec/event.h"

struct push {
	struct image_store *store;
	const struct push_options *options;
	struct arena *arena;
	struct reference to;
	struct image_record record;
	int pin;                        /* push.pin */
	struct shipment shipment;       /* push.collect */
	struct endpoint endpoint;       /* push.credentials */
	struct courier courier;         /* push.connect */
};

static void push_done(struct push *p)
{
	courier_done(&p->courier);
	squeeze_done(&p->shipment);
	if (p->pin >= 0)
		content_unlock(p->store, CONTENT_LOCK_IMAGE, p->record.id, p->pin);
}

static const struct shipment_document *image_document(const struct push *p)
{
	return &p->shipment.documents.v[p->shipment.documents.n - 1];
}

/* Nobody may remove it meanwhile. */
static int push_pin(void *ctx, struct err *e)
{
	struct push *p = ctx;

	return image_pin(p->store, p->record.id, &p->pin, e);
}

static int push_collect(void *ctx, struct err *e)
{
	struct push *p = ctx;
	const char *text = p->options->pull.platform;
	struct oci_platform platform;
	int r = text ? oci_platform_parse(text, p->arena, &platform, e) : 0;

	p->shipment = (struct shipment){ .arena = p->arena, .foreign = p->options->foreign };
	return r < 0 ? r : shipment_add_record(&p->shipment, p->store, &p->record, text ? &platform : NULL, e);
}

/* What was pulled stays as it is, unless asked for; what has no digest that anybody knows goes compressed. */
static const struct squeeze_how *squeeze_of(const struct push *p)
{
	static const struct squeeze_how own = { .kind = PACK_GZIP };

	return p->options->squeeze ? p->options->squeeze : p->record.own ? &own : NULL;
}

static bool is_squeezed(const void *ctx)
{
	return squeeze_of(ctx) != NULL;
}

static bool is_rewritten(const void *ctx)
{
	const struct push *p = ctx;

	return p->options->convert || is_squeezed(ctx);
}

/* ---- which of the blobs the registry has elsewhere: those of images we know from other repositories of it ---- */

static void origin_note(struct push *p, const struct shipment *there, const char *repository)
{
	const struct squeeze_how *how = squeeze_of(p);

	VEC_EACH(struct deliver_blob, b, &p->shipment.blobs) {
		if (how && squeeze_wants(how, b))
			continue;
		VEC_EACH(const struct deliver_blob, other, &there->blobs)
			if (!b->from && strcmp(b->digest, other->digest) == 0)
				b->from = repository;
	}
}

static int push_origins(void *ctx, struct err *e)
{
	struct push *p = ctx;
	struct image_records all;
	int r = content_records(p->store, p->arena, &all, NULL, e);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		struct shipment there = { .arena = p->arena };
		struct reference ref;
		struct err ignored; /* a damaged image is no place to mount from */

		if (!all.v[i].reference || reference_parse(all.v[i].reference, p->arena, &ref, &ignored) < 0)
			continue;
		if (strcmp(ref.host, p->to.host) == 0 && strcmp(ref.repository, p->to.repository) != 0 &&
			shipment_add_record(&there, p->store, &all.v[i], NULL, &ignored) == 0)
			origin_note(p, &there, ref.repository);
	}
	return r;
}

static int push_fetch(void *ctx, struct err *e)
{
	struct push *p = ctx;

	return fetch_missing(p->store, &p->record, p->shipment.blobs.v, p->shipment.blobs.n, &p->options->pull, p->arena, e);
}

/* ---- the registry ---- */

static int push_credentials(void *ctx, struct err *e)
{
	struct push *p = ctx;
	const struct pull_options *o = &p->options->pull;
	const struct endpoint_options eo = { .no_tls_verify = o->no_tls_verify, .authfile = o->authfile, .credentials = o->credentials, .cert_dir = o->cert_dir };

	return endpoint_find(p->to.host, p->to.repository, &eo, p->arena, &p->endpoint, e);
}

static int push_connect(void *ctx, struct err *e)
{
	struct push *p = ctx;
	const struct pull_options *o = &p->options->pull;
	struct transfer_message task = endpoint_task(&p->endpoint);
	int r;

	task.sink = SINK_REGISTRY;
	task.parallel = o->parallel;
	r = courier_open(&p->courier, p->store, &task, NULL, 0, o->cancel_fd, e);
	p->courier.notice = o->message;
	p->courier.arg = o->arg;
	return r;
}

static void blobs_name(struct push *p)
{
	VEC_EACH(struct deliver_blob, b, &p->shipment.blobs)
		b->name = arena_printf(p->arena, "/blobs/%s", b->digest);
}

static int push_squeeze(void *ctx, struct err *e)
{
	struct push *p = ctx;

	blobs_name(p);
	return squeeze(&p->shipment, p->store, &p->courier, squeeze_of(p), e);
}

static int push_rewrite(void *ctx, struct err *e)
{
	struct push *p = ctx;

	return rewrite(&p->shipment, p->options->convert ? p->options->format : OCI_FORMAT_COUNT, e);
}

static int push_blobs(void *ctx, struct err *e)
{
	struct push *p = ctx;
	struct deliver d = { .store = p->store, .courier = &p->courier, .options = &p->options->pull, .blobs = p->shipment.blobs.v,
		.n_blobs = p->shipment.blobs.n };

	blobs_name(p);
	return deliver_run(&d, e);
}

static int document_put(struct push *p, const struct shipment_document *d, const char *name, struct err *e)
{
	struct stored stored;
	int r = courier_put(&p->courier, arena_printf(p->arena, "/manifests/%s", name), d->digest, d->media_type, d->text, p->arena, &stored, e);

	if (r < 0)
		return err_wrap(e, "manifest %.19s", d->digest);
	r = shipment_stored_check(d->digest, d->text, stored.digest, e);
	if (r < 0)
		return r;
	return d->subject && !stored.subject ? referrers_note(&p->courier, d, p->arena, e) : 0;
}

static int push_documents(void *ctx, struct err *e)
{
	struct push *p = ctx;
	int r = 0;

	VEC_EACH(const struct shipment_document, d, &p->shipment.documents)
		if (r == 0)
			r = document_put(p, d, d == image_document(p) ? p->to.tag : d->digest, e);
	return r;
}

static bool is_signed(const void *ctx)
{
	const struct push *p = ctx;

	return endorse_is_wanted(&p->options->sign);
}

static int push_sign(void *ctx, struct err *e)
{
	struct push *p = ctx;
	const struct endorse x = { p->store, &p->courier, &p->endpoint, &p->shipment, &p->to, &p->options->sign, p->options->pull.cancel_fd };

	return endorse(&x, p->arena, e);
}

static int push_close(void *ctx, struct err *e)
{
	struct push *p = ctx;

	return courier_close(&p->courier, e);
}

static const struct step collect_steps[] = {
	{ "push.pin",         NULL, push_pin,         NULL },
	{ "push.collect",     NULL, push_collect,     NULL },
	{ "push.origins",     NULL, push_origins,     NULL },
	{ "push.fetch",       NULL, push_fetch,       NULL },
};

/* Content first, the name last: an interrupted push leaves blobs nobody refers to, which the next one finds. */
static const struct step send_steps[] = {
	{ "push.credentials", NULL, push_credentials, NULL },
	{ "push.connect",     NULL, push_connect,     NULL },
	{ "push.squeeze",     is_squeezed, push_squeeze, NULL },
	{ "push.rewrite",     is_rewritten, push_rewrite, NULL },
	{ "push.blobs",       NULL, push_blobs,       NULL },
	{ "push.documents",   NULL, push_documents,   NULL },
	{ "push.sign",        is_signed, push_sign,   NULL },
	{ "push.close",       NULL, push_close,       NULL },
};

/* What the name stands for now, which may have become another on its way. */
static void result_take(const struct push *p, struct push_result *ret)
{
	const struct shipment_document *d = image_document(p);

	*ret = (struct push_result){ reference_print(&p->to, p->arena), d->digest, d->media_type, d->text.n };
}

int push_destination(const char *text, struct arena *a, struct reference *ret, struct err *e)
{
	const char *bare = str_after(text, "docker://");
	int r = reference_parse(bare ? bare : text, a, ret, e);

	if (r == 0 && ret->digest)
		return err_set(e, ERR_INVALID, "cannot push to '%.200s': a name with a digest is not a place", text);
	return r;
}

int image_push(struct image_store *s, const char *name_or_id, const char *destination, const struct push_options *o, struct arena *a,
	struct push_result *ret, struct err *e)
{
	SCOPED(push_done) struct push p = { .store = s, .options = o, .arena = a, .pin = -EBADF, .courier = COURIER_NONE };
	int r = find_record(s, name_or_id, a, &p.record, e);

	if (r == 0)
		r = push_destination(destination ? destination : name_or_id, a, &p.to, e);
	if (r == 0)
		r = steps_run(collect_steps, ARRAY_LEN(collect_steps), &p, e);
	if (r == 0)
		r = steps_run(send_steps, ARRAY_LEN(send_steps), &p, e);
	if (r < 0)
		return err_wrap(e, "push '%s'", p.to.host ? reference_familiar(&p.to, a) : name_or_id);
	event_note(s->root, EVENT_IMAGE, "push", reference_familiar(&p.to, a), "name", reference_familiar_name(&p.to, a), NULL);
	result_take(&p, ret);
	return 0;
}

int push_shipment(struct image_store *s, const struct shipment *shipment, const struct reference *to, const struct push_options *o, struct arena *a,
	struct push_result *ret, struct err *e)
{
	SCOPED(push_done) struct push p = { .store = s, .options = o, .arena = a, .to = *to, .shipment = *shipment, .pin = -EBADF, .courier = COURIER_NONE };
	int r = steps_run(send_steps, ARRAY_LEN(send_steps), &p, e);

	if (r < 0)
		return err_wrap(e, "push '%s'", reference_familiar(to, a));
	result_take(&p, ret);
	return 0;
}
