/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "monitor/line.h"

static struct line line;
static char got[4 * LIMIT_LOG_LINE];
static size_t got_n;

/* Collects pieces as "text|" for a part and "text$" for an end; the newline shows as 'N'. */
static void collect(void *arg, struct str piece, bool end)
{
	for (size_t i = 0; i < piece.n; i++)
		got[got_n++] = piece.p[i] == '\n' ? 'N' : piece.p[i];
	got[got_n++] = end ? '$' : '|';
	got[got_n] = '\0';
}

static void begin(void)
{
	memset(&line, 0, sizeof line);
	got_n = 0;
	got[0] = '\0';
}

static void feed(const char *s)
{
	line_feed(&line, str_of(s), collect, NULL);
}

TEST(whole_lines_pass_one_by_one)
{
	begin();
	feed("a\n\nbc\n");
	assert_string_equal(got, "aN$N$bcN$");
}

TEST(a_line_waits_for_its_end)
{
	begin();
	feed("a");
	feed("b");
	assert_string_equal(got, "");
	feed("c\nd");
	assert_string_equal(got, "abcN$");
	line_finish(&line, collect, NULL);
	assert_string_equal(got, "abcN$d$");
}

TEST(nothing_held_says_nothing_at_the_end)
{
	begin();
	feed("a\n");
	line_finish(&line, collect, NULL);
	assert_string_equal(got, "aN$");
}

TEST(a_long_line_goes_out_in_parts_and_ends)
{
	static char s[LIMIT_LOG_LINE + 2];

	begin();
	memset(s, 'x', sizeof s);
	line_feed(&line, (struct str){ s, sizeof s }, collect, NULL);
	assert_int_equal(got_n, LIMIT_LOG_LINE + 1);
	assert_int_equal(got[LIMIT_LOG_LINE], '|');
	feed("\n");
	assert_string_equal(got + LIMIT_LOG_LINE + 1, "xxN$");
}

TEST(a_line_that_ends_in_a_part_gets_an_empty_end)
{
	static char s[LIMIT_LOG_LINE];

	begin();
	memset(s, 'x', sizeof s);
	line_feed(&line, (struct str){ s, sizeof s }, collect, NULL);
	line_finish(&line, collect, NULL);
	assert_string_equal(got + LIMIT_LOG_LINE, "|$");
}

TEST(a_part_does_not_tear_a_character)
{
	static char s[LIMIT_LOG_LINE - 1];

	begin();
	memset(s, 'x', sizeof s);
	line_feed(&line, (struct str){ s, sizeof s }, collect, NULL);
	feed("\xc3");
	assert_int_equal(got_n, LIMIT_LOG_LINE);
	assert_int_equal(got[LIMIT_LOG_LINE - 1], '|');
	feed("\xa4\n");
	assert_string_equal(got + LIMIT_LOG_LINE, "\xc3\xa4N$");
}

TEST(a_whole_character_at_the_edge_stays_in_its_part)
{
	static char s[LIMIT_LOG_LINE - 2];

	begin();
	memset(s, 'x', sizeof s);
	line_feed(&line, (struct str){ s, sizeof s }, collect, NULL);
	feed("\xc3\xa4y\n");
	assert_string_equal(got + LIMIT_LOG_LINE - 2, "\xc3\xa4|yN$");
}

TEST(bytes_that_are_no_text_are_cut_anywhere)
{
	static char s[LIMIT_LOG_LINE];

	begin();
	memset(s, 0x80, sizeof s);
	line_feed(&line, (struct str){ s, sizeof s }, collect, NULL);
	assert_int_equal(got_n, LIMIT_LOG_LINE + 1);
}

TEST(bytes_one_by_one_make_the_same_lines)
{
	static const char text[] = "one\ntwo\n\nthree";

	begin();
	for (const char *c = text; *c; c++)
		line_feed(&line, (struct str){ c, 1 }, collect, NULL);
	line_finish(&line, collect, NULL);
	assert_string_equal(got, "oneN$twoN$N$three$");
}
