/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "base/vec.h"
#include "engine/filter.h"
#include "engine/health.h"
#include "engine/life.h"
#include "engine/image_mount.h"
#include "engine/list.h"
#include "engine/store.h"
#include "image/making/list.h"
#include "os/crew.h"
#include "os/file.h"
#include "os/survey.h"

/* Fewer containers are read faster than a thread begins. */
enum { LIST_PART = 16 };

/* ---- one container -------------------------------------------------------------------------------------------------------------------------- */

static int size_add(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	int64_t *total = arg;
	struct stat st;
	int r = 0;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (S_ISREG(st.st_mode))
		*total += st.st_size;
	if (S_ISDIR(st.st_mode)) {
		scoped_fd int sub = dir_open(dirfd, name);

		if (sub >= 0)
			r = dir_each(sub, size_add, arg);
	}
	return r;
}

static int64_t size_of_upper(const struct holding *h)
{
	scoped_fd int upper = dir_open(h->object.fd, "upper");
	int64_t total = 0;

	if (upper >= 0)
		dir_each(upper, size_add, &total);
	return total;
}

/* Its status, and what it wrote if that is asked. */
static int info_fill(struct holding *h, bool size, struct arena *a, struct container_info *ret, struct err *e)
{
	int r = store_status(h, a, ret, e);

	if (r == 0)
		ret->health = health_read(h, container_is_up(ret->status), a);
	if (r == 0 && size)
		ret->size_rw = size_of_upper(h);
	return r;
}

/* The same, unless an earlier run must be put away first. What is up has a monitor that was just seen alive: nobody asks for it twice. */
static int info_read(struct holding *h, bool size, struct arena *a, struct container_info *ret, bool *ret_stale, struct err *e)
{
	int r = info_fill(h, size, a, ret, e);

	*ret_stale = (r < 0 || !container_is_up(ret->status)) && store_is_stale(h, a);
	return r;
}

/* Reads a container and its status; what an earlier run left unfinished is put away first. */
static int info_load(struct engine *en, const char *id, bool size, struct arena *a, struct container_info *ret, struct err *e)
{
	struct holding *h = arena_new(a, struct holding);
	bool is_stale = false;
	int r = store_open(en, id, a, h, e);

	if (r == 0)
		r = info_read(h, size, a, ret, &is_stale, e);
	if (is_stale) {
		struct err ignored = { 0 };  /* `system check` names what cannot be put away */

		store_done(h);
		life_heal(en, id, a, &ignored);
		r = store_open(en, id, a, h, e);
		if (r == 0)
			r = info_fill(h, size, a, ret, e);
	}
	store_done(h);
	return r;
}

int list_info(struct engine *en, const char *ref, bool size, struct arena *a, struct container_info *ret, struct err *e)
{
	const char *id;
	int r = container_find(en, ref, a, &id, e);

	return r < 0 ? r : info_load(en, id, size, a, ret, e);
}

int container_inspect(struct engine *en, const char *ref, struct arena *a, struct container_info *ret, struct err *e)
{
	return list_info(en, ref, false, a, ret, e);
}

/* ---- many ------------------------------------------------------------------------------------------------------------------------------------- */

/* What the readers of a list share, and each one's part of it: every n-th name. */
struct listing {
	struct engine *en;
	const struct container_list_options *o;
	struct strs ids;
	unsigned n;
	struct reader {
		struct arena a;
		struct VEC(struct container_info) found;
		struct strs stale;       /* ids; putting them away is not for several at once */
	} readers[CREW_MAX];
};

/* A container to be shown, with the time it was made, by which the list is sorted. */
struct entry {
	struct timespec created;
	struct container_info info;
};

struct entries {
	struct entry *v;
	size_t n, cap;
};

static int id_add(void *arg, const char *name)
{
	struct listing *l = arg;

	if (text_is_hex(str_of(name), CONTAINER_ID_SIZE - 1))
		strs_push(&l->readers[0].a, &l->ids, arena_strdup(&l->readers[0].a, name));
	return 0;
}

static void read_one(const struct listing *l, struct reader *d, const char *id)
{
	struct holding *h = arena_new(&d->a, struct holding);
	struct container_info i;
	bool is_stale;
	struct err ignored = { 0 };  /* gone meanwhile, or damaged: `system check` names it */

	if (store_open(l->en, id, &d->a, h, &ignored) == 0) {
		int r = info_read(h, l->o->size, &d->a, &i, &is_stale, &ignored);

		if (is_stale)
			strs_push(&d->a, &d->stale, id);
		else if (r == 0)
			*vec_push(&d->a, &d->found) = i;
	}
	store_done(h);
}

static void read_part(void *arg, unsigned index)
{
	struct listing *l = arg;

	for (size_t i = index; i < l->ids.n; i += l->n)
		read_one(l, &l->readers[index], l->ids.v[i]);
}

static bool is_shown(const struct container_info *i, const struct container_list_options *o, const struct filters *filters)
{
	return (o->all || o->last || filters->names_status || container_is_up(i->status)) && filters_pass(filters, i);
}

static void entry_add(struct entries *list, const struct container_info *i, struct arena *a)
{
	struct entry *x = vec_push(a, list);

	*x = (struct entry){ .info = *i };
	text_time_parse(i->c->created, &x->created);
}

/* What one reader found, and what had to be put away first. */
static void part_take(struct listing *l, struct reader *d, const struct filters *filters, struct arena *a, struct entries *ret)
{
	for (size_t i = 0; i < d->found.n; i++)
		if (is_shown(&d->found.v[i], l->o, filters))
			entry_add(ret, &d->found.v[i], a);
	for (size_t i = 0; i < d->stale.n; i++) {
		struct container_info info;
		struct err ignored = { 0 };  /* as in read_one */

		if (info_load(l->en, d->stale.v[i], l->o->size, a, &info, &ignored) == 0 && is_shown(&info, l->o, filters))
			entry_add(ret, &info, a);
	}
}

static int newest_first(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	if (a->created.tv_sec != b->created.tv_sec)
		return a->created.tv_sec < b->created.tv_sec ? 1 : -1;
	if (a->created.tv_nsec != b->created.tv_nsec)
		return a->created.tv_nsec < b->created.tv_nsec ? 1 : -1;
	return strcmp(a->info.c->id, b->info.c->id);
}

int container_list(struct engine *en, const struct container_list_options *o, struct arena *a, struct container_info **ret, size_t *ret_n,
		struct err *e)
{
	struct listing l = { .en = en, .o = o };
	struct filters filters;
	struct entries shown = { 0 };
	int r = filters_parse(en, &o->filters, a, &filters, e);

	if (r == 0) {
		r = objdir_each(&en->containers, id_add, &l);
		r = r < 0 ? err_sys(e, r, "list containers") : 0;
	}
	l.n = crew_size(l.ids.n, LIST_PART);
	if (r == 0)
		crew_run(l.n, read_part, &l);
	for (unsigned i = 0; i < l.n; i++)
		arena_take(a, &l.readers[i].a);
	for (unsigned i = 0; i < l.n && r == 0; i++)
		part_take(&l, &l.readers[i], &filters, a, &shown);
	if (r < 0)
		return r;
	if (shown.n)
		qsort(shown.v, shown.n, sizeof *shown.v, newest_first);
	*ret_n = o->last > 0 && (size_t)o->last < shown.n ? (size_t)o->last : shown.n;
	*ret = arena_array(a, struct container_info, *ret_n);
	for (size_t i = 0; i < *ret_n; i++)
		(*ret)[i] = shown.v[i].info;
	return 0;
}

/* ---- who uses what ------------------------------------------------------------------------------------------------------------------------------ */

struct image_search {
	struct engine *en;
	const char *id;
	char *who;
	size_t size;
};

/* It is made of the image, or has it mounted. */
static bool has_image(const struct container *c, const char *id)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (streq(c->mounts[i].image, id))
			return true;
	return streq(c->image.id, id);
}

static int image_is_used(void *arg, const char *name)
{
	struct image_search *s = arg;
	scoped_arena struct arena a = { 0 };
	scoped_holding struct holding h = HOLDING_NONE;
	struct err ignored = { 0 };

	if (store_open(s->en, name, &a, &h, &ignored) < 0 || !has_image(&h.c, s->id))
		return 0;
	snprintf(s->who, s->size, "container '%s'", h.c.name);
	return 1;
}

bool engine_image_user(void *engine, const char *id, char *ret_who, size_t size)
{
	struct engine *en = engine;
	struct image_search s = { en, id, ret_who, size };

	return objdir_each(&en->containers, image_is_used, &s) > 0 || image_mount_user(en, id, ret_who, size);
}

bool engine_image_keeper(void *engine, const char *id, char *ret_who, size_t size)
{
	struct image_store *s;
	struct err ignored; /* without a store there is nothing to keep */

	return engine_image_user(engine, id, ret_who, size) || (engine_images(engine, &s, &ignored) == 0 && list_uses(s, id, ret_who, size));
}

static bool has_label(const struct pairs *labels, const struct pair *want)
{
	for (size_t i = 0; i < labels->n; i++)
		if (streq(labels->v[i].key, want->key))
			return !want->value || streq(labels->v[i].value, want->value);
	return false;
}

static bool is_pruned(const struct container *c, const struct prune_filter *f)
{
	struct timespec t;

	if (f->until > 0 && (text_time_parse(c->created, &t) < 0 || t.tv_sec >= f->until))
		return false;
	for (size_t i = 0; i < f->labels.n; i++)
		if (!has_label(&c->labels, &f->labels.v[i]))
			return false;
	for (size_t i = 0; i < f->not_labels.n; i++)
		if (has_label(&c->labels, &f->not_labels.v[i]))
			return false;
	return true;
}

int container_prune(struct engine *en, const struct prune_filter *filter, void (*each)(void *arg, const char *id), void *arg, uint64_t *ret_bytes,
	struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct container_list_options all = { .all = true };
	struct container_remove_options plain = { 0 };
	struct container_info *v;
	size_t n;
	int r = container_list(en, &all, &a, &v, &n, e);

	for (size_t i = 0; r == 0 && i < n; i++) {
		uint64_t bytes = 0;

		if ((v[i].status != CONTAINER_CREATED && v[i].status != CONTAINER_EXITED) || !is_pruned(v[i].c, filter))
			continue;
		if (ret_bytes)
			survey_entry(en->containers.fd, v[i].c->id, &bytes);
		r = container_remove(en, v[i].c->id, &plain, e);
		if (r == 0) {
			each(arg, v[i].c->id);
			if (ret_bytes)
				*ret_bytes += bytes;
		} else if (e->kind == ERR_NOT_FOUND || e->kind == ERR_CONFLICT) {
			r = 0;  /* removed or started by somebody else meanwhile */
		}
	}
	return r;
}
