/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "codec/json.h"

#include "base/limits.h"
#include "base/scope.h"

enum shape { SHAPE_ROUND, SHAPE_SQUARE, SHAPE_COUNT };
static const char *const shape_words[] = { "round", "square" };
static const struct enumtab shapes = ENUMTAB("shape", shape_words, SHAPE_COUNT);

struct leaf {
	const char *key;
	uint32_t size;
	struct opt_i64 weight;
};

struct tree {
	const char *name;
	bool tall;
	int32_t i32;
	uint64_t u64;
	struct strs tags;
	struct pairs labels;
	struct u32s ids;
	struct str raw;
	struct strs keys;
	enum shape shape;
	struct leaf first;
	struct leaf *last;
	struct leaf *leaves;
	size_t n_leaves;
	struct leaf *named;
	size_t n_named;
};

static const struct field leaf_fields[] = {
	FIELD(struct leaf, size, "size", U32, FIELD_REQUIRED),
	FIELD(struct leaf, weight, "weight", OPT_I64, 0),
};
static const struct schema leaf_schema = SCHEMA("leaf", struct leaf, leaf_fields);

static const struct field tree_fields[] = {
	FIELD(struct tree, name, "name", STR, FIELD_REQUIRED),
	FIELD(struct tree, tall, "tall", BOOL, FIELD_OMIT_EMPTY),
	FIELD(struct tree, i32, "i32", I32, FIELD_OMIT_EMPTY),
	FIELD(struct tree, u64, "u64", U64, FIELD_OMIT_EMPTY),
	FIELD(struct tree, tags, "tags", STRS, FIELD_OMIT_EMPTY),
	FIELD(struct tree, labels, "labels", PAIRS, FIELD_OMIT_EMPTY),
	FIELD(struct tree, ids, "ids", U32S, FIELD_OMIT_EMPTY),
	FIELD(struct tree, raw, "raw", RAW, 0),
	FIELD(struct tree, keys, "keys", KEYS, FIELD_OMIT_EMPTY),
	FIELD_ENUM(struct tree, shape, "shape", &shapes, FIELD_OMIT_EMPTY),
	FIELD_OBJ(struct tree, first, "first", &leaf_schema, 0),
	FIELD_PTR(struct tree, last, "last", &leaf_schema, FIELD_OMIT_EMPTY),
	FIELD_LIST(struct tree, leaves, "leaves", &leaf_schema, FIELD_OMIT_EMPTY),
	FIELD_DICT(struct tree, named, "named", &leaf_schema, FIELD_OMIT_EMPTY),
};
static const struct schema tree_schema = SCHEMA("tree", struct tree, tree_fields);

static int decode(const char *text, unsigned flags, struct arena *a, struct tree *t, struct err *e)
{
	return json_decode(str_of(text), &tree_schema, flags, a, t, e);
}

TEST(a_document_survives_decode_and_encode)
{
	static const char text[] =
		"{\"name\":\"oak\\u00e9\\n\",\"tall\":true,\"i32\":-5,\"u64\":7,\"tags\":[\"a\",\"b\"],\"labels\":{\"k\":\"v\"},"
		"\"ids\":[1,2],\"raw\":{\"x\":[1]},\"keys\":{\"/data\":{}},\"shape\":\"square\",\"first\":{\"size\":1,\"weight\":0},"
		"\"last\":{\"size\":2},\"leaves\":[{\"size\":3},{\"size\":4}],\"named\":{\"n\":{\"size\":5}}}";
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf out = BUF(4096), again = BUF(4096);
	struct err e = { 0 };
	struct tree t;

	assert_int_equal(decode(text, JSON_EXACT, &a, &t, &e), 0);
	assert_string_equal(t.name, "oak\xc3\xa9\n");
	assert_int_equal(t.n_leaves, 2);
	assert_int_equal(t.leaves[1].size, 4);
	assert_string_equal(t.named[0].key, "n");
	assert_string_equal(t.keys.v[0], "/data");
	assert_true(t.first.weight.set);
	assert_int_equal(json_encode(&tree_schema, &t, JSON_INDENT_NONE, &out), 0);
	assert_int_equal(decode(buf_text(&out), JSON_EXACT, &a, &t, &e), 0);
	json_encode(&tree_schema, &t, JSON_INDENT_NONE, &again);
	assert_string_equal(buf_text(&out), buf_text(&again));
	assert_int_equal(schema_check(&tree_schema, &e), 0);
}

TEST(errors_name_the_path)
{
	static const struct {
		const char *text, *msg;
	} rows[] = {
		{ "{\"first\":{\"size\":1}}", "name: missing" },
		{ "{\"name\":1}", "name: expected a string, got number" },
		{ "{\"name\":\"a\",\"leaves\":[{\"size\":1},{}],\"first\":{\"size\":1}}", "leaves[1].size: missing" },
		{ "{\"name\":\"a\",\"first\":{\"size\":4294967296}}", "first.size: number 4294967296 is out of range" },
		{ "{\"name\":\"a\",\"first\":{\"size\":-1}}", "first.size: number -1 is out of range" },
		{ "{\"name\":\"a\",\"first\":{\"size\":1.5}}", "first.size: expected a whole number" },
		{ "{\"name\":\"a\",\"shape\":\"flat\"}", "shape: unknown shape 'flat'" },
		{ "{\"name\":\"a\\u0000b\"}", "name: string contains a NUL character" },
		{ "[]", "expected an object, got array" },
	};
	scoped_arena struct arena a = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { 0 };
		struct tree t;

		assert_int_equal(decode(rows[i].text, 0, &a, &t, &e), -EINVAL);
		assert_string_equal(e.msg, rows[i].msg);
	}
}

TEST(strict_documents_refuse_unknown_and_repeated_keys)
{
	scoped_arena struct arena a = { 0 };
	struct err e = { 0 };
	struct tree t;

	assert_int_equal(decode("{\"name\":\"a\",\"new\":1}", 0, &a, &t, &e), 0);
	assert_int_equal(decode("{\"name\":\"a\",\"name\":\"b\"}", 0, &a, &t, &e), 0);
	assert_string_equal(t.name, "b");
	assert_int_equal(decode("{\"name\":\"a\",\"new\":1}", JSON_EXACT, &a, &t, &e), -EINVAL);
	assert_int_equal(decode("{\"name\":\"a\",\"name\":\"b\"}", JSON_EXACT, &a, &t, &e), -EINVAL);
}

TEST(numbers_of_all_bits_are_taken_where_they_fit)
{
	scoped_arena struct arena a = { 0 };
	struct err e = { 0 };
	struct tree t;

	assert_int_equal(decode("{\"name\":\"a\",\"u64\":18446744073709551615}", 0, &a, &t, &e), 0);
	assert_true(t.u64 == UINT64_MAX);
	assert_int_equal(decode("{\"name\":\"a\",\"i32\":18446744073709551615}", 0, &a, &t, &e), -EINVAL);
	assert_int_equal(decode("{\"name\":\"a\",\"u64\":99999999999999999999999}", 0, &a, &t, &e), -EINVAL);
}

TEST(nesting_is_capped_before_the_parser_recurses)
{
	scoped_arena struct arena a = { 0 };
	char *deep = arena_alloc(&a, 100001);
	struct err e = { 0 };
	struct tree t;

	memset(deep, '[', 100000);
	assert_int_equal(decode(deep, 0, &a, &t, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "nested deeper"));
}

TEST(strings_are_always_valid_utf8_when_written)
{
	scoped_buf struct buf b = BUF(100);

	json_encode_string(STR("a\xff\"\x01z"), &b);
	assert_string_equal(buf_text(&b), "\"a\xef\xbf\xbd\\\"\\u0001z\"");
}

TEST(indent_is_as_wide_as_asked)
{
	struct leaf l = { .size = 1 };
	scoped_buf struct buf b = BUF(100);

	json_encode(&leaf_schema, &l, JSON_INDENT_2, &b);
	assert_string_equal(buf_text(&b), "{\n  \"size\": 1\n}");
}

struct bytes_holder {
	struct str bytes;
};

TEST(bytes_may_contain_nul_where_strings_may_not)
{
	static const struct field bytes_rows[] = { FIELD(struct bytes_holder, bytes, "b", BYTES, 0) };
	static const struct schema schema = SCHEMA("holder", struct bytes_holder, bytes_rows);
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf out = BUF(100);
	struct bytes_holder h;
	struct err e;

	assert_int_equal(json_decode(STR("{\"b\":\"a\\u0000b\"}"), &schema, 0, &a, &h, &e), 0);
	assert_int_equal(h.bytes.n, 3);
	assert_memory_equal(h.bytes.p, "a\0b", 3);
	assert_int_equal(json_encode(&schema, &h, JSON_INDENT_NONE, &out), 0);
	assert_string_equal(buf_text(&out), "{\"b\":\"a\\u0000b\"}");
	assert_int_equal(json_decode(STR("{\"b\":1}"), &schema, 0, &a, &h, &e), -EINVAL);
}

/* ---- one member changed ---- */

TEST(json_edit_changes_one_member_and_keeps_the_rest)
{
	static const struct {
		const char *text, *path[2];
		size_t n;
		const char *value, *want; /* want NULL: refused */
	} rows[] = {
		{ "", { "auths", "h" }, 2, "{\"auth\":\"x\"}", "{\"auths\":{\"h\":{\"auth\":\"x\"}}}" },
		{ "{\"z\":1,\"auths\":{\"b\":{},\"a\":{}},\"k\":[null]}", { "auths", "b" }, 2, NULL, "{\"z\":1,\"auths\":{\"a\":{}},\"k\":[null]}" },
		{ "{\"auths\":null}", { "auths", "a" }, 2, "{}", "{\"auths\":{\"a\":{}}}" },
		{ "{\"a\":1}", { "auths", "h" }, 2, NULL, "{\"a\":1}" },
		{ "{\"auths\":[]}", { "auths", "h" }, 2, "{}", NULL },
		{ "[]", { "a" }, 1, "{}", NULL },
		{ "{", { "a" }, 1, "{}", NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_buf struct buf out = BUF(LIMIT_FILE), flat = BUF(LIMIT_FILE);
		struct err e = { 0 };
		int r = json_edit(str_of(rows[i].text), rows[i].path, rows[i].n, str_of(rows[i].value), &out, &e);

		if (!rows[i].want) {
			assert_true(r < 0);
			continue;
		}
		assert_int_equal(r, 0);
		/* Its line ends and indentation are not what is looked at. */
		for (size_t k = 0; k < out.n; k++)
			if (!strchr(" \n", out.p[k]))
				buf_add_char(&flat, out.p[k]);
		assert_string_equal(buf_text(&flat), rows[i].want);
	}
}
