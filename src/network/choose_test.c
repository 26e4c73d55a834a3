/* SPDX-License-Identifier: Apache-2.0 */
#include "network/choose.h"

#include "base/test.h"
#include "codec/json.h"
#include "network/driver.h"

static const char *picked(const char *const *texts, size_t n)
{
	static char text[ADDR_TEXT_SIZE];
	struct addr taken[8], x;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(addr_parse(texts[i], &taken[i]), 0);
	if (choose_pick_subnet(taken, n, &x) < 0)
		return NULL;
	addr_print_prefix(&x, text);
	return text;
}

TEST(a_picked_subnet_overlaps_nothing_that_is_taken)
{
	const char *none[] = { "192.0.2.0/24" }, *inside[] = { "172.30.5.0/24", "fd00::/8" }, *wide[] = { "172.16.0.0/12" };
	const char *host[] = { "172.30.255.255", "172.31.0.1" }, *all[] = { "0.0.0.0/1", "128.0.0.0/1" };

	assert_string_equal(picked(none, 1), "172.30.0.0/16");
	assert_string_equal(picked(inside, 2), "172.31.0.0/16");
	assert_string_equal(picked(wide, 1), "10.210.0.0/20");
	assert_string_equal(picked(host, 2), "172.24.0.0/16");
	assert_null(picked(all, 2));
}

TEST(the_table_of_network_json_obeys_the_laws)
{
	struct err e;

	assert_int_equal(schema_check(&network_config_schema, &e), 0);
}

TEST(a_network_of_a_newer_program_or_unknown_driver_is_refused)
{
	static const char *const texts[] = {
		"{\"version\":99,\"name\":\"a\",\"id\":\"x\",\"driver\":\"bridge\"}",
		"{\"version\":1,\"name\":\"a\",\"id\":\"x\",\"driver\":\"carrier-pigeon\"}",
	};
	scoped_arena struct arena a = { 0 };
	struct network_config c;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_true(json_decode(str_of(texts[i]), &network_config_schema, 0, &a, &c, &e) < 0);
		assert_int_equal(e.kind, ERR_UNSUPPORTED);
	}
}

TEST(null_drivers_have_no_steps)
{
	assert_int_equal(driver_host.reserve.n + driver_host.attach.n + driver_host.detach.n, 0);
	assert_int_equal(driver_none.reserve.n + driver_none.attach.n + driver_none.detach.n, 0);
	assert_true(driver_none.wants_netns && !driver_host.wants_netns);
}
