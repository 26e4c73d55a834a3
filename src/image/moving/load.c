/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image/moving/load.h"
#include "base/limits.h"
#include "base/vec.h"
#include "image/making/assemble.h"
#include "image/moving/bring.h"
#include "image/moving/inlet_docker.h"
#include "image/moving/layout_index.h"
#include "image/moving/pull.h"
#include "image/origin.h"
#include "image/trust/trust.h"
#include "spec/event.h"

struct load {
	struct image_store *store;
	const struct pull_options *options;
	struct arena *arena;
	const char *path;
	const struct transport *only; /* one image, nameless; NULL: all that are in it */
	bool directory;
	struct courier courier;
	struct oci_platform platform;
	struct VEC(struct image_record) records;
};

static void load_done(struct load *l)
{
	courier_done(&l->courier);
}

static void say_loaded(const struct load *l, const struct image_record *record)
{
	struct reference ref;
	struct err ignored; /* a nameless image is told by its id */

	if (!l->options->message)
		return;
	if (record->reference && reference_parse(record->reference, l->arena, &ref, &ignored) == 0)
		l->options->message(l->options->arg, arena_printf(l->arena, "Loaded image: %s", reference_familiar(&ref, l->arena)));
	else
		l->options->message(l->options->arg, arena_printf(l->arena, "Loaded image ID: %s", record->id));
}

/* A name from an archive, canonical; NULL if it is none: the image is loaded without. */
static const char *name_take(struct load *l, const char *text)
{
	struct reference ref;
	struct err ignored;

	if (!text || l->only || reference_parse(text, l->arena, &ref, &ignored) < 0 || ref.digest)
		return NULL;
	return reference_print(&ref, l->arena);
}

/* ---- OCI layout and oci-archive ---- */

static int descriptor_load(struct load *l, const struct oci_descriptor *d, struct err *e)
{
	scoped_bring struct bring b = BRING(.store = l->store, .courier = &l->courier, .options = l->options, .arena = l->arena,
		.platform = l->platform, .layout = true, .digest = d->digest);
	const char *name = pairs_find(&d->annotations, "io.containerd.image.name");
	int r;

	b.reference = name_take(l, name ? name : pairs_find(&d->annotations, "org.opencontainers.image.ref.name"));
	r = bring_run(&b, e);
	if (r < 0) {
		courier_done(&l->courier); /* nobody writes any more when the locks go */
		return r;
	}
	*vec_push(l->arena, &l->records) = b.record;
	say_loaded(l, &b.record);
	return 0;
}

/* Several entries of one image for other platforms are passed over, as long as one fits. */
static bool is_for_another_platform(const struct load *l, const struct oci_index *index, const struct oci_descriptor *d)
{
	struct oci_index one = { .manifests = (struct oci_descriptor *)(uintptr_t)d, .n_manifests = 1 };

	return d->platform && index->n_manifests > 1 && !oci_index_select(&one, &l->platform);
}

static int layout_load(struct load *l, struct str text, struct err *e)
{
	struct oci_index index;
	size_t n = 0;
	const struct oci_descriptor *one;
	int r = oci_index_decode(text, l->arena, &index, e);

	if (r < 0)
		return err_wrap(e, "index.json");
	if (l->only) {
		r = layout_index_choose(text, l->only, l->arena, &one, e);
		return r < 0 ? r : descriptor_load(l, one, e);
	}
	for (size_t i = 0; i < index.n_manifests; i++) {
		const struct oci_descriptor *d = &index.manifests[i];
		enum media_kind kind = media_kind_of(d->media_type);

		if ((kind != MEDIA_MANIFEST && kind != MEDIA_INDEX) || is_for_another_platform(l, &index, d))
			continue;
		r = descriptor_load(l, d, e);
		if (r < 0)
			return r;
		n++;
	}
	return n > 0 ? 0 : err_set(e, ERR_NOT_FOUND, "there is no image for platform '%s' in it", oci_platform_print(&l->platform, l->arena));
}

/* ---- dir: ---- */

static int dir_load(struct load *l, struct err *e)
{
	scoped_bring struct bring b = BRING(.store = l->store, .courier = &l->courier, .options = l->options, .arena = l->arena,
		.platform = l->platform, .flat = true);
	int r = bring_run(&b, e);

	if (r < 0) {
		courier_done(&l->courier); /* nobody writes any more when the locks go */
		return r;
	}
	*vec_push(l->arena, &l->records) = b.record;
	say_loaded(l, &b.record);
	return 0;
}

/* ---- docker-archive ---- */

static void item_names(struct load *l, const struct docker_archive_item *item, struct strs *ret)
{
	for (size_t i = 0; i < item->repo_tags.n; i++) {
		const char *name = name_take(l, item->repo_tags.v[i]);

		if (name)
			strs_push(l->arena, ret, name);
	}
}

static int item_take(struct load *l, struct intake *in, const struct docker_archive_item *item, struct image_record *ret, struct err *e)
{
	struct oci_image_config config;
	struct intake_layer *layers;
	struct strs names = { 0 };
	struct document document;
	int r;

	r = courier_get(&l->courier, item->config, NULL, LIMIT_MANIFEST, l->arena, &document, e);
	if (r == 0)
		r = oci_image_config_decode(document.text, l->arena, &config, e);
	if (r < 0)
		return err_wrap(e, "config '%.100s'", item->config);
	if (config.os && *config.os && strcmp(config.os, "linux") != 0)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: an image for '%.60s' in an archive of an older Docker, which has no digests of its layers", config.os);
	if (config.rootfs.diff_ids.n != item->layers.n)
		return err_set(e, ERR_INVALID, "manifest.json has %zu layers, config has %zu", item->layers.n, config.rootfs.diff_ids.n);
	layers = arena_array(l->arena, struct intake_layer, item->layers.n);
	for (size_t i = 0; i < item->layers.n; i++)
		layers[i] = (struct intake_layer){ .name = item->layers.v[i], .diff_id = config.rootfs.diff_ids.v[i], .size = -1 };
	item_names(l, item, &names);
	intake_init(in, l->store, &l->courier, l->options, l->arena, layers, item->layers.n);
	in->at_hand = true;
	for (size_t i = 0; i < names.n; i++)
		in->vouched |= content_record_lacks(l->store, names.v[i], l->arena);
	r = intake_run(in, e);
	if (r < 0)
		return r;
	r = assemble(in, document.text, &config, &names, ret, e);
	for (size_t i = 0; i < names.n && r == 0; i++)
		say_loaded(l, &(struct image_record){ .reference = names.v[i], .id = ret->id });
	if (r == 0 && names.n == 0)
		say_loaded(l, ret);
	return r;
}

static int docker_load(struct load *l, struct str text, struct err *e)
{
	struct docker_archive archive;
	int r = docker_archive_decode(text, l->arena, &archive, e);

	if (r < 0)
		return err_wrap(e, "manifest.json");
	if (l->only) {
		const struct docker_archive_item *one;

		r = inlet_docker_choose(&archive, l->only, l->arena, &one, e);
		if (r < 0)
			return r;
		archive = (struct docker_archive){ arena_memdup(l->arena, one, sizeof *one), 1 };
	}
	for (size_t i = 0; i < archive.n_items && r == 0; i++) {
		struct intake in = { 0 };
		struct image_record record;

		r = item_take(l, &in, &archive.items[i], &record, e);
		if (r < 0)
			courier_done(&l->courier);
		else
			*vec_push(l->arena, &l->records) = record;
		intake_done(&in);
		if (r < 0)
			intake_undo(&in);
	}
	return r;
}

/* ---- which is it ---- */

/* A file has no signatures; the policy says whether it may come in without. */
static int format_check(struct load *l, const char *transport, struct err *e)
{
	scoped_free char *real = l->path && strcmp(l->path, "-") != 0 ? realpath(l->path, NULL) : NULL;
	struct trust trust;
	int r = trust_load(l->options->signature_policy, l->arena, &trust, e);

	return r < 0 ? r : trust_check_path(&trust, transport, real ? real : "", l->arena, e);
}

/* An archive of a newer Docker is both; the OCI side has digests for all it says. */
static int contents_load(struct load *l, struct err *e)
{
	struct document layout, index, version, manifest;
	struct err why;

	if (courier_get(&l->courier, "oci-layout", NULL, LIMIT_PROC_FILE, l->arena, &layout, &why) == 0 &&
		courier_get(&l->courier, "index.json", NULL, LIMIT_MANIFEST, l->arena, &index, e) == 0) {
		int r = oci_layout_check(layout.text, e);

		if (r == 0)
			r = format_check(l, l->directory ? "oci" : "oci-archive", e);
		return r < 0 ? r : layout_load(l, index.text, e);
	}
	if (courier_get(&l->courier, "version", NULL, LIMIT_PROC_FILE, l->arena, &version, &why) == 0 &&
		str_after(version.text.p, "Directory Transport Version: 1.")) {
		int r = format_check(l, "dir", e);

		return r < 0 ? r : dir_load(l, e);
	}
	if (courier_get(&l->courier, "manifest.json", NULL, LIMIT_MANIFEST, l->arena, &manifest, &why) == 0) {
		int r = format_check(l, "docker-archive", e);

		return r < 0 ? r : docker_load(l, manifest.text, e);
	}
	if (why.kind != ERR_NOT_FOUND) {
		*e = why;
		return -e->sys;
	}
	return err_set(e, ERR_INVALID, "neither an OCI layout nor a docker-archive; for a plain root file system there is 'import'");
}

static void images_of(const struct load *l, struct images *ret)
{
	ret->v = arena_array(l->arena, struct image, l->records.n);
	for (size_t i = 0; i < l->records.n; i++) {
		const struct image_record *record = &l->records.v[i];
		struct err ignored; /* removed since: loaded it was all the same */

		if (content_image_load(l->store, record, l->arena, &ret->v[i], &ignored) < 0) {
			ret->v[i] = (struct image){ .id = record->id, .manifest = record->manifest, .index = record->index };
			if (record->reference)
				strs_push(l->arena, &ret->v[i].names, record->reference);
		}
	}
	ret->n = l->records.n;
}

static int load(struct image_store *s, const char *path, int fd, const struct transport *only, const struct pull_options *o, struct arena *a,
	struct images *ret, struct err *e)
{
	SCOPED(load_done) struct load l = { .store = s, .options = o, .arena = a, .courier = COURIER_NONE, .path = path, .only = only };
	struct stat st;
	int r;

	l.directory = path && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	oci_platform_host(&l.platform);
	r = o->platform ? oci_platform_parse(o->platform, a, &l.platform, e) : 0;
	if (r == 0)
		r = origin_open(s, path, fd, SOURCE_ARCHIVE, SOURCE_LAYOUT, o, &l.courier, e);
	if (r == 0)
		r = contents_load(&l, e);
	if (r < 0)
		return err_wrap(e, "load '%.200s'", path ? path : "standard input");
	images_of(&l, ret);
	return 0;
}

int image_load(struct image_store *s, const char *path, int fd, const struct pull_options *o, struct arena *a, struct images *ret, struct err *e)
{
	int r = load(s, path, fd, NULL, o, a, ret, e);

	for (size_t i = 0; r == 0 && i < ret->n; i++)
		event_note(s->root, EVENT_IMAGE, "load", ret->v[i].id, "name", ret->v[i].names.n ? ret->v[i].names.v[0] : ret->v[i].id, NULL);
	return r;
}

int load_one(struct image_store *s, const struct transport *from, const struct pull_options *o, struct arena *a, struct image *ret, struct err *e)
{
	struct images list;
	int r = load(s, from->path, -1, from, o, a, &list, e);

	if (r == 0)
		*ret = list.v[0];
	return r;
}
