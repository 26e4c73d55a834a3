/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contents: path (where we are, for messages) · one decode function per kind and the table of them · objects and lists · entry points.
 * The other direction is json_encode.c.
 */
#include "codec/json.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

#include <jansson.h>

#include "base/limits.h"
#include "base/scope.h"

/* Where the walk is: a list of names and indexes from the leaf to the root, on the stack of the recursion. */
struct path {
	const struct path *up;
	const char *name; /* NULL: an index */
	size_t index;
};

struct decoder {
	struct arena *a;
	unsigned flags;
	struct err *e;
};

static size_t path_print(const struct path *p, char *out, size_t size)
{
	size_t n = p->up ? path_print(p->up, out, size) : 0;
	int w;

	if (n >= size)
		return n;
	if (!p->name)
		w = snprintf(out + n, size - n, "[%zu]", p->index);
	else
		w = snprintf(out + n, size - n, "%s%s", n ? "." : "", p->name);
	return n + (size_t)w;
}

static int fail(const struct decoder *d, const struct path *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int fail(const struct decoder *d, const struct path *at, const char *fmt, ...)
{
	char where[256] = "", what[200];
	va_list ap;

	path_print(at, where, sizeof where);
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return where[0] ? err_set(d->e, ERR_INVALID, "%s: %s", where, what) : err_set(d->e, ERR_INVALID, "%s", what);
}

static const char *type_name(const json_t *j)
{
	switch (json_typeof(j)) {
	case JSON_OBJECT:
		return "object";
	case JSON_ARRAY:
		return "array";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "boolean";
	case JSON_NULL:
		return "null";
	}
	return "nothing";
}

static int expected(const struct decoder *d, const struct path *at, const char *what, const json_t *got)
{
	return fail(d, at, "expected %s, got %s", what, type_name(got));
}

/* Numbers beyond long long make the parser fall back to doubles; whole ones are taken where they are exact or mean "all bits". */
static int get_int(const struct decoder *d, const struct path *at, const json_t *j, int64_t min, uint64_t max, uint64_t *ret)
{
	double v;

	if (json_is_integer(j)) {
		json_int_t i = json_integer_value(j);

		if (i < min || (i > 0 && (uint64_t)i > max))
			return fail(d, at, "number %" PRId64 " is out of range", (int64_t)i);
		*ret = (uint64_t)i;
		return 0;
	}
	if (!json_is_real(j))
		return expected(d, at, "a number", j);
	v = json_real_value(j);
	if (!isfinite(v) || floor(v) < v)
		return fail(d, at, "expected a whole number");
	if (v >= 18446744073709551615.0 && v < 18446744073709555712.0 && max == UINT64_MAX) {
		*ret = UINT64_MAX;
		return 0;
	}
	if (v < (double)min || v > (double)max || v >= 18446744073709551615.0)
		return fail(d, at, "number is out of range");
	*ret = v < 0 ? (uint64_t)(int64_t)v : (uint64_t)v;
	return 0;
}

static int get_string(const struct decoder *d, const struct path *at, const json_t *j, const char **ret)
{
	size_t n;

	if (!json_is_string(j))
		return expected(d, at, "a string", j);
	n = json_string_length(j);
	if (memchr(json_string_value(j), '\0', n))
		return fail(d, at, "string contains a NUL character");
	*ret = arena_strndup(d->a, json_string_value(j), n);
	return 0;
}

typedef int (*decode_fn)(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member);

static int decode_str(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	const char **ret = member;
	int r = get_string(d, at, j, ret);

	if (r == 0 && (f->flags & FIELD_NONEMPTY) && !**ret)
		return fail(d, at, "may not be empty");
	return r;
}

static int decode_bool(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	if (!json_is_boolean(j))
		return expected(d, at, "true or false", j);
	*(bool *)member = json_is_true(j);
	return 0;
}

static int decode_i32(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	uint64_t v = 0;
	int r = get_int(d, at, j, INT32_MIN, INT32_MAX, &v);

	if (r == 0)
		*(int32_t *)member = (int32_t)v;
	return r;
}

static int decode_u32(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	uint64_t v = 0;
	int r = get_int(d, at, j, 0, UINT32_MAX, &v);

	if (r == 0)
		*(uint32_t *)member = (uint32_t)v;
	return r;
}

static int decode_i64(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	uint64_t v = 0;
	int r = get_int(d, at, j, INT64_MIN, INT64_MAX, &v);

	if (r == 0)
		*(int64_t *)member = (int64_t)v;
	return r;
}

static int decode_u64(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	return get_int(d, at, j, 0, UINT64_MAX, member);
}

static int decode_f64(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	if (!json_is_number(j))
		return expected(d, at, "a number", j);
	*(double *)member = json_number_value(j);
	return 0;
}

static int decode_strs(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	struct strs list = { 0 };

	if (!json_is_array(j))
		return expected(d, at, "an array of strings", j);
	list.n = json_array_size(j);
	if (!list.n && (f->flags & FIELD_NONEMPTY))
		return fail(d, at, "may not be empty");
	/* One spare slot keeps the list NULL-terminated and lists of length 0 distinguishable from absent ones. */
	list.v = arena_array(d->a, const char *, list.n + 1);
	for (size_t i = 0; i < list.n; i++) {
		struct path here = { at, NULL, i };
		int r = get_string(d, &here, json_array_get(j, i), &list.v[i]);

		if (r < 0)
			return r;
	}
	*(struct strs *)member = list;
	return 0;
}

static int decode_pairs(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	struct pairs list = { 0 };
	const char *key;
	json_t *value;

	if (!json_is_object(j))
		return expected(d, at, "an object of strings", j);
	list.v = arena_array(d->a, struct pair, json_object_size(j));
	json_object_foreach(j, key, value) {
		struct path here = { at, key, 0 };
		const char *text = NULL;
		int r = get_string(d, &here, value, &text);

		if (r < 0)
			return r;
		list.v[list.n++] = (struct pair){ arena_strdup(d->a, key), text };
	}
	*(struct pairs *)member = list;
	return 0;
}

static int decode_keys(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	struct strs list = { 0 };
	const char *key;
	json_t *value;

	if (!json_is_object(j))
		return expected(d, at, "an object", j);
	list.v = arena_array(d->a, const char *, json_object_size(j) + 1);
	json_object_foreach(j, key, value)
		list.v[list.n++] = arena_strdup(d->a, key);
	*(struct strs *)member = list;
	return 0;
}

static int decode_u32s(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	struct u32s list = { 0 };

	if (!json_is_array(j))
		return expected(d, at, "an array of numbers", j);
	list.n = json_array_size(j);
	list.v = arena_array(d->a, uint32_t, list.n);
	for (size_t i = 0; i < list.n; i++) {
		struct path here = { at, NULL, i };
		uint64_t v = 0;
		int r = get_int(d, &here, json_array_get(j, i), 0, UINT32_MAX, &v);

		if (r < 0)
			return r;
		list.v[i] = (uint32_t)v;
	}
	*(struct u32s *)member = list;
	return 0;
}

static int decode_opt_bool(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	struct opt_bool *o = member;

	o->set = true;
	return decode_bool(d, f, at, j, &o->v);
}

static int decode_opt_u32(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	struct opt_u32 *o = member;

	o->set = true;
	return decode_u32(d, f, at, j, &o->v);
}

static int decode_opt_i64(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	struct opt_i64 *o = member;

	o->set = true;
	return decode_i64(d, f, at, j, &o->v);
}

static int decode_opt_u64(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	struct opt_u64 *o = member;

	o->set = true;
	return decode_u64(d, f, at, j, &o->v);
}

static int decode_bytes(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	if (!json_is_string(j))
		return expected(d, at, "a string", j);
	*(struct str *)member = (struct str){ arena_strndup(d->a, json_string_value(j), json_string_length(j)), json_string_length(j) };
	return 0;
}

static int decode_raw(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	scoped_free char *text = json_dumps(j, JSON_ENCODE_ANY | JSON_COMPACT);

	if (!text)
		return fail(d, at, "cannot be written back");
	*(struct str *)member = str_of(arena_strdup(d->a, text));
	return 0;
}

static int decode_enum(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	const char *word = NULL;
	int r = get_string(d, at, j, &word);

	if (r < 0)
		return r;
	r = enumtab_find(f->words, word);
	if (r < 0)
		return fail(d, at, "unknown %s '%s'", f->words->what, word);
	*(int *)member = r;
	return 0;
}

static int decode_object(const struct decoder *d, const struct schema *s, const struct path *at, json_t *j, void *obj);

static int decode_obj(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	return decode_object(d, f->schema, at, j, member);
}

static int decode_ptr(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	void *obj = arena_alloc(d->a, f->schema->size);
	int r = decode_object(d, f->schema, at, j, obj);

	if (r == 0)
		*(void **)member = obj;
	return r;
}

/* @f->offset_n counts from the struct, @member points into it: hence the difference. */
static size_t *count_of(const struct field *f, void *member)
{
	return (size_t *)(void *)((char *)member - f->offset + f->offset_n);
}

static int decode_items(const struct decoder *d, const struct schema *s, const struct path *at, json_t *j, void **ret, size_t *ret_n)
{
	size_t n = json_array_size(j);
	char *items = arena_alloc_n(d->a, n, s->size);

	for (size_t i = 0; i < n; i++) {
		struct path here = { at, NULL, i };
		int r = decode_object(d, s, &here, json_array_get(j, i), items + i * s->size);

		if (r < 0)
			return r;
	}
	*ret = items;
	*ret_n = n;
	return 0;
}

static int decode_list(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	if (!json_is_array(j))
		return expected(d, at, "an array", j);
	if (!json_array_size(j) && (f->flags & FIELD_NONEMPTY))
		return fail(d, at, "may not be empty");
	return decode_items(d, f->schema, at, j, member, count_of(f, member));
}

static int decode_dict(const struct decoder *d, const struct field *f, const struct path *at, json_t *j, void *member)
{
	const char *key;
	json_t *value;
	char *items;
	size_t n = 0;

	if (!json_is_object(j))
		return expected(d, at, "an object", j);
	items = arena_alloc_n(d->a, json_object_size(j), f->schema->size);
	json_object_foreach(j, key, value) {
		struct path here = { at, key, 0 };
		char *item = items + n++ * f->schema->size;
		int r = json_is_null(value) ? 0 : decode_object(d, f->schema, &here, value, item);

		if (r < 0)
			return r;
		*(const char **)(void *)item = arena_strdup(d->a, key);
	}
	*(void **)member = items;
	*count_of(f, member) = n;
	return 0;
}

static const decode_fn decoders[FIELD_KIND_COUNT] = {
	/* clang-format off */
	[FIELD_KIND_STR]      = decode_str,      [FIELD_KIND_BOOL]    = decode_bool,    [FIELD_KIND_I32]     = decode_i32,
	[FIELD_KIND_U32]      = decode_u32,      [FIELD_KIND_I64]     = decode_i64,     [FIELD_KIND_U64]     = decode_u64,
	[FIELD_KIND_F64]      = decode_f64,      [FIELD_KIND_STRS]    = decode_strs,    [FIELD_KIND_PAIRS]   = decode_pairs,
	[FIELD_KIND_U32S]     = decode_u32s,     [FIELD_KIND_RAW]     = decode_raw,     [FIELD_KIND_KEYS]    = decode_keys,
	[FIELD_KIND_OPT_BOOL] = decode_opt_bool, [FIELD_KIND_OPT_U32] = decode_opt_u32, [FIELD_KIND_OPT_I64] = decode_opt_i64,
	[FIELD_KIND_OPT_U64]  = decode_opt_u64,  [FIELD_KIND_ENUM]    = decode_enum,    [FIELD_KIND_OBJ]     = decode_obj,
	[FIELD_KIND_PTR]      = decode_ptr,      [FIELD_KIND_LIST]    = decode_list,    [FIELD_KIND_DICT]    = decode_dict,
	[FIELD_KIND_BYTES]    = decode_bytes,
	/* clang-format on */
};

/* In our own files a key without a row is an error. */
static int check_known(const struct decoder *d, const struct schema *s, const struct path *at, json_t *j)
{
	const char *key;
	json_t *value;

	json_object_foreach(j, key, value) {
		size_t i = 0;

		while (i < s->n && !streq(s->fields[i].name, key))
			i++;
		if (i == s->n)
			return fail(d, at, "unknown key '%s'", key);
	}
	return 0;
}

static int decode_object(const struct decoder *d, const struct schema *s, const struct path *at, json_t *j, void *obj)
{
	int r;

	if (!json_is_object(j))
		return expected(d, at, "an object", j);
	for (size_t i = 0; i < s->n; i++) {
		const struct field *f = &s->fields[i];
		struct path here = { at, f->name, 0 };
		json_t *value = json_object_get(j, f->name);

		if (!value || json_is_null(value)) {
			if (f->flags & FIELD_REQUIRED)
				return fail(d, &here, "missing");
			continue;
		}
		r = decoders[f->kind](d, f, &here, value, (char *)obj + f->offset);
		if (r < 0)
			return r;
	}
	if (d->flags & JSON_EXACT) {
		r = check_known(d, s, at, j);
		if (r < 0)
			return r;
	}
	if (s->check) {
		char where[256] = "";

		r = s->check(obj, d->e);
		if (r < 0 && path_print(at, where, sizeof where) && where[0])
			err_wrap(d->e, "%s", where);
		return r < 0 ? r : 0;
	}
	return 0;
}

/* Nesting is checked on the bytes, before the recursive parser sees them. */
static int check_depth(struct str text, struct err *e)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
			continue;
		}
		if (c == '"')
			in_string = true;
		else if ((c == '{' || c == '[') && ++depth > LIMIT_JSON_DEPTH)
			return err_set(e, ERR_INVALID, "nested deeper than %d levels", LIMIT_JSON_DEPTH);
		else if (c == '}' || c == ']')
			depth--;
	}
	return 0;
}

/* Hash tables need a number nobody can guess; the kernel left one beside our arguments, so nobody must open /dev/urandom. */
static void seed(void)
{
	const void *random = (const void *)getauxval(AT_RANDOM);
	size_t number = 0;

	if (random)
		memcpy(&number, random, sizeof number);
	json_object_seed(number);
}

/*
 * The parser's tree lives as long as one decode, so its thousand pieces come out of one arena and go with it. The parser takes its memory by functions of the
 * whole program: where no tree is being parsed (this thread's tree_memory is NULL) they are malloc and free.
 */
static _Thread_local struct arena *tree_memory;

/* On the stack; what we write ourselves is hardly ever larger. To map memory and to unmap it costs as much as to parse, and stops all other threads. */
enum { TREE_ROOM = 12 * 1024 };

static void *tree_alloc(size_t size)
{
	return tree_memory ? arena_alloc(tree_memory, size) : malloc(size);
}

static void tree_free(void *p)
{
	if (!tree_memory)
		free(p);
}

/* The tree lives in @memory. */
static json_t *tree_load(struct str text, size_t options, struct arena *memory, json_error_t *error)
{
	json_t *j;

	json_set_alloc_funcs(tree_alloc, tree_free);
	tree_memory = memory;
	j = json_loadb(text.p, text.n, options, error);
	tree_memory = NULL;
	return j;
}

static int tree_parse(struct str text, unsigned flags, struct arena *memory, json_t **ret, struct err *e)
{
	size_t options = JSON_ALLOW_NUL | (flags & JSON_EXACT ? JSON_REJECT_DUPLICATES : 0);
	json_error_t error;
	int r;

	if (text.n > LIMIT_DOCUMENT)
		return err_set(e, ERR_INVALID, "document of %zu bytes is larger than %d", text.n, LIMIT_DOCUMENT);
	r = check_depth(text, e);
	if (r < 0)
		return r;
	seed();
	*ret = tree_load(text, options, memory, &error);
	if (!*ret && json_error_code(&error) == json_error_numeric_overflow)
		*ret = tree_load(text, options | JSON_DECODE_INT_AS_REAL, memory, &error);
	if (!*ret)
		return err_set(e, ERR_INVALID, "line %d, column %d: %s", error.line, error.column, error.text);
	return 0;
}

int json_decode(struct str text, const struct schema *s, unsigned flags, struct arena *a, void *ret, struct err *e)
{
	struct decoder d = { a, flags, e };
	struct path root = { NULL, "", 0 };
	_Alignas(max_align_t) char room[TREE_ROOM];
	scoped_arena struct arena memory = arena_on(room, sizeof room);
	json_t *j;
	int r = tree_parse(text, flags, &memory, &j, e);

	if (r < 0)
		return r;
	memset(ret, 0, s->size);
	return decode_object(&d, s, &root, j, ret);
}

int json_decode_list(struct str text, const struct schema *s, unsigned flags, struct arena *a, void *ret_items, size_t *ret_n,
	struct err *e)
{
	struct decoder d = { a, flags, e };
	struct path root = { NULL, "", 0 };
	_Alignas(max_align_t) char room[TREE_ROOM];
	scoped_arena struct arena memory = arena_on(room, sizeof room);
	json_t *j;
	int r = tree_parse(text, flags, &memory, &j, e);

	if (r < 0)
		return r;
	if (!json_is_array(j))
		return expected(&d, &root, "an array", j);
	return decode_items(&d, s, &root, j, ret_items, ret_n);
}
