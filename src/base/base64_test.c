/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <errno.h>

#include "base/test.h"

TEST(base64_of_the_rfc_goes_both_ways)
{
	static const char *const rows[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\xff\xfe\xfd", "//79" } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_arena struct arena a = { 0 };
		struct str back;

		assert_string_equal(base64_encode(str_of(rows[i][0]), &a), rows[i][1]);
		assert_int_equal(base64_decode(str_of(rows[i][1]), &a, &back), 0);
		assert_true(str_eq(back, str_of(rows[i][0])));
	}
}

TEST(base64_may_lack_its_padding_but_nothing_else)
{
	static const char *const bad[] = { "Z", "Zg=", "Zg===", "Zm9v=", "Zm9v====", "Zm 9v", "Zm9v\n", "Zg==Zg==", "Zm9-", "=", "==" };
	scoped_arena struct arena a = { 0 };
	struct str back;

	assert_int_equal(base64_decode(STR("Zm8"), &a, &back), 0);
	assert_true(str_is(back, "fo"));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (base64_decode(str_of(bad[i]), &a, &back) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
}

TEST(base64_keeps_zero_bytes)
{
	scoped_arena struct arena a = { 0 };
	struct str back;

	assert_int_equal(base64_decode(STR("AABBAA=="), &a, &back), 0);
	assert_int_equal(back.n, 4);
	assert_memory_equal(back.p, "\0\0A\0", 4);
}
