/* SPDX-License-Identifier: Apache-2.0 */
/* The part of image.h that removes: rmi and prune. What others rely on is locked, and what is locked stays. */
#include "image/remove.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "image/find.h"

/* ---- what is needed ---- */

static void digest_add(struct arena *a, struct strs *list, const char *digest)
{
	if (digest && !strs_has(list, digest))
		strs_push(a, list, digest);
}

int remove_needs(const struct image_store *s, const struct image_record *record, struct arena *a, struct strs *blobs, struct strs *layers)
{
	struct oci_image_config config;
	struct oci_manifest manifest;
	struct err ignored; /* what cannot be read refers to nothing */
	struct str text;
	int r = 0;

	digest_add(a, blobs, record->id);
	digest_add(a, blobs, record->manifest);
	digest_add(a, blobs, record->index);
	if (content_blob_read(s, record->manifest, a, &text, &ignored) == 0 && oci_manifest_decode(text, a, &manifest, &ignored) == 0)
		for (size_t i = 0; i < manifest.n_layers; i++)
			digest_add(a, blobs, manifest.layers[i].digest);
	else
		r = -EBADMSG;
	if (content_blob_read(s, record->id, a, &text, &ignored) == 0 && oci_image_config_decode(text, a, &config, &ignored) == 0)
		for (size_t i = 0; i < config.rootfs.diff_ids.n; i++)
			digest_add(a, layers, config.rootfs.diff_ids.v[i]);
	else
		r = -EBADMSG;
	return r;
}

/* ---- removing content ---- */

static int layer_drop(const struct image_store *s, const char *diff_id, struct arena *a, struct image_removal *ret, struct err *e)
{
	int fd = content_lock(s, CONTENT_LOCK_LAYER, diff_id, FILE_LOCK_EXCLUSIVE, false), r = 0;

	if (fd == -EAGAIN)
		return 0; /* a pull is about to need it */
	if (fd < 0)
		return err_sys(e, fd, "lock layer '%.19s'", diff_id);
	if (content_layer_has(s, diff_id)) {
		r = content_layer_remove(s, diff_id, e);
		if (r == 0)
			strs_push(a, &ret->deleted, diff_id);
	}
	content_unlock(s, CONTENT_LOCK_LAYER, diff_id, fd);
	return r;
}

int remove_blob(const struct image_store *s, const char *digest, struct err *e)
{
	struct content_name name = content_blob_name(digest);
	int fd = content_lock(s, CONTENT_LOCK_BLOB, digest, FILE_LOCK_EXCLUSIVE, false), r = 0;

	if (fd == -EAGAIN)
		return 0;
	if (fd < 0)
		return err_sys(e, fd, "lock blob '%.19s'", digest);
	if (unlinkat(s->blobs_fd, name.s, 0) < 0 && errno != ENOENT)
		r = err_sys(e, -errno, "remove blob '%.19s'", digest);
	content_unlock(s, CONTENT_LOCK_BLOB, digest, fd);
	return r;
}

/* Removes what @record needs and no other record does. The caller holds the image's lock; the record itself is gone. */
static int content_drop(const struct image_store *s, const struct image_record *record, struct arena *a, struct image_removal *ret, struct err *e)
{
	struct strs blobs = { 0 }, layers = { 0 }, kept_blobs = { 0 }, kept_layers = { 0 };
	struct image_records all;
	int r;

	r = content_records(s, a, &all, NULL, e);
	if (r < 0)
		return r;
	(void)remove_needs(s, record, a, &blobs, &layers);
	for (size_t i = 0; i < all.n; i++)
		(void)remove_needs(s, &all.v[i], a, &kept_blobs, &kept_layers);
	for (size_t i = 0; i < layers.n && r == 0; i++)
		if (!strs_has(&kept_layers, layers.v[i]))
			r = layer_drop(s, layers.v[i], a, ret, e);
	for (size_t i = 0; i < blobs.n && r == 0; i++)
		if (!strs_has(&kept_blobs, blobs.v[i]))
			r = remove_blob(s, blobs.v[i], e);
	return r;
}

/* ---- rmi ---- */

struct removing {
	const struct image_store *s;
	struct image_record record;  /* one of the image */
	struct strs names;           /* all its names, canonical */
	struct arena *a;
};

static int names_collect(struct removing *m, struct err *e)
{
	struct image_records all;
	int r = content_records(m->s, m->a, &all, NULL, e);

	for (size_t i = 0; r == 0 && i < all.n; i++)
		if (strcmp(all.v[i].id, m->record.id) == 0 && all.v[i].reference)
			strs_push(m->a, &m->names, all.v[i].reference);
	return r;
}

static int record_drop(struct removing *m, const char *reference, struct image_removal *ret, struct err *e)
{
	struct image_record named = { .reference = reference, .id = m->record.id };
	const char *name = content_record_name(&named, m->a);
	struct reference ref;
	int r = objdir_remove(&m->s->images, name);

	if (r < 0 && r != -ENOENT)
		return err_sys(e, r, "remove image record '%.200s'", name);
	if (r == 0 && reference && reference_parse(reference, m->a, &ref, e) == 0)
		strs_push(m->a, &ret->untagged, reference_familiar(&ref, m->a));
	return 0;
}

/* Drops @names of the image; with the last one goes the image, unless a container keeps it. */
static int names_drop(struct removing *m, const struct strs *names, bool keep_content, struct image_removal *ret, struct err *e)
{
	struct image_record nameless = m->record;
	int r = 0;

	if (keep_content && names->n == m->names.n) {
		nameless.reference = NULL;
		r = content_record_write(m->s, &nameless, e);
	}
	for (size_t i = 0; r == 0 && i < names->n; i++)
		r = record_drop(m, names->v[i], ret, e);
	if (r < 0 || keep_content || names->n < m->names.n)
		return r;
	r = record_drop(m, NULL, ret, e);
	if (r < 0)
		return r;
	strs_push(m->a, &ret->deleted, m->record.id);
	return content_drop(m->s, &m->record, m->a, ret, e);
}

static bool is_given_by_id(const char *text, const struct image_record *record, struct arena *a)
{
	struct image_record as_name = { 0 };
	struct reference ref;
	struct err ignored; /* no name: then it was an id */

	if (!record->reference || reference_parse(text, a, &ref, &ignored) < 0)
		return true;
	if (ref.digest)
		return false;
	as_name.reference = reference_print(&ref, a);
	return strcmp(as_name.reference, record->reference) != 0 && reference_may_be_id(text);
}

static int remove_locked(struct removing *m, const char *text, int flags, image_in_use_fn in_use, void *arg, struct image_removal *ret, struct err *e)
{
	bool by_id = is_given_by_id(text, &m->record, m->a), force = flags & IMAGE_REMOVE_FORCE, used, last;
	struct strs one = { 0 };
	const struct strs *names = &m->names;
	char who[128] = "";
	int r = names_collect(m, e);

	if (r < 0)
		return r;
	if (by_id && m->names.n > 1 && !force)
		return err_set(e, ERR_CONFLICT, "image '%.19s' has %zu names; remove them one by one or with --force", m->record.id, m->names.n);
	if (!by_id) {
		strs_push(m->a, &one, m->record.reference);
		names = &one;
	}
	last = names->n == m->names.n;
	used = last && in_use && in_use(arg, m->record.id, who, sizeof who);
	if (used && (!force || m->names.n == 0))
		return err_set(e, ERR_CONFLICT, "image '%s' is used by %s", text, who);
	return names_drop(m, names, used, ret, e);
}

int image_remove(struct image_store *s, const char *name_or_id, int flags, image_in_use_fn in_use, void *arg, struct arena *a,
	struct image_removal *ret, struct err *e)
{
	struct removing m = { .s = s, .a = a };
	int fd, r;

	*ret = (struct image_removal){ 0 };
	r = find_record(s, name_or_id, a, &m.record, e);
	if (r < 0)
		return r;
	fd = content_lock(s, CONTENT_LOCK_IMAGE, m.record.id, FILE_LOCK_EXCLUSIVE, false);
	if (fd == -EAGAIN)
		return err_set(e, ERR_CONFLICT, "image '%s' is being used right now", name_or_id);
	if (fd < 0)
		return err_sys(e, fd, "lock image '%.19s'", m.record.id);
	r = remove_locked(&m, name_or_id, flags, in_use, arg, ret, e);
	content_unlock(s, CONTENT_LOCK_IMAGE, m.record.id, fd);
	return r;
}

int image_prune(struct image_store *s, image_in_use_fn in_use, void *arg, struct arena *a, struct image_removal *ret, struct err *e)
{
	struct image_records all;
	int r;

	*ret = (struct image_removal){ 0 };
	r = content_records(s, a, &all, NULL, e);
	for (size_t i = 0; r == 0 && i < all.n; i++) {
		struct image_removal one;
		struct err ignored; /* in use, or just taken: it stays */

		if (all.v[i].reference || image_remove(s, all.v[i].id, 0, in_use, arg, a, &one, &ignored) < 0)
			continue;
		for (size_t k = 0; k < one.deleted.n; k++)
			strs_push(a, &ret->deleted, one.deleted.v[k]);
	}
	return r;
}

/* ---- untag ---- */

/* The canonical names that are meant, each checked to be one of the image's. */
static int names_choose(const struct removing *m, const struct strs *given, struct strs *ret, struct err *e)
{
	*ret = given->n ? (struct strs){ 0 } : m->names;
	for (size_t i = 0; i < given->n; i++) {
		struct reference ref;
		const char *name;
		int r = reference_parse(given->v[i], m->a, &ref, e);

		if (r < 0)
			return r;
		name = reference_print(&ref, m->a);
		if (!strs_has(&m->names, name))
			return err_set(e, ERR_NOT_FOUND, "'%s' is no name of image '%.19s'", given->v[i], m->record.id);
		if (!strs_has(ret, name))
			strs_push(m->a, ret, name);
	}
	return 0;
}

int image_untag(struct image_store *s, const char *name_or_id, const struct strs *names, struct arena *a, struct strs *ret_untagged, struct err *e)
{
	struct removing m = { .s = s, .a = a };
	struct image_removal removal = { 0 };
	struct strs chosen;
	int fd, r = find_record(s, name_or_id, a, &m.record, e);

	if (r < 0)
		return r;
	fd = content_lock(s, CONTENT_LOCK_IMAGE, m.record.id, FILE_LOCK_SHARED, true);
	if (fd < 0)
		return err_sys(e, fd, "lock image '%.19s'", m.record.id);
	r = names_collect(&m, e);
	if (r == 0)
		r = names_choose(&m, names, &chosen, e);
	if (r == 0)
		r = names_drop(&m, &chosen, true, &removal, e);
	content_unlock(s, CONTENT_LOCK_IMAGE, m.record.id, fd);
	*ret_untagged = removal.untagged;
	return r;
}
