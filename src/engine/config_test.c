/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/config.h"

#include "base/test.h"

#define WORDS(...) { (const char *[]){ __VA_ARGS__ }, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *) }

/* A host without surprises, so that nothing is probed. */
static struct host_facts facts = { .kernel = FACTS_KERNEL(6, 1), .seccomp = FACTS_YES, .cgroup_ns = FACTS_YES };

static struct config_input input(const struct container *c)
{
	return (struct config_input){ .c = c, .rootfs = "/run/x/rootfs", .live_path = "/run/x", .volumes = "/var/v", .user = { .home = "/root" },
		.own_network = true, .facts = &facts };
}

static const char *env[] = { "A=1" };

static struct container plain(void)
{
	return (struct container){ .id = "0123", .path = "/bin/true", .workdir = "/", .hostname = "h", .env = { env, 1 } };
}

static struct oci_config *built(const struct config_input *in, struct arena *a)
{
	struct oci_config *c = NULL;
	struct err e = { 0 };

	if (config_build(in, a, &c, &e) < 0)
		fail_msg("%s", e.msg);
	return c;
}

static const struct oci_mount *mount_at(const struct oci_config *c, const char *target, size_t *ret_index)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		if (streq(c->mounts[i].destination, target)) {
			if (ret_index)
				*ret_index = i;
			return &c->mounts[i];
		}
	}
	return NULL;
}

TEST(config_of_a_plain_container_is_what_the_runtime_accepts)
{
	scoped_arena struct arena a = { 0 };
	struct container k = plain();
	struct config_input in = input(&k);
	struct oci_config *c = built(&in, &a);
	struct err e = { 0 };

	assert_int_equal(oci_config_check(c, &e), 0);
	assert_non_null(oci_namespace_find(c->linux, OCI_NS_NETWORK));
	assert_non_null(oci_namespace_find(c->linux, OCI_NS_CGROUP));
	assert_non_null(c->linux->seccomp);
	assert_true(c->linux->masked_paths.n > 0);
	assert_string_equal(c->linux->cgroups_path, "/tare-0123");
	assert_true(strs_has(&c->process->env, "HOME=/root"));
	assert_string_equal(mount_at(c, "/etc/hosts", NULL)->source, "/run/x/hosts");
}

TEST(config_in_the_hosts_network_has_neither_namespace_nor_sysctls)
{
	scoped_arena struct arena a = { 0 };
	struct container k = plain();
	struct config_input in = input(&k);
	struct oci_config *c;

	in.own_network = false;
	c = built(&in, &a);
	assert_null(oci_namespace_find(c->linux, OCI_NS_NETWORK));
	assert_int_equal(c->linux->sysctl.n, 0);
}

TEST(config_mounts_parents_before_what_lies_inside_and_lets_requests_win)
{
	scoped_arena struct arena a = { 0 };
	struct container_mount m[] = {
		{ .kind = CONTAINER_MOUNT_BIND, .source = "/b", .target = "/data/in", .read_only = true },
		{ .kind = CONTAINER_MOUNT_VOLUME, .source = "v", .target = "/data" },
		{ .kind = CONTAINER_MOUNT_TMPFS, .target = "/dev/shm", .options = WORDS("size=1m") },
		{ .kind = CONTAINER_MOUNT_BIND, .source = "/h", .target = "/etc/hosts" },
	};
	struct container k = plain();
	struct config_input in = input(&k);
	struct oci_config *c;
	size_t outer, inner, shm = 0;

	k.mounts = m;
	k.n_mounts = ARRAY_LEN(m);
	c = built(&in, &a);
	assert_string_equal(mount_at(c, "/data", &outer)->source, "/var/v/v/_data");
	assert_true(strs_has(&mount_at(c, "/data/in", &inner)->options, "ro"));
	assert_true(outer < inner);
	assert_string_equal(mount_at(c, "/etc/hosts", NULL)->source, "/h");
	for (size_t i = 0; i < c->n_mounts; i++)
		shm += streq(c->mounts[i].destination, "/dev/shm");
	assert_int_equal(shm, 1);
}

/* What the rules about ioctl say, as libseccomp would: the default unless one matches. */
static enum oci_seccomp_action ioctl_action(const struct oci_seccomp *s, uint64_t request)
{
	for (size_t i = 0; i < s->n_syscalls; i++) {
		const struct oci_seccomp_syscall *y = &s->syscalls[i];

		if (strs_has(&y->names, "ioctl") && (!y->n_args || (request & y->args->value) == y->args->value_two))
			return y->action;
	}
	return s->default_action;
}

TEST(config_of_a_limited_container_refuses_to_change_projects_and_nothing_else)
{
	for (int open = 0; open < 2; open++) {
		scoped_arena struct arena a = { 0 };
		struct container k = plain();
		struct config_input in = input(&k);
		struct oci_seccomp *s;

		s = built(&in, &a)->linux->seccomp;
		assert_int_equal(ioctl_action(s, 0x401c5820), OCI_SECCOMP_ALLOW);
		k.request.storage_size = 1 << 20;
		s = built(&in, &a)->linux->seccomp;
		if (open) {
			*s = (struct oci_seccomp){ .default_action = OCI_SECCOMP_ALLOW };
			config_keep_project(s, &a);
		}
		/* FS_IOC_FSSETXATTR, FS_IOC_SETFLAGS of 64 and 32 bits, and with what the kernel cuts off. */
		assert_int_equal(ioctl_action(s, 0x401c5820), OCI_SECCOMP_ERRNO);
		assert_int_equal(ioctl_action(s, 0x40086602), OCI_SECCOMP_ERRNO);
		assert_int_equal(ioctl_action(s, 0x40046602), OCI_SECCOMP_ERRNO);
		assert_int_equal(ioctl_action(s, 0x1401c5820), OCI_SECCOMP_ERRNO);
		for (uint32_t request = 0; request <= 0xffff; request++)
			assert_int_equal(ioctl_action(s, request), request == 0x5820 || request == 0x6602 ? OCI_SECCOMP_ERRNO : OCI_SECCOMP_ALLOW);
	}
}

TEST(config_resources_follow_dockers_rules)
{
	scoped_arena struct arena a = { 0 };
	struct container k = plain();
	struct config_input in = input(&k);
	struct oci_config *c;

	k.request.memory = 64 << 20;
	k.request.nano_cpus = 1500000000;
	k.request.pids_limit = -1;
	c = built(&in, &a);
	assert_int_equal(c->linux->resources->memory->limit.v, 64 << 20);
	assert_int_equal(c->linux->resources->memory->swap.v, 128 << 20);
	assert_int_equal(c->linux->resources->cpu->quota.v, 150000);
	assert_int_equal(c->linux->resources->cpu->period.v, 100000);
	assert_int_equal(c->linux->resources->pids->limit.v, -1);
}

TEST(config_with_init_runs_the_program_below_it)
{
	scoped_arena struct arena a = { 0 };
	struct container k = plain();
	struct config_input in = input(&k);
	struct oci_config *c;

	in.init = "/usr/bin/tare-init";
	c = built(&in, &a);
	assert_string_equal(c->process->args.v[1], "--");
	assert_string_equal(c->process->args.v[2], "/bin/true");
	assert_string_equal(mount_at(c, c->process->args.v[0], NULL)->source, in.init);
}

TEST(config_of_another_user_has_no_effective_capabilities)
{
	scoped_arena struct arena a = { 0 };
	struct container k = plain();
	struct config_input in = input(&k);
	struct oci_config *c;

	in.user.uid = 33;
	c = built(&in, &a);
	assert_int_equal(c->process->capabilities->effective.n, 0);
	assert_int_equal(c->process->capabilities->ambient.n, 0);
	assert_true(c->process->capabilities->bounding.n > 0);
}

TEST(the_first_group_of_a_user_is_one_of_the_others_too)
{
	scoped_arena struct arena a = { 0 };
	gid_t groups[] = { 7, 50 };
	struct container k = plain();
	struct config_input in = input(&k);
	struct oci_config *c;

	in.user.gid = 50;
	in.user.groups = groups;
	in.user.n_groups = ARRAY_LEN(groups);
	c = built(&in, &a);
	assert_int_equal(c->process->user.additional_gids.n, 2);
	assert_int_equal(c->process->user.additional_gids.v[0], 50);
	assert_int_equal(c->process->user.additional_gids.v[1], 7);
}

TEST(paths_are_masked_and_opened_as_security_opt_says)
{
	static const char *opts[] = { "mask=/a:/b", "unmask=/proc/k*:/proc/sys", "proc-opts=hidepid=2", "writable-cgroups", "apparmor=unconfined" };
	scoped_arena struct arena a = { 0 };
	struct container k = plain();
	struct config_input in = input(&k);
	struct oci_config *c;

	in.apparmor = "the-default";
	c = built(&in, &a);
	assert_string_equal(c->process->apparmor_profile, "the-default");
	assert_true(strs_has(&c->linux->masked_paths, "/proc/kcore"));
	k.request.security_opts = (struct strs){ opts, ARRAY_LEN(opts) };
	c = built(&in, &a);
	assert_null(c->process->apparmor_profile);
	assert_true(strs_has(&c->linux->masked_paths, "/b"));
	assert_false(strs_has(&c->linux->masked_paths, "/proc/kcore"));
	assert_true(strs_has(&c->linux->masked_paths, "/proc/acpi"));
	assert_false(strs_has(&c->linux->readonly_paths, "/proc/sys"));
	assert_true(strs_has(&mount_at(c, "/proc", NULL)->options, "hidepid=2"));
	assert_true(strs_has(&mount_at(c, "/sys/fs/cgroup", NULL)->options, "rw"));
	assert_false(strs_has(&mount_at(c, "/sys/fs/cgroup", NULL)->options, "ro"));
	assert_true(strs_has(&mount_at(c, "/sys", NULL)->options, "ro"));
}
