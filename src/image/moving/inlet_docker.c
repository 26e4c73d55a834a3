/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/inlet_docker.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"

#define TYPE "application/vnd.oci.image."

struct opening {
	struct courier *courier;
	const struct image_store *store;
	const struct transport *from;
	struct arena *arena;
	struct inlet_blobs *blobs;
};

/* ---- which image ---- */

static bool has_name(const struct transport *from, struct arena *a, const struct docker_archive_item *item)
{
	const char *wanted = reference_print(&from->name, a);

	for (size_t k = 0; k < item->repo_tags.n; k++) {
		struct reference ref;
		struct err ignored; /* no name: not this one */

		if (reference_parse(item->repo_tags.v[k], a, &ref, &ignored) == 0 && strcmp(reference_print(&ref, a), wanted) == 0)
			return true;
	}
	return false;
}

int inlet_docker_choose(const struct docker_archive *d, const struct transport *from, struct arena *a, const struct docker_archive_item **ret, struct err *e)
{
	if (from->index >= 0) {
		if ((size_t)from->index >= d->n_items)
			return err_set(e, ERR_NOT_FOUND, "archive has %zu images, there is no @%d", d->n_items, from->index);
		*ret = &d->items[from->index];
		return 0;
	}
	if (!from->tag) {
		if (d->n_items != 1)
			return err_set(e, ERR_INVALID, "archive has %zu images: say which (docker-archive:FILE:NAME)", d->n_items);
		*ret = d->items;
		return 0;
	}
	for (size_t k = 0; k < d->n_items; k++) {
		if (!has_name(from, a, &d->items[k]))
			continue;
		*ret = &d->items[k];
		return 0;
	}
	return err_set(e, ERR_NOT_FOUND, "archive has no image '%.200s'", from->tag);
}

/* ---- its blobs ---- */

/* What a layer is, by how it begins. */
static const char *layer_type(int fd)
{
	static const struct {
		const char *magic;
		size_t n;
		const char *type;
	} rows[] = {
		{ "\x1f\x8b", 2, TYPE "layer.v1.tar+gzip" },
		{ "\x28\xb5\x2f\xfd", 4, TYPE "layer.v1.tar+zstd" },
	};
	char head[4] = { 0 };
	ssize_t n = pread(fd, head, sizeof head, 0);

	for (size_t k = 0; k < ARRAY_LEN(rows); k++)
		if (n >= (ssize_t)rows[k].n && memcmp(head, rows[k].magic, rows[k].n) == 0)
			return rows[k].type;
	return TYPE "layer.v1.tar";
}

static int blob_take(struct opening *i, const char *member, struct inlet_blob *ret, struct err *e)
{
	struct transfer_message ask = { .type = TRANSFER_FETCH, .name = member, .size = -1 }, got;
	struct digest d;
	int r, fd = content_temporary(i->store, e);

	if (fd < 0)
		return fd;
	*ret = (struct inlet_blob){ .fd = fd };
	*vec_push(i->arena, &i->blobs->list) = *ret; /* closed with the inlet, whatever happens */
	r = courier_ask(i->courier, &ask, &fd, 1, TRANSFER_FETCHED, i->arena, &got, e);
	if (r == 0 && (!got.digest || digest_parse(got.digest, &d) < 0 || got.size < 0))
		r = err_set(e, ERR_INTERNAL, "tare-transfer sent no digest");
	if (r < 0)
		return err_wrap(e, "'%.100s'", member);
	ret->digest = got.digest;
	ret->size = got.size;
	i->blobs->list.v[i->blobs->list.n - 1] = *ret;
	return 0;
}

static int layer_take(struct opening *i, const char *member, const char *diff_id, struct oci_descriptor *ret, struct err *e)
{
	struct inlet_blob blob;
	int r = blob_take(i, member, &blob, e);

	if (r < 0)
		return r;
	*ret = (struct oci_descriptor){ .media_type = layer_type(blob.fd), .digest = blob.digest, .size = blob.size };
	if (str_ends(ret->media_type, ".tar") && strcmp(blob.digest, diff_id) != 0)
		return err_set(e, ERR_CORRUPT, "layer '%.100s' has digest %s, its image says %s", member, blob.digest, diff_id);
	return 0;
}

/* ---- all of it ---- */

static int manifest_make(struct opening *i, const struct docker_archive_item *item, struct oci_manifest *m, struct err *e)
{
	struct oci_image_config config;
	struct inlet_blob blob;
	struct document text;
	int r = courier_get(i->courier, item->config, NULL, LIMIT_MANIFEST, i->arena, &text, e);

	if (r == 0)
		r = oci_image_config_decode(text.text, i->arena, &config, e);
	if (r < 0)
		return err_wrap(e, "config '%.100s'", item->config);
	if (config.rootfs.diff_ids.n != item->layers.n)
		return err_set(e, ERR_INVALID, "manifest.json has %zu layers, config has %zu", item->layers.n, config.rootfs.diff_ids.n);
	r = blob_take(i, item->config, &blob, e);
	if (r < 0)
		return r;
	*m = (struct oci_manifest){ .schema_version = 2, .media_type = TYPE "manifest.v1+json", .n_layers = item->layers.n,
		.config = { .media_type = TYPE "config.v1+json", .digest = blob.digest, .size = blob.size },
		.layers = arena_array(i->arena, struct oci_descriptor, item->layers.n) };
	for (size_t k = 0; k < item->layers.n && r == 0; k++)
		r = layer_take(i, item->layers.v[k], config.rootfs.diff_ids.v[k], &m->layers[k], e);
	return r;
}

int inlet_docker_open(struct courier *courier, const struct image_store *s, const struct transport *from, struct arena *a, struct inlet_blobs *blobs,
	struct str *ret_manifest, struct err *e)
{
	struct opening o = { courier, s, from, a, blobs };
	scoped_buf struct buf b = BUF(LIMIT_MANIFEST);
	const struct docker_archive_item *item = NULL;
	struct docker_archive archive;
	struct oci_manifest m;
	struct document list;
	int r = courier_get(courier, "manifest.json", NULL, LIMIT_MANIFEST, a, &list, e);

	if (r == 0)
		r = docker_archive_decode(list.text, a, &archive, e);
	if (r < 0)
		return err_wrap(e, "manifest.json");
	r = inlet_docker_choose(&archive, from, a, &item, e);
	if (r == 0)
		r = manifest_make(&o, item, &m, e);
	if (r == 0 && oci_manifest_encode(&m, &b) < 0)
		r = err_set(e, ERR_EXHAUSTED, "manifest is too long");
	if (r < 0)
		return r;
	*ret_manifest = (struct str){ arena_memdup(a, buf_text(&b), b.n + 1), b.n };
	return 0;
}
