/* SPDX-License-Identifier: Apache-2.0 */
#include "os/memfd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/str.h"
#include "os/fd.h"
#include "os/internal.h"
#include "os/mount.h"
#include "os/path_policy.h"
#include "os/self.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

enum {
	ALL_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
	MAX_PROGRAM = 64 * 1024 * 1024, /* a program of ours with everything linked in and its symbols */
};

static int seal(int *fd)
{
	return fcntl(*fd, F_ADD_SEALS, ALL_SEALS) < 0 ? -errno : take_fd(fd);
}

/* An unsealed one. Executable on request: vm.memfd_noexec wants to be told since 6.3, older kernels do not know the flag. */
static int create(const char *name)
{
	int fd = result(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC));

	return fd == -EINVAL ? result(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)) : fd;
}

int memfd_from_bytes(const char *name, const void *p, size_t n)
{
	scoped_fd int fd = create(name);
	int r = fd < 0 ? fd : fd_write_all(fd, p, n);

	/* Whoever inherits it reads from the start. */
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? r : seal(&fd);
}

int memfd_from_file(const char *name, int fd, size_t max)
{
	scoped_fd int copy = create(name);
	off_t at = 0;
	ssize_t n;

	if (copy < 0)
		return copy;
	while ((n = RETRY(sendfile(copy, fd, &at, max + 1 - (size_t)at))) > 0)
		if ((size_t)at > max)
			return -E2BIG;
	return n < 0 ? -errno : seal(&copy);
}

bool memfd_is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & ALL_SEALS) == ALL_SEALS;
}

/* ---- running from one ---- */

/* Cuts a path into its directory, left in @dir, and the name. */
static int cut(const char *path, char dir[LIMIT_PATH], const char **ret_name)
{
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path || !slash[1] || slash - path >= LIMIT_PATH)
		return -ENOENT;
	memcpy(dir, path, (size_t)(slash - path));
	dir[slash - path] = 0;
	*ret_name = slash + 1;
	return 0;
}

/* A read-only overlay, mounted nowhere, of directory @lower above directory @other. */
static int layer(int lower, const char *other)
{
	char layers[96];
	struct pair options[] = { { "lowerdir", layers } };
	struct pairs list = { options, 1 };

	snprintf(layers, sizeof layers, "%s:%s", fd_path(lower).s, other);
	return mount_new("overlay", NULL, &list, MOUNT_ATTR_NODEV, NULL);
}

/*
 * Overlay wants a second layer where there is no upper one. Any directory beside the first will do, because the first is looked into first; one of
 * sysfs, where nobody can put anything, costs nothing. Else an empty tmpfs of ours, whose detached mount the kernel takes its time to drop.
 */
static int open_overlay(const char *path)
{
	char dir[LIMIT_PATH];
	scoped_fd int lower = -EBADF, empty = -EBADF, overlay = -EBADF;
	const char *name;
	int r = cut(path, dir, &name);

	if (r < 0)
		return r;
	lower = result(openat(AT_FDCWD, dir, O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (lower < 0)
		return lower;
	overlay = layer(lower, "/sys/kernel");
	if (overlay < 0) {
		empty = mount_new("tmpfs", NULL, NULL, 0, NULL);
		overlay = empty < 0 ? empty : layer(lower, fd_path(empty).s);
	}
	return overlay < 0 ? overlay : result(openat(overlay, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
}

static int open_copy(const char *path)
{
	scoped_fd int fd = result(openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC));

	return fd < 0 ? fd : memfd_from_file("tare:image", fd, MAX_PROGRAM);
}

int memfd_image_open(const char *path, enum memfd_kind *ret_kind)
{
	enum memfd_kind kind = MEMFD_OVERLAY;
	int fd = open_overlay(path);

	if (fd < 0) {
		kind = MEMFD_COPY;
		fd = open_copy(path);
	}
	if (fd >= 0 && ret_kind)
		*ret_kind = kind;
	return fd;
}

int memfd_self_open(enum memfd_kind *ret_kind)
{
	scoped_arena struct arena a = { 0 };
	char *path;
	int r = self_path(&a, &path);

	if (r == 0)
		r = memfd_image_open(path, ret_kind);
	/* The file may be gone since we were executed (an upgrade); its contents are not. */
	return r < 0 ? memfd_image_open("/proc/self/exe", ret_kind) : r;
}

int memfd_spawn(const struct proc_spawn *s, struct proc *ret)
{
	scoped_fd int image = memfd_image_open(s->path, NULL);
	struct proc_spawn sealed = *s;

	sealed.path = NULL;
	sealed.exec_fd = image;
	if (image >= 0 && proc_spawn(&sealed, ret) == 0)
		return 0;
	return proc_spawn(s, ret);
}

bool memfd_self_is_sealed(void)
{
	scoped_fd int self = result(openat(AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC));
	struct statvfs s;

	if (self < 0)
		return false;
	if (memfd_is_sealed(self))
		return true;
	return path_check_fs(self, PATH_FS_OVERLAY) == 0 && fstatvfs(self, &s) == 0 && s.f_flag & ST_RDONLY;
}

int memfd_self_ensure(char *const *argv)
{
	scoped_arena struct arena a = { 0 };
	scoped_fd int image = -EBADF;
	char *path;
	int r;

	if (memfd_self_is_sealed())
		return unsetenv("TARE_SEALED");
	if (streq(getenv("TARE_SEALED"), "1"))
		return -ELOOP;
	image = memfd_self_open(NULL);
	r = image < 0 ? image : self_path(&a, &path);
	if (r < 0)
		return r;
	/* From the image /proc/self/exe does not tell any more where our other programs are (os/self.h). */
	*strrchr(path, '/') = 0;
	if (setenv("TARE_SEALED", "1", 1) < 0 || setenv("TARE_LIBEXEC", path, 0) < 0)
		return -errno;
	syscall(SYS_execveat, image, "", argv, environ, AT_EMPTY_PATH);
	return -errno;
}
