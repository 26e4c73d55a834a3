/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * proc: starting, watching and naming processes. A process is held by a pidfd, so a number used again is never signalled.
 *
 * Errors: -errno. EINTR: waits are retried (with what is left of the timeout).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bitlist.h"
#include "base/scope.h"

/* ---- starting ---- */

/* A child. @pidfd is owned. `scoped_proc` kills and reaps what is left at the end of the scope. */
struct proc {
	pid_t pid;
	int pidfd;
};
#define PROC_NONE ((struct proc){ .pid = 0, .pidfd = -9 /* -EBADF */ })
void proc_done(struct proc *p);
#define scoped_proc SCOPED(proc_done)

/* @fd of the parent becomes @as in the child. */
struct proc_fd {
	int fd, as;
};

/*
 * What to start. Descriptors named in @fds are there under their new numbers; stdin, stdout and stderr not named there are the
 * parent's; all others are closed. The signal mask is empty; SIGPIPE and SIGCHLD are back to default; other ignored signals stay ignored.
 */
struct proc_spawn {
	const char *path;          /* what to execute; no search */
	int exec_fd;               /* instead of path, if path is NULL; borrowed as all of these */
	char *const *argv;
	char *const *envp;         /* NULL: the parent's */
	const struct proc_fd *fds;
	size_t n_fds;              /* at most PROC_MAX_FDS */
	int cwd_fd;                /* 0 or negative: the parent's (standard input is no directory) */
	bool setsid;
	int death_signal;          /* sent when the parent dies; 0: none */
};
enum { PROC_MAX_FDS = 16 };
#define PROC_SPAWN(...) ((struct proc_spawn){ __VA_ARGS__ })

/* Starts it (vfork-like: no copy of our memory). Returns after the exec. Errors: those of the failed step in the child, too: -ENOENT no such program. */
int proc_spawn(const struct proc_spawn *s, struct proc *ret);

/*
 * fork with flags: @flags are CLONE_NEW*, CLONE_PARENT; @cgroup_fd a cgroup v2 directory to be born in, or negative. Returns the pid in the
 * parent and 0 in the child, as fork. @ret_pidfd (may be NULL) is set in the parent only, owned. No atfork handlers run: single-threaded callers only.
 * Errors: -ENOSYS if @cgroup_fd was asked for and clone3 is missing.
 */
pid_t proc_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd);

/* ---- holding ---- */

int proc_open(pid_t pid);                /* pidfd, owned. Errors: -ESRCH */
int proc_signal(int pidfd, int signal);  /* Errors: -ESRCH */

/* How a process ended: @signal is 0 if it exited with @code. */
struct proc_exit {
	int code, signal;
	bool core;
};

/* The number a shell gives it: code, or 128 + signal. */
int proc_exit_number(const struct proc_exit *x);

/* Waits for a child of ours and reaps it. @timeout_ms < 0: for ever. Errors: -ETIMEDOUT; -ECHILD no child of ours. */
int proc_wait(int pidfd, int timeout_ms, struct proc_exit *ret);

/* Waits until the process behind the pidfd has ended, whoever its parent is. Reaps nothing. Errors: -ETIMEDOUT. */
int proc_wait_end(int pidfd, int timeout_ms);

/* Reaps any one child that has ended. Returns its pid, or 0 if none has. Errors: -ECHILD no children at all. */
pid_t proc_reap_any(struct proc_exit *ret);

/* ---- naming ---- */

struct proc_stat {
	pid_t pid, parent, group, session;
	char state;                      /* R S D Z T … */
	uint64_t start_ticks;            /* since boot; with the pid it names a process for good */
};

/* Reads /proc/PID/stat. Errors: -ESRCH. */
int proc_stat_read(pid_t pid, struct proc_stat *ret);

/* Parses the text of that file; the name in it may hold anything. Errors: -EBADMSG. */
int proc_stat_parse(const char *text, struct proc_stat *ret);

/* True if @pid is alive (no zombie) and started at @start_ticks. */
bool proc_is_alive(pid_t pid, uint64_t start_ticks);

/* Opens a pidfd and checks that the process is the one that started at @start_ticks. Errors: -ESRCH if it is gone or another. */
int proc_open_checked(pid_t pid, uint64_t start_ticks);

/* ---- the process itself ---- */

int proc_set_subreaper(bool on);
int proc_set_dumpable(bool on);
int proc_set_no_new_privs(void);
int proc_set_death_signal(int signal);

/* The processors this thread and its children to come may run on. Those the host has not are left out. Errors: -EINVAL if none is left. */
int proc_set_affinity(const struct bitlist *cpus);

/* Unpredictable bytes; never fails on a booted system. */
void proc_random(void *p, size_t n);

/* CLOCK_MONOTONIC and CLOCK_BOOTTIME in nanoseconds. */
uint64_t proc_now_ns(void);
