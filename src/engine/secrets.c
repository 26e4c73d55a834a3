/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"
#include "engine/id.h"
#include "engine/internal.h"
#include "engine/request.h"
#include "engine/store.h"

#define FILE_SECRET "secret.json"
#define FILE_DATA "data"

/* Opened when needed: few commands want it. */
static int secrets_open(struct engine *en, struct objdir *ret, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	const char *path = arena_printf(&a, "%s/secrets", en->root);
	int r = objdir_open(ret, AT_FDCWD, path, 0);

	return r < 0 ? err_sys(e, r, "open '%s'", path) : 0;
}

static int document_read(const struct objdir *d, const char *name, struct arena *a, struct secret *ret, struct err *e)
{
	scoped_object struct object o = OBJECT_NONE;
	char *text;
	size_t n;
	int r = objdir_name_is_valid(name) ? object_open(d, name, &o) : -ENOENT;

	if (r == -ENOENT || (r == 0 && !object_is_finished(&o)))
		return err_set(e, ERR_NOT_FOUND, "no such secret: %s", name);
	if (r == 0)
		r = object_read(&o, FILE_SECRET, LIMIT_DOCUMENT, a, &text, &n);
	if (r < 0)
		return err_sys(e, r, "read secret '%s'", name);
	r = json_decode((struct str){ text, n }, &secret_schema, 0, a, ret, e);
	return r < 0 ? err_wrap(e, "secret '%s'", name) : 0;
}

/* ---- making --------------------------------------------------------------------------------------------------------------------------------------- */

static int request_of_secret_check(const struct secret_request *q, struct err *e)
{
	if (!request_name_is_valid(q->name))
		return err_set(e, ERR_INVALID, "'%s' is no name for a secret: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", q->name);
	if (q->data.n == 0 || q->data.n > LIMIT_SECRET)
		return err_set(e, ERR_INVALID, "a secret has between 1 and %d bytes, not %zu", LIMIT_SECRET, q->data.n);
	return 0;
}

static struct secret secret_of(const struct secret_request *q, struct arena *a)
{
	char id[CONTAINER_ID_SIZE], now[TEXT_TIME_SIZE];
	struct timespec t;

	id_new(id);
	clock_gettime(CLOCK_REALTIME, &t);
	text_time(t, now);
	return (struct secret){ .version = SECRET_VERSION, .id = arena_strndup(a, id, SECRET_ID_SIZE - 1), .name = q->name, .created = arena_strdup(a, now),
		.updated = arena_strdup(a, now), .labels = q->labels };
}

/* A new object takes the old one's place in one moment: nobody sees new labels with old contents. */
static int secret_place(const struct objdir *d, const struct secret_request *q, const struct secret *s, const struct object *old, struct err *e)
{
	scoped_object struct object o = OBJECT_NONE;
	char hidden[OBJDIR_HIDDEN];
	int r = object_create_hidden(d, 0, &o, hidden);

	if (r == 0)
		r = object_write(&o, FILE_DATA, q->data.p, q->data.n);
	if (r < 0)
		return err_sys(e, r, "write secret '%s'", q->name);
	r = store_write(&o, FILE_SECRET, &secret_schema, s, e);
	if (r < 0)
		return r;
	r = object_finish(&o);
	if (r == 0)
		r = object_appear(d, hidden, q->name, &o, old);
	if (r == -EEXIST)
		return err_set(e, ERR_EXISTS, "secret '%s' is there already", q->name);
	return r < 0 ? err_sys(e, r, "place secret '%s'", q->name) : 0;
}

int secret_create(struct engine *en, const struct secret_request *q, struct arena *a, const char **ret_id, struct err *e)
{
	scoped_objdir struct objdir d = OBJDIR_NONE;
	scoped_object struct object old = OBJECT_NONE;
	struct secret s, before;
	int r = request_of_secret_check(q, e);

	if (r == 0)
		r = secrets_open(en, &d, e);
	if (r < 0)
		return r;
	s = secret_of(q, a);
	r = object_open_locked(&d, q->name, true, &old);
	if (r < 0 && r != -ENOENT)
		return err_sys(e, r, "lock secret '%s'", q->name);
	if (r == 0 && object_is_finished(&old)) {
		if (q->ignore && document_read(&d, q->name, a, &before, e) == 0) {
			*ret_id = before.id;
			return 0;
		}
		if (!q->replace)
			return err_set(e, ERR_EXISTS, "secret '%s' is there already; --replace gives it other contents", q->name);
	}
	r = secret_place(&d, q, &s, r == 0 ? &old : NULL, e);
	if (r == 0)
		*ret_id = s.id;
	return r;
}

/* ---- looking -------------------------------------------------------------------------------------------------------------------------------------- */

struct listing {
	const struct objdir *d;
	struct arena *a;
	struct VEC(struct secret) found;
};

static int secret_visit(void *arg, const char *name)
{
	struct listing *l = arg;
	struct err ignored = { 0 }; /* gone meanwhile, or damaged */
	struct secret s;

	if (document_read(l->d, name, l->a, &s, &ignored) == 0)
		*vec_push(l->a, &l->found) = s;
	return 0;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(((const struct secret *)x)->name, ((const struct secret *)y)->name);
}

int secret_list(struct engine *en, struct arena *a, struct secret **ret, size_t *ret_n, struct err *e)
{
	scoped_objdir struct objdir d = OBJDIR_NONE;
	struct listing l = { .d = &d, .a = a };
	int r = secrets_open(en, &d, e);

	if (r < 0)
		return r;
	r = objdir_each(&d, secret_visit, &l);
	if (r < 0)
		return err_sys(e, r, "list secrets");
	if (l.found.n)
		qsort(l.found.v, l.found.n, sizeof *l.found.v, by_name);
	*ret = l.found.v;
	*ret_n = l.found.n;
	return 0;
}

int secret_find(struct engine *en, const char *ref, struct arena *a, struct secret *ret, struct err *e)
{
	const struct secret *found = NULL;
	struct secret *v;
	size_t n;
	int r = secret_list(en, a, &v, &n, e);

	for (size_t i = 0; r == 0 && i < n; i++) {
		bool whole = streq(v[i].name, ref) || streq(v[i].id, ref);

		if (!whole && (!*ref || !str_after(v[i].id, ref)))
			continue;
		if (!whole && found)
			return err_set(e, ERR_CONFLICT, "'%s' is the beginning of several secrets' ids", ref);
		found = &v[i];
		if (whole)
			break;
	}
	if (r == 0 && !found)
		return err_set(e, ERR_NOT_FOUND, "no such secret: %s", ref);
	if (r == 0)
		*ret = *found;
	return r;
}

struct doc_driver {
	const char *name;
	struct pairs options;
};
struct doc_spec {
	const char *name;
	struct doc_driver driver;
	struct pairs labels;
};
struct doc_secret {
	const char *id, *created, *updated;
	struct doc_spec spec;
	const char *data;
};

/* clang-format off */
static const struct field driver_fields[] = {
	FIELD(struct doc_driver, name,    "Name",    STR,   0),
	FIELD(struct doc_driver, options, "Options", PAIRS, 0),
};
static const struct schema driver_schema = SCHEMA("driver", struct doc_driver, driver_fields);
static const struct field spec_fields[] = {
	FIELD(struct doc_spec, name, "Name", STR, 0),
	FIELD_OBJ(struct doc_spec, driver, "Driver", &driver_schema, 0),
	FIELD(struct doc_spec, labels, "Labels", PAIRS, 0),
};
static const struct schema spec_schema = SCHEMA("spec", struct doc_spec, spec_fields);
static const struct field doc_fields[] = {
	FIELD(struct doc_secret, id,      "ID",         STR, 0),
	FIELD(struct doc_secret, created, "CreatedAt",  STR, 0),
	FIELD(struct doc_secret, updated, "UpdatedAt",  STR, 0),
	FIELD_OBJ(struct doc_secret, spec, "Spec", &spec_schema, 0),
	FIELD(struct doc_secret, data,    "SecretData", STR, FIELD_OMIT_EMPTY),
};
/* clang-format on */
static const struct schema doc_schema = SCHEMA("secret", struct doc_secret, doc_fields);

int secret_inspect_json(struct engine *en, const char *ref, bool show, struct arena *a, const char **ret, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	struct str data = { "", 0 };
	struct doc_secret doc;
	struct secret s;
	int r = secret_find(en, ref, a, &s, e);

	if (r == 0 && show)
		r = secret_read(en, s.name, a, &data, e);
	if (r < 0)
		return r;
	doc = (struct doc_secret){ .id = s.id, .created = s.created, .updated = s.updated, .spec = { s.name, { "file", { 0 } }, s.labels }, .data = data.p };
	r = json_encode(&doc_schema, &doc, JSON_INDENT_4, &b);
	if (r < 0)
		return err_sys(e, r, "print secret '%s'", s.name);
	*ret = arena_strdup(a, buf_text(&b));
	return 0;
}

int secret_remove(struct engine *en, const char *ref, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_objdir struct objdir d = OBJDIR_NONE;
	scoped_object struct object o = OBJECT_NONE;
	struct secret s;
	int r = secret_find(en, ref, &a, &s, e);

	if (r == 0)
		r = secrets_open(en, &d, e);
	if (r < 0)
		return r;
	r = object_open_locked(&d, s.name, true, &o);
	if (r == -ENOENT)
		return err_set(e, ERR_NOT_FOUND, "no such secret: %s", ref);
	if (r == 0)
		r = object_remove(&d, s.name, &o);
	return r < 0 ? err_sys(e, r, "remove secret '%s'", s.name) : 0;
}

/* ---- using ---------------------------------------------------------------------------------------------------------------------------------------- */

int secret_read(struct engine *en, const char *name, struct arena *a, struct str *ret, struct err *e)
{
	scoped_objdir struct objdir d = OBJDIR_NONE;
	scoped_object struct object o = OBJECT_NONE;
	char *text;
	size_t n;
	int r = secrets_open(en, &d, e);

	if (r < 0)
		return r;
	r = objdir_name_is_valid(name) ? object_open(&d, name, &o) : -ENOENT;
	if (r == -ENOENT)
		return err_set(e, ERR_NOT_FOUND, "no such secret: %s", name);
	if (r == 0)
		r = object_read(&o, FILE_DATA, LIMIT_SECRET, a, &text, &n);
	if (r < 0)
		return err_sys(e, r, "read secret '%s'", name);
	*ret = (struct str){ text, n };
	return 0;
}

int secrets_env(struct engine *en, const struct container_request *q, struct arena *a, struct strs *ret, struct err *e)
{
	for (size_t i = 0; i < q->n_secrets; i++) {
		const struct container_secret *s = &q->secrets[i];
		struct str text;
		int r;

		if (!s->env)
			continue;
		r = secret_read(en, s->name, a, &text, e);
		if (r < 0)
			return r;
		if (memchr(text.p, 0, text.n))
			return err_set(e, ERR_INVALID, "secret '%s' holds a NUL byte, which no variable can", s->name);
		strs_push(a, ret, arena_printf(a, "%s=%.*s", s->target, (int)text.n, text.p));
	}
	return 0;
}

int secrets_check(struct engine *en, const struct container_request *q, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct str ignored;
	int r = 0;

	for (size_t i = 0; r == 0 && i < q->n_secrets; i++)
		r = secret_read(en, q->secrets[i].name, &a, &ignored, e);
	return r;
}
