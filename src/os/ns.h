/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * ns: namespaces. One table says what each is called by OCI, by procfs and by clone(2).
 *
 * Errors: -errno. EINTR: does not occur.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* In the order in which they are joined: user first (it grants the rest), mount late (paths change), pid before nothing that forks. */
enum ns_kind { NS_USER, NS_CGROUP, NS_IPC, NS_UTS, NS_NET, NS_PID, NS_TIME, NS_MOUNT, NS_COUNT };

struct ns_row {
	const char *name; /* OCI: "network" */
	const char *proc; /* /proc/PID/ns/…: "net" */
	int flag;         /* CLONE_NEWNET */
};
extern const struct ns_row ns_table[NS_COUNT];

/* The kind with that OCI name. Errors: -EINVAL. */
int ns_find(const char *name);

/* The namespace of a process, through a procfs handle (os/procfs.h) or AT_FDCWD for /proc. Returns owned. */
int ns_open(int procfd, pid_t pid, enum ns_kind kind);

/* A namespace kept at a path (trusted). Errors: -EINVAL if it is none of that kind. Returns owned. */
int ns_open_path(const char *path, enum ns_kind kind);

int ns_join(int fd, enum ns_kind kind);

/* Joins several namespaces of the process behind @pidfd at once (flags CLONE_NEW*), kernel 5.8. */
int ns_join_pidfd(int pidfd, int flags);

/* Goes into the time namespace that unshare made for our children. @procfd as in ns_open. */
int ns_join_own_time(int procfd);

/* unshare(2); @flags are CLONE_NEW*. */
int ns_unshare(int flags);

/* 1 if @fd is the namespace of that kind this process is in, else 0. */
int ns_is_own(int fd, enum ns_kind kind);

/* Whether our network namespace belongs to our user namespace or to one within: links and rules in it are ours to change, given the capabilities. */
bool ns_net_is_ours(void);

/* Whether the user namespace @user was made by somebody in ours, not by somebody in another one below it. */
bool ns_is_child_of_ours(int user);

/* 1 if we are in the initial user namespace (its uid map is the identity over all ids), else 0. Errors: -ENOENT, -EXDEV without a procfs at /proc. */
int ns_is_initial_user(void);

/* ---- id maps ---- */

struct ns_id_map {
	uint32_t inside, outside, size;
};

/* Writes /proc/PID/uid_map or gid_map below @procfd in one write. Errors: -E2BIG for more than 340 rows; -EPERM where newuidmap(1) is needed. */
int ns_write_uid_map(int procfd, pid_t pid, const struct ns_id_map *rows, size_t n);
int ns_write_gid_map(int procfd, pid_t pid, const struct ns_id_map *rows, size_t n);

/* Writes "deny" to /proc/PID/setgroups, which an unprivileged gid_map needs first. */
int ns_deny_setgroups(int procfd, pid_t pid);
