/* SPDX-License-Identifier: Apache-2.0 */
/* inspect of images: docker's document, with the members that podman has and docker has not after them. */
#include "engine/engine.h"

#include "base/limits.h"
#include "base/vec.h"
#include "engine/internal.h"
#include "image/image.h"

/* ---- the documents ---------------------------------------------------------------------------------------------------------------------------- */

struct doc_health {
	struct strs test;
	int64_t interval, timeout, start_period, start_interval, retries;
};

/* Docker's config of a container without a container: what an image cannot say is empty. */
struct doc_config {
	const char *hostname, *domainname, *user;
	bool attach_stdin, attach_stdout, attach_stderr, tty, open_stdin, stdin_once;
	struct strs exposed, env, cmd, volumes, entrypoint, on_build, shell;
	struct doc_health *health;
	const char *image, *workdir, *stop_signal;
	struct pairs labels;
};

struct doc_rootfs {
	const char *type;
	struct strs layers;
};

struct doc_graph {
	const char *name;
	struct doc_graph_data {
		const char *lower, *merged, *upper, *work;
	} data;
};

struct doc_metadata {
	const char *last_tag_time;
};

struct doc_history {
	const char *created, *created_by, *author, *comment;
	bool empty_layer;
};

struct doc_image {
	const char *id;
	struct strs tags, digests;
	const char *parent, *comment, *created, *docker_version, *author;
	struct doc_config config;
	const char *architecture, *variant, *os, *os_version;
	int64_t size;
	struct doc_graph graph;
	struct doc_rootfs rootfs;
	struct doc_metadata metadata;
	const char *digest, *manifest_type, *user;
	struct pairs labels, annotations;
	struct doc_history *history;
	size_t n_history;
};

/* clang-format off */
#define O FIELD_OMIT_EMPTY
#define N FIELD_NULL_EMPTY
static const struct field health_fields[] = {
	FIELD(struct doc_health, test,           "Test",          STRS, O),
	FIELD(struct doc_health, interval,       "Interval",      I64,  O),
	FIELD(struct doc_health, timeout,        "Timeout",       I64,  O),
	FIELD(struct doc_health, start_period,   "StartPeriod",   I64,  O),
	FIELD(struct doc_health, start_interval, "StartInterval", I64,  O),
	FIELD(struct doc_health, retries,        "Retries",       I64,  O),
};
static const struct schema health_schema = SCHEMA("Healthcheck", struct doc_health, health_fields);

static const struct field config_fields[] = {
	FIELD(struct doc_config, hostname,      "Hostname",     STR,   0),
	FIELD(struct doc_config, domainname,    "Domainname",   STR,   0),
	FIELD(struct doc_config, user,          "User",         STR,   0),
	FIELD(struct doc_config, attach_stdin,  "AttachStdin",  BOOL,  0),
	FIELD(struct doc_config, attach_stdout, "AttachStdout", BOOL,  0),
	FIELD(struct doc_config, attach_stderr, "AttachStderr", BOOL,  0),
	FIELD(struct doc_config, exposed,       "ExposedPorts", KEYS,  O),
	FIELD(struct doc_config, tty,           "Tty",          BOOL,  0),
	FIELD(struct doc_config, open_stdin,    "OpenStdin",    BOOL,  0),
	FIELD(struct doc_config, stdin_once,    "StdinOnce",    BOOL,  0),
	FIELD(struct doc_config, env,           "Env",          STRS,  N),
	FIELD(struct doc_config, cmd,           "Cmd",          STRS,  N),
	FIELD_PTR(struct doc_config, health,    "Healthcheck", &health_schema, O),
	FIELD(struct doc_config, image,         "Image",        STR,   0),
	FIELD(struct doc_config, volumes,       "Volumes",      KEYS,  N),
	FIELD(struct doc_config, workdir,       "WorkingDir",   STR,   0),
	FIELD(struct doc_config, entrypoint,    "Entrypoint",   STRS,  N),
	FIELD(struct doc_config, on_build,      "OnBuild",      STRS,  N),
	FIELD(struct doc_config, labels,        "Labels",       PAIRS, N),
	FIELD(struct doc_config, stop_signal,   "StopSignal",   STR,   O),
	FIELD(struct doc_config, shell,         "Shell",        STRS,  O),
};
static const struct schema config_schema = SCHEMA("Config", struct doc_config, config_fields);

static const struct field rootfs_fields[] = {
	FIELD(struct doc_rootfs, type,   "Type",   STR,  0),
	FIELD(struct doc_rootfs, layers, "Layers", STRS, 0),
};
static const struct schema rootfs_schema = SCHEMA("RootFS", struct doc_rootfs, rootfs_fields);

static const struct field graph_data_fields[] = {
	FIELD(struct doc_graph_data, lower,  "LowerDir",  STR, O),
	FIELD(struct doc_graph_data, merged, "MergedDir", STR, O),
	FIELD(struct doc_graph_data, upper,  "UpperDir",  STR, O),
	FIELD(struct doc_graph_data, work,   "WorkDir",   STR, O),
};
static const struct schema graph_data_schema = SCHEMA("Data", struct doc_graph_data, graph_data_fields);

static const struct field graph_fields[] = {
	FIELD_OBJ(struct doc_graph, data, "Data", &graph_data_schema, 0),
	FIELD(struct doc_graph, name, "Name", STR, 0),
};
static const struct schema graph_schema = SCHEMA("GraphDriver", struct doc_graph, graph_fields);

static const struct field metadata_fields[] = {
	FIELD(struct doc_metadata, last_tag_time, "LastTagTime", STR, 0),
};
static const struct schema metadata_schema = SCHEMA("Metadata", struct doc_metadata, metadata_fields);

static const struct field history_fields[] = {
	FIELD(struct doc_history, created,     "created",     STR,  O),
	FIELD(struct doc_history, created_by,  "created_by",  STR,  O),
	FIELD(struct doc_history, author,      "author",      STR,  O),
	FIELD(struct doc_history, comment,     "comment",     STR,  O),
	FIELD(struct doc_history, empty_layer, "empty_layer", BOOL, O),
};
static const struct schema history_schema = SCHEMA("History", struct doc_history, history_fields);

static const struct field image_fields[] = {
	FIELD(struct doc_image, id,             "Id",            STR,  0),
	FIELD(struct doc_image, tags,           "RepoTags",      STRS, 0),
	FIELD(struct doc_image, digests,        "RepoDigests",   STRS, 0),
	FIELD(struct doc_image, parent,         "Parent",        STR,  0),
	FIELD(struct doc_image, comment,        "Comment",       STR,  0),
	FIELD(struct doc_image, created,        "Created",       STR,  0),
	FIELD(struct doc_image, docker_version, "DockerVersion", STR,  0),
	FIELD(struct doc_image, author,         "Author",        STR,  0),
	FIELD_OBJ(struct doc_image, config, "Config", &config_schema, 0),
	FIELD(struct doc_image, architecture,   "Architecture",  STR,  0),
	FIELD(struct doc_image, variant,        "Variant",       STR,  O),
	FIELD(struct doc_image, os,             "Os",            STR,  0),
	FIELD(struct doc_image, os_version,     "OsVersion",     STR,  O),
	FIELD(struct doc_image, size,           "Size",          I64,  0),
	FIELD(struct doc_image, size,           "VirtualSize",   I64,  0),
	FIELD_OBJ(struct doc_image, graph, "GraphDriver", &graph_schema, 0),
	FIELD_OBJ(struct doc_image, rootfs, "RootFS", &rootfs_schema, 0),
	FIELD_OBJ(struct doc_image, metadata, "Metadata", &metadata_schema, 0),
	FIELD(struct doc_image, digest,         "Digest",        STR,  0),
	FIELD(struct doc_image, docker_version, "Version",       STR,  0),
	FIELD(struct doc_image, labels,         "Labels",        PAIRS, N),
	FIELD(struct doc_image, annotations,    "Annotations",   PAIRS, 0),
	FIELD(struct doc_image, manifest_type,  "ManifestType",  STR,  0),
	FIELD(struct doc_image, user,           "User",          STR,  0),
	FIELD_LIST(struct doc_image, history, "History", &history_schema, 0),
	FIELD(struct doc_image, tags,           "NamesHistory",  STRS, 0),
};
static const struct schema image_schema = SCHEMA("image", struct doc_image, image_fields);
/* clang-format on */

/* ---- filling them ------------------------------------------------------------------------------------------------------------------------------ */

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

/* All names of the image, not only the one it was found by. */
static void names_fill(struct image_store *s, const struct image *image, struct arena *a, struct doc_image *d)
{
	struct strs names = image->names;
	struct images list;
	struct err ignored = { 0 };  /* the store only keeps names that parse; a list that cannot be read is as long as ours */

	for (size_t i = 0; image_list(s, a, &list, &ignored) == 0 && i < list.n; i++) {
		if (!streq(list.v[i].id, image->id))
			continue;
		names = list.v[i].names;
		break;
	}
	for (size_t k = 0; k < names.n; k++) {
		struct reference ref;
		const char *digest;

		if (reference_parse(names.v[k], a, &ref, &ignored) < 0)
			continue;
		if (ref.tag)
			strs_push(a, &d->tags, reference_familiar(&ref, a));
		digest = arena_printf(a, "%s@%s", reference_familiar_name(&ref, a), image->index ? image->index : image->manifest);
		if (!strs_has(&d->digests, digest))
			strs_push(a, &d->digests, digest);
	}
}

static struct doc_config config_of(const struct oci_run_config *c, struct arena *a)
{
	struct doc_config d = { .hostname = "", .domainname = "", .image = "", .user = or_empty(c->user), .exposed = c->exposed_ports, .env = c->env,
		.cmd = c->cmd, .volumes = c->volumes, .entrypoint = c->entrypoint, .on_build = c->on_build, .shell = c->shell,
		.workdir = or_empty(c->working_dir), .stop_signal = c->stop_signal, .labels = c->labels };
	const struct oci_healthcheck *h = c->healthcheck;

	if (h) {
		d.health = arena_new(a, struct doc_health);
		*d.health = (struct doc_health){ h->test, h->interval, h->timeout, h->start_period, h->start_interval, h->retries };
	}
	return d;
}

/* An image's top layer is what docker calls its upper directory. */
static struct doc_graph graph_of(const struct image *image, struct arena *a)
{
	struct doc_graph g = { .name = "overlay" };

	for (size_t i = image->layers.n; i-- > 0;) {
		if (i + 1 == image->layers.n)
			g.data.upper = image->layers.v[i];
		else
			g.data.lower = arena_printf(a, "%s%s%s", or_empty(g.data.lower), g.data.lower ? ":" : "", image->layers.v[i]);
	}
	return g;
}

static void history_fill(const struct oci_image_config *c, struct arena *a, struct doc_image *d)
{
	d->history = arena_array(a, struct doc_history, c->n_history);
	d->n_history = c->n_history;
	for (size_t i = 0; i < c->n_history; i++) {
		const struct oci_history *h = &c->history[i];

		d->history[i] = (struct doc_history){ h->created, h->created_by, h->author, h->comment, h->empty_layer };
	}
	d->comment = c->n_history > 0 ? or_empty(c->history[c->n_history - 1].comment) : "";
}

int image_inspect_json(struct engine *en, const char *ref, const char *platform, struct arena *a, const char **ret, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	struct oci_manifest manifest = { 0 };
	struct image_store *s;
	struct image i;
	struct doc_image d;
	struct err ignored; /* the manifest only adds to it */
	int r = engine_images(en, &s, e);

	if (r == 0)
		r = platform ? image_find_for(s, ref, platform, a, &i, e) : image_find(s, ref, a, &i, e);
	if (r < 0)
		return r;
	if (image_manifest(s, &i, a, &manifest, &ignored) < 0)
		manifest = (struct oci_manifest){ 0 };
	d = (struct doc_image){
		.id = i.id, .parent = "", .created = or_empty(i.config.created), .docker_version = "", .author = or_empty(i.config.author),
		.config = config_of(&i.config.config, a), .architecture = or_empty(i.config.architecture), .variant = i.config.variant,
		.os = or_empty(i.config.os), .os_version = i.config.os_version, .size = (int64_t)i.size, .graph = graph_of(&i, a),
		.rootfs = { "layers", i.diff_ids }, .metadata = { or_empty(i.tagged) }, .digest = i.index ? i.index : i.manifest,
		.manifest_type = or_empty(manifest.media_type), .user = or_empty(i.config.config.user), .labels = i.config.config.labels,
		.annotations = manifest.annotations,
	};
	names_fill(s, &i, a, &d);
	history_fill(&i.config, a, &d);
	r = json_encode(&image_schema, &d, JSON_INDENT_4, &b);
	if (r < 0)
		return err_sys(e, r, "encode the document");
	*ret = arena_strdup(a, buf_text(&b));
	return 0;
}
