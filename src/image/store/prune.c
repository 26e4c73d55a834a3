/* SPDX-License-Identifier: Apache-2.0 */
/* The part of image.h that tidies: images nobody uses, then by reachability what no image needs. What is locked is being worked on and stays. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/vec.h"
#include "image/store/content.h"
#include "image/store/leftover.h"
#include "image/store/remove.h"
#include "os/fd.h"
#include "os/survey.h"

struct pruning {
	struct image_store *store;
	const struct image_prune_options *options;
	image_in_use_fn in_use;
	void *arg;
	struct arena *a;
	struct image_removal *ret;
	struct strs blobs, layers;   /* that are here */
	const char *prefix;          /* of the digests in the directory being listed */
};

/* ---- images ---- */

static bool has_label(const struct pairs *labels, const struct pair *want)
{
	for (size_t i = 0; i < labels->n; i++)
		if (streq(labels->v[i].key, want->key))
			return !want->value || streq(labels->v[i].value, want->value);
	return false;
}

static bool is_before(const char *created, int64_t until)
{
	struct timespec t;

	return created && text_time_parse(created, &t) == 0 && t.tv_sec < until;
}

static bool is_wanted(const struct pruning *p, const struct image *image)
{
	const struct image_prune_options *o = p->options;

	if (image->names.n > 0 && !o->all)
		return false;
	if (o->until > 0 && !is_before(image->config.created, o->until))
		return false;
	for (size_t i = 0; i < o->labels.n; i++)
		if (!has_label(&image->config.config.labels, &o->labels.v[i]))
			return false;
	for (size_t i = 0; i < o->not_labels.n; i++)
		if (has_label(&image->config.config.labels, &o->not_labels.v[i]))
			return false;
	return true;
}

static int images_prune(struct pruning *p, struct err *e)
{
	struct images list;
	int r = image_list(p->store, p->a, &list, e);

	for (size_t i = 0; r == 0 && i < list.n; i++)
		if (is_wanted(p, &list.v[i]))
			image_remove_unused(p->store, &list.v[i], p->in_use, p->arg, p->a, p->ret);
	return r;
}

/* ---- what no image needs ---- */

static int blob_visit(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct pruning *p = arg;
	const char *digest = arena_printf(p->a, "%s:%s", p->prefix, name);
	struct digest d;

	if (digest_parse(digest, &d) == 0)
		strs_push(p->a, &p->blobs, digest);
	return 0;
}

static int layer_visit(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct pruning *p = arg;
	const char *diff_id = content_layer_of_entry(p->store, name, p->a);

	if (diff_id)
		strs_push(p->a, &p->layers, diff_id);
	return 0;
}

static void leftover_drop(void *arg, const struct leftover *l)
{
	leftover_remove(l); /* what cannot be removed is found again next time */
}

/* Only what no readable record needs goes (remove_unneeded() looks); so all records must be readable. */
static int orphans_sweep(struct pruning *p, struct err *e)
{
	static const char *const prefixes[] = { "sha256", "sha512" };
	struct image_records all;
	struct strs bad = { 0 };
	int r = content_records(p->store, p->a, &all, &bad, e);

	if (r < 0)
		return r;
	if (bad.n > 0)
		return err_set(e, ERR_CORRUPT, "the record of an image is damaged ('%.100s'); run 'tare system check --repair' first", bad.v[0]);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(prefixes); i++) {
		scoped_fd int fd = dir_open(p->store->blobs_fd, prefixes[i]);

		p->prefix = prefixes[i];
		r = fd < 0 ? fd : dir_each(fd, blob_visit, p);
	}
	if (r == 0)
		r = dir_each(p->store->layers_fd, layer_visit, p);
	if (r < 0)
		return err_sys(e, r, "list blobs and layers");
	r = remove_unneeded(p->store, &p->layers, &p->blobs, p->a, &p->ret->deleted, e);
	if (r < 0)
		return r;
	return leftovers_each(p->store, leftover_drop, p, e);
}

/* ---- the interface ---- */

void image_remove_unused(struct image_store *s, const struct image *image, image_in_use_fn in_use, void *arg, struct arena *a,
	struct image_removal *sum)
{
	int flags = image->names.n ? 0 : IMAGE_REMOVE_NAMELESS;
	struct strs names = image->names;
	char who[256];

	if (in_use && in_use(arg, image->id, who, sizeof who))
		return;
	if (names.n == 0)
		strs_push(a, &names, image->id);
	for (size_t i = 0; i < names.n; i++) {
		struct image_removal one;
		struct err ignored; /* in use, or just taken: it stays */

		if (image_remove(s, names.v[i], flags, in_use, arg, a, &one, &ignored) < 0)
			continue;
		for (size_t k = 0; k < one.untagged.n; k++)
			strs_push(a, &sum->untagged, one.untagged.v[k]);
		for (size_t k = 0; k < one.deleted.n; k++)
			strs_push(a, &sum->deleted, one.deleted.v[k]);
	}
}

static uint64_t content_bytes(const struct image_store *s)
{
	uint64_t blobs = 0, layers = 0;

	survey_entry(s->root_fd, "blobs", &blobs);
	survey_entry(s->root_fd, "layers", &layers);
	return blobs + layers;
}

static void bytes_count(struct pruning *p, uint64_t before)
{
	uint64_t after = content_bytes(p->store);

	p->ret->bytes = before > after ? before - after : 0; /* a pull may have brought more meanwhile */
}

int image_sweep(struct image_store *s, struct arena *a, struct image_removal *ret, struct err *e)
{
	struct pruning p = { .store = s, .a = a, .ret = ret };
	uint64_t before = content_bytes(s);
	int r;

	*ret = (struct image_removal){ 0 };
	r = orphans_sweep(&p, e);
	bytes_count(&p, before);
	return r;
}

int image_prune(struct image_store *s, const struct image_prune_options *o, image_in_use_fn in_use, void *arg, struct arena *a,
	struct image_removal *ret, struct err *e)
{
	struct pruning p = { .store = s, .options = o, .in_use = in_use, .arg = arg, .a = a, .ret = ret };
	uint64_t before = content_bytes(s);
	int r;

	*ret = (struct image_removal){ 0 };
	r = images_prune(&p, e);
	if (r == 0)
		r = orphans_sweep(&p, e);
	bytes_count(&p, before);
	return r;
}
