/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * exec_terminal: the terminal of an exec that may be left: with `--detach-keys`, or in the background from the start (-dt).
 *
 * Usually the runtime stays in the foreground and relays. To leave the program running somebody else must hold its terminal, so here it goes as for a
 * monitor: the runtime sends the master to our socket and ends, the program becomes our child, and we relay.
 *
 *     exec_terminal_open(&t, dirfd, path, a, e)    socket and pid file in the container's live directory; exec_terminal_words() name them
 *     exec_terminal_take(&t, e)                    after the runtime has ended: the master and the program
 *     exec_terminal_relay(&t, io, …)               until it ends or the keys are typed
 *     exec_terminal_leave(&t)                      a small process stays and drains the terminal until its last user is gone
 *     exec_terminal_done(&t)
 */
#include "engine/attach.h"
#include "os/proc.h"

struct exec_terminal {
	int dirfd;                   /* borrowed */
	char name[32];               /* of the socket in it; the pid file has ".pid" behind it */
	const char *socket, *pid_file; /* paths of both */
	int listen, master;          /* owned */
	struct proc proc;            /* the program; the pidfd is owned */
};
#define EXEC_TERMINAL_NONE ((struct exec_terminal){ .dirfd = -9, .listen = -9, .master = -9, .proc = PROC_NONE /* -EBADF */ })

/* @path is that of the directory @dirfd. */
int exec_terminal_open(struct exec_terminal *t, int dirfd, const char *path, struct arena *a, struct err *e);
int exec_terminal_take(struct exec_terminal *t, struct err *e);
int exec_terminal_relay(struct exec_terminal *t, const struct engine_io *io, int *ret_code, bool *ret_left, struct err *e);
int exec_terminal_leave(struct exec_terminal *t, struct err *e);
void exec_terminal_done(struct exec_terminal *t);
