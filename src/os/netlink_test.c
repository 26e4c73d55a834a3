/* SPDX-License-Identifier: Apache-2.0 */
#include "os/netlink.h"
#include "base/test.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

TEST(netlink_batch_lays_attributes_out_as_the_kernel_reads_them)
{
	scoped_netlink_batch struct netlink_batch b;
	struct ifinfomsg link = { 0 };
	const struct nlattr *top[IFLA_MAX + 1], *in[IFLA_INFO_MAX + 1];
	const struct nlmsghdr *m;
	const void *p;
	size_t nest, n;

	netlink_batch_init(&b);
	netlink_begin(&b, RTM_NEWLINK, NLM_F_CREATE, &link, sizeof link);
	netlink_put_str(&b, IFLA_IFNAME, "veth0");
	nest = netlink_nest(&b, IFLA_LINKINFO);
	netlink_put_str(&b, IFLA_INFO_KIND, "veth");
	netlink_nest_end(&b, nest);
	netlink_put_u32(&b, IFLA_MTU, 1400);
	netlink_end(&b);
	m = (const struct nlmsghdr *)(const void *)b.b.p;
	assert_int_equal(m->nlmsg_len, b.b.n);
	assert_int_equal(m->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE);
	p = netlink_payload(m, sizeof link, &n);
	assert_int_equal(netlink_parse(p, n, top, IFLA_MAX), 0);
	assert_string_equal(netlink_get_str(top[IFLA_IFNAME]), "veth0");
	assert_int_equal(netlink_get_u32(top[IFLA_MTU]), 1400);
	assert_int_equal(netlink_parse(netlink_data(top[IFLA_LINKINFO]), netlink_size(top[IFLA_LINKINFO]), in, IFLA_INFO_MAX), 0);
	assert_string_equal(netlink_get_str(in[IFLA_INFO_KIND]), "veth");
	assert_null(top[IFLA_ADDRESS]);
	assert_int_equal(netlink_parse(p, n - 2, top, IFLA_MAX), -EBADMSG);
}

static int count(void *arg, const struct nlmsghdr *m)
{
	*(int *)arg += m->nlmsg_type == RTM_NEWLINK;
	return 0;
}

TEST(netlink_query_lists_links_and_names_the_request_that_failed)
{
	scoped_netlink struct netlink nl = NETLINK_NONE;
	scoped_netlink_batch struct netlink_batch dump, bad;
	struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	struct netlink_result failed;
	int n = 0;

	assert_int_equal(netlink_open(&nl, NETLINK_ROUTE), 0);
	netlink_batch_init(&dump);
	netlink_begin(&dump, RTM_GETLINK, NLM_F_DUMP, &link, sizeof link);
	netlink_end(&dump);
	assert_int_equal(netlink_query(&nl, &dump, count, &n, NULL), 0);
	assert_true(n >= 1);

	netlink_batch_init(&bad);
	for (int i = 0; i < 3; i++) {
		netlink_begin(&bad, RTM_GETLINK, 0, &link, sizeof link);
		netlink_put_str(&bad, IFLA_IFNAME, i == 1 ? "no-such-link" : "lo");
		netlink_end(&bad);
	}
	n = 0;
	assert_int_equal(netlink_query(&nl, &bad, count, &n, &failed), -ENODEV);
	assert_int_equal(failed.index, 1);
	assert_int_equal(n, 2);
}

TEST(netlink_talk_refuses_too_much)
{
	scoped_netlink struct netlink nl = NETLINK_NONE;
	scoped_netlink_batch struct netlink_batch b;
	static const char big[70000];

	assert_int_equal(netlink_open(&nl, NETLINK_ROUTE), 0);
	netlink_batch_init(&b);
	netlink_begin(&b, RTM_NEWLINK, 0, NULL, 0);
	netlink_put(&b, 1, big, sizeof big);
	netlink_end(&b);
	assert_int_equal(netlink_talk(&nl, &b, NULL), -E2BIG);
}
