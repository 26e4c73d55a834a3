/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * conmon_files: what conmon's callers read and write besides the attach socket: pipes by number in the environment, fifos in the bundle, exit files.
 */
#include "base/err.h"
#include "base/str.h"
#include "os/loop.h"

/* ---- pipes ---- */

/* The descriptor whose number the variable @name has, close-on-exec, or -EBADF. It belongs to the caller. */
int conmon_pipe(const char *name);

/* Waits for the byte that says: go on. True also if the other side has closed. */
void conmon_pipe_wait(int fd);

/* Writes {"KEY":@number[,"message":@message]} and a newline. Nothing if @fd is negative. */
void conmon_report(int fd, const char *key, int64_t number, struct str message);

/* ---- fifos ---- */

/* Lines of numbers that come in by a fifo. */
struct conmon_fifo {
	struct loop_source source;   /* its fd is owned */
	struct loop *loop;
	void (*line)(void *arg, const int *numbers, size_t n);
	void *arg;
	size_t n;
	char held[200];
};
#define CONMON_FIFO_NONE ((struct conmon_fifo){ .source.fd = -9 /* -EBADF */ })

/* Makes the fifo @name in @dirfd (an old one is replaced) and listens. @f must not move. */
int conmon_fifo_open(struct conmon_fifo *f, struct loop *loop, int dirfd, const char *name, void (*line)(void *, const int *, size_t), void *arg, struct err *e);
void conmon_fifo_close(struct conmon_fifo *f);

/* Takes bytes as they were read; calls `line` for each complete one that has nothing but up to three numbers of 0 to 1000. For tests. */
void conmon_fifo_feed(struct conmon_fifo *f, struct str bytes);

/* ---- what the container tells its service manager ---- */

/* Relays from a socket for the container to one of the host. */
struct conmon_notify {
	struct loop_source source;   /* its fd is owned */
	struct loop *loop;
	const char *target;
};
#define CONMON_NOTIFY_NONE ((struct conmon_notify){ .source.fd = -9 /* -EBADF */ })
int conmon_notify_open(struct conmon_notify *t, struct loop *loop, int dirfd, const char *target, struct err *e);
void conmon_notify_close(struct conmon_notify *t);

/* What of a message is passed on, into @ret (of @text.n bytes at least); returns how many bytes. For tests. */
size_t conmon_notify_allowed(struct str text, char *ret);

/* ---- ends ---- */

/* Replaces the file @name in the directory @dir by @text. */
int conmon_write(const char *dir, const char *name, const char *text, struct err *e);
