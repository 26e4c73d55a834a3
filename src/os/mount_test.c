/* SPDX-License-Identifier: Apache-2.0 */
#include "os/mount.h"
#include "base/test.h"

#include <errno.h>
#include <string.h>

TEST(mount_parse_infos_reads_every_field_and_unescapes)
{
	scoped_arena struct arena a = { 0 };
	struct mount_infos l;
	char text[] = "36 35 98:0 /mnt1 /mnt/with\\040blank rw,noatime shared:7 master:1 - ext3 /dev/root rw,errors=continue\n"
		      "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
		      "40 27 0:30 / /mnt rw unbindable - tmpfs  rw,size=1k\n";

	assert_int_equal(mount_parse_infos(text, &a, &l), 0);
	assert_int_equal(l.n, 3);
	assert_string_equal(l.v[0].target, "/mnt/with blank");
	assert_string_equal(l.v[0].root, "/mnt1");
	assert_string_equal(l.v[0].options, "rw,noatime");
	assert_string_equal(l.v[0].type, "ext3");
	assert_string_equal(l.v[0].source, "/dev/root");
	assert_string_equal(l.v[0].super, "rw,errors=continue");
	assert_int_equal(l.v[0].shared, 7);
	assert_int_equal(l.v[0].master, 1);
	assert_int_equal(l.v[0].major, 98);
	assert_int_equal(l.v[1].parent, 1);
	assert_true(l.v[2].unbindable);
	assert_string_equal(l.v[2].super, "rw,size=1k");
	assert_ptr_equal(mount_infos_find(&l, "/mnt/with blank/x"), &l.v[0]);
	assert_ptr_equal(mount_infos_find(&l, "/mnt/with"), &l.v[2]);
	assert_ptr_equal(mount_infos_find(&l, "/mntx"), &l.v[1]);
}

TEST(mount_parse_infos_refuses_what_is_no_mountinfo)
{
	scoped_arena struct arena a = { 0 };
	struct mount_infos l;
	char cut[] = "36 35 98:0 /mnt1 /mnt2 rw", words[] = "hello\n";

	assert_int_equal(mount_parse_infos(cut, &a, &l), -EBADMSG);
	assert_int_equal(mount_parse_infos(words, &a, &l), -EBADMSG);
	assert_int_equal(mount_read_infos(&a, &l), 0);
	assert_non_null(mount_infos_find(&l, "/proc/self"));
	assert_string_equal(mount_infos_find(&l, "/proc/self")->type, "proc");
}
