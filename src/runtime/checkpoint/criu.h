/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * criu: a conversation with the program criu.
 *
 * Life cycle: criu_start runs `criu swrk` with one end of a socket pair → criu_require asks for its version (and a feature) → criu_call, any number
 *             of times → criu_end. The messages are those of spec/criu.h.
 * A client that goes away is noticed by criu at its next notification, upon which it undoes what it has done by itself: a dump lets the processes go
 * on, a restore kills what it made. So criu_end first closes the socket and waits, and kills only what does not end.
 * Ownership: the arena outlives the conversation.
 * Errors:    one sentence that says what criu said, or how it ended.
 */
#include "base/arena.h"
#include "base/err.h"
#include "os/proc.h"
#include "runtime/cgroup/cgroup.h"
#include "spec/criu.h"

/* In the process of criu the socket is 3, the descriptors it is given follow. */
enum { CRIU_SOCK = 3, CRIU_FIRST_FD = 4, CRIU_MAX_FDS = 4 };

struct criu {
	struct arena *a;
	struct proc proc;
	int sock;
	int signals;   /* borrowed */
	int version;   /* criu_require: 31701 */
	char *message; /* room for one */
};
#define CRIU_CLOSED ((struct criu){ .proc = PROC_NONE, .sock = -EBADF, .signals = -EBADF })

struct criu_start {
	const char *program;         /* --criu: a path or a name to be searched in PATH; NULL: "criu" */
	const int *fds;              /* borrowed; the i-th is CRIU_FIRST_FD + i there */
	size_t n_fds, n_dirs;        /* the first n_dirs are directories, which are the same in the mount namespace of criu */
	const struct cgroup *cgroup; /* it runs inside; NULL: where we are */
	int signals;                 /* a signalfd (borrowed): INT, TERM, HUP, QUIT kill criu, the caller undoes the rest; 0 or negative: none */
	const char *rootfs, *root;   /* it gets a mount namespace of its own with @rootfs bound on the directory @root; NULL: ours */
};

/* Starts it. Errors: -ENOENT there is no such program. */
int criu_start(const struct criu_start *s, struct arena *a, struct criu *ret, struct err *e);

/* Refuses versions below @version, and with @feature not NULL a criu or kernel that lacks one of those set in it. */
int criu_require(struct criu *c, int version, const struct criu_features *feature, struct err *e);

/*
 * Hears a notification; @fd is a descriptor that came with it (borrowed) or negative. An error makes criu give up, and becomes the error of the call.
 */
typedef int (*criu_notify_fn)(void *ctx, const struct criu_notify *n, int fd, struct err *e);

/* Sends a request and serves what criu asks until the answer. @notify may be NULL. An answer without success is an error. */
int criu_call(struct criu *c, const struct criu_req *req, criu_notify_fn notify, void *ctx, struct criu_resp *ret, struct err *e);

void criu_end(struct criu *c);
#define scoped_criu SCOPED(criu_end)

/*
 * What went wrong by criu's own log @name in @dir (at @path): its last errors go to our log as warnings, the most telling one becomes the message of @e,
 * with the place of the log. Returns the code of @e.
 */
int criu_explain(int dir, const char *path, const char *name, struct err *e);

/* The most telling line of a log, without time and place, made printable; "" if there is none. For criu_explain, and its test. */
const char *criu_log_cause(const char *text, struct arena *a);
