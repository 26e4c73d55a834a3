/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * control: what is done to containers that exist: find, kill, pause, delete.
 *
 * Errors: -ENOENT "container does not exist"; ERR_CONFLICT where the status forbids it.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "runtime/state.h"

/* A container that was looked up. The descriptors are owned. */
struct control {
	struct arena *a;
	int root_fd, dir_fd;
	struct state state;
	enum state_status status;
	struct cgroup *cgroup; /* NULL: not opened yet; control_remove opens and closes it */
	int lock;              /* -EBADF: none is held */
};
#define CONTROL_NONE ((struct control){ .root_fd = -EBADF, .dir_fd = -EBADF, .lock = -EBADF })
int control_open(const char *root, const char *id, struct arena *a, struct control *ret, struct err *e);

/* The same for who changes what is kept of it: he waits for others who do, and sees what they have left. */
int control_open_locked(const char *root, const char *id, struct arena *a, struct control *ret, struct err *e);
void control_done(struct control *c);
#define scoped_control SCOPED(control_done)

/*
 * CLONE_NEW* of the namespaces the container has and we have not, for ns_join_pidfd. Without pid and time, which take effect for children only; and
 * without a user namespace that is our own by another name, which the kernel refuses to join.
 */
int control_join_flags(const struct control *c);

/* Sends @sig to init; with @all, or for SIGKILL where init's end does not end the others, to every process. */
int control_kill(const struct control *c, int sig, bool all, struct err *e);

int control_pause(const struct control *c, bool pause, struct err *e);

/* The processes of the container, in the arena. */
int control_pids(const struct control *c, struct cgroup_pids *ret, struct err *e);

/* Removes what create made; a running container only with @force, which also makes a missing one no error. Runs the poststop hooks. */
int control_delete(const char *root, const char *id, bool force, struct arena *a, struct err *e);

/* The same for a container we just waited for: its own descriptors are used. Ends with the directory gone. */
int control_remove(struct control *c, bool force, struct err *e);
