/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * notify: "I am ready" (sd_notify) said inside a container reaches the service manager that started us.
 *
 *     manager ($NOTIFY_SOCKET) <--- READY=1, MAINPID=n, BARRIER=1 --- runtime <--- READY=1 --- program (/run/notify/notify.sock)
 *
 * Whoever is started with NOTIFY_SOCKET set gives the container a socket of its own: a directory of the state is bound read-only on /run/notify, the
 * program finds NOTIFY_SOCKET in its environment. The socket is there while somebody listens: `run` as long as it lives, `start` until the program
 * is ready or has ended. What is passed on is one fixed line: the container chooses when, never what.
 *
 * Ownership: descriptors are the caller's unless said otherwise.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "spec/oci_runtime.h"

/* Adds the mount and the variable to a configuration whose state lies in @root/@id. */
void notify_amend(struct oci_config *c, const char *root, const char *id, struct arena *a);

/* Makes the directory of the socket in the state directory @dir_fd. */
int notify_make(int dir_fd, struct err *e);

/* True if create made one: the container has such a mount. */
bool notify_is_made(int dir_fd);

/* Both ends of the relay. */
struct notify {
	int inner; /* where the container speaks, owned */
	int host;  /* the manager, owned */
};
#define NOTIFY_NONE ((struct notify){ -EBADF, -EBADF })
void notify_done(struct notify *n);
#define scoped_notify SCOPED(notify_done)

/* Listens in the state directory and connects to the manager at @host: a path, or "@name". */
int notify_open(int dir_fd, const char *host, struct notify *ret, struct err *e);

/* Takes what the container has said. 1: it is ready, and the manager knows that by the name @main_pid. 0: not yet. */
int notify_take(const struct notify *n, pid_t main_pid, struct err *e);

/* Waits until the container is ready and the manager has seen it (at most 30 s), or the process behind @pidfd has ended. */
int notify_wait(const struct notify *n, int pidfd, pid_t main_pid, struct err *e);
