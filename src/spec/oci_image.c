/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/oci_image.h"

#include <string.h>

#include <sys/utsname.h>

#include "base/limits.h"
#include "codec/digest.h"

#define O FIELD_OMIT_EMPTY
#define R FIELD_REQUIRED

/* ---- media types ---- */

static const struct {
	const char *name;
	enum media_kind kind;
} media_types[] = {
	{ "application/vnd.oci.image.manifest.v1+json", MEDIA_MANIFEST },
	{ "application/vnd.oci.image.index.v1+json", MEDIA_INDEX },
	{ "application/vnd.oci.image.config.v1+json", MEDIA_CONFIG },
	{ "application/vnd.oci.image.layer.v1.tar", MEDIA_LAYER },
	{ "application/vnd.oci.image.layer.v1.tar+gzip", MEDIA_LAYER_GZIP },
	{ "application/vnd.oci.image.layer.v1.tar+zstd", MEDIA_LAYER_ZSTD },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar", MEDIA_LAYER },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", MEDIA_LAYER_GZIP },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", MEDIA_LAYER_ZSTD },
	{ "application/vnd.docker.distribution.manifest.v2+json", MEDIA_MANIFEST },
	{ "application/vnd.docker.distribution.manifest.list.v2+json", MEDIA_INDEX },
	{ "application/vnd.docker.container.image.v1+json", MEDIA_CONFIG },
	{ "application/vnd.docker.image.rootfs.diff.tar", MEDIA_LAYER },
	{ "application/vnd.docker.image.rootfs.diff.tar.gzip", MEDIA_LAYER_GZIP },
	{ "application/vnd.docker.image.rootfs.diff.tar.zstd", MEDIA_LAYER_ZSTD },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", MEDIA_LAYER_GZIP },
	{ "application/vnd.docker.distribution.manifest.v1+json", MEDIA_SCHEMA1 },
	{ "application/vnd.docker.distribution.manifest.v1+prettyjws", MEDIA_SCHEMA1 },
};

enum media_kind media_kind_of(const char *media_type)
{
	struct str bare = str_trim(str_cut(str_of(media_type), ';', &(struct str){ 0 }));

	for (size_t i = 0; media_type && i < ARRAY_LEN(media_types); i++)
		if (str_is(bare, media_types[i].name))
			return media_types[i].kind;
	return MEDIA_OTHER;
}

bool media_is_foreign(const char *media_type)
{
	return media_type && (str_after(media_type, "application/vnd.oci.image.layer.nondistributable.") ||
		str_after(media_type, "application/vnd.docker.image.rootfs.foreign."));
}

/* ---- tables ---- */

static int descriptor_check(const void *obj, struct err *e)
{
	const struct oci_descriptor *d = obj;
	struct digest digest;

	if (digest_parse(d->digest, &digest) < 0)
		return err_set(e, ERR_INVALID, "digest '%.100s' is not well-formed", d->digest);
	if (d->size < 0)
		return err_set(e, ERR_INVALID, "size %lld is negative", (long long)d->size);
	return 0;
}

/* clang-format off */
static const struct field platform_fields[] = {
	FIELD(struct oci_platform, architecture, "architecture", STR,  0),
	FIELD(struct oci_platform, os,           "os",           STR,  0),
	FIELD(struct oci_platform, os_version,   "os.version",   STR,  O),
	FIELD(struct oci_platform, os_features,  "os.features",  STRS, O),
	FIELD(struct oci_platform, variant,      "variant",      STR,  O),
};
static const struct schema platform_schema = SCHEMA("platform", struct oci_platform, platform_fields);

static const struct field descriptor_fields[] = {
	FIELD(struct oci_descriptor, media_type,    "mediaType",    STR,   R | FIELD_NONEMPTY),
	FIELD(struct oci_descriptor, digest,        "digest",       STR,   R),
	FIELD(struct oci_descriptor, size,          "size",         I64,   R),
	FIELD(struct oci_descriptor, artifact_type, "artifactType", STR,   O),
	FIELD(struct oci_descriptor, urls,          "urls",         STRS,  O),
	FIELD(struct oci_descriptor, annotations,   "annotations",  PAIRS, O),
	FIELD_PTR(struct oci_descriptor, platform,  "platform",     &platform_schema, O),
};
static const struct schema descriptor_schema =
	SCHEMA_CHECKED("descriptor", struct oci_descriptor, descriptor_fields, descriptor_check);

static const struct field manifest_fields[] = {
	FIELD(struct oci_manifest, schema_version, "schemaVersion", I64,   R),
	FIELD(struct oci_manifest, media_type,     "mediaType",     STR,   O),
	FIELD(struct oci_manifest, artifact_type,  "artifactType",  STR,   O),
	FIELD_OBJ(struct oci_manifest, config,     "config",        &descriptor_schema, R),
	FIELD_LIST(struct oci_manifest, layers,    "layers",        &descriptor_schema, 0),
	FIELD_PTR(struct oci_manifest, subject,    "subject",       &descriptor_schema, O),
	FIELD(struct oci_manifest, annotations,    "annotations",   PAIRS, O),
};
static const struct schema manifest_schema = SCHEMA("manifest", struct oci_manifest, manifest_fields);

static const struct field index_fields[] = {
	FIELD(struct oci_index, schema_version, "schemaVersion", I64,   R),
	FIELD(struct oci_index, media_type,     "mediaType",     STR,   O),
	FIELD(struct oci_index, artifact_type,  "artifactType",  STR,   O),
	FIELD_LIST(struct oci_index, manifests, "manifests",     &descriptor_schema, 0),
	FIELD_PTR(struct oci_index, subject,    "subject",       &descriptor_schema, O),
	FIELD(struct oci_index, annotations,    "annotations",   PAIRS, O),
};
static const struct schema index_schema = SCHEMA("index", struct oci_index, index_fields);

static const struct field healthcheck_fields[] = {
	FIELD(struct oci_healthcheck, test,           "Test",          STRS, O),
	FIELD(struct oci_healthcheck, interval,       "Interval",      I64,  O),
	FIELD(struct oci_healthcheck, timeout,        "Timeout",       I64,  O),
	FIELD(struct oci_healthcheck, start_period,   "StartPeriod",   I64,  O),
	FIELD(struct oci_healthcheck, start_interval, "StartInterval", I64,  O),
	FIELD(struct oci_healthcheck, retries,        "Retries",       I64,  O),
};
const struct schema oci_healthcheck_schema = SCHEMA("healthcheck", struct oci_healthcheck, healthcheck_fields);

static const struct field run_fields[] = {
	FIELD(struct oci_run_config, user,          "User",         STR,   O),
	FIELD(struct oci_run_config, exposed_ports, "ExposedPorts", KEYS,  O),
	FIELD(struct oci_run_config, env,           "Env",          STRS,  O),
	FIELD(struct oci_run_config, entrypoint,    "Entrypoint",   STRS,  O),
	FIELD(struct oci_run_config, cmd,           "Cmd",          STRS,  O),
	FIELD(struct oci_run_config, volumes,       "Volumes",      KEYS,  O),
	FIELD(struct oci_run_config, working_dir,   "WorkingDir",   STR,   O),
	FIELD(struct oci_run_config, labels,        "Labels",       PAIRS, O),
	FIELD(struct oci_run_config, stop_signal,   "StopSignal",   STR,   O),
	FIELD_PTR(struct oci_run_config, healthcheck, "Healthcheck", &oci_healthcheck_schema, O),
	FIELD(struct oci_run_config, shell,         "Shell",        STRS,  O),
	FIELD(struct oci_run_config, on_build,      "OnBuild",      STRS,  O),
};
static const struct schema run_schema = SCHEMA("config", struct oci_run_config, run_fields);

static const struct field rootfs_fields[] = {
	FIELD(struct oci_rootfs, type,     "type",     STR,  0),
	FIELD(struct oci_rootfs, diff_ids, "diff_ids", STRS, 0),
};
static const struct schema rootfs_schema = SCHEMA("rootfs", struct oci_rootfs, rootfs_fields);

static const struct field history_fields[] = {
	FIELD(struct oci_history, created,     "created",     STR,  O),
	FIELD(struct oci_history, created_by,  "created_by",  STR,  O),
	FIELD(struct oci_history, author,      "author",      STR,  O),
	FIELD(struct oci_history, comment,     "comment",     STR,  O),
	FIELD(struct oci_history, empty_layer, "empty_layer", BOOL, O),
};
static const struct schema history_schema = SCHEMA("history", struct oci_history, history_fields);

static const struct field image_fields[] = {
	FIELD(struct oci_image_config, created,      "created",      STR, O),
	FIELD(struct oci_image_config, author,       "author",       STR, O),
	FIELD(struct oci_image_config, architecture, "architecture", STR, 0),
	FIELD(struct oci_image_config, os,           "os",           STR, 0),
	FIELD(struct oci_image_config, os_version,   "os.version",   STR, O),
	FIELD(struct oci_image_config, variant,      "variant",      STR, O),
	FIELD_OBJ(struct oci_image_config, config,   "config",       &run_schema, 0),
	FIELD_OBJ(struct oci_image_config, rootfs,   "rootfs",       &rootfs_schema, R),
	FIELD_LIST(struct oci_image_config, history, "history",      &history_schema, O),
};
static const struct schema image_schema = SCHEMA("image config", struct oci_image_config, image_fields);

/* What a document is: the members only an index or only a manifest has. */
struct probe {
	int64_t schema_version;
	const char *media_type;
	struct str manifests, layers, config, fs_layers;
};
static const struct field probe_fields[] = {
	FIELD(struct probe, schema_version, "schemaVersion", I64, 0),
	FIELD(struct probe, media_type,     "mediaType",     STR, 0),
	FIELD(struct probe, manifests,      "manifests",     RAW, 0),
	FIELD(struct probe, layers,         "layers",        RAW, 0),
	FIELD(struct probe, config,         "config",        RAW, 0),
	FIELD(struct probe, fs_layers,      "fsLayers",      RAW, 0),
};
static const struct schema probe_schema = SCHEMA("document", struct probe, probe_fields);

struct layout {
	const char *version;
};
static const struct field layout_fields[] = {
	FIELD(struct layout, version, "imageLayoutVersion", STR, R),
};
static const struct schema layout_schema = SCHEMA("oci-layout", struct layout, layout_fields);

static const struct field archive_fields[] = {
	FIELD(struct docker_archive_item, config,    "Config",   STR,  R | FIELD_NONEMPTY),
	FIELD(struct docker_archive_item, repo_tags, "RepoTags", STRS, 0),
	FIELD(struct docker_archive_item, layers,    "Layers",   STRS, 0),
};
static const struct schema archive_schema = SCHEMA("manifest.json", struct docker_archive_item, archive_fields);
/* clang-format on */

/* ---- decoding ---- */

static int too_many(const char *what, size_t n, size_t max, struct err *e)
{
	return err_set(e, ERR_EXHAUSTED, "%zu %s, more than the %zu we take", n, what, max);
}

int oci_document_kind(struct str text, enum media_kind *ret, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct probe p;
	enum media_kind said;
	int r;

	r = json_decode(text, &probe_schema, 0, &a, &p, e);
	if (r < 0)
		return r;
	said = media_kind_of(p.media_type);
	if (p.schema_version == 1 || said == MEDIA_SCHEMA1 || p.fs_layers.p)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: Docker schema 1 manifest; push the image again with a current tool");
	if (p.manifests.p && (p.layers.p || p.config.p))
		return err_set(e, ERR_INVALID, "document is both an index and a manifest");
	if (p.manifests.p && (said == MEDIA_INDEX || !p.media_type))
		*ret = MEDIA_INDEX;
	else if (p.config.p && (said == MEDIA_MANIFEST || !p.media_type))
		*ret = MEDIA_MANIFEST;
	else if (p.media_type)
		return err_set(e, ERR_INVALID, "document says it is '%.100s' but has other members", p.media_type);
	else
		return err_set(e, ERR_INVALID, "document is neither an index nor an image manifest");
	return 0;
}

static int document_expect(struct str text, enum media_kind want, struct err *e)
{
	enum media_kind kind;
	int r;

	if (text.n > LIMIT_MANIFEST)
		return too_many("bytes", text.n, LIMIT_MANIFEST, e);
	r = oci_document_kind(text, &kind, e);
	if (r == 0 && kind != want)
		return err_set(e, ERR_INVALID, want == MEDIA_INDEX ? "expected an index, got a manifest" : "expected a manifest, got an index");
	return r;
}

int oci_manifest_decode_any(struct str text, struct arena *a, struct oci_manifest *ret, struct err *e)
{
	struct oci_manifest m;
	int r;

	r = document_expect(text, MEDIA_MANIFEST, e);
	if (r == 0)
		r = json_decode(text, &manifest_schema, 0, a, &m, e);
	if (r < 0)
		return r;
	if (m.schema_version != 2)
		return err_set(e, ERR_INVALID, "schemaVersion is %lld, expected 2", (long long)m.schema_version);
	if (m.n_layers > LIMIT_LAYERS)
		return too_many("layers", m.n_layers, LIMIT_LAYERS, e);
	*ret = m;
	return 0;
}

int oci_manifest_decode(struct str text, struct arena *a, struct oci_manifest *ret, struct err *e)
{
	struct oci_manifest m;
	int r = oci_manifest_decode_any(text, a, &m, e);

	if (r < 0)
		return r;
	if (media_kind_of(m.config.media_type) != MEDIA_CONFIG)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: not a container image but an artifact of type '%.100s'; 'tare artifact pull' takes those",
			m.artifact_type ? m.artifact_type : m.config.media_type);
	if (m.config.size > LIMIT_MANIFEST)
		return too_many("bytes of config", (size_t)m.config.size, LIMIT_MANIFEST, e);
	for (size_t i = 0; i < m.n_layers; i++) {
		enum media_kind kind = media_kind_of(m.layers[i].media_type);

		if (kind != MEDIA_LAYER && kind != MEDIA_LAYER_GZIP && kind != MEDIA_LAYER_ZSTD)
			return err_set(e, ERR_UNSUPPORTED, "layers[%zu]: unsupported: layer of type '%.100s'", i, m.layers[i].media_type);
		if ((uint64_t)m.layers[i].size > LIMIT_BLOB)
			return too_many("bytes of a layer", (size_t)m.layers[i].size, (size_t)LIMIT_BLOB, e);
	}
	*ret = m;
	return 0;
}

int oci_index_decode(struct str text, struct arena *a, struct oci_index *ret, struct err *e)
{
	struct oci_index index;
	int r;

	r = document_expect(text, MEDIA_INDEX, e);
	if (r == 0)
		r = json_decode(text, &index_schema, 0, a, &index, e);
	if (r < 0)
		return r;
	if (index.schema_version != 2)
		return err_set(e, ERR_INVALID, "schemaVersion is %lld, expected 2", (long long)index.schema_version);
	if (index.n_manifests > LIMIT_INDEX_ENTRIES)
		return too_many("manifests", index.n_manifests, LIMIT_INDEX_ENTRIES, e);
	*ret = index;
	return 0;
}

/* NAME=VALUE and nothing else: a bare name must never pull a value in from the host (CVE-2026-57231). */
static int env_check(const struct strs *env, struct err *e)
{
	for (size_t i = 0; i < env->n; i++) {
		const char *eq = strchr(env->v[i], '=');

		if (!eq || eq == env->v[i])
			return err_set(e, ERR_INVALID, "config.Env[%zu]: '%.60s' is not NAME=VALUE", i, env->v[i]);
	}
	return 0;
}

static int config_limits(const struct oci_image_config *c, struct err *e)
{
	const struct {
		const char *what;
		size_t n, max;
	} rows[] = {
		{ "diff_ids", c->rootfs.diff_ids.n, LIMIT_LAYERS },
		{ "history entries", c->n_history, LIMIT_CONFIG_ENTRIES },
		{ "environment entries", c->config.env.n, LIMIT_CONFIG_ENTRIES },
		{ "entrypoint words", c->config.entrypoint.n, LIMIT_CONFIG_ENTRIES },
		{ "command words", c->config.cmd.n, LIMIT_CONFIG_ENTRIES },
		{ "labels", c->config.labels.n, LIMIT_CONFIG_ENTRIES },
		{ "volumes", c->config.volumes.n, LIMIT_CONFIG_ENTRIES },
		{ "exposed ports", c->config.exposed_ports.n, 65536 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].n > rows[i].max)
			return too_many(rows[i].what, rows[i].n, rows[i].max, e);
	return 0;
}

int oci_image_config_decode(struct str text, struct arena *a, struct oci_image_config *ret, struct err *e)
{
	struct oci_image_config c;
	struct digest d;
	int r;

	if (text.n > LIMIT_MANIFEST)
		return too_many("bytes", text.n, LIMIT_MANIFEST, e);
	r = json_decode(text, &image_schema, 0, a, &c, e);
	if (r == 0)
		r = config_limits(&c, e);
	if (r == 0)
		r = env_check(&c.config.env, e);
	if (r < 0)
		return r;
	if (c.rootfs.type && *c.rootfs.type && strcmp(c.rootfs.type, "layers") != 0)
		return err_set(e, ERR_UNSUPPORTED, "rootfs.type: unsupported: '%.60s'", c.rootfs.type);
	for (size_t i = 0; i < c.rootfs.diff_ids.n; i++)
		if (digest_parse(c.rootfs.diff_ids.v[i], &d) < 0)
			return err_set(e, ERR_INVALID, "rootfs.diff_ids[%zu]: '%.100s' is not well-formed", i, c.rootfs.diff_ids.v[i]);
	*ret = c;
	return 0;
}

int oci_layout_check(struct str text, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct layout layout;
	int r = json_decode(text, &layout_schema, 0, &a, &layout, e);

	if (r == 0 && strcmp(layout.version, "1.0.0") != 0)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: image layout version '%.40s'", layout.version);
	return r;
}

int docker_archive_decode(struct str text, struct arena *a, struct docker_archive *ret, struct err *e)
{
	struct docker_archive d = { 0 };
	int r;

	if (text.n > LIMIT_MANIFEST)
		return too_many("bytes", text.n, LIMIT_MANIFEST, e);
	r = json_decode_list(text, &archive_schema, 0, a, &d.items, &d.n_items, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < d.n_items; i++)
		if (d.items[i].layers.n > LIMIT_LAYERS)
			return too_many("layers", d.items[i].layers.n, LIMIT_LAYERS, e);
	*ret = d;
	return 0;
}

/* ---- encoding ---- */

int oci_manifest_encode(const struct oci_manifest *m, struct buf *b)
{
	return json_encode(&manifest_schema, m, JSON_INDENT_NONE, b);
}

int oci_index_encode(const struct oci_index *index, struct buf *b)
{
	return json_encode(&index_schema, index, JSON_INDENT_NONE, b);
}

int docker_archive_encode(const struct docker_archive *d, struct buf *b)
{
	return json_encode_list(&archive_schema, d->items, d->n_items, JSON_INDENT_NONE, b);
}

int oci_image_config_encode(const struct oci_image_config *c, struct buf *b)
{
	return json_encode(&image_schema, c, JSON_INDENT_NONE, b);
}

/* ---- platforms ---- */

/* The kernel's word for a machine, and people's words, as GOARCH and variant. */
static const struct arch_name {
	const char *name, *architecture, *variant;
} arch_names[] = {
	{ "x86_64", "amd64", NULL },  { "x86-64", "amd64", NULL },  { "aarch64", "arm64", "v8" }, { "arm64", "arm64", "v8" },
	{ "armv7l", "arm", "v7" },    { "armhf", "arm", "v7" },     { "arm", "arm", "v7" },       { "armv6l", "arm", "v6" },
	{ "armel", "arm", "v6" },     { "i686", "386", NULL },      { "i386", "386", NULL },      { "ppc64le", "ppc64le", NULL },
	{ "riscv64", "riscv64", NULL }, { "s390x", "s390x", NULL }, { "loongarch64", "loong64", NULL }, { "mips64", "mips64le", NULL },
};

static const struct arch_name *arch_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(arch_names); i++)
		if (strcmp(arch_names[i].name, name) == 0)
			return &arch_names[i];
	return NULL;
}

void oci_platform_host(struct oci_platform *ret)
{
	struct utsname u;
	const struct arch_name *arch = uname(&u) == 0 ? arch_find(u.machine) : NULL;

	*ret = (struct oci_platform){ .os = "linux", .architecture = arch ? arch->architecture : "unknown", .variant = arch ? arch->variant : NULL };
}

/* "windows(10.0.17763.1)": the version of the system in brackets. */
static void os_version_take(struct str *os, struct arena *a, struct oci_platform *ret)
{
	struct str version, name = str_cut(*os, '(', &version);

	if (!version.p || version.n < 2 || version.p[version.n - 1] != ')')
		return;
	ret->os_version = arena_strndup(a, version.p, version.n - 1);
	*os = name;
}

int oci_platform_parse(const char *text, struct arena *a, struct oci_platform *ret, struct err *e)
{
	struct str rest = str_of(text), part[3] = { 0 };
	const struct arch_name *arch;
	size_t n = 0;

	while (rest.p && n < 3)
		part[n++] = str_cut(rest, '/', &rest);
	if (rest.p || part[0].n == 0 || (n > 1 && part[1].n == 0) || (n > 2 && part[2].n == 0))
		return err_set(e, ERR_INVALID, "platform '%.100s' is not os/architecture or os/architecture/variant", text);
	oci_platform_host(ret);
	os_version_take(&part[0], a, ret);
	if (n == 1 && str_is(part[0], "linux"))
		return 0;
	ret->os = n == 1 ? "linux" : arena_strndup(a, part[0].p, part[0].n);
	ret->architecture = arena_strndup(a, part[n > 1].p, part[n > 1].n);
	arch = arch_find(ret->architecture);
	if (arch)
		ret->architecture = arch->architecture;
	ret->variant = n > 2 ? arena_strndup(a, part[2].p, part[2].n) : arch ? arch->variant : NULL;
	return 0;
}

const char *oci_platform_print(const struct oci_platform *p, struct arena *a)
{
	bool versioned = p->os_version && *p->os_version;

	return arena_printf(a, "%s%s%s%s/%s%s%s", p->os ? p->os : "", versioned ? "(" : "", versioned ? p->os_version : "", versioned ? ")" : "",
		p->architecture ? p->architecture : "", p->variant ? "/" : "", p->variant ? p->variant : "");
}

/* 3 exact, 2 same architecture without a word on the variant, 1 a lesser arm variant that runs too, 0 no. */
static int platform_fit(const struct oci_platform *has, const struct oci_platform *want)
{
	if (!has || !streq(has->os, want->os) || !streq(has->architecture, want->architecture) || (want->os_version && !streq(has->os_version, want->os_version)))
		return 0;
	if (streq(has->variant, want->variant))
		return 3;
	if (!has->variant || !*has->variant)
		return 2;
	if (!want->variant)
		return strcmp(has->variant, "v1") == 0 ? 2 : 0; /* amd64/v1 is amd64; v2 and up want a newer machine */
	return streq(want->architecture, "arm") && strcmp(has->variant, want->variant) < 0 ? 1 : 0;
}

const struct oci_descriptor *oci_index_select(const struct oci_index *index, const struct oci_platform *want)
{
	const struct oci_descriptor *best = NULL;
	int best_fit = 0;

	for (size_t i = 0; i < index->n_manifests; i++) {
		const struct oci_descriptor *d = &index->manifests[i];
		int fit = platform_fit(d->platform, want);

		/* A list of one without a platform is a plain image in a wrapper (image layouts). */
		if (!d->platform && media_kind_of(d->media_type) == MEDIA_MANIFEST && index->n_manifests == 1)
			fit = 1;
		if (fit > best_fit) {
			best = d;
			best_fit = fit;
		}
	}
	return best;
}
