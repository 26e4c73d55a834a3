/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/compress_opts.h"

int image_format_parse(const char *text, enum oci_format *ret, struct err *e)
{
	static const char *const words[OCI_FORMAT_COUNT] = { [OCI_FORMAT_OCI] = "oci", [OCI_FORMAT_DOCKER] = "v2s2" };

	for (int i = 0; i < OCI_FORMAT_COUNT; i++) {
		if (streq(text, words[i])) {
			*ret = (enum oci_format)i;
			return 0;
		}
	}
	if (streq(text, "v2s1"))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: format 'v2s1': Docker's schema 1 is dead; 'oci' and 'v2s2' are there");
	return err_set(e, ERR_INVALID, "'%.60s' is not a format: 'oci' and 'v2s2' are there", text);
}

int compress_options_take(const struct compress_options *o, struct arena *a, const struct squeeze_how **ret_how, struct err *e)
{
	struct squeeze_how *how = arena_new(a, struct squeeze_how);
	int r;

	*ret_how = NULL;
	if (o->decompress && (o->compress || o->format || o->level.set))
		return err_set(e, ERR_INVALID, "layers cannot be compressed and decompressed");
	if (o->force.v && !o->format)
		return err_set(e, ERR_INVALID, "forcing a compression needs its format");
	if (o->level.set && o->level.v <= 0)
		return err_set(e, ERR_INVALID, "compression level %lld: they begin with 1", (long long)o->level.v);
	if (!o->decompress && !o->compress && !o->format && !o->level.set)
		return 0;
	*how = (struct squeeze_how){ .kind = PACK_PLAIN, .all = true };
	if (!o->decompress) {
		r = squeeze_parse(o->format ? o->format : "gzip", o->level.v, how, e);
		if (r < 0)
			return r;
		how->all = o->format != NULL;
		how->spare = o->force.set && !o->force.v;
	}
	*ret_how = how;
	return 0;
}
