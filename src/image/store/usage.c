/* SPDX-License-Identifier: Apache-2.0 */
#include "image/store/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/vec.h"
#include "image/store/content.h"
#include "image/store/remove.h"
#include "os/fd.h"
#include "os/survey.h"

/* One layer (with its record) or blob. */
struct item {
	const char *hex;
	uint64_t bytes;
	uint32_t users;
	bool active;
};

struct items {
	struct item *v;
	size_t n, cap;
};

struct measuring {
	struct image_store *store;
	struct arena *a;
	struct items blobs, layers;
	struct items *into;        /* while a directory is listed */
	uint64_t orphans;
};

static bool is_special(const char *name)
{
	return strcmp(name, "ingest") == 0;
}

static int item_visit(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct measuring *m = arg;
	uint64_t bytes;

	if (is_special(name) || survey_entry(dirfd, name, &bytes) < 0)
		return 0;
	*vec_push(m->a, m->into) = (struct item){ .hex = arena_strndup(m->a, name, strcspn(name, ".")), .bytes = bytes };
	return 0;
}

static int by_hex(const void *x, const void *y)
{
	return strcmp(((const struct item *)x)->hex, ((const struct item *)y)->hex);
}

/* Lists a directory of objects; what belongs to one (a layer and its record) becomes one. */
static int items_list(struct measuring *m, int dirfd, const char *path, struct items *ret)
{
	scoped_fd int fd = dir_open(dirfd, path);
	int r;

	m->into = ret;
	r = fd < 0 ? fd : dir_each(fd, item_visit, m);
	return r;
}

static void items_sort(struct items *list)
{
	size_t n = 0;

	if (list->n == 0)
		return;
	qsort(list->v, list->n, sizeof *list->v, by_hex);
	for (size_t i = 1; i < list->n; i++) {
		if (strcmp(list->v[n].hex, list->v[i].hex) == 0)
			list->v[n].bytes += list->v[i].bytes;
		else
			list->v[++n] = list->v[i];
	}
	list->n = n + 1;
}

static struct item *item_find(const struct items *list, const char *digest)
{
	struct item key = { .hex = digest_hex(digest) };

	return list->n ? bsearch(&key, list->v, list->n, sizeof key, by_hex) : NULL;
}

static int leftover_visit(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct measuring *m = arg;
	uint64_t bytes;

	if (survey_entry(dirfd, name, &bytes) == 0)
		m->orphans += bytes;
	return 0;
}

static int everything_list(struct measuring *m, struct err *e)
{
	int r = items_list(m, m->store->blobs_fd, "sha256", &m->blobs);

	if (r == 0)
		r = items_list(m, m->store->blobs_fd, "sha512", &m->blobs);
	if (r == 0)
		r = items_list(m, m->store->root_fd, "layers", &m->layers);
	if (r == 0)
		r = dir_each(m->store->ingest_fd, leftover_visit, m);
	if (r == 0)
		r = dir_each(m->store->layer_ingest_fd, leftover_visit, m);
	items_sort(&m->blobs);
	items_sort(&m->layers);
	return r < 0 ? err_sys(e, r, "list blobs and layers") : 0;
}

/* ---- images ---- */

struct needs {
	struct strs blobs, layers;
};

static void needs_use(const struct measuring *m, const struct needs *needs, bool active)
{
	for (size_t i = 0; i < needs->blobs.n + needs->layers.n; i++) {
		bool is_blob = i < needs->blobs.n;
		struct item *o = is_blob ? item_find(&m->blobs, needs->blobs.v[i]) : item_find(&m->layers, needs->layers.v[i - needs->blobs.n]);

		if (o)
			o->users++;
		if (o && active)
			o->active = true;
	}
}

static void needs_sum(const struct measuring *m, const struct needs *needs, struct image_space *ret)
{
	for (size_t i = 0; i < needs->blobs.n + needs->layers.n; i++) {
		bool is_blob = i < needs->blobs.n;
		const struct item *o = is_blob ? item_find(&m->blobs, needs->blobs.v[i]) : item_find(&m->layers, needs->layers.v[i - needs->blobs.n]);

		if (o)
			*(o->users > 1 ? &ret->shared : &ret->unique) += o->bytes;
	}
}

static void items_sum(const struct measuring *m, struct image_usage *u)
{
	const struct items *lists[] = { &m->blobs, &m->layers };
	uint64_t *sums[] = { &u->blob_bytes, &u->layer_bytes };

	for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
		VEC_EACH(const struct item, o, lists[k]) {
			*(o->users ? sums[k] : &u->orphans) += o->bytes;
			u->idle += o->users && !o->active ? o->bytes : 0;
		}
	}
	VEC_EACH(const struct item, o, &m->layers)
		u->n_layers += o->users > 0;
	u->orphans += m->orphans;
}

static int by_id(const void *x, const void *y)
{
	return strcmp(((const struct image_record *)x)->id, ((const struct image_record *)y)->id);
}

/* All records of one id, which stand together, are one image. */
static size_t image_take(struct measuring *m, const struct image_record *records, size_t n, struct image_space *space, struct needs *needs)
{
	struct oci_image_config config;
	struct err ignored; /* damaged: it needs nothing, and `system check` says so */
	struct str text;
	size_t k = 0;

	*space = (struct image_space){ .id = records->id };
	for (; k < n && strcmp(records[k].id, records->id) == 0; k++) {
		(void)remove_needs(m->store, &records[k], m->a, &needs->blobs, &needs->layers);
		if (records[k].reference)
			strs_push(m->a, &space->names, records[k].reference);
	}
	if (content_blob_read(m->store, records->id, m->a, &text, &ignored) == 0 && oci_image_config_decode(text, m->a, &config, &ignored) == 0)
		space->created = config.created;
	return k;
}

int image_usage(struct image_store *s, image_in_use_fn in_use, void *arg, struct arena *a, struct image_usage *ret, struct err *e)
{
	struct measuring m = { .store = s, .a = a };
	struct image_usage u = { 0 };
	struct image_records all;
	struct needs *needs;
	char who[128];
	int r = everything_list(&m, e);

	if (r == 0)
		r = content_records(s, a, &all, NULL, e);
	if (r < 0)
		return r;
	if (all.n > 0)
		qsort(all.v, all.n, sizeof *all.v, by_id);
	u.v = arena_array(a, struct image_space, all.n);
	needs = arena_array(a, struct needs, all.n);
	for (size_t i = 0; i < all.n; u.n_images++) {
		struct image_space *space = &u.v[u.n_images];

		i += image_take(&m, &all.v[i], all.n - i, space, &needs[u.n_images]);
		space->active = in_use && in_use(arg, space->id, who, sizeof who);
		u.n_active += space->active;
		needs_use(&m, &needs[u.n_images], space->active);
	}
	for (size_t i = 0; i < u.n_images; i++)
		needs_sum(&m, &needs[i], &u.v[i]);
	items_sum(&m, &u);
	*ret = u;
	return 0;
}
