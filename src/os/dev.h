/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * dev: devices that are what they claim to be. A masked path is covered by a null that was checked on the very descriptor that is
 * mounted (CVE-2025-31133).
 *
 * Errors: -errno; -ENXIO if it is another device or none. EINTR: retried.
 */
#include <sys/types.h>

/* Opens @path below @dirfd (trusted) without following a last link and checks that it is the character device major:minor. Returns owned. */
int dev_open(int dirfd, const char *path, int flags, unsigned major, unsigned minor);

/* The null device 1:3 of the host, O_PATH with flags 0, or opened with O_RDWR and the like. */
int dev_open_null(int flags);

/* 0 if @fd is that character (S_IFCHR) or block (S_IFBLK) device. */
int dev_check(int fd, mode_t type, unsigned major, unsigned minor);
