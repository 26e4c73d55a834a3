/* SPDX-License-Identifier: Apache-2.0 */
#include "image/making/assemble.h"

#include <errno.h>

#include "base/limits.h"
#include "image/moving/finish.h"
#include "image/store/remove.h"

#define TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define TYPE_CONFIG "application/vnd.oci.image.config.v1+json"
#define TYPE_LAYER "application/vnd.oci.image.layer.v1.tar"

/* What the layer was unpacked from, as its record knows; a layer of unknown origin is described as its own plain tar. */
static int layer_describe(const struct intake *in, const char *diff_id, struct oci_descriptor *ret, struct err *e)
{
	struct layer_record record;
	int r = content_layer_record(in->store, diff_id, in->arena, &record, e);

	if (r < 0)
		return r;
	*ret = (struct oci_descriptor){ .media_type = record.media_type ? record.media_type : TYPE_LAYER,
		.digest = record.blob ? record.blob : diff_id, .size = record.blob_size };
	return 0;
}

static const char *digest_text(const struct intake *in, struct str text)
{
	char out[DIGEST_TEXT_SIZE];
	struct digest d;

	digest_of(DIGEST_SHA256, text.p, text.n, &d);
	digest_print(&d, out);
	return arena_strdup(in->arena, out);
}

static int manifest_make(const struct intake *in, struct str config_text, struct buf *b, const char **ret_id, struct err *e)
{
	struct oci_manifest m = { .schema_version = 2, .media_type = TYPE_MANIFEST, .n_layers = in->n_layers };
	int r;

	*ret_id = digest_text(in, config_text);
	m.config = (struct oci_descriptor){ .media_type = TYPE_CONFIG, .digest = *ret_id, .size = (int64_t)config_text.n };
	m.layers = arena_array(in->arena, struct oci_descriptor, in->n_layers);
	for (size_t i = 0; i < in->n_layers; i++) {
		r = layer_describe(in, in->layers[i].diff_id, &m.layers[i], e);
		if (r < 0)
			return r;
	}
	r = oci_manifest_encode(&m, b);
	return r < 0 ? err_sys(e, r, "write manifest") : 0;
}

static int records_place(const struct intake *in, const struct oci_image_config *config, const struct strs *names, struct image_record *record,
	struct err *e)
{
	int r = 0;

	if (names->n == 0)
		return finish_record(in->store, config, record, e);
	for (size_t i = 0; i < names->n && r == 0; i++) {
		record->reference = names->v[i];
		r = finish_record(in->store, config, record, e);
	}
	return r;
}

int assemble(const struct intake *in, struct str config_text, const struct oci_image_config *config, const struct strs *names,
	struct image_record *ret, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_MANIFEST);
	struct image_record record = { .own = true };
	int lock, config_lock = -EBADF, manifest_lock = -EBADF, r;

	r = manifest_make(in, config_text, &b, &record.id, e);
	if (r < 0)
		return r;
	record.manifest = digest_text(in, buf_str(&b));
	lock = content_lock(in->store, CONTENT_LOCK_IMAGE, record.id, FILE_LOCK_SHARED, true);
	if (lock < 0)
		return err_sys(e, lock, "lock image '%.19s'", record.id);
	r = content_blob_keep(in->store, record.id, config_text, &config_lock, e);
	if (r == 0)
		r = content_blob_keep(in->store, record.manifest, buf_str(&b), &manifest_lock, e);
	if (r == 0)
		r = records_place(in, config, names, &record, e);
	content_unlock(in->store, CONTENT_LOCK_BLOB, record.manifest, manifest_lock);
	content_unlock(in->store, CONTENT_LOCK_BLOB, record.id, config_lock);
	if (r < 0)
		remove_brought(in->store, &(struct strs){ 0 }, &(struct strs){ (const char *[]){ record.id, record.manifest }, 2 }, in->arena);
	content_unlock(in->store, CONTENT_LOCK_IMAGE, record.id, lock);
	*ret = record;
	return r;
}
