/* SPDX-License-Identifier: Apache-2.0 */
#include "network/network.h"

#include "base/test.h"

TEST(driver_options_of_both_peers_are_known)
{
	struct network_config c = { .driver = "bridge" }, lan = { .driver = "macvlan" };
	struct err e;

	assert_int_equal(network_option(&c, "com.docker.network.driver.mtu", "1400", &e), 0);
	assert_int_equal(c.mtu, 1400);
	assert_int_equal(network_option(&c, "mtu", "9000", &e), 0);
	assert_int_equal(c.mtu, 9000);
	assert_int_equal(network_option(&c, "com.docker.network.bridge.enable_icc", "false", &e), 0);
	assert_true(c.no_neighbours);
	assert_int_equal(network_option(&c, "com.docker.network.bridge.enable_ip_masquerade", "0", &e), 0);
	assert_true(c.no_masquerade);
	assert_int_equal(network_option(&c, "com.docker.network.bridge.host_binding_ipv4", "127.0.0.1", &e), 0);
	assert_string_equal(c.publish_ip, "127.0.0.1");
	assert_int_equal(network_option(&c, "com.docker.network.bridge.host_binding_ipv4", "0.0.0.0", &e), 0);
	assert_null(c.publish_ip);
	assert_int_equal(network_option(&c, "isolate", "strict", &e), 0);
	assert_int_equal(network_option(&lan, "macvlan_mode", "private", &e), 0);
	assert_int_equal(network_option(&lan, "parent", "eth0.7", &e), 0);
	assert_string_equal(lan.parent, "eth0.7");
}

TEST(driver_options_that_would_do_nothing_are_refused)
{
	static const struct {
		const char *driver, *key, *value;
		enum err_kind kind;
	} rows[] = {
		{ "bridge",  "nonsense", "1", ERR_UNSUPPORTED },
		{ "bridge",  "isolate", "false", ERR_UNSUPPORTED },
		{ "bridge",  "com.docker.network.bridge.gateway_mode_ipv4", "routed", ERR_UNSUPPORTED },
		{ "bridge",  "com.docker.network.bridge.inhibit_ipv4", "true", ERR_UNSUPPORTED },
		{ "bridge",  "mtu", "67", ERR_INVALID },
		{ "bridge",  "mtu", "65536", ERR_INVALID },
		{ "bridge",  "mtu", "many", ERR_INVALID },
		{ "bridge",  "parent", "eth0", ERR_INVALID },
		{ "bridge",  "com.docker.network.bridge.enable_icc", "maybe", ERR_INVALID },
		{ "bridge",  "com.docker.network.bridge.host_binding_ipv4", "here", ERR_INVALID },
		{ "bridge",  "com.docker.network.container_iface_prefix", "a/b", ERR_INVALID },
		{ "macvlan", "mode", "l2", ERR_INVALID },
		{ "ipvlan",  "mode", "bridge", ERR_INVALID },
		{ "ipvlan",  "parent", "../x", ERR_INVALID },
		{ "macvlan", "com.docker.network.bridge.name", "x", ERR_INVALID },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct network_config c = { .driver = rows[i].driver };
		struct err e;

		assert_true(network_option(&c, rows[i].key, rows[i].value, &e) < 0);
		assert_int_equal(e.kind, rows[i].kind);
	}
}
