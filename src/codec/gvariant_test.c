/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "codec/gvariant.h"

#include <errno.h>
#include <string.h>

#include "base/scope.h"
#include "codec/dbus.h"

/* The signature, if the value that follows can be passed over and nothing is left. */
static const char *signature_of(struct buf *b)
{
	struct dbus_reader r = { .p = (const uint8_t *)b->p, .n = b->n };

	assert_string_equal(dbus_skip(&r, "v"), "");
	assert_int_equal(r.at, r.n);
	return b->p + 1;
}

TEST(texts_have_the_type_that_glib_gives_them)
{
	static const char *const rows[][2] = {
		{ "'a'", "s" }, { "\"it's\"", "s" }, { "true", "b" }, { "42", "i" }, { "-0x10", "i" }, { "1.5", "d" }, { "1e3", "d" },
		{ "uint64 18446744073709551615", "t" }, { "byte 0xff", "y" }, { "int16 -5", "n" }, { "objectpath '/a'", "o" },
		{ "signature 'a{sv}'", "g" }, { "@as []", "as" }, { "@a(ss) []", "a(ss)" }, { "['a', 'b']", "as" }, { " [ 1 , 2 ] ", "ai" },
		{ "[['a'], ['b', 'c']]", "aas" }, { "('a', uint32 1)", "(su)" }, { "(1,)", "(i)" }, { "[('a', 1), ('b', 2)]", "a(si)" },
		{ "{'k': 1, 'l': 2}", "a{si}" }, { "<'boxed'>", "v" }, { "[<1>, <'a'>]", "av" }, { "b'bytes'", "ay" }, { "@ay [1, 2]", "ay" },
		{ "[byte 1, 2]", "ay" }, { "@t 5", "t" }, { "[@as [], ['x']]", "aas" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_buf struct buf b = BUF(1000);

		if (gvariant_put(&b, rows[i][0], false) < 0)
			fail_msg("'%s' is refused", rows[i][0]);
		assert_string_equal(signature_of(&b), rows[i][1]);
	}
}

TEST(texts_that_are_no_value_are_refused)
{
	static const char *const rows[] = {
		"", " ", "'a", "a", "tru", "truely", "1 2", "[]", "[1, 'a']", "[1,", "(1", "{1}", "{'a' 1}", "<1", "byte 256", "uint32 -1", "--1", "0x",
		"1.2.3", "nan", "inf", "@", "@zz 1", "<@auv []>", "@ss 'a'", "@s 1", "int32 'a'", "objectpath 'a'", "signature 'z'", "'\\u0000'", "'\\u00e4'", "[uint32 1, uint64 2]",
		"@{ss} 1", "[@as []", "2147483648",
	};
	char deep[64];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_buf struct buf b = BUF(1000);

		if (gvariant_put(&b, rows[i], false) != -EINVAL)
			fail_msg("'%s' is taken", rows[i]);
	}
	memset(deep, '[', sizeof deep);
	deep[63] = '\0';
	{
		scoped_buf struct buf b = BUF(1000);

		assert_int_equal(gvariant_put(&b, deep, false), -EINVAL);
	}
}

TEST(values_arrive)
{
	scoped_buf struct buf b = BUF(1000);
	struct dbus_reader r;

	assert_int_equal(gvariant_put(&b, "'a\\'b\\n\\u0041'", false), 0);
	r = (struct dbus_reader){ .p = (const uint8_t *)b.p, .n = b.n };
	dbus_get_signature(&r);
	assert_string_equal(dbus_get_str(&r), "a'b\nA");
	buf_clear(&b);
	assert_int_equal(gvariant_put(&b, "int64 -2", false), 0);
	r = (struct dbus_reader){ .p = (const uint8_t *)b.p, .n = b.n };
	dbus_get_signature(&r);
	assert_int_equal((int64_t)dbus_get_u64(&r), -2);
}

TEST(seconds_become_microseconds)
{
	static const struct {
		const char *text;
		uint64_t wanted;
	} rows[] = { { "5", 5000000 }, { "uint64 3", 3000000 }, { "0.25", 250000 }, { "double 1.5", 1500000 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_buf struct buf b = BUF(100);
		struct dbus_reader r;

		assert_int_equal(gvariant_put(&b, rows[i].text, true), 0);
		r = (struct dbus_reader){ .p = (const uint8_t *)b.p, .n = b.n };
		assert_string_equal(dbus_get_signature(&r), "t");
		assert_int_equal(dbus_get_u64(&r), rows[i].wanted);
	}
	for (size_t i = 0; i < 3; i++) {
		scoped_buf struct buf b = BUF(100);

		assert_int_equal(gvariant_put(&b, (const char *[]){ "-1", "'5'", "true" }[i], true), -EINVAL);
	}
}
