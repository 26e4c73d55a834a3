/* SPDX-License-Identifier: Apache-2.0 */
/* The part of image.h that removes: rmi and prune. What others rely on is locked, and what is locked stays. */
#include "image/store/remove.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "image/store/find.h"
#include "os/fd.h"
#include "spec/event.h"

/* ---- what is needed ---- */

static void digest_add(struct arena *a, struct strs *list, const char *digest)
{
	if (digest && !strs_has(list, digest))
		strs_push(a, list, digest);
}

struct needs {
	const struct image_store *s;
	struct arena *a;
	struct strs *blobs;
	struct strs seen; /* an index may name one document any number of times */
};

/* An index and all that it names; what is not here refers to nothing. */
static void index_needs(struct needs *n, const char *digest, int depth)
{
	struct oci_manifest manifest;
	struct oci_index index;
	struct err ignored;
	struct str text;

	digest_add(n->a, n->blobs, digest);
	if (depth > LIMIT_INDEX_DEPTH || strs_has(&n->seen, digest))
		return;
	strs_push(n->a, &n->seen, digest);
	if (content_blob_read(n->s, digest, n->a, &text, &ignored) < 0)
		return;
	if (oci_index_decode(text, n->a, &index, &ignored) == 0) {
		for (size_t i = 0; i < index.n_manifests; i++)
			index_needs(n, index.manifests[i].digest, depth + 1);
	} else if (oci_manifest_decode_any(text, n->a, &manifest, &ignored) == 0) {
		digest_add(n->a, n->blobs, manifest.config.digest);
		for (size_t i = 0; i < manifest.n_layers; i++)
			digest_add(n->a, n->blobs, manifest.layers[i].digest);
	}
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
	if (record->all && record->index)
		index_needs(&(struct needs){ .s = s, .a = a, .blobs = blobs }, record->index, 0);
	if (content_blob_read(s, record->manifest, a, &text, &ignored) == 0 && oci_manifest_decode(text, a, &manifest, &ignored) == 0)
		for (size_t i = 0; i < manifest.n_layers; i++)
			digest_add(a, blobs, manifest.layers[i].digest);
	else
		r = -EBADMSG;
	if (content_blob_read(s, record->id, a, &text, &ignored) < 0 || oci_image_config_decode(text, a, &config, &ignored) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < config.rootfs.diff_ids.n && !record->packed; i++)
		digest_add(a, layers, config.rootfs.diff_ids.v[i]);
	return r;
}

/* ---- removing content ---- */

/* Whatever is locked for removal. */
enum { BATCH = 128 }; /* each costs a descriptor */

struct removal_batch {
	const struct image_store *s;
	struct {
		enum content_lock what;
		const char *digest;
		int lock;
	} v[BATCH];
	size_t n;
};

static void batch_done(struct removal_batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		content_unlock(b->s, b->v[i].what, b->v[i].digest, b->v[i].lock);
	b->n = 0;
}

/* What somebody else has locked stays: a pull is about to need it. */
static int batch_add(struct removal_batch *b, enum content_lock what, const char *digest, struct err *e)
{
	int fd = content_lock(b->s, what, digest, FILE_LOCK_EXCLUSIVE, false);

	if (fd == -EAGAIN)
		return 0;
	if (fd < 0)
		return err_sys(e, fd, "lock '%.19s'", digest);
	b->v[b->n].what = what;
	b->v[b->n].digest = digest;
	b->v[b->n++].lock = fd;
	return 0;
}

static int blob_unlink(const struct image_store *s, const char *digest, struct err *e)
{
	struct content_name name = content_blob_name(digest);

	if (unlinkat(s->blobs_fd, name.s, 0) < 0 && errno != ENOENT)
		return err_sys(e, -errno, "remove blob '%.19s'", digest);
	return 0;
}

static int layer_drop(const struct image_store *s, const char *diff_id, struct arena *a, struct strs *deleted, struct err *e)
{
	int r = content_layer_has_part(s, diff_id) ? 0 : -ENOENT;

	if (r == 0)
		r = content_layer_remove(s, diff_id, e);
	if (r == 0)
		strs_push(a, deleted, diff_id);
	return r == -ENOENT ? 0 : r;
}

/* A record that moves to another name has both or none of them for who reads beside it: so nobody moves one meanwhile. */
static int records_read(const struct image_store *s, struct arena *a, struct image_records *ret, struct err *e)
{
	scoped_fd int lock = content_lock_all(s, CONTENT_RECORDS);

	return lock < 0 ? err_sys(e, lock, "lock image records") : content_records(s, a, ret, NULL, e);
}

/* The batch is locked: whoever relied on a part of it has written his record by now, and who comes later finds it gone. */
static int batch_drop(struct removal_batch *b, struct arena *a, struct strs *deleted, struct err *e)
{
	struct strs blobs = { 0 }, layers = { 0 };
	struct image_records all;
	int r = records_read(b->s, a, &all, e);

	for (size_t i = 0; r == 0 && i < all.n; i++)
		(void)remove_needs(b->s, &all.v[i], a, &blobs, &layers);
	for (size_t i = 0; r == 0 && i < b->n; i++) {
		const char *digest = b->v[i].digest;

		if (b->v[i].what == CONTENT_LOCK_LAYER)
			r = strs_has(&layers, digest) ? 0 : layer_drop(b->s, digest, a, deleted, e);
		else
			r = strs_has(&blobs, digest) ? 0 : blob_unlink(b->s, digest, e);
	}
	return r;
}

int remove_unneeded(const struct image_store *s, const struct strs *layers, const struct strs *blobs, struct arena *a, struct strs *deleted, struct err *e)
{
	/* Of two that remove what they shared, the second must see what the first left. */
	scoped_fd int lock = content_lock_all(s, CONTENT_REMOVAL);
	size_t i = 0, n = layers->n + blobs->n;
	int r = lock < 0 ? err_sys(e, lock, "lock '%s' for removal", s->root) : 0;

	while (r == 0 && i < n) {
		SCOPED(batch_done) struct removal_batch b = { .s = s };

		for (; r == 0 && i < n && b.n < BATCH; i++)
			r = i < layers->n ? batch_add(&b, CONTENT_LOCK_LAYER, layers->v[i], e) : batch_add(&b, CONTENT_LOCK_BLOB, blobs->v[i - layers->n], e);
		if (r == 0)
			r = batch_drop(&b, a, deleted, e);
	}
	return r;
}

void remove_brought(const struct image_store *s, const struct strs *layers, const struct strs *blobs, struct arena *a)
{
	struct strs deleted = { 0 };
	struct err ignored;

	if (layers->n + blobs->n > 0)
		(void)remove_unneeded(s, layers, blobs, a, &deleted, &ignored);
}

int remove_blob(const struct image_store *s, const char *digest, struct err *e)
{
	int fd = content_lock(s, CONTENT_LOCK_BLOB, digest, FILE_LOCK_EXCLUSIVE, false), r;

	if (fd == -EAGAIN)
		return 0;
	if (fd < 0)
		return err_sys(e, fd, "lock blob '%.19s'", digest);
	r = blob_unlink(s, digest, e);
	content_unlock(s, CONTENT_LOCK_BLOB, digest, fd);
	return r;
}

/* ---- rmi ---- */

struct removing {
	const struct image_store *s;
	struct image_record record;  /* one of the image */
	struct strs names;           /* all its names, canonical */
	struct strs blobs, layers;   /* what its records need */
	bool differ;                 /* one needs what another does not: other manifests of the same image, other platforms */
	struct arena *a;
};

static int names_collect(struct removing *m, struct err *e)
{
	struct image_records all;
	int r = content_records(m->s, m->a, &all, NULL, e);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		if (strcmp(all.v[i].id, m->record.id) != 0)
			continue;
		if (all.v[i].reference)
			strs_push(m->a, &m->names, all.v[i].reference);
		(void)remove_needs(m->s, &all.v[i], m->a, &m->blobs, &m->layers);
		m->differ |= all.v[i].all || strcmp(all.v[i].manifest, m->record.manifest) != 0 || !streq(all.v[i].index, m->record.index);
	}
	return r;
}

/* @keep: the image stays, so if no other name is left by now it goes on without. */
static int record_drop(struct removing *m, const char *reference, bool keep, struct image_removal *ret, struct err *e)
{
	struct image_record named = { .reference = reference, .id = m->record.id }, now;
	const char *name = content_record_name(&named, m->a);
	scoped_fd int lock = content_lock_all(m->s, CONTENT_RECORDS);
	struct reference ref;
	struct err ignored; /* damaged: it goes */
	int r;

	if (lock < 0)
		return err_sys(e, lock, "lock image records");
	r = content_record_read(m->s, name, m->a, &now, &ignored);
	/* The name may have moved to another image meanwhile. */
	if (r == 0 && strcmp(now.id, m->record.id) != 0)
		return 0;
	r = r == 0 && keep ? content_record_leave(m->s, &now, m->a, e) : 0;
	if (r < 0)
		return r;
	r = objdir_remove(&m->s->images, name);
	if (r < 0 && r != -ENOENT)
		return err_sys(e, r, "remove image record '%.200s'", name);
	if (r == 0 && reference && reference_parse(reference, m->a, &ref, e) == 0)
		strs_push(m->a, &ret->untagged, reference_familiar(&ref, m->a));
	if (r == 0 && reference)
		event_note(m->s->root, EVENT_IMAGE, "untag", m->record.id, "name", m->record.id, NULL);
	return 0;
}

static bool are_all(const struct removing *m, const struct strs *names)
{
	for (size_t i = 0; i < m->names.n; i++)
		if (!strs_has(names, m->names.v[i]))
			return false;
	return names->n == m->names.n;
}

/* Drops @names of the image; with the last one goes the image, unless a container keeps it. */
static int names_drop(struct removing *m, const struct strs *names, bool keep_content, struct image_removal *ret, struct err *e)
{
	bool last = are_all(m, names);
	int r = 0;

	for (size_t i = 0; r == 0 && i < names->n; i++)
		r = record_drop(m, names->v[i], keep_content || !last, ret, e);
	if (r < 0 || keep_content || (!last && !m->differ))
		return r;
	if (last) {
		r = record_drop(m, NULL, false, ret, e);
		if (r < 0)
			return r;
		strs_push(m->a, &ret->deleted, m->record.id);
		event_note(m->s->root, EVENT_IMAGE, "delete", m->record.id, "name", m->record.id, NULL);
	}
	return remove_unneeded(m->s, &m->layers, &m->blobs, m->a, &ret->deleted, e);
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
	if ((flags & IMAGE_REMOVE_NAMELESS) && m->names.n > 0)
		return err_set(e, ERR_CONFLICT, "image '%.19s' has a name by now", m->record.id);
	if (by_id && m->names.n > 1 && !force)
		return err_set(e, ERR_CONFLICT, "image '%.19s' has %zu names; remove them one by one or with --force", m->record.id, m->names.n);
	if (!by_id) {
		strs_push(m->a, &one, m->record.reference);
		names = &one;
	}
	last = are_all(m, names);
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
