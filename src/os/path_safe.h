/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * path_safe: paths inside trees that somebody hostile may be changing right now.
 *
 * A path inside a rootfs is never a string we open; it is (rootfd, relative path, policy), resolved once, used by descriptor, never
 * resolved again. The kernel does it (openat2); where that call is missing or refused, or TARE_NO_OPENAT2=1 says so, a component-by-component
 * walk does the same: each step is O_PATH|O_NOFOLLOW, links are expanded by us, and ".." is only taken if it leads to the very
 * directory we came from. Both answer alike; both are raced by the tests.
 *
 * A leading '/' means the root descriptor. Every descriptor returned is owned and CLOEXEC. No magic link (/proc/self/exe, …/fd/N) is ever followed.
 * Errors: -EXDEV left the root or crossed a mount against the policy; -ELOOP a link against the policy, a magic link, or over 40 links;
 * -ENAMETOOLONG over LIMIT_PATH or LIMIT_PATH_DEPTH; -EAGAIN the tree moved under us again and again.
 * EINTR: retried.
 */
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "os/path_policy.h"

/*
 * Opens. @flags as of open(2): O_CREAT (with @mode), O_NOFOLLOW and O_PATH keep their meaning for the last component; O_CLOEXEC is implied.
 * O_PATH|O_NOFOLLOW gives a descriptor of a last link itself, also under PATH_NO_SYMLINKS.
 */
int path_open(int rootfd, const char *path, int flags, mode_t mode, enum path_policy policy);

/*
 * Makes every missing directory of @path, as mkdir -p, and returns an O_PATH|O_DIRECTORY descriptor of the last. New ones get @mode less
 * the umask. Dangling links are followed and their targets made, inside the root. "" and "/" give the root. Errors: -ENOTDIR.
 */
int path_mkdir(int rootfd, const char *path, mode_t mode, enum path_policy policy);

/*
 * Resolves all but the last component and copies that to @name (at least NAME_MAX + 1 bytes): what mknodat, unlinkat, renameat need.
 * With @mkdir_mode other than 0 missing parents are made. Returns the parent as O_PATH|O_DIRECTORY. Errors: -EINVAL if the last is "", "." or "..".
 */
int path_parent(int rootfd, const char *path, mode_t mkdir_mode, enum path_policy policy, char *ret_name, size_t size);

/* Opens a regular file to mount on, making it empty (0644) and its parents (0755) if missing. Returns O_PATH. What is there already may be anything but a directory. */
int path_touch(int rootfd, const char *path, enum path_policy policy);

/* Makes the link and missing parents. Errors: -EEXIST if something is there (even the same link). */
int path_symlink(int rootfd, const char *target, const char *path, enum path_policy policy);

/* Makes a node and missing parents; mode holds the type. Not subject to the umask. Errors: -EEXIST. */
int path_mknod(int rootfd, const char *path, mode_t mode, dev_t dev, enum path_policy policy);

/* The text of the link at @path, in the arena. Errors: -EINVAL if it is no link. */
int path_readlink(int rootfd, const char *path, enum path_policy policy, struct arena *a, char **ret);
