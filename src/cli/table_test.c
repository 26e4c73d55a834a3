/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "cli/table.h"

TEST(columns_are_aligned_with_three_blanks)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf out = BUF(1000);
	struct table t = table_begin(&a, "NAME", "SIZE", NULL);

	table_row(&t, "a-rather-long-name", "1B");
	table_row(&t, "\xc3\xa9", "2B");
	table_print(&t, &out);
	assert_string_equal(buf_text(&out), "NAME                 SIZE\na-rather-long-name   1B\n\xc3\xa9                    2B\n");
}
