/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * sync: the words that parent, stage and init say to each other.
 *
 *      parent                 stage                   init
 *        |                      |---- clone3 ---------->|
 *        |<------ PID ----------|                       |     only with a stage
 *        |------- MAPPED ------------------------------>|     only if a user namespace is made
 *        |------- DEVICES_MOVED ----------------------->|     only if devices of the host moved into its network namespace
 *        |<------ ROOT_COPIED[numbers] -----------------|     only in a mount namespace of others: the numbers of what will be
 *        |------- GO_ON ------------------------------->|     attached; they are written down now
 *        |<------ CONSOLE[fd] --------------------------|     only with a terminal
 *        |<------ ROOTFS_READY -------------------------|     only with prestart or createRuntime hooks,
 *        |------- GO_ON ------------------------------->|     which the parent runs between the two
 *        |<------ SECCOMP_FD[fd] -----------------------|     only if the filter asks an agent; said by a helper of init,
 *        |------- GO_ON ------------------------------->|     see seccomp/listener.h; the agent has it now
 *        |<------ READY --------------------------------|     the state is written, `create` returns
 *        |------- START ------------------------------->|     `run`: here; `create`: by `start`, on a connection to <state>/start,
 *        |<------ GO_ON --------------------------------|     which init answers, so that of two `start` only one has started it
 *        |<------ (end of the connection) --------------|     the program was executed: the socket is close-on-exec
 *
 * FAILED may come from below instead of any other word; it carries the struct err of what went wrong. Both sides look at the same plan, so a word
 * that is not needed is not said: a plain container is born with READY and START.
 *
 * Errors: the peer's own (FAILED); "… ended before saying X"; "expected X, got Y".
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/enumtab.h"
#include "base/err.h"

enum sync_msg {
	SYNC_FAILED,
	SYNC_PID,
	SYNC_MAPPED,
	SYNC_DEVICES_MOVED,
	SYNC_ROOT_COPIED,
	SYNC_CONSOLE,
	SYNC_ROOTFS_READY,
	SYNC_GO_ON,
	SYNC_SECCOMP_FD,
	SYNC_READY,
	SYNC_START,
	SYNC_MSG_COUNT,
};
extern const struct enumtab sync_words;

/* Says a word. */
int sync_say(int fd, enum sync_msg m, struct err *e);

/* Says CONSOLE or SECCOMP_FD with a descriptor (borrowed), PID with a number, ROOT_COPIED with two. */
int sync_say_fd(int fd, enum sync_msg m, int passed, struct err *e);
int sync_say_pid(int fd, pid_t pid, struct err *e);
int sync_say_mounts(int fd, const uint64_t mounts[2], struct err *e);

/* Says FAILED. Nothing to do if nobody hears it. */
void sync_say_failed(int fd, const struct err *e);

/* Waits for that word and no other. @who ("container init") is for messages. */
int sync_expect(int fd, enum sync_msg m, const char *who, struct err *e);
int sync_expect_fd(int fd, enum sync_msg m, const char *who, int *ret_fd, struct err *e);
int sync_expect_pid(int fd, const char *who, pid_t *ret, struct err *e);
int sync_expect_mounts(int fd, const char *who, uint64_t ret[2], struct err *e);

/* Waits until the peer has closed its end (success), or says what failed. */
int sync_expect_end(int fd, const char *who, struct err *e);
