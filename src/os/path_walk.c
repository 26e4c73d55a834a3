/* SPDX-License-Identifier: Apache-2.0 */
#include "os/path_walk.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/scope.h"
#include "base/str.h"
#include "os/fd.h"
#include "os/internal.h"

enum {
	MAX_LINKS = 40,      /* the kernel's own number */
	TRIES = 128,         /* walks begun again because the tree moved */
	PROC_ROOT_INODE = 1, /* only there procfs has links that are plain text: self, thread-self, mounts, net */
};

struct identity {
	dev_t dev;
	ino_t ino;
};

struct walk {
	int rootfd;                            /* borrowed */
	int fd;                                /* where we stand, O_PATH, owned */
	enum path_policy policy;
	int flags;                             /* of open(2), for the last component */
	bool make_dirs;                        /* instead: every component is a directory, made if missing */
	mode_t mode;
	unsigned links;
	uint64_t mount;                        /* of the root, if the policy forbids others */
	size_t depth;                          /* ids[depth] is where we stand, ids[0] the root */
	struct identity ids[LIMIT_PATH_DEPTH];
	char *at;                              /* what is left, right-aligned in: */
	char text[2 * LIMIT_PATH];
};

bool path_walk_is_forced(void)
{
	return streq(getenv("TARE_NO_OPENAT2"), "1");
}

bool path_walk_is_needed(void)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC };
	scoped_fd int fd = result(syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how));

	return fd == -EPERM || fd == -ENOSYS;
}

static bool policy_is_in_root(enum path_policy p)
{
	return p == PATH_IN_ROOT || p == PATH_IN_ROOT_NO_XDEV;
}

static bool policy_is_one_mount(enum path_policy p)
{
	return p == PATH_IN_ROOT_NO_XDEV || p == PATH_BENEATH_NO_XDEV || p == PATH_NO_SYMLINKS_NO_XDEV;
}

static bool policy_has_links(enum path_policy p)
{
	return p != PATH_NO_SYMLINKS && p != PATH_NO_SYMLINKS_NO_XDEV;
}

static void walk_done(struct walk *w)
{
	fd_done(&w->fd);
}

/* Stands at the root (again). */
static int walk_to_root(struct walk *w)
{
	struct stat s;

	fd_done(&w->fd);
	w->fd = result(RETRY(openat(w->rootfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC)));
	if (w->fd < 0)
		return w->fd;
	if (fstat(w->fd, &s) < 0)
		return -errno;
	w->depth = 0;
	w->ids[0] = (struct identity){ s.st_dev, s.st_ino };
	return policy_is_one_mount(w->policy) ? fd_mount_id(w->fd, &w->mount) : 0;
}

/* Puts @text before what is left. */
static int walk_prepend(struct walk *w, const char *text, size_t n)
{
	if (n > (size_t)(w->at - w->text))
		return -ENAMETOOLONG;
	w->at -= n;
	memcpy(w->at, text, n);
	return 0;
}

/* Errors: -EXDEV if @fd lies on another mount and the policy minds. */
static int walk_check_mount(const struct walk *w, int fd)
{
	uint64_t mount;
	int r;

	if (!policy_is_one_mount(w->policy))
		return 0;
	r = fd_mount_id(fd, &mount);
	return r < 0 ? r : mount == w->mount ? 0 : -EXDEV;
}

/* Steps down into the directory @fd (taken on success). */
static int walk_down(struct walk *w, int *fd, const struct stat *s)
{
	if (w->depth + 1 == LIMIT_PATH_DEPTH)
		return -ENAMETOOLONG;
	w->ids[++w->depth] = (struct identity){ s->st_dev, s->st_ino };
	fd_done(&w->fd);
	w->fd = take_fd(fd);
	return 0;
}

static int walk_up(struct walk *w)
{
	const struct identity *parent;
	scoped_fd int fd = -EBADF;
	struct stat s;
	int r;

	if (w->depth == 0)
		return policy_is_in_root(w->policy) ? 0 : -EXDEV;
	fd = result(RETRY(openat(w->fd, "..", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)));
	if (fd < 0)
		return fd;
	if (fstat(fd, &s) < 0)
		return -errno;
	parent = &w->ids[w->depth - 1];
	if (s.st_dev != parent->dev || s.st_ino != parent->ino)
		return -EAGAIN; /* somebody moved the directory we are in */
	r = walk_check_mount(w, fd);
	if (r < 0)
		return r;
	w->depth--;
	fd_done(&w->fd);
	w->fd = take_fd(&fd);
	return 0;
}

/* True for the links of procfs that the kernel would jump through instead of reading. */
static bool is_magic_link(const struct walk *w)
{
	return path_check_fs(w->fd, PATH_FS_PROC) == 0 && w->ids[w->depth].ino != PROC_ROOT_INODE;
}

/* Continues with the text of the link @fd. */
static int walk_link(struct walk *w, int fd)
{
	char text[LIMIT_PATH];
	ssize_t n;

	if (!policy_has_links(w->policy) || ++w->links > MAX_LINKS || is_magic_link(w))
		return -ELOOP;
	n = readlinkat(fd, "", text, sizeof text);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -ENOENT;
	if ((size_t)n == sizeof text)
		return -ENAMETOOLONG;
	if (text[0] == '/') {
		int r = policy_is_in_root(w->policy) ? walk_to_root(w) : -EXDEV;

		if (r < 0)
			return r;
	}
	return walk_prepend(w, text, (size_t)n);
}

/* Cuts the next component off. Returns 0 if none is left; *ret_last: nothing follows, not even a slash. */
static int walk_next(struct walk *w, char name[NAME_MAX + 1], bool *ret_last)
{
	size_t n;

	w->at += strspn(w->at, "/");
	n = strcspn(w->at, "/");
	if (n > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, w->at, n);
	name[n] = 0;
	w->at += n;
	*ret_last = !*w->at;
	return n > 0;
}

/* Makes what is missing: a directory on the way, or the file at the end. Returns the file, -EAGAIN to look again, or 0 after a mkdir. */
static int walk_make(struct walk *w, const char *name, bool last)
{
	int r;

	if (w->make_dirs) {
		r = result(mkdirat(w->fd, name, w->mode));
		return r == -EEXIST ? 0 : r;
	}
	if (!last || !(w->flags & O_CREAT))
		return -ENOENT;
	r = result(RETRY(openat(w->fd, name, w->flags | O_EXCL | O_NOFOLLOW | O_CLOEXEC, w->mode)));
	return r == -EEXIST && !(w->flags & O_EXCL) ? -EAGAIN : r;
}

/* The last component is neither directory nor link to follow: opens it as asked, and makes sure it is what we looked at. */
static int walk_finish_file(struct walk *w, const char *name, int *fd)
{
	scoped_fd int opened = -EBADF;
	int r;

	if (w->make_dirs || w->flags & O_DIRECTORY)
		return -ENOTDIR;
	if ((w->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if (w->flags & O_PATH)
		return take_fd(fd);
	opened = result(RETRY(openat(w->fd, name, (w->flags & ~O_CREAT) | O_NOFOLLOW | O_CLOEXEC)));
	if (opened == -ELOOP || opened == -ENOENT)
		return -EAGAIN;
	if (opened < 0)
		return opened;
	r = walk_check_mount(w, opened);
	if (r < 0)
		return r;
	return fd_is_same(opened, *fd) ? take_fd(&opened) : -EAGAIN;
}

/* The path ends in the directory where we stand. */
static int walk_finish_dir(struct walk *w)
{
	if (w->make_dirs)
		return take_fd(&w->fd);
	if (w->flags & O_CREAT)
		return w->flags & O_EXCL ? -EEXIST : -EISDIR;
	return result(RETRY(openat(w->fd, ".", (w->flags & ~O_NOFOLLOW) | O_CLOEXEC)));
}

/* One component. Returns 1 to go on, else the descriptor or the error the walk ends with (as *ret, with 0). */
static int walk_step(struct walk *w, const char *name, bool last, int *ret)
{
	scoped_fd int fd = -EBADF;
	struct stat s;

	if (strcmp(name, ".") == 0)
		return 1;
	if (strcmp(name, "..") == 0)
		return (*ret = walk_up(w)) == 0;
	fd = result(RETRY(openat(w->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC)));
	if (fd == -ENOENT) {
		*ret = walk_make(w, name, last);
		if (*ret != 0)
			return 0;
		fd = result(RETRY(openat(w->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC)));
	}
	*ret = fd < 0 ? fd : result(fstat(fd, &s));
	if (*ret >= 0)
		*ret = walk_check_mount(w, fd);
	if (*ret < 0)
		return 0;
	if (S_ISLNK(s.st_mode)) {
		bool excl = (w->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);

		if (!last || w->make_dirs || !(w->flags & O_NOFOLLOW || excl))
			return (*ret = walk_link(w, fd)) == 0;
		*ret = excl ? -EEXIST : w->flags & O_DIRECTORY ? -ENOTDIR : w->flags & O_PATH ? take_fd(&fd) : -ELOOP;
		return 0;
	}
	if (S_ISDIR(s.st_mode))
		return (*ret = walk_down(w, &fd, &s)) == 0;
	*ret = last ? walk_finish_file(w, name, &fd) : -ENOTDIR;
	return 0;
}

static int walk_once(struct walk *w, const char *path)
{
	char name[NAME_MAX + 1];
	bool last;
	int r;

	w->links = 0;
	w->at = w->text + sizeof w->text - 1;
	*w->at = 0;
	r = walk_prepend(w, path, strlen(path));
	if (r == 0)
		r = walk_to_root(w);
	if (r < 0)
		return r;
	while ((r = walk_next(w, name, &last)) > 0)
		if (!walk_step(w, name, last, &r))
			return r;
	return r < 0 ? r : walk_finish_dir(w);
}

static int walk_path(struct walk *w, const char *path)
{
	int r = -EAGAIN;

	for (int i = 0; i < TRIES && r == -EAGAIN; i++)
		r = walk_once(w, path);
	walk_done(w);
	return r;
}

int path_walk_open(int rootfd, const char *path, int flags, mode_t mode, enum path_policy policy)
{
	struct walk w = { .rootfd = rootfd, .fd = -EBADF, .policy = policy, .flags = flags, .mode = mode };

	return walk_path(&w, path);
}

int path_walk_mkdir(int rootfd, const char *path, mode_t mode, enum path_policy policy)
{
	struct walk w = { .rootfd = rootfd, .fd = -EBADF, .policy = policy, .mode = mode, .make_dirs = true };

	return walk_path(&w, path);
}
