/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/attachment.h"

#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "codec/digest.h"

#define SIMPLE_SIGNING "application/vnd.dev.cosign.simplesigning.v1+json"
#define COSIGN_SIGNATURE "dev.cosignproject.cosign/signature"

const char *attachment_tag(const char *digest, struct arena *a)
{
	return arena_printf(a, "%.*s-%s.sig", (int)strcspn(digest, ":"), digest, digest_hex(digest));
}

const char *attachment_signature(const struct oci_descriptor *d)
{
	return pairs_find(&d->annotations, COSIGN_SIGNATURE);
}

int attachment_decode(struct str text, struct arena *a, struct attachment *ret, struct err *e)
{
	struct attachment all = { 0 };
	struct oci_manifest m;
	int r = oci_manifest_decode_any(text, a, &m, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < m.n_layers && all.n < LIMIT_SIGNATURES; i++)
		if (streq(m.layers[i].media_type, SIMPLE_SIGNING))
			*vec_push(a, &all) = m.layers[i];
	*ret = all;
	return 0;
}

static int text_keep(struct buf *b, struct arena *a, struct str *ret, struct err *e)
{
	if (buf_is_full(b))
		return err_set(e, ERR_EXHAUSTED, "there are too many signatures");
	*ret = (struct str){ arena_strndup(a, buf_text(b), b->n), b->n };
	return 0;
}

int attachment_add(struct attachment *io, const char *payload_digest, size_t payload_size, const char *signature, struct arena *a, struct str *ret_config, struct err *e)
{
	scoped_buf struct buf out = BUF(LIMIT_MANIFEST);
	struct oci_image_config config = { .architecture = "", .os = "", .rootfs.type = "layers" };
	struct oci_descriptor d = { .media_type = SIMPLE_SIGNING, .digest = arena_strdup(a, payload_digest), .size = (int64_t)payload_size };

	pairs_set(a, &d.annotations, COSIGN_SIGNATURE, signature);
	*vec_push(a, io) = d;
	for (size_t i = 0; i < io->n; i++)
		strs_push(a, &config.rootfs.diff_ids, io->v[i].digest);
	oci_image_config_encode(&config, &out);
	return text_keep(&out, a, ret_config, e);
}

int attachment_encode(const struct attachment *at, const char *config_digest, size_t config_size, struct arena *a, struct str *ret, struct err *e)
{
	scoped_buf struct buf out = BUF(LIMIT_MANIFEST);
	const struct oci_manifest m = { .schema_version = 2, .media_type = ATTACHMENT_TYPE, .layers = at->v, .n_layers = at->n,
		.config = { .media_type = "application/vnd.oci.image.config.v1+json", .digest = config_digest, .size = (int64_t)config_size } };

	oci_manifest_encode(&m, &out);
	return text_keep(&out, a, ret, e);
}
