/* SPDX-License-Identifier: Apache-2.0 */
#include "network/dns.h"

#include "base/test.h"

static const char host_file[] =
	"# made by somebody\n"
	"search example.org lan\n"
	"nameserver 127.0.0.53\n"
	"  nameserver 192.0.2.53  \n"
	"nameserver ::1\n"
	"options edns0 trust-ad\n"
	"sortlist 10.0.0.0\n";

static const char *resolv(const struct dns_request *q, const char *text, struct buf *b)
{
	struct err e;

	buf_clear(b);
	assert_int_equal(dns_resolv_conf(q, text, b, &e), 0);
	return buf_text(b);
}

TEST(resolv_conf_drops_nameservers_on_loopback)
{
	scoped_buf struct buf b = BUF(4096);
	struct dns_request q = { 0 };

	assert_string_equal(resolv(&q, host_file, &b), "nameserver 192.0.2.53\nsearch example.org lan\noptions edns0 trust-ad\n");
	assert_string_equal(resolv(&q, "nameserver 127.0.0.1\n", &b), "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
	assert_string_equal(resolv(&q, NULL, &b), "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
}

TEST(resolv_conf_of_the_host_network_keeps_loopback)
{
	scoped_buf struct buf b = BUF(4096);
	struct dns_request q = { .host_network = true };

	assert_string_equal(resolv(&q, "nameserver 127.0.0.1", &b), "nameserver 127.0.0.1\n");
}

TEST(resolv_conf_flags_replace_their_kind)
{
	scoped_buf struct buf b = BUF(4096);
	const char *server[] = { "10.0.0.53" }, *dot[] = { "." }, *opts[] = { "ndots:2", "rotate" };
	struct dns_request q = { .servers = { server, 1 }, .searches = { dot, 1 }, .options = { opts, 2 } };

	assert_string_equal(resolv(&q, host_file, &b), "nameserver 10.0.0.53\noptions ndots:2 rotate\n");
}

TEST(resolv_conf_takes_no_second_line_in_a_word)
{
	scoped_buf struct buf b = BUF(4096);
	const char *evil[] = { "a\nnameserver 6.6.6.6" }, *name[] = { "dns.example" };
	struct dns_request q = { .searches = { evil, 1 } };
	struct err e;

	assert_int_equal(dns_resolv_conf(&q, NULL, &b, &e), -EINVAL);
	q = (struct dns_request){ .servers = { name, 1 } };
	assert_int_equal(dns_resolv_conf(&q, NULL, &b, &e), -EINVAL);
}

TEST(the_stub_of_resolved_leads_to_its_real_list)
{
	assert_string_equal(dns_host_file("nameserver 127.0.0.53\n"), "/run/systemd/resolve/resolv.conf");
	assert_string_equal(dns_host_file(host_file), "/etc/resolv.conf");
	assert_string_equal(dns_host_file(""), "/etc/resolv.conf");
}

TEST(hosts_name_the_container_and_its_extra_hosts)
{
	scoped_buf struct buf b = BUF(4096);
	struct container_address at = { .ip = "172.30.0.2" };
	struct container_host hosts[] = { { "db", "10.0.0.5" }, { "host.docker.internal", "host-gateway" } };
	struct dns_request q = { .hostname = "web", .domainname = "lan", .addresses = &at, .n_addresses = 1,
		.hosts = hosts, .n_hosts = 2, .gateway = "172.30.0.1" };
	struct err e;

	assert_int_equal(dns_hosts(&q, NULL, &b, &e), 0);
	assert_non_null(strstr(buf_text(&b), "127.0.0.1\tlocalhost\n"));
	assert_non_null(strstr(buf_text(&b), "10.0.0.5\tdb\n172.30.0.1\thost.docker.internal\n172.30.0.2\tweb.lan web\n"));
	q.gateway = NULL;
	assert_int_equal(dns_hosts(&q, NULL, &b, &e), -EINVAL);
}

TEST(host_names_are_one_word)
{
	scoped_buf struct buf b = BUF(4096);
	struct dns_request q = { .hostname = "a\n1.2.3.4 b" };
	struct err e;

	assert_int_equal(dns_hosts(&q, NULL, &b, &e), -EINVAL);
	assert_int_equal(dns_hostname(&q, &b, &e), -EINVAL);
	q.hostname = "web";
	buf_clear(&b);
	assert_int_equal(dns_hostname(&q, &b, &e), 0);
	assert_string_equal(buf_text(&b), "web\n");
}
