/* SPDX-License-Identifier: Apache-2.0 */
#include "network/addr.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/str.h"
#include "base/test.h"

static struct addr parsed(const char *s)
{
	struct addr x;

	assert_int_equal(addr_parse(s, &x), 0);
	return x;
}

TEST(addresses_print_as_they_were_read)
{
	static const char *const texts[] = { "10.0.0.1/8", "172.30.255.255/16", "fd00::1/64", "::/0", "0.0.0.0/0" };
	char text[ADDR_TEXT_SIZE];

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct addr x = parsed(texts[i]);

		addr_print_prefix(&x, text);
		assert_string_equal(text, texts[i]);
	}
}

TEST(addresses_are_whole_strings)
{
	static const char *const bad[] = { "", "10.0.0", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/8x", "010.0.0.1", "fd00::1/129", "1.2.3.4 " };
	struct addr x;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(addr_parse(bad[i], &x), -EINVAL);
	assert_int_equal(addr_parse_subnet("10.0.0.0", &x), -EINVAL);
}

TEST(subnets_know_what_they_contain)
{
	struct addr net = parsed("172.30.16.0/20"), in = parsed("172.30.31.255"), out = parsed("172.30.32.0"), six = parsed("fd00::1");
	struct addr wide = parsed("172.16.0.0/12"), other = parsed("10.0.0.0/8"), all = parsed("0.0.0.0/0");

	assert_true(addr_contains(&net, &in));
	assert_false(addr_contains(&net, &out));
	assert_false(addr_contains(&net, &six));
	assert_true(addr_overlaps(&net, &wide));
	assert_true(addr_overlaps(&wide, &net));
	assert_false(addr_overlaps(&net, &other));
	assert_true(addr_overlaps(&all, &net));
}

TEST(the_nth_address_and_its_index_are_inverse)
{
	struct addr net = parsed("10.1.2.0/22"), x = addr_nth(&net, 188 + 512), six = parsed("fd00:1::/64"), y = addr_nth(&six, 0x1234567890);
	struct addr first = addr_first(&net), last = addr_last(&net);
	char text[ADDR_TEXT_SIZE];

	addr_print(&x, text);
	assert_string_equal(text, "10.1.2.188");
	assert_int_equal(addr_index(&net, &x), 700);
	assert_int_equal(addr_index(&six, &y), 0x1234567890);
	assert_int_equal(addr_count(&net), 1024);
	addr_print(&first, text);
	assert_string_equal(text, "10.1.0.0");
	addr_print(&last, text);
	assert_string_equal(text, "10.1.3.255");
}

TEST(macs_follow_from_addresses)
{
	struct addr x = parsed("172.30.0.2");
	uint8_t mac[MAC_SIZE], back[MAC_SIZE];
	char text[MAC_TEXT_SIZE];

	addr_mac(&x, mac);
	mac_print(mac, text);
	assert_string_equal(text, "02:74:ac:1e:00:02");
	assert_int_equal(mac_parse(text, back), 0);
	assert_memory_equal(mac, back, MAC_SIZE);
	assert_int_equal(mac_parse("02:74:ac:1e:00", back), -EINVAL);
	assert_int_equal(mac_parse("02-74-ac-1e-00-02", back), -EINVAL);
}

TEST(loopback_and_any_are_told)
{
	struct addr lo = parsed("127.1.2.3"), lo6 = parsed("::1"), any = parsed("0.0.0.0"), any6 = parsed("::"), x = parsed("10.0.0.1");

	assert_true(addr_is_loopback(&lo) && addr_is_loopback(&lo6) && !addr_is_loopback(&x));
	assert_true(addr_is_any(&any) && addr_is_any(&any6) && !addr_is_any(&x));
}
