/* SPDX-License-Identifier: Apache-2.0 */
#include "base/enumtab.h"
#include "base/test.h"

#include <errno.h>

enum colour { COLOUR_RED, COLOUR_BLUE, COLOUR_COUNT };
static const char *const words[] = { [COLOUR_RED] = "red", [COLOUR_BLUE] = "blue" };
static const struct enumtab colours = ENUMTAB("colour", words, COLOUR_COUNT);

TEST(enumtab_finds_both_ways)
{
	assert_string_equal(enumtab_name(&colours, COLOUR_BLUE), "blue");
	assert_int_equal(enumtab_find(&colours, "red"), COLOUR_RED);
	assert_int_equal(enumtab_find(&colours, "green"), -EINVAL);
	assert_null(enumtab_name(&colours, 2));
	assert_null(enumtab_name(&colours, -1));
}

TEST(enumtab_check_sees_a_repeated_word)
{
	static const char *const twice[] = { "red", "red" };
	struct enumtab t = { "colour", twice, 2 };

	assert_true(enumtab_check(&colours));
	assert_false(enumtab_check(&t));
}
