/* SPDX-License-Identifier: Apache-2.0 */
#include "os/ns.h"
#include "os/fd.h"
#include "os/procfs.h"
#include "base/test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

TEST(ns_table_names_are_those_of_the_specification)
{
	assert_int_equal(ns_find("network"), NS_NET);
	assert_int_equal(ns_find("mount"), NS_MOUNT);
	assert_int_equal(ns_find("net"), -EINVAL);
	for (int i = 0; i < NS_COUNT; i++)
		assert_int_equal(ns_find(ns_table[i].name), i);
}

TEST(ns_open_gives_our_own_through_either_handle)
{
	scoped_fd int proc = procfs_open();
	scoped_fd int a = ns_open(AT_FDCWD, getpid(), NS_UTS);
	scoped_fd int b = ns_open(proc, getpid(), NS_UTS);

	assert_true(a >= 0 && b >= 0);
	assert_int_equal(ns_is_own(a, NS_UTS), 1);
	assert_int_equal(ns_is_own(b, NS_UTS), 1);
	assert_int_equal(ns_is_own(b, NS_NET), 0);
	assert_int_equal(ns_open_path("/proc/self/ns/uts", NS_NET), -EINVAL);
	assert_int_equal(ns_open_path("/dev/null", NS_NET), -EINVAL);
	assert_int_equal(ns_open(AT_FDCWD, 0, NS_NET), -ESRCH);
}

TEST(procfs_reads_values_and_follows_no_magic_link)
{
	scoped_fd int proc = procfs_open();
	char text[64], small[2];

	assert_true(proc >= 0);
	assert_int_equal(procfs_read(proc, "sys/kernel/ostype", text, sizeof text), 0);
	assert_string_equal(text, "Linux");
	assert_int_equal(procfs_read(proc, "sys/kernel/ostype", small, sizeof small), -E2BIG);
	assert_int_equal(procfs_open_at(proc, "self/exe", O_RDONLY), -ELOOP);
	assert_int_equal(procfs_open_at(proc, "self/root/etc/passwd", O_RDONLY), -ELOOP);
	assert_int_equal(procfs_open_at(proc, "../etc/passwd", O_RDONLY), -EXDEV);
}
