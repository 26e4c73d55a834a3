/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "codec/proto.h"

#include "base/limits.h"
#include "base/scope.h"

struct leaf {
	const char *name;
	int32_t size;
	struct leaf *next;
};

static const struct proto_schema leaf_message;
static const struct proto_field leaf_rows[] = {
	PROTO(struct leaf, name, 1, "name", STR, PROTO_REQUIRED),
	PROTO(struct leaf, size, 2, "size", I32, 0),
	PROTO_PTR(struct leaf, next, 3, "next", &leaf_message, 0),
};
static const struct proto_schema leaf_message = PROTO_SCHEMA("leaf", struct leaf, leaf_rows);

struct tree {
	const char *str;
	struct str bytes;
	bool yes;
	int32_t i32;
	uint32_t u32, fix32;
	int64_t i64, s64;
	uint64_t u64, fix64;
	double f64;
	struct opt_bool opt_bool;
	struct opt_u32 opt_u32;
	struct opt_i64 opt_i64;
	struct opt_u64 opt_u64;
	struct strs strs;
	struct u32s loose, packed;
	struct pairs pairs;
	struct leaf first;
	struct leaf *leaves;
	size_t n_leaves;
};

static const struct proto_field tree_rows[] = {
	/* clang-format off */
	PROTO(struct tree,      str,      1,    "str",      STR,      0),
	PROTO(struct tree,      bytes,    2,    "bytes",    BYTES,    0),
	PROTO(struct tree,      yes,      3,    "yes",      BOOL,     0),
	PROTO(struct tree,      i32,      4,    "i32",      I32,      0),
	PROTO(struct tree,      u32,      5,    "u32",      U32,      0),
	PROTO(struct tree,      i64,      6,    "i64",      I64,      0),
	PROTO(struct tree,      u64,      7,    "u64",      U64,      0),
	PROTO(struct tree,      s64,      8,    "s64",      S64,      0),
	PROTO(struct tree,      fix32,    9,    "fix32",    FIX32,    0),
	PROTO(struct tree,      fix64,    10,   "fix64",    FIX64,    0),
	PROTO(struct tree,      f64,      11,   "f64",      F64,      0),
	PROTO(struct tree,      opt_bool, 12,   "optBool",  OPT_BOOL, 0),
	PROTO(struct tree,      opt_u32,  13,   "optU32",   OPT_U32,  0),
	PROTO(struct tree,      opt_i64,  14,   "optI64",   OPT_I64,  0),
	PROTO(struct tree,      opt_u64,  15,   "optU64",   OPT_U64,  0),
	PROTO(struct tree,      strs,     16,   "strs",     STRS,     0),
	PROTO(struct tree,      loose,    17,   "loose",    U32S,     0),
	PROTO(struct tree,      packed,   18,   "packed",   U32S,     PROTO_PACKED),
	PROTO(struct tree,      pairs,    19,   "pairs",    PAIRS,    0),
	PROTO_MSG(struct tree,  first,    20,   "first",    &leaf_message, 0),
	PROTO_LIST(struct tree, leaves,   2000, "leaves",   &leaf_message),
	/* clang-format on */
};
static const struct proto_schema tree_message = PROTO_SCHEMA("tree", struct tree, tree_rows);

#define BYTES(...) ((struct str){ (const char[]){ __VA_ARGS__ }, sizeof((const char[]){ __VA_ARGS__ }) })
#define X(c) ((char)(c))

static int decode(struct str bytes, struct arena *a, struct tree *t, struct err *e)
{
	return proto_decode(bytes, &tree_message, a, t, e);
}

TEST(the_bytes_are_those_of_the_format)
{
	struct tree t = { .i32 = 150, .str = "testing", .s64 = -2, .fix32 = 1, .first = { "x", -1, NULL } };
	static const char want[] = "\x0a\x07testing\x20\x96\x01\x40\x03\x4d\x01\x00\x00\x00\xa2\x01\x0e\x0a\x01x\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
	scoped_buf struct buf b = BUF(200);

	assert_int_equal(proto_encode(&tree_message, &t, &b), 0);
	assert_int_equal(b.n, sizeof want - 1);
	assert_memory_equal(b.p, want, b.n);
}

TEST(every_kind_survives_encode_and_decode)
{
	struct leaf leaves[] = { { "one", 1, NULL }, { "two", -2, &leaves[0] } };
	struct tree t = {
		.str = "s\xc3\xa9", .bytes = BYTES('a', 0, 'b'), .yes = true, .i32 = INT32_MIN, .u32 = UINT32_MAX, .i64 = INT64_MIN, .u64 = UINT64_MAX,
		.s64 = INT64_MIN, .fix32 = 0x01020304, .fix64 = 0x0102030405060708, .f64 = -1.5, .opt_bool = { true, false }, .opt_u32 = { true, 0 },
		.opt_i64 = { true, -1 }, .opt_u64 = { true, 0 }, .strs = { (const char *[]){ "a", "", "c" }, 3 },
		.loose = { (uint32_t[]){ 0, 300 }, 2 }, .packed = { (uint32_t[]){ 0, 1, 70000 }, 3 },
		.pairs = { (struct pair[]){ { "k", "v" }, { "empty", "" } }, 2 }, .first = { .name = "f" }, .leaves = leaves, .n_leaves = 2,
	};
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(1000), again = BUF(1000);
	struct tree u;
	struct err e = { 0 };

	assert_int_equal(proto_encode(&tree_message, &t, &b), 0);
	assert_int_equal(decode(buf_str(&b), &a, &u, &e), 0);
	assert_int_equal(u.i32, INT32_MIN);
	assert_true(u.s64 == INT64_MIN && u.i64 == INT64_MIN && u.u64 == UINT64_MAX && u.opt_i64.v == -1 && u.f64 < -1.4);
	assert_true(u.opt_bool.set && !u.opt_bool.v && u.opt_u32.set && u.opt_u64.set);
	assert_int_equal(u.packed.v[2], 70000);
	assert_string_equal(u.leaves[1].next->name, "one");
	assert_string_equal(pairs_find(&u.pairs, "empty"), "");
	assert_int_equal(proto_encode(&tree_message, &u, &again), 0);
	assert_true(str_eq(buf_str(&b), buf_str(&again)));
}

TEST(what_is_zero_or_not_set_is_not_written)
{
	struct tree t = { .str = "", .first = { .name = "" } };
	scoped_buf struct buf b = BUF(100);

	assert_int_equal(proto_encode(&tree_message, &t, &b), 0);
	assert_int_equal(b.n, 5); /* only the embedded message with its required name */
}

TEST(unknown_numbers_of_every_wire_type_are_skipped)
{
	scoped_arena struct arena a = { 0 };
	struct tree t;
	struct err e = { 0 };

	/* 99 as varint, 64 bits, bytes, a group with a group and a string in it, 32 bits; then i32 = 1 */
	assert_int_equal(decode(BYTES(X(0x98), 6, 5, X(0x99), 6, 1, 2, 3, 4, 5, 6, 7, 8, X(0x9a), 6, 1, 'x', X(0x9b), 6, 0x0b, 0x12, 1, 'y', 0x0c,
				X(0x9c), 6, X(0x9d), 6, 1, 2, 3, 4, 0x20, 1),
			&a, &t, &e), 0);
	assert_int_equal(t.i32, 1);
	assert_int_equal(decode(BYTES(X(0x9b), 6, 0x0c), &a, &t, &e), -EINVAL);
	assert_int_equal(decode(BYTES(X(0x9c), 6), &a, &t, &e), -EINVAL);
}

TEST(a_known_number_with_another_wire_type_is_unknown)
{
	scoped_arena struct arena a = { 0 };
	struct tree t;
	struct err e = { 0 };

	assert_int_equal(decode(BYTES(0x22, 1, 'x'), &a, &t, &e), 0);
	assert_int_equal(t.i32, 0);
}

TEST(lists_of_numbers_are_taken_packed_or_not)
{
	scoped_arena struct arena a = { 0 };
	struct tree t;
	struct err e = { 0 };

	assert_int_equal(decode(BYTES(X(0x90), 1, 7, X(0x92), 1, 2, 8, 9, X(0x8a), 1, 1, 5), &a, &t, &e), 0);
	assert_int_equal(t.packed.n, 3);
	assert_int_equal(t.packed.v[2], 9);
	assert_int_equal(t.loose.v[0], 5);
}

TEST(of_a_repeated_scalar_the_last_counts_and_of_a_message_the_parts_are_merged)
{
	scoped_arena struct arena a = { 0 };
	struct tree t;
	struct err e = { 0 };

	assert_int_equal(decode(BYTES(0x20, 1, 0x20, 2, X(0xa2), 1, 3, 0x0a, 1, 'a', X(0xa2), 1, 5, 0x10, 9, 0x0a, 1, 'b'), &a, &t, &e), 0);
	assert_int_equal(t.i32, 2);
	assert_int_equal(t.first.size, 9);
	assert_string_equal(t.first.name, "b");
}

static void refuses(struct str bytes, const char *why)
{
	scoped_arena struct arena a = { 0 };
	struct tree t;
	struct err e = { 0 };

	assert_int_equal(decode(bytes, &a, &t, &e), -EINVAL);
	assert_string_equal(e.msg, why);
}

TEST(what_is_wrong_is_refused_with_its_path)
{
	refuses(BYTES(0x20), "tree: cut short or no message");
	refuses(BYTES(0x0a, 2, 'x'), "tree: cut short or no message");
	refuses(BYTES(0x0a, X(0xff), X(0xff), X(0xff), X(0xff), X(0xff), X(0xff), X(0xff), X(0xff), X(0xff), 1), "tree: cut short or no message");
	refuses(BYTES(0x20, X(0x80), X(0x80), X(0x80), X(0x80), X(0x80), X(0x80), X(0x80), X(0x80), X(0x80), 2), "tree: cut short or no message");
	refuses(BYTES(0x4d, 1, 2, 3), "tree: cut short or no message");
	refuses(BYTES(0x07, 0), "tree: cut short or no message");
	refuses(BYTES(0x00, 0), "tree: cut short or no message");
	refuses(BYTES(0x20, X(0x80), X(0x80), X(0x80), X(0x80), 8), "tree: i32: number is out of range");
	refuses(BYTES(0x28, X(0x80), X(0x80), X(0x80), X(0x80), 16), "tree: u32: number is out of range");
	refuses(BYTES(0x0a, 1, 0), "tree: str: string contains a NUL character");
	refuses(BYTES(X(0xa2), 1, 3, 0x0a, 1, X(0xff)), "tree: first: name: not UTF-8");
	refuses(BYTES(X(0xa2), 1, 2, 0x10, 1), "tree: first: name: is missing");
	refuses(BYTES(X(0x92), 1, 1, X(0x80)), "tree: packed: cut short");
}

TEST(nesting_ends_somewhere)
{
	struct leaf chain[LIMIT_PROTO_DEPTH + 1];
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(10000);
	struct leaf back;
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(chain); i++)
		chain[i] = (struct leaf){ "n", 1, i ? &chain[i - 1] : NULL };
	assert_int_equal(proto_encode(&leaf_message, &chain[LIMIT_PROTO_DEPTH - 1], &b), 0);
	assert_int_equal(proto_decode(buf_str(&b), &leaf_message, &a, &back, &e), 0);
	buf_clear(&b);
	assert_int_equal(proto_encode(&leaf_message, &chain[LIMIT_PROTO_DEPTH], &b), 0);
	assert_int_equal(proto_decode(buf_str(&b), &leaf_message, &a, &back, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "nested too deeply"));
}

TEST(elements_are_counted_over_all_lists)
{
	size_t n = (LIMIT_PROTO_ELEMENTS + 1) * 3;
	char *bytes = test_malloc(n);
	scoped_arena struct arena a = { 0 };
	struct tree t;
	struct err e = { 0 };

	for (size_t i = 0; i < n; i += 3)
		memcpy(bytes + i, "\x82\x01\x00", 3);
	assert_int_equal(decode((struct str){ bytes, n - 3 }, &a, &t, &e), 0);
	assert_int_equal(decode((struct str){ bytes, n }, &a, &t, &e), -EINVAL);
	assert_string_equal(e.msg, "tree: strs: too many elements");
	test_free(bytes);
}

TEST(a_full_buffer_is_an_error)
{
	struct tree t = { .str = "0123456789", .first = { .name = "0123456789" } };
	scoped_buf struct buf b = BUF(20);

	assert_int_equal(proto_encode(&tree_message, &t, &b), -E2BIG);
}

TEST(tables_obey_their_laws)
{
	static const struct proto_field twice[] = {
		PROTO(struct leaf, name, 1, "name", STR, 0),
		PROTO(struct leaf, size, 1, "size", I32, 0),
	};
	static const struct proto_schema bad = PROTO_SCHEMA("bad", struct leaf, twice);
	struct err e = { 0 };

	assert_int_equal(proto_schema_check(&tree_message, &e), 0);
	assert_int_equal(proto_schema_check(&bad, &e), -EINVAL);
}
