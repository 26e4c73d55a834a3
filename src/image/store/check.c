/* SPDX-License-Identifier: Apache-2.0 */
#include "image/store/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "image/courier.h"
#include "image/moving/fetch.h"
#include "image/moving/intake.h"
#include "image/moving/shipment.h"
#include "image/store/content.h"
#include "image/store/form.h"
#include "image/store/layer_file.h"
#include "image/store/leftover.h"
#include "image/store/remove.h"
#include "os/fd.h"
#include "os/survey.h"

/*
 * Order: records, so that we know what is needed; blobs; layers, restored from sound blobs; then the records again, of which those drop that still lack
 * something; leftovers last.
 */
struct check {
	struct image_store *store;
	int flags;
	image_finding_fn report;
	void *arg;
	struct arena arena;
	struct image_records records;
	struct strs blobs, layers;  /* that a record refers to */
	int n_bad;
	struct err error;
};

static void check_done(struct check *c)
{
	arena_done(&c->arena);
}

static bool repairs(const struct check *c)
{
	return c->flags & IMAGE_CHECK_REPAIR;
}

static void finding(struct check *c, const char *object, const char *problem, bool harmless, bool repaired)
{
	struct image_finding f = { object, problem, harmless, repaired };

	if (!harmless && !repaired)
		c->n_bad++;
	if (c->report)
		c->report(c->arg, &f);
}

/* ---- records ---- */

static int records_check(struct check *c, struct err *e)
{
	struct strs bad = { 0 };
	int r = content_records(c->store, &c->arena, &c->records, &bad, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < bad.n; i++) {
		bool gone = repairs(c) && objdir_remove(&c->store->images, bad.v[i]) == 0;

		finding(c, arena_printf(&c->arena, "image record %s", bad.v[i]), "is not readable; pull the image again", false, gone);
	}
	for (size_t i = 0; i < c->records.n; i++)
		(void)remove_needs(c->store, &c->records.v[i], &c->arena, &c->blobs, &c->layers);
	return 0;
}

/* Blobs that nothing was made of must be here. With --repair they are fetched again, if somebody has them. */
static int blobs_expect(struct check *c, const struct image_record *record, struct err *e)
{
	struct shipment all = { .arena = &c->arena, .foreign = true };
	const struct pull_options options = { 0 };
	int r = 0;

	if (!record->packed && !record->all)
		return 0;
	r = shipment_add_record(&all, c->store, record, NULL, e);
	for (size_t i = 0; r == 0 && i < all.blobs.n; i++) {
		const struct deliver_blob *b = &all.blobs.v[i];

		if (content_blob_has(c->store, b->digest, b->size) || (repairs(c) && fetch_missing(c->store, record, b, 1, &options, &c->arena, e) == 0))
			continue;
		r = err_set(e, ERR_CORRUPT, "blob '%.19s' is missing", b->digest);
	}
	if (r == 0 && record->all && !shipment_find(&all, record->index))
		r = err_set(e, ERR_CORRUPT, "not all images of its index are here");
	return r;
}

/* What is wrong with it, or NULL. */
static const char *record_problem(struct check *c, const struct image_record *record)
{
	struct image image;
	struct err why;
	int r = content_image_load(c->store, record, &c->arena, &image, &why);
	struct str text;

	if (r == 0)
		r = content_blob_read(c->store, record->manifest, &c->arena, &text, &why);
	if (r == 0)
		r = blobs_expect(c, record, &why);
	return r < 0 ? arena_strdup(&c->arena, why.msg) : NULL;
}

/* The records were read a while ago: what looks wrong is looked at again, while nobody removes or brings it. A removal takes the record first. */
static void record_judge(struct check *c, const struct image_record *record)
{
	const char *name = content_record_name(record, &c->arena), *problem = record_problem(c, record);
	struct image_record now;
	struct err ignored; /* it is gone */
	bool gone;
	int lock;

	if (!problem)
		return;
	lock = content_lock(c->store, CONTENT_LOCK_IMAGE, record->id, repairs(c) ? FILE_LOCK_EXCLUSIVE : FILE_LOCK_SHARED, false);
	if (content_record_read(c->store, name, &c->arena, &now, &ignored) == 0 && (problem = record_problem(c, &now))) {
		gone = repairs(c) && lock >= 0 && strcmp(now.id, record->id) == 0 && objdir_remove(&c->store->images, name) == 0;
		finding(c, arena_printf(&c->arena, "image %s", record->reference ? record->reference : record->id),
			arena_printf(&c->arena, "%s%s", problem, gone ? "; dropped, pull it again" : ""), false, gone);
	}
	content_unlock(c->store, CONTENT_LOCK_IMAGE, record->id, lock);
}

/* Whether a record refers to it now, not only when we began. */
static bool is_needed(struct check *c, const char *digest)
{
	struct strs blobs = { 0 }, layers = { 0 };
	struct image_records all;
	struct err ignored;

	if (content_records(c->store, &c->arena, &all, NULL, &ignored) < 0)
		return true;
	for (size_t i = 0; i < all.n; i++)
		(void)remove_needs(c->store, &all.v[i], &c->arena, &blobs, &layers);
	return strs_has(&blobs, digest) || strs_has(&layers, digest);
}

/* ---- blobs ---- */

/* The records may have changed since we read them. True if it is gone. */
static bool blob_drop_unneeded(struct check *c, const char *digest)
{
	const struct strs none = { 0 }, blobs = { &digest, 1 };

	remove_brought(c->store, &none, &blobs, &c->arena);
	return !content_blob_has(c->store, digest, -1);
}

static bool layer_drop_unneeded(struct check *c, const char *diff_id)
{
	const struct strs none = { 0 }, layers = { &diff_id, 1 };
	struct strs deleted = { 0 };
	struct err ignored; /* what we could not remove is found again next time */

	return remove_unneeded(c->store, &layers, &none, &c->arena, &deleted, &ignored) == 0 && deleted.n > 0;
}

struct blob_kind {
	struct check *c;
	const char *prefix; /* "sha256:" */
};

static int blob_check(void *arg, int dirfd, const char *name, unsigned char type)
{
	const struct blob_kind *k = arg;
	struct check *c = k->c;
	const char *digest = arena_printf(&c->arena, "%s%s", k->prefix, name), *object = arena_printf(&c->arena, "blob %s", digest);
	struct digest want;
	struct err ignored; /* what we could not remove is found again next time */

	if (digest_parse(digest, &want) < 0) {
		finding(c, object, "is not named by a digest", true, repairs(c) && unlinkat(dirfd, name, 0) == 0);
		return 0;
	}
	if (!strs_has(&c->blobs, digest)) {
		finding(c, object, "is used by no image", true, repairs(c) && blob_drop_unneeded(c, digest));
		return 0;
	}
	if ((c->flags & IMAGE_CHECK_QUICK) || content_blob_is_sound(c->store, digest))
		return 0;
	if (!is_needed(c, digest))
		return 0;
	finding(c, object, "does not have the content its name says", false, repairs(c) && remove_blob(c->store, digest, &ignored) == 0);
	return 0;
}

static int blobs_check(struct check *c, struct err *e)
{
	const struct blob_kind kinds[] = { { c, "sha256:" }, { c, "sha512:" } };
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(kinds) && r == 0; i++) {
		scoped_fd int fd = dir_open(c->store->blobs_fd, i == 0 ? "sha256" : "sha512");

		r = fd < 0 ? fd : dir_each(fd, blob_check, (void *)(uintptr_t)&kinds[i]);
	}
	return r < 0 ? err_sys(e, r, "list blobs") : 0;
}

/* ---- layers ---- */

/* The tar in a file layer is what its diff id says, the rest what was written. */
static const char *erofs_problem(struct check *c, const char *diff_id, const struct layer_record *record)
{
	struct content_name path = content_layer_path(diff_id, LAYER_EROFS);
	scoped_fd int fd = openat(c->store->root_fd, path.s, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct layer_file_sums sums;
	struct digest want;

	if (fd < 0 || digest_parse(diff_id, &want) < 0 || layer_file_read(fd, record->tar, want.kind, &sums) < 0)
		return "cannot be read";
	if (!digest_eq(&want, &sums.tar))
		return "does not have the content its name says";
	return record->sum && strcmp(record->sum, sums.rest) != 0 ? "has a damaged index" : NULL;
}

/* NULL if it holds what its record says. */
static const char *layer_problem(struct check *c, const char *diff_id)
{
	scoped_fd int fd = -EBADF;
	struct layer_record record;
	enum layer_form form;
	struct survey found;
	struct err why;
	char sum[TREE_SUM_TEXT];

	if (content_layer_form(c->store, diff_id, &form) < 0)
		return "is missing";
	if (content_layer_record(c->store, diff_id, &c->arena, &record, &why) < 0)
		return "has no readable record";
	if (c->flags & IMAGE_CHECK_QUICK)
		return NULL;
	if (form == LAYER_EROFS)
		return erofs_problem(c, diff_id, &record);
	fd = dir_open(c->store->layers_fd, digest_hex(diff_id));
	if (fd < 0 || survey_tree(fd, record.sum != NULL, &found) < 0)
		return "cannot be read";
	if (found.entries != record.entries || found.bytes != record.bytes)
		return arena_printf(&c->arena, "holds %llu names and %llu bytes, should be %llu and %llu", (unsigned long long)found.entries,
			(unsigned long long)found.bytes, (unsigned long long)record.entries, (unsigned long long)record.bytes);
	tree_sum_print(&found.sum, sum);
	return record.sum && strcmp(record.sum, sum) != 0 ? "does not hold what was unpacked: a file's content or attributes changed" : NULL;
}

/* Removes a layer that nobody uses or that is damaged, unless somebody works on it. */
static bool layer_take_out(struct check *c, const char *diff_id)
{
	int fd = content_lock(c->store, CONTENT_LOCK_LAYER, diff_id, FILE_LOCK_EXCLUSIVE, false);
	struct err ignored;
	bool done;

	if (fd < 0)
		return false;
	done = content_layer_remove(c->store, diff_id, &ignored) == 0;
	content_unlock(c->store, CONTENT_LOCK_LAYER, diff_id, fd);
	return done;
}

static int layer_entry_check(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct check *c = arg;
	const char *diff_id = content_layer_of_entry(c->store, name, &c->arena);

	if (diff_id && !strs_has(&c->layers, diff_id))
		finding(c, arena_printf(&c->arena, "layer %s", diff_id), "is used by no image", true, repairs(c) && layer_drop_unneeded(c, diff_id));
	return 0;
}

/* Whether the blob is in the store, or with @fetch can be brought again from where the image came from. */
static bool origin_is_here(struct check *c, const struct image_record *record, const struct oci_descriptor *d, bool fetch)
{
	const struct deliver_blob blob = { .digest = d->digest, .size = d->size, .fd = -EBADF,
		.urls = media_is_foreign(d->media_type) ? d->urls : (struct strs){ 0 } };
	const struct pull_options options = { 0 };
	struct err ignored; /* nobody has it: said as not repaired */

	if (content_blob_has(c->store, d->digest, d->size))
		return true;
	return fetch && fetch_missing(c->store, record, &blob, 1, &options, &c->arena, &ignored) == 0;
}

/* The blob this image says the layer is made of; the manifest's list and the config's list go side by side. */
static bool layer_origin_in(struct check *c, const struct image_record *record, const char *diff_id, bool fetch, struct intake_layer *ret)
{
	struct oci_image_config config;
	struct oci_manifest manifest;
	struct err ignored; /* another image may know */
	struct str text;

	if (content_blob_read(c->store, record->manifest, &c->arena, &text, &ignored) < 0 ||
		oci_manifest_decode(text, &c->arena, &manifest, &ignored) < 0 ||
		content_blob_read(c->store, record->id, &c->arena, &text, &ignored) < 0 ||
		oci_image_config_decode(text, &c->arena, &config, &ignored) < 0)
		return false;
	for (size_t k = 0; k < config.rootfs.diff_ids.n && k < manifest.n_layers; k++) {
		const struct oci_descriptor *d = &manifest.layers[k];

		if (strcmp(config.rootfs.diff_ids.v[k], diff_id) != 0 || !origin_is_here(c, record, d, fetch))
			continue;
		*ret = (struct intake_layer){ .name = "", .digest = d->digest, .diff_id = diff_id, .size = d->size };
		return true;
	}
	return false;
}

/* First what the store has, then what registries have. */
static bool layer_origin(struct check *c, const char *diff_id, struct intake_layer *ret)
{
	for (int fetch = 0; fetch < 2; fetch++)
		for (size_t i = 0; i < c->records.n; i++)
			if (layer_origin_in(c, &c->records.v[i], diff_id, fetch, ret))
				return true;
	return false;
}

/* Unpacks one layer again from its blob, by the same confined program as ever. */
static bool layer_restore(struct check *c, const char *diff_id)
{
	struct transfer_message task = { .source = SOURCE_LAYOUT };
	scoped_courier struct courier courier = COURIER_NONE;
	const struct pull_options options = { 0 };
	struct intake_layer layer;
	struct intake in;
	struct err ignored; /* reported as not repaired */
	int r;

	if (!layer_origin(c, diff_id, &layer))
		return false;
	if (content_layer_has(c->store, diff_id) && !layer_take_out(c, diff_id))
		return false;
	if (courier_open(&courier, c->store, &task, &c->store->blobs_fd, 1, 0, &ignored) < 0)
		return false;
	intake_init(&in, c->store, &courier, &options, &c->arena, &layer, 1);
	in.vouched = true;
	r = intake_run(&in, &ignored);
	courier_done(&courier);
	intake_done(&in);
	return r == 0;
}

static int layers_check(struct check *c, struct err *e)
{
	int r = dir_each(c->store->layers_fd, layer_entry_check, c);

	if (r < 0)
		return err_sys(e, r, "list layers");
	for (size_t i = 0; i < c->layers.n; i++) {
		const char *problem = layer_problem(c, c->layers.v[i]);

		if (problem && is_needed(c, c->layers.v[i]) && layer_problem(c, c->layers.v[i]))
			finding(c, arena_printf(&c->arena, "layer %s", c->layers.v[i]), problem, false, repairs(c) && layer_restore(c, c->layers.v[i]));
	}
	return 0;
}

/* ---- leftovers ---- */

static void leftover_report(void *arg, const struct leftover *l)
{
	struct check *c = arg;

	finding(c, arena_printf(&c->arena, "leftover %s", l->path), "was left by interrupted work", true, repairs(c) && leftover_remove(l) == 0);
}

int image_check(struct image_store *s, int flags, image_finding_fn report, void *arg, struct err *e)
{
	SCOPED(check_done) struct check c = { .store = s, .flags = flags, .report = report, .arg = arg };
	int r;

	r = records_check(&c, e);
	if (r == 0)
		r = blobs_check(&c, e);
	if (r == 0)
		r = layers_check(&c, e);
	for (size_t i = 0; r == 0 && i < c.records.n; i++)
		record_judge(&c, &c.records.v[i]);
	if (r == 0)
		r = leftovers_each(s, leftover_report, &c, e);
	return r < 0 ? r : c.n_bad;
}
