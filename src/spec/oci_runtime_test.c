/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/oci_runtime.h"

#include <errno.h>
#include <stdio.h>

#include "base/test.h"

#define HEAD "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},"

static int decode(const char *text, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct oci_config *c;

	*e = (struct err){ 0 };
	return oci_config_decode(str_of(text), &a, &c, e);
}

TEST(oci_tables_obey_the_laws)
{
	const struct schema *all[] = { &oci_config_schema, &oci_process_schema, &oci_linux_schema, &oci_resources_schema,
		&oci_seccomp_schema, &oci_state_schema, &oci_process_state_schema };
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		assert_int_equal(schema_check(all[i], &e), 0);
	assert_true(enumtab_check(&oci_ns_words));
	assert_true(enumtab_check(&oci_seccomp_action_words));
	assert_true(enumtab_check(&oci_seccomp_op_words));
}

TEST(oci_config_needs_a_root_and_ignores_unknown_keys)
{
	struct err e;

	assert_int_equal(decode(HEAD "\"nonsense\":5,\"process\":null}", &e), 0);
	assert_int_equal(decode(HEAD "\"solaris\":{\"x\":1},\"vm\":{},\"windows\":{},\"zos\":{},\"freebsd\":{}}", &e), 0);
	assert_int_equal(decode(HEAD "\"vm\":5}", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "vm: "));
	assert_int_equal(decode("{\"ociVersion\":\"1.0.2\"}", &e), -EINVAL);
	assert_int_equal(decode("{\"ociVersion\":\"2.0.0\",\"root\":{\"path\":\"r\"}}", &e), -EINVAL);
}

TEST(oci_config_names_the_path_of_a_bad_value)
{
	struct err e;

	assert_int_equal(decode(HEAD "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"moon\"}]}}", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "linux.namespaces[1].type"));
	assert_int_equal(decode(HEAD "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]}}", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "stands twice"));
	assert_int_equal(decode(HEAD "\"process\":{\"cwd\":\"x\",\"args\":[\"a\"]}}", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "process.cwd"));
	assert_int_equal(decode(HEAD "\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"uid\":-1}}}", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "process.user.uid"));
	assert_int_equal(decode(HEAD "\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"uid\":4294967296}}}", &e), -EINVAL);
	assert_int_equal(decode(HEAD "\"linux\":{\"devices\":[{\"path\":\"/dev/x\",\"type\":\"z\"}]}}", &e), -EINVAL);
	assert_int_equal(decode(HEAD "\"hooks\":{\"poststop\":[{\"path\":\"x\"}]}}", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "hooks.poststop[0].path"));
}

TEST(oci_config_reads_rdma_limits_by_device)
{
	struct err e;

	assert_int_equal(decode(HEAD "\"linux\":{\"resources\":{\"rdma\":{\"mlx5\":{\"hcaHandles\":3}}}}}", &e), 0);
	assert_int_equal(decode(HEAD "\"linux\":{\"resources\":{\"rdma\":{\"mlx5\":{\"hcaHandles\":-3}}}}}", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "linux.resources.rdma.mlx5.hcaHandles"));
}

TEST(oci_config_absent_capability_sets_are_empty)
{
	scoped_arena struct arena a = { 0 };
	struct oci_config *c;
	struct err e = { 0 };

	assert_int_equal(oci_config_decode(str_of(HEAD "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],\"capabilities\":{\"bounding\":"
		"[\"CAP_KILL\"]}}}"), &a, &c, &e), 0);
	assert_int_equal(c->process->capabilities->bounding.n, 1);
	assert_int_equal(c->process->capabilities->inheritable.n, 0);
	assert_int_equal(c->process->capabilities->ambient.n, 0);
}

TEST(oci_config_survives_a_round_trip)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(65536);
	struct oci_config *c, *d;
	struct err e = { 0 };

	assert_int_equal(oci_config_decode(str_of(HEAD "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\",\"-c\"],\"user\":{\"uid\":7,\"gid\":8,"
		"\"additionalGids\":[1,2]}},\"linux\":{\"resources\":{\"memory\":{\"limit\":-1}},\"sysctl\":{\"a.b\":\"1\"}}}"), &a, &c, &e), 0);
	assert_int_equal(oci_config_encode(c, true, &b), 0);
	assert_int_equal(oci_config_decode(buf_str(&b), &a, &d, &e), 0);
	assert_int_equal(d->process->user.additional_gids.n, 2);
	assert_int_equal(d->linux->resources->memory->limit.v, -1);
	assert_string_equal(pairs_find(&d->linux->sysctl, "a.b"), "1");
}

/* Every row: a fragment of a config, and what the error must name; NULL: it is fine. */
struct verdict {
	const char *json, *wanted;
};

static void judge(const struct verdict *v, size_t n, const char *before, const char *after)
{
	for (size_t i = 0; i < n; i++) {
		char text[2048];
		struct err e;
		int r;

		snprintf(text, sizeof text, HEAD "%s%s%s}", before, v[i].json, after);
		r = decode(text, &e);
		if (r != (v[i].wanted ? -EINVAL : 0) || (v[i].wanted && !strstr(e.msg, v[i].wanted)))
			fail_msg("%s: %d '%s', wanted '%s'", v[i].json, r, e.msg, v[i].wanted ? v[i].wanted : "no error");
	}
}

TEST(oci_process_properties_are_checked_with_their_path)
{
	static const struct verdict rows[] = {
		{ "\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":19,\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\"]}", NULL },
		{ "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1,\"deadline\":2,\"period\":3}", NULL },
		{ "\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":99}", NULL },
		{ "\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":100}", "process.scheduler.priority" },
		{ "\"scheduler\":{}", "process.scheduler.policy" },
		{ "\"scheduler\":{\"policy\":\"SCHED_BEST\"}", "process.scheduler.policy: unknown policy 'SCHED_BEST'" },
		{ "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":20}", "process.scheduler.nice" },
		{ "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"priority\":1}", "process.scheduler.priority" },
		{ "\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":1,\"period\":3}", "process.scheduler" },
		{ "\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"flags\":[\"SCHED_FLAG_RECLAIM\",\"FAST\"]}", "process.scheduler.flags[1]" },
		{ "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\",\"priority\":7}", NULL },
		{ "\"ioPriority\":{\"class\":\"IDLE\",\"priority\":0}", "process.ioPriority.class" },
		{ "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}", "process.ioPriority.priority" },
		{ "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":-1}", "process.ioPriority.priority" },
		{ "\"execCPUAffinity\":{\"initial\":\"0-3,7\",\"final\":\"1024-2000\"}", NULL },
		{ "\"execCPUAffinity\":{\"initial\":\"\"}", NULL },
		{ "\"execCPUAffinity\":{\"initial\":\"3-0\"}", "process.execCPUAffinity.initial" },
		{ "\"execCPUAffinity\":{\"final\":\",\"}", "process.execCPUAffinity.final" },
		{ "\"execCPUAffinity\":{\"final\":\"all\"}", "process.execCPUAffinity.final" },
		{ "\"capabilities\":{\"bounding\":[\"CAP_OF_TOMORROW\"]}", NULL },
		{ "\"capabilities\":{\"ambient\":[\"CAP_KILL\",\"CAP KILL\"]}", "process.capabilities.ambient[1]" },
		{ "\"capabilities\":{\"bounding\":[\"\"]}", "process.capabilities.bounding[0]" },
		{ "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1,\"hard\":1}]", NULL },
		{ "\"rlimits\":[{\"type\":\"nofile\",\"soft\":1,\"hard\":1}]", "process.rlimits[0].type" },
		{ "\"rlimits\":[{\"type\":\"RLIMIT_MOON\",\"soft\":1,\"hard\":1}]", "process.rlimits[0].type" },
		{ "\"rlimits\":[{\"type\":\"RLIMIT_CPU\"},{\"type\":\"RLIMIT_CPU\"}]", "process.rlimits[1].type" },
		{ "\"user\":{\"additionalGids\":[0,4294967295]}", "process.user.additionalGids[1]" },
		{ "\"user\":{\"umask\":512}", "process.user.umask" },
	};

	judge(rows, ARRAY_LEN(rows), "\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],", "}");
}

TEST(oci_linux_properties_are_checked_with_their_path)
{
	static const struct verdict rows[] = {
		{ "\"personality\":{\"domain\":\"LINUX32\"}", NULL },
		{ "\"personality\":{\"domain\":\"MULTICS\"}", "linux.personality.domain" },
		{ "\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"X\"]}", "linux.personality.flags[0]" },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_INTERLEAVE\",\"nodes\":\"2-3\",\"flags\":[\"MPOL_F_STATIC_NODES\"]}", NULL },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_DEFAULT\",\"nodes\":\"\"}", NULL },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\"}", NULL },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_PREFERRED\"}", NULL },
		{ "\"timeOffsets\":{\"monotonic\":{\"secs\":-5},\"boottime\":{\"nanosecs\":999999999}}", NULL },
		{ "\"timeOffsets\":{\"realtime\":{\"secs\":1}}", "linux.timeOffsets: 'realtime'" },
		{ "\"timeOffsets\":{\"boottime\":{\"nanosecs\":1000000000}}", "linux.timeOffsets.boottime.nanosecs" },
		{ "\"rootfsPropagation\":\"runbindable\"", NULL },
		{ "\"rootfsPropagation\":\"\"", NULL },
		{ "\"rootfsPropagation\":\"rrshared\"", "linux.rootfsPropagation" },
		{ "\"rootfsPropagation\":\"r\"", "linux.rootfsPropagation" },
		{ "\"memoryPolicy\":{}", "linux.memoryPolicy.mode" },
		{ "\"intelRdt\":{\"closID\":\"/\",\"enableMonitoring\":true,\"schemata\":[\"L2:0=f\"]}", NULL },
		{ "\"intelRdt\":{\"l3CacheSchema\":\"L3:0=f\",\"memBwSchema\":\"MB:0=20\",\"enableCMT\":true}", NULL },
		{ "\"intelRdt\":{\"closID\":\"a/b\"}", "linux.intelRdt.closID" },
		{ "\"intelRdt\":{\"closID\":\"..\"}", "linux.intelRdt.closID" },
		{ "\"intelRdt\":{\"closID\":\"info\"}", "linux.intelRdt.closID" },
		{ "\"intelRdt\":{\"memBwSchema\":\"L3:0=f\"}", "linux.intelRdt.memBwSchema" },
		{ "\"intelRdt\":{\"l3CacheSchema\":\"L3:0=f\\nMB:0=1\"}", "linux.intelRdt.l3CacheSchema" },
		{ "\"intelRdt\":{\"schemata\":[\"L3:0=f\",\"\"]}", "linux.intelRdt.schemata[1]" },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_ANY\"}", "linux.memoryPolicy.mode: unknown mode 'MPOL_ANY'" },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\",\"nodes\":\"0\"}", "linux.memoryPolicy.nodes" },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"\"}", "linux.memoryPolicy.nodes" },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"x\"}", "linux.memoryPolicy.nodes" },
		{ "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_\"]}", "linux.memoryPolicy.flags[0]" },
	};

	judge(rows, ARRAY_LEN(rows), "\"linux\":{", "}");
}

TEST(oci_net_devices_need_names_and_a_namespace)
{
	static const struct verdict rows[] = {
		{ "\"eth0\":{}", NULL },
		{ "\"eth0\":{\"name\":\"\"}", NULL },
		{ "\"eth0\":{\"name\":\"lan%d\"},\"eth1\":{\"name\":\"lan%d\"}", NULL },
		{ "\"eth0\":{\"name\":\"lan%s\"}", "linux.netDevices['eth0'].name" },
		{ "\"eth0\":{\"name\":\"a/b\"}", "linux.netDevices['eth0'].name" },
		{ "\"eth0\":{\"name\":5}", "linux.netDevices" },
		{ "\"\":{}", "linux.netDevices" },
		{ "\"eth%d\":{}", "linux.netDevices: 'eth%d'" },
	}, alone[] = { { "\"eth0\":{}", "linux.netDevices: there is no network namespace" } };

	judge(rows, ARRAY_LEN(rows), "\"linux\":{\"namespaces\":[{\"type\":\"network\"}],\"netDevices\":{", "}}");
	judge(alone, 1, "\"linux\":{\"netDevices\":{", "}}");
}

TEST(oci_names_need_a_namespace_and_a_length)
{
	static const struct verdict rows[] = {
		{ "\"hostname\":\"h\",\"domainname\":\"d\"", NULL },
		{ "\"hostname\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "hostname: longer" },
		{ "\"annotations\":{\"\":\"x\"}", "annotations: " },
		{ "\"annotations\":{\"a\":5}", "annotations" },
	}, alone[] = { { "\"hostname\":\"h\"", "hostname: cannot" }, { "\"domainname\":\"d\"", "domainname: cannot" } };

	judge(rows, ARRAY_LEN(rows), "\"linux\":{\"namespaces\":[{\"type\":\"uts\"}]},", "");
	judge(alone, ARRAY_LEN(alone), "\"linux\":{},", "");
	judge(alone, ARRAY_LEN(alone), "", "");
}

TEST(oci_versions_are_semantic_ones_of_1)
{
	static const char *const good[] = { "1.0.0", "1.3.0", "1.9.12", "1.0.2-dev", "1.1.0-rc.1", "1.2.0+dirty", "1.2.0-rc.1+x-y.z" };
	static const char *const bad[] = { "", "1", "1.0", "1.0.0.0", "1.00.0", "v1.0.0", "1.0.0-", "1.0.0+", "1.0.0 ", "1.0.x", "2.0.0", "0.2.0", "1.0.0-a_b" };
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(good) + ARRAY_LEN(bad); i++) {
		const char *version = i < ARRAY_LEN(good) ? good[i] : bad[i - ARRAY_LEN(good)];
		char text[128];

		snprintf(text, sizeof text, "{\"ociVersion\":\"%s\",\"root\":{\"path\":\"r\"}}", version);
		if ((decode(text, &e) == 0) != (i < ARRAY_LEN(good)))
			fail_msg("'%s': %s", version, e.msg);
	}
}
