/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manifest_verbose.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/vec.h"
#include "codec/json.h"
#include "image/making/list.h"
#include "image/making/list_source.h"

struct shown {
	const char *reference;
	struct oci_descriptor descriptor;
	struct str oci, docker; /* one of them */
};

/* clang-format off */
static const struct field platform_fields[] = {
	FIELD(struct oci_platform, architecture, "architecture", STR,  0),
	FIELD(struct oci_platform, os,           "os",           STR,  0),
	FIELD(struct oci_platform, os_version,   "os.version",   STR,  FIELD_OMIT_EMPTY),
	FIELD(struct oci_platform, os_features,  "os.features",  STRS, FIELD_OMIT_EMPTY),
	FIELD(struct oci_platform, variant,      "variant",      STR,  FIELD_OMIT_EMPTY),
};
static const struct schema platform_schema = SCHEMA("platform", struct oci_platform, platform_fields);

static const struct field descriptor_fields[] = {
	FIELD(struct oci_descriptor, media_type,  "mediaType",   STR,   0),
	FIELD(struct oci_descriptor, digest,      "digest",      STR,   0),
	FIELD(struct oci_descriptor, size,        "size",        I64,   0),
	FIELD(struct oci_descriptor, annotations, "annotations", PAIRS, FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_descriptor, platform, "platform",   &platform_schema, FIELD_OMIT_EMPTY),
};
static const struct schema descriptor_schema = SCHEMA("descriptor", struct oci_descriptor, descriptor_fields);

static const struct field shown_fields[] = {
	FIELD(struct shown, reference,      "Ref",              STR, 0),
	FIELD_OBJ(struct shown, descriptor, "Descriptor",       &descriptor_schema, 0),
	FIELD(struct shown, oci,            "OCIManifest",      RAW, FIELD_OMIT_EMPTY),
	FIELD(struct shown, docker,         "SchemaV2Manifest", RAW, FIELD_OMIT_EMPTY),
};
/* clang-format on */
static const struct schema shown_schema = SCHEMA("manifest", struct shown, shown_fields);

/* Entries of a list that was made here, each with where it is from. */
static int entries_find(struct image_store *s, const char *name, const struct pull_options *o, struct arena *a, struct list *ret_list, struct list_found *ret,
	struct err *e)
{
	const char *remote = str_after(name, "docker://") ? name : arena_printf(a, "docker://%s", name);
	int r = list_find(s, name, a, ret_list, e);

	if (r < 0 && e->kind != ERR_NOT_FOUND)
		return r;
	if (r < 0) {
		err_clear(e);
		*ret_list = (struct list){ 0 };
		return list_source_find(s, remote, true, o, a, ret, e);
	}
	ret->is_index = true;
	for (size_t i = 0; i < ret_list->index.n_manifests; i++)
		*vec_push(a, ret) = ret_list->index.manifests[i];
	return 0;
}

static int entry_show(struct image_store *s, const struct oci_descriptor *d, const char *origin, const struct pull_options *o, struct arena *a, struct shown *ret,
	struct err *e)
{
	struct str text;
	int r = list_source_read(s, d->digest, origin, o, a, &text, e);

	if (r < 0)
		return r;
	ret->descriptor = *d;
	if (d->media_type && str_after(d->media_type, "application/vnd.docker."))
		ret->docker = text;
	else
		ret->oci = text;
	return 0;
}

int manifest_verbose_print(struct image_store *s, const char *name, const struct pull_options *o, struct arena *a, struct err *e)
{
	scoped_buf struct buf json = BUF(LIMIT_DOCUMENT), out = BUF(LIMIT_FILE);
	const char *bare = str_after(name, "docker://");
	struct list_found found = { 0 };
	struct reference ref;
	struct shown *rows;
	struct list list;
	int r = reference_parse(bare ? bare : name, a, &ref, e);

	if (r == 0)
		r = entries_find(s, name, o, a, &list, &found, e);
	if (r < 0)
		return r;
	rows = arena_array(a, struct shown, found.n);
	for (size_t i = 0; r == 0 && i < found.n; i++) {
		const char *digest = found.v[i].digest, *origin = list.reference ? pairs_find(&list.origins, digest) : found.origin;

		rows[i].reference = reference_print(&ref, a);
		if (found.is_index)
			rows[i].reference = arena_printf(a, "%s@%s", rows[i].reference, digest);
		r = entry_show(s, &found.v[i], origin, o, a, &rows[i], e);
	}
	if (r < 0)
		return r;
	r = found.is_index ? json_encode_list(&shown_schema, rows, found.n, JSON_INDENT_NONE, &json) : json_encode(&shown_schema, &rows[0], JSON_INDENT_NONE, &json);
	if (r == 0)
		r = json_reindent(buf_str(&json), JSON_INDENT_TAB, &out);
	if (r < 0)
		return err_sys(e, r, "print the manifests");
	printf("%s\n", buf_text(&out));
	return 0;
}
