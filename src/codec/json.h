/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * json: documents <-> structs by field tables.
 *
 *     static const struct field rlimit_fields[] = {
 *             FIELD(struct oci_rlimit, type, "type", STR, FIELD_REQUIRED),
 *             FIELD(struct oci_rlimit, soft, "soft", U64, FIELD_REQUIRED),
 *     };
 *     const struct schema oci_rlimit_schema = SCHEMA("rlimit", struct oci_rlimit, rlimit_fields);
 *
 * One table decodes, encodes and documents. The bytes are parsed by jansson; the table walks its tree into zeroed structs of the caller's
 * arena, which are read-only afterwards. A row whose member has another C type than its kind says does not compile.
 *
 * Decode rules: absent or null leaves the member zero unless FIELD_REQUIRED; unknown keys are ignored, and a repeated key's last value wins
 * (as Go does) unless JSON_EXACT; numbers must fit the C type; strings may not contain NUL (but BYTES may); depth and size are capped. Every error names the
 * path: "process.rlimits[2].soft: expected an unsigned number, got string".
 * Encode rules: rows in table order; FIELD_OMIT_EMPTY leaves out zero, "", NULL and empty lists; strings that are not UTF-8 get U+FFFD.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/enumtab.h"
#include "base/err.h"
#include "base/str.h"

/* Values that may be absent. */
struct opt_bool {
	bool set, v;
};
struct opt_u32 {
	bool set;
	uint32_t v;
};
struct opt_i64 {
	bool set;
	int64_t v;
};
struct opt_u64 {
	bool set;
	uint64_t v;
};

/* A list of unsigned numbers. */
struct u32s {
	uint32_t *v;
	size_t n;
};

enum field_kind {
	FIELD_KIND_STR,      /* const char *            */
	FIELD_KIND_BOOL,     /* bool                    */
	FIELD_KIND_I32,      /* int32_t                 */
	FIELD_KIND_U32,      /* uint32_t                */
	FIELD_KIND_I64,      /* int64_t                 */
	FIELD_KIND_U64,      /* uint64_t                */
	FIELD_KIND_F64,      /* double                  */
	FIELD_KIND_STRS,     /* struct strs             */
	FIELD_KIND_PAIRS,    /* struct pairs: an object whose values are strings */
	FIELD_KIND_U32S,     /* struct u32s             */
	FIELD_KIND_OPT_BOOL, /* struct opt_bool         */
	FIELD_KIND_OPT_U32,  /* struct opt_u32          */
	FIELD_KIND_OPT_I64,  /* struct opt_i64          */
	FIELD_KIND_OPT_U64,  /* struct opt_u64          */
	FIELD_KIND_RAW,      /* struct str: the value's own JSON text */
	FIELD_KIND_BYTES,    /* struct str: a string that may contain NUL, for bytes that are nobody's name */
	FIELD_KIND_KEYS,     /* struct strs: the keys of an object whose values say nothing ({"/data":{}}) */
	FIELD_KIND_ENUM,     /* any 4-byte enum, words by enumtab */
	FIELD_KIND_OBJ,      /* an embedded struct      */
	FIELD_KIND_PTR,      /* a pointer to a struct; NULL when absent */
	FIELD_KIND_LIST,     /* `struct x *m; size_t n_m;` */
	FIELD_KIND_DICT,     /* like LIST, but an object: each struct's first member is `const char *key` */
	FIELD_KIND_COUNT,
};

enum {
	FIELD_REQUIRED = 1 << 0,
	FIELD_OMIT_EMPTY = 1 << 1,
	FIELD_NONEMPTY = 1 << 2, /* if present, a string or list must not be empty */
	FIELD_NULL_EMPTY = 1 << 3, /* an empty list is written as null, as Go writes a nil slice */
};

struct schema;

struct field {
	const char *name;
	enum field_kind kind;
	unsigned flags;
	size_t offset, offset_n;
	const struct schema *schema; /* OBJ PTR LIST DICT */
	const struct enumtab *words; /* ENUM */
};

struct schema {
	const char *name;
	size_t size;
	const struct field *fields;
	size_t n;
	/* Looks at the decoded object as a whole; NULL: nothing to say. @e gets the path prepended. */
	int (*check)(const void *obj, struct err *e);
};

#define SCHEMA(name_, type, rows) { .name = (name_), .size = sizeof(type), .fields = (rows), .n = sizeof(rows) / sizeof *(rows) }
#define SCHEMA_CHECKED(name_, type, rows, check_) \
	{ .name = (name_), .size = sizeof(type), .fields = (rows), .n = sizeof(rows) / sizeof *(rows), .check = (check_) }

/* Zero if the member's type is @want; a compile error at the row otherwise. */
#define FIELD_TYPE_CHECK(type, member, want)                                                                      \
	(0 * sizeof(struct {                                                                                      \
		_Static_assert(__builtin_types_compatible_p(__typeof__(((type *)0)->member), want),               \
			       "field " #member ": C type does not fit kind");                                    \
		char c;                                                                                           \
	}))

#define FIELD_CTYPE_STR const char *
#define FIELD_CTYPE_BOOL bool
#define FIELD_CTYPE_I32 int32_t
#define FIELD_CTYPE_U32 uint32_t
#define FIELD_CTYPE_I64 int64_t
#define FIELD_CTYPE_U64 uint64_t
#define FIELD_CTYPE_F64 double
#define FIELD_CTYPE_STRS struct strs
#define FIELD_CTYPE_PAIRS struct pairs
#define FIELD_CTYPE_U32S struct u32s
#define FIELD_CTYPE_OPT_BOOL struct opt_bool
#define FIELD_CTYPE_OPT_U32 struct opt_u32
#define FIELD_CTYPE_OPT_I64 struct opt_i64
#define FIELD_CTYPE_OPT_U64 struct opt_u64
#define FIELD_CTYPE_RAW struct str
#define FIELD_CTYPE_BYTES struct str
#define FIELD_CTYPE_KEYS struct strs

/* A scalar or simple list: FIELD(struct t, member, "jsonName", STR, flags). Flags 0 = optional. */
#define FIELD(type, member, name_, KIND, flags_)                                                        \
	{ .name = (name_), .kind = FIELD_KIND_##KIND, .flags = (flags_),                                \
	  .offset = offsetof(type, member) + FIELD_TYPE_CHECK(type, member, FIELD_CTYPE_##KIND) }

#define FIELD_ENUM(type, member, name_, enumtab_, flags_)                                               \
	{ .name = (name_), .kind = FIELD_KIND_ENUM, .flags = (flags_), .words = (enumtab_),             \
	  .offset = offsetof(type, member) + 0 * sizeof(struct {                                        \
		_Static_assert(sizeof(((type *)0)->member) == 4, "an enum has four bytes"); char c; }) }

/* Structs within: embedded, by pointer, as a list (member + n_member), as an object keyed by each struct's `key`. */
#define FIELD_OBJ(type, member, name_, schema_, flags_) \
	{ .name = (name_), .kind = FIELD_KIND_OBJ, .flags = (flags_), .offset = offsetof(type, member), .schema = (schema_) }
#define FIELD_PTR(type, member, name_, schema_, flags_) \
	{ .name = (name_), .kind = FIELD_KIND_PTR, .flags = (flags_), .offset = offsetof(type, member), .schema = (schema_) }
#define FIELD_LIST(type, member, name_, schema_, flags_)                                                \
	{ .name = (name_), .kind = FIELD_KIND_LIST, .flags = (flags_), .offset = offsetof(type, member), \
	  .offset_n = offsetof(type, n_##member) + FIELD_TYPE_CHECK(type, n_##member, size_t), .schema = (schema_) }
#define FIELD_DICT(type, member, name_, schema_, flags_)                                                \
	{ .name = (name_), .kind = FIELD_KIND_DICT, .flags = (flags_), .offset = offsetof(type, member), \
	  .offset_n = offsetof(type, n_##member) + FIELD_TYPE_CHECK(type, n_##member, size_t), .schema = (schema_) }

enum {
	JSON_EXACT = 1 << 0, /* our own files: unknown and repeated keys are errors */
};

enum json_indent { JSON_INDENT_NONE, JSON_INDENT_2 = 2, JSON_INDENT_4 = 4, JSON_INDENT_TAB = -1 };

/* Decodes @text into @ret (of the schema's size; zeroed first), with strings and lists in @a. Errors: -EINVAL (kind invalid). */
int json_decode(struct str text, const struct schema *s, unsigned flags, struct arena *a, void *ret, struct err *e);

/* Decodes a document that is an array of objects into a new list. */
int json_decode_list(struct str text, const struct schema *s, unsigned flags, struct arena *a, void *ret_items, size_t *ret_n,
	struct err *e);

/* Appends the JSON of @obj. Errors: -E2BIG when @out is full. */
int json_encode(const struct schema *s, const void *obj, enum json_indent indent, struct buf *out);

/* Appends a JSON array of @n objects that stand one after the other at @items. */
int json_encode_list(const struct schema *s, const void *items, size_t n, enum json_indent indent, struct buf *out);

/*
 * Sets the member at @path (@n keys, each in the object before it, made as needed) of the document @text to the JSON @value, or removes it if value.p is
 * NULL; everything else stays as it is, in its order. An empty document is an empty object. Appends to @out. Errors: -EINVAL, -E2BIG.
 */
int json_edit(struct str text, const char *const *path, size_t n, struct str value, struct buf *out, struct err *e);

/* Appends a document anew with another indentation; keys keep their order. Errors: -EINVAL if it is none; -E2BIG. */
int json_reindent(struct str text, enum json_indent indent, struct buf *out);

/* The members of an object, each value as its own JSON text; in order. Errors: -EINVAL, also for a repeated key. */
struct json_member {
	const char *key;
	struct str value;
};
int json_members(struct str text, struct arena *a, struct json_member **ret, size_t *ret_n, struct err *e);

/* Appends @s as a JSON string with quotes. */
int json_encode_string(struct str s, struct buf *out);

/* The laws every table obeys (names present and unique, sub-tables where the kind needs one). For tests; names the row in @e. */
int schema_check(const struct schema *s, struct err *e);
