/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tmpcopyup: a new tmpfs starts with what the image has in that place. Only descriptors, no link is followed, nothing but directories, regular
 * files and links is copied (as runc does); depth and number are those of an image's own directory, and the tmpfs caps the size.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/file.h"
#include "runtime/mounts/internal.h"
#include "runtime/mounts/mounts.h"

struct copy {
	int to;
	struct err *e;
};

static int copy_file(int from_dir, const char *name, int to_dir, const struct stat *st, struct err *e)
{
	scoped_fd int in = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	scoped_fd int out = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t n;

	if (in < 0 || out < 0)
		return err_sys(e, -errno, "copy '%s'", name);
	do
		n = sendfile(out, in, NULL, 1 << 20);
	while (n > 0);
	if (n < 0 || fchown(out, st->st_uid, st->st_gid) < 0 || fchmod(out, st->st_mode & 07777) < 0)
		return err_sys(e, -errno, "copy '%s'", name);
	return 0;
}

static int copy_link(int from_dir, const char *name, int to_dir, const struct stat *st, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from_dir, name, target, sizeof target - 1);

	if (n < 0)
		return err_sys(e, -errno, "read the link '%s'", name);
	target[n] = '\0';
	if (symlinkat(target, to_dir, name) < 0 || fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, -errno, "copy the link '%s'", name);
	return 0;
}

static int copy_entry(void *arg, int from_dir, const char *name, unsigned char type);

static int copy_directory(int from_dir, const char *name, int to_dir, const struct stat *st, struct err *e)
{
	scoped_fd int in = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), out = -EBADF;
	struct copy inner = { .e = e };

	if (in < 0)
		return err_sys(e, -errno, "open '%s'", name);
	if (mkdirat(to_dir, name, 0700) < 0)
		return err_sys(e, -errno, "make '%s'", name);
	out = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0 || fchown(out, st->st_uid, st->st_gid) < 0 || fchmod(out, st->st_mode & 07777) < 0)
		return err_sys(e, -errno, "copy '%s'", name);
	inner.to = out;
	return dir_each(in, copy_entry, &inner);
}

static int copy_entry(void *arg, int from_dir, const char *name, unsigned char type)
{
	struct copy *c = arg;
	struct stat st;

	if (fstatat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(c->e, -errno, "look at '%s'", name);
	if (S_ISDIR(st.st_mode))
		return copy_directory(from_dir, name, c->to, &st, c->e);
	if (S_ISREG(st.st_mode))
		return copy_file(from_dir, name, c->to, &st, c->e);
	return S_ISLNK(st.st_mode) ? copy_link(from_dir, name, c->to, &st, c->e) : 0;
}

int mount_copy_up(int from, int to, struct err *e)
{
	scoped_fd int in = fd_reopen(from, O_RDONLY | O_DIRECTORY), out = fd_reopen(to, O_RDONLY | O_DIRECTORY);
	struct copy c = { .to = out, .e = e };
	struct stat st;
	int r;

	if (in < 0 || out < 0)
		return err_sys(e, in < 0 ? in : out, "open the directory to copy up");
	if (fstat(in, &st) < 0 || fchown(out, st.st_uid, st.st_gid) < 0 || fchmod(out, st.st_mode & 07777) < 0)
		return err_sys(e, -errno, "take over the directory's owner and mode");
	r = dir_each(in, copy_entry, &c);
	return r < 0 ? err_wrap(e, "tmpcopyup") : 0;
}
