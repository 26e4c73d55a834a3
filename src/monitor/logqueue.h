/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * logqueue: the way to a log that may not make the container wait (mode=non-blocking).
 *
 * A second process, forked off when the log is opened, writes what it is sent; the queue between is the buffer of a socket. A batch of records that does not
 * fit is the caller's to throw away. It ends with its socket, also when the monitor is killed, after it has written all it was sent.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

struct logqueue {
	int fd;                      /* owned; -EBADF: none */
	int pidfd;                   /* owned: the writer */
};
#define LOGQUEUE_NONE ((struct logqueue){ .fd = -9, .pidfd = -9 /* -EBADF */ })

/* What the writer does with what it gets. */
struct logqueue_writer {
	void (*write)(void *arg, struct str batch);
	void (*reopen)(void *arg);
	void *arg;
	int keep_fd;                 /* the only other descriptor it needs */
};

/* Forks the writer; the queue holds @size bytes. @max is the longest batch. */
int logqueue_open(struct logqueue *q, uint64_t size, size_t max, const struct logqueue_writer *w, struct err *e);

/* Hands a batch over. False: there is no room. */
bool logqueue_send(struct logqueue *q, struct str batch);

/* Tells the writer that its file was renamed. */
void logqueue_reopen(struct logqueue *q);

/* Waits until all is written, at most LOGQUEUE_WAIT_S. */
enum { LOGQUEUE_WAIT_S = 10 };
void logqueue_sync(struct logqueue *q);

void logqueue_close(struct logqueue *q);
