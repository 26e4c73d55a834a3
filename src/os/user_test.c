/* SPDX-License-Identifier: Apache-2.0 */
#include "os/user.h"
#include "os/memfd.h"
#include "os/fd.h"
#include "base/limits.h"
#include "base/test.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char passwd[] = "root:x:0:0:root:/root:/bin/ash\n"
			     "# comment\n"
			     "0:x:777:777::/evil:\n"
			     "broken:x:abc:5::/:\n"
			     "short:x:5\n"
			     "www:x:33:34:web:/var/www:/usr/sbin/nologin\n"
			     "www:x:99:99::/second:\n"
			     "huge:x:4294967295:1::/:\n";
static const char group[] = "root:x:0:root\nwheel:x:10:root,www\nweb:x:34:www\nvideo:x:44:nobody,www\nbad:x:zz:www\n";

struct files {
	int passwd, group;
};

static void files_done(struct files *f)
{
	fd_done(&f->passwd);
	fd_done(&f->group);
}

static struct files files_make(void)
{
	return (struct files){ memfd_from_bytes("p", passwd, strlen(passwd)), memfd_from_bytes("g", group, strlen(group)) };
}

TEST(user_resolve_finds_names_ids_and_memberships)
{
	SCOPED(files_done) struct files f = files_make();
	scoped_arena struct arena a = { 0 };
	struct user u;

	assert_int_equal(user_resolve(f.passwd, f.group, "www", &a, &u), 0);
	assert_int_equal(u.uid, 33);
	assert_int_equal(u.gid, 34);
	assert_string_equal(u.home, "/var/www");
	assert_int_equal(u.n_groups, 3);
	assert_int_equal(u.groups[0], 10);
	assert_int_equal(u.groups[2], 44);
	assert_int_equal(user_resolve(f.passwd, f.group, "33:video", &a, &u), 0);
	assert_int_equal(u.gid, 44);
	assert_int_equal(u.n_groups, 0);
	assert_string_equal(u.name, "www");
	assert_int_equal(user_resolve(f.passwd, f.group, "", &a, &u), 0);
	assert_string_equal(u.home, "/root");
	assert_int_equal(user_resolve(f.passwd, f.group, "1234:5678", &a, &u), 0);
	assert_int_equal(u.uid, 1234);
	assert_int_equal(u.gid, 5678);
	assert_string_equal(u.home, "/");
}

TEST(user_that_begins_like_a_number_is_one_or_an_error)
{
	scoped_arena struct arena a = { 0 };
	static const char *const bad[] = { "-1", "+1", "00", "01", "1e3", "0x1", "1 ", "4294967295", "4294967296", "9999999999", "1:00", "1:-1" };
	struct user u;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (user_resolve(-EBADF, -EBADF, bad[i], &a, &u) >= 0)
			fail_msg("'%s'", bad[i]);
}

TEST(user_digits_are_an_id_even_if_a_line_is_called_so)
{
	SCOPED(files_done) struct files f = files_make();
	scoped_arena struct arena a = { 0 };
	struct user u;

	assert_int_equal(user_resolve(f.passwd, f.group, "0", &a, &u), 0);
	assert_int_equal(u.uid, 0);
	assert_string_equal(u.home, "/root");
}

TEST(user_resolve_is_strict)
{
	SCOPED(files_done) struct files f = files_make();
	scoped_arena struct arena a = { 0 };
	struct user u;

	assert_int_equal(user_resolve(f.passwd, f.group, "nobody", &a, &u), -ENOENT);
	assert_int_equal(user_resolve(f.passwd, f.group, "broken", &a, &u), -ENOENT);
	assert_int_equal(user_resolve(f.passwd, f.group, "short", &a, &u), -ENOENT);
	assert_int_equal(user_resolve(f.passwd, f.group, "huge", &a, &u), -ENOENT);
	assert_int_equal(user_resolve(f.passwd, f.group, "4294967295", &a, &u), -ERANGE);
	assert_int_equal(user_resolve(f.passwd, f.group, "-1", &a, &u), -EINVAL);
	assert_int_equal(user_resolve(f.passwd, f.group, "www:", &a, &u), -EINVAL);
	assert_int_equal(user_resolve(f.passwd, f.group, "www:web:x", &a, &u), -EINVAL);
	assert_int_equal(user_resolve(f.passwd, f.group, "www:bad", &a, &u), -ENOENT);
	assert_int_equal(user_resolve(-EBADF, -EBADF, "www", &a, &u), -ENOENT);
	assert_int_equal(user_resolve(-EBADF, -EBADF, "7", &a, &u), 0);
}

TEST(user_resolve_refuses_a_passwd_without_end)
{
	scoped_fd int fd = memfd_create("big", MFD_CLOEXEC);
	scoped_arena struct arena a = { 0 };
	struct user u;

	assert_int_equal(ftruncate(fd, LIMIT_PASSWD + 1), 0);
	assert_int_equal(user_resolve(fd, -EBADF, "root", &a, &u), -E2BIG);
}
