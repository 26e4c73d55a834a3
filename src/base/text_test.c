/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/scope.h"
#include "base/test.h"
#include "base/text.h"

#include <errno.h>

TEST(hex_is_lower_case_and_checked_in_grammar)
{
	char out[5];

	text_hex("\x0a\xff", 2, out);
	assert_string_equal(out, "0aff");
	assert_true(text_is_hex(STR("0aff"), 4));
	assert_false(text_is_hex(STR("0AFF"), 4));
	assert_false(text_is_hex(STR("0af"), 4));
}

TEST(utf8_refuses_overlong_and_surrogates)
{
	assert_true(text_is_utf8(STR("h\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xb3")));
	assert_false(text_is_utf8(STR("\xc0\x80")));
	assert_false(text_is_utf8(STR("\xed\xa0\x80")));
	assert_false(text_is_utf8(STR("\xf4\x90\x80\x80")));
	assert_false(text_is_utf8(STR("\xe2\x82")));
}

TEST(calm_text_does_nothing_to_a_terminal)
{
	static const struct {
		const char *text, *calm;
	} rows[] = {
		{ "", "" }, { "plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", NULL }, { "\x1b[31m\a\x7f", "?[31m??" }, { "a\tb\r\nc\vd\fe", "a b  c d e" },
		{ "\xc2\x80\xc2\x9b\xc2\xa0", "????\xc2\xa0" }, { "\x9b" "1m\xff", "?1m?" }, { "cut \xe2\x82", "cut ??" }, { "cut \xc2", "cut ?" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *want = rows[i].calm ? rows[i].calm : rows[i].text;
		char text[64];

		snprintf(text, sizeof text, "%s", rows[i].text);
		assert_int_equal(text_is_calm(text), strcmp(text, want) == 0);
		assert_string_equal(text_calm(text), want);
		assert_true(text_is_calm(text));
	}
}

TEST(times_round_trip)
{
	char out[TEXT_TIME_SIZE];
	struct timespec t;

	assert_int_equal(text_time_parse("2026-01-02T03:04:05.000000007Z", &t), 0);
	text_time(t, out);
	assert_string_equal(out, "2026-01-02T03:04:05.000000007Z");
	assert_int_equal(text_time_parse("2026-01-02T03:04:05+02:00", &t), 0);
	text_time(t, out);
	assert_string_equal(out, "2026-01-02T01:04:05.000000000Z");
	assert_int_equal(text_time_parse("2026-01-02 03:04:05.5-01:30", &t), 0);
	text_time(t, out);
	assert_string_equal(out, "2026-01-02T04:34:05.500000000Z");
}

TEST(times_that_are_none_are_refused)
{
	static const char *const none[] = { "", "yesterday", "2026", "2026-01-02", "2026-01-02T03:04", "2026-01-02T03:04:05", "2026-1-2T03:04:05Z",
		"2026-01-02X03:04:05Z", "2026-13-02T03:04:05Z", "2026-01-02T03:04:05Zz", "2026-01-02T03:04:05+02", "2026-01-02T03:04:05+02:00Z", "+026-01-02T03:04:05Z" };
	struct timespec t;

	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_int_equal(text_time_parse(none[i], &t), -EINVAL);
}

TEST(sizes_have_three_digits)
{
	char out[TEXT_SIZE_SIZE];

	text_size(77800000, out);
	assert_string_equal(out, "77.8MB");
	text_size(999, out);
	assert_string_equal(out, "999B");
}

TEST(ages_speak_as_docker_does)
{
	char out[TEXT_AGE_SIZE];

	text_age(0, out);
	assert_string_equal(out, "Less than a second");
	text_age(75, out);
	assert_string_equal(out, "About a minute");
	text_age(3 * 3600, out);
	assert_string_equal(out, "3 hours");
	text_age(20 * 86400, out);
	assert_string_equal(out, "2 weeks");
}

TEST(a_text_in_a_url_keeps_letters_and_digits_only)
{
	scoped_buf struct buf b = BUF(64);

	text_url("aZ0-_.~ /=\xc3", &b);
	assert_string_equal(buf_text(&b), "aZ0-_.~+%2F%3D%C3");
}
