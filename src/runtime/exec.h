/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * exec: one more process in a container that runs.
 *
 * The parent clones a child (which is born in the container's cgroup, or enters it), the child joins the namespaces of init, all at once and through
 * init's pidfd, becomes what program_prepare makes of it, and executes. The pid namespace needs one more clone, because joining it takes
 * effect for children only: so the parent joins that one for its children and no other. Who is not root may do so from inside the user namespace only:
 * then a stage process joins everything and clones the process as the parent's child.
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
