/* SPDX-License-Identifier: Apache-2.0 */
/* The part of image.h that looks and names: find, list, pin, tag. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/store/find.h"
#include "base/vec.h"
#include "codec/digest.h"
#include "image/registries/registries.h"
#include "spec/event.h"

/* ---- find ---- */

static int find_by_id(const struct image_store *s, const char *prefix, struct arena *a, struct image_record *ret, struct err *e)
{
	const struct image_record *found = NULL;
	struct image_records all;
	int r;

	r = content_records(s, a, &all, NULL, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < all.n; i++) {
		if (!digest_begins(all.v[i].id, prefix))
			continue;
		if (found && strcmp(found->id, all.v[i].id) != 0)
			return err_set(e, ERR_INVALID, "image id '%s' is ambiguous", prefix);
		found = &all.v[i];
	}
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "no such image: %s", prefix);
	*ret = *found;
	return 0;
}

/* "name@digest" also finds an image that was pulled by tag and has that manifest or index. */
static int find_by_digest(const struct image_store *s, const struct reference *ref, struct arena *a, struct image_record *ret, struct err *e)
{
	struct image_records all;
	int r = content_records(s, a, &all, NULL, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < all.n; i++) {
		const struct image_record *record = &all.v[i];
		struct reference has;
		struct err ignored; /* nameless or damaged: not this one */

		if (!record->reference || reference_parse(record->reference, a, &has, &ignored) < 0)
			continue;
		if (strcmp(has.host, ref->host) == 0 && strcmp(has.repository, ref->repository) == 0 &&
			(streq(record->manifest, ref->digest) || streq(record->index, ref->digest))) {
			*ret = *record;
			return 0;
		}
	}
	return err_set(e, ERR_NOT_FOUND, "no such image: %s", reference_familiar(ref, a));
}

/* What the name may stand for by registries.conf. Only names that are not there as Docker Hub's come here: a present image costs no reading of files. */
static int find_by_short_name(const struct image_store *s, const char *name, struct arena *a, struct image_record *ret, struct err *e)
{
	struct registries registries;
	struct strs names;
	bool alias;
	int r = registries_load(a, &registries, e);

	if (r == 0)
		r = registries_resolve(&registries, name, a, &names, &alias, e);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		struct image_record wanted = { .id = "", .reference = names.v[i] };

		if (content_record_read(s, content_record_name(&wanted, a), a, ret, e) == 0)
			return 0;
	}
	return r < 0 ? r : -ENOENT;
}

int find_record(const struct image_store *s, const char *name_or_id, struct arena *a, struct image_record *ret, struct err *e)
{
	struct image_record wanted = { .id = "" };
	struct reference ref;
	struct err as_name;
	int r;

	r = reference_parse(name_or_id, a, &ref, &as_name);
	if (r == 0) {
		if (ref.digest)
			ref.tag = NULL;
		wanted.reference = reference_print(&ref, a);
		r = content_record_read(s, content_record_name(&wanted, a), a, ret, e);
		if (r != -ENOENT)
			return r;
	}
	if (reference_may_be_id(name_or_id)) {
		int by_id = find_by_id(s, name_or_id, a, ret, e);

		if (by_id != -ENOENT || r != -ENOENT)
			return by_id;
	}
	if (r != -ENOENT) {
		*e = as_name;
		return r;
	}
	if (reference_is_short(name_or_id) && find_by_short_name(s, name_or_id, a, ret, e) == 0)
		return 0;
	if (ref.digest)
		return find_by_digest(s, &ref, a, ret, e);
	return err_set(e, ERR_NOT_FOUND, "no such image: %s", reference_familiar(&ref, a));
}

int image_find(struct image_store *s, const char *name_or_id, struct arena *a, struct image *ret, struct err *e)
{
	struct image_record record;
	int r = find_record(s, name_or_id, a, &record, e);

	return r < 0 ? r : content_image_load(s, &record, a, ret, e);
}

/* ---- list ---- */

static int by_reference(const void *x, const void *y)
{
	const struct image_record *a = x, *b = y;

	return strcmp(a->reference ? a->reference : "", b->reference ? b->reference : "");
}

static const char *created_of(const struct image *image)
{
	return image->config.created ? image->config.created : "";
}

static int by_age(const void *x, const void *y)
{
	int order = strcmp(created_of(y), created_of(x));

	return order ? order : strcmp(((const struct image *)x)->id, ((const struct image *)y)->id);
}

/* Records of one id stand together, those with names before one without. */
static int by_id(const void *x, const void *y)
{
	const struct image_record *a = x, *b = y;
	int order = strcmp(a->id, b->id);

	return order ? order : by_reference(x, y);
}

typedef int (*load_fn)(const struct image_store *s, const struct image_record *r, struct arena *a, struct image *ret, struct err *e);

static int list_with(struct image_store *s, load_fn load, struct arena *a, struct images *ret, struct err *e)
{
	struct images list = { 0 };
	struct image_records all;
	int r = content_records(s, a, &all, NULL, e);

	if (r < 0)
		return r;
	if (all.n > 0)
		qsort(all.v, all.n, sizeof *all.v, by_id);
	list.v = arena_array(a, struct image, all.n);
	for (size_t i = 0; i < all.n; i++) {
		struct image *last = list.n ? &list.v[list.n - 1] : NULL;
		struct err ignored; /* damaged: image_check tells */

		if (last && strcmp(last->id, all.v[i].id) == 0) {
			if (all.v[i].reference)
				strs_push(a, &last->names, all.v[i].reference);
		} else if (load(s, &all.v[i], a, &list.v[list.n], &ignored) == 0) {
			list.n++;
		}
	}
	if (list.n > 0)
		qsort(list.v, list.n, sizeof *list.v, by_age);
	*ret = list;
	return 0;
}

int image_list(struct image_store *s, struct arena *a, struct images *ret, struct err *e)
{
	return list_with(s, content_image_load, a, ret, e);
}

int image_list_brief(struct image_store *s, struct arena *a, struct images *ret, struct err *e)
{
	return list_with(s, content_image_brief, a, ret, e);}

/* ---- history ---- */

int image_manifest(struct image_store *s, const struct image *image, struct arena *a, struct oci_manifest *ret, struct err *e)
{
	struct str text;
	int r = content_blob_read(s, image->manifest, a, &text, e);

	return r < 0 ? r : oci_manifest_decode(text, a, ret, e);
}

int image_layer_size(struct image_store *s, const char *diff_id, uint64_t *ret, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct layer_record layer;
	int r = content_layer_record(s, diff_id, &a, &layer, e);

	if (r == 0)
		*ret = layer.bytes;
	return r;
}

/* Of layers that are not unpacked there are only blobs. The manifest has them base first, the history newest first. */
static void history_sizes(struct image_store *s, const struct image *image, struct arena *a, struct image_history *v, size_t n)
{
	struct oci_manifest m;
	struct err ignored; /* damaged: no sizes */
	size_t layer;

	if (image_manifest(s, image, a, &m, &ignored) < 0)
		return;
	layer = m.n_layers;
	for (size_t i = 0; i < n && layer > 0; i++)
		if (v[i].diff_id)
			v[i].size = (uint64_t)m.layers[--layer].size;
}

int image_history(struct image_store *s, const struct image *image, struct arena *a, struct image_history **ret, size_t *ret_n, struct err *e)
{
	static const struct oci_history silent;
	const struct oci_image_config *c = &image->config;
	struct image_history *v = arena_array(a, struct image_history, c->n_history + image->diff_ids.n);
	size_t n = 0, layer = 0;

	for (size_t i = 0; i < c->n_history; i++) {
		bool has = !c->history[i].empty_layer && layer < image->diff_ids.n;

		v[n++] = (struct image_history){ .said = &c->history[i], .diff_id = has ? image->diff_ids.v[layer++] : NULL };
	}
	while (layer < image->diff_ids.n)
		v[n++] = (struct image_history){ .said = &silent, .diff_id = image->diff_ids.v[layer++] };
	for (size_t i = 0; i < n / 2; i++) {
		struct image_history other = v[i];

		v[i] = v[n - 1 - i];
		v[n - 1 - i] = other;
	}
	for (size_t i = 0; i < n; i++) {
		int r = v[i].diff_id && !image->packed ? image_layer_size(s, v[i].diff_id, &v[i].size, e) : 0;

		if (r < 0)
			return r;
	}
	if (image->packed)
		history_sizes(s, image, a, v, n);
	*ret = v;
	*ret_n = n;
	return 0;
}

/* ---- pin and tag ---- */

int image_pin(struct image_store *s, const char *id, int *ret_fd, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct image_record record;
	struct digest d;
	int fd, r;

	if (digest_parse(id, &d) < 0)
		return err_set(e, ERR_INVALID, "'%.100s' is not a whole image id", id);
	fd = content_lock(s, CONTENT_LOCK_IMAGE, id, FILE_LOCK_SHARED, true);
	if (fd < 0)
		return err_sys(e, fd, "lock image '%.19s'", id);
	r = find_by_id(s, id, &a, &record, e);
	if (r < 0) {
		content_unlock(s, CONTENT_LOCK_IMAGE, id, fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

int image_tag(struct image_store *s, const char *name_or_id, const char *new_name, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct image_record record;
	struct reference ref;
	int fd, r;

	r = reference_parse(new_name, &a, &ref, e);
	if (r == 0 && ref.digest)
		r = err_set(e, ERR_INVALID, "image name '%.200s': a digest cannot be given as a name", new_name);
	if (r == 0)
		r = find_record(s, name_or_id, &a, &record, e);
	if (r == 0)
		r = image_pin(s, record.id, &fd, e);
	if (r < 0)
		return r;
	record.reference = reference_print(&ref, &a);
	r = content_record_place(s, &record, e);
	content_unlock(s, CONTENT_LOCK_IMAGE, record.id, fd);
	if (r == 0)
		event_note(s->root, EVENT_IMAGE, "tag", record.id, "name", reference_familiar(&ref, &a), NULL);
	return r;
}

int image_platform_check(const struct image *image, const char *platform, struct arena *a, struct err *e)
{
	struct oci_platform has = { .os = image->config.os, .architecture = image->config.architecture, .variant = image->config.variant,
		.os_version = image->config.os_version }, want;
	struct oci_descriptor d = { .platform = &has };
	struct oci_index index = { .manifests = &d, .n_manifests = 1 };
	int r = platform ? oci_platform_parse(platform, a, &want, e) : 0;

	if (r == 0 && platform && !oci_index_select(&index, &want))
		return err_set(e, ERR_NOT_FOUND, "image is for platform '%s', not '%s'", oci_platform_print(&has, a), platform);
	return r;
}
