/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * procfs: reading and writing /proc so that nobody can put something else in its place (CVE-2019-16884, CVE-2025-52881).
 *
 * procfs_open() gives a handle on a private procfs instance that is mounted nowhere: fsopen("proc") where we may; else a private clone of
 * /proc alone (open_tree); else /proc itself. Each is checked to be the root of a procfs. Everything opened through the handle stays on that
 * mount, so a tmpfs or file mounted over an entry is never met (private instance) or is an error (-EXDEV). Links are not followed, but for
 * "self" and "thread-self", which procfs itself makes.
 * Errors: -errno; -EXDEV as above. EINTR: retried.
 */
#include <stddef.h>
#include <sys/types.h>

/* Returns the handle, owned. It sees the pid namespace of the caller. */
int procfs_open(void);

/* Opens @path ("self/attr/exec", "sys/net/ipv4/ip_forward", "123/ns/net" not: that is a magic link) below the handle. Returns owned. */
int procfs_open_at(int procfd, const char *path, int flags);

/* One write(2) of @text; a short text read, without its last newline (-E2BIG if it does not fit). */
int procfs_write(int procfd, const char *path, const char *text);
int procfs_read(int procfd, const char *path, char *ret, size_t size);
