/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * attachment: the manifest that carries cosign's signatures of another one, under the tag sha256-HEX.sig: a layer per signature, the payload as the layer's blob, the
 * signature as its annotation.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "spec/oci_image.h"

#define ATTACHMENT_TYPE "application/vnd.oci.image.manifest.v1+json"
#define ATTACHMENT_ACCEPT ATTACHMENT_TYPE ", application/vnd.docker.distribution.manifest.v2+json"

struct attachment {
	struct oci_descriptor *v;
	size_t n, cap;
};

/* The tag for a manifest's digest (checked text). */
const char *attachment_tag(const char *digest, struct arena *a);

/* The signatures in a manifest; layers of other types are left out. */
int attachment_decode(struct str text, struct arena *a, struct attachment *ret, struct err *e);

/* The base64 of one signature, or NULL. */
const char *attachment_signature(const struct oci_descriptor *d);

/* Adds one and gives the config that goes with all of them; then the manifest itself. */
int attachment_add(struct attachment *io, const char *payload_digest, size_t payload_size, const char *signature, struct arena *a, struct str *ret_config, struct err *e);
int attachment_encode(const struct attachment *at, const char *config_digest, size_t config_size, struct arena *a, struct str *ret, struct err *e);
