/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/squeeze.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/limits.h"
#include "os/fd.h"

/* What became of a blob or document: the new description in place of the old digest. */
struct change {
	const char *old;
	const char *digest, *media_type; /* media_type NULL: as it was */
	int64_t size;
};

struct squeezing {
	struct shipment *s;
	const struct image_store *store;
	struct courier *courier;
	enum pack_kind kind;
	bool all;
	struct VEC(struct change) changes;
};

static const enum media_kind media_kinds[PACK_KIND_COUNT] = {
	[PACK_PLAIN] = MEDIA_LAYER, [PACK_GZIP] = MEDIA_LAYER_GZIP, [PACK_ZSTD] = MEDIA_LAYER_ZSTD,
};

/* "….tar" or "….tar.gzip" -> "….tar+zstd", in the family of the old one: OCI's or Docker's. */
static const char *media_type_of(const char *old, enum pack_kind kind, struct arena *a)
{
	bool docker = str_after(old, "application/vnd.docker.");
	const char *base = docker ? "application/vnd.docker.image.rootfs.diff.tar" : "application/vnd.oci.image.layer.v1.tar";

	return kind == PACK_PLAIN ? base : arena_printf(a, "%s%c%s", base, docker ? '.' : '+', enumtab_name(&pack_kinds, (int)kind));
}

static bool is_to_squeeze(const struct squeezing *q, const struct deliver_blob *b)
{
	enum media_kind kind = media_kind_of(b->media_type);
	bool layer = kind == MEDIA_LAYER || kind == MEDIA_LAYER_GZIP || kind == MEDIA_LAYER_ZSTD;

	if (!layer || media_is_foreign(b->media_type) || kind == media_kinds[q->kind] || !(q->all || kind == MEDIA_LAYER))
		return false;
	return content_blob_has(q->store, b->digest, b->size);
}

/* ---- the layers ---- */

static int blob_order(struct squeezing *q, struct deliver_blob *b, struct err *e)
{
	struct transfer_message m = { .type = TRANSFER_COMPRESS, .index = b - q->s->blobs.v, .compression = q->kind, .size = b->size };
	struct content_name name = content_blob_name(b->digest);
	scoped_fd int in = openat(q->store->blobs_fd, name.s, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	scoped_fd int out = -EBADF;

	if (in < 0)
		return err_sys(e, -errno, "open blob '%.30s'", b->digest);
	out = openat(q->store->root_fd, "blobs/ingest", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (out < 0)
		return err_sys(e, -errno, "make a file for blob '%.30s'", b->digest);
	b->fd = take_fd(&out);
	return transfer_send(q->courier->sock, &m, (int[]){ in, b->fd }, 2, e);
}

static int answer_take(struct squeezing *q, const struct transfer_message *m, struct err *e)
{
	struct arena *a = q->s->arena;
	struct deliver_blob *b;
	struct digest d;

	if (m->type == TRANSFER_PROGRESS)
		return 0;
	if (m->type == TRANSFER_FAILED)
		return transfer_error(m, e);
	if (m->type != TRANSFER_COMPRESSED || m->index < 0 || (size_t)m->index >= q->s->blobs.n || !m->digest || digest_parse(m->digest, &d) < 0 || m->size < 0)
		return err_set(e, ERR_INTERNAL, "unexpected message '%s'", enumtab_name(&transfer_types, (int)m->type));
	b = &q->s->blobs.v[m->index];
	*vec_push(a, &q->changes) = (struct change){ b->digest, arena_strdup(a, m->digest), media_type_of(b->media_type, q->kind, a), m->size };
	b->digest = q->changes.v[q->changes.n - 1].digest;
	b->media_type = q->changes.v[q->changes.n - 1].media_type;
	b->size = m->size;
	b->from = NULL; /* what is there is the other form */
	return 0;
}

static int blobs_squeeze(struct squeezing *q, struct err *e)
{
	size_t ordered = 0;
	int r = 0;

	VEC_EACH(struct deliver_blob, b, &q->s->blobs) {
		if (r < 0 || !is_to_squeeze(q, b))
			continue;
		r = blob_order(q, b, e);
		ordered++;
	}
	while (r == 0 && q->changes.n < ordered) {
		scoped_arena struct arena a = { 0 };
		struct transfer_message m;

		r = courier_receive(q->courier, -1, &a, &m, e);
		if (r == 0)
			r = answer_take(q, &m, e);
	}
	return r;
}

/* ---- the documents that name them ---- */

static bool descriptor_change(const struct squeezing *q, struct oci_descriptor *d)
{
	VEC_EACH(const struct change, c, &q->changes) {
		if (strcmp(c->old, d->digest) != 0)
			continue;
		d->digest = c->digest;
		d->size = c->size;
		d->media_type = c->media_type ? c->media_type : d->media_type;
		return true;
	}
	return false;
}

static bool descriptors_change(const struct squeezing *q, struct oci_descriptor *v, size_t n)
{
	bool changed = false;

	for (size_t i = 0; i < n; i++)
		changed |= descriptor_change(q, &v[i]);
	return changed;
}

/* 1: it is another now, and its text is in @b. */
static int document_encode(const struct squeezing *q, const struct shipment_document *d, struct buf *b, struct err *e)
{
	struct arena *a = q->s->arena;
	struct oci_manifest m;
	struct oci_index index;
	int r;

	if (media_kind_of(d->media_type) == MEDIA_INDEX) {
		r = oci_index_decode(d->text, a, &index, e);
		if (r < 0 || !descriptors_change(q, index.manifests, index.n_manifests))
			return r;
		r = oci_index_encode(&index, b);
	} else {
		r = oci_manifest_decode_any(d->text, a, &m, e);
		if (r < 0 || !descriptors_change(q, m.layers, m.n_layers))
			return r;
		r = oci_manifest_encode(&m, b);
	}
	return r < 0 ? err_sys(e, r, "write manifest") : 1;
}

static int documents_rewrite(struct squeezing *q, struct err *e)
{
	struct arena *a = q->s->arena;

	VEC_EACH(struct shipment_document, d, &q->s->documents) {
		scoped_buf struct buf b = BUF(LIMIT_MANIFEST);
		char text[DIGEST_TEXT_SIZE];
		struct digest digest;
		int r = document_encode(q, d, &b, e);

		if (r < 0)
			return r;
		if (r == 0)
			continue;
		digest_of(DIGEST_SHA256, b.p, b.n, &digest);
		digest_print(&digest, text);
		*vec_push(a, &q->changes) = (struct change){ d->digest, arena_strdup(a, text), NULL, (int64_t)b.n };
		d->digest = q->changes.v[q->changes.n - 1].digest;
		d->text = (struct str){ arena_memdup(a, b.p, b.n), b.n };
	}
	return 0;
}

int squeeze(struct shipment *s, const struct image_store *store, struct courier *l, enum pack_kind kind, bool all, struct err *e)
{
	struct squeezing q = { .s = s, .store = store, .courier = l, .kind = kind, .all = all };
	int r = blobs_squeeze(&q, e);

	return r < 0 || q.changes.n == 0 ? r : documents_rewrite(&q, e);
}

void squeeze_done(struct shipment *s)
{
	VEC_EACH(struct deliver_blob, b, &s->blobs)
		b->fd = fd_close(b->fd);
}
