/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/look_text.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/vec.h"
#include "cli/cancel.h"
#include "codec/template.h"
#include "image/image.h"
#include "image/moving/look.h"
#include "image/moving/transport.h"

/* ---- skopeo's document ---- */

struct look_layer {
	const char *media_type, *digest;
	int64_t size;
	struct pairs annotations;
};

struct look_document {
	const char *name, *digest;
	struct strs tags;
	const char *created, *docker_version;
	struct pairs labels;
	const char *architecture, *variant, *os;
	struct strs layers;
	struct look_layer *data;
	size_t n_data;
	struct strs env;
};

/* clang-format off */
static const struct field layer_fields[] = {
	FIELD(struct look_layer, media_type,  "MIMEType",    STR,   0),
	FIELD(struct look_layer, digest,      "Digest",      STR,   0),
	FIELD(struct look_layer, size,        "Size",        I64,   0),
	FIELD(struct look_layer, annotations, "Annotations", PAIRS, FIELD_NULL_EMPTY),
};
static const struct schema layer_schema = SCHEMA("layer", struct look_layer, layer_fields);

static const struct field document_fields[] = {
	FIELD(struct look_document, name,           "Name",          STR,   FIELD_OMIT_EMPTY),
	FIELD(struct look_document, digest,         "Digest",        STR,   0),
	FIELD(struct look_document, tags,           "RepoTags",      STRS,  0),
	FIELD(struct look_document, created,        "Created",       STR,   0),
	FIELD(struct look_document, docker_version, "DockerVersion", STR,   0),
	FIELD(struct look_document, labels,         "Labels",        PAIRS, FIELD_NULL_EMPTY),
	FIELD(struct look_document, architecture,   "Architecture",  STR,   0),
	FIELD(struct look_document, variant,        "Variant",       STR,   FIELD_OMIT_EMPTY),
	FIELD(struct look_document, os,             "Os",            STR,   0),
	FIELD(struct look_document, layers,         "Layers",        STRS,  FIELD_NULL_EMPTY),
	FIELD_LIST(struct look_document, data,      "LayersData",    &layer_schema, 0),
	FIELD(struct look_document, env,            "Env",           STRS,  FIELD_NULL_EMPTY),
};
static const struct schema document_schema = SCHEMA("image", struct look_document, document_fields);

/* What Docker adds to a config. */
struct docker_words {
	const char *version;
};
static const struct field words_fields[] = { FIELD(struct docker_words, version, "docker_version", STR, 0) };
static const struct schema words_schema = SCHEMA("image config", struct docker_words, words_fields);
/* clang-format on */

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static int summary_make(const struct look *look, struct arena *a, struct buf *b, struct err *e)
{
	const struct oci_image_config *c = &look->config;
	struct docker_words words = { 0 };
	struct look_document d = { .name = look->name, .digest = look->digest, .tags = look->tags, .created = c->created, .labels = c->config.labels,
		.architecture = or_empty(c->architecture), .variant = c->variant, .os = or_empty(c->os), .env = c->config.env, .n_data = look->manifest.n_layers };
	int r = json_decode(look->config_text, &words_schema, 0, a, &words, e);

	if (r < 0)
		return r;
	d.docker_version = or_empty(words.version);
	d.data = arena_array(a, struct look_layer, d.n_data);
	for (size_t i = 0; i < d.n_data; i++) {
		const struct oci_descriptor *layer = &look->manifest.layers[i];

		d.data[i] = (struct look_layer){ layer->media_type, layer->digest, layer->size, layer->annotations };
		strs_push(a, &d.layers, layer->digest);
	}
	return json_encode(&document_schema, &d, JSON_INDENT_4, b) < 0 ? err_set(e, ERR_EXHAUSTED, "the document is too long") : 0;
}

/* ---- what is printed ---- */

/* --raw: as it is, byte by byte. --config alone: for people. */
static int document_print(const struct look *look, const struct look_options *o, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	struct str text = o->config ? look->config_text : look->text;

	if (o->raw) {
		fwrite(text.p, 1, text.n, stdout);
		return 0;
	}
	if (json_reindent(text, JSON_INDENT_4, &b) < 0)
		return err_set(e, ERR_EXHAUSTED, "the document is too long");
	puts(buf_text(&b));
	return 0;
}

static int summary_print(const struct look *look, const char *format, struct arena *a, struct err *e)
{
	scoped_buf struct buf json = BUF(LIMIT_DOCUMENT), out = BUF(LIMIT_DOCUMENT);
	bool rendered = format && !streq(format, "json");
	int r = summary_make(look, a, &json, e);

	if (r == 0 && rendered)
		r = template_render(format, buf_str(&json), &out, e);
	if (r == 0)
		puts(buf_text(rendered ? &out : &json));
	return r;
}

bool look_is_place(struct cli *c, const char *name)
{
	struct image_store *images;
	struct transport t;
	struct image image;
	struct err ignored; /* then it is no place, or no image */

	if (str_after(name, "docker://"))
		return true;
	return transport_parse(name, c->a, &t, &ignored) == 0 && cli_images(c, &images, &ignored) == 0 && image_find(images, name, c->a, &image, &ignored) < 0;
}

int look_print(struct cli *c, const char *name, const char *platform, const char *format, const struct look_options *o, struct err *e)
{
	struct pull_options p = registry_options_pull(&o->registry);
	const char *place = look_is_place(c, name) ? name : arena_printf(c->a, "tare:%s", name);
	enum look_depth depth = o->config ? LOOK_CONFIG : o->raw ? LOOK_MANIFEST : o->no_tags ? LOOK_CONFIG : LOOK_TAGS;
	struct image_store *images;
	struct look look;
	int r;

	if (format && (o->raw || o->config))
		return err_set(e, ERR_INVALID, "--format goes with neither --raw nor --config");
	r = cli_images(c, &images, e);
	if (r < 0)
		return r;
	p.platform = platform;
	p.cancel_fd = cancel_open();
	r = image_look(images, place, depth, &p, c->a, &look, e);
	if (r < 0)
		return r;
	return o->raw || o->config ? document_print(&look, o, e) : summary_print(&look, format, c->a, e);
}
