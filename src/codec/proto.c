/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contents: the wire (varints, values, skipping) · one decode function per kind · one encode function per kind · the table of kinds · messages ·
 * entry points, laws.
 */
#include "codec/proto.h"

#include <errno.h>
#include <limits.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"

/* ---- the wire ---------------------------------------------------------------------------------------------------------------------------- */

enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_GROUP = 3, WIRE_GROUP_END = 4, WIRE_32 = 5 };

/* What is left to read. */
struct wire {
	const unsigned char *p, *end;
};

/* One value as it came. */
struct value {
	uint64_t number; /* WIRE_VARINT, WIRE_64, WIRE_32 */
	struct str bytes; /* WIRE_BYTES */
};

static struct wire wire_of(struct str s)
{
	return (struct wire){ (const unsigned char *)s.p, (const unsigned char *)s.p + s.n };
}

static int get_varint(struct wire *w, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && w->p < w->end; shift += 7) {
		unsigned char c = *w->p++;

		if (shift == 63 && c > 1)
			return -EBADMSG;
		v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			*ret = v;
			return 0;
		}
	}
	return -EBADMSG;
}

static int get_fixed(struct wire *w, unsigned bytes, uint64_t *ret)
{
	uint64_t v = 0;

	if ((size_t)(w->end - w->p) < bytes)
		return -EBADMSG;
	for (unsigned i = 0; i < bytes; i++)
		v |= (uint64_t)*w->p++ << 8 * i;
	*ret = v;
	return 0;
}

static int get_bytes(struct wire *w, struct str *ret)
{
	uint64_t n;

	if (get_varint(w, &n) < 0 || n > (uint64_t)(w->end - w->p))
		return -EBADMSG;
	*ret = (struct str){ (const char *)w->p, (size_t)n };
	w->p += n;
	return 0;
}

static int get_key(struct wire *w, uint32_t *ret_number, unsigned *ret_type)
{
	uint64_t key;

	if (get_varint(w, &key) < 0 || key > UINT32_MAX || key < 8)
		return -EBADMSG;
	*ret_number = (uint32_t)key >> 3;
	*ret_type = key & 7;
	return 0;
}

static int get_value(struct wire *w, unsigned type, struct value *ret)
{
	switch (type) {
	case WIRE_VARINT:
		return get_varint(w, &ret->number);
	case WIRE_64:
		return get_fixed(w, 8, &ret->number);
	case WIRE_32:
		return get_fixed(w, 4, &ret->number);
	case WIRE_BYTES:
		return get_bytes(w, &ret->bytes);
	}
	return -EBADMSG;
}

/* A group of an old writer, up to its end, with the groups inside; nobody here has a member for one. */
static int skip_group(struct wire *w, uint32_t number)
{
	uint32_t open[LIMIT_PROTO_DEPTH] = { number };
	size_t depth = 1;

	while (depth > 0) {
		struct value ignored;
		unsigned type;
		int r = get_key(w, &number, &type);

		if (r == 0 && type == WIRE_GROUP)
			r = depth < ARRAY_LEN(open) ? 0 : -EBADMSG;
		else if (r == 0 && type == WIRE_GROUP_END)
			r = number == open[depth - 1] ? 0 : -EBADMSG;
		else if (r == 0)
			r = get_value(w, type, &ignored);
		if (r < 0)
			return r;
		if (type == WIRE_GROUP)
			open[depth++] = number;
		else if (type == WIRE_GROUP_END)
			depth--;
	}
	return 0;
}

/* ---- decoding ---------------------------------------------------------------------------------------------------------------------------- */

struct decoder {
	struct arena *a;
	struct err *e;
	size_t elements; /* of all lists so far */
	unsigned depth;
};

static int decode_message(struct decoder *d, const struct proto_schema *s, struct str bytes, void *msg);

static int fail(const struct decoder *d, const char *what)
{
	return err_set(d->e, ERR_INVALID, "%s", what);
}

static int count_element(struct decoder *d)
{
	return ++d->elements > LIMIT_PROTO_ELEMENTS ? fail(d, "too many elements") : 0;
}

static int get_string(const struct decoder *d, struct str bytes, const char **ret)
{
	if (memchr(bytes.p, '\0', bytes.n))
		return fail(d, "string contains a NUL character");
	if (!text_is_utf8(bytes))
		return fail(d, "not UTF-8");
	*ret = arena_strndup(d->a, bytes.p, bytes.n);
	return 0;
}

/* An int32 travels as the int64 of the same value. */
static int get_int(const struct decoder *d, uint64_t number, int64_t min, int64_t max, int64_t *ret)
{
	int64_t v = (int64_t)number;

	if (v < min || v > max)
		return fail(d, "number is out of range");
	*ret = v;
	return 0;
}

static int get_u32(const struct decoder *d, uint64_t number, uint32_t *ret)
{
	if (number > UINT32_MAX)
		return fail(d, "number is out of range");
	*ret = (uint32_t)number;
	return 0;
}

typedef int (*decode_fn)(struct decoder *d, const struct proto_field *f, const struct value *v, void *member);

static int decode_str(struct decoder *d, const struct proto_field *f, const struct value *v, void *member)
{
	return get_string(d, v->bytes, member);
}

static int decode_bytes(struct decoder *d, const struct proto_field *f, const struct value *v, void *member)
{
	*(struct str *)member = (struct str){ arena_strndup(d->a, v->bytes.p, v->bytes.n), v->bytes.n };
	return 0;
}

static int decode_bool(struct decoder *d, const struct proto_field *f, const struct value *v, void *member)
{
	*(bool *)member = v->number != 0;
	return 0;
}

static int decode_i32(struct decoder *d, const struct proto_field *f, const struct value *v, void *member)
{
	int64_t number = 0;
	int r = get_int(d, v->number, INT32_MIN, INT32_MAX, &number);

	if (r == 0)
		*(int32_t *)member = (int32_t)number;
	return r;
}

static int decode_u32(struct decoder *d, const struct proto_field *f, const struct value *v, void *member)
{
	return get_u32(d, v->number, member);
}

static int decode_64(struct decoder *d, const struct proto_field *f, const struct value *v, void *member)
{
	memcpy(member, &v->number, sizeof v->number);
	return 0;
}

static int decode_s64(struct decoder *d, const struct proto_field *f, const struct value *v, void *member)
{
	*(int64_t *)member = (int64_t)(v->number >> 1 ^ (0 - (v->number & 1)));
	return 0;
}

static int decode_opt_bool(struct decoder *d, const struct proto_field *f, const struct value *v, void *member)
{
	*(struct opt_bool *)member = (struct opt_bool){ true, v->number != 0 };
	return 0;
}

static int decode_opt_u32(struct decoder *d, const struct proto_field *f, const struct value *v, void *member)
{
	struct opt_u32 *ret = member;

	ret->set = true;
	return get_u32(d, v->number, &ret->v);
}

static int decode_opt_i64(struct decoder *d, const struct proto_field *f, const struct value *v, void *member)
{
	*(struct opt_i64 *)member = (struct opt_i64){ true, (int64_t)v->number };
	return 0;
}

static int decode_opt_u64(struct decoder *d, const struct proto_field *f, const struct value *v, void *member)
{
	*(struct opt_u64 *)member = (struct opt_u64){ true, v->number };
	return 0;
}

static int decode_strs(struct decoder *d, const struct proto_field *f, const struct value *v, void *member)
{
	const char *s = "";
	int r = count_element(d);

	if (r == 0)
		r = get_string(d, v->bytes, &s);
	if (r == 0)
		strs_push(d->a, member, s);
	return r;
}

static int push_u32(struct decoder *d, struct u32s *list, uint64_t number)
{
	uint32_t v = 0;
	int r = count_element(d);

	if (r == 0)
		r = get_u32(d, number, &v);
	if (r < 0)
		return r;
	list->v = arena_grow(d->a, list->v, list->n, sizeof *list->v);
	list->v[list->n++] = v;
	return 0;
}

static int decode_u32s(struct decoder *d, const struct proto_field *f, const struct value *v, void *member)
{
	struct wire w = wire_of(v->bytes);
	int r = 0;

	if (!v->bytes.p)
		return push_u32(d, member, v->number);
	while (r == 0 && w.p < w.end) {
		uint64_t number = 0;

		r = get_varint(&w, &number) < 0 ? fail(d, "cut short") : push_u32(d, member, number);
	}
	return r;
}

static const struct proto_field pair_rows[] = {
	PROTO(struct pair, key, 1, "key", STR, 0),
	PROTO(struct pair, value, 2, "value", STR, 0),
};
static const struct proto_schema pair_message = PROTO_SCHEMA("pair", struct pair, pair_rows);

/* Appends without looking for an equal key, which would cost the square of a hostile length; pairs_find takes the last. */
static int decode_pairs(struct decoder *d, const struct proto_field *f, const struct value *v, void *member)
{
	struct pairs *list = member;
	struct pair p = { "", "" };
	int r = count_element(d);

	if (r == 0)
		r = decode_message(d, &pair_message, v->bytes, &p);
	if (r < 0)
		return r;
	list->v = arena_grow(d->a, list->v, list->n, sizeof p);
	list->v[list->n++] = p;
	return 0;
}

static int decode_msg(struct decoder *d, const struct proto_field *f, const struct value *v, void *member)
{
	return decode_message(d, f->schema, v->bytes, member);
}

static int decode_ptr(struct decoder *d, const struct proto_field *f, const struct value *v, void *member)
{
	void **ret = member;

	if (!*ret)
		*ret = arena_alloc(d->a, f->schema->size);
	return decode_message(d, f->schema, v->bytes, *ret);
}

static size_t *count_of(const struct proto_field *f, void *member)
{
	return (size_t *)((char *)member - f->offset + f->offset_n);
}

static int decode_list(struct decoder *d, const struct proto_field *f, const struct value *v, void *member)
{
	size_t size = f->schema->size, *n = count_of(f, member);
	char **list = member;
	int r = count_element(d);

	if (r < 0)
		return r;
	*list = arena_grow(d->a, *list, *n, size);
	r = decode_message(d, f->schema, v->bytes, *list + *n * size);
	if (r == 0)
		++*n;
	return r;
}

/* ---- encoding ---------------------------------------------------------------------------------------------------------------------------- */

static void put_varint(struct buf *out, uint64_t v)
{
	char bytes[10];
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		bytes[n++] = (char)(v | 0x80);
	bytes[n++] = (char)v;
	buf_add(out, bytes, n);
}

static void put_fixed(struct buf *out, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		buf_add_char(out, (char)(v >> 8 * i));
}

static void put_key(struct buf *out, const struct proto_field *f, enum wire_type type)
{
	put_varint(out, (uint64_t)f->number << 3 | type);
}

static void put_number(struct buf *out, const struct proto_field *f, uint64_t v, bool always)
{
	if (v == 0 && !always && !(f->flags & PROTO_REQUIRED))
		return;
	put_key(out, f, WIRE_VARINT);
	put_varint(out, v);
}

static void put_bytes(struct buf *out, const struct proto_field *f, struct str s)
{
	put_key(out, f, WIRE_BYTES);
	put_varint(out, s.n);
	buf_add(out, s.p, s.n);
}

/* The length goes before what it counts, and is known after it. */
static void put_length(struct buf *out, size_t begin)
{
	size_t n = out->n - begin, size;
	char length[10];

	put_varint(out, n);
	if (buf_is_full(out))
		return;
	size = out->n - begin - n;
	memcpy(length, out->p + begin + n, size);
	memmove(out->p + begin + size, out->p + begin, n);
	memcpy(out->p + begin, length, size);
}

static void put_message(struct buf *out, const struct proto_field *f, const struct proto_schema *s, const void *msg)
{
	size_t begin;

	put_key(out, f, WIRE_BYTES);
	begin = out->n;
	proto_encode(s, msg, out);
	put_length(out, begin);
}

typedef void (*encode_fn)(const struct proto_field *f, const void *member, struct buf *out);

static void encode_str(const struct proto_field *f, const void *member, struct buf *out)
{
	const char *s = *(const char *const *)member;

	if ((s && *s) || (f->flags & PROTO_REQUIRED))
		put_bytes(out, f, str_of(s));
}

static void encode_bytes(const struct proto_field *f, const void *member, struct buf *out)
{
	const struct str *s = member;

	if (s->n || (f->flags & PROTO_REQUIRED))
		put_bytes(out, f, *s);
}

static void encode_bool(const struct proto_field *f, const void *member, struct buf *out)
{
	put_number(out, f, *(const bool *)member, false);
}

static void encode_i32(const struct proto_field *f, const void *member, struct buf *out)
{
	put_number(out, f, (uint64_t)(int64_t)*(const int32_t *)member, false);
}

static void encode_u32(const struct proto_field *f, const void *member, struct buf *out)
{
	put_number(out, f, *(const uint32_t *)member, false);
}

static void encode_64(const struct proto_field *f, const void *member, struct buf *out)
{
	put_number(out, f, *(const uint64_t *)member, false);
}

static void encode_s64(const struct proto_field *f, const void *member, struct buf *out)
{
	int64_t v = *(const int64_t *)member;

	put_number(out, f, (uint64_t)v << 1 ^ (uint64_t)(v >> 63), false);
}

static void encode_fix32(const struct proto_field *f, const void *member, struct buf *out)
{
	uint32_t v = *(const uint32_t *)member;

	if (v == 0 && !(f->flags & PROTO_REQUIRED))
		return;
	put_key(out, f, WIRE_32);
	put_fixed(out, v, 4);
}

static void encode_fix64(const struct proto_field *f, const void *member, struct buf *out)
{
	uint64_t v;

	memcpy(&v, member, sizeof v);
	if (v == 0 && !(f->flags & PROTO_REQUIRED))
		return;
	put_key(out, f, WIRE_64);
	put_fixed(out, v, 8);
}

static void encode_opt_bool(const struct proto_field *f, const void *member, struct buf *out)
{
	const struct opt_bool *o = member;

	if (o->set)
		put_number(out, f, o->v, true);
}

static void encode_opt_u32(const struct proto_field *f, const void *member, struct buf *out)
{
	const struct opt_u32 *o = member;

	if (o->set)
		put_number(out, f, o->v, true);
}

static void encode_opt_i64(const struct proto_field *f, const void *member, struct buf *out)
{
	const struct opt_i64 *o = member;

	if (o->set)
		put_number(out, f, (uint64_t)o->v, true);
}

static void encode_opt_u64(const struct proto_field *f, const void *member, struct buf *out)
{
	const struct opt_u64 *o = member;

	if (o->set)
		put_number(out, f, o->v, true);
}

static void encode_strs(const struct proto_field *f, const void *member, struct buf *out)
{
	const struct strs *list = member;

	for (size_t i = 0; i < list->n; i++)
		put_bytes(out, f, str_of(list->v[i]));
}

static void encode_u32s(const struct proto_field *f, const void *member, struct buf *out)
{
	const struct u32s *list = member;
	size_t begin;

	if (!(f->flags & PROTO_PACKED)) {
		for (size_t i = 0; i < list->n; i++)
			put_number(out, f, list->v[i], true);
		return;
	}
	if (list->n == 0)
		return;
	put_key(out, f, WIRE_BYTES);
	begin = out->n;
	for (size_t i = 0; i < list->n; i++)
		put_varint(out, list->v[i]);
	put_length(out, begin);
}

static void encode_pairs(const struct proto_field *f, const void *member, struct buf *out)
{
	const struct pairs *list = member;

	for (size_t i = 0; i < list->n; i++)
		put_message(out, f, &pair_message, &list->v[i]);
}

static void encode_msg(const struct proto_field *f, const void *member, struct buf *out)
{
	put_message(out, f, f->schema, member);
}

static void encode_ptr(const struct proto_field *f, const void *member, struct buf *out)
{
	const void *msg = *(const void *const *)member;

	if (msg)
		put_message(out, f, f->schema, msg);
}

static void encode_list(const struct proto_field *f, const void *member, struct buf *out)
{
	const char *list = *(const char *const *)member;
	size_t n = *(const size_t *)((const char *)member - f->offset + f->offset_n);

	for (size_t i = 0; i < n; i++)
		put_message(out, f, f->schema, list + i * f->schema->size);
}

/* ---- the table of kinds ------------------------------------------------------------------------------------------------------------------- */

static const struct kind {
	enum wire_type wire;
	decode_fn decode;
	encode_fn encode;
} kinds[PROTO_KIND_COUNT] = {
	/* clang-format off */
	[PROTO_KIND_STR]      = { WIRE_BYTES,  decode_str,      encode_str      },
	[PROTO_KIND_BYTES]    = { WIRE_BYTES,  decode_bytes,    encode_bytes    },
	[PROTO_KIND_BOOL]     = { WIRE_VARINT, decode_bool,     encode_bool     },
	[PROTO_KIND_I32]      = { WIRE_VARINT, decode_i32,      encode_i32      },
	[PROTO_KIND_U32]      = { WIRE_VARINT, decode_u32,      encode_u32      },
	[PROTO_KIND_I64]      = { WIRE_VARINT, decode_64,       encode_64       },
	[PROTO_KIND_U64]      = { WIRE_VARINT, decode_64,       encode_64       },
	[PROTO_KIND_S64]      = { WIRE_VARINT, decode_s64,      encode_s64      },
	[PROTO_KIND_FIX32]    = { WIRE_32,     decode_u32,      encode_fix32    },
	[PROTO_KIND_FIX64]    = { WIRE_64,     decode_64,       encode_fix64    },
	[PROTO_KIND_F64]      = { WIRE_64,     decode_64,       encode_fix64    },
	[PROTO_KIND_OPT_BOOL] = { WIRE_VARINT, decode_opt_bool, encode_opt_bool },
	[PROTO_KIND_OPT_U32]  = { WIRE_VARINT, decode_opt_u32,  encode_opt_u32  },
	[PROTO_KIND_OPT_I64]  = { WIRE_VARINT, decode_opt_i64,  encode_opt_i64  },
	[PROTO_KIND_OPT_U64]  = { WIRE_VARINT, decode_opt_u64,  encode_opt_u64  },
	[PROTO_KIND_STRS]     = { WIRE_BYTES,  decode_strs,     encode_strs     },
	[PROTO_KIND_U32S]     = { WIRE_VARINT, decode_u32s,     encode_u32s     }, /* or packed: WIRE_BYTES */
	[PROTO_KIND_PAIRS]    = { WIRE_BYTES,  decode_pairs,    encode_pairs    },
	[PROTO_KIND_MSG]      = { WIRE_BYTES,  decode_msg,      encode_msg      },
	[PROTO_KIND_PTR]      = { WIRE_BYTES,  decode_ptr,      encode_ptr      },
	[PROTO_KIND_LIST]     = { WIRE_BYTES,  decode_list,     encode_list     },
	/* clang-format on */
};

/* ---- messages ----------------------------------------------------------------------------------------------------------------------------- */

static const struct proto_field *find(const struct proto_schema *s, uint32_t number, unsigned wire)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct proto_field *f = &s->fields[i];

		if (f->number == number)
			return kinds[f->kind].wire == wire || (f->kind == PROTO_KIND_U32S && wire == WIRE_BYTES) ? f : NULL;
	}
	return NULL;
}

static int check_required(const struct decoder *d, const struct proto_schema *s, uint64_t seen)
{
	for (size_t i = 0; i < s->n; i++)
		if ((s->fields[i].flags & PROTO_REQUIRED) && !(seen & UINT64_C(1) << i))
			return err_set(d->e, ERR_INVALID, "%s: is missing", s->fields[i].name);
	return 0;
}

static int decode_fields(struct decoder *d, const struct proto_schema *s, struct wire *w, void *msg)
{
	uint64_t seen = 0;

	while (w->p < w->end) {
		const struct proto_field *f = NULL;
		struct value v = { 0 };
		uint32_t number;
		unsigned type;
		int r = get_key(w, &number, &type);

		if (r == 0)
			r = type == WIRE_GROUP ? skip_group(w, number) : get_value(w, type, &v);
		if (r < 0)
			return fail(d, "cut short or no message");
		f = find(s, number, type);
		if (!f)
			continue;
		r = kinds[f->kind].decode(d, f, &v, (char *)msg + f->offset);
		if (r < 0)
			return err_wrap(d->e, "%s", f->name);
		seen |= UINT64_C(1) << (f - s->fields);
	}
	return check_required(d, s, seen);
}

static int decode_message(struct decoder *d, const struct proto_schema *s, struct str bytes, void *msg)
{
	struct wire w = wire_of(bytes);
	int r;

	if (d->depth >= LIMIT_PROTO_DEPTH)
		return fail(d, "nested too deeply");
	d->depth++;
	r = decode_fields(d, s, &w, msg);
	d->depth--;
	return r;
}

/* ---- entry points ------------------------------------------------------------------------------------------------------------------------- */

int proto_decode(struct str bytes, const struct proto_schema *s, struct arena *a, void *ret, struct err *e)
{
	struct decoder d = { .a = a, .e = e };
	int r;

	memset(ret, 0, s->size);
	r = decode_message(&d, s, bytes.p ? bytes : STR(""), ret);
	return r < 0 ? err_wrap(e, "%s", s->name) : 0;
}

int proto_encode(const struct proto_schema *s, const void *msg, struct buf *out)
{
	for (size_t i = 0; i < s->n; i++)
		kinds[s->fields[i].kind].encode(&s->fields[i], (const char *)msg + s->fields[i].offset, out);
	return buf_is_full(out) ? -E2BIG : 0;
}

static bool is_message(const struct proto_field *f)
{
	return f->kind == PROTO_KIND_MSG || f->kind == PROTO_KIND_PTR || f->kind == PROTO_KIND_LIST;
}

int proto_schema_check(const struct proto_schema *s, struct err *e)
{
	if (s->n == 0 || s->n > 64)
		return err_set(e, ERR_INVALID, "%s: has %zu rows", s->name, s->n);
	for (size_t i = 0; i < s->n; i++) {
		const struct proto_field *f = &s->fields[i];

		if (!f->name || !*f->name || f->number == 0 || f->number > 536870911 || (f->number >= 19000 && f->number <= 19999))
			return err_set(e, ERR_INVALID, "%s: row %zu has no name or an impossible number", s->name, i);
		if (f->kind >= PROTO_KIND_COUNT || is_message(f) != (f->schema != NULL))
			return err_set(e, ERR_INVALID, "%s.%s: kind and sub-table do not fit", s->name, f->name);
		for (size_t j = 0; j < i; j++)
			if (s->fields[j].number == f->number || streq(s->fields[j].name, f->name))
				return err_set(e, ERR_INVALID, "%s.%s: the number or the name is there twice", s->name, f->name);
		if (f->schema && f->schema != s && proto_schema_check(f->schema, e) < 0)
			return err_wrap(e, "%s.%s", s->name, f->name);
	}
	return 0;
}
