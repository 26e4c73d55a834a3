/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress_text.h"

#include <string.h>

#include "base/test.h"

#define SECOND INT64_C(1000000000)

static const struct progress_layer moving = { .id = "0123456789ab", .phase = PULL_DOWNLOADING, .current = 30000000, .total = 60000000, .first = 10000000,
	.began = SECOND };

static const char *line_of(const struct progress_layer *l, int64_t now, size_t width, struct buf *b)
{
	buf_clear(b);
	progress_line(l, now, width, b);
	return buf_text(b);
}

TEST(a_layer_on_its_way_shows_bar_speed_and_time_left)
{
	scoped_buf struct buf b = BUF(1000);

	assert_string_equal(line_of(&moving, 3 * SECOND, 79, &b),
		"0123456789ab: Downloading  [===============>              ] 30MB/60MB 10MB/s 3s");
}

TEST(no_line_is_longer_than_the_terminal_is_wide)
{
	scoped_buf struct buf b = BUF(1000);
	struct progress_layer l = moving;

	for (size_t width = 1; width < 200; width++) {
		for (int phase = 0; phase < PULL_PHASE_COUNT; phase++) {
			l.phase = (enum pull_phase)phase;
			assert_true(strlen(line_of(&l, 3 * SECOND, width, &b)) <= width);
		}
	}
}

TEST(what_cannot_be_known_yet_is_not_shown)
{
	scoped_buf struct buf b = BUF(1000);
	struct progress_layer l = moving;

	assert_null(strstr(line_of(&l, SECOND + 1, 79, &b), "/s"));
	l.current = l.first;
	assert_null(strstr(line_of(&l, 9 * SECOND, 79, &b), "/s"));
	l.total = 0;
	assert_string_equal(line_of(&l, 9 * SECOND, 79, &b), "0123456789ab: Downloading");
}

TEST(long_times_are_minutes_and_hours)
{
	scoped_buf struct buf b = BUF(1000);
	struct progress_layer l = moving;

	l.current = 10100000;
	assert_non_null(strstr(line_of(&l, 2 * SECOND, 79, &b), "100kB/s 8m19s"));
	l.current = 10001000;
	assert_non_null(strstr(line_of(&l, 2 * SECOND, 79, &b), "1kB/s 13h53m"));
}

TEST(the_summary_counts_what_moved)
{
	struct progress_layer v[3] = { moving, moving, { .phase = PULL_EXISTS } };
	scoped_buf struct buf b = BUF(1000);

	v[0].current = v[0].total;
	v[1].current = v[1].total;
	v[0].ended = 2 * SECOND;
	v[1].ended = 3 * SECOND;
	progress_summary(v, 3, &b);
	assert_string_equal(buf_text(&b), "2 layers, 100MB in 2.0s (50MB/s), 1 already there\n");
	buf_clear(&b);
	progress_summary(v + 2, 1, &b);
	assert_string_equal(buf_text(&b), "");
}
