/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * pump: moves bytes between the container's streams, its log and the attached clients.
 *
 * Output is read into one frame, logged, and sent to everybody from there. While a client must be waited for (MONITOR_ATTACH_WAIT) or a reader of the log
 * is behind (logfile_is_held) nothing is read, so the container waits in its own write(2). Stdin takes one frame of one client at a time.
 *
 *   flowing --client's queue full--> paused --all have room--> flowing --pump_drain, all read--> dry
 */
#include "monitor/client.h"
#include "monitor/logfile.h"
#include "monitor/stdio.h"
#include "os/loop.h"

struct pump_stream {
	struct loop_source source;
	struct pump *pump;
	int *fd;                     /* in struct stdio */
	enum monitor_msg type;
	enum logfile_stream log;
};

struct pump {
	struct loop *loop;
	struct stdio *stdio;
	struct logfile *log;
	struct clients *clients;
	void (*dry)(void *arg);      /* draining is complete */
	void *arg;
	struct pump_stream streams[LOGFILE_STREAMS];
	struct loop_source in;
	struct loop_timer held;      /* set while the log is held */
	struct client *writer;       /* whose bytes are half in the container's stdin */
	bool paused, draining;
	bool stdin_once;             /* stdin ends with the first client that was attached to it */
	size_t drained;
	size_t chunk;                /* bytes of output read at once; may be made smaller after pump_init */
	struct monitor_frame frame;  /* the output in flight */
};

/* Wires the parts together (all borrowed). */
void pump_init(struct pump *p, struct loop *loop, struct stdio *stdio, bool stdin_once, struct logfile *log, struct clients *clients,
	void (*dry)(void *), void *arg);

/* For the next run, with streams of its own: nothing is under way. */
void pump_reset(struct pump *p);

/* Begins to move bytes: the container exists. */
int pump_start(struct pump *p, struct err *e);

/*
 * Bytes from a client for the container. Answers STDIN_DONE at once or when the container took them, REFUSED if it has no stdin (any more).
 * A second frame before the answer is a client's fault: it is dropped.
 */
void pump_stdin(struct pump *p, struct client *c, struct str bytes);

/* This client has no more for stdin, or left. Ends the container's stdin if that is what was asked for (stdin_once). */
void pump_stdin_eof(struct pump *p, struct client *c);

/* A client that was waited for has room, or left (NULL). */
void pump_resume(struct pump *p, struct client *c);

/* The container has ended: moves what it left in its streams, then closes them and calls `dry`. */
void pump_drain(struct pump *p);
