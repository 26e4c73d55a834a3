/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/yaml.h"

#include "base/limits.h"
#include "base/test.h"

TEST(yaml_becomes_json)
{
	static const char *const rows[][2] = {
		{ "", "null" },
		{ "# nothing\n", "null" },
		{ "a: b\nc: 1\nd: true\ne: ~\nf:\n", "{\"a\":\"b\",\"c\":1,\"d\":true,\"e\":null,\"f\":null}" },
		{ "docker:\n  host/path:\n    lookaside: https://x/y # z\n    use-sigstore-attachments: false\n",
			"{\"docker\":{\"host/path\":{\"lookaside\":\"https://x/y\",\"use-sigstore-attachments\":false}}}" },
		{ "- 1\n- [a, \"b\"]\n- {c: d}\n-\n  - e\n", "[1,[\"a\",\"b\"],{\"c\":\"d\"},[\"e\"]]" },
		{ "a: 'x''y'\nb: \"t\\tq\"\nc: |\n  l1\n  l2\n1: 2\n", "{\"a\":\"x'y\",\"b\":\"t\\tq\",\"c\":\"l1\\nl2\\n\",\"1\":2}" },
		{ "a: 012\nb: 1.5\nc: .5\nd: -3e2\ne: yes\nf: 1.2.3\n", "{\"a\":\"012\",\"b\":1.5,\"c\":\".5\",\"d\":-3e2,\"e\":\"yes\",\"f\":\"1.2.3\"}" },
		{ "plain", "\"plain\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_buf struct buf out = BUF(LIMIT_FILE);
		struct err e = { 0 };

		if (yaml_to_json(str_of(rows[i][0]), &out, &e) < 0)
			fail_msg("row %zu: %s", i, e.msg);
		assert_string_equal(buf_text(&out), rows[i][1]);
	}
}

TEST(yaml_that_is_none_or_unfolds_is_refused)
{
	static const char *const rows[] = { "a: [", "a: b: c", "\t- x", "a: &x 1\nb: *x\n", "a: !!str 1", "--- 1\n--- 2\n", "? [a]\n: b\n", "a: \"\\0\"", "a: \xff", "%" };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_buf struct buf out = BUF(LIMIT_FILE);
		struct err e = { 0 };

		if (yaml_to_json(str_of(rows[i]), &out, &e) >= 0)
			fail_msg("taken: %s", rows[i]);
	}
}
