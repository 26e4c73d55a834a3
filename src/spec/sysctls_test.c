/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/sysctls.h"

#include "base/scope.h"
#include "base/test.h"

static int check(const char *key, enum oci_ns ns)
{
	struct pair p = { key, "1" };
	struct oci_namespace n = { .type = ns };
	struct oci_linux l = { .sysctl = { &p, 1 }, .namespaces = &n, .n_namespaces = 1 };
	struct err e;

	return sysctls_check(&l, &e);
}

TEST(the_first_separator_of_a_sysctl_decides)
{
	scoped_arena struct arena a = { 0 };

	assert_string_equal(sysctl_path("net.ipv4.ip_forward", &a), "sys/net/ipv4/ip_forward");
	assert_string_equal(sysctl_path("net.ipv4.conf.eth0/1.mtu", &a), "sys/net/ipv4/conf/eth0.1/mtu");
	assert_string_equal(sysctl_path("net/ipv4/conf/eth0.1/mtu", &a), "sys/net/ipv4/conf/eth0.1/mtu");
}

TEST(a_sysctl_needs_the_namespace_it_belongs_to)
{
	assert_int_equal(check("net.ipv4.ip_forward", OCI_NS_NETWORK), 0);
	assert_int_equal(check("net.ipv4.ip_forward", OCI_NS_IPC), -EINVAL);
	assert_int_equal(check("kernel.shmmax", OCI_NS_IPC), 0);
	assert_int_equal(check("kernel.shmmax", OCI_NS_NETWORK), -EINVAL);
	assert_int_equal(check("fs.mqueue.msg_max", OCI_NS_IPC), 0);
	assert_int_equal(check("kernel.domainname", OCI_NS_UTS), 0);
	assert_int_equal(check("kernel.hostname", OCI_NS_UTS), -EINVAL); /* there is a member for it */
}

TEST(sysctls_of_the_host_and_paths_in_disguise_are_refused)
{
	static const char *const bad[] = {
		"kernel.core_pattern", "kernel.shm_rmid_forced=1+kernel.core_pattern", "kernel.shmmaxx", "net/../kernel/core_pattern",
		"net.ipv4.//.//.kernel.core_pattern", "net/ipv4/../../kernel/core_pattern", "net..ipv4", "vm.swappiness", "", ".", "net/./x",
		"fs.mqueuex", "network.x",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		for (int ns = 0; ns < OCI_NS_COUNT; ns++)
			if (check(bad[i], (enum oci_ns)ns) == 0)
				fail_msg("'%s' is accepted", bad[i]);
}
