/* SPDX-License-Identifier: Apache-2.0 */
#include "os/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "os/internal.h"

/* ---- whole files ---- */

int file_read_buf(int dirfd, const char *path, struct buf *b)
{
	scoped_fd int fd = RETRY(openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY));

	return fd < 0 ? -errno : fd_read_buf(fd, b);
}

static void keep(const char *p, size_t n, struct arena *a, char **ret, size_t *ret_n)
{
	*ret = arena_alloc(a, n + 1);
	if (n)
		memcpy(*ret, p, n);
	if (ret_n)
		*ret_n = n;
}

/* Most files are small: they go by the stack, without a buffer that must be mapped and unmapped. */
int file_read(int dirfd, const char *path, size_t max, struct arena *a, char **ret, size_t *ret_n)
{
	scoped_buf struct buf b = BUF(max);
	scoped_fd int fd = RETRY(openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
	char small[4096];
	ssize_t n;
	int r;

	if (fd < 0)
		return -errno;
	n = fd_read_all(fd, small, sizeof small);
	if (n < 0)
		return (int)n;
	if ((size_t)n < sizeof small && (size_t)n <= max) {
		keep(small, (size_t)n, a, ret, ret_n);
		return 0;
	}
	r = buf_add(&b, small, (size_t)n);
	if (r == 0)
		r = fd_read_buf(fd, &b);
	if (r < 0)
		return r;
	keep(b.p, b.n, a, ret, ret_n);
	return 0;
}

int file_read_text(int dirfd, const char *path, char *ret, size_t size)
{
	scoped_fd int fd = RETRY(openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = fd_read_all(fd, ret, size);
	if (n < 0)
		return (int)n;
	if ((size_t)n == size)
		return -E2BIG;
	if (n > 0 && ret[n - 1] == '\n')
		n--;
	ret[n] = 0;
	return 0;
}

int file_write(int dirfd, const char *path, const char *text)
{
	size_t n = strlen(text);
	scoped_fd int fd = RETRY(openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY));
	ssize_t put;

	if (fd < 0)
		return -errno;
	put = RETRY(write(fd, text, n));
	if (put < 0)
		return -errno;
	return (size_t)put == n ? 0 : -EIO;
}

int file_create(int dirfd, const char *path, const void *p, size_t n, mode_t mode)
{
	scoped_fd int fd = RETRY(openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, mode));

	return fd < 0 ? -errno : fd_write_all(fd, p, n);
}

/* ---- replacing in one piece ---- */

#define TEMPORARY ".tmp-"

int tmp_file_open(struct tmp_file *t, int dirfd, mode_t mode)
{
	for (int tries = 0; tries < 100; tries++) {
		unsigned char random[8];
		char hex[2 * sizeof random + 1];
		int fd;

		if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
			return -errno;
		text_hex(random, sizeof random, hex);
		snprintf(t->name, sizeof t->name, TEMPORARY "%s", hex);
		fd = RETRY(openat(dirfd, t->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
		if (fd >= 0) {
			t->dirfd = dirfd;
			t->fd = fd;
			return 0;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

int file_rename_new(int dirfd, const char *from, const char *to)
{
	enum { NOREPLACE = 1 }; /* RENAME_NOREPLACE; musl has neither the call nor the word */

	return result(syscall(SYS_renameat2, dirfd, from, dirfd, to, NOREPLACE));
}

int tmp_file_commit(struct tmp_file *t, const char *name, unsigned flags)
{
	int r;

	if (flags & FILE_SYNC && fdatasync(t->fd) < 0)
		return -errno;
	r = flags & FILE_NOREPLACE ? file_rename_new(t->dirfd, t->name, name) : result(renameat(t->dirfd, t->name, t->dirfd, name));
	if (r < 0)
		return r;
	t->name[0] = 0; /* visible now: nothing to remove at the end of the scope */
	return flags & FILE_SYNC ? dir_sync(t->dirfd) : 0;
}

void tmp_file_done(struct tmp_file *t)
{
	int saved = errno;

	if (t->fd >= 0 && t->name[0])
		unlinkat(t->dirfd, t->name, 0);
	fd_done(&t->fd);
	errno = saved;
}

bool tmp_file_is_abandoned(int dirfd, const char *name)
{
	enum { AGE = 60 }; /* seconds; its writer needs a moment */
	struct timespec now;
	struct stat st;

	if (strncmp(name, TEMPORARY, sizeof TEMPORARY - 1) != 0 || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec - st.st_mtim.tv_sec > AGE;
}

int file_replace(int dirfd, const char *name, const void *p, size_t n, mode_t mode, unsigned flags)
{
	scoped_tmp_file struct tmp_file t = TMP_FILE_NONE;
	int r = tmp_file_open(&t, dirfd, mode);

	if (r < 0)
		return r;
	r = fd_write_all(t.fd, p, n);
	return r < 0 ? r : tmp_file_commit(&t, name, flags);
}

/* ---- locks ---- */

static struct flock whole(enum file_lock kind)
{
	return (struct flock){ .l_type = kind == FILE_LOCK_SHARED ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET };
}

int lock_fd_try(int fd, enum file_lock kind)
{
	struct flock l = whole(kind);
	int r = result(RETRY(fcntl(fd, F_OFD_SETLK, &l)));

	return r == -EACCES ? -EAGAIN : r;
}

int lock_fd_wait(int fd, enum file_lock kind)
{
	struct flock l = whole(kind);

	return result(RETRY(fcntl(fd, F_OFD_SETLKW, &l)));
}

int lock_fd_is_held(int fd, enum file_lock kind)
{
	struct flock l = whole(kind);
	int r = result(RETRY(fcntl(fd, F_OFD_GETLK, &l)));

	return r < 0 ? r : l.l_type != F_UNLCK;
}

/* 1 if @name still is the file that @fd is open on, 0 if it was replaced or removed. */
static int is_current(int dirfd, const char *name, int fd)
{
	struct stat here, there;

	if (fstat(fd, &here) < 0)
		return -errno;
	if (fstatat(dirfd, name, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

static int lock_file(int dirfd, const char *name, enum file_lock kind, int (*take)(int, enum file_lock))
{
	for (;;) {
		scoped_fd int fd = RETRY(openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
		int r;

		if (fd < 0)
			return -errno;
		r = take(fd, kind);
		if (r < 0)
			return r;
		r = is_current(dirfd, name, fd);
		if (r != 0)
			return r < 0 ? r : take_fd(&fd);
	}
}

int lock_file_try(int dirfd, const char *name, enum file_lock kind)
{
	return lock_file(dirfd, name, kind, lock_fd_try);
}

int lock_file_wait(int dirfd, const char *name, enum file_lock kind)
{
	return lock_file(dirfd, name, kind, lock_fd_wait);
}

/* ---- directories ---- */

void dir_done(DIR **d)
{
	int saved = errno;

	if (*d)
		closedir(*d);
	*d = NULL;
	errno = saved;
}

int dir_open(int dirfd, const char *path)
{
	return result(RETRY(openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
}

int dir_ensure(int dirfd, const char *path, mode_t mode)
{
	if (mkdirat(dirfd, path, mode) < 0 && errno != EEXIST)
		return -errno;
	return dir_open(dirfd, path);
}

int dir_ensure_all(int dirfd, const char *path, mode_t mode)
{
	char part[LIMIT_PATH];
	size_t n = strlen(path);
	int r = dir_ensure(dirfd, path, mode);

	if (r != -ENOENT)
		return r;
	if (n >= sizeof part)
		return -ENAMETOOLONG;
	memcpy(part, path, n + 1);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdirat(dirfd, part, mode) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return dir_ensure(dirfd, path, mode);
}

/* A stream of the directory that leaves the offset of @dirfd alone. */
static DIR *stream_of(int dirfd)
{
	scoped_fd int fd = RETRY(openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d)
		take_fd(&fd);
	return d;
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

int dir_each(int dirfd, dir_each_fn fn, void *arg)
{
	scoped_dir DIR *d = stream_of(dirfd);

	if (!d)
		return -errno;
	for (;;) {
		struct dirent *entry;
		int r;

		errno = 0;
		entry = readdir(d);
		if (!entry)
			return -errno;
		if (is_dots(entry->d_name))
			continue;
		r = fn(arg, dirfd, entry->d_name, entry->d_type);
		if (r != 0)
			return r;
	}
}

int dir_sync(int dirfd)
{
	scoped_fd int fd = RETRY(openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	return fd < 0 ? -errno : result(fsync(fd));
}

int dir_sync_fs(int dirfd)
{
	scoped_fd int fd = RETRY(openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	return fd < 0 ? -errno : result(syncfs(fd));
}
