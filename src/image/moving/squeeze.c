/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/squeeze.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "os/fd.h"

struct squeezing {
	struct shipment *s;
	const struct image_store *store;
	struct courier *courier;
	const struct squeeze_how *how;
};

static const struct {
	enum media_kind media;
	uint32_t level_max;
} kinds[PACK_KIND_COUNT] = {
	[PACK_PLAIN] = { MEDIA_LAYER, 0 }, [PACK_GZIP] = { MEDIA_LAYER_GZIP, 9 }, [PACK_ZSTD] = { MEDIA_LAYER_ZSTD, PACK_LEVEL_MAX },
};

int squeeze_parse(const char *format, int64_t level, struct squeeze_how *ret, struct err *e)
{
	int kind = enumtab_find(&pack_kinds, format);

	if (kind != PACK_GZIP && kind != PACK_ZSTD)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: compression '%.50s'; 'gzip' and 'zstd' are there", format);
	if (level < 0 || level > kinds[kind].level_max)
		return err_set(e, ERR_INVALID, "compression level %" PRId64 ": %s has 1 to %u", level, format, kinds[kind].level_max);
	*ret = (struct squeeze_how){ .kind = (enum pack_kind)kind, .level = (uint32_t)level, .all = true };
	return 0;
}

/* "….tar" or "….tar.zstd" -> "….tar.gzip", in the family of the old one: OCI's or Docker's; for zstd there is only OCI's word. */
static const char *media_type_of(const char *old, enum pack_kind kind, struct arena *a)
{
	bool docker = str_after(old, "application/vnd.docker.") && kind != PACK_ZSTD;
	const char *base = docker ? "application/vnd.docker.image.rootfs.diff.tar" : "application/vnd.oci.image.layer.v1.tar";

	return kind == PACK_PLAIN ? base : arena_printf(a, "%s%c%s", base, docker ? '.' : '+', enumtab_name(&pack_kinds, (int)kind));
}

bool squeeze_wants(const struct squeeze_how *how, const struct deliver_blob *b)
{
	enum media_kind kind = media_kind_of(b->media_type);
	bool layer = kind == MEDIA_LAYER || kind == MEDIA_LAYER_GZIP || kind == MEDIA_LAYER_ZSTD;

	return layer && !b->as_is && !media_is_foreign(b->media_type) && kind != kinds[how->kind].media && (how->all || kind == MEDIA_LAYER);
}

/* The layer's bytes, owned. */
static int blob_open(const struct squeezing *q, struct deliver_blob *b)
{
	struct content_name name = content_blob_name(b->digest);
	int fd;

	if (b->fd >= 0)
		return take_fd(&b->fd);
	fd = openat(q->store->blobs_fd, name.s, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int blob_order(struct squeezing *q, struct deliver_blob *b, struct err *e)
{
	struct transfer_message m = { .type = TRANSFER_COMPRESS, .index = b - q->s->blobs.v, .compression = q->how->kind, .level = q->how->level,
		.size = b->size };
	scoped_fd int in = blob_open(q, b);

	if (in < 0)
		return err_sys(e, in, "open blob '%.30s'", b->digest);
	b->fd = content_temporary(q->store, e);
	return b->fd < 0 ? b->fd : transfer_send(q->courier->sock, &m, (int[]){ in, b->fd }, 2, e);
}

static int answer_take(struct squeezing *q, const struct transfer_message *m, bool *done, struct err *e)
{
	struct arena *a = q->s->arena;
	struct shipment_change *change;
	struct deliver_blob *b;
	struct digest d;

	*done = m->type == TRANSFER_COMPRESSED;
	if (m->type == TRANSFER_PROGRESS)
		return 0;
	if (m->type == TRANSFER_FAILED)
		return transfer_error(m, e);
	if (m->type != TRANSFER_COMPRESSED || m->index < 0 || (size_t)m->index >= q->s->blobs.n || !m->digest || digest_parse(m->digest, &d) < 0 || m->size < 0)
		return err_set(e, ERR_INTERNAL, "unexpected message '%s'", enumtab_name(&transfer_types, (int)m->type));
	b = &q->s->blobs.v[m->index];
	change = vec_push(a, &q->s->changes);
	*change = (struct shipment_change){ b->digest, arena_strdup(a, m->digest), media_type_of(b->media_type, q->how->kind, a), m->size };
	b->digest = change->digest;
	b->media_type = change->media_type;
	b->size = m->size;
	b->from = NULL; /* what is there is the other form */
	return 0;
}

int squeeze_spare(struct shipment *s, struct courier *l, const struct squeeze_how *how, struct err *e)
{
	VEC_EACH(struct deliver_blob, b, &s->blobs) {
		scoped_arena struct arena a = { 0 };
		struct presence there;
		int r;

		if (!how->spare || !squeeze_wants(how, b))
			continue;
		r = courier_has(l, b->name, NULL, &a, &there, e);
		if (r < 0 && r != -ENOENT)
			return err_wrap(e, "blob %.19s", b->digest);
		b->as_is = r == 0;
	}
	err_clear(e);
	return 0;
}

int squeeze(struct shipment *s, const struct image_store *store, struct courier *l, const struct squeeze_how *how, struct err *e)
{
	struct squeezing q = { .s = s, .store = store, .courier = l, .how = how };
	size_t ordered = 0;
	int r = squeeze_spare(s, l, how, e);

	VEC_EACH(struct deliver_blob, b, &s->blobs) {
		/* What is neither here nor in the store is mounted, as it is. */
		if (r < 0 || !squeeze_wants(how, b) || (b->fd < 0 && !content_blob_has(store, b->digest, b->size)))
			continue;
		r = blob_order(&q, b, e);
		ordered++;
	}
	while (r == 0 && ordered > 0) {
		scoped_arena struct arena a = { 0 };
		struct transfer_message m;
		bool done = false;

		r = courier_receive(l, -1, &a, &m, e);
		if (r == 0)
			r = answer_take(&q, &m, &done, e);
		ordered -= done;
	}
	return r;
}

void squeeze_done(struct shipment *s)
{
	VEC_EACH(struct deliver_blob, b, &s->blobs)
		b->fd = fd_close(b->fd);
}
