/* SPDX-License-Identifier: Apache-2.0 */
#include "network/ruleset.h"

#include <netinet/in.h>
#include <string.h>

#include "base/test.h"

static struct addr parsed(const char *s)
{
	struct addr x = { 0 };

	if (s)
		assert_int_equal(addr_parse(s, &x), 0);
	return x;
}

TEST(ports_are_elements_and_elements_are_ports)
{
	static const struct {
		const char *host, *to, *set;
	} rows[] = {
		{ NULL, "172.30.0.2", "ports4_any" },
		{ "127.0.0.1", "172.30.0.2", "ports4" },
		{ NULL, "fd00::2", "ports6_any" },
		{ "fd01::1", "fd00::2", "ports6" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ruleset_port p = { .host = parsed(rows[i].host), .host_port = 8080, .protocol = IPPROTO_UDP, .to = parsed(rows[i].to), .port = 53 }, back;
		struct nft_element x = ruleset_port_element(&p);

		assert_string_equal(ruleset_port_set(&p), rows[i].set);
		assert_true(ruleset_port_read(&x, &back));
		assert_true(ruleset_port_equal(&p, &back));
		back.port = 54;
		assert_false(ruleset_port_equal(&p, &back));
		assert_true(ruleset_port_same_place(&p, &back));
		back.host_port = 8081;
		assert_false(ruleset_port_same_place(&p, &back));
	}
}

TEST(elements_of_another_shape_are_no_ports)
{
	struct nft_element x = { .key_size = 4, .data_size = 8 };
	struct ruleset_port p;

	assert_false(ruleset_port_read(&x, &p));
	x = (struct nft_element){ .key_size = 24, .data_size = 8 };
	assert_false(ruleset_port_read(&x, &p));
	x = (struct nft_element){ .key_size = 16 };
	assert_false(ruleset_port_read(&x, &p));
}

TEST(a_network_is_an_interval_a_bridge_and_its_own_neighbour)
{
	struct ruleset_net net = { .bridge = "tare0", .subnet = parsed("10.1.2.0/23") };
	struct nft_element x[2];

	assert_int_equal(ruleset_net_elements(&net, "subnets4", x), 2);
	assert_memory_equal(x[0].key, "\x0a\x01\x02\x00", 4);
	assert_memory_equal(x[1].key, "\x0a\x01\x04\x00", 4);
	assert_true(x[1].interval_end && !x[0].interval_end);
	assert_int_equal(ruleset_net_elements(&net, "subnets6", x), 0);
	assert_int_equal(ruleset_net_elements(&net, "internal", x), 0);
	assert_int_equal(ruleset_net_elements(&net, "neighbours", x), 1);
	assert_memory_equal(x[0].key + 16, "tare0\0", 6);
	assert_int_equal(ruleset_net_elements(&net, "ports4", x), 0);
}

TEST(versions_are_read_from_our_comment_only)
{
	assert_int_equal(ruleset_version("tare rules 7"), 7);
	assert_int_equal(ruleset_version("tare rules seven"), 0);
	assert_int_equal(ruleset_version("somebody else's"), 0);
	assert_false(ruleset_is_current(0));
	assert_true(ruleset_is_current(1000));
}
