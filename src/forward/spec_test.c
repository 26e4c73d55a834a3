/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/spec.h"

#include <arpa/inet.h>

#include "base/scope.h"
#include "base/test.h"

TEST(forward_spec_reads_protocol_and_both_places)
{
	struct forward_spec s;

	assert_int_equal(forward_spec_parse("udp 127.0.0.1 5353 172.30.0.2 53", &s), 0);
	assert_true(s.udp && !s.every);
	assert_int_equal(s.host.in.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	assert_int_equal(s.host.in.sin_port, htons(5353));
	assert_int_equal(s.to.in.sin_port, htons(53));
}

TEST(forward_spec_of_every_address_is_both_families)
{
	struct forward_spec s;

	assert_int_equal(forward_spec_parse("tcp * 80 172.30.0.2 80", &s), 0);
	assert_true(s.every && !s.udp);
	assert_int_equal(s.host.any.sa_family, AF_INET6);
	assert_int_equal(s.to.any.sa_family, AF_INET);
}

TEST(forward_spec_refuses_what_is_no_line)
{
	static const char *const bad[] = { "", "tcp", "tcp * 80 172.30.0.2", "tcp * 80 172.30.0.2 80 ", "sctp * 80 172.30.0.2 80", "tcp * 0 172.30.0.2 80",
		"tcp * 65536 172.30.0.2 80", "tcp x 80 172.30.0.2 80", "tcp * 80 * 80", "tcp  * 80 172.30.0.2 80" };
	struct forward_spec s;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_true(forward_spec_parse(bad[i], &s) < 0);
}
