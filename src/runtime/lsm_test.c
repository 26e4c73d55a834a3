/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/lsm.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"
#include "os/test_dir.h"

static struct arena a; /* lives for the test program */

/* A directory like /proc/self/attr, but made of files: what is written there is what is read back. */
static struct test_dir attr_make(const char *current)
{
	struct test_dir d = test_dir_make();

	assert_int_equal(mkdirat(d.fd, "apparmor", 0700), 0);
	assert_int_equal(file_create(d.fd, "apparmor/exec", "", 0, 0600), 0);
	assert_int_equal(file_create(d.fd, "apparmor/current", current, strlen(current), 0600), 0);
	assert_int_equal(file_create(d.fd, "exec", "", 0, 0600), 0);
	assert_int_equal(file_create(d.fd, "keycreate", "", 0, 0600), 0);
	return d;
}

static const char *read_attr(int dir, const char *path)
{
	static char text[256];

	assert_int_equal(file_read_text(dir, path, text, sizeof text), 0);
	return text;
}

TEST(apparmor_profiles_are_found_alone_and_in_stacks)
{
	assert_true(lsm_apparmor_has("docker-default (enforce)", "docker-default"));
	assert_true(lsm_apparmor_has("unconfined", "unconfined"));
	assert_true(lsm_apparmor_has("outer//&inner (mixed)", "inner"));
	assert_true(lsm_apparmor_has("outer//&inner (mixed)", "outer"));
	assert_true(lsm_apparmor_has("a//&b//&c (enforce)", "b"));
	assert_true(lsm_apparmor_has("name with blanks (complain)", "name with blanks"));
	assert_false(lsm_apparmor_has("outer//&inner (mixed)", "inne"));
	assert_false(lsm_apparmor_has("unconfined_foo", "unconfined"));
	assert_false(lsm_apparmor_has("docker-default (enforce)", "docker"));
	assert_false(lsm_apparmor_has("", "x"));
	assert_false(lsm_apparmor_has("(enforce)", "enforce"));
}

TEST(apparmor_execs_a_profile_and_stacks_it_on_what_confines_already)
{
	static const struct {
		const char *current;
		bool no_new_privileges;
		const char *wanted;
	} rows[] = {
		{ "unconfined\n", false, "exec box" },
		{ "unconfined\n", true, "exec box" },
		{ "outer (enforce)\n", false, "exec box" },
		{ "outer (enforce)\n", true, "stack box" },
		{ "", true, "stack box" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_test_dir struct test_dir d = attr_make(rows[i].current);
		const struct oci_process p = { .apparmor_profile = "box", .no_new_privileges = rows[i].no_new_privileges };
		struct lsm_labels l = LSM_LABELS_NONE;
		struct err e = { 0 };

		assert_int_equal(lsm_prepare(d.fd, &p, &a, &l, &e), 0);
		/* A file gives back "exec box", where the kernel says "box (enforce)": it did not arrive. */
		assert_int_equal(lsm_apply(&l, &e), -EPERM);
		assert_non_null(strstr(e.msg, "instead of 'box'"));
		assert_string_equal(read_attr(d.fd, "apparmor/exec"), rows[i].wanted);
		assert_true(l.apparmor.fd < 0);
	}
}

TEST(apparmor_uses_the_shared_file_of_older_kernels)
{
	scoped_test_dir struct test_dir d = attr_make("unconfined");
	const struct oci_process p = { .apparmor_profile = "box" };
	struct lsm_labels l = LSM_LABELS_NONE;
	struct err e = { 0 };

	assert_int_equal(unlinkat(d.fd, "apparmor/exec", 0), 0);
	assert_int_equal(lsm_prepare(d.fd, &p, &a, &l, &e), 0);
	lsm_apply(&l, &e);
	assert_string_equal(read_attr(d.fd, "exec"), "exec box");
}

TEST(selinux_labels_are_written_and_read_back)
{
	scoped_test_dir struct test_dir d = attr_make("unconfined");
	const struct oci_process p = { .selinux_label = "system_u:system_r:container_t:s0:c1,c2" };
	struct lsm_labels l = LSM_LABELS_NONE;
	struct err e = { 0 };

	assert_true(lsm_wants(&p));
	assert_int_equal(lsm_prepare(d.fd, &p, &a, &l, &e), 0);
	assert_int_equal(lsm_apply(&l, &e), 0);
	assert_string_equal(read_attr(d.fd, "exec"), p.selinux_label);
	assert_string_equal(read_attr(d.fd, "apparmor/exec"), "");
}

TEST(selinux_labels_do_not_follow_links_out_of_the_directory)
{
	scoped_test_dir struct test_dir d = attr_make("unconfined"), other = attr_make("unconfined");
	const struct oci_process p = { .selinux_label = "x" };
	struct lsm_labels l = LSM_LABELS_NONE;
	struct err e = { 0 };
	char path[128];

	snprintf(path, sizeof path, "%s/exec", other.path);
	assert_int_equal(unlinkat(d.fd, "exec", 0), 0);
	assert_int_equal(symlinkat(path, d.fd, "exec"), 0);
	assert_true(lsm_prepare(d.fd, &p, &a, &l, &e) < 0);
	assert_string_equal(read_attr(other.fd, "exec"), "");
}

TEST(lsm_labels_keys_where_the_kernel_can)
{
	scoped_test_dir struct test_dir d = attr_make("unconfined");
	struct err e = { 0 };

	assert_int_equal(lsm_label_keys(d.fd, "u:r:t:s0", &e), 0);
	assert_string_equal(read_attr(d.fd, "keycreate"), "u:r:t:s0");
	assert_int_equal(lsm_label_keys(d.fd, NULL, &e), 0);
	assert_int_equal(unlinkat(d.fd, "keycreate", 0), 0);
	assert_int_equal(lsm_label_keys(d.fd, "u:r:t:s0", &e), 0);
}

TEST(lsm_labels_new_file_systems_by_option_or_attribute)
{
	const struct lsm_mount none = { 0 }, plain = { .label = "l" }, root = { "l", "rootcontext" };

	assert_null(lsm_mount_option(&none, "tmpfs"));
	assert_string_equal(lsm_mount_option(&plain, "tmpfs"), "context");
	assert_string_equal(lsm_mount_option(&root, "tmpfs"), "rootcontext");
	assert_null(lsm_mount_option(&plain, "proc"));
	assert_null(lsm_mount_option(&root, "sysfs"));
	assert_null(lsm_mount_option(&plain, "mqueue"));
	assert_true(lsm_mount_by_xattr("mqueue") && !lsm_mount_by_xattr("tmpfs"));
	assert_true(lsm_is_context_type(NULL) && lsm_is_context_type("defcontext") && !lsm_is_context_type("contexts"));
}
