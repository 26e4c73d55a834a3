/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/isolation.h"

#include "base/test.h"

TEST(modes_of_namespaces_are_what_they_say)
{
	struct isolation_mode m;
	struct err e;

	assert_int_equal(isolation_mode_parse(ISOLATION_PID, NULL, &m, &e), 0);
	assert_int_equal(m.kind, ISOLATION_PRIVATE);
	assert_int_equal(isolation_mode_parse(ISOLATION_PID, "host", &m, &e), 0);
	assert_int_equal(m.kind, ISOLATION_HOST);
	assert_int_equal(isolation_mode_parse(ISOLATION_IPC, "container:web", &m, &e), 0);
	assert_int_equal(m.kind, ISOLATION_CONTAINER);
	assert_string_equal(m.arg, "web");
	assert_int_equal(isolation_mode_parse(ISOLATION_UTS, "ns:/proc/1/ns/uts", &m, &e), 0);
	assert_string_equal(m.arg, "/proc/1/ns/uts");
	assert_int_equal(isolation_mode_parse(ISOLATION_IPC, "none", &m, &e), 0);
	assert_int_equal(m.kind, ISOLATION_NONE);
}

TEST(modes_that_mean_nothing_are_refused)
{
	static const struct {
		enum isolation_ns ns;
		const char *text;
	} bad[] = {
		{ ISOLATION_PID, "hots" }, { ISOLATION_PID, "shareable" }, { ISOLATION_UTS, "none" }, { ISOLATION_PID, "container:" },
		{ ISOLATION_PID, "container" }, { ISOLATION_PID, "ns:relative" }, { ISOLATION_PID, "ns:" }, { ISOLATION_PID, "host:1" },
		{ ISOLATION_CGROUP, "Private" }, { ISOLATION_IPC, "shareable:x" },
	};
	struct isolation_mode m;
	struct err e;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (isolation_mode_parse(bad[i].ns, bad[i].text, &m, &e) == 0)
			fail_msg("'%s' is accepted", bad[i].text);
}

TEST(the_table_of_isolation_is_lawful)
{
	struct err e;

	assert_int_equal(schema_check(&container_isolation_schema, &e), 0);
	assert_true(enumtab_check(&isolation_mode_words));
	assert_true(enumtab_check(&isolation_block_words));
}
