/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "monitor/health.h"

TEST(retries_failures_in_a_row_are_unhealthy_and_one_success_is_healthy)
{
	const struct health_rules rules = { .retries = 2 };
	uint32_t streak = 0;

	assert_int_equal(health_judge(HEALTH_STARTING, &streak, 1, rules), HEALTH_STARTING);
	assert_int_equal(health_judge(HEALTH_STARTING, &streak, 1, rules), HEALTH_UNHEALTHY);
	assert_int_equal(streak, 2);
	assert_int_equal(health_judge(HEALTH_UNHEALTHY, &streak, 0, rules), HEALTH_HEALTHY);
	assert_int_equal(streak, 0);
	assert_int_equal(health_judge(HEALTH_HEALTHY, &streak, -1, rules), HEALTH_HEALTHY);
	assert_int_equal(health_judge(HEALTH_HEALTHY, &streak, 137, rules), HEALTH_UNHEALTHY);
}

TEST(failures_in_the_start_period_do_not_count_until_it_was_healthy_once)
{
	const struct health_rules grace = { .retries = 1, .in_grace = true };
	uint32_t streak = 0;

	assert_int_equal(health_judge(HEALTH_STARTING, &streak, 1, grace), HEALTH_STARTING);
	assert_int_equal(streak, 0);
	assert_int_equal(health_judge(HEALTH_HEALTHY, &streak, 1, grace), HEALTH_UNHEALTHY);
}
