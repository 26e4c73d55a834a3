/* SPDX-License-Identifier: Apache-2.0 */
/* The part of image.h that finds images by platform, too. */
#include "image/store/platform.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "image/store/find.h"

static struct oci_platform platform_of(const struct oci_image_config *c)
{
	return (struct oci_platform){ .os = c->os, .architecture = c->architecture, .variant = c->variant, .os_version = c->os_version };
}

static int config_read(const struct image_store *s, const char *digest, struct arena *a, struct oci_image_config *ret, struct err *e)
{
	struct str text;
	int r = content_blob_read(s, digest, a, &text, e);

	return r < 0 ? r : oci_image_config_decode(text, a, ret, e);
}

/* The manifest that the index chooses, if it is here; NULL: none. */
static const char *index_choose(const struct image_store *s, const char *digest, const struct oci_platform *want, struct arena *a)
{
	for (int depth = 0; digest && depth < LIMIT_INDEX_DEPTH; depth++) {
		const struct oci_descriptor *d;
		struct oci_index index;
		enum media_kind kind;
		struct err ignored; /* not here, or damaged: none */
		struct str text;

		if (content_blob_read(s, digest, a, &text, &ignored) < 0 || oci_document_kind(text, &kind, &ignored) < 0)
			return NULL;
		if (kind == MEDIA_MANIFEST)
			return digest;
		if (oci_index_decode(text, a, &index, &ignored) < 0)
			return NULL;
		d = oci_index_select(&index, want);
		digest = d ? d->digest : NULL;
	}
	return NULL;
}

static int record_make(const struct image_store *s, const struct image_record *of, const char *manifest, struct arena *a, struct image_record *ret,
	struct err *e)
{
	struct oci_image_config config;
	struct oci_manifest m;
	struct str text;
	int r = content_blob_read(s, manifest, a, &text, e);

	if (r == 0)
		r = oci_manifest_decode(text, a, &m, e);
	if (r == 0)
		r = config_read(s, m.config.digest, a, &config, e);
	if (r < 0)
		return r;
	*ret = *of;
	ret->manifest = manifest;
	ret->id = m.config.digest;
	ret->image_created = config.created;
	ret->size = 0;
	ret->first_layer = 0;
	ret->packed = true;
	for (size_t i = 0; i < m.n_layers; i++)
		ret->size += (uint64_t)m.layers[i].size;
	return 0;
}

int platform_choose(const struct image_store *s, const struct image_record *record, const struct oci_platform *want, struct arena *a,
	struct image_record *ret, struct err *e)
{
	const char *chosen = index_choose(s, record->index, want, a);
	struct oci_image_config config;
	struct oci_platform has;
	struct oci_descriptor d = { .platform = &has };
	struct oci_index one = { .manifests = &d, .n_manifests = 1 };
	struct err why;
	int r;

	*ret = *record;
	if (streq(chosen, record->manifest))
		return 0;
	if (chosen && record_make(s, record, chosen, a, ret, &why) == 0)
		return 0;
	r = config_read(s, record->id, a, &config, e);
	if (r < 0)
		return r;
	has = platform_of(&config);
	if (oci_index_select(&one, want))
		return 0;
	return err_set(e, ERR_NOT_FOUND, "image is for platform '%s', not '%s'", oci_platform_print(&has, a), oci_platform_print(want, a));
}

int image_find_for(struct image_store *s, const char *name_or_id, const char *platform, struct arena *a, struct image *ret, struct err *e)
{
	struct image_record record, chosen;
	struct oci_platform want;
	int r = oci_platform_parse(platform, a, &want, e);

	if (r == 0)
		r = find_record(s, name_or_id, a, &record, e);
	if (r < 0)
		return r;
	r = platform_choose(s, &record, &want, a, &chosen, e);
	/* In the words of who asked. */
	if (r == -ENOENT && content_image_load(s, &record, a, ret, e) == 0)
		return image_platform_check(ret, platform, a, e);
	return r < 0 ? r : content_image_load(s, &chosen, a, ret, e);
}

int image_expect_unpacked(const struct image *image, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct oci_platform has = platform_of(&image->config);

	return image->packed ? err_set(e, ERR_UNSUPPORTED, "unsupported: the image is for '%s': it can be kept, copied and pushed, but not run here",
		oci_platform_print(&has, &a)) : 0;
}
