/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * exec: one more process in a container that runs.
 *
 * The process joins the namespaces of init, all at once and through init's pidfd, becomes what program_prepare makes of it, and executes. Joining a pid or time
 * namespace takes effect for children only, so where there is one a stage process stands between: the parent clones it (it is born in the container's cgroup, or
 * enters it), it joins everything, closes what it has of the host, clones the process as the parent's child, and ends. Thus nobody in the pid namespace ever
 * sees a process that holds, or is still in, something of the host's (CVE-2016-9962). The price is one more clone, and room for one more process in the
 * container's pids limit for that moment. Who is not root needs the stage to enter a user namespace, too.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "os/proc.h"
#include "runtime/control.h"
#include "spec/oci_runtime.h"

struct exec_options {
	const struct oci_process *process;
	bool detach;
	bool ignore_paused;
	struct strs cgroups;        /* "[controller[,controller]:]path" of sub-cgroups; none: the container's own */
	const char *pid_file;       /* absolute, or NULL */
	const char *console_socket; /* NULL: none */
	const char *pidfd_socket;   /* NULL: none */
	uint32_t preserve_fds;
};

/* Starts the process. With a terminal and no console socket *ret_master is its master, owned. Returns when the program was executed. */
int exec_start(const struct control *c, const struct exec_options *o, struct proc *ret, int *ret_master, struct err *e);
