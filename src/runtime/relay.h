/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * relay: in the foreground our signals, our terminal and our service manager are those of the process we wait for.
 *
 * One loop over everything, and nothing in it blocks but poll(2): each direction of the terminal holds one block and reads the next only when that is
 * gone, so a program that does not read its input cannot keep its output from us, and an output that nobody reads costs no time. What a process
 * wrote before its end is read after it; what others that still hold its terminal write then is not waited for.
 *
 * An output that is closed hangs the terminal up, as closing a terminal's window does: the program gets SIGHUP, we go on waiting for it.
 *
 * Ownership: everything is borrowed; our terminal is put back as it was.
 */
#include <sys/types.h>

#include "base/err.h"
#include "runtime/notify.h"

struct relay {
	int pidfd;                   /* of whom we wait for */
	int signals;                 /* a signalfd; what comes there is sent on, but SIGCHLD and SIGPIPE, which are about us */
	int *master;                 /* of the process's terminal; closed (and -EBADF) when our output is; negative: it has none */
	const struct notify *notify; /* NULL or closed: nobody wants to hear of readiness */
};

/* Returns when the process has ended and what it wrote is through. It is not reaped. */
int relay_run(const struct relay *r, struct err *e);
