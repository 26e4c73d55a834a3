/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "runtime/checkpoint/externals.h"

#include "runtime/checkpoint/request.h"

static struct oci_config *config_of(const char *mounts, const char *linux_members, struct arena *a)
{
	struct oci_config *c;
	struct err e = { 0 };
	const char *text = arena_printf(a,
		"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"x\"],\"user\":{\"uid\":0,\"gid\":0}},"
		"\"mounts\":[%s],\"linux\":{%s}}", mounts, linux_members);

	assert_int_equal(oci_config_decode(str_of(text), a, &c, &e), 0);
	return c;
}

static const struct cgroup_record v2 = { .driver = "v2", .dirs = { (struct pair[]){ { "", "/sys/fs/cgroup/c" } }, 1 } };
static const struct cgroup_record v1 = {
	.driver = "v1", .dirs = { (struct pair[]){ { "cpu,cpuacct", "/cg/cpu/c" }, { "name=systemd", "/cg/systemd/c" } }, 2 },
};

#define CGROUP_MOUNT "{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\"}"

TEST(binds_are_external_by_their_destination)
{
	scoped_arena struct arena a = { 0 };
	struct external_mounts list = { 0 };
	struct err e = { 0 };
	const struct oci_config *c = config_of("{\"destination\":\"/data/\",\"type\":\"x\",\"source\":\"d\",\"options\":[\"rbind\",\"ro\"]},"
		"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}", "", &a);

	assert_int_equal(external_mounts_list(c, &v2, "/bundle", &a, &list, &e), 0);
	assert_int_equal(list.n, 1);
	assert_string_equal(list.v[0].destination, "/data");
	assert_string_equal(list.v[0].source, "/bundle/d");
}

TEST(cgroup_directories_are_external_where_they_are_binds)
{
	scoped_arena struct arena a = { 0 };
	struct external_mounts list = { 0 };
	struct err e = { 0 };
	const struct oci_config *own = config_of(CGROUP_MOUNT, "\"namespaces\":[{\"type\":\"cgroup\"}]", &a), *shared = config_of(CGROUP_MOUNT, "", &a);

	assert_int_equal(external_mounts_list(own, &v2, "/b", &a, &list, &e), 0);
	assert_int_equal(list.n, 0);
	assert_int_equal(external_mounts_list(shared, &v2, "/b", &a, &list, &e), 0);
	assert_int_equal(list.n, 1);
	assert_string_equal(list.v[0].destination, "/sys/fs/cgroup");
	list.n = 0;
	assert_int_equal(external_mounts_list(own, &v1, "/b", &a, &list, &e), 0);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0].destination, "/sys/fs/cgroup/cpu,cpuacct");
	assert_string_equal(list.v[1].destination, "/sys/fs/cgroup/systemd");
	assert_string_equal(list.v[1].source, "/cg/systemd/c");
}

TEST(an_idmapped_mount_is_refused_since_criu_would_forget_the_mapping)
{
	scoped_arena struct arena a = { 0 };
	struct external_mounts list = { 0 };
	struct err e = { 0 };
	const struct oci_config *c = config_of("{\"destination\":\"/d\",\"type\":\"bind\",\"source\":\"/d\",\"options\":[\"bind\",\"idmap\"],"
		"\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}],\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]}", "", &a);

	assert_true(external_mounts_list(c, &v2, "/b", &a, &list, &e) < 0);
	assert_int_equal(e.kind, ERR_UNSUPPORTED);
}

static int give(const char *text, struct criu_opts *q, struct arena *a)
{
	struct err e = { 0 };

	*q = (struct criu_opts){ 0 };
	return externals_give_descriptors(str_of(text), a, q, &e);
}

TEST(descriptors_of_images_choose_among_our_own_three_and_nothing_else)
{
	scoped_arena struct arena a = { 0 };
	struct criu_opts q;

	assert_int_equal(give("[\"pipe:[12]\",\"/dev/pts/3\",\"file[1f:3a]\"]", &q, &a), 0);
	assert_int_equal(q.n_inherit_fds, 2);
	assert_string_equal(q.inherit_fds[1].key, "file[1f:3a]");
	assert_int_equal(q.inherit_fds[1].fd, 2);
	assert_int_equal(give("[\"extRootNetNS\",\"pipe:[1]x\",\"pipe:[../../etc]\"]", &q, &a), 0);
	assert_int_equal(q.n_inherit_fds, 0);
	assert_true(give("[\"a\",\"b\",\"c\",\"pipe:[1]\"]", &q, &a) < 0);
	assert_true(give("{\"a\":1}", &q, &a) < 0);
	assert_true(give("[],\"x\":[]", &q, &a) < 0);
	assert_true(give("[1]", &q, &a) < 0);
	assert_true(give("", &q, &a) < 0);
}

TEST(the_log_names_the_cause_and_not_that_it_failed)
{
	scoped_arena struct arena a = { 0 };

	assert_string_equal(criu_log_cause("(00.1) Lock network\n(00.2) Error (criu/util.c:642): exited, status=2\n"
					   "(00.3) Error (criu/net.c:3071): Locking network failed\x1b[2J\nError (criu/util.c:642): exited, status=1\n"
					   "(00.4) Error (criu/cr-dump.c:2053): Dumping FAILED.\n", &a), "Locking network failed?[2J");
	assert_string_equal(criu_log_cause("(00.4) Error (criu/cr-dump.c:2053): Dumping FAILED.", &a), "Dumping FAILED.");
	assert_string_equal(criu_log_cause("all is well\nError (", &a), "");
}

static int options(const struct checkpoint_options *o, struct criu_opts *q, int *oldest, struct arena *a)
{
	const struct pairs none = { (struct pair[]){ { "org.criu.config", "" } }, 1 };
	struct err e = { 0 };

	return request_options(o, &none, a, q, oldest, &e);
}

TEST(words_of_the_command_line_become_members_of_the_request)
{
	scoped_arena struct arena a = { 0 };
	struct criu_opts q;
	int oldest;
	struct checkpoint_options o = { .cgroups_mode = "ignore", .page_server = "::1:27", .empty_ns = { (const char *[]){ "network" }, 1 }, .network_lock = "skip" };

	assert_int_equal(options(&o, &q, &oldest, &a), 0);
	assert_true(q.manage_cgroups_mode.set && q.manage_cgroups_mode.v == 0);
	assert_string_equal(q.page_server->address, "::1");
	assert_int_equal(q.page_server->port, 27);
	assert_int_equal(q.empty_ns, 0x40000000);
	assert_int_equal(oldest, CRIU_WITH_LOCK_SKIP);
	assert_null(q.config_file);
	assert_true(options(&(struct checkpoint_options){ .cgroups_mode = "Soft" }, &q, &oldest, &a) < 0);
	assert_true(options(&(struct checkpoint_options){ .page_server = "x:0" }, &q, &oldest, &a) < 0);
	assert_true(options(&(struct checkpoint_options){ .page_server = ":80" }, &q, &oldest, &a) < 0);
	assert_true(options(&(struct checkpoint_options){ .page_server = "80" }, &q, &oldest, &a) < 0);
	assert_true(options(&(struct checkpoint_options){ .network_lock = "pf" }, &q, &oldest, &a) < 0);
	assert_true(options(&(struct checkpoint_options){ .empty_ns = { (const char *[]){ "mount" }, 1 } }, &q, &oldest, &a) < 0);
}
