/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bitlist.h"

#include <errno.h>

#include "base/scope.h"
#include "base/test.h"

TEST(bitlists_are_read_as_the_kernel_writes_them)
{
	struct bitlist b;

	assert_int_equal(bitlist_parse("0-3,7", &b), 0);
	assert_int_equal(b.words[0], 0x8f);
	assert_int_equal(b.n, 8);
	assert_true(bitlist_has(&b, 7) && !bitlist_has(&b, 6) && !bitlist_has(&b, 8) && !bitlist_has(&b, 100000));
	assert_int_equal(bitlist_parse(" 1 ,, 2-2,", &b), 0);
	assert_int_equal(b.words[0], 6);
}

TEST(bitlists_may_be_empty_and_may_go_beyond_1024)
{
	struct bitlist b;

	assert_int_equal(bitlist_parse("", &b), 0);
	assert_int_equal(b.n, 0);
	assert_int_equal(bitlist_parse("1500-1600,8191", &b), 0);
	assert_true(bitlist_has(&b, 1500) && bitlist_has(&b, 1600) && bitlist_has(&b, 8191) && !bitlist_has(&b, 1601));
	assert_int_equal(b.n, 8192);
}

TEST(bitlists_that_are_none_are_errors)
{
	static const char *const bad[] = { "a", "1-", "-1", "3-1", "1-2-3", "0x1", "+1", "1 2", "1;2" };
	struct bitlist b;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(bitlist_parse(bad[i], &b), -EINVAL);
	assert_int_equal(bitlist_parse("8192", &b), -ERANGE);
	assert_int_equal(bitlist_parse("99999999999999999999999", &b), -ERANGE);
}
