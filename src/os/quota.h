/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * quota: project quotas: how much the files below a directory may take together. ext4 mounted with prjquota, xfs with pquota.
 *
 * A project is a number that a file carries; a directory can pass it on to what is made in it. The file system counts per project and keeps the limit.
 * Errors: -errno; -EOPNOTSUPP where the file system has no project quotas or does not enforce them. Setting needs CAP_SYS_ADMIN in the initial user namespace.
 */
#include <stdbool.h>
#include <stdint.h>

struct quota_usage {
	uint64_t limit;              /* bytes; 0: none */
	uint64_t bytes, inodes;      /* in use */
};

/* The project of an open file or directory; 0: none. */
int quota_project_of(int fd, uint32_t *ret);

/* Makes the directory and what will be made in it belong to @project. */
int quota_project_assign(int dirfd, uint32_t project);

/* What the project has on the file system of @fd, and its limit; all zero if nobody has heard of it. */
int quota_read(int fd, uint32_t project, struct quota_usage *ret);

/* Limits it to @bytes, rounded down to blocks of 512; 0 takes the limit away. */
int quota_limit(int fd, uint32_t project, uint64_t bytes);
