/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * log_chain: the files of a log that turns over under its reader: PATH, PATH.1 (older), PATH.2 …
 *
 * One file is open at a time, under a shared lock, which keeps it and all newer ones (monitor/logfile.h). A file is named by its inode, since its
 * name changes while it is read. To move on, the next is opened and locked before this one is closed:
 *
 *     read to the end -> log_chain_next() says there is a newer one -> read again to the end: now it is the end -> log_chain_go()
 */
#include <sys/types.h>

#include "base/err.h"

struct log_chain {
	const char *path;            /* borrowed */
	int fd;                      /* owned; -EBADF: there is no file (yet) */
	int next;                    /* owned; the one after it, if there is one */
	bool turning;                /* log_chain_next() found none, but one is about to come */
	bool gap;                    /* what stood before this file was removed unread */
};
#define LOG_CHAIN_NONE ((struct log_chain){ .fd = -9, .next = -9 /* -EBADF */ })

/* Opens the oldest or the newest file. Errors: -ENOENT: there is none. */
int log_chain_oldest(struct log_chain *c, struct err *e);
int log_chain_newest(struct log_chain *c, struct err *e);

/* Moves to the next older file. Returns 1, or 0 if this is the oldest. */
int log_chain_older(struct log_chain *c, struct err *e);

/* Looks for the next newer file. Returns 1 if there is one (what is still in this one is all of it), 0 if this is the one that is written. */
int log_chain_next(struct log_chain *c, struct err *e);
void log_chain_go(struct log_chain *c);

void log_chain_done(struct log_chain *c);
