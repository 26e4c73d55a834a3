/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * internal: the one object of a monitor, shared by life.c (what happens), requests.c (what clients ask) and setup.c (how it begins and ends).
 */
#include "base/arena.h"
#include "base/err.h"
#include "monitor/client.h"
#include "monitor/health.h"
#include "monitor/invoke.h"
#include "monitor/logfile.h"
#include "monitor/oom.h"
#include "monitor/pump.h"
#include "monitor/record.h"
#include "monitor/restart.h"
#include "monitor/stdio.h"
#include "os/loop.h"

struct life_options;

enum { ORPHANS = 16 }; /* ends of children kept while init's pid is not known yet */

enum life_state { LIFE_CLEARING, LIFE_BACKOFF, LIFE_CREATING, LIFE_CREATED, LIFE_STARTING, LIFE_RUNNING, LIFE_DRAINING, LIFE_DELETING, LIFE_OVER };

struct orphan {
	pid_t pid;
	struct proc_exit exit;
};

/* One per process, in static memory: what is not touched is not there. */
struct life {
	const struct life_options *options;
	struct arena arena;          /* lives as long as the process */
	struct arena run;            /* … as one run and the pause after it */
	struct monitor_config config;
	int dirfd;                   /* run_dir */
	struct loop loop;
	int signals;
	struct loop_source signal_source;
	struct loop_timer timer;     /* ABANDON_MS */
	struct clients clients;
	struct stdio stdio;
	struct logfile log;
	struct pump pump;
	struct invoke invoke;
	struct oom oom;
	struct restart restart;
	struct health health;

	enum life_state state;
	struct record record;
	int pidfd;                   /* of init; -EBADF: not known yet */
	struct loop_source pid_source;
	bool start_wanted;           /* START came while creating */
	bool start_seen;             /* somebody asked for START at all */
	bool ended;                  /* init has ended; record.exit says how */
	struct orphan orphans[ORPHANS];
	size_t n_orphans;
	struct monitor_size size;    /* last RESIZE */
	struct str exit_text;
	struct err failure;          /* kind != ERR_NONE: create or start failed */
	uint64_t call_started;       /* for the trace */
};

/* life.c: transitions. */
void life_begin_start(struct life *l);        /* CREATED: somebody said START */
void life_call_ended(struct life *l, const struct proc_exit *x);
void life_init_ended(struct life *l);         /* l->record.exit says how */
void life_output_is_dry(void *arg);
void life_cut_drain(struct life *l);          /* DRAINING: whoever is slow with the last output loses it */
bool life_is_abandoned(const struct life *l); /* nobody is left to say START */
void life_abandon(struct life *l);
void life_tell_end(struct life *l);           /* writes the record of the end and tells everybody */

/* rerun.c: what follows the end of a run. */
int life_hold(struct life *l, struct err *e);  /* init is there: keeps what the next run needs of it */
bool life_begin_again(struct life *l);         /* all output is out: begins the way to the next run; false: there is none */
void life_cleared(struct life *l);             /* the runtime has deleted its state */
void life_stay_down(struct life *l);           /* nobody wants another run */

/* checks.c: health. */
void life_checks_begin(struct life *l);        /* it runs */

/* requests.c: clients. */
extern const struct client_events life_client_events;
void life_send_exited(struct life *l, struct client *c);

/* setup.c: the process. */
int life_setup(struct life *l, struct err *e);
int life_finish(struct life *l, struct err *e);
