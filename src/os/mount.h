/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * mount: the mount calls, by descriptor where the kernel can.
 *
 * New mounts are made detached (mount_new or fsopen … fsmount, mount_clone), changed while nobody sees them, and put in place with one
 * mount_move onto a descriptor that path_safe resolved. A detached mount dies with its descriptor, so scoped_fd is all the cleanup it needs.
 * <sys/mount.h> comes with this header: its MS_*, MNT_*, MOUNT_ATTR_*, OPEN_TREE_* are the flags. (Never include <linux/mount.h>: they clash.)
 * Errors: -errno; -ENOSYS where the kernel lacks the call. EINTR: does not occur.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>

#include "base/arena.h"
#include "base/str.h"

/* What musl and older glibc lack of the kernel's interface. */
#ifndef MOUNT_ATTR_RDONLY
#define MOUNT_ATTR_RDONLY 0x00000001
#define MOUNT_ATTR_NOSUID 0x00000002
#define MOUNT_ATTR_NODEV 0x00000004
#define MOUNT_ATTR_NOEXEC 0x00000008
#define MOUNT_ATTR__ATIME 0x00000070
#define MOUNT_ATTR_RELATIME 0x00000000
#define MOUNT_ATTR_NOATIME 0x00000010
#define MOUNT_ATTR_STRICTATIME 0x00000020
#define MOUNT_ATTR_NODIRATIME 0x00000080
#define MOUNT_ATTR_IDMAP 0x00100000
struct mount_attr {
	uint64_t attr_set, attr_clr, propagation, userns_fd;
};
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

/* ---- a new file system ---- */

int mount_fsopen(const char *type);
int mount_fsconfig_string(int fs, const char *key, const char *value);
int mount_fsconfig_flag(int fs, const char *key);
int mount_fsconfig_create(int fs);

/* The detached mount of a created file system; @attr is MOUNT_ATTR_*. Returns owned. */
int mount_fsmount(int fs, unsigned attr);

/* The last message the file system left on @fs ("overlay: upperdir is in-use …"), without prefix, or "". */
void mount_message(int fs, char *ret, size_t size);

/*
 * All of the above at once. @source may be NULL; an option whose value is NULL is a flag. Returns the detached mount, owned.
 * @ret_message (size MOUNT_MESSAGE_SIZE, may be NULL) holds the file system's own words on failure.
 */
enum { MOUNT_MESSAGE_SIZE = 256 };
int mount_new(const char *type, const char *source, const struct pairs *options, unsigned attr, char *ret_message);

/* ---- existing mounts ---- */

/* A detached copy of the tree at (dirfd, path), or of @dirfd itself with path "". Never follows a last link. Returns owned. */
int mount_clone(int dirfd, const char *path, bool recursive);

/* Puts the (detached or attached) mount @from on the file or directory @target. Both borrowed. */
int mount_move(int from, int target);

/* The same by path relative to @dirfd, which must be trusted; a last link is not followed. */
int mount_move_at(int from, int dirfd, const char *path);

/* Changes attributes: @set and @clear are MOUNT_ATTR_*, @propagation 0 or MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE. */
int mount_change(int mount, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation);

/* Gives the file system of the mount @mount other options ("remount"). @ret_message as of mount_new. */
int mount_reconfigure(int mount, const struct pairs *options, char *ret_message);

/* Maps ids of a detached mount through @userns. */
int mount_idmap(int mount, bool recursive, int userns);

/* mount(2). @target must be trusted or a "/proc/self/fd/N" (os/fd.h: fd_path). */
int mount_classic(const char *source, const char *target, const char *type, unsigned long flags, const char *data);

/* umount2 with MNT_DETACH|UMOUNT_NOFOLLOW. Errors: -EINVAL if nothing is mounted there. */
int mount_detach(const char *path);

/* The mount on the entry @name of a directory; no link is followed. The working directory is @dirfd afterwards. Errors: -EINVAL as above. */
int mount_detach_at(int dirfd, const char *name);

/* The mount that @fd is the root of, without a procfs to be trusted. The working directory is lost. */
int mount_detach_root(int fd);

/* Makes @root (a mount point, borrowed) the root of this mount namespace and drops the old one; ends with cwd "/". */
int mount_pivot(int root);

/* The same for roots that cannot be pivoted (initramfs): MS_MOVE onto "/" and chroot. */
int mount_move_root(int root);

/* Makes the directory @root the root of this process alone; ends with cwd "/". */
int mount_chroot(int root);

/* ---- reading /proc/PID/mountinfo ---- */

struct mount_info {
	int id, parent;
	uint32_t major, minor;
	const char *root, *target;        /* unescaped */
	const char *options;              /* per mount */
	const char *type, *source, *super;
	int shared, master;               /* peer group, 0 if none */
	bool unbindable;
};
struct mount_infos {
	struct mount_info *v;
	size_t n, cap;
};

/* Parses mountinfo text (changed in place, borrowed for the life of the result). Errors: -EBADMSG naming nothing: the kernel does not write such lines. */
int mount_parse_infos(char *text, struct arena *a, struct mount_infos *ret);

/* Reads /proc/self/mountinfo. */
int mount_read_infos(struct arena *a, struct mount_infos *ret);

/* The mount that covers @path (longest target, last mounted), or NULL. */
const struct mount_info *mount_infos_find(const struct mount_infos *list, const char *path);
