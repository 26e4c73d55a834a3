/* SPDX-License-Identifier: Apache-2.0 */
#include "network/ipam.h"

#include <sys/socket.h>

#include "base/str.h"
#include "base/test.h"
#include "os/test_dir.h"

static struct addr parsed(const char *s)
{
	struct addr x;

	assert_int_equal(addr_parse(s, &x), 0);
	return x;
}

static const char *taken(int dirfd, const char *subnet_text, const char *wanted_text, const char *owner)
{
	static char text[ADDR_TEXT_SIZE];
	struct addr subnet = parsed(subnet_text), wanted = { 0 }, x;
	struct ipam_pool pool = { .subnet = subnet, .gateway = addr_nth(&subnet, 1) };
	struct err e;

	if (wanted_text)
		wanted = parsed(wanted_text);
	if (ipam_reserve(dirfd, "net", &pool, &wanted, owner, &x, &e) < 0)
		return err_kind_name(e.kind);
	assert_int_equal(x.prefix, subnet.prefix);
	addr_print(&x, text);
	return text;
}

TEST(addresses_are_given_in_turn_and_rest_before_they_return)
{
	scoped_test_dir struct test_dir d = test_dir_make();
	struct err e;

	assert_string_equal(taken(d.fd, "10.0.0.0/29", NULL, "a"), "10.0.0.2");
	assert_string_equal(taken(d.fd, "10.0.0.0/29", NULL, "b"), "10.0.0.3");
	assert_int_equal(ipam_release(d.fd, "net", "10.0.0.2", "a", &e), 0);
	assert_string_equal(taken(d.fd, "10.0.0.0/29", NULL, "c"), "10.0.0.4");
	assert_string_equal(taken(d.fd, "10.0.0.0/29", NULL, "d"), "10.0.0.5");
	assert_string_equal(taken(d.fd, "10.0.0.0/29", NULL, "e"), "10.0.0.6");
	assert_string_equal(taken(d.fd, "10.0.0.0/29", NULL, "f"), "10.0.0.2");
	assert_string_equal(taken(d.fd, "10.0.0.0/29", NULL, "g"), "exhausted");
}

TEST(a_wanted_address_is_taken_once_and_only_from_its_subnet)
{
	scoped_test_dir struct test_dir d = test_dir_make();

	assert_string_equal(taken(d.fd, "10.0.0.0/24", "10.0.0.77", "a"), "10.0.0.77");
	assert_string_equal(taken(d.fd, "10.0.0.0/24", "10.0.0.77", "b"), "exists");
	assert_string_equal(taken(d.fd, "10.0.0.0/24", "10.0.1.77", "b"), "invalid");
	assert_string_equal(taken(d.fd, "10.0.0.0/24", "10.0.0.0", "b"), "invalid");
	assert_string_equal(taken(d.fd, "10.0.0.0/24", "10.0.0.1", "b"), "invalid");
	assert_string_equal(taken(d.fd, "10.0.0.0/24", "10.0.0.255", "b"), "invalid");
}

TEST(only_the_owner_frees_an_address)
{
	scoped_test_dir struct test_dir d = test_dir_make();
	struct err e;

	assert_string_equal(taken(d.fd, "fd00::/64", NULL, "abc"), "fd00::2");
	assert_int_equal(ipam_release(d.fd, "net", "fd00::2", "ab", &e), 0);
	assert_string_equal(taken(d.fd, "fd00::/64", "fd00::2", "x"), "exists");
	assert_int_equal(ipam_release(d.fd, "net", "fd00::2", "abc", &e), 0);
	assert_int_equal(ipam_release(d.fd, "net", "fd00::2", "abc", &e), 0);
	assert_int_equal(ipam_release(d.fd, "other", "fd00::2", "abc", &e), 0);
	assert_string_equal(taken(d.fd, "fd00::/64", "fd00::2", "x"), "fd00::2");
}

TEST(only_a_range_is_given_and_what_is_kept_is_not)
{
	scoped_test_dir struct test_dir d = test_dir_make();
	struct addr kept = parsed("10.0.0.9"), none = { 0 }, x;
	struct ipam_pool pool = { .subnet = parsed("10.0.0.0/24"), .gateway = parsed("10.0.0.1"), .kept = &kept, .n_kept = 1 };
	struct err e;

	assert_int_equal(ipam_pool_range(&pool, &pool.subnet, "10.0.0.8/30", &e), 0);
	for (unsigned i = 0; i < 3; i++) {
		static const unsigned last[] = { 8, 10, 11 };

		assert_int_equal(ipam_reserve(d.fd, "net", &pool, &none, "a", &x, &e), 0);
		assert_int_equal(x.bytes[3], last[i]);
	}
	assert_true(ipam_reserve(d.fd, "net", &pool, &none, "a", &x, &e) < 0);
	assert_int_equal(e.kind, ERR_EXHAUSTED);
	assert_true(ipam_reserve(d.fd, "net", &pool, &kept, "a", &x, &e) < 0);
	assert_int_equal(ipam_pool_range(&pool, &pool.subnet, "10.0.0.20-10.0.0.21", &e), 0);
	assert_int_equal(pool.first, 20);
	assert_int_equal(pool.last, 21);
	assert_true(ipam_pool_range(&pool, &pool.subnet, "10.0.1.0/30", &e) < 0);
	assert_true(ipam_pool_range(&pool, &pool.subnet, "10.0.0.9-10.0.0.8", &e) < 0);
	assert_true(ipam_pool_range(&pool, &pool.subnet, "nonsense", &e) < 0);
}

static bool is_dead(void *arg, const char *ip, const char *owner)
{
	return !*owner || streq(owner, arg);
}

TEST(a_sweep_drops_the_dead_and_the_unfinished)
{
	scoped_test_dir struct test_dir d = test_dir_make();
	static char dead[] = "dead";
	struct err e;

	taken(d.fd, "10.0.0.0/24", NULL, "alive");
	taken(d.fd, "10.0.0.0/24", NULL, "dead");
	assert_int_equal(file_create(d.fd, "net/10.0.0.9", "", 0, 0600), 0);
	assert_int_equal(ipam_sweep(d.fd, "net", NULL, NULL, &e), 3);
	assert_int_equal(ipam_sweep(d.fd, "net", is_dead, dead, &e), 2);
	assert_int_equal(ipam_sweep(d.fd, "net", is_dead, dead, &e), 0);
	assert_int_equal(ipam_sweep(d.fd, "net", NULL, NULL, &e), 1);
}
