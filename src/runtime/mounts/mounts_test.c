/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "base/test.h"
#include "base/vec.h"
#include "os/mount.h"
#include "runtime/mounts/mounts.h"

static struct arena a; /* lives for the test program */

static int parse(struct mount_options *o, struct err *e, size_t n, const char **words)
{
	const struct strs list = { words, n };

	*e = (struct err){ 0 };
	return mount_options_parse(&list, &a, o, e);
}
#define PARSE(o, e, ...) parse(o, e, ARRAY_LEN(((const char *[]){ __VA_ARGS__ })), (const char *[]){ __VA_ARGS__ })

TEST(mount_options_later_words_win)
{
	struct mount_options o;
	struct err e;

	assert_int_equal(PARSE(&o, &e, "ro", "nosuid", "rw", "noatime", "strictatime", "mode=755", "rbind", "rslave", "rro"), 0);
	assert_true(o.bind && o.rbind && !o.readonly_fs);
	assert_true(o.attrs.clear & MOUNT_ATTR_RDONLY);
	assert_false(o.attrs.set & MOUNT_ATTR_RDONLY);
	assert_true(o.attrs.set & MOUNT_ATTR_NOSUID);
	assert_true((o.attrs.set & MOUNT_ATTR__ATIME) == MOUNT_ATTR_STRICTATIME);
	assert_true(o.recursive.set & MOUNT_ATTR_RDONLY);
	assert_true(o.propagation == MS_SLAVE && o.propagation_recursive);
	assert_string_equal(pairs_find(&o.data, "mode"), "755");
}

TEST(mount_options_take_flags_of_the_file_system_back)
{
	struct mount_options o;
	struct err e;

	assert_int_equal(PARSE(&o, &e, "sync", "lazytime", "rmand", "async", "nolazytime"), 0);
	assert_int_equal(o.data.n, 1);
	assert_string_equal(o.data.v[0].key, "mand");
	assert_int_equal(PARSE(&o, &e, "size=1", "rsync", "rasync", "rdirsync"), 0);
	assert_int_equal(o.data.n, 2);
	assert_string_equal(o.data.v[1].key, "dirsync");
}

static void see(void *arg, const char *word)
{
	struct strs *seen = arg;

	assert_false(strs_has(seen, word));
	strs_push(&a, seen, word);
}

/* runtime-spec 1.3, config.md and config-linux.md; then what crun has beyond. */
TEST(mount_options_know_every_word_of_the_specification_once)
{
	static const char *const wanted =
		"async atime bind defaults dev diratime dirsync exec iversion lazytime loud noatime nodev nodiratime noexec noiversion nolazytime "
		"norelatime nostrictatime nosuid private rbind relatime remount ro rprivate rshared rslave runbindable rw shared silent slave strictatime "
		"suid sync unbindable nosymfollow symfollow ratime rdev rdiratime rexec rnoatime rnodev rnodiratime rnoexec rnorelatime rnostrictatime "
		"rnosuid rnosymfollow rrelatime rro rrw rstrictatime rsuid rsymfollow idmap ridmap mand nomand tmpcopyup "
		"copy-symlink dest-nofollow src-nofollow rsync rasync rdirsync rmand rnomand";
	struct strs seen = { 0 };
	struct str rest = str_of(wanted);
	size_t n = 0;

	mount_options_each(see, &seen);
	for (; rest.p; n++) {
		struct str one = str_cut(rest, ' ', &rest);

		assert_true(strs_has(&seen, arena_strndup(&a, one.p, one.n)));
	}
	assert_int_equal(seen.n, n);
}

TEST(mount_options_read_id_ranges)
{
	struct mount_options o;
	struct err e;

	assert_int_equal(PARSE(&o, &e, "bind", "idmap=uids=0-1-10#10-11-10;gids=@0-100-10"), 0);
	assert_true(o.idmap && !o.ridmap);
	assert_int_equal(o.uids.n, 2);
	assert_int_equal(o.uids.v[1].from, 10);
	assert_int_equal(o.uids.v[1].to, 11);
	assert_int_equal(o.uids.v[1].size, 10);
	assert_true(o.gids.v[0].relative && !o.uids.v[0].relative);
	assert_int_equal(PARSE(&o, &e, "rbind", "ridmap="), 0);
	assert_true(o.ridmap && o.uids.n == 0);
}

TEST(mount_options_refuse_id_ranges_that_make_no_sense)
{
	static const char *const bad[] = { "idmap=x", "idmap=uids=0-0-1", "idmap=uids=0-0-1;gids=", "idmap=uids=0-0-0;gids=0-0-1", "idmap=uids=0-0;gids=0-0-1",
		"idmap=uids=0-0-1-1;gids=0-0-1", "idmap=uids=0-0-1#;gids=0-0-1", "idmap=uids=-1-0-1;gids=0-0-1", "idmap=uids=0-0-4294967296;gids=0-0-1",
		"idmap=uids=4294967295-0-1;gids=0-0-1", "idmap=uids=0-0-1;uids=0-0-1;gids=0-0-1", "idmap=uids=0-0-1;gids=0-0-1;", "idmap=uids= 0-0-1;gids=0-0-1",
		"idmap=uids=0x1-0-1;gids=0-0-1", "idmap=uids=@@0-0-1;gids=0-0-1" };
	struct mount_options o;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(PARSE(&o, &e, "bind", bad[i]), -EINVAL);
}

TEST(mount_options_refuse_words_that_exclude_each_other)
{
	struct mount_options o;
	struct err e;

	assert_int_equal(PARSE(&o, &e, "idmap"), -EINVAL);
	assert_int_equal(PARSE(&o, &e, "bind", "remount", "idmap"), -EINVAL);
	assert_int_equal(PARSE(&o, &e, "bind", "copy-symlink", "src-nofollow"), -EINVAL);
	assert_int_equal(PARSE(&o, &e, "bind", "src-nofollow", "dest-nofollow"), 0);
}

/* ---- whose ids ------------------------------------------------------------------------------------------------------------------------- */

static struct ns_id_map container_ids[] = { { 0, 100000, 10 }, { 10, 200000, 90 } };

static int map(const struct oci_mount *m, const struct launch_plan *p, const char *word, struct mount_idmap *ret, struct err *e)
{
	struct mount_options o;

	assert_int_equal(PARSE(&o, e, "bind", word), 0);
	return mount_idmap_plan(m, &o, p, &a, ret, e);
}

TEST(idmap_without_mappings_is_the_containers)
{
	struct launch_plan p = { .map_ids = true, .uid_map = container_ids, .n_uid_map = 2, .gid_map = container_ids, .n_gid_map = 1 };
	struct oci_mount m = { .destination = "/x" };
	struct mount_idmap map1;
	struct err e;

	assert_int_equal(map(&m, &p, "idmap", &map1, &e), 0);
	assert_true(map1.wanted && !map1.recursive && map1.maps.uids == container_ids && map1.maps.n_gids == 1);
	p = (struct launch_plan){ .stage_joins = { { { NS_USER, "/u" } }, 1 } };
	assert_int_equal(map(&m, &p, "ridmap", &map1, &e), 0);
	assert_true(map1.recursive);
	assert_string_equal(map1.userns, "/u");
	p = (struct launch_plan){ 0 };
	assert_int_equal(map(&m, &p, "idmap", &map1, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "there are no mappings"));
}

TEST(idmap_mappings_of_the_mount_need_no_word_and_no_user_namespace)
{
	struct oci_id_mapping ids = { 0, 5000, 100 };
	struct oci_mount m = { .destination = "/x", .uid_mappings = &ids, .n_uid_mappings = 1, .gid_mappings = &ids, .n_gid_mappings = 1 };
	struct launch_plan p = { 0 };
	struct mount_options o = { .bind = true };
	struct mount_idmap map1;
	struct err e = { 0 };

	assert_int_equal(mount_idmap_plan(&m, &o, &p, &a, &map1, &e), 0);
	assert_true(map1.wanted && map1.maps.uids[0].inside == 0 && map1.maps.uids[0].outside == 5000);
	o.bind = false;
	assert_int_equal(mount_idmap_plan(&m, &o, &p, &a, &map1, &e), -EINVAL);
}

/* The second range starts in the container's first row and ends in its second. */
TEST(idmap_relative_ranges_are_the_containers_ids_and_cross_its_rows)
{
	struct launch_plan p = { .map_ids = true, .uid_map = container_ids, .n_uid_map = 2, .gid_map = container_ids, .n_gid_map = 2 };
	struct oci_mount m = { .destination = "/x" };
	struct mount_idmap map1;
	struct err e;

	assert_int_equal(map(&m, &p, "idmap=uids=@1000-3-2#@2000-8-4;gids=0-77-1", &map1, &e), 0);
	assert_int_equal(map1.maps.n_uids, 3);
	assert_int_equal(map1.maps.uids[0].outside, 100003);
	assert_true(map1.maps.uids[1].inside == 2000 && map1.maps.uids[1].outside == 100008 && map1.maps.uids[1].size == 2);
	assert_true(map1.maps.uids[2].inside == 2002 && map1.maps.uids[2].outside == 200000 && map1.maps.uids[2].size == 2);
	assert_int_equal(map1.maps.gids[0].outside, 77);
	assert_int_equal(map(&m, &p, "idmap=uids=@0-95-10;gids=0-0-1", &map1, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "no id 100"));
}

TEST(mount_jobs_take_relative_destinations_and_name_the_kernel_for_nosymfollow)
{
	const char *words[] = { "bind", "nosymfollow" };
	struct oci_mount m = { .destination = "a/b", .source = "/s", .options = { words, 2 } };
	struct host_facts new = { .kernel = FACTS_KERNEL(5, 14) }, old = { .kernel = FACTS_KERNEL(5, 13) };
	struct launch_plan p = { 0 };
	struct mount_job job;
	struct err e = { 0 };

	assert_int_equal(mount_job_make(&m, &p, &new, &a, &job, &e), 0);
	assert_string_equal(job.destination, "/a/b");
	assert_int_equal(mount_job_make(&m, &p, &old, &a, &job, &e), -ENOTSUP);
	assert_non_null(strstr(e.msg, "5.14"));
}
