/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * terminal: the container's console.
 *
 * The pair is made from the container's own devpts, reached by descriptor and checked to be one; the slave is opened through the master
 * (TIOCGPTPEER), never by its path (CVE-2025-52565). The master goes out by SCM_RIGHTS, the slave is bound on /dev/console and becomes stdio.
 */
#include <stdbool.h>

#include <sys/types.h>

#include "base/err.h"
#include "os/pty.h"
#include "spec/oci_runtime.h"

struct terminal {
	int master, slave; /* owned */
};
#define TERMINAL_NONE ((struct terminal){ -EBADF, -EBADF })

/* Makes the pair from <root>/dev/pts/ptmx, with the configured size, else that of the terminal we were called on: a program may ask at once. */
int terminal_make(int root, const struct oci_box *size, struct terminal *ret, struct err *e);

/* Binds the slave on <root>/dev/console. */
int terminal_bind_console(int root, const struct terminal *t, struct err *e);

/* Makes the slave stdin, stdout, stderr and the controlling terminal of this session, owned by @uid. */
int terminal_attach(int slave, uid_t uid, struct err *e);

/* Connects to --console-socket. Returns owned. */
int terminal_connect(const char *path, struct err *e);

/* Sends the master over that connection, as runc does. */
int terminal_send(int sock, int master, struct err *e);
