/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/layout_index.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "spec/reference.h"

#define REF_NAME "org.opencontainers.image.ref.name"
#define IMAGE_NAME "io.containerd.image.name" /* what Docker and containerd name it by */

struct entries {
	struct arena *arena;
	struct VEC(struct oci_descriptor) list;
};

/* ---- index.json ---- */

static bool is_replaced(const struct oci_descriptor *old, const struct oci_descriptor *by)
{
	const char *had = pairs_find(&old->annotations, REF_NAME), *has = pairs_find(&by->annotations, REF_NAME);

	return had ? streq(had, has) : strcmp(old->digest, by->digest) == 0;
}

static void entry_add(struct entries *entries, struct oci_descriptor new)
{
	size_t n = 0;

	for (size_t i = 0; i < entries->list.n; i++)
		if (!is_replaced(&entries->list.v[i], &new))
			entries->list.v[n++] = entries->list.v[i];
	entries->list.n = n;
	*vec_push(entries->arena, &entries->list) = new;
}

static void image_add(struct entries *entries, const struct shipment_document *d, const struct layout_image *image)
{
	struct oci_descriptor plain = { .media_type = d->media_type, .digest = d->digest, .size = (int64_t)d->text.n,
		.platform = (struct oci_platform *)(uintptr_t)image->platform };

	if (image->ref_name || image->names.n == 0) {
		if (image->ref_name)
			pairs_set(entries->arena, &plain.annotations, REF_NAME, image->ref_name);
		entry_add(entries, plain);
		return;
	}
	for (size_t i = 0; i < image->names.n; i++) {
		struct oci_descriptor named = plain;

		pairs_set(entries->arena, &named.annotations, IMAGE_NAME, image->names.v[i]);
		pairs_set(entries->arena, &named.annotations, REF_NAME, image->names.v[i]);
		entry_add(entries, named);
	}
}

static int old_take(struct entries *entries, struct str old, struct err *e)
{
	struct oci_index index;
	int r = oci_index_decode(old, entries->arena, &index, e);

	for (size_t i = 0; r == 0 && i < index.n_manifests; i++)
		*vec_push(entries->arena, &entries->list) = index.manifests[i];
	return r < 0 ? err_wrap(e, "index.json") : 0;
}

int layout_index_text(struct str old, const struct shipment *s, const struct layout_images *images, struct buf *b, struct err *e)
{
	struct entries entries = { .arena = s->arena };
	struct oci_index index = { .schema_version = 2, .media_type = "application/vnd.oci.image.index.v1+json" };
	int r = old.p ? old_take(&entries, old, e) : 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < images->n; i++) {
		const struct shipment_document *d = shipment_find(s, images->v[i].digest);

		if (!d)
			return err_set(e, ERR_INTERNAL, "document %.19s is not in the shipment", images->v[i].digest);
		image_add(&entries, d, &images->v[i]);
	}
	index.manifests = entries.list.v;
	index.n_manifests = entries.list.n;
	r = oci_index_encode(&index, b);
	return r < 0 ? err_sys(e, r, "write index.json") : 0;
}

/* An archive of `docker save` names images in full, and is asked for them as people write them. */
static bool entry_has_name(const struct oci_descriptor *d, const struct transport *t, struct arena *a)
{
	const char *name = pairs_find(&d->annotations, IMAGE_NAME);

	if (streq(pairs_find(&d->annotations, REF_NAME), t->tag))
		return true;
	return name && t->name.host && strcmp(name, reference_print(&t->name, a)) == 0;
}

int layout_index_choose(struct str text, const struct transport *t, struct arena *a, const struct oci_descriptor **ret, struct err *e)
{
	struct oci_index index;
	int r = oci_index_decode(text, a, &index, e);

	if (r < 0)
		return err_wrap(e, "index.json");
	if (t->index >= 0 || !t->tag) {
		size_t at = t->index >= 0 ? (size_t)t->index : 0;

		if (t->index < 0 && index.n_manifests > 1)
			return err_set(e, ERR_INVALID, "there are %zu images in it: say which, after a colon", index.n_manifests);
		if (at >= index.n_manifests)
			return err_set(e, ERR_NOT_FOUND, "there are %zu images in it, no number %zu", index.n_manifests, at);
		*ret = &index.manifests[at];
		return 0;
	}
	for (size_t i = 0; i < index.n_manifests; i++) {
		if (!entry_has_name(&index.manifests[i], t, a))
			continue;
		*ret = &index.manifests[i];
		return 0;
	}
	return err_set(e, ERR_NOT_FOUND, "there is no image '%.200s' in it", t->tag);
}

/* ---- manifest.json and repositories ---- */

static const char *member_name(struct arena *a, const char *digest)
{
	return arena_printf(a, "blobs/%s", content_blob_name(digest).s);
}

static int item_make(const struct shipment *s, const struct layout_image *image, struct docker_archive_item *ret, struct err *e)
{
	const struct shipment_document *d = shipment_find(s, image->manifest);
	struct oci_manifest m;
	int r = d ? oci_manifest_decode(d->text, s->arena, &m, e) : err_set(e, ERR_INTERNAL, "manifest %.19s is not in the shipment", image->manifest);

	if (r < 0)
		return r;
	*ret = (struct docker_archive_item){ .config = member_name(s->arena, m.config.digest) };
	for (size_t i = 0; i < m.n_layers; i++)
		strs_push(s->arena, &ret->layers, member_name(s->arena, m.layers[i].digest));
	for (size_t i = 0; i < image->names.n; i++) {
		struct reference ref;

		r = reference_parse(image->names.v[i], s->arena, &ref, e);
		if (r < 0)
			return r;
		if (ref.tag)
			strs_push(s->arena, &ret->repo_tags, image->names.v[i]); /* in full: podman takes short ones for localhost/ */
	}
	return 0;
}

struct tag {
	struct str repository;
	const char *tag, *layer;
};
struct tags {
	struct VEC(struct tag) list;
};

static void tags_collect(const struct docker_archive *d, struct arena *a, struct tags *ret)
{
	for (size_t i = 0; i < d->n_items; i++) {
		const struct docker_archive_item *item = &d->items[i];
		const char *last = item->layers.n > 0 ? strrchr(item->layers.v[item->layers.n - 1], '/') + 1 : "";

		for (size_t k = 0; k < item->repo_tags.n; k++) {
			const char *name = item->repo_tags.v[k], *colon = strrchr(name, ':');

			*vec_push(a, &ret->list) = (struct tag){ { name, (size_t)(colon - name) }, colon + 1, last };
		}
	}
}

static bool is_same_repository(const struct tag *a, const struct tag *b)
{
	return a->repository.n == b->repository.n && memcmp(a->repository.p, b->repository.p, a->repository.n) == 0;
}

static bool repository_is_written(const struct tags *tags, const struct tag *of)
{
	for (const struct tag *t = tags->list.v; t < of; t++)
		if (is_same_repository(t, of))
			return true;
	return false;
}

static void repository_write(const struct tags *tags, const struct tag *first, struct buf *b)
{
	const char *separator = ":{";

	json_encode_string(first->repository, b);
	VEC_EACH(const struct tag, t, &tags->list) {
		if (!is_same_repository(t, first))
			continue;
		buf_printf(b, "%s\"%s\":\"%s\"", separator, t->tag, t->layer); /* a tag and hex digits: nothing to escape */
		separator = ",";
	}
	buf_add_char(b, '}');
}

/* {"busybox":{"latest":"<hex of the last layer>"}}: what Docker before 1.10 read. */
static void repositories_write(const struct docker_archive *d, struct arena *a, struct buf *b)
{
	const char *separator = "";
	struct tags tags = { 0 };

	tags_collect(d, a, &tags);
	buf_add_char(b, '{');
	VEC_EACH(const struct tag, t, &tags.list) {
		if (repository_is_written(&tags, t))
			continue;
		buf_add_str(b, separator);
		repository_write(&tags, t, b);
		separator = ",";
	}
	buf_add_char(b, '}');
}

int layout_docker_text(const struct shipment *s, const struct layout_images *images, struct buf *manifest, struct buf *repositories, struct err *e)
{
	struct docker_archive d = { .items = arena_array(s->arena, struct docker_archive_item, images->n), .n_items = images->n };
	int r = 0;

	for (size_t i = 0; r == 0 && i < images->n; i++)
		r = item_make(s, &images->v[i], &d.items[i], e);
	if (r == 0 && docker_archive_encode(&d, manifest) < 0)
		r = err_set(e, ERR_EXHAUSTED, "manifest.json is too long");
	if (r == 0)
		repositories_write(&d, s->arena, repositories);
	return r;
}
