/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ui_screen.h"

#include "base/scope.h"
#include "base/test.h"
#include "base/vec.h"

TEST(names_cannot_drive_the_terminal)
{
	struct ui_row row = { .name = "a\033[2Jb", .status = "Up", .image = "x\ny\r\033]0;t\a", .ports = "\xc2\x9b" "31m" };
	struct ui_state s = { .rows = 6, .cols = 120, .list = &row, .n = 1 };
	struct buf b = BUF(65536);

	ui_draw(&s, &b);
	assert_null(strstr(buf_text(&b), "\033[2J"));
	assert_null(strstr(buf_text(&b), "\033]0"));
	assert_null(strstr(buf_text(&b), "\a"));
	assert_null(strstr(buf_text(&b), "\xc2\x9b"));
	assert_null(strchr(buf_text(&b), '\n'));
	assert_non_null(strstr(buf_text(&b), "a?[2Jb"));
	buf_done(&b);
}

TEST(a_screen_of_any_size_is_drawn)
{
	struct ui_row rows[50] = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		rows[i].name = "n\xc3\xa4me";
	for (size_t cols = 0; cols < 200; cols += 7) {
		for (size_t height = 0; height < 70; height += 3) {
			struct ui_state s = { .rows = height, .cols = cols, .list = rows, .n = ARRAY_LEN(rows), .selected = 49 };
			struct buf b = BUF(1 << 20);

			ui_draw(&s, &b);
			s.title = "log";
			s.scroll = 3;
			ui_draw(&s, &b);
			assert_false(buf_is_full(&b));
			buf_done(&b);
		}
	}
}

TEST(lines_of_a_log_lose_their_colours_and_stand_still)
{
	scoped_arena struct arena a = { 0 };

	assert_string_equal(ui_plain(STR("\033[31mred\033[0m\tx\r"), &a), "red x");
	assert_string_equal(ui_plain(STR("\033]0;title\a"), &a), "?]0;title?");
	assert_string_equal(ui_plain(STR("\033[12"), &a), "");
	assert_string_equal(ui_plain(STR("a\0b"), &a), "ab");
}

TEST(keys_come_out_of_bytes)
{
	struct str bytes = STR("j\033[A\033[6~\033[33~q\033");
	static const struct ui_key want[] = { { UI_KEY_CHAR, 'j' }, { UI_KEY_UP, 0 }, { UI_KEY_PAGE_DOWN, 0 }, { UI_KEY_NONE, 0 }, { UI_KEY_CHAR, 'q' },
		{ UI_KEY_ESCAPE, 0 }, { UI_KEY_NONE, 0 } };

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		struct ui_key k = ui_key_next(&bytes);

		assert_int_equal(k.kind, want[i].kind);
		assert_int_equal(k.c, want[i].c);
	}
	assert_int_equal(bytes.n, 0);
}
