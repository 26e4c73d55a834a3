/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registries/referrers.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "image/registries/pages.h"

#define TYPE_INDEX "application/vnd.oci.image.index.v1+json"

/* ---- reading ---- */

/* "/manifests/sha256-<hex>" */
static const char *tag_name(const char *digest, struct arena *a)
{
	char *tag = arena_printf(a, "/manifests/%s", digest);

	tag[strcspn(tag, ":")] = '-';
	return tag;
}

struct listing {
	struct arena *arena;
	struct oci_index *all;
};

static int on_page(void *arg, struct str text, struct err *e)
{
	struct listing *listing = arg;
	struct oci_index page, *all = listing->all;
	int r = oci_index_decode(text, listing->arena, &page, e);

	for (size_t i = 0; r == 0 && i < page.n_manifests; i++) {
		all->manifests = arena_grow(listing->arena, all->manifests, all->n_manifests, sizeof *all->manifests);
		all->manifests[all->n_manifests++] = page.manifests[i];
	}
	return r;
}

static int index_read(struct courier *l, const char *name, struct arena *a, struct oci_index *ret, struct err *e)
{
	struct listing listing = { a, ret };

	*ret = (struct oci_index){ .schema_version = 2, .media_type = TYPE_INDEX };
	return pages_read(l, name, TYPE_INDEX, on_page, &listing, a, e);
}

static int tag_read(struct courier *l, const char *digest, struct arena *a, struct oci_index *ret, struct err *e)
{
	int r = index_read(l, tag_name(digest, a), a, ret, e);

	return r == -ENOENT ? 0 : r;
}

int referrers_list(struct courier *l, const char *digest, const char *artifact_type, struct arena *a, struct oci_index *ret, struct err *e)
{
	struct oci_index all;
	size_t n = 0;
	int r = index_read(l, arena_printf(a, "/referrers/%s", digest), a, &all, e);

	if (r == -ENOENT)
		r = tag_read(l, digest, a, &all, e);
	if (r < 0)
		return err_wrap(e, "referrers of %.19s", digest);
	/* Whether the registry filters is up to it. */
	for (size_t i = 0; i < all.n_manifests; i++)
		if (!artifact_type || streq(all.manifests[i].artifact_type, artifact_type))
			all.manifests[n++] = all.manifests[i];
	all.n_manifests = n;
	*ret = all;
	return 0;
}

/* ---- writing ---- */

/* What the list says of a document: its type is the artifact's, or else that of its config. */
static int descriptor_make(const struct shipment_document *d, struct arena *a, struct oci_descriptor *ret, struct err *e)
{
	struct oci_manifest m;
	struct oci_index index;
	enum media_kind kind;
	int r = oci_document_kind(d->text, &kind, e);

	*ret = (struct oci_descriptor){ .media_type = d->media_type, .digest = d->digest, .size = (int64_t)d->text.n };
	if (r == 0 && kind == MEDIA_INDEX) {
		r = oci_index_decode(d->text, a, &index, e);
		if (r == 0) {
			ret->artifact_type = index.artifact_type;
			ret->annotations = index.annotations;
		}
	} else if (r == 0) {
		r = oci_manifest_decode_any(d->text, a, &m, e);
		if (r == 0) {
			ret->artifact_type = m.artifact_type ? m.artifact_type : m.config.media_type;
			ret->annotations = m.annotations;
		}
	}
	return r;
}

static int list_put(struct courier *l, const char *subject, const struct oci_index *index, struct arena *a, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_MANIFEST);
	struct stored stored;
	int r = oci_index_encode(index, &b);

	if (r < 0)
		return err_sys(e, r, "write the list");
	return courier_put(l, tag_name(subject, a), NULL, TYPE_INDEX, buf_str(&b), a, &stored, e);
}

/* By its digest, as registries want it. */
static int list_drop(struct courier *l, const char *subject, struct arena *a, struct err *e)
{
	char text[DIGEST_TEXT_SIZE];
	struct document list;
	struct digest d;
	int r = courier_get(l, tag_name(subject, a), TYPE_INDEX, LIMIT_MANIFEST, a, &list, e);

	if (r < 0)
		return r;
	digest_of(DIGEST_SHA256, list.text.p, list.text.n, &d);
	digest_print(&d, text);
	return courier_drop(l, arena_printf(a, "/manifests/%s", text), e);
}

static int list_forget(struct courier *l, const char *subject, const char *digest, struct arena *a, struct err *e)
{
	struct oci_index index;
	size_t n = 0;
	int r = tag_read(l, subject, a, &index, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < index.n_manifests; i++)
		if (strcmp(index.manifests[i].digest, digest) != 0)
			index.manifests[n++] = index.manifests[i];
	if (n == index.n_manifests)
		return 0;
	index.n_manifests = n;
	if (n == 0 && list_drop(l, subject, a, e) == 0)
		return 0;
	err_clear(e);
	return list_put(l, subject, &index, a, e);
}

int referrers_forget(struct courier *l, const char *subject, const char *digest, struct arena *a, struct err *e)
{
	struct oci_index ignored;
	int r = index_read(l, arena_printf(a, "/referrers/%s", subject), a, &ignored, e);

	if (r == 0)
		return 0; /* the registry keeps them itself */
	if (r == -ENOENT) {
		err_clear(e);
		r = list_forget(l, subject, digest, a, e);
	}
	return r < 0 ? err_wrap(e, "referrers of %.19s", subject) : 0;
}

int referrers_note(struct courier *l, const struct shipment_document *d, struct arena *a, struct err *e)
{
	const char *subject = d->subject->digest;
	struct oci_descriptor entry;
	struct oci_index index;
	int r = tag_read(l, subject, a, &index, e);

	if (r == 0)
		r = descriptor_make(d, a, &entry, e);
	if (r < 0)
		return err_wrap(e, "referrers of %.19s", subject);
	for (size_t i = 0; i < index.n_manifests; i++)
		if (strcmp(index.manifests[i].digest, d->digest) == 0)
			return 0;
	index.manifests = arena_grow(a, index.manifests, index.n_manifests, sizeof *index.manifests);
	index.manifests[index.n_manifests++] = entry;
	r = list_put(l, subject, &index, a, e);
	return r < 0 ? err_wrap(e, "referrers of %.19s", subject) : 0;
}
