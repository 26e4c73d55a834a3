/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * program: a process inside the container becomes the program that was asked for.
 *
 * Shared by init (after the pivot) and exec (after joining). program_prepare() walks the step table up to the point where only the word START is
 * missing; program_exec() does what is left. What comes when, and why, stands above the table in program.c.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/step.h"
#include "runtime/lsm.h"
#include "runtime/seccomp/filter.h"
#include "spec/oci_runtime.h"

struct program {
	struct arena *a;
	const struct oci_process *process;
	const struct oci_personality *personality;
	const struct oci_memory_policy *memory_policy;
	const struct filter_program *seccomp; /* NULL: none */
	bool seccomp_early;                    /* load it while we are still mighty */
	int agent_sync;                        /* where the filter's listener is handed over; -EBADF: it has none */
	bool new_session;
	bool userns;
	bool keep_groups;                      /* supplementary groups are the caller's */
	int slave;                             /* terminal, owned; -EBADF: none */
	struct lsm_labels labels;              /* to be written right before the program is executed; owned */
	unsigned first_free_fd;                /* descriptors from here on do not reach the program */
	int keep[4];                           /* what is still needed until then: sockets, files that hooks print to; negative: nothing */
	unsigned listen_fds;                   /* LISTEN_FDS to pass on; 0: none */

	/* written by steps */
	bool cwd_later;
	char **env;
	const char *path;
};

extern const struct step program_steps[];
extern const size_t n_program_steps;

/*
 * Joins the session keyring of the container @id, labelled as the program will be, so that nobody in it sees the caller's keys. @first: it is ours to
 * make, and to let the processes that come later find it. Where the kernel has no keyrings there is nothing to do.
 */
int program_join_keyring(const struct program *p, const char *id, int procfd, bool first, struct err *e);

/* Opens where the labels of the next program go, while the host's procfs is in sight. @procfd is borrowed. Nothing to do without a label. */
int program_open_label(struct program *p, int procfd, struct err *e);

/* Everything up to the gate. */
int program_prepare(struct program *p, struct err *e);

/* The filter, the descriptors, execve. Returns only to fail. */
int program_exec(struct program *p, struct err *e);

/* Are the @n descriptors from 3 on really the caller's to pass on? What is close-on-exec was opened by us. */
int program_check_passed(unsigned n, struct err *e);

/* Finds an executable as execvp would, in the caller's root. Errors in the words engines look for. */
int program_find(const char *name, const char *search, struct arena *a, const char **ret, struct err *e);
