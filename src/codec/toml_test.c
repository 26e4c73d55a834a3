/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/toml.h"

#include "base/limits.h"
#include "base/test.h"

TEST(toml_becomes_json)
{
	static const char *const rows[][2] = {
		{ "", "{}" },
		{ "a = 1 # x\nb-c = \"d\\te\\u00e9\"\n", "{\"a\":1,\"b-c\":\"d\\te\xc3\xa9\"}" },
		{ "a.b.c = true\na.d = false", "{\"a\":{\"b\":{\"c\":true},\"d\":false}}" },
		{ "\"a.b\" = 'C:\\x'\r\n'q' = 1_000", "{\"a.b\":\"C:\\\\x\",\"q\":1000}" },
		{ "a = 0xff\nb = 0o17\nc = 0b101\nd = -0\ne = +7\nf = -9223372036854775808", "{\"a\":255,\"b\":15,\"c\":5,\"d\":0,\"e\":7,\"f\":-9223372036854775808}" },
		{ "a = 1.5\nb = -2e10\nc = 6.626e-3_4", "{\"a\":1.5,\"b\":-2e10,\"c\":6.626e-34}" },
		{ "a = [ 1, 2, # x\n 3,\n]\nb = []\nc = [[\"x\"], []]", "{\"a\":[1,2,3],\"b\":[],\"c\":[[\"x\"],[]]}" },
		{ "a = { b = 1, c.d = 'x' }", "{\"a\":{\"b\":1,\"c\":{\"d\":\"x\"}}}" },
		{ "a = { }", "{\"a\":{}}" },
		{ "[t]\na = 1\n[t.u]\nb = 2\n[v]", "{\"t\":{\"a\":1,\"u\":{\"b\":2}},\"v\":{}}" },
		{ "[t.u]\nb = 2\n[t]\na = 1", "{\"t\":{\"u\":{\"b\":2},\"a\":1}}" },
		{ "[[r]]\np = 1\n[[r.m]]\nx = 1\n[[r.m]]\n[[r]]\n[[r.m]]\ny = 2",
			"{\"r\":[{\"p\":1,\"m\":[{\"x\":1},{}]},{\"m\":[{\"y\":2}]}]}" },
		{ "[host.\"https://a:5000\"]\n  capabilities = [\"pull\"]", "{\"host\":{\"https://a:5000\":{\"capabilities\":[\"pull\"]}}}" },
		{ "a = \"\"\"\nx\n  y\"\"\"\nb = '''x'y'''\nc = \"\"\"a \\\n   b\"\"\"\nd = \"\"\"\"q\"\"\"\"", "{\"a\":\"x\\n  y\",\"b\":\"x'y\",\"c\":\"a b\",\"d\":\"\\\"q\\\"\"}" },
		{ "a = 1979-05-27T07:32:00Z\nb = 1979-05-27 07:32:00\nc = 07:32:00\nd = 1979-05-27",
			"{\"a\":\"1979-05-27T07:32:00Z\",\"b\":\"1979-05-27 07:32:00\",\"c\":\"07:32:00\",\"d\":\"1979-05-27\"}" },
		{ "\xef\xbb\xbf" "a = 1", "{\"a\":1}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_buf struct buf out = BUF(LIMIT_FILE);
		struct err e = { 0 };

		if (toml_to_json(str_of(rows[i][0]), &out, &e) < 0)
			fail_msg("row %zu: %s", i, e.msg);
		assert_string_equal(buf_text(&out), rows[i][1]);
	}
}

TEST(toml_that_is_none_is_refused_with_its_line)
{
	static const char *const rows[] = { "a", "a =", "= 1", "a = 1 b = 2", "a = 1\na = 2", "a = \"x", "a = \"x\ny\"", "a = 'x", "a = [1", "a = [1 2]", "a = {b = 1",
		"a = {b = 1,}", "a = {b = 1\n}", "[a", "[a]]", "[[a]", "[]", "[a]\n[a]", "a = 1\n[a]", "a = []\n[[a]]", "[[a]]\n[a]", "a = {}\n[a.b]", "a = {}\na.b = 1",
		"[a.b]\n[a]\nb.c = 1", "a.b = 1\n[a]", "a.b = 1\na.b.c = 2", "a = inf", "a = nan", "a = 01", "a = 1__0", "a = _1", "a = 1_", "a = 1.", "a = .5", "a = 1e",
		"a = 0x", "a = 0xg", "a = -0x1", "a = 9223372036854775808", "a = \"\\q\"", "a = \"\\ud800\"", "a = \"\\u00\"", "a = \"\\u0000\"", "a = tru", "a b = 1",
		"a = \"\x01\"", "# \x01", "a = \xff" };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_buf struct buf out = BUF(LIMIT_FILE);
		struct err e = { 0 };

		if (toml_to_json(str_of(rows[i]), &out, &e) != -EINVAL)
			fail_msg("taken: %s", rows[i]);
	}
}

TEST(toml_errors_name_the_line)
{
	scoped_buf struct buf out = BUF(LIMIT_FILE);
	struct err e = { 0 };

	assert_true(toml_to_json(STR("a = 1\n# x\nb = [\n1,\n"), &out, &e) < 0);
	assert_string_equal(e.msg, "line 5: expected a value");
}
