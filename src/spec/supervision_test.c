/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "spec/supervision.h"

#include <errno.h>

TEST(restart_policies_are_dockers_words)
{
	scoped_arena struct arena a = { 0 };
	struct restart_policy p;
	struct err e;

	assert_int_equal(restart_policy_parse("on-failure:5", &a, &p, &e), 0);
	assert_true(p.kind == RESTART_ON_FAILURE && p.max == 5);
	assert_int_equal(restart_policy_parse("unless-stopped", &a, &p, &e), 0);
	assert_int_equal(p.kind, RESTART_UNLESS_STOPPED);
	assert_int_equal(restart_policy_parse("", &a, &p, &e), 0);
	assert_int_equal(p.kind, RESTART_NO);
	for (const char *const *bad = (const char *const[]){ "sometimes", "always:3", "on-failure:", "on-failure:x", "on-failure:-1", NULL }; *bad; bad++)
		assert_int_equal(restart_policy_parse(*bad, &a, &p, &e), -EINVAL);
}

TEST(a_health_command_is_for_the_shell_or_a_list_of_words)
{
	scoped_arena struct arena a = { 0 };
	struct strs words;
	struct err e;

	assert_int_equal(health_command_parse("curl -f localhost || exit 1", &a, &words, &e), 0);
	assert_int_equal(words.n, 2);
	assert_string_equal(words.v[0], "CMD-SHELL");
	assert_int_equal(health_command_parse("[\"pg_isready\",\"-q\"]", &a, &words, &e), 0);
	assert_int_equal(words.n, 3);
	assert_string_equal(words.v[0], "CMD");
	assert_int_equal(health_command_parse("none", &a, &words, &e), 0);
	assert_string_equal(words.v[0], "NONE");
	assert_int_equal(health_command_parse("[\"CMD\"]", &a, &words, &e), -EINVAL);
	assert_int_equal(health_command_parse("[broken", &a, &words, &e), -EINVAL);
	assert_int_equal(health_command_parse("", &a, &words, &e), -EINVAL);
}

TEST(supervision_tables_obey_the_laws)
{
	const struct schema *const all[] = { &restart_policy_schema, &supervision_schema, &health_state_schema };
	const struct enumtab *const words[] = { &restart_kinds, &health_actions, &sdnotify_modes, &health_statuses };
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		assert_int_equal(schema_check(all[i], &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		assert_true(enumtab_check(words[i]));
}
