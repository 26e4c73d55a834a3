/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json.h"

#include <inttypes.h>

#include "base/scope.h"
#include "base/text.h"

struct encoder {
	struct buf *out;
	enum json_indent indent;
};

static void newline(const struct encoder *w, int depth)
{
	if (w->indent == JSON_INDENT_NONE)
		return;
	buf_add_char(w->out, '\n');
	for (int i = 0; i < depth; i++) {
		if (w->indent == JSON_INDENT_TAB)
			buf_add_char(w->out, '\t');
		else
			buf_printf(w->out, "%*s", (int)w->indent, "");
	}
}

/* Opens an element of an object or array: the comma after the one before it, the line break, the indent. */
static void element(const struct encoder *w, int depth, size_t *n_before)
{
	if ((*n_before)++)
		buf_add_char(w->out, ',');
	newline(w, depth);
}

static void closing(const struct encoder *w, int depth, size_t n_elements, char bracket)
{
	if (n_elements)
		newline(w, depth);
	buf_add_char(w->out, bracket);
}

static void put_key(const struct encoder *w, const char *key)
{
	json_encode_string(str_of(key), w->out);
	buf_add_str(w->out, w->indent == JSON_INDENT_NONE ? ":" : ": ");
}

/* The bytes of the next character of @s, and how to write it: as it is, escaped, or replaced when it is no UTF-8. */
static size_t put_char(struct str s, struct buf *out)
{
	static const char escapes[] = "\"\\\n\r\t\b\f", letters[] = "\"\\nrtbf", hex[] = "0123456789abcdef";
	unsigned char c = (unsigned char)s.p[0];
	const char *at = c ? strchr(escapes, c) : NULL;

	/* No printf: container logs come through here by the gigabyte. */
	if (at) {
		buf_add(out, (const char[]){ '\\', letters[at - escapes] }, 2);
		return 1;
	}
	if (c < 0x20 || c == 0x7f) {
		buf_add(out, (const char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
		return 1;
	}
	if (c < 0x80) {
		buf_add_char(out, (char)c);
		return 1;
	}
	for (size_t n = 2; n <= 4 && n <= s.n; n++) {
		if (text_is_utf8((struct str){ s.p, n })) {
			buf_add(out, s.p, n);
			return n;
		}
	}
	buf_add_str(out, "\xef\xbf\xbd");
	return 1;
}

int json_encode_string(struct str s, struct buf *out)
{
	buf_add_char(out, '"');
	while (s.n) {
		/* Runs of plain characters go in one piece. */
		size_t n = 0;

		while (n < s.n && s.p[n] >= 0x20 && s.p[n] != '"' && s.p[n] != '\\' && s.p[n] != 0x7f)
			n++;
		if (n)
			buf_add(out, s.p, n);
		else
			n = put_char(s, out);
		s.p += n;
		s.n -= n;
	}
	return buf_add_char(out, '"');
}

typedef void (*encode_fn)(const struct encoder *w, const struct field *f, const void *member, int depth);

static void put_object(const struct encoder *w, const struct schema *s, const void *obj, int depth);

static size_t count_of(const struct field *f, const void *member)
{
	return *(const size_t *)(const void *)((const char *)member - f->offset + f->offset_n);
}

static void encode_str(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	const char *s = *(const char *const *)member;

	json_encode_string(str_of(s ? s : ""), w->out);
}

static void encode_bool(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	buf_add_str(w->out, *(const bool *)member ? "true" : "false");
}

static void encode_i32(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	buf_printf(w->out, "%" PRId32, *(const int32_t *)member);
}

static void encode_u32(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	buf_printf(w->out, "%" PRIu32, *(const uint32_t *)member);
}

static void encode_i64(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	buf_printf(w->out, "%" PRId64, *(const int64_t *)member);
}

static void encode_u64(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	buf_printf(w->out, "%" PRIu64, *(const uint64_t *)member);
}

static void encode_f64(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	buf_printf(w->out, "%.17g", *(const double *)member);
}

static void encode_opt_bool(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	encode_bool(w, f, &((const struct opt_bool *)member)->v, depth);
}

static void encode_opt_u32(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	encode_u32(w, f, &((const struct opt_u32 *)member)->v, depth);
}

static void encode_opt_i64(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	encode_i64(w, f, &((const struct opt_i64 *)member)->v, depth);
}

static void encode_opt_u64(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	encode_u64(w, f, &((const struct opt_u64 *)member)->v, depth);
}

static void encode_raw(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	const struct str *s = member;

	buf_add(w->out, s->p, s->n);
}

static void encode_bytes(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	json_encode_string(*(const struct str *)member, w->out);
}

static void encode_enum(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	const char *word = enumtab_name(f->words, *(const int *)member);

	json_encode_string(str_of(word ? word : ""), w->out);
}

static void encode_strs(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	const struct strs *list = member;
	size_t n = 0;

	buf_add_char(w->out, '[');
	for (size_t i = 0; i < list->n; i++) {
		element(w, depth + 1, &n);
		json_encode_string(str_of(list->v[i]), w->out);
	}
	closing(w, depth, n, ']');
}

static void encode_keys(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	const struct strs *list = member;
	size_t n = 0;

	buf_add_char(w->out, '{');
	for (size_t i = 0; i < list->n; i++) {
		element(w, depth + 1, &n);
		put_key(w, list->v[i]);
		buf_add_str(w->out, "{}");
	}
	closing(w, depth, n, '}');
}

static void encode_u32s(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	const struct u32s *list = member;
	size_t n = 0;

	buf_add_char(w->out, '[');
	for (size_t i = 0; i < list->n; i++) {
		element(w, depth + 1, &n);
		buf_printf(w->out, "%" PRIu32, list->v[i]);
	}
	closing(w, depth, n, ']');
}

static void encode_pairs(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	const struct pairs *list = member;
	size_t n = 0;

	buf_add_char(w->out, '{');
	for (size_t i = 0; i < list->n; i++) {
		element(w, depth + 1, &n);
		put_key(w, list->v[i].key);
		json_encode_string(str_of(list->v[i].value), w->out);
	}
	closing(w, depth, n, '}');
}

static void encode_obj(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	put_object(w, f->schema, member, depth);
}

static void encode_ptr(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	const void *obj = *(const void *const *)member;

	if (obj)
		put_object(w, f->schema, obj, depth);
	else
		buf_add_str(w->out, "null");
}

static void put_items(const struct encoder *w, const struct schema *s, const void *items, size_t count, int depth)
{
	size_t n = 0;

	buf_add_char(w->out, '[');
	while (n < count) {
		const char *item = (const char *)items + n * s->size;

		element(w, depth + 1, &n);
		put_object(w, s, item, depth + 1);
	}
	closing(w, depth, n, ']');
}

static void encode_list(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	put_items(w, f->schema, *(const void *const *)member, count_of(f, member), depth);
}

static void encode_dict(const struct encoder *w, const struct field *f, const void *member, int depth)
{
	const char *items = *(const char *const *)member;
	size_t count = count_of(f, member), n = 0;

	buf_add_char(w->out, '{');
	while (n < count) {
		const char *item = items + n * f->schema->size;

		element(w, depth + 1, &n);
		put_key(w, *(const char *const *)(const void *)item);
		put_object(w, f->schema, item, depth + 1);
	}
	closing(w, depth, n, '}');
}

static bool str_empty(const void *m)
{
	const char *s = *(const char *const *)m;

	return !s || !*s;
}

static bool ptr_empty(const void *m)
{
	return !*(const void *const *)m;
}

static bool four_empty(const void *m)
{
	return *(const uint32_t *)m == 0;
}

static bool eight_empty(const void *m)
{
	return *(const uint64_t *)m == 0;
}

static bool bool_empty(const void *m)
{
	return !*(const bool *)m;
}

/* Lists (v, n) and raw text (p, n) keep their count after a pointer. */
static bool counted_empty(const void *m)
{
	return ((const struct strs *)m)->n == 0;
}

static bool never_empty(const void *m)
{
	return false;
}

/* Every kind: how it is written and what counts as empty. An optional value is empty when it is not set (its first member). */
static const struct {
	encode_fn put;
	bool (*empty)(const void *member);
} encoders[FIELD_KIND_COUNT] = {
	/* clang-format off */
	[FIELD_KIND_STR]      = { encode_str,      str_empty     }, [FIELD_KIND_BOOL]    = { encode_bool,    bool_empty    },
	[FIELD_KIND_I32]      = { encode_i32,      four_empty    }, [FIELD_KIND_U32]     = { encode_u32,     four_empty    },
	[FIELD_KIND_I64]      = { encode_i64,      eight_empty   }, [FIELD_KIND_U64]     = { encode_u64,     eight_empty   },
	[FIELD_KIND_F64]      = { encode_f64,      eight_empty   }, [FIELD_KIND_STRS]    = { encode_strs,    counted_empty },
	[FIELD_KIND_PAIRS]    = { encode_pairs,    counted_empty }, [FIELD_KIND_U32S]    = { encode_u32s,    counted_empty },
	[FIELD_KIND_RAW]      = { encode_raw,      counted_empty }, [FIELD_KIND_KEYS]    = { encode_keys,    counted_empty },
	[FIELD_KIND_OPT_BOOL] = { encode_opt_bool, bool_empty    }, [FIELD_KIND_OPT_U32] = { encode_opt_u32, bool_empty    },
	[FIELD_KIND_OPT_I64]  = { encode_opt_i64,  bool_empty    }, [FIELD_KIND_OPT_U64] = { encode_opt_u64, bool_empty    },
	[FIELD_KIND_ENUM]     = { encode_enum,     four_empty    }, [FIELD_KIND_OBJ]     = { encode_obj,     never_empty   },
	[FIELD_KIND_PTR]      = { encode_ptr,      ptr_empty     }, [FIELD_KIND_LIST]    = { encode_list,    NULL          },
	[FIELD_KIND_DICT]     = { encode_dict,     NULL          }, [FIELD_KIND_BYTES]   = { encode_bytes,   counted_empty },
	/* clang-format on */
};

static bool is_optional(enum field_kind k)
{
	return k == FIELD_KIND_OPT_BOOL || k == FIELD_KIND_OPT_U32 || k == FIELD_KIND_OPT_I64 || k == FIELD_KIND_OPT_U64;
}

static bool is_empty(const struct field *f, const void *member)
{
	if (f->kind == FIELD_KIND_LIST || f->kind == FIELD_KIND_DICT)
		return count_of(f, member) == 0;
	return encoders[f->kind].empty(member);
}

static void put_object(const struct encoder *w, const struct schema *s, const void *obj, int depth)
{
	size_t n = 0;

	buf_add_char(w->out, '{');
	for (size_t i = 0; i < s->n; i++) {
		const struct field *f = &s->fields[i];
		const char *member = (const char *)obj + f->offset;
		bool empty = is_empty(f, member);

		/* What is not set has no value to write; raw text without a text has none either. */
		if (empty && ((f->flags & FIELD_OMIT_EMPTY) || is_optional(f->kind) || f->kind == FIELD_KIND_RAW))
			continue;
		element(w, depth + 1, &n);
		put_key(w, f->name);
		if (empty && (f->flags & FIELD_NULL_EMPTY))
			buf_add_str(w->out, "null");
		else
			encoders[f->kind].put(w, f, member, depth + 1);
	}
	closing(w, depth, n, '}');
}

int json_encode(const struct schema *s, const void *obj, enum json_indent indent, struct buf *out)
{
	struct encoder w = { out, indent };

	put_object(&w, s, obj, 0);
	return buf_is_full(out) ? -E2BIG : 0;
}

int json_encode_list(const struct schema *s, const void *items, size_t n, enum json_indent indent, struct buf *out)
{
	struct encoder w = { out, indent };

	put_items(&w, s, items, n, 0);
	return buf_is_full(out) ? -E2BIG : 0;
}

int schema_check(const struct schema *s, struct err *e)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct field *f = &s->fields[i];
		bool nests = f->kind == FIELD_KIND_OBJ || f->kind == FIELD_KIND_PTR || f->kind == FIELD_KIND_LIST ||
			f->kind == FIELD_KIND_DICT;

		if (!f->name || !f->name[0] || f->offset >= s->size)
			return err_set(e, ERR_INTERNAL, "%s: row %zu has no name or no place", s->name, i);
		if (nests != (f->schema != NULL) || (f->kind == FIELD_KIND_ENUM) != (f->words != NULL))
			return err_set(e, ERR_INTERNAL, "%s.%s: kind and sub-table do not fit", s->name, f->name);
		for (size_t k = 0; k < i; k++)
			if (streq(s->fields[k].name, f->name))
				return err_set(e, ERR_INTERNAL, "%s.%s: stands twice", s->name, f->name);
		if (f->schema && f->schema != s && schema_check(f->schema, e) < 0)
			return err_wrap(e, "%s", s->name);
	}
	return 0;
}
