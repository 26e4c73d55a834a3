/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * listener: a filter that asks somebody (SCMP_ACT_NOTIFY), and how the descriptor to answer on reaches that agent.
 *
 * From the moment such a filter is loaded any system call of the process may have to wait for the agent, also the one that would hand the
 * descriptor over. So listener_load() first clones a helper that shares the descriptors but not the filter: it says SECCOMP_FD to the parent, in
 * listener_pass() the parent sends it to the agent and says GO_ON, and from then on whatever waits is answered.
 */
#include "base/err.h"
#include "runtime/seccomp/filter.h"
#include "runtime/state.h"

/* Loads the filter into the calling process; returns when the agent has the descriptor. @sync_fd is the socket to the parent, borrowed. */
int listener_load(const struct filter_program *p, int sync_fd, struct err *e);

/* What the agent is told beside the descriptor. */
struct listener_news {
	const char *path;     /* of the agent's socket */
	const char *metadata; /* linux.seccomp.listenerMetadata, or NULL */
	pid_t pid;            /* of the process with the filter */
	const struct state *state;
	enum state_status status;
};

/* The parent's side: hears SECCOMP_FD from @who, tells the agent, says GO_ON. */
int listener_pass(int sync_fd, const char *who, const struct listener_news *n, struct err *e);
