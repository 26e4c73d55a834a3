/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * invoke: calls the OCI runtime as a program (runc, crun, ours: anything with runc's command line), one call at a time.
 *
 * A call is started here, ends when the caller reaps its process, and is judged by invoke_result. What the runtime logged last at level error
 * (--log FILE --log-format json) becomes the message; if it says that the container's own program could not be executed, the errno is ENOENT or
 * EACCES, as a shell would see it.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "monitor/stdio.h"
#include "os/proc.h"
#include "spec/monitor.h"

struct invoke {
	const struct monitor_config *config;
	int dirfd;                   /* run_dir, borrowed */
	const char *program;         /* absolute path of the runtime */
	bool seals;                  /* it is tare-runtime, which runs from a sealed image of itself */
	const char *verb;            /* of the call under way; NULL: none */
	struct proc proc;
};

/* @config, @dirfd and @a are borrowed for good. Errors: ERR_NOT_FOUND no such runtime. */
int invoke_init(struct invoke *v, const struct monitor_config *config, int dirfd, struct arena *a, struct err *e);

/* Start the calls. `create` passes the container's streams on. */
int invoke_create(struct invoke *v, const struct stdio *s, struct err *e);
int invoke_start(struct invoke *v, struct err *e);
int invoke_delete(struct invoke *v, struct err *e);

/* Runs a process of the document @process (a path) in the container, with @fds, beside the call under way; its pid goes to @pid_file in run_dir. The
 * runtime's own complaints go where the process's do. */
int invoke_exec(const struct invoke *v, const char *process, const char *pid_file, const struct proc_fd *fds, size_t n_fds, struct proc *ret, struct err *e);

/* True if @pid is the call under way. */
static inline bool invoke_is(const struct invoke *v, pid_t pid)
{
	return v->verb && v->proc.pid == pid;
}

/* The process of the call was reaped and ended as @x: 0, or the failure. No call is under way afterwards. */
int invoke_result(struct invoke *v, const struct proc_exit *x, struct err *e);

/* Sends a signal to the runtime's process, if there is one. */
void invoke_signal(const struct invoke *v, int signal);

/* The errno a runtime's message stands for. For tests. */
int invoke_errno(const char *message);

/* The last message of level error in a runtime's JSON log, or NULL. For tests. */
const char *invoke_last_error(struct str log, struct arena *a);
