/* SPDX-License-Identifier: Apache-2.0 */
/* The part of oci_image.h that translates manifests between image-spec and Docker's schema 2 (docs: image-spec compatibility, "matrix"). */
#include <string.h>

#include "base/limits.h"
#include "spec/oci_image.h"

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."

/* NULL: that family has no word for it. Of zstd in schema 2 some tools speak, but podman and skopeo do not understand it: it is read and not written. */
static const char *const words[][OCI_FORMAT_COUNT] = {
	{ OCI "manifest.v1+json", DOCKER "distribution.manifest.v2+json" },
	{ OCI "config.v1+json", DOCKER "container.image.v1+json" },
	{ OCI "layer.v1.tar", DOCKER "image.rootfs.diff.tar" },
	{ OCI "layer.v1.tar+gzip", DOCKER "image.rootfs.diff.tar.gzip" },
	{ OCI "layer.v1.tar+zstd", NULL },
	{ OCI "layer.nondistributable.v1.tar+gzip", DOCKER "image.rootfs.foreign.diff.tar.gzip" },
};

static int type_convert(const char **type, enum oci_format to, bool *changed, struct err *e)
{
	if (to == OCI_FORMAT_OCI && strcmp(*type, DOCKER "image.rootfs.diff.tar.zstd") == 0) {
		*type = OCI "layer.v1.tar+zstd";
		*changed = true;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const char *there = words[i][to];

		if (there && strcmp(there, *type) == 0)
			return 0;
		if (!words[i][!to] || strcmp(words[i][!to], *type) != 0)
			continue;
		if (!there)
			break;
		*type = there;
		*changed = true;
		return 0;
	}
	return err_set(e, ERR_UNSUPPORTED, "unsupported: '%.100s' has no equivalent in format %s", *type, to == OCI_FORMAT_OCI ? "oci" : "v2s2");
}

int oci_manifest_convert(struct str text, enum oci_format to, struct arena *a, struct buf *b, bool *ret_changed, struct err *e)
{
	struct oci_manifest m;
	bool changed = false;
	int r = oci_manifest_decode_any(text, a, &m, e);

	if (r == 0 && !m.media_type)
		m.media_type = words[0][OCI_FORMAT_OCI];
	if (r == 0)
		r = type_convert(&m.media_type, to, &changed, e);
	if (r < 0 || !changed) {
		*ret_changed = false;
		return r;
	}
	r = type_convert(&m.config.media_type, to, &changed, e);
	for (size_t i = 0; i < m.n_layers && r == 0; i++)
		r = type_convert(&m.layers[i].media_type, to, &changed, e);
	if (r < 0)
		return r;
	if (to == OCI_FORMAT_DOCKER) {
		/* Schema 2 knows neither. */
		m.annotations = (struct pairs){ 0 };
		m.subject = NULL;
		for (size_t i = 0; i < m.n_layers; i++)
			m.layers[i].annotations = (struct pairs){ 0 };
	}
	*ret_changed = true;
	r = oci_manifest_encode(&m, b);
	return r < 0 ? err_sys(e, r, "write manifest") : 0;
}

const char *oci_index_type(enum oci_format format)
{
	return format == OCI_FORMAT_DOCKER ? DOCKER "distribution.manifest.list.v2+json" : OCI "index.v1+json";
}
