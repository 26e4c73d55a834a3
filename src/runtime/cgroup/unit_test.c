/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "runtime/cgroup/unit.h"

#include <string.h>

#include "codec/dbus.h"
#include "runtime/cgroup/fake_hosts.h"

static struct unit_plan *plan(struct arena *a, enum cgroup_mode mode, const struct cgroup_request *q, struct err *e)
{
	struct unit_plan *p = NULL;

	return unit_plan_make(q, fake_host(a, mode), a, &p, e) == 0 ? p : NULL;
}

static const struct unit_property *find(const struct unit_plan *p, const char *name)
{
	VEC_EACH(const struct unit_property, x, &p->properties)
		if (streq(x->name, name))
			return x;
	return NULL;
}

TEST(a_path_of_three_words_names_slice_and_scope)
{
	static const struct {
		const char *path;
		bool user;
		const char *name, *slice, *where;
	} rows[] = {
		{ "machine.slice:docker:0af3", false, "docker-0af3.scope", "machine.slice", "machine.slice/docker-0af3.scope" },
		{ NULL, false, "tare-web.scope", "system.slice", "system.slice/tare-web.scope" },
		{ "", false, "tare-web.scope", "system.slice", "system.slice/tare-web.scope" },
		{ ":cri:x", false, "cri-x.scope", "system.slice", "system.slice/cri-x.scope" },
		{ "a-b-c.slice::x", false, "x.scope", "a-b-c.slice", "a.slice/a-b.slice/a-b-c.slice/x.scope" },
		{ "-:p:x", false, "p-x.scope", "-.slice", "p-x.scope" },
		{ "-.slice:p:x", false, "p-x.scope", "-.slice", "p-x.scope" },
		{ "a.slice:p:a-x.slice", false, "a-x.slice", "a.slice", "a.slice/a-x.slice" },
		{ ":libpod:x", true, "libpod-x.scope", "user.slice", "user.slice/user-1000.slice/user@1000.service/user.slice/libpod-x.scope" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_arena struct arena a = { 0 };
		struct cgroup_request q = { .id = "web", .cgroups_path = rows[i].path, .systemd = true, .rootless = rows[i].user, .uid = 1000 };
		struct err e = { 0 };
		struct unit_plan *p = plan(&a, CGROUP_V2, &q, &e);

		if (!p)
			fail_msg("'%s': %s", rows[i].path, e.msg);
		assert_string_equal(p->name, rows[i].name);
		assert_string_equal(p->slice, rows[i].slice);
		assert_string_equal(p->path, rows[i].where);
		assert_int_equal(p->user, rows[i].user);
		assert_int_equal(p->is_slice, str_ends(rows[i].name, ".slice"));
	}
}

TEST(paths_that_name_no_unit_are_refused)
{
	static const char *const rows[] = {
		"/a/b", "a:b", "a.slice:b", "a.slice:b:c:d", "a:b:c", "a.slice:b:", "a.slice/b.slice:c:d", "--a.slice:b:c", "a--b.slice:b:c", "a-.slice:b:c",
		".slice:b:c", "a.slice:b:c/d", "a.slice:b:c d", "a.slice:..:/x",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_arena struct arena a = { 0 };
		struct cgroup_request q = { .id = "web", .cgroups_path = rows[i], .systemd = true };
		struct err e = { 0 };

		if (plan(&a, CGROUP_V2, &q, &e))
			fail_msg("'%s' is taken", rows[i]);
		assert_int_equal(e.kind, ERR_INVALID);
	}
}

TEST(a_user_inside_his_own_systemd_finds_it)
{
	scoped_arena struct arena a = { 0 };
	struct cgroup_host *h = fake_host(&a, CGROUP_V2);
	struct cgroup_request q = { .id = "web", .cgroups_path = ":p:x", .systemd = true, .rootless = true };
	struct unit_plan *p;
	struct err e = { 0 };

	cgroup_own_parse("0::/user.slice/user-7.slice/user@7.service/app.slice/term.scope\n", &a, &h->own);
	assert_int_equal(unit_plan_make(&q, h, &a, &p, &e), 0);
	assert_string_equal(p->path, "user.slice/user-7.slice/user@7.service/user.slice/p-x.scope");
}

TEST(below_a_scope_of_v2_there_is_one_level_more)
{
	static const struct {
		enum cgroup_mode mode;
		const char *annotation, *wanted;
	} rows[] = {
		{ CGROUP_V2, NULL, "container" }, { CGROUP_V2, "", "" }, { CGROUP_V2, "x", "x" }, { CGROUP_V1, NULL, "" }, { CGROUP_HYBRID, "x", "x" },
		{ CGROUP_V2, "..", NULL }, { CGROUP_V2, "a/b", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_arena struct arena a = { 0 };
		struct pair pair = { "run.oci.systemd.subgroup", rows[i].annotation };
		struct pairs annotations = { &pair, rows[i].annotation ? 1 : 0 };
		struct cgroup_request q = { .id = "web", .systemd = true, .annotations = &annotations };
		struct err e = { 0 };
		struct unit_plan *p = plan(&a, rows[i].mode, &q, &e);

		assert_true((p == NULL) == (rows[i].wanted == NULL));
		if (p)
			assert_string_equal(p->subgroup, rows[i].wanted);
	}
}

TEST(limits_become_properties)
{
	scoped_arena struct arena a = { 0 };
	struct oci_memory memory = { .limit = { true, 1 << 20 }, .reservation = { true, 1 << 19 }, .swap = { true, -1 } };
	struct oci_cpu cpu = { .shares = { true, 1024 }, .quota = { true, 25000 }, .period = { true, 50000 }, .cpus = "0-1" };
	struct oci_pids pids = { .limit = { true, 20 } };
	struct pair high = { "memory.high", "900000" };
	struct oci_resources r = { .memory = &memory, .cpu = &cpu, .pids = &pids, .unified = { &high, 1 } };
	struct cgroup_request q = { .id = "web", .systemd = true, .resources = &r };
	struct err e = { 0 };
	struct unit_plan *p = plan(&a, CGROUP_V2, &q, &e);
	static const struct {
		const char *name;
		uint64_t wanted;
	} rows[] = {
		{ "MemoryMax", 1 << 20 }, { "MemoryLow", 1 << 19 }, { "MemorySwapMax", UINT64_MAX }, { "MemoryHigh", 900000 }, { "CPUWeight", 100 },
		{ "CPUQuotaPerSecUSec", 500000 }, { "CPUQuotaPeriodUSec", 50000 }, { "TasksMax", 20 }, { "Delegate", true }, { "DefaultDependencies", false },
	};

	assert_non_null(p);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct unit_property *x = find(p, rows[i].name);

		if (!x)
			fail_msg("no %s", rows[i].name);
		assert_int_equal(x->u, rows[i].wanted);
	}
	assert_string_equal(find(p, "AllowedCPUs")->s, "0-1");
	assert_null(find(p, "AllowedMemoryNodes"));
	assert_null(find(p, "BlockIOAccounting"));
}

TEST(on_v1_limits_have_their_old_names)
{
	scoped_arena struct arena a = { 0 };
	struct oci_memory memory = { .limit = { true, 1 << 20 } };
	struct oci_cpu cpu = { .shares = { true, 512 }, .quota = { true, 12345 } };
	struct oci_pids pids = { .limit = { true, 1 } };
	struct oci_resources r = { .memory = &memory, .cpu = &cpu, .pids = &pids };
	struct cgroup_request q = { .id = "web", .systemd = true, .resources = &r };
	struct err e = { 0 };
	struct unit_plan *p = plan(&a, CGROUP_V1, &q, &e);

	assert_non_null(p);
	assert_int_equal(find(p, "MemoryLimit")->u, 1 << 20);
	assert_int_equal(find(p, "CPUShares")->u, 512);
	assert_int_equal(find(p, "CPUQuotaPerSecUSec")->u, 130000); /* 123450, in whole hundredths of a second */
	assert_null(find(p, "TasksMax")); /* the holder is one more */
	assert_non_null(find(p, "BlockIOAccounting"));
}

TEST(annotations_become_properties_and_win)
{
	scoped_arena struct arena a = { 0 };
	struct pair pairs[] = {
		{ "org.systemd.property.TimeoutStopSec", "5" }, { "org.systemd.property.CollectMode", "'inactive'" },
		{ "org.systemd.property.After", "['a.service']" }, { "org.other", "x" },
	};
	struct pairs annotations = { pairs, ARRAY_LEN(pairs) };
	struct cgroup_request q = { .id = "web", .systemd = true, .annotations = &annotations };
	struct err e = { 0 };
	struct unit_plan *p = plan(&a, CGROUP_V2, &q, &e);

	assert_non_null(p);
	assert_int_equal(find(p, "TimeoutStopUSec")->kind, UNIT_SECONDS);
	assert_null(find(p, "TimeoutStopSec"));
	assert_string_equal(find(p, "CollectMode")->s, "'inactive'");
	assert_int_equal(find(p, "After")->kind, UNIT_TEXT);
	for (size_t i = 0; i < 4; i++) {
		static const struct pair bad[] = {
			{ "org.systemd.property.After", "[" }, { "org.systemd.property.A b", "1" }, { "org.systemd.property.", "1" },
			{ "org.systemd.property.TimeoutStopSec", "'5'" },
		};

		pairs[0] = bad[i];
		assert_null(plan(&a, CGROUP_V2, &q, &e));
		assert_int_equal(e.kind, ERR_INVALID);
	}
}

TEST(properties_and_device_rules_are_well_formed_bytes)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(65536);
	struct oci_device_rule rules[] = {
		{ .allow = false }, { .allow = true, .type = "c", .major = { true, 10 }, .minor = { true, 229 }, .access = "rw" },
		{ .allow = true, .type = "b", .major = { true, 8 }, .access = "r" }, { .allow = true, .type = "c", .major = { true, 99 } },
	};
	struct oci_cpu cpu = { .cpus = "1,9" };
	struct oci_resources r = { .devices = rules, .n_devices = ARRAY_LEN(rules), .cpu = &cpu };
	struct cgroup_request q = { .id = "web", .systemd = true, .resources = &r };
	struct err e = { 0 };
	struct unit_plan *p = plan(&a, CGROUP_V2, &q, &e);
	struct dbus_reader reader;
	static const char *const in[] = { "/dev/char/10:229", "block-sd", "char-pts", "char-*", "/dev/char/1:3" };

	assert_non_null(p);
	assert_int_equal(unit_put_properties(&p->properties, &p->devices, "Character devices:\n  1 mem\n136 pts\n  8 no\n\nBlock devices:\n  8 sd\n", &b, &e), 0);
	reader = (struct dbus_reader){ .p = (const uint8_t *)b.p, .n = b.n };
	assert_string_equal(dbus_skip(&reader, "a(sv)"), "");
	assert_int_equal(reader.at, reader.n);
	for (size_t i = 0; i < ARRAY_LEN(in); i++)
		assert_non_null(memmem(b.p, b.n, in[i], strlen(in[i])));
	assert_null(memmem(b.p, b.n, "char-no", 7));
	assert_null(memmem(b.p, b.n, "/dev/char/99", 12));
	/* 1 and 9 are bit 1 of the first byte and bit 1 of the second. */
	assert_non_null(memmem(b.p, b.n, "ay\0\2\0\0\0\2\2", 9));
}
