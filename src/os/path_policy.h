/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * path_policy: the ways in which a path may be resolved (os/path_safe.h does it), and what file system a descriptor really lies on.
 *
 * Errors: -errno. EINTR: retried.
 */
enum path_policy {
	PATH_IN_ROOT,             /* as after chroot: absolute links and ".." stay inside; for container trees */
	PATH_IN_ROOT_NO_XDEV,     /* … and never onto another mount */
	PATH_BENEATH,             /* leaving is an error (-EXDEV), links that stay beneath are followed */
	PATH_BENEATH_NO_XDEV,     /* … and never onto another mount; for procfs and cgroupfs handles */
	PATH_NO_SYMLINKS,         /* beneath, and any link is an error (-ELOOP) */
	PATH_NO_SYMLINKS_NO_XDEV, /* … and never onto another mount */
	PATH_POLICY_COUNT,
};

/* ---- what is this descriptor really on? ---- */

enum path_fs { PATH_FS_PROC, PATH_FS_SYSFS, PATH_FS_CGROUP, PATH_FS_CGROUP2, PATH_FS_TMPFS, PATH_FS_OVERLAY, PATH_FS_DEVPTS, PATH_FS_BPF, PATH_FS_NSFS };

/* 0 if @fd lies on that file system. Errors: -EXDEV if on another. */
int path_check_fs(int fd, enum path_fs fs);

/* Which cgroup file system @fd lies on: 1 or 2. Errors: -EXDEV if on another. */
int path_cgroup_version(int fd);
