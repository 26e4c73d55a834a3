/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * stdio: the descriptors between a container and its monitor: three pipes, or one terminal.
 *
 * stdio_open makes both sides before the runtime is called; `theirs` are what the runtime passes on to the container, and are closed as soon as
 * it has them. A terminal is made by the runtime inside the container's own devpts and sent to our console socket. Ours never block, theirs do.
 */
#include "base/err.h"
#include "os/proc.h"
#include "spec/monitor.h"

struct stdio {
	int in, out, err;            /* ours, owned; -EBADF: there is none (any more). With a terminal in and out are the master */
	int theirs[3];               /* owned until stdio_close_theirs; the first is the null device unless stdin_open */
	int console;                 /* listening socket, owned, until the master came */
	bool terminal;
};
#define STDIO_NONE ((struct stdio){ .in = -9, .out = -9, .err = -9, .theirs = { -9, -9, -9 }, .console = -9 /* -EBADF */ })

/* Makes our side and theirs. The console socket is MONITOR_CONSOLE in @dirfd. */
int stdio_open(struct stdio *s, const struct monitor_config *c, int dirfd, struct err *e);

/* Driver passthrough: keeps our own 0, 1 and 2 as `theirs`, before they are replaced; stdio_open then makes nothing. */
int stdio_inherit(struct stdio *s);

/* Fills what the runtime's process gets as 0, 1 and 2. */
void stdio_theirs(const struct stdio *s, struct proc_fd ret[3]);
void stdio_close_theirs(struct stdio *s);

/* Takes the terminal the runtime has sent. Errors: ERR_PRECONDITION it sent none. */
int stdio_accept_console(struct stdio *s, const struct monitor_config *c, int dirfd, struct err *e);

void stdio_close(struct stdio *s);
