/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * attach: the client's end of a container's streams: output frames to our descriptors, our input to STDIN frames, signals and window sizes
 * along, until the container ends or the person types the detach keys.
 *
 *     attach_begin(&at, io, control, a, e)     terminal into raw mode, signals caught; before START, so that nothing is lost
 *     attach_request(&at, is_starter, e)       sends ATTACH; the container's output waits for its starter only, others must keep up
 *     attach_until_started(&at, e)             for the starter: handles frames until STARTED or FAILED
 *     attach_run(&at, &outcome, e)             the loop; the monitor goes on to put the runtime's state away when it returns
 *     attach_done(&at)                         terminal and signals back as they were
 */
#include <signal.h>
#include <termios.h>

#include "engine/engine.h"
#include "os/pty.h"
#include "spec/monitor.h"

/* Looks for the detach sequence in what is typed; holds back a beginning that may still become it. */
struct attach_keys {
	unsigned char keys[16];
	size_t n;                    /* 0: none */
	size_t matched;
};

struct attach {
	struct engine_io io;
	int control;                 /* monitor's socket, borrowed */
	int signals;                 /* signalfd, owned */
	struct monitor_frame *frame; /* in the arena */
	struct arena *a;
	struct attach_keys keys;
	struct termios saved;
	bool raw;                    /* the terminal must be restored */
	bool in_open, in_busy;       /* stdin is read; a STDIN frame is on its way */
	bool started, exited, detached;
	struct monitor_exit exit;
	sigset_t old_mask;
};

/* Parses "ctrl-p,ctrl-q" (also single letters); NULL: the default, "": none. Errors: ERR_INVALID. */
int attach_keys_parse(const char *text, struct attach_keys *ret, struct err *e);

/* Passes typed bytes on: copies what is not part of the sequence to @out (of n + sizeof keys), returns how many; sets *ret_hit when complete. */
size_t attach_keys_filter(struct attach_keys *k, const unsigned char *in, size_t n, unsigned char *out, bool *ret_hit);

int attach_begin(struct attach *at, const struct engine_io *io, int control, struct arena *a, struct err *e);
int attach_request(struct attach *at, bool is_starter, struct err *e);
int attach_until_started(struct attach *at, struct err *e);
int attach_run(struct attach *at, struct engine_outcome *ret, struct err *e);
void attach_done(struct attach *at);
