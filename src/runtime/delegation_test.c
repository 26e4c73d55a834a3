/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "runtime/delegation.h"

#include <sched.h>

#include "base/scope.h"

/* Who owns the cgroup of a container with this mount, these options, this user; -1: root of the host. */
static int64_t owner(const char *type, const char *option, uint32_t uid, bool userns, bool cgroupns)
{
	struct ns_id_map map[] = { { 0, 100000, 1000 }, { 1000, 5000, 1 } };
	struct oci_mount mount = { .destination = "/sys/fs/cgroup", .type = type, .options = { &option, option ? 1 : 0 } };
	struct oci_process process = { .user = { .uid = uid } };
	struct oci_config c = { .mounts = &mount, .n_mounts = 1, .process = &process };
	struct launch_plan p = { .userns = userns, .uid_map = map, .n_uid_map = userns ? 2 : 0, .init_unshare = cgroupns ? CLONE_NEWCGROUP : 0 };
	uint32_t found;

	return delegation_owner(&c, &p, &found) ? (int64_t)found : -1;
}

TEST(a_container_owns_a_cgroup_it_can_write_to)
{
	assert_int_equal(owner("cgroup", "rw", 0, true, true), 100000);
	assert_int_equal(owner("cgroup2", NULL, 1000, true, true), 5000);
	assert_int_equal(owner("cgroup", "rw", 7, false, true), 7);
	assert_int_equal(owner("cgroup", "rw", 0, false, true), -1);    /* root owns it anyway */
	assert_int_equal(owner("cgroup", "ro", 0, true, true), -1);
	assert_int_equal(owner("bind", "rw", 0, true, true), -1);
	assert_int_equal(owner("cgroup", "rw", 0, true, false), -1);    /* the whole tree is in sight */
	assert_int_equal(owner("cgroup", "rw", 2000, true, true), -1);  /* an id that is nobody's */
}

TEST(a_delegated_level_is_a_name_below)
{
	static const struct {
		const char *value;
		enum cgroup_mode mode;
		enum err_kind kind;
	} rows[] = {
		{ "payload", CGROUP_V2, ERR_NONE }, { "a/b", CGROUP_V2, ERR_NONE }, { "payload", CGROUP_HYBRID, ERR_UNSUPPORTED },
		{ "payload", CGROUP_V1, ERR_UNSUPPORTED }, { "..", CGROUP_V2, ERR_INVALID }, { "a/../..", CGROUP_V2, ERR_INVALID },
		{ "/a", CGROUP_V2, ERR_INVALID }, { "", CGROUP_V2, ERR_INVALID }, { "a/", CGROUP_V2, ERR_INVALID },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pair pair = { DELEGATION_ANNOTATION, rows[i].value };
		struct oci_config c = { .annotations = { &pair, 1 } };
		struct err e = { 0 };
		const char *name;

		assert_true((delegation_name(&c, rows[i].mode, &name, &e) == 0) == (rows[i].kind == ERR_NONE));
		assert_int_equal(e.kind, rows[i].kind);
	}
}
