/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/defaults.h"

#include <errno.h>

#include "base/scope.h"
#include "base/test.h"

static struct strs list(struct arena *a, const char *one, const char *two)
{
	struct strs s = { arena_array(a, const char *, 2), 0 };

	if (one)
		s.v[s.n++] = one;
	if (two)
		s.v[s.n++] = two;
	return s;
}

static struct oci_capabilities *caps_of(struct arena *a, struct strs add, struct strs drop, bool privileged, bool root)
{
	struct oci_capabilities *c = NULL;
	struct err e = { 0 };

	if (defaults_capabilities(&add, &drop, privileged, root, a, &c, &e) < 0)
		fail_msg("%s", e.msg);
	return c;
}

TEST(docker_gives_fourteen_capabilities_and_none_to_inherit)
{
	scoped_arena struct arena a = { 0 };
	struct strs none = { 0 };
	struct oci_capabilities *c = caps_of(&a, none, none, false, true);

	assert_int_equal(c->bounding.n, 14);
	assert_int_equal(c->effective.n, 14);
	assert_int_equal(c->permitted.n, 14);
	assert_int_equal(c->inheritable.n, 0);
	assert_int_equal(c->ambient.n, 0);
	assert_true(strs_has(&c->bounding, "CAP_NET_RAW"));
	assert_false(strs_has(&c->bounding, "CAP_SYS_ADMIN"));
}

TEST(a_user_without_uid_zero_has_a_bound_but_no_capabilities)
{
	scoped_arena struct arena a = { 0 };
	struct strs none = { 0 };
	struct oci_capabilities *c = caps_of(&a, none, none, false, false);

	assert_int_equal(c->bounding.n, 14);
	assert_int_equal(c->effective.n + c->permitted.n, 0);
}

TEST(capabilities_are_added_and_dropped_as_docker_does)
{
	scoped_arena struct arena a = { 0 };
	struct strs none = { 0 };
	struct oci_capabilities *c = caps_of(&a, list(&a, "sys_admin", NULL), list(&a, "CAP_CHOWN", "mknod"), false, true);

	assert_int_equal(c->bounding.n, 13);
	assert_true(strs_has(&c->bounding, "CAP_SYS_ADMIN"));
	assert_false(strs_has(&c->bounding, "CAP_CHOWN"));
	assert_int_equal(caps_of(&a, none, list(&a, "ALL", NULL), false, true)->bounding.n, 0);
	assert_int_equal(caps_of(&a, list(&a, "chown", NULL), list(&a, "all", NULL), false, true)->bounding.n, 1);
	assert_int_equal(caps_of(&a, list(&a, "ALL", NULL), list(&a, "chown", NULL), false, true)->bounding.n, 40);
	assert_int_equal(caps_of(&a, none, none, true, true)->bounding.n, 41);
}

TEST(an_unknown_capability_is_named)
{
	scoped_arena struct arena a = { 0 };
	struct strs add = list(&a, "CAP_FLY", NULL), none = { 0 };
	struct oci_capabilities *c;
	struct err e = { 0 };

	assert_int_equal(defaults_capabilities(&add, &none, false, true, &a, &c, &e), -EINVAL);
	assert_string_equal(e.msg, "unknown capability 'CAP_FLY'");
}

TEST(default_mounts_are_readonly_where_the_host_shows_through)
{
	scoped_arena struct arena a = { 0 };
	struct oci_mount *m;
	size_t n;

	defaults_mounts(false, 0, &a, &m, &n);
	assert_int_equal(n, 7);
	assert_string_equal(m[0].destination, "/proc");
	assert_string_equal(m[3].destination, "/sys");
	assert_true(strs_has(&m[3].options, "ro"));
	assert_true(strs_has(&m[4].options, "ro"));
	assert_true(strs_has(&m[6].options, "size=67108864"));
	defaults_mounts(true, 4096, &a, &m, &n);
	assert_true(strs_has(&m[3].options, "rw"));
	assert_true(strs_has(&m[6].options, "size=4096"));
}

TEST(device_rules_begin_with_deny)
{
	scoped_arena struct arena a = { 0 };
	struct oci_resources r = { 0 };

	defaults_device_rules(false, &a, &r);
	assert_false(r.devices[0].allow);
	assert_null(r.devices[0].type);
	assert_int_equal(r.n_devices, 12);
	defaults_device_rules(true, &a, &r);
	assert_int_equal(r.n_devices, 1);
	assert_true(r.devices[0].allow);
}

/* ---- seccomp ---- */

static struct seccomp_facts facts(const struct strs *caps)
{
	return (struct seccomp_facts){ .caps = caps, .arch = "amd64", .kernel_major = 5, .kernel_minor = 10 };
}

/* The rules of a profile that name @name. */
static size_t rules_for(const struct oci_seccomp *s, const char *name, const struct oci_seccomp_syscall **ret_first)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_syscalls; i++)
		if (strs_has(&s->syscalls[i].names, name) && n++ == 0)
			*ret_first = &s->syscalls[i];
	return n;
}

TEST(the_default_profile_denies_what_is_not_named)
{
	scoped_arena struct arena a = { 0 };
	struct strs none = { 0 };
	struct seccomp_facts f = facts(&none);
	const struct oci_seccomp_syscall *y = NULL;
	struct oci_seccomp *s;

	defaults_seccomp(&f, &a, &s);
	assert_int_equal(s->default_action, OCI_SECCOMP_ERRNO);
	assert_int_equal(s->default_errno_ret.v, EPERM);
	assert_int_equal(s->architectures.n, 3);
	assert_int_equal(rules_for(s, "read", &y), 1);
	assert_int_equal(rules_for(s, "mount", &y), 0);
	assert_int_equal(rules_for(s, "keyctl", &y), 0);
	assert_int_equal(rules_for(s, "io_uring_setup", &y), 0);
	assert_int_equal(rules_for(s, "socket", &y), 3);
	assert_int_equal(rules_for(s, "clone3", &y), 1);
	assert_int_equal(y->action, OCI_SECCOMP_ERRNO);
	assert_int_equal(y->errno_ret.v, ENOSYS);
	assert_int_equal(rules_for(s, "clone", &y), 1);
	assert_int_equal(y->args[0].op, OCI_SECCOMP_MASKED_EQ);
}

TEST(capabilities_open_the_calls_that_go_with_them)
{
	scoped_arena struct arena a = { 0 };
	struct strs caps = list(&a, "CAP_SYS_ADMIN", "CAP_SYS_TIME");
	struct seccomp_facts f = facts(&caps);
	const struct oci_seccomp_syscall *y = NULL;
	struct oci_seccomp *s;

	defaults_seccomp(&f, &a, &s);
	assert_int_equal(rules_for(s, "mount", &y), 1);
	assert_int_equal(rules_for(s, "clone3", &y), 1);
	assert_int_equal(y->action, OCI_SECCOMP_ALLOW);
	assert_int_equal(rules_for(s, "clone", &y), 1);
	assert_int_equal(y->n_args, 0);
	assert_int_equal(rules_for(s, "clock_settime", &y), 1);
	assert_int_equal(rules_for(s, "init_module", &y), 0);
}

TEST(no_call_is_named_twice_in_one_row_of_the_default_profile)
{
	scoped_arena struct arena a = { 0 };
	struct strs none = { 0 };
	struct seccomp_facts f = facts(&none);
	const struct oci_seccomp_syscall *y = NULL;
	struct oci_seccomp *s;

	defaults_seccomp(&f, &a, &s);
	for (size_t i = 0; i < s->n_syscalls; i++)
		for (size_t k = 0; k < s->syscalls[i].names.n && !s->syscalls[i].n_args; k++)
			if (rules_for(s, s->syscalls[i].names.v[k], &y) != 1)
				fail_msg("'%s'", s->syscalls[i].names.v[k]);
}

static const char document[] =
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_ARCH_X86\"]},"
	"{\"architecture\":\"SCMP_ARCH_AARCH64\",\"subArchitectures\":null}],\"syscalls\":["
	"{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},"
	"{\"name\":\"write\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":null,\"includes\":{},\"excludes\":{}},"
	"{\"names\":[\"ptrace\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"5.11\"}},"
	"{\"names\":[\"kcmp\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"4.8\",\"arches\":[\"arm64\",\"amd64\"]}},"
	"{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}},"
	"{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]},"
	"\"args\":[{\"index\":0,\"value\":2114060288,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}";

TEST(a_profile_in_docker_json_is_decided_for_this_container)
{
	scoped_arena struct arena a = { 0 };
	struct strs none = { 0 }, admin = list(&a, "CAP_SYS_ADMIN", NULL);
	struct seccomp_facts plain = facts(&none), mighty = facts(&admin);
	const struct oci_seccomp_syscall *y = NULL;
	struct oci_seccomp *s;
	struct err e = { 0 };

	assert_int_equal(seccomp_profile_decode(str_of(document), &plain, &a, &s, &e), 0);
	assert_int_equal(s->architectures.n, 2);
	assert_string_equal(s->architectures.v[1], "SCMP_ARCH_X86");
	assert_int_equal(rules_for(s, "write", &y), 1);
	assert_int_equal(rules_for(s, "ptrace", &y), 0);
	assert_int_equal(rules_for(s, "kcmp", &y), 1);
	assert_int_equal(rules_for(s, "mount", &y), 0);
	assert_int_equal(rules_for(s, "clone", &y), 1);
	assert_int_equal(y->args[0].value, 0x7e020000);
	assert_int_equal(seccomp_profile_decode(str_of(document), &mighty, &a, &s, &e), 0);
	assert_int_equal(rules_for(s, "mount", &y), 1);
	assert_int_equal(rules_for(s, "clone", &y), 0);
}

TEST(profiles_that_contradict_themselves_are_refused)
{
	static const char *const bad[] = {
		"{}",
		"{\"defaultAction\":\"SCMP_ACT_NOPE\"}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\"}]}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"name\":\"a\",\"names\":[\"b\"],\"action\":\"SCMP_ACT_ALLOW\"}]}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86\"],\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86\"}]}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"x\"}}]}",
	};
	struct strs none = { 0 };
	struct seccomp_facts f = facts(&none);

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		scoped_arena struct arena a = { 0 };
		struct oci_seccomp *s;
		struct err e = { 0 };

		assert_int_equal(seccomp_profile_decode(str_of(bad[i]), &f, &a, &s, &e), -EINVAL);
	}
}
