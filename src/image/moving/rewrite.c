/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/rewrite.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"

struct rewriting {
	struct shipment *s;
	enum oci_format format;
};

static bool descriptor_change(const struct shipment *s, struct oci_descriptor *d)
{
	VEC_EACH(const struct shipment_change, c, &s->changes) {
		if (strcmp(c->old, d->digest) != 0)
			continue;
		d->digest = c->digest;
		d->size = c->size;
		d->media_type = c->media_type;
		return true;
	}
	return false;
}

static bool descriptors_change(const struct shipment *s, struct oci_descriptor *v, size_t n)
{
	bool changed = false;

	for (size_t i = 0; i < n; i++)
		changed |= descriptor_change(s, &v[i]);
	return changed;
}

static bool has_zstd(const struct oci_manifest *m)
{
	for (size_t i = 0; i < m->n_layers; i++)
		if (media_kind_of(m->layers[i].media_type) == MEDIA_LAYER_ZSTD)
			return true;
	return false;
}

/* Each gives 1 if the document is another now: its text is in @b. */

static int manifest_rewrite(const struct rewriting *w, const struct shipment_document *d, struct buf *b, struct err *e)
{
	scoped_buf struct buf blobs = BUF(LIMIT_MANIFEST);
	struct arena *a = w->s->arena;
	enum oci_format format = w->format;
	struct str text = d->text;
	struct oci_manifest m;
	bool changed, converted = false;
	int r = oci_manifest_decode_any(text, a, &m, e);

	if (r < 0)
		return r;
	changed = descriptors_change(w->s, m.layers, m.n_layers);
	if (changed) {
		r = oci_manifest_encode(&m, &blobs);
		if (r < 0)
			return err_sys(e, r, "write manifest");
		text = buf_str(&blobs);
		if (format == OCI_FORMAT_COUNT && has_zstd(&m))
			format = OCI_FORMAT_OCI;
	}
	if (format != OCI_FORMAT_COUNT) {
		r = oci_manifest_convert(text, format, a, b, &converted, e);
		if (r < 0)
			return r;
	}
	if (changed && !converted)
		buf_add(b, text.p, text.n);
	return changed || converted;
}

static int index_rewrite(const struct rewriting *w, const struct shipment_document *d, struct buf *b, struct err *e)
{
	struct oci_index index;
	int r = oci_index_decode(d->text, w->s->arena, &index, e);
	bool changed;

	if (r < 0)
		return r;
	changed = descriptors_change(w->s, index.manifests, index.n_manifests);
	if (w->format != OCI_FORMAT_COUNT && !streq(index.media_type, oci_index_type(w->format))) {
		index.media_type = oci_index_type(w->format);
		/* Docker's list knows neither. */
		if (w->format == OCI_FORMAT_DOCKER) {
			index.annotations = (struct pairs){ 0 };
			index.subject = NULL;
		}
		changed = true;
	}
	if (!changed)
		return 0;
	r = oci_index_encode(&index, b);
	return r < 0 ? err_sys(e, r, "write index") : 1;
}

/* What it says of itself now. */
static int document_read(struct shipment_document *d, bool is_index, struct arena *a, struct err *e)
{
	struct oci_manifest m;
	struct oci_index index;
	int r = is_index ? oci_index_decode(d->text, a, &index, e) : oci_manifest_decode_any(d->text, a, &m, e);

	if (r < 0)
		return r;
	d->subject = is_index ? index.subject : m.subject;
	if (is_index ? index.media_type : m.media_type)
		d->media_type = is_index ? index.media_type : m.media_type;
	return 0;
}

static int document_rewrite(const struct rewriting *w, struct shipment_document *d, struct err *e)
{
	bool index = media_kind_of(d->media_type) == MEDIA_INDEX;
	scoped_buf struct buf b = BUF(LIMIT_MANIFEST);
	struct arena *a = w->s->arena;
	struct shipment_change *change;
	char text[DIGEST_TEXT_SIZE];
	struct digest digest;
	int r = index ? index_rewrite(w, d, &b, e) : manifest_rewrite(w, d, &b, e);

	if (r <= 0)
		return r;
	if (buf_is_full(&b))
		return err_set(e, ERR_EXHAUSTED, "manifest is too long");
	digest_of(DIGEST_SHA256, b.p, b.n, &digest);
	digest_print(&digest, text);
	d->text = (struct str){ arena_memdup(a, buf_text(&b), b.n + 1), b.n };
	r = document_read(d, index, a, e);
	if (r < 0)
		return r;
	change = vec_push(a, &w->s->changes);
	*change = (struct shipment_change){ d->digest, arena_strdup(a, text), d->media_type, (int64_t)b.n };
	d->digest = change->digest;
	return 0;
}

int rewrite(struct shipment *s, enum oci_format format, struct err *e)
{
	const struct rewriting w = { s, format };

	VEC_EACH(struct shipment_document, d, &s->documents) {
		int r = document_rewrite(&w, d, e);

		if (r < 0)
			return err_wrap(e, "%.19s", d->digest);
	}
	return 0;
}
