/* SPDX-License-Identifier: Apache-2.0 */
#include "os/path_policy.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include "os/internal.h"

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif

int path_check_fs(int fd, enum path_fs fs)
{
	static const unsigned long magics[] = {
		[PATH_FS_PROC] = PROC_SUPER_MAGIC,
		[PATH_FS_SYSFS] = SYSFS_MAGIC,
		[PATH_FS_CGROUP] = CGROUP_SUPER_MAGIC,
		[PATH_FS_CGROUP2] = CGROUP2_SUPER_MAGIC,
		[PATH_FS_TMPFS] = TMPFS_MAGIC,
		[PATH_FS_OVERLAY] = OVERLAYFS_SUPER_MAGIC,
		[PATH_FS_DEVPTS] = DEVPTS_SUPER_MAGIC,
		[PATH_FS_BPF] = BPF_FS_MAGIC,
		[PATH_FS_NSFS] = NSFS_MAGIC,
	};
	struct statfs s;

	if (RETRY(fstatfs(fd, &s)) < 0)
		return -errno;
	return (unsigned long)s.f_type == magics[fs] ? 0 : -EXDEV;
}

int path_cgroup_version(int fd)
{
	struct statfs s;

	if (RETRY(fstatfs(fd, &s)) < 0)
		return -errno;
	return s.f_type == CGROUP_SUPER_MAGIC ? 1 : s.f_type == CGROUP2_SUPER_MAGIC ? 2 : -EXDEV;
}
