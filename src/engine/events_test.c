/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "engine/events.h"

#include <errno.h>

#include "base/vec.h"

static const struct event die = {
	.type = EVENT_CONTAINER, .action = "die", .id = "abcdef012345", .time_nano = 1,
	.attributes = { (struct pair[]){ { "image", "busybox:1" }, { "name", "web" }, { "exitCode", "3" }, { "tier", "front" } }, 4 },
};

static int matches(const struct event *ev, const char *const *filters)
{
	scoped_arena struct arena a = { 0 };
	struct strs list = { 0 };
	struct err e;

	for (; *filters; filters++)
		strs_push(&a, &list, *filters);
	return events_match(ev, &list, &e);
}
#define MATCHES(ev, ...) matches(ev, (const char *const[]){ __VA_ARGS__, NULL })

TEST(values_of_one_filter_are_alternatives_and_different_filters_must_all_hold)
{
	assert_int_equal(MATCHES(&die, "event=start", "event=die"), 1);
	assert_int_equal(MATCHES(&die, "event=start"), 0);
	assert_int_equal(MATCHES(&die, "event=die", "type=image"), 0);
	assert_int_equal(MATCHES(&die, "label=tier", "label=tier=front"), 1);
	assert_int_equal(MATCHES(&die, "label=tier", "label=tier=back"), 0);
}

TEST(containers_match_by_name_or_the_beginning_of_their_id_and_images_without_tag)
{
	assert_int_equal(MATCHES(&die, "container=web"), 1);
	assert_int_equal(MATCHES(&die, "container=abc"), 1);
	assert_int_equal(MATCHES(&die, "container=bc"), 0);
	assert_int_equal(MATCHES(&die, "volume=web"), 0);
	assert_int_equal(MATCHES(&die, "image=busybox"), 1);
	assert_int_equal(MATCHES(&die, "image=busybox:1"), 1);
	assert_int_equal(MATCHES(&die, "image=busy"), 0);
}

TEST(actions_with_details_match_by_their_beginning_and_podmans_words_are_known)
{
	struct event health = { .type = EVENT_CONTAINER, .action = "health_status: healthy", .id = "a" };

	assert_int_equal(MATCHES(&health, "event=health_status"), 1);
	assert_int_equal(MATCHES(&health, "event=health_status: healthy"), 1);
	assert_int_equal(MATCHES(&health, "event=health"), 0);
	assert_int_equal(MATCHES(&die, "event=died"), 1);
}

TEST(a_filter_that_is_not_known_is_refused)
{
	assert_int_equal(MATCHES(&die, "colour=red"), -EINVAL);
	assert_int_equal(MATCHES(&die, "event"), -EINVAL);
}

TEST(moments_are_times_dates_seconds_or_ages)
{
	const int64_t second = 1000000000, now = 1700000000 * second;
	struct err e;
	int64_t t;

	assert_int_equal(events_moment("2023-11-14T22:13:20Z", now, &t, &e), 0);
	assert_int_equal(t, now);
	assert_int_equal(events_moment("1700000000.5", now, &t, &e), 0);
	assert_int_equal(t, now + second / 2);
	assert_int_equal(events_moment("10m", now, &t, &e), 0);
	assert_int_equal(t, now - 600 * second);
	assert_int_equal(events_moment("2023-11-14", now, &t, &e), 0);
	assert_int_equal(events_moment("yesterday", now, &t, &e), -EINVAL);
	assert_int_equal(events_moment("", now, &t, &e), -EINVAL);
}
