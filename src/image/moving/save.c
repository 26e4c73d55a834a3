/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/save.h"

#include <errno.h>
#include <string.h>

#include "base/step.h"
#include "image/moving/deliver.h"
#include "image/moving/fetch.h"
#include "image/moving/outlet.h"
#include "image/moving/rewrite.h"
#include "image/store/find.h"
#include "image/store/platform.h"
#include "spec/event.h"

struct pinned {
	struct image_record record;        /* what is saved */
	struct image_record of;            /* what keeps it from being removed */
	struct strs names;
	struct oci_platform platform;
	int pin;
};

struct save {
	struct image_store *store;
	const struct save_options *options;
	const struct strs *given;
	struct arena *arena;
	struct VEC(struct pinned) images;
	struct shipment shipment;          /* save.collect */
	struct layout_images list;
	struct transport to;
	struct outlet outlet;              /* save.open */
};

static void save_done(struct save *s)
{
	outlet_done(&s->outlet);
	squeeze_done(&s->shipment);
	VEC_EACH(struct pinned, p, &s->images)
		content_unlock(s->store, CONTENT_LOCK_IMAGE, p->of.id, p->pin);
}

/* ---- which images ---- */

/* With a platform it is that image alone. */
static int platform_take(const struct save *s, const struct image_record *record, struct image_record *ret, struct err *e)
{
	struct oci_platform want;
	int r;

	*ret = *record;
	if (!s->options->pull.platform)
		return 0;
	r = oci_platform_parse(s->options->pull.platform, s->arena, &want, e);
	if (r == 0)
		r = platform_choose(s->store, record, &want, s->arena, ret, e);
	ret->index = NULL;
	return r;
}

static struct pinned *pinned_find(struct save *s, const char *id)
{
	VEC_EACH(struct pinned, p, &s->images)
		if (strcmp(p->of.id, id) == 0)
			return p;
	return NULL;
}

static int image_add(struct save *s, const struct image_record *record, const char *name, struct err *e)
{
	struct pinned *p = pinned_find(s, record->id);
	struct image image;
	int r, pin;

	if (!p) {
		r = image_pin(s->store, record->id, &pin, e);
		if (r < 0)
			return r;
		p = vec_push(s->arena, &s->images);
		*p = (struct pinned){ .of = *record, .pin = pin };
		r = platform_take(s, record, &p->record, e);
		if (r == 0)
			r = content_image_load(s->store, &p->record, s->arena, &image, e);
		if (r < 0)
			return r;
		p->platform = (struct oci_platform){ .os = image.config.os, .architecture = image.config.architecture, .variant = image.config.variant };
	}
	if (name && !strs_has(&p->names, name))
		strs_push(s->arena, &p->names, name);
	return 0;
}

static bool has_tag_or_digest(const char *name)
{
	const char *slash = strrchr(name, '/');

	return strpbrk(slash ? slash : name, ":@") != NULL;
}

/* All tags of a name. Returns how many. */
static int repository_add(struct save *s, const struct reference *of, struct err *e)
{
	struct image_records all;
	int n = 0, r = content_records(s->store, s->arena, &all, NULL, e);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		struct reference ref;
		struct err ignored; /* nameless: not of this name */

		if (!all.v[i].reference || reference_parse(all.v[i].reference, s->arena, &ref, &ignored) < 0 || !ref.tag)
			continue;
		if (strcmp(ref.host, of->host) != 0 || strcmp(ref.repository, of->repository) != 0)
			continue;
		r = image_add(s, &all.v[i], all.v[i].reference, e);
		n++;
	}
	return r < 0 ? r : n;
}

static int given_add(struct save *s, const char *given, struct err *e)
{
	struct image_record record;
	struct reference ref;
	struct err ignored; /* then it is an id */
	bool is_name = reference_parse(given, s->arena, &ref, &ignored) == 0;
	int r;

	if (is_name && !has_tag_or_digest(given)) {
		r = repository_add(s, &ref, e);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	r = find_record(s->store, given, s->arena, &record, e);
	if (r < 0)
		return r;
	is_name = is_name && streq(record.reference, reference_print(&ref, s->arena));
	return image_add(s, &record, is_name ? record.reference : NULL, e);
}

static int save_find(struct save *s, struct err *e)
{
	for (size_t i = 0; i < s->given->n; i++) {
		int r = given_add(s, s->given->v[i], e);

		if (r < 0)
			return err_wrap(e, "save '%.200s'", s->given->v[i]);
	}
	if (s->options->format == TRANSPORT_DIR && s->images.n > 1)
		return err_set(e, ERR_INVALID, "a 'dir:' directory holds one image, not %zu", s->images.n);
	return 0;
}

/* ---- what belongs to them ---- */

static int save_collect(void *ctx, struct err *e)
{
	struct save *s = ctx;

	/* What it was unpacked from is needed again where it is loaded. */
	s->shipment = (struct shipment){ .arena = s->arena, .foreign = true };
	s->list.v = arena_array(s->arena, struct layout_image, s->images.n);
	VEC_EACH(const struct pinned, p, &s->images) {
		size_t before = s->shipment.blobs.n;
		int r = shipment_add_record(&s->shipment, s->store, &p->record, NULL, e);

		if (r == 0)
			r = fetch_missing(s->store, &p->of, s->shipment.blobs.v + before, s->shipment.blobs.n - before, &s->options->pull, s->arena, e);
		if (r < 0)
			return r;
		s->list.v[s->list.n++] = (struct layout_image){ .manifest = p->record.manifest, .names = p->names, .platform = &p->platform,
			.digest = p->record.index && shipment_find(&s->shipment, p->record.index) ? p->record.index : p->record.manifest };
	}
	return 0;
}

/* ---- out with it ---- */

static int save_open(void *ctx, struct err *e)
{
	struct save *s = ctx;

	s->to = (struct transport){ .kind = s->options->format, .path = s->options->path };
	s->outlet = OUTLET(.to = &s->to, .store = s->store, .options = &s->options->pull, .arena = s->arena);
	return outlet_open(&s->outlet, e);
}

static bool is_squeezed(const void *ctx)
{
	const struct save *s = ctx;

	return s->options->squeeze != NULL;
}

/* The images are called by other digests afterwards. */
static int save_squeeze(void *ctx, struct err *e)
{
	struct save *s = ctx;
	int r = squeeze(&s->shipment, s->store, &s->outlet.courier, s->options->squeeze, e);

	if (r == 0)
		r = rewrite(&s->shipment, OCI_FORMAT_COUNT, e);
	for (size_t i = 0; r == 0 && i < s->list.n; i++) {
		s->list.v[i].digest = shipment_now(&s->shipment, s->list.v[i].digest);
		s->list.v[i].manifest = shipment_now(&s->shipment, s->list.v[i].manifest);
	}
	return r;
}

static int save_blobs(void *ctx, struct err *e)
{
	struct save *s = ctx;
	struct deliver d = { .store = s->store, .courier = &s->outlet.courier, .options = &s->options->pull, .blobs = s->shipment.blobs.v,
		.n_blobs = s->shipment.blobs.n };

	outlet_name_blobs(&s->outlet, &s->shipment);
	return deliver_run(&d, e);
}

static int save_documents(void *ctx, struct err *e)
{
	struct save *s = ctx;

	return outlet_documents(&s->outlet, &s->shipment, &s->list, e);
}

static int save_close(void *ctx, struct err *e)
{
	struct save *s = ctx;

	return outlet_close(&s->outlet, e);
}

static const struct step steps[] = {
	{ "save.collect",   NULL, save_collect,   NULL },
	{ "save.open",      NULL, save_open,      NULL },
	{ "save.squeeze",   is_squeezed, save_squeeze, NULL },
	{ "save.blobs",     NULL, save_blobs,     NULL },
	{ "save.documents", NULL, save_documents, NULL },
	{ "save.close",     NULL, save_close,     NULL },
};

int image_save(struct image_store *store, const struct strs *names, const struct save_options *o, struct arena *a, struct err *e)
{
	SCOPED(save_done) struct save s = { .store = store, .options = o, .given = names, .arena = a, .outlet = OUTLET(.store = store) };

	int r = save_find(&s, e);

	if (r < 0)
		return r;
	r = steps_run(steps, ARRAY_LEN(steps), &s, e);
	for (size_t i = 0; r == 0 && i < s.images.n; i++)
		event_note(store->root, EVENT_IMAGE, "save", s.images.v[i].of.id, "name", s.images.v[i].of.reference, NULL);
	return r < 0 ? err_wrap(e, "save '%.200s'%s", names->v[0], names->n > 1 ? " and others" : "") : 0;
}
