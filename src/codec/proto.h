/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * proto: protobuf messages <-> structs by field tables, as json.h does it for documents.
 *
 *     static const struct proto_field notify_rows[] = {
 *             PROTO(struct criu_notify, script, 1, "script", STR, 0),
 *             PROTO(struct criu_notify, pid,    2, "pid",    I32, 0),
 *     };
 *     static const struct proto_schema notify_message = PROTO_SCHEMA("notify", struct criu_notify, notify_rows);
 *
 * Bytes are decoded into zeroed structs of the caller's arena. A row whose member has another C type than its kind says does not compile.
 *
 * Decode rules: as the format wants it, an unknown number is skipped whatever its wire type (groups too), and so is a known one that comes
 * with a wire type its kind does not have; of a scalar that is repeated the last one counts, of a message the parts are merged; lists of numbers
 * are taken packed or not. Stricter than the format: a number must fit the C type, a string may not contain NUL and must be UTF-8.
 * Depth, and the elements of all lists together, are capped (base/limits.h); the size of the whole is the caller's business.
 * Errors name the path: "criu_resp: notify: script: not UTF-8".
 * Encode rules: rows in table order; zero, "", NULL and empty lists are left out, unless PROTO_REQUIRED; of an optional value (OPT_*) it is `set` that counts.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/json.h" /* opt_bool …, u32s, FIELD_TYPE_CHECK */

enum proto_kind {
	PROTO_KIND_STR,      /* string          const char *                                  */
	PROTO_KIND_BYTES,    /* bytes           struct str                                    */
	PROTO_KIND_BOOL,     /* bool            bool                                          */
	PROTO_KIND_I32,      /* int32, enum     int32_t                                       */
	PROTO_KIND_U32,      /* uint32          uint32_t                                      */
	PROTO_KIND_I64,      /* int64           int64_t                                       */
	PROTO_KIND_U64,      /* uint64          uint64_t                                      */
	PROTO_KIND_S64,      /* sint32, sint64  int64_t, zigzag                               */
	PROTO_KIND_FIX32,    /* fixed32         uint32_t                                      */
	PROTO_KIND_FIX64,    /* fixed64         uint64_t                                      */
	PROTO_KIND_F64,      /* double          double                                        */
	PROTO_KIND_OPT_BOOL, /* the same where absent and zero differ: struct opt_bool …      */
	PROTO_KIND_OPT_U32,
	PROTO_KIND_OPT_I64,
	PROTO_KIND_OPT_U64,
	PROTO_KIND_STRS,     /* repeated string                 struct strs                   */
	PROTO_KIND_U32S,     /* repeated uint32                 struct u32s                   */
	PROTO_KIND_PAIRS,    /* map<string, string>             struct pairs                  */
	PROTO_KIND_MSG,      /* a message                       an embedded struct            */
	PROTO_KIND_PTR,      /* a message that may be absent    a pointer to a struct or NULL */
	PROTO_KIND_LIST,     /* repeated message                `struct x *m; size_t n_m;`    */
	PROTO_KIND_COUNT,
};

enum {
	PROTO_REQUIRED = 1 << 0, /* written even if zero; an error if absent */
	PROTO_PACKED = 1 << 1,   /* U32S is written packed */
};

struct proto_schema;

struct proto_field {
	const char *name;
	uint32_t number;
	uint8_t kind, flags;     /* enum proto_kind, PROTO_* */
	uint16_t offset, offset_n;
	const struct proto_schema *schema; /* MSG PTR LIST */
};

struct proto_schema {
	const char *name;
	size_t size;
	const struct proto_field *fields;
	size_t n;
};

#define PROTO_SCHEMA(name_, type, rows) { .name = (name_), .size = sizeof(type), .fields = (rows), .n = sizeof(rows) / sizeof *(rows) }

#define PROTO_CTYPE_STR const char *
#define PROTO_CTYPE_BYTES struct str
#define PROTO_CTYPE_BOOL bool
#define PROTO_CTYPE_I32 int32_t
#define PROTO_CTYPE_U32 uint32_t
#define PROTO_CTYPE_I64 int64_t
#define PROTO_CTYPE_U64 uint64_t
#define PROTO_CTYPE_S64 int64_t
#define PROTO_CTYPE_FIX32 uint32_t
#define PROTO_CTYPE_FIX64 uint64_t
#define PROTO_CTYPE_F64 double
#define PROTO_CTYPE_OPT_BOOL struct opt_bool
#define PROTO_CTYPE_OPT_U32 struct opt_u32
#define PROTO_CTYPE_OPT_I64 struct opt_i64
#define PROTO_CTYPE_OPT_U64 struct opt_u64
#define PROTO_CTYPE_STRS struct strs
#define PROTO_CTYPE_U32S struct u32s
#define PROTO_CTYPE_PAIRS struct pairs

/* A scalar or simple list: PROTO(struct t, member, 7, "name", STR, flags). */
#define PROTO(type, member, number_, name_, KIND, flags_)                                               \
	{ .name = (name_), .number = (number_), .kind = PROTO_KIND_##KIND, .flags = (flags_),           \
	  .offset = offsetof(type, member) + FIELD_TYPE_CHECK(type, member, PROTO_CTYPE_##KIND) }

/* Messages within: embedded, by pointer, as a list (member + n_member). */
#define PROTO_MSG(type, member, number_, name_, schema_, flags_)                                        \
	{ .name = (name_), .number = (number_), .kind = PROTO_KIND_MSG, .flags = (flags_),              \
	  .offset = offsetof(type, member), .schema = (schema_) }
#define PROTO_PTR(type, member, number_, name_, schema_, flags_)                                        \
	{ .name = (name_), .number = (number_), .kind = PROTO_KIND_PTR, .flags = (flags_),              \
	  .offset = offsetof(type, member), .schema = (schema_) }
#define PROTO_LIST(type, member, number_, name_, schema_)                                               \
	{ .name = (name_), .number = (number_), .kind = PROTO_KIND_LIST, .offset = offsetof(type, member), \
	  .offset_n = offsetof(type, n_##member) + FIELD_TYPE_CHECK(type, n_##member, size_t), .schema = (schema_) }

/* Decodes @bytes into @ret (of the schema's size; zeroed first), with strings and lists in @a. Errors: -EINVAL (kind invalid). */
int proto_decode(struct str bytes, const struct proto_schema *s, struct arena *a, void *ret, struct err *e);

/* Appends the message. Errors: -E2BIG when @out is full. */
int proto_encode(const struct proto_schema *s, const void *msg, struct buf *out);

/* The laws every table obeys (numbers in range and unique, names present, sub-tables where the kind needs one). For tests; names the row in @e. */
int proto_schema_check(const struct proto_schema *s, struct err *e);
