/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dir_remove_tree (os/file.h): removal by descriptors only.
 *
 * Recursion goes DEPTH levels down, one directory stream each. A directory deeper than that is renamed into the top of the tree that is being
 * removed and met there again, so a tree of any depth costs DEPTH descriptors. Every directory is opened with O_NOFOLLOW and must lie on the
 * mount of the top.
 */
#include "os/file.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "os/internal.h"

enum {
	DEPTH = 24,
	ROUNDS = 1000, /* how often we look again at a directory that is not empty after all; each round flattens one band of depth, or meets a writer */
};

struct removal {
	int top;            /* borrowed */
	uint64_t mount;
	unsigned moved;     /* numbers the names of flattened directories */
};

static int remove_dir(struct removal *w, int dirfd, const char *name, int depth);

/* Removes one entry of @dirfd that may be of any type, whatever readdir said a moment ago. */
static int remove_entry(struct removal *w, int dirfd, const char *name, int depth)
{
	char moved[32];

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EBUSY)
		return -EXDEV; /* a file that is a mount point */
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (depth < DEPTH)
		return remove_dir(w, dirfd, name, depth);
	snprintf(moved, sizeof moved, ".deep-%u", w->moved++);
	return result(renameat(dirfd, name, w->top, moved));
}

/* Empties the directory behind @fd (taken always). */
static int empty_dir(struct removal *w, int fd, int depth)
{
	scoped_dir DIR *d = fdopendir(fd);
	struct dirent *entry;

	if (!d) {
		fd_close(fd);
		return -errno;
	}
	while ((errno = 0, entry = readdir(d))) {
		const char *name = entry->d_name;
		int r;

		if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
			continue;
		r = entry->d_type == DT_DIR && depth < DEPTH ? remove_dir(w, dirfd(d), name, depth)
							      : remove_entry(w, dirfd(d), name, depth);
		if (r < 0)
			return r;
	}
	/* A directory that somebody else removed meanwhile answers ENOENT: it is empty. */
	return errno == ENOENT ? 0 : -errno;
}

static int remove_dir(struct removal *w, int dirfd, const char *name, int depth)
{
	for (int round = 0; round < ROUNDS; round++) {
		scoped_fd int fd = RETRY(openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
		uint64_t mount;
		int r;

		if (fd < 0 && errno == ENOENT)
			return 0;
		if (fd < 0)
			return errno == ENOTDIR || errno == ELOOP ? result(unlinkat(dirfd, name, 0)) : -errno;
		r = fd_mount_id(fd, &mount);
		if (r < 0)
			return r;
		if (depth == 0)
			*w = (struct removal){ .top = fd, .mount = mount, .moved = w->moved };
		else if (mount != w->mount)
			return -EXDEV;
		r = empty_dir(w, depth ? take_fd(&fd) : fd_dup_min(fd, 3), depth + 1);
		if (r < 0)
			return r;
		if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno == EBUSY)
			return -EXDEV;
		if (errno != ENOTEMPTY && errno != EEXIST)
			return -errno;
	}
	return -ENOTEMPTY;
}

int dir_remove_tree(int dirfd, const char *name)
{
	struct removal w = { .top = -EBADF };

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return errno == EBUSY ? -EXDEV : -errno;
	return remove_dir(&w, dirfd, name, 0);
}
