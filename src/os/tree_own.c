/* SPDX-License-Identifier: Apache-2.0 */
#include "os/tree_own.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/file.h"

enum { CAPABILITY_SIZE = 24 };

static const char capability[] = "security.capability";

struct owning {
	const struct userns_maps *maps;
	int depth;
	struct arena a;
	struct VEC(ino_t) linked;        /* files with several names that were met */
};

static uint32_t mapped(const struct ns_id_map *rows, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++) {
		if (id >= rows[i].inside && id - rows[i].inside < rows[i].size)
			return rows[i].outside + (id - rows[i].inside);
	}
	return id;
}

static bool was_met(struct owning *o, const struct stat *st)
{
	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return false;
	for (size_t i = 0; i < o->linked.n; i++) {
		if (o->linked.v[i] == st->st_ino)
			return true;
	}
	*vec_push(&o->a, &o->linked) = st->st_ino;
	return false;
}

/* Regular files lose their set-id bits and capabilities with their owner. */
static int file_own(int dirfd, const char *name, const struct stat *st, uid_t uid, gid_t gid)
{
	scoped_fd int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char caps[CAPABILITY_SIZE];
	ssize_t n = fd < 0 ? -1 : fgetxattr(fd, capability, caps, sizeof caps);

	if (fd < 0)
		return -errno;
	if (fchown(fd, uid, gid) < 0 || (st->st_mode & 06000 && fchmod(fd, st->st_mode & 07777) < 0))
		return -errno;
	return n > 0 && fsetxattr(fd, capability, caps, (size_t)n, 0) < 0 ? -errno : 0;
}

static int own(struct owning *o, int dirfd, const char *name);

static int visit(void *arg, int dirfd, const char *name, unsigned char type)
{
	return own(arg, dirfd, name);
}

static int directory_own(struct owning *o, int dirfd, const char *name)
{
	scoped_fd int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	if (++o->depth > LIMIT_TREE_DEPTH)
		return -ELOOP;
	r = dir_each(fd, visit, o);
	o->depth--;
	return r;
}

static int own(struct owning *o, int dirfd, const char *name)
{
	struct stat st;
	uid_t uid;
	gid_t gid;
	int r = 0;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (o->linked.n > LIMIT_TREE_LINKED)
		return -E2BIG;
	if (was_met(o, &st))
		return 0;
	uid = mapped(o->maps->uids, o->maps->n_uids, st.st_uid);
	gid = mapped(o->maps->gids, o->maps->n_gids, st.st_gid);
	if (S_ISDIR(st.st_mode))
		r = directory_own(o, dirfd, name);
	if (r == 0 && S_ISREG(st.st_mode))
		return file_own(dirfd, name, &st, uid, gid);
	if (r == 0 && fchownat(dirfd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return r == 0 && S_ISDIR(st.st_mode) && st.st_mode & 06000 && fchmodat(dirfd, name, st.st_mode & 07777, 0) < 0 ? -errno : r;
}

int tree_own(int dirfd, const struct userns_maps *maps)
{
	struct owning o = { .maps = maps };
	int r = own(&o, dirfd, ".");

	arena_done(&o.a);
	return r;
}
