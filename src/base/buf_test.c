/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/test.h"

TEST(buf_grows_to_its_maximum_and_no_further)
{
	scoped_buf struct buf b = BUF(1000);

	for (int i = 0; i < 100; i++)
		assert_int_equal(buf_add(&b, "0123456789", 10), 0);
	assert_int_equal(b.n, 1000);
	assert_int_equal(buf_add_char(&b, 'x'), -E2BIG);
	assert_true(buf_is_full(&b));
	assert_int_equal(b.n, 1000);
	assert_int_equal(strlen(buf_text(&b)), 1000);
}

TEST(buf_fails_for_good_once_full)
{
	scoped_buf struct buf b = BUF(4);

	assert_int_equal(buf_add_str(&b, "hello"), -E2BIG);
	assert_int_equal(buf_add_str(&b, "x"), -E2BIG);
	buf_clear(&b);
	assert_int_equal(buf_add_str(&b, "x"), 0);
}

TEST(buf_drop_removes_from_the_front)
{
	scoped_buf struct buf b = BUF(100);

	buf_printf(&b, "%s %d", "hello", 42);
	buf_drop(&b, 6);
	assert_string_equal(buf_text(&b), "42");
	buf_drop(&b, 10);
	assert_string_equal(buf_text(&b), "");
}

TEST(str_cut_splits_once)
{
	struct str rest, head = str_cut(STR("a:b:c"), ':', &rest);

	assert_true(str_is(head, "a"));
	assert_true(str_is(rest, "b:c"));
	head = str_cut(STR("abc"), ':', &rest);
	assert_true(str_is(head, "abc"));
	assert_null(rest.p);
}

TEST(str_trim_removes_blanks_at_both_ends)
{
	assert_true(str_is(str_trim(STR(" \t a b\r\n")), "a b"));
	assert_int_equal(str_trim(STR(" \n")).n, 0);
}
