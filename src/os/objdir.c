/* SPDX-License-Identifier: Apache-2.0 */
#include "os/objdir.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/str.h"
#include "base/text.h"
#include "os/internal.h"
#include "os/proc.h"

enum {
	TRIES = 16,        /* a sweeper may take a hidden name from its maker before the lock is on it; the maker takes another */
	MAX_NAME = 255,
};
#define LOCK "lock"
#define FINISHED "finished\n"
#define FINISHED_VOLATILE "finished volatile\n"
#define BORN ".new-"
#define DYING ".old-"

static unsigned sync_flag(unsigned flags)
{
	return flags & OBJDIR_VOLATILE ? 0 : FILE_SYNC;
}

static void hidden_name(const char *prefix, char ret[OBJDIR_HIDDEN])
{
	unsigned char random[8];
	char hex[2 * sizeof random + 1];

	proc_random(random, sizeof random);
	text_hex(random, sizeof random, hex);
	snprintf(ret, OBJDIR_HIDDEN, "%s%s", prefix, hex);
}

bool objdir_name_is_valid(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-:@+%=,";
	size_t n = strspn(name, allowed);

	return n > 0 && !name[n] && n <= MAX_NAME && name[0] != '.';
}

int objdir_open(struct objdir *d, int dirfd, const char *path, unsigned flags)
{
	char parent[LIMIT_PATH];
	const char *slash = strrchr(path, '/');
	int fd = dir_ensure(dirfd, path, 0700);

	if (fd == -ENOENT && slash && slash > path && (size_t)(slash - path) < sizeof parent) {
		memcpy(parent, path, (size_t)(slash - path));
		parent[slash - path] = 0;
		fd_close(dir_ensure_all(dirfd, parent, 0711));
		fd = dir_ensure(dirfd, path, 0700);
	}
	if (fd < 0)
		return fd;
	*d = (struct objdir){ .fd = fd, .flags = flags };
	return 0;
}

void objdir_done(struct objdir *d)
{
	fd_done(&d->fd);
}

/* ---- objects that are directories ---- */

void object_done(struct object *o)
{
	fd_done(&o->fd);
	fd_done(&o->lock);
}

/* 1 if @name still is the directory @fd. */
static int is_current(const struct objdir *d, const char *name, int fd)
{
	struct stat here, there;

	if (fstat(fd, &here) < 0)
		return -errno;
	if (fstatat(d->fd, name, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

static int open_dir(const struct objdir *d, const char *name)
{
	return result(RETRY(openat(d->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)));
}

/* Makes a locked directory under a hidden name. Errors: -ENOENT, -EAGAIN, -EEXIST: a sweeper was quicker, try another name. */
static int make_hidden(const struct objdir *d, const char *hidden, struct object *ret)
{
	scoped_object struct object o = OBJECT_NONE;
	int r = result(mkdirat(d->fd, hidden, 0700));

	if (r < 0)
		return r;
	o.fd = open_dir(d, hidden);
	if (o.fd < 0)
		return o.fd;
	o.lock = result(RETRY(openat(o.fd, LOCK, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)));
	if (o.lock < 0)
		return o.lock;
	r = lock_fd_try(o.lock, FILE_LOCK_EXCLUSIVE);
	if (r < 0)
		return r;
	*ret = (struct object){ .fd = take_fd(&o.fd), .lock = take_fd(&o.lock) };
	return 0;
}

int object_create_hidden(const struct objdir *d, unsigned flags, struct object *ret, char hidden[OBJDIR_HIDDEN])
{
	int r = -EEXIST;

	for (int i = 0; i < TRIES && (r == -EAGAIN || r == -EEXIST || r == -ENOENT); i++) {
		hidden_name(BORN, hidden);
		r = make_hidden(d, hidden, ret);
	}
	if (r == 0)
		ret->flags = d->flags | flags;
	else
		dir_remove_tree(d->fd, hidden);
	return r;
}

/* Some file systems cannot exchange; then there is a moment without. */
static int name_take_over(const struct objdir *d, const char *hidden, const char *name, const struct object *old)
{
	enum { EXCHANGE = 2 }; /* RENAME_EXCHANGE; musl has neither the call nor the word */
	int r = result(syscall(SYS_renameat2, d->fd, hidden, d->fd, name, EXCHANGE));

	if (r != -EINVAL && r != -EXDEV)
		return r;
	r = object_remove(d, name, old);
	return r < 0 ? r : file_rename_new(d->fd, hidden, name);
}

int object_appear(const struct objdir *d, const char *hidden, const char *name, const struct object *o, const struct object *old)
{
	int r = -EINVAL;

	if (objdir_name_is_valid(name))
		r = old ? name_take_over(d, hidden, name, old) : file_rename_new(d->fd, hidden, name);
	if (r == 0 && !(o->flags & OBJDIR_VOLATILE))
		r = dir_sync(d->fd);
	if (r == 0 && old)
		dir_remove_tree(d->fd, hidden); /* what had the name */
	return r;
}

int object_create(const struct objdir *d, const char *name, unsigned flags, struct object *ret)
{
	scoped_object struct object o = OBJECT_NONE;
	char hidden[OBJDIR_HIDDEN];
	int r = -EINVAL;

	if (!objdir_name_is_valid(name))
		return -EINVAL;
	for (int i = 0; i < TRIES; i++) {
		hidden_name(BORN, hidden);
		object_done(&o);
		r = make_hidden(d, hidden, &o);
		if (r == -EAGAIN || r == -EEXIST || r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		r = file_rename_new(d->fd, hidden, name);
		if (r != -ENOENT)
			break;
	}
	if (r < 0) {
		dir_remove_tree(d->fd, hidden);
		return r;
	}
	o.flags = d->flags | flags;
	r = o.flags & OBJDIR_VOLATILE ? 0 : dir_sync(d->fd);
	if (r < 0) {
		object_remove(d, name, &o);
		return r;
	}
	*ret = (struct object){ .fd = take_fd(&o.fd), .lock = take_fd(&o.lock), .flags = o.flags };
	return 0;
}

int object_open(const struct objdir *d, const char *name, struct object *ret)
{
	int fd;

	if (!objdir_name_is_valid(name))
		return -EINVAL;
	fd = open_dir(d, name);
	if (fd < 0)
		return fd;
	*ret = (struct object){ .fd = fd, .lock = -EBADF, .flags = d->flags };
	return 0;
}

/* A finished object remembers that it needs no syncing; of an unfinished one we do not know, so it is synced. */
static unsigned remembered_flags(int lock)
{
	char text[sizeof FINISHED_VOLATILE];
	ssize_t n = RETRY(pread(lock, text, sizeof text, 0));

	return n == (ssize_t)strlen(FINISHED_VOLATILE) && memcmp(text, FINISHED_VOLATILE, (size_t)n) == 0 ? OBJDIR_VOLATILE : 0;
}

int object_open_locked(const struct objdir *d, const char *name, bool wait, struct object *ret)
{
	for (;;) {
		scoped_object struct object o = OBJECT_NONE;
		int r = object_open(d, name, &o);

		if (r < 0)
			return r;
		o.lock = (wait ? lock_file_wait : lock_file_try)(o.fd, LOCK, FILE_LOCK_EXCLUSIVE);
		if (o.lock < 0 && o.lock != -ENOENT) /* -ENOENT: the directory died meanwhile */
			return o.lock;
		r = o.lock < 0 ? 0 : is_current(d, name, o.fd);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		o.flags |= remembered_flags(o.lock);
		*ret = (struct object){ .fd = take_fd(&o.fd), .lock = take_fd(&o.lock), .flags = o.flags };
		return 0;
	}
}

int object_read(const struct object *o, const char *file, size_t max, struct arena *a, char **ret, size_t *ret_n)
{
	return objdir_name_is_valid(file) ? file_read(o->fd, file, max, a, ret, ret_n) : -EINVAL;
}

int object_write(const struct object *o, const char *file, const void *p, size_t n)
{
	if (!objdir_name_is_valid(file) || streq(file, LOCK))
		return -EINVAL;
	return file_replace(o->fd, file, p, n, 0600, sync_flag(o->flags));
}

int object_finish(const struct object *o)
{
	const char *word = o->flags & OBJDIR_VOLATILE ? FINISHED_VOLATILE : FINISHED;

	if (o->lock < 0)
		return -EBADF;
	if (RETRY(pwrite(o->lock, word, strlen(word), 0)) < 0)
		return -errno;
	return o->flags & OBJDIR_VOLATILE ? 0 : result(fdatasync(o->lock));
}

bool object_is_finished(const struct object *o)
{
	struct stat s;

	return fstatat(o->fd, LOCK, &s, AT_SYMLINK_NOFOLLOW) == 0 && s.st_size > 0;
}

int object_remove(const struct objdir *d, const char *name, const struct object *o)
{
	char hidden[OBJDIR_HIDDEN];
	int r;

	if (!objdir_name_is_valid(name))
		return -EINVAL;
	if (o->lock < 0)
		return -EBADF;
	r = is_current(d, name, o->fd);
	if (r <= 0)
		return r; /* gone already */
	hidden_name(DYING, hidden);
	if (renameat(d->fd, name, d->fd, hidden) < 0)
		return errno == EBUSY ? -EXDEV : -errno;
	r = dir_remove_tree(d->fd, hidden);
	if (r == 0 && !(o->flags & OBJDIR_VOLATILE))
		r = dir_sync(d->fd);
	return r;
}

/* ---- objects that are one file ---- */

int objdir_read(const struct objdir *d, const char *name, size_t max, struct arena *a, char **ret, size_t *ret_n)
{
	return objdir_name_is_valid(name) ? file_read(d->fd, name, max, a, ret, ret_n) : -EINVAL;
}

int objdir_write(const struct objdir *d, const char *name, const void *p, size_t n)
{
	return objdir_name_is_valid(name) ? file_replace(d->fd, name, p, n, 0600, sync_flag(d->flags)) : -EINVAL;
}

int objdir_create(const struct objdir *d, const char *name, const void *p, size_t n)
{
	if (!objdir_name_is_valid(name))
		return -EINVAL;
	return file_replace(d->fd, name, p, n, 0600, sync_flag(d->flags) | FILE_NOREPLACE);
}

int objdir_remove(const struct objdir *d, const char *name)
{
	if (!objdir_name_is_valid(name))
		return -EINVAL;
	if (unlinkat(d->fd, name, 0) < 0)
		return -errno;
	return d->flags & OBJDIR_VOLATILE ? 0 : dir_sync(d->fd);
}

/* ---- reservations ---- */

int objdir_link(const struct objdir *d, const char *name, const char *target, unsigned flags)
{
	if (!objdir_name_is_valid(name) || !*target)
		return -EINVAL;
	if (symlinkat(target, d->fd, name) < 0)
		return -errno;
	return (d->flags | flags) & OBJDIR_VOLATILE ? 0 : dir_sync(d->fd);
}

int objdir_link_read(const struct objdir *d, const char *name, struct arena *a, char **ret)
{
	char text[LIMIT_PATH];
	ssize_t n;

	if (!objdir_name_is_valid(name))
		return -EINVAL;
	n = readlinkat(d->fd, name, text, sizeof text);
	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof text)
		return -ENAMETOOLONG;
	*ret = arena_strndup(a, text, (size_t)n);
	return 0;
}

int objdir_unlink(const struct objdir *d, const char *name, const char *target)
{
	scoped_arena struct arena a = { 0 };
	char *now;
	int r = objdir_link_read(d, name, &a, &now);

	if (r == -ENOENT || (r == 0 && !streq(now, target)))
		return 0;
	if (r < 0)
		return r;
	return unlinkat(d->fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* ---- all of them ---- */

struct each {
	objdir_each_fn fn;
	void *arg;
};

static int each_visible(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	const struct each *e = arg;

	(void)dirfd, (void)d_type;
	return objdir_name_is_valid(name) ? e->fn(e->arg, name) : 0;
}

int objdir_each(const struct objdir *d, objdir_each_fn fn, void *arg)
{
	struct each e = { fn, arg };

	return dir_each(d->fd, each_visible, &e);
}

struct sweep {
	const struct objdir *d;
	objdir_abandoned_fn fn;
	void *arg;
};

/*
 * Removes a hidden directory whose maker or remover is dead. Whoever is alive holds its lock, but for the moment in which a maker has the directory and
 * not yet the lock: it is taken from the maker by name first, so what we remove can never become an object.
 */
static void sweep_hidden(const struct objdir *d, const char *name)
{
	scoped_fd int fd = open_dir(d, name);
	scoped_fd int lock = fd < 0 ? fd : lock_file_try(fd, LOCK, FILE_LOCK_EXCLUSIVE);
	char dying[OBJDIR_HIDDEN];

	hidden_name(DYING, dying);
	if (lock >= 0 && renameat(d->fd, name, d->fd, dying) == 0)
		dir_remove_tree(d->fd, dying);
}

static int sweep_one(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	const struct sweep *s = arg;
	scoped_object struct object o = OBJECT_NONE;
	int r;

	(void)dirfd;
	if (str_after(name, BORN) || str_after(name, DYING)) {
		sweep_hidden(s->d, name);
		return 0;
	}
	if (d_type != DT_DIR && d_type != DT_UNKNOWN)
		return 0;
	r = object_open(s->d, name, &o);
	if (r < 0)
		return r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EINVAL ? 0 : r;
	if (object_is_finished(&o))
		return 0;
	object_done(&o);
	r = object_open_locked(s->d, name, false, &o);
	if (r < 0)
		return r == -EAGAIN || r == -ENOENT ? 0 : r;
	return object_is_finished(&o) ? 0 : s->fn(s->arg, name, &o);
}

int objdir_each_abandoned(const struct objdir *d, objdir_abandoned_fn fn, void *arg)
{
	struct sweep s = { d, fn, arg };

	return dir_each(d->fd, sweep_one, &s);
}
