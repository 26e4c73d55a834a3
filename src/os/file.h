/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * file: whole files, temporary files that become visible in one piece, locks, directories.
 *
 * For trusted directories of our own; a path inside a container's tree goes through os/path_safe.h instead. Every function takes a directory
 * descriptor (borrowed, AT_FDCWD allowed) and a path relative to it.
 * Errors: -errno as the kernel gave it, plus those documented. EINTR: retried.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "os/fd.h"

/* ---- whole files ---- */

/* Reads a file of at most @max bytes into the arena, followed by a NUL. @ret_n may be NULL. Errors: -E2BIG if longer. */
int file_read(int dirfd, const char *path, size_t max, struct arena *a, char **ret, size_t *ret_n);

/* Appends a file to @b. Errors: -E2BIG past the maximum of @b. */
int file_read_buf(int dirfd, const char *path, struct buf *b);

/* Reads a short text (a procfs or sysfs value) into @ret, without its last newline. Errors: -E2BIG if it does not fit. */
int file_read_text(int dirfd, const char *path, char *ret, size_t size);

/* Writes to an existing file with one write(2), as kernel files want. Never creates or truncates. */
int file_write(int dirfd, const char *path, const char *text);

/* Creates (or truncates) an ordinary file. */
int file_create(int dirfd, const char *path, const void *p, size_t n, mode_t mode);

/* ---- replacing in one piece ---- */

enum {
	FILE_SYNC = 1 << 0,      /* fdatasync before the rename, fsync of the directory after it */
	FILE_NOREPLACE = 1 << 1, /* -EEXIST if the name is taken */
};

/* Replaces @name by @n bytes at @p: readers see the old contents or the new. */
int file_replace(int dirfd, const char *name, const void *p, size_t n, mode_t mode, unsigned flags);

/* Renames within a directory. Errors: -EEXIST if @to is there. */
int file_rename_new(int dirfd, const char *from, const char *to);

/* The same in parts: write to @fd, then commit; what is not committed is gone at the end of the scope. @dirfd is borrowed. */
struct tmp_file {
	int dirfd;
	int fd;
	char name[24];
};
#define TMP_FILE_NONE ((struct tmp_file){ .dirfd = -EBADF, .fd = -EBADF })
int tmp_file_open(struct tmp_file *t, int dirfd, mode_t mode);
int tmp_file_commit(struct tmp_file *t, const char *name, unsigned flags);
void tmp_file_done(struct tmp_file *t);
#define scoped_tmp_file SCOPED(tmp_file_done)

/* True for such a file that its writer, killed, has left: they live for a moment. */
bool tmp_file_is_abandoned(int dirfd, const char *name);

/*
 * The same for other people's directories: without a name until it is committed, so that nothing is left whatever happens. Where the file system cannot
 * do that it has one.
 */
int tmp_file_open_hidden(struct tmp_file *t, int dirfd, mode_t mode);
int tmp_file_commit_hidden(struct tmp_file *t, const char *name, unsigned flags);

/* ---- locks ---- */

/*
 * An OFD lock on a file that is created if missing (0600). Returns the descriptor that holds it (owned: close it to unlock; whoever is given a
 * copy by fork or SCM_RIGHTS shares the lock; a dead process drops it). If the file is replaced or removed while we wait the new one is taken.
 */
enum file_lock { FILE_LOCK_SHARED, FILE_LOCK_EXCLUSIVE };
int lock_file_try(int dirfd, const char *name, enum file_lock kind); /* Errors: -EAGAIN if somebody else holds it */
int lock_file_wait(int dirfd, const char *name, enum file_lock kind);

/* The same on a descriptor that is open already (for writing, if exclusive). Returns 0. */
int lock_fd_try(int fd, enum file_lock kind);
int lock_fd_wait(int fd, enum file_lock kind);

/* 1 if somebody holds a lock that excludes @kind, 0 if not; takes nothing. */
int lock_fd_is_held(int fd, enum file_lock kind);

/* ---- directories ---- */

void dir_done(DIR **d);
#define scoped_dir SCOPED(dir_done)

/* Opens a directory. Returns owned. dir_ensure makes it first (one level; @mode is not changed if it is there). */
int dir_open(int dirfd, const char *path);
int dir_ensure(int dirfd, const char *path, mode_t mode);

/* dir_ensure for every level of a trusted path of our own. */
int dir_ensure_all(int dirfd, const char *path, mode_t mode);

/* Calls @fn for each entry but "." and ".."; a non-zero result stops and is returned. @dirfd is borrowed and its offset untouched. */
typedef int (*dir_each_fn)(void *arg, int dirfd, const char *name, unsigned char d_type);
int dir_each(int dirfd, dir_each_fn fn, void *arg);

/*
 * Removes @name and everything below it, by descriptors only: symbolic links are removed, not followed, and nothing on another mount is
 * touched. Depth is not limited by descriptors or stack. Errors: -EXDEV if a mount stands inside (what was before it is gone); a missing @name is 0.
 */
int dir_remove_tree(int dirfd, const char *name);

/* fsync of the directory itself; syncfs of its file system. */
int dir_sync(int dirfd);
int dir_sync_fs(int dirfd);
