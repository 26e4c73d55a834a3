/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "spec/event.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/vec.h"

static struct str printed(const struct event *ev, struct buf *b)
{
	buf_clear(b);
	event_print(ev, b);
	return buf_str(b);
}

TEST(an_event_comes_back_from_its_line)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(LIMIT_EVENT);
	struct event ev = { EVENT_VOLUME, "create", "data", { 0 }, 1700000000123456789 }, back;
	struct str text;

	pairs_set(&a, &ev.attributes, "driver", "local");
	pairs_set(&a, &ev.attributes, "odd", "a\"b\n{\"Type\":");
	text = printed(&ev, &b);
	assert_int_equal(text.p[text.n - 1], '\n');
	assert_int_equal(event_next(&text, &a, &back), 1);
	assert_int_equal(back.type, EVENT_VOLUME);
	assert_string_equal(back.id, "data");
	assert_string_equal(pairs_find(&back.attributes, "odd"), "a\"b\n{\"Type\":");
	assert_int_equal(back.time_nano, ev.time_nano);
	assert_int_equal(event_next(&text, &a, &back), 0);
}

TEST(half_a_line_costs_one_event_and_not_its_neighbours)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(LIMIT_EVENT), all = BUF(4 * LIMIT_EVENT);
	struct event ev = { EVENT_CONTAINER, "start", "c", { 0 }, 1 }, back;
	struct str text = printed(&ev, &b);

	buf_add(&all, text.p, text.n);
	buf_add(&all, text.p, text.n / 2);
	ev.action = "die";
	text = printed(&ev, &b);
	buf_add(&all, text.p, text.n);
	buf_add_str(&all, "nonsense\n");
	ev.action = "stop";
	text = printed(&ev, &b);
	buf_add(&all, text.p, text.n);
	text = buf_str(&all);
	for (const char *const *want = (const char *const[]){ "start", "die", "stop", NULL }; *want; want++) {
		assert_int_equal(event_next(&text, &a, &back), 1);
		assert_string_equal(back.action, *want);
	}
	assert_int_equal(event_next(&text, &a, &back), 0);
}

TEST(labels_without_end_do_not_make_a_longer_line)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(LIMIT_EVENT);
	struct event ev = { EVENT_CONTAINER, "start", "c", { 0 }, 1 }, back;
	struct str text;

	pairs_set(&a, &ev.attributes, "name", "web");
	for (int i = 0; i < 1000; i++)
		pairs_set(&a, &ev.attributes, arena_printf(&a, "label%d", i), "value");
	text = printed(&ev, &b);
	assert_true(text.n > LIMIT_EVENT / 2 && text.n <= LIMIT_EVENT);
	assert_int_equal(event_next(&text, &a, &back), 1);
	assert_string_equal(pairs_find(&back.attributes, "name"), "web");
	assert_true(back.attributes.n > 10);
}

TEST(an_event_with_one_huge_attribute_keeps_those_before_it)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(LIMIT_EVENT);
	struct event ev = { EVENT_CONTAINER, "start", "c", { 0 }, 1 }, back;
	char *huge = arena_array(&a, char, 9001);
	struct str text;

	memset(huge, 'x', 9000);
	pairs_set(&a, &ev.attributes, "image", "busybox");
	pairs_set(&a, &ev.attributes, "name", "web");
	pairs_set(&a, &ev.attributes, "huge", huge);
	text = printed(&ev, &b);
	assert_int_equal(event_next(&text, &a, &back), 1);
	assert_int_equal(back.attributes.n, 2);
	assert_true(enumtab_check(&event_types));
}
