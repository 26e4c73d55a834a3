/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/request.h"

#include "base/test.h"

/* The networks of some --network words, as "name[ip,mac,interface,alias…]" with blanks between, or the kind of the error. */
static const char *read_networks(const char *const *words, struct container_request *q, struct arena *a)
{
	const char *text = "";
	struct err e;

	for (size_t i = 0; words[i]; i++) {
		if (request_network(q, words[i], a, &e) < 0)
			return err_kind_name(e.kind);
	}
	if (request_network_finish(q, a, &e) < 0 || request_network_check(q, &e) < 0)
		return err_kind_name(e.kind);
	for (size_t i = 0; i < q->n_networks; i++) {
		const struct container_network *n = &q->networks[i];

		text = arena_printf(a, "%s%s%s[%s,%s,%s,%s", text, i ? " " : "", n->name, n->ip ? n->ip : "", n->ip6 ? n->ip6 : "", n->mac ? n->mac : "",
				    n->interface ? n->interface : "");
		for (size_t k = 0; k < n->aliases.n; k++)
			text = arena_printf(a, "%s,%s", text, n->aliases.v[k]);
		text = arena_printf(a, "%s]", text);
	}
	return text;
}

TEST(networks_are_understood_in_the_words_of_docker_and_of_podman)
{
	static const struct {
		const char *words[4], *mode, *networks;
	} rows[] = {
		{ { NULL }, NULL, "" },
		{ { "host" }, "host", "" },
		{ { "default" }, "bridge", "" },
		{ { "private" }, "bridge", "" },
		{ { "container:web" }, "container:web", "" },
		{ { "ns:/run/netns/x" }, "ns:/run/netns/x", "" },
		{ { "a,b" }, "a", "a[,,,] b[,,,]" },
		{ { "a", "b" }, "a", "a[,,,] b[,,,]" },
		{ { "a:ip=10.0.0.2,mac=02:00:00:00:00:01,alias=x,alias=y,interface_name=lan" }, "a", "a[10.0.0.2,,02:00:00:00:00:01,lan,x,y]" },
		{ { "bridge:ip=fd00::5" }, "bridge", "bridge[,fd00::5,,]" },
		{ { "name=a,ip=10.0.0.2,ip6=fd00::2,alias=x,mac-address=02:00:00:00:00:01" }, "a", "a[10.0.0.2,fd00::2,02:00:00:00:00:01,,x]" },
		{ { "name=a,driver-opt=com.docker.network.endpoint.ifname=lan,gw-priority=-3" }, "a", "a[,,,lan]" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_arena struct arena a = { 0 };
		struct container_request q = { 0 };

		assert_string_equal(read_networks(rows[i].words, &q, &a), rows[i].networks);
		assert_true(streq(q.network, rows[i].mode));
	}
}

TEST(networks_that_mean_nothing_are_refused)
{
	static const struct {
		const char *words[3], *kind;
	} rows[] = {
		{ { "" }, "invalid" },
		{ { "a,," }, "invalid" },
		{ { "container:" }, "invalid" },
		{ { "ip=10.0.0.2" }, "invalid" },
		{ { "a:ip=10.0.0" }, "invalid" },
		{ { "a:ip6=10.0.0.1" }, "invalid" },
		{ { "a:mac=02:00" }, "invalid" },
		{ { "a:alias=" }, "invalid" },
		{ { "a:alias=x/y" }, "invalid" },
		{ { "a:nonsense=1" }, "invalid" },
		{ { "a:ip" }, "invalid" },
		{ { "a:interface_name=a/b" }, "invalid" },
		{ { "a:interface_name=abcdefghijklmnop" }, "invalid" },
		{ { "name=a,gw-priority=x" }, "invalid" },
		{ { "a", "host" }, "invalid" },
		{ { "none,a" }, "invalid" },
		{ { "container:x", "a" }, "invalid" },
		{ { "name=a,link-local-ip=169.254.1.1" }, "unsupported" },
		{ { "slirp4netns:mtu=1" }, "unsupported" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_arena struct arena a = { 0 };
		struct container_request q = { 0 };

		assert_string_equal(read_networks(rows[i].words, &q, &a), rows[i].kind);
	}
}

TEST(what_is_said_of_the_container_holds_for_its_first_network)
{
	static const char *const words[] = { "a", "b:ip=10.2.0.2", NULL }, *const twice[] = { "a:ip=10.0.0.2", NULL };
	scoped_arena struct arena a = { 0 };
	struct container_request q = { .ip = "10.1.0.2", .mac = "02:00:00:00:00:01" }, again = { .ip = "10.1.0.2" };
	struct err e;

	assert_int_equal(request_alias(&q, "x,y", &a, &e), 0);
	assert_string_equal(read_networks(words, &q, &a), "a[10.1.0.2,,02:00:00:00:00:01,,x,y] b[10.2.0.2,,,,x,y]");
	assert_string_equal(read_networks(twice, &again, &a), "invalid");
}

TEST(who_shares_a_network_has_nothing_of_its_own_in_it)
{
	static const char *const words[] = { "container:x", NULL };
	struct container_port port = { .port = 80, .protocol = "tcp" };
	struct container_request rows[] = {
		{ .hostname = "x" }, { .ports = &port, .n_ports = 1 }, { .ip = "10.0.0.2" }, { .mac = "02:00:00:00:00:01" }, { .publish_all = true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_arena struct arena a = { 0 };

		assert_string_equal(read_networks(words, &rows[i], &a), "conflict");
	}
}

TEST(exposed_ports_are_expanded)
{
	scoped_arena struct arena a = { 0 };
	struct container_request q = { 0 };
	struct err e;

	assert_int_equal(request_expose(&q, "80", &a, &e), 0);
	assert_int_equal(request_expose(&q, "90-91/udp", &a, &e), 0);
	assert_int_equal(q.exposed.n, 3);
	assert_string_equal(q.exposed.v[0], "80/tcp");
	assert_string_equal(q.exposed.v[2], "91/udp");
	assert_true(request_expose(&q, "80/icmp", &a, &e) < 0);
	assert_true(request_expose(&q, "x", &a, &e) < 0);
	assert_true(request_expose(&q, "1-60000", &a, &e) < 0);
}
