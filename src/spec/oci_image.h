/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * oci_image: the documents of OCI image-spec 1.1 and of Docker's schema 2, as structs and field tables.
 *
 * Everything here comes from outside and is hostile: the decoders check digest grammar, sizes, counts and that a document is what it says it is
 * (a manifest that also lists manifests is refused: CVE-2021-41190). Decoded values live in the caller's arena and are read-only. Documents that
 * have been hashed are never re-encoded; keep their bytes.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/json.h"

enum media_kind {
	MEDIA_INDEX,          /* OCI index or Docker manifest list */
	MEDIA_MANIFEST,       /* OCI manifest or Docker schema 2 */
	MEDIA_CONFIG,         /* OCI or Docker image config */
	MEDIA_LAYER,          /* tar */
	MEDIA_LAYER_GZIP,
	MEDIA_LAYER_ZSTD,
	MEDIA_SCHEMA1,        /* dead, named so that the message can say so */
	MEDIA_OTHER,
};

struct oci_platform {
	const char *architecture, *os, *os_version, *variant;
	struct strs os_features;
};

struct oci_descriptor {
	const char *media_type;
	const char *digest;          /* grammar checked */
	int64_t size;                /* ≥ 0 */
	const char *artifact_type;
	struct strs urls;            /* of a layer that may not be handed on: where it is, if the registry does not have it */
	struct pairs annotations;
	struct oci_platform *platform;
};

struct oci_manifest {
	int64_t schema_version;
	const char *media_type, *artifact_type;
	struct oci_descriptor config;
	struct oci_descriptor *layers;
	size_t n_layers;
	struct oci_descriptor *subject; /* what it is about; NULL: it stands for itself */
	struct pairs annotations;
};

struct oci_index {
	int64_t schema_version;
	const char *media_type, *artifact_type;
	struct oci_descriptor *manifests;
	size_t n_manifests;
	struct oci_descriptor *subject;
	struct pairs annotations;
};

struct oci_healthcheck {
	struct strs test;
	int64_t interval, timeout, start_period, start_interval; /* nanoseconds, 0: inherit */
	int64_t retries;
};

struct schema;
extern const struct schema oci_healthcheck_schema;

/* The part of an image config that says how to run it. */
struct oci_run_config {
	const char *user;
	struct strs exposed_ports;   /* "80/tcp" */
	struct strs env, entrypoint, cmd;
	struct strs volumes;         /* "/data" */
	const char *working_dir;
	struct pairs labels;         /* never engine configuration */
	const char *stop_signal;
	struct oci_healthcheck *healthcheck;
	struct strs shell, on_build;
};

struct oci_history {
	const char *created, *created_by, *author, *comment;
	bool empty_layer;
};

struct oci_rootfs {
	const char *type;
	struct strs diff_ids;
};

struct oci_image_config {
	const char *created, *author, *architecture, *os, *os_version, *variant;
	struct oci_run_config config;
	struct oci_rootfs rootfs;
	struct oci_history *history;
	size_t n_history;
};

/* One image of a docker-archive's manifest.json. */
struct docker_archive_item {
	const char *config;
	struct strs repo_tags, layers;
};
struct docker_archive {
	struct docker_archive_item *items;
	size_t n_items;
};

/* What a media type is; unknown types are MEDIA_OTHER. NULL is MEDIA_OTHER. */
enum media_kind media_kind_of(const char *media_type);

/* Layers that may not be handed on ("nondistributable", Docker's "foreign"). */
bool media_is_foreign(const char *media_type);

/* Decoders: text -> checked struct in @a. Errors: -EINVAL, -EOPNOTSUPP (schema 1, unknown layer types), -E2BIG, -EOVERFLOW. */
int oci_manifest_decode(struct str text, struct arena *a, struct oci_manifest *ret, struct err *e);
/* … also of what is no image: artifacts with any config and layers. For those who only hand it on. */
int oci_manifest_decode_any(struct str text, struct arena *a, struct oci_manifest *ret, struct err *e);
int oci_index_decode(struct str text, struct arena *a, struct oci_index *ret, struct err *e);
int oci_image_config_decode(struct str text, struct arena *a, struct oci_image_config *ret, struct err *e);
int oci_layout_check(struct str text, struct err *e);
int docker_archive_decode(struct str text, struct arena *a, struct docker_archive *ret, struct err *e);

/* Whether bytes are an index or a manifest, by mediaType and by members; both at once is refused. */
int oci_document_kind(struct str text, enum media_kind *ret, struct err *e);

/* Encoders for documents we make ourselves (import, docker-archive, index.json). */
int oci_manifest_encode(const struct oci_manifest *m, struct buf *b);
int oci_index_encode(const struct oci_index *index, struct buf *b);
int docker_archive_encode(const struct docker_archive *d, struct buf *b);
int oci_image_config_encode(const struct oci_image_config *c, struct buf *b);

/* Platforms: "linux/arm64/v8", "windows(10.0.17763.1)/amd64" -> struct; this machine's; the first manifest of an index that fits @want (NULL if none). */
int oci_platform_parse(const char *text, struct arena *a, struct oci_platform *ret, struct err *e);
void oci_platform_host(struct oci_platform *ret);
const char *oci_platform_print(const struct oci_platform *p, struct arena *a);
const struct oci_descriptor *oci_index_select(const struct oci_index *index, const struct oci_platform *want);

/* The two families of media types: image-spec's and Docker's schema 2. */
enum oci_format { OCI_FORMAT_OCI, OCI_FORMAT_DOCKER, OCI_FORMAT_COUNT };

/*
 * The manifest @text in the other family, appended to @b: types are exchanged, blobs stay. It is a new document with a digest of its own. *ret_changed is
 * false, and nothing appended, if it is of that family already. Errors: ERR_UNSUPPORTED for what the other family has no word for (artifacts; zstd in Docker's).
 */
int oci_manifest_convert(struct str text, enum oci_format to, struct arena *a, struct buf *b, bool *ret_changed, struct err *e);

/* The media type of an index in that family. */
const char *oci_index_type(enum oci_format format);
