/* SPDX-License-Identifier: Apache-2.0 */
#include "os/path_safe.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"
#include "os/internal.h"
#include "os/path_walk.h"

/* The kernel answers -EAGAIN when a rename or mount raced with ".."; as often as this it is an attack. */
enum { TRIES = 128 };

static const uint64_t resolve_flags[PATH_POLICY_COUNT] = {
	[PATH_IN_ROOT] = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	[PATH_IN_ROOT_NO_XDEV] = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	[PATH_BENEATH] = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	[PATH_BENEATH_NO_XDEV] = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	[PATH_NO_SYMLINKS] = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
	[PATH_NO_SYMLINKS_NO_XDEV] = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
};

/* Without the leading slashes, which BENEATH would call an escape; "" becomes ".". */
static const char *relative(const char *path)
{
	path += strspn(path, "/");
	return *path ? path : ".";
}

/* Errors: -ENOSYS if the walk must do it. */
static int open_by_kernel(int rootfd, const char *path, int flags, mode_t mode, enum path_policy policy)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = resolve_flags[policy],
	};

	if (path_walk_is_forced())
		return -ENOSYS;
	for (int i = 0; i < TRIES; i++) {
		int r = result(syscall(SYS_openat2, rootfd, relative(path), &how, sizeof how));

		if (r == -EPERM && path_walk_is_needed())
			return -ENOSYS;
		if (r != -EAGAIN && r != -EINTR)
			return r;
	}
	return -EAGAIN;
}

int path_open(int rootfd, const char *path, int flags, mode_t mode, enum path_policy policy)
{
	int r;

	if (strlen(path) >= LIMIT_PATH)
		return -ENAMETOOLONG;
	r = open_by_kernel(rootfd, path, flags, mode, policy);
	return r == -ENOSYS ? path_walk_open(rootfd, path, flags, mode, policy) : r;
}

/* Makes the last word of @path alone. Errors: whatever it is, the walk will see better. */
static int mkdir_last(int rootfd, const char *path, mode_t mode, enum path_policy policy)
{
	char name[NAME_MAX + 1];
	scoped_fd int parent = path_parent(rootfd, path, 0, policy, name, sizeof name);

	if (parent < 0)
		return parent;
	if (mkdirat(parent, name, mode) < 0)
		return -errno;
	/* What we made may have been taken away and replaced: then this is no directory, or it is one at the place we were asked for. */
	return result(openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

int path_mkdir(int rootfd, const char *path, mode_t mode, enum path_policy policy)
{
	int r;

	if (strlen(path) >= LIMIT_PATH)
		return -ENAMETOOLONG;
	r = open_by_kernel(rootfd, path, O_PATH | O_DIRECTORY, 0, policy);
	if (r != -ENOENT && r != -ENOSYS)
		return r;
	r = r == -ENOENT ? mkdir_last(rootfd, path, mode, policy) : r;
	return r < 0 ? path_walk_mkdir(rootfd, path, mode, policy) : r;
}

int path_parent(int rootfd, const char *path, mode_t mkdir_mode, enum path_policy policy, char *ret_name, size_t size)
{
	char parent[LIMIT_PATH];
	size_t n = strlen(path), start;

	while (n > 0 && path[n - 1] == '/')
		n--;
	for (start = n; start > 0 && path[start - 1] != '/'; start--)
		;
	if (n >= sizeof parent || n - start >= size || n - start > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(ret_name, path + start, n - start);
	ret_name[n - start] = 0;
	if (!*ret_name || strcmp(ret_name, ".") == 0 || strcmp(ret_name, "..") == 0)
		return -EINVAL;
	memcpy(parent, path, start);
	parent[start] = 0;
	return mkdir_mode ? path_mkdir(rootfd, parent, mkdir_mode, policy)
			  : path_open(rootfd, parent, O_PATH | O_DIRECTORY, 0, policy);
}

/* Resolves the parent of what is to be made, making missing ones. */
static int parent_for_new(int rootfd, const char *path, enum path_policy policy, char name[NAME_MAX + 1])
{
	return path_parent(rootfd, path, 0755, policy, name, NAME_MAX + 1);
}

/* Opens what stands at @path as a target of a mount. Errors: -EISDIR. */
static int open_target(int rootfd, const char *path, enum path_policy policy)
{
	scoped_fd int fd = path_open(rootfd, path, O_PATH, 0, policy);
	struct stat s;

	if (fd < 0)
		return fd;
	if (fstat(fd, &s) < 0)
		return -errno;
	return S_ISDIR(s.st_mode) ? -EISDIR : take_fd(&fd);
}

int path_touch(int rootfd, const char *path, enum path_policy policy)
{
	char name[NAME_MAX + 1];
	scoped_fd int parent = -EBADF;
	scoped_fd int made = -EBADF;
	int r = open_target(rootfd, path, policy);

	if (r != -ENOENT)
		return r;
	parent = parent_for_new(rootfd, path, policy, name);
	if (parent < 0)
		return parent;
	r = result(mknodat(parent, name, S_IFREG | 0644, 0));
	if (r < 0 && r != -EEXIST)
		return r;
	r = open_target(rootfd, path, policy);
	if (r != -ENOENT)
		return r;
	/* The name is a dangling link: make what it points at, inside the root. */
	made = path_open(rootfd, path, O_CREAT | O_RDONLY | O_NOCTTY | O_NONBLOCK, 0644, policy);
	return made < 0 ? made : open_target(rootfd, path, policy);
}

int path_symlink(int rootfd, const char *target, const char *path, enum path_policy policy)
{
	char name[NAME_MAX + 1];
	scoped_fd int parent = parent_for_new(rootfd, path, policy, name);

	return parent < 0 ? parent : result(symlinkat(target, parent, name));
}

int path_mknod(int rootfd, const char *path, mode_t mode, dev_t dev, enum path_policy policy)
{
	char name[NAME_MAX + 1];
	scoped_fd int parent = parent_for_new(rootfd, path, policy, name);
	mode_t mask;
	int r;

	if (parent < 0)
		return parent;
	mask = umask(0);
	r = result(mknodat(parent, name, mode, dev));
	umask(mask);
	return r;
}

int path_readlink(int rootfd, const char *path, enum path_policy policy, struct arena *a, char **ret)
{
	scoped_fd int fd = path_open(rootfd, path, O_PATH | O_NOFOLLOW, 0, policy);
	char text[LIMIT_PATH];
	ssize_t n;

	if (fd < 0)
		return fd;
	n = readlinkat(fd, "", text, sizeof text);
	if (n < 0)
		return errno == ENOENT ? -EINVAL : -errno; /* the kernel's word for "no link" here */
	if ((size_t)n == sizeof text)
		return -ENAMETOOLONG;
	*ret = arena_strndup(a, text, (size_t)n);
	return 0;
}
