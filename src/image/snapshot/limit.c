/* SPDX-License-Identifier: Apache-2.0 */
#include "image/snapshot/limit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>

#include "base/arena.h"
#include "base/str.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/quota.h"

/* Beyond what people number by hand in /etc/projid, and positive for programs that read an int. */
enum { PROJECT_MIN = 1 << 20, PROJECT_MAX = 0x7fffffff, TRIES = 64 };

#define UPPER "upper"
#define LOCK "limits.lock"

static const char *const directories[] = { UPPER, "work" };

static int failed(const char *root, int r, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	const struct mount_info *m = NULL;
	struct mount_infos list;

	if (r == -EPERM)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: storage-opt size: only root of the host may limit a container's size");
	if (r != -EOPNOTSUPP)
		return err_sys(e, r, "limit a container's size");
	if (mount_read_infos(&a, &list) == 0)
		m = mount_infos_find(&list, root);
	return err_set(e, ERR_UNSUPPORTED, "unsupported: storage-opt size: the file system of '%s' (%s) has no project quotas: mount ext4 with prjquota or xfs with pquota",
		root, m ? m->type : "unknown");
}

/* ---- projects ---------------------------------------------------------------------------------------------------------------------------------- */

/* One that nobody has files in, or a limit for. */
static int project_draw(int fd, uint32_t *ret)
{
	for (int i = 0; i < TRIES; i++) {
		struct quota_usage u;
		uint32_t number;
		int r;

		if (getrandom(&number, sizeof number, 0) != sizeof number)
			return -EIO;
		number = PROJECT_MIN + number % (PROJECT_MAX - PROJECT_MIN);
		r = quota_read(fd, number, &u);
		if (r < 0)
			return r;
		if (u.limit || u.bytes || u.inodes)
			continue;
		*ret = number;
		return 0;
	}
	return -EBUSY;
}

static int project_of(int object, uint32_t *ret)
{
	scoped_fd int upper = dir_open(object, UPPER);

	return upper < 0 ? upper : quota_project_of(upper, ret);
}

/* The directories come first: what they take up is how others see that the number is taken. */
static int project_take(int object, uint64_t bytes)
{
	uint32_t project = 0;
	int r = project_draw(object, &project);

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(directories); i++) {
		scoped_fd int dir = dir_open(object, directories[i]);

		r = dir < 0 ? dir : quota_project_assign(dir, project);
	}
	return r < 0 ? r : quota_limit(object, project, bytes);
}

/* ---- the interface ------------------------------------------------------------------------------------------------------------------------------ */

int limit_make(const char *root, int object, uint64_t bytes, struct err *e)
{
	scoped_fd int dir = dir_open(AT_FDCWD, root);
	scoped_fd int lock = dir < 0 ? dir : lock_file_wait(dir, LOCK, FILE_LOCK_EXCLUSIVE);
	int r = lock < 0 ? lock : project_take(object, bytes);

	return r < 0 ? failed(root, r, e) : 0;
}

int limit_restore(const char *root, int object, uint64_t bytes, struct err *e)
{
	struct quota_usage u = { 0 };
	uint32_t project = 0;
	int r = project_of(object, &project);

	if (r == 0 && project)
		r = quota_read(object, project, &u);
	if (r < 0)
		return failed(root, r, e);
	/* Without a project it came here as a copy from another file system: what it has so far is not counted. */
	if (!project)
		return err_set(e, ERR_CORRUPT, "the container's directories belong to no project, so its size cannot be limited: make it again");
	if (u.limit == bytes / 512 * 512)
		return 0;
	r = quota_limit(object, project, bytes);
	return r < 0 ? failed(root, r, e) : 1;
}

int limit_share(int object, int dirfd)
{
	uint32_t project = 0;
	int r = project_of(object, &project);

	/* No such thing here is no limit here. */
	return r < 0 || !project ? 0 : quota_project_assign(dirfd, project);
}

void limit_drop(int object)
{
	uint32_t project = 0;

	if (project_of(object, &project) == 0 && project)
		quota_limit(object, project, 0);
}
