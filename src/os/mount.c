/* SPDX-License-Identifier: Apache-2.0 */
#include "os/mount.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/internal.h"

/* Raw calls throughout: glibc has wrappers only since 2.36, musl has none. */
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#define SYS_fspick 433
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

/* Fixed by the kernel's interface; spelled out because some libc headers have enums and some have nothing. */
enum {
	OPEN_CLOEXEC = 1, /* FSOPEN_CLOEXEC and FSMOUNT_CLOEXEC */
	CONFIG_FLAG = 0,
	CONFIG_STRING = 1,
	CONFIG_CREATE = 6,
	CONFIG_CHANGE = 7,
	PICK_CLOEXEC = 1,
	PICK_EMPTY_PATH = 8,
	TREE_CLONE = 1,
	MOVE_FROM_EMPTY = 0x04,
	MOVE_TO_EMPTY = 0x40,
};

/* ---- a new file system ---- */

int mount_fsopen(const char *type)
{
	return result(syscall(SYS_fsopen, type, OPEN_CLOEXEC));
}

int mount_fsconfig_string(int fs, const char *key, const char *value)
{
	return result(syscall(SYS_fsconfig, fs, CONFIG_STRING, key, value, 0));
}

int mount_fsconfig_flag(int fs, const char *key)
{
	return result(syscall(SYS_fsconfig, fs, CONFIG_FLAG, key, NULL, 0));
}

int mount_fsconfig_create(int fs)
{
	return result(syscall(SYS_fsconfig, fs, CONFIG_CREATE, NULL, NULL, 0));
}

int mount_fsmount(int fs, unsigned attr)
{
	return result(syscall(SYS_fsmount, fs, OPEN_CLOEXEC, attr));
}

void mount_message(int fs, char *ret, size_t size)
{
	char line[MOUNT_MESSAGE_SIZE];
	int saved = errno;
	ssize_t n;

	*ret = 0;
	/* One message per read, each "e text" (error), "w text" or "i text"; -ENODATA after the last. */
	while ((n = read(fs, line, sizeof line - 1)) > 0) {
		line[n] = 0;
		line[strcspn(line, "\n")] = 0;
		if (line[0] == 'e' && line[1] == ' ')
			snprintf(ret, size, "%s", line + 2);
	}
	errno = saved;
}

static int set_options(int fs, const struct pairs *options)
{
	int r = 0;

	for (size_t i = 0; r == 0 && options && i < options->n; i++) {
		const struct pair *o = &options->v[i];

		r = o->value ? mount_fsconfig_string(fs, o->key, o->value) : mount_fsconfig_flag(fs, o->key);
	}
	return r;
}

static int configure(int fs, const char *source, const struct pairs *options)
{
	int r = source ? mount_fsconfig_string(fs, "source", source) : 0;

	if (r == 0)
		r = set_options(fs, options);
	return r < 0 ? r : mount_fsconfig_create(fs);
}

int mount_new(const char *type, const char *source, const struct pairs *options, unsigned attr, char *ret_message)
{
	scoped_fd int fs = mount_fsopen(type);
	int r = fs < 0 ? fs : configure(fs, source, options);

	if (r >= 0)
		r = mount_fsmount(fs, attr);
	if (r < 0 && ret_message) {
		*ret_message = 0;
		if (fs >= 0)
			mount_message(fs, ret_message, MOUNT_MESSAGE_SIZE);
	}
	return r;
}

/* ---- existing mounts ---- */

int mount_clone(int dirfd, const char *path, bool recursive)
{
	unsigned flags = TREE_CLONE | O_CLOEXEC | AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;

	return result(syscall(SYS_open_tree, dirfd, path, recursive ? flags | AT_RECURSIVE : flags));
}

int mount_move(int from, int target)
{
	return result(syscall(SYS_move_mount, from, "", target, "", MOVE_FROM_EMPTY | MOVE_TO_EMPTY));
}

int mount_move_at(int from, int dirfd, const char *path)
{
	return result(syscall(SYS_move_mount, from, "", dirfd, path, MOVE_FROM_EMPTY));
}

static int set_attr(int mount, bool recursive, struct mount_attr *attr)
{
	return result(syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), attr, sizeof *attr));
}

int mount_change(int mount, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation)
{
	struct mount_attr attr = { .attr_set = set, .attr_clr = clear, .propagation = propagation };

	return set_attr(mount, recursive, &attr);
}

int mount_reconfigure(int mount, const struct pairs *options, char *ret_message)
{
	scoped_fd int fs = result(syscall(SYS_fspick, mount, "", PICK_CLOEXEC | PICK_EMPTY_PATH));
	int r = fs < 0 ? fs : set_options(fs, options);

	if (r == 0)
		r = result(syscall(SYS_fsconfig, fs, CONFIG_CHANGE, NULL, NULL, 0));
	*ret_message = 0;
	if (r < 0 && fs >= 0)
		mount_message(fs, ret_message, MOUNT_MESSAGE_SIZE);
	return r;
}

int mount_idmap(int mount, bool recursive, int userns)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns };

	return set_attr(mount, recursive, &attr);
}

int mount_classic(const char *source, const char *target, const char *type, unsigned long flags, const char *data)
{
	return result(mount(source, target, type, flags, data));
}

int mount_detach(const char *path)
{
	return result(umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW));
}

/* There is no umountat(2), and a path below /proc/self/fd would be the container's to forge. */
int mount_detach_at(int dirfd, const char *name)
{
	return fchdir(dirfd) < 0 ? -errno : mount_detach(name);
}

int mount_detach_root(int fd)
{
	return fchdir(fd) < 0 ? -errno : result(umount2(".", MNT_DETACH));
}

int mount_pivot(int root)
{
	scoped_fd int old = result(RETRY(openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC)));

	if (old < 0)
		return old;
	/* The old root ends up on top of the new one at "/", so no directory for it is needed inside. */
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || fchdir(old) < 0)
		return -errno;
	/* Slave first: the unmounting must not travel to the namespace we came from. */
	if (mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0 || umount2(".", MNT_DETACH) < 0)
		return -errno;
	return result(chdir("/"));
}

int mount_move_root(int root)
{
	if (fchdir(root) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
		return -errno;
	return result(chdir("/"));
}

int mount_chroot(int root)
{
	if (fchdir(root) < 0 || chroot(".") < 0)
		return -errno;
	return result(chdir("/"));
}
