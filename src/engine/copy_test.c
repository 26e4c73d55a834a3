/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/copy.h"

#include "base/test.h"

TEST(copy_end_is_a_container_only_with_a_colon_behind_a_word)
{
	scoped_arena struct arena a = { 0 };
	static const struct {
		const char *text, *container, *path;
	} rows[] = {
		{ "web:/etc/x", "web", "/etc/x" }, { "web:x:y", "web", "x:y" },  { "web:", "web", "" },   { "/a:b", NULL, "/a:b" },
		{ "./a:b", NULL, "./a:b" },        { "plain", NULL, "plain" }, { "-", NULL, "-" }, { ":/x", "", "/x" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct copy_end got = copy_end_parse(rows[i].text, &a);

		assert_true(streq(got.container, rows[i].container));
		assert_string_equal(got.path, rows[i].path);
	}
}

TEST(copy_path_says_what_a_path_means)
{
	scoped_arena struct arena a = { 0 };
	static const struct {
		const char *text, *path, *name;
		bool slash, contents;
	} rows[] = {
		{ "/a/b", "/a/b", "b", false, false },      { "b", "/home/b", "b", false, false },     { ".", "/home", "home", false, true },
		{ "d/.", "/home/d", "d", false, true },     { "d/", "/home/d", "d", true, false },     { "/", "/", ".", true, true },
		{ "/a/../b//c", "/b/c", "c", false, false }, { "/../../x", "/x", "x", false, false },  { "..", "/", ".", false, true },
		{ "/a/.hidden", "/a/.hidden", ".hidden", false, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct copy_path got = copy_path_parse(rows[i].text, "/home", &a);

		assert_string_equal(got.path, rows[i].path);
		assert_string_equal(got.name, rows[i].name);
		assert_int_equal(got.slash, rows[i].slash);
		assert_int_equal(got.contents, rows[i].contents);
	}
}
