/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * step: long sequences of effects as a table.
 *
 * A row says what it is called, when it applies, what it does and how it is undone. steps_run() applies the rows in order; when one fails
 * its error is wrapped with the step's name and the applied ones are undone in reverse, so after a failure the world is as before. A step does
 * one thing in at most about 40 lines, takes only the shared context, and calls no other step; `when` is a pure predicate.
 *
 * Tracing: steps_trace installs a function that hears the duration of every step (`--timing`, `--debug`).
 * Faults:  the variable TARE_FAULT=step:NAME makes that step fail before it applies (as if it returned -EIO); TARE_FAULT=kill:NAME ends the
 *          process with SIGKILL there. Tests walk every table with both and look for residue. Names are unique across the tree.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct step {
	const char *name;                       /* "cgroup.create": noun.verb */
	bool (*when)(const void *ctx);          /* NULL: always */
	int (*apply)(void *ctx, struct err *e); /* 0 or -errno with @e filled */
	void (*undo)(void *ctx);                /* NULL: nothing to undo. Must not fail */
};

/* Hears that a step took from @start_ns to @end_ns (CLOCK_MONOTONIC) and returned @r; undone steps are reported with @undo. */
typedef void (*step_trace_fn)(void *arg, const char *name, bool undo, uint64_t start_ns, uint64_t end_ns, int r);

/* Installs the process-wide tracer (NULL: none). Called once, early in main. */
void steps_trace(step_trace_fn fn, void *arg);

/* Applies the steps in order. On failure undoes the applied ones in reverse and returns the first error. */
int steps_run(const struct step *s, size_t n, void *ctx, struct err *e);

/* Runs the undo column in reverse over rows whose `when` holds: the natural delete of what steps_run built. */
void steps_undo(const struct step *s, size_t n, void *ctx);

/* A fault point outside a table: fails if TARE_FAULT names it. Returns 0 otherwise. */
int step_fault(const char *name, struct err *e);
