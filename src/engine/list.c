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
#include "engine/life.h"
#include "engine/image_mount.h"
#include "engine/list.h"
#include "engine/store.h"
#include "image/making/list.h"
#include "os/file.h"
#include "os/survey.h"

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

/* Reads a container and its status; what an earlier run left unfinished is put away first. */
static int info_load(struct engine *en, const char *id, bool size, struct arena *a, struct container_info *ret, struct err *e)
{
	struct holding *h = arena_new(a, struct holding);
	int r = store_open(en, id, a, h, e);

	if (r == 0 && store_is_stale(h, a)) {
		struct err ignored = { 0 };  /* `system check` names what cannot be put away */

		store_done(h);
		life_heal(en, id, a, &ignored);
		r = store_open(en, id, a, h, e);
	}
	if (r == 0)
		r = store_status(h, a, ret, e);
	if (r == 0 && size)
		ret->size_rw = size_of_upper(h);
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

struct listing {
	struct engine *en;
	struct arena *a;
	const struct container_list_options *o;
	struct filters filters;
	struct VEC(struct container_info) found;
};

static bool is_shown(const struct container_info *i, const struct listing *l)
{
	return l->o->all || l->o->last || l->filters.names_status || container_is_up(i->status);
}

static int list_one(void *arg, const char *name)
{
	struct listing *l = arg;
	struct container_info i;
	struct err ignored = { 0 };  /* gone meanwhile, or damaged: `system check` names it */

	if (!text_is_hex(str_of(name), CONTAINER_ID_SIZE - 1) || info_load(l->en, name, l->o->size, l->a, &i, &ignored) < 0)
		return 0;
	if (is_shown(&i, l) && filters_pass(&l->filters, &i))
		*vec_push(l->a, &l->found) = i;
	return 0;
}

/* Negative, zero, positive as @x was made before, with or after @y. */
static int created_compare(const struct container *x, const struct container *y)
{
	struct timespec s = { 0 }, t = { 0 };

	text_time_parse(x->created, &s);
	text_time_parse(y->created, &t);
	if (s.tv_sec != t.tv_sec)
		return s.tv_sec < t.tv_sec ? -1 : 1;
	return (s.tv_nsec > t.tv_nsec) - (s.tv_nsec < t.tv_nsec);
}

static int newest_first(const void *x, const void *y)
{
	const struct container_info *a = x, *b = y;
	int c = created_compare(b->c, a->c);

	return c ? c : strcmp(a->c->id, b->c->id);
}

int container_list(struct engine *en, const struct container_list_options *o, struct arena *a, struct container_info **ret, size_t *ret_n,
		struct err *e)
{
	struct listing l = { .en = en, .a = a, .o = o };
	int r = filters_parse(en, &o->filters, a, &l.filters, e);

	if (r < 0)
		return r;
	r = objdir_each(&en->containers, list_one, &l);
	if (r < 0)
		return err_sys(e, r, "list containers");
	if (l.found.n)
		qsort(l.found.v, l.found.n, sizeof *l.found.v, newest_first);
	*ret = l.found.v;
	*ret_n = o->last > 0 && (size_t)o->last < l.found.n ? (size_t)o->last : l.found.n;
	return 0;
}

/* ---- who uses what ------------------------------------------------------------------------------------------------------------------------------ */

struct image_search {
	struct engine *en;
	const char *id;
	char *who;
	size_t size;
};

static int image_is_used(void *arg, const char *name)
{
	struct image_search *s = arg;
	scoped_arena struct arena a = { 0 };
	scoped_holding struct holding h = HOLDING_NONE;
	struct err ignored = { 0 };

	if (store_open(s->en, name, &a, &h, &ignored) < 0 || !streq(h.c.image.id, s->id))
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
