/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "cli/table.h"

#include <errno.h>

static const struct table_column columns[] = {
	{ "ID", "IMAGE ID", false }, { "Name", "NAME", true }, { "Size", "SIZE", true },
};

static struct table sample(struct arena *a)
{
	struct table t = TABLE(a, columns);
	const char **row = table_row(&t);

	row[0] = "1";
	row[1] = "a-rather-long-name";
	row[2] = "1B";
	row = table_row(&t);
	row[0] = "2";
	row[1] = "\xc3\xa9";
	row[2] = "2B";
	return t;
}

TEST(cells_do_nothing_to_a_terminal)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf out = BUF(1000);
	struct table t = TABLE(&a, columns);
	const char **row = table_row(&t);
	struct err e;

	row[0] = row[2] = "";
	row[1] = "a\x1b[31m\nb";
	assert_int_equal(table_print(&t, NULL, &out, &e), 0);
	assert_string_equal(buf_text(&out), "NAME       SIZE\na?[31m b   \n");
	buf_clear(&out);
	assert_int_equal(table_print(&t, "table {{.Name}}", &out, &e), 0);
	assert_string_equal(buf_text(&out), "NAME\na?[31m b\n");
}

TEST(every_format_shows_the_same_cells)
{
	static const struct {
		const char *format, *out;
	} rows[] = {
		{ NULL, "NAME                 SIZE\na-rather-long-name   1B\n\xc3\xa9                    2B\n" },
		{ "{{.ID}}:{{.Size}}", "1:1B\n2:2B\n" },
		{ "table {{.ID}}\\t{{.Size}}", "IMAGE ID   SIZE\n1          1B\n2          2B\n" },
		{ "json", "{\"ID\":\"1\",\"Name\":\"a-rather-long-name\",\"Size\":\"1B\"}\n"
			  "{\"ID\":\"2\",\"Name\":\"\xc3\xa9\",\"Size\":\"2B\"}\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_arena struct arena a = { 0 };
		scoped_buf struct buf out = BUF(1000);
		struct table t = sample(&a);
		struct err e = { 0 };

		assert_int_equal(table_print(&t, rows[i].format, &out, &e), 0);
		assert_string_equal(buf_text(&out), rows[i].out);
	}
}

TEST(a_bad_format_is_an_error)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf out = BUF(1000);
	struct table t = sample(&a);
	struct err e = { 0 };

	assert_int_equal(table_print(&t, "{{.ID", &out, &e), -EINVAL);
}
