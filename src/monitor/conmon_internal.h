/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * conmon_internal: the one object of a monitor that was called as conmon, shared by conmon.c (what happens), conmon_call.c (the runtime's command line) and
 * conmon_setup.c (how it begins and ends).
 */
#include "base/arena.h"
#include "monitor/client.h"
#include "monitor/conmon_files.h"
#include "monitor/conmon_options.h"
#include "monitor/logfile.h"
#include "monitor/oom.h"
#include "monitor/pump.h"
#include "monitor/stdio.h"
#include "os/loop.h"
#include "os/proc.h"
#include "os/pty.h"

enum { CONMON_ORPHANS = 16 };

enum conmon_state { CONMON_CALLING, CONMON_RUNNING, CONMON_DRAINING, CONMON_OVER };

struct conmon_orphan {
	pid_t pid;
	struct proc_exit exit;
};

/* One per process, in static memory. */
struct conmon {
	struct conmon_options o;
	struct monitor_config config;
	struct arena arena;          /* lives as long as the process */
	const char *pid_file;
	int sync, start, attach;     /* pipes of the caller; -EBADF: none */
	int dirfd;                   /* bundle */
	int signals;
	struct loop loop;
	struct loop_source signal_source;
	struct loop_timer timer;     /* --timeout */
	struct clients clients;
	struct stdio stdio;
	struct logfile log;
	struct pump pump;
	struct oom oom;
	struct conmon_fifo ctl, winsz;
	struct conmon_notify notify;
	struct proc runtime;         /* the call under way */
	enum conmon_state state;
	pid_t pid;                   /* of the container's process; 0: not known yet */
	bool ended, timed_out;
	struct proc_exit exit;
	struct conmon_orphan orphans[CONMON_ORPHANS]; /* ends of children while the number is not known */
	size_t n_orphans;
	struct pty_size size;        /* the last one asked for: it may come before there is a terminal */
	char old_oom[16];            /* oom_score_adj before ours; "": not changed */
	bool failed;                 /* the runtime did */
};

/* conmon.c */
extern const struct client_events conmon_client_events;
int conmon_signal_came(void *conmon, uint32_t events);
void conmon_drained(void *conmon);                      /* all output is out */
void conmon_ctl_line(void *conmon, const int *numbers, size_t n);
void conmon_winsz_line(void *conmon, const int *numbers, size_t n);
const char *conmon_key(const struct conmon *c);         /* what results are called on the sync pipe */
void conmon_tell_end(struct conmon *c);

/* conmon_call.c: starts the runtime (a step). */
int conmon_call(void *conmon, struct err *e);
/* Our own protection from the out-of-memory killer; children are born with what was before. */
void conmon_protect(struct conmon *c, bool on);

/* conmon_setup.c: everything up to the call, and after the end. Returns the exit status if there is no exit command to become. */
int conmon_setup(struct conmon *c, struct err *e);
int conmon_finish(struct conmon *c);
