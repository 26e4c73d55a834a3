/* SPDX-License-Identifier: Apache-2.0 */
#include "network/publish.h"

#include "base/test.h"

TEST(publish_understands_every_form)
{
	static const struct {
		const char *text, *ip, *protocol;
		uint32_t host, port;
	} rows[] = {
		{ "80", NULL, "tcp", 0, 80 },
		{ "8080:80", NULL, "tcp", 8080, 80 },
		{ "8080:80/udp", NULL, "udp", 8080, 80 },
		{ "127.0.0.1:8080:80", "127.0.0.1", "tcp", 8080, 80 },
		{ "127.0.0.1::80/sctp", "127.0.0.1", "sctp", 0, 80 },
		{ "0.0.0.0:0:80", "0.0.0.0", "tcp", 0, 80 },
		{ "[::1]:8080:80", "::1", "tcp", 8080, 80 },
		{ "[::]:8080:80", "::", "tcp", 8080, 80 },
	};
	scoped_arena struct arena a = { 0 };
	struct err e;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct container_port *ports = NULL;
		size_t n = 0;

		assert_int_equal(publish_parse(rows[i].text, &a, &ports, &n, &e), 0);
		assert_int_equal(n, 1);
		assert_true(streq(ports[0].host_ip, rows[i].ip));
		assert_string_equal(ports[0].protocol, rows[i].protocol);
		assert_int_equal(ports[0].host_port, rows[i].host);
		assert_int_equal(ports[0].port, rows[i].port);
	}
}

TEST(publish_of_a_host_range_for_one_port_is_a_choice)
{
	scoped_arena struct arena a = { 0 };
	struct container_port *ports = NULL;
	size_t n = 0;
	struct err e;

	assert_int_equal(publish_parse("8000-8010:80", &a, &ports, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(ports[0].host_port, 8000);
	assert_int_equal(ports[0].host_port_last, 8010);
	assert_true(publish_parse("8000-8010:80-81", &a, &ports, &n, &e) < 0);
}

TEST(publish_expands_ranges_in_pairs)
{
	scoped_arena struct arena a = { 0 };
	struct container_port *ports = NULL;
	size_t n = 0;
	struct err e;

	assert_int_equal(publish_parse("9000-9002:80-82/udp", &a, &ports, &n, &e), 0);
	assert_int_equal(publish_parse("443", &a, &ports, &n, &e), 0);
	assert_int_equal(n, 4);
	assert_int_equal(ports[2].host_port, 9002);
	assert_int_equal(ports[2].port, 82);
	assert_int_equal(ports[3].port, 443);
}

TEST(publish_refuses_what_it_cannot_mean)
{
	static const char *const bad[] = { "", ":", "0", "80/icmp", "70000", "8080:", "1.2.3:80:80", "1.2.3.4/8:80:80", "80-90:80-81", "90-80:80-90", "[::1:80:80", "a:80", "80/tcp/udp" };
	scoped_arena struct arena a = { 0 };
	struct container_port *ports = NULL;
	size_t n = 0;
	struct err e;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(publish_parse(bad[i], &a, &ports, &n, &e), -EINVAL);
	assert_int_equal(n, 0);
}

TEST(publish_prints_as_ps_shows)
{
	scoped_arena struct arena a = { 0 };
	struct container_port ports[] = {
		{ .host_port = 8080, .port = 80, .protocol = "tcp" },
		{ .host_ip = "::1", .host_port = 53, .port = 53, .protocol = "udp" },
	};
	const char *exposed_v[] = { "80/tcp", "443/tcp" };
	struct strs exposed = { exposed_v, 2 };

	assert_string_equal(publish_print(ports, 2, &exposed, &a), "0.0.0.0:8080->80/tcp, [::1]:53->53/udp, 443/tcp");
	assert_string_equal(publish_print(NULL, 0, NULL, &a), "");
}
