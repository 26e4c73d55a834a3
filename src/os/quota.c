/* SPDX-License-Identifier: Apache-2.0 */
#include "os/quota.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>

#include "os/mount.h"

#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif

enum { BLOCK = 512 };                /* of struct fs_disk_quota */

/* ---- the call ---------------------------------------------------------------------------------------------------------------------------------- */

/* Before kernel 5.14: by the block device that is mounted. */
static int call_by_device(int fd, unsigned command, uint32_t id, void *arg)
{
	scoped_arena struct arena a = { 0 };
	struct mount_infos list;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	r = mount_read_infos(&a, &list);
	for (size_t i = 0; r == 0 && i < list.n; i++)
		if (makedev(list.v[i].major, list.v[i].minor) == st.st_dev)
			return syscall(SYS_quotactl, command, list.v[i].source, id, arg) < 0 ? -errno : 0;
	return r < 0 ? r : -EOPNOTSUPP;
}

/* TARE_QUOTA_DEVICE, for tests, takes the old way at once. */
static int call(int fd, unsigned what, uint32_t id, void *arg)
{
	unsigned command = QCMD(what, PRJQUOTA);
	int r = -ENOSYS;

	if (!getenv("TARE_QUOTA_DEVICE"))
		r = syscall(SYS_quotactl_fd, fd, command, id, arg) < 0 ? -errno : 0;
	return r == -ENOSYS ? call_by_device(fd, command, id, arg) : r;
}

/* File systems without quotas say so in many words. */
static int require_limits(int fd)
{
	struct fs_quota_statv state = { .qs_version = FS_QSTATV_VERSION1 };
	int r = call(fd, Q_XGETQSTATV, 0, &state);

	if (r == -EPERM || r == -EACCES)
		return r;
	return r == 0 && (state.qs_flags & FS_QUOTA_PDQ_ENFD) ? 0 : -EOPNOTSUPP;
}

/* ---- the interface ------------------------------------------------------------------------------------------------------------------------------ */

int quota_project_of(int fd, uint32_t *ret)
{
	struct fsxattr x;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &x) < 0)
		return errno == ENOTTY ? -EOPNOTSUPP : -errno;
	*ret = x.fsx_projid;
	return 0;
}

int quota_project_assign(int dirfd, uint32_t project)
{
	struct fsxattr x;

	if (ioctl(dirfd, FS_IOC_FSGETXATTR, &x) < 0)
		return errno == ENOTTY ? -EOPNOTSUPP : -errno;
	x.fsx_projid = project;
	x.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	return ioctl(dirfd, FS_IOC_FSSETXATTR, &x) < 0 ? -errno : 0;
}

int quota_read(int fd, uint32_t project, struct quota_usage *ret)
{
	struct fs_disk_quota d = { 0 };
	int r = require_limits(fd);

	if (r == 0)
		r = call(fd, Q_XGETQUOTA, project, &d);
	if (r < 0 && r != -ENOENT)
		return r;
	*ret = (struct quota_usage){ .limit = d.d_blk_hardlimit * BLOCK, .bytes = d.d_bcount * BLOCK, .inodes = d.d_icount };
	return 0;
}

int quota_limit(int fd, uint32_t project, uint64_t bytes)
{
	struct fs_disk_quota d = { .d_version = FS_DQUOT_VERSION, .d_flags = FS_PROJ_QUOTA, .d_fieldmask = FS_DQ_BSOFT | FS_DQ_BHARD, .d_id = project,
		.d_blk_hardlimit = bytes / BLOCK };
	int r = require_limits(fd);

	return r < 0 ? r : call(fd, Q_XSETQLIM, project, &d);
}
