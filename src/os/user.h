/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * user: who "name:group" is, by the passwd and group files of a container. No NSS; the files are hostile.
 *
 * What begins with a digit or a sign is an id or an error, never a name (a passwd line may call itself "0" or "-1"). Files are capped at LIMIT_PASSWD; longer ones are an error. Lines that make
 * no sense are passed over, as libc does. The first line that fits wins.
 * Errors: -ENOENT no such user or group; -EINVAL a malformed specification; -ERANGE an id that is none; -E2BIG file too long.
 */
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"

enum { USER_MAX_GROUPS = 1024 };

struct user {
	uid_t uid;
	gid_t gid;
	const char *name;    /* "" if there is no passwd line */
	const char *home;    /* "/" if there is no passwd line */
	const char *shell;   /* "" if there is no passwd line */
	gid_t *groups;       /* supplementary: only where no group was named */
	size_t n_groups;     /* at most USER_MAX_GROUPS; the rest is passed over */
};

/*
 * Resolves "user", "uid", "user:group", "uid:gid" or "" (root). @passwd_fd and @group_fd are borrowed and read from their start; negative if the
 * file does not exist (ids still work). Strings are in the arena.
 */
int user_resolve(int passwd_fd, int group_fd, const char *spec, struct arena *a, struct user *ret);

/* The id of one group given by name or number, for --group-add. */
int user_find_group(int group_fd, const char *group, gid_t *ret);
