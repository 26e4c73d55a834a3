/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * launch: one start of a container as a step table, and its undo column as cleanup.
 *
 * The caller holds the container's lock from launch_init() to the end of launch_run() or launch_undo(). What start takes from the host is
 * written to state.json before it is used, so that any process can give it back.
 */
#include "engine/launch_context.h"

/* Prepares a start of @h. Errors: ERR_INVALID (no such runtime or network). */
int launch_init(struct launch *l, struct engine *en, struct holding *h, const struct strs *layers, struct arena *a, struct err *e);
void launch_done(struct launch *l);
#define scoped_launch SCOPED(launch_done)

/* Runs the table: on return the program of the container runs (or has ended already). */
int launch_run(struct launch *l, struct err *e);

/* For the starter that saw the program end: gives back what the runtime does not need while the monitor has it delete its state, then waits until the
 * monitor is through. With the lock held; launch_cleanup() does the rest. */
void launch_release(struct launch *l);

/* Gives back what a run that is over (or broke off) took: runtime state, network, mounts, live directory. */
int launch_cleanup(struct engine *en, struct holding *h, struct arena *a, struct err *e);
