/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/look.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "image/moving/inlet.h"
#include "image/registries/remote.h"

struct looking {
	struct inlet *inlet;
	const struct pull_options *options;
	struct arena *a;
	struct look *ret;
};

static int index_choose(const struct looking *k, struct str text, const char **ret, struct err *e)
{
	struct oci_platform want;
	const struct oci_descriptor *d;
	struct oci_index index;
	int r = 0;

	oci_platform_host(&want);
	if (k->options->platform)
		r = oci_platform_parse(k->options->platform, k->a, &want, e);
	if (r == 0)
		r = oci_index_decode(text, k->a, &index, e);
	if (r < 0)
		return r;
	d = oci_index_select(&index, &want);
	if (!d)
		return err_set(e, ERR_NOT_FOUND, "no image for platform '%s' among the %zu it has", oci_platform_print(&want, k->a), index.n_manifests);
	*ret = d->digest;
	return 0;
}

/* From the document the name stands for down to the manifest of one image. */
static int manifest_find(const struct looking *k, struct err *e)
{
	struct str text = k->ret->text;

	for (int depth = 0; depth < LIMIT_INDEX_DEPTH; depth++) {
		const char *digest = NULL;
		enum media_kind kind;
		int r = oci_document_kind(text, &kind, e);

		if (r < 0)
			return r;
		if (kind == MEDIA_MANIFEST)
			return oci_manifest_decode(text, k->a, &k->ret->manifest, e);
		r = index_choose(k, text, &digest, e);
		if (r == 0)
			r = inlet_read(k->inlet, digest, k->a, &text, e);
		if (r < 0)
			return r;
	}
	return err_set(e, ERR_INVALID, "more than %d indexes in each other", LIMIT_INDEX_DEPTH);
}

static int look_at(const struct looking *k, enum look_depth depth, struct err *e)
{
	struct look *ret = k->ret;
	enum media_kind kind;
	int r = inlet_open(k->inlet, e);

	if (r < 0)
		return r;
	ret->digest = k->inlet->digest;
	r = inlet_read(k->inlet, ret->digest, k->a, &ret->text, e);
	if (r == 0)
		r = oci_document_kind(ret->text, &kind, e);
	if (r < 0 || depth == LOOK_MANIFEST)
		return r;
	r = manifest_find(k, e);
	if (r == 0)
		r = inlet_read_blob(k->inlet, &ret->manifest.config, k->a, &ret->config_text, e);
	return r < 0 ? r : oci_image_config_decode(ret->config_text, k->a, &ret->config, e);
}

int image_look(struct image_store *s, const char *place, enum look_depth depth, const struct pull_options *o, struct arena *a, struct look *ret, struct err *e)
{
	struct transport from;
	SCOPED(inlet_done) struct inlet inlet = INLET(.from = &from, .store = s, .options = o, .arena = a);
	const struct looking k = { &inlet, o, a, ret };
	int r = transport_parse(place, a, &from, e);

	*ret = (struct look){ 0 };
	if (r == 0)
		r = look_at(&k, depth, e);
	if (r < 0)
		return err_wrap(e, "inspect '%.200s'", place);
	if (from.kind != TRANSPORT_REGISTRY)
		return 0;
	ret->name = arena_printf(a, "%s/%s", from.name.host, from.name.repository);
	return depth == LOOK_TAGS ? remote_tags(s, ret->name, o, a, &ret->tags, NULL, e) : 0;
}
