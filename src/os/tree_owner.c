/* SPDX-License-Identifier: Apache-2.0 */
#include "os/tree_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"
#include "os/file.h"

struct giving {
	uid_t uid;
	gid_t gid;
	dev_t dev;
	unsigned depth;
};

static int entry_give(void *arg, int dirfd, const char *name, unsigned char d_type);

static int directory_give(struct giving *g, int dirfd)
{
	int r;

	if (++g->depth > LIMIT_TREE_DEPTH)
		return -ELOOP;
	r = dir_each(dirfd, entry_give, g);
	g->depth--;
	return r;
}

static int entry_give(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	struct giving *g = arg;
	scoped_fd int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), sub = -EBADF;
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_dev != g->dev)
		return 0;
	if ((st.st_uid != g->uid || st.st_gid != g->gid) && fchownat(fd, "", g->uid, g->gid, AT_EMPTY_PATH) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return 0;
	sub = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return sub < 0 ? -errno : directory_give(g, sub);
}

int tree_owner_set(int fd, uid_t uid, gid_t gid)
{
	struct giving g = { .uid = uid, .gid = gid };
	scoped_fd int dir = -EBADF;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	g.dev = st.st_dev;
	if ((st.st_uid != uid || st.st_gid != gid) && fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return 0;
	dir = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -errno : directory_give(&g, dir);
}
