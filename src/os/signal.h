/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * signal: names and numbers, and signals as descriptors.
 *
 * Real-time signals are RTMIN, RTMIN+n, RTMAX-n, RTMAX over the kernel's range as libc shows it (34 … 64).
 * Errors: -errno. EINTR: does not occur.
 */
#include <signal.h>
#include <stddef.h>

enum { SIGNAL_NAME_SIZE = 16 };

/* "TERM", "SIGTERM", "sigterm", "15", "RTMIN+3"; the whole string. Errors: -EINVAL; -ERANGE a number no signal has. 0 is no signal. */
int signal_parse(const char *s, int *ret);

/* "SIGTERM", "SIGRTMIN+3"; the number itself for what has no name. Returns @ret. */
const char *signal_name(int signal, char ret[SIGNAL_NAME_SIZE]);

/* Blocks the listed signals for this thread and gives them as a signalfd (non-blocking, owned). @n == 0: every signal that can be blocked. */
int signal_fd(const int *signals, size_t n);

/* Takes one signal from it. Errors: -EAGAIN if none is there. */
struct signalfd_siginfo;
int signal_fd_read(int fd, struct signalfd_siginfo *ret);

/* Puts a mask back. */
int signal_restore(const sigset_t *old);

/* Empty mask and default action for every signal: before a foreign program is executed. */
int signal_reset(void);

/* Ignores SIGPIPE, as every program of ours does: a lost peer is -EPIPE. */
int signal_ignore_pipe(void);
