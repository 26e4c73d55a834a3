/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "monitor/restart.h"

TEST(a_restart_policy_decides_by_exit_code_and_count)
{
	const struct restart_policy no = { RESTART_NO, 0 }, twice = { RESTART_ON_FAILURE, 2 }, always = { RESTART_ALWAYS, 0 }, failure = { RESTART_ON_FAILURE, 0 };

	assert_false(restart_wants(&no, 0, 1));
	assert_true(restart_wants(&twice, 1, 1));
	assert_false(restart_wants(&twice, 2, 1));
	assert_false(restart_wants(&twice, 0, 0));
	assert_true(restart_wants(&failure, 1000, 137));
	assert_true(restart_wants(&always, 1000, 0));
}

TEST(the_pause_doubles_up_to_a_minute_and_a_steady_run_makes_it_short_again)
{
	assert_int_equal(restart_pause(0, 0), 100);
	assert_int_equal(restart_pause(100, 0), 200);
	assert_int_equal(restart_pause(200, 9), 400);
	assert_int_equal(restart_pause(51200, 0), 60000);
	assert_int_equal(restart_pause(60000, 0), 60000);
	assert_int_equal(restart_pause(60000, 10), 100);
}
