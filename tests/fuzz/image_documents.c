/* SPDX-License-Identifier: Apache-2.0 */
/* Every document of an image, through every decoder; what was taken must hold what the decoders promise, and survive encoding. */
#include "fuzz.h"

#include <assert.h>

#include "base/limits.h"
#include "codec/digest.h"
#include "spec/oci_image.h"

static void descriptor_hold(const struct oci_descriptor *d)
{
	struct digest digest;

	assert(d->media_type && *d->media_type && d->size >= 0);
	assert(digest_parse(d->digest, &digest) == 0);
}

static void manifest_try(struct str text)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	struct oci_manifest m, again;
	struct err e = { 0 };

	if (oci_manifest_decode(text, &a, &m, &e) < 0) {
		assert(e.kind != ERR_NONE && e.msg[0]);
		return;
	}
	descriptor_hold(&m.config);
	for (size_t i = 0; i < m.n_layers; i++)
		descriptor_hold(&m.layers[i]);
	assert(oci_manifest_encode(&m, &b) == 0);
	assert(oci_manifest_decode(buf_str(&b), &a, &again, &e) == 0 && again.n_layers == m.n_layers);
}

static void index_try(struct str text)
{
	scoped_arena struct arena a = { 0 };
	struct oci_platform host;
	struct oci_index index;
	struct err e = { 0 };

	if (oci_index_decode(text, &a, &index, &e) < 0)
		return;
	oci_platform_host(&host);
	for (size_t i = 0; i < index.n_manifests; i++)
		descriptor_hold(&index.manifests[i]);
	oci_index_select(&index, &host);
}

static void config_try(struct str text)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	struct oci_image_config c, again;
	struct err e = { 0 };

	if (oci_image_config_decode(text, &a, &c, &e) < 0)
		return;
	for (size_t i = 0; i < c.config.env.n; i++)
		assert(strchr(c.config.env.v[i], '='));
	assert(oci_image_config_encode(&c, &b) == 0);
	assert(b.n > LIMIT_MANIFEST || oci_image_config_decode(buf_str(&b), &a, &again, &e) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena struct arena a = { 0 };
	struct str text = { arena_strndup(&a, (const char *)data, size), size };
	struct docker_archive archive;
	enum media_kind kind;
	struct err e = { 0 };

	manifest_try(text);
	index_try(text);
	config_try(text);
	(void)oci_document_kind(text, &kind, &e);
	(void)oci_layout_check(text, &e);
	(void)docker_archive_decode(text, &a, &archive, &e);
	return 0;
}
