/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * hooks: programs of the configuration that run at points of the container's life, with its state on their stdin.
 *
 *     prestart, createRuntime   the runtime's namespaces      after the container's are there and filled, before the pivot
 *     createContainer           the container's, path found in the runtime's, at the same point
 *     startContainer            the container's, before the program
 *     poststart                 the runtime's, when the program runs
 *     poststop                  the runtime's, when nothing is left of the container
 *
 * Each runs to its end before the next; one that fails, or outlives its timeout (then it is killed with what it started), ends the list, and with
 * it the container: but for poststop, where a failure is a warning and the next one runs.
 *
 * What a hook prints does not reach the container's output: standard output goes nowhere, of standard error the beginning is part of the message
 * if the hook fails. crun's annotations run.oci.hooks.stdout and .stderr name files that take it.
 * A hook without an environment of its own gets the runtime's; one that runs inside the container none, since that may be the container's.
 */
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "runtime/state.h"
#include "spec/oci_runtime.h"

/* Where hooks print to; owned. It is opened on the host, since init cannot trust what its container has at /dev/null. @err -EBADF: as above. */
struct hook_output {
	int out, err;
};
#define HOOK_OUTPUT_NONE ((struct hook_output){ -EBADF, -EBADF })

/* Opens what the annotations name, relative to the bundle. */
int hook_output_open(const struct state *s, struct hook_output *ret, struct err *e);
void hook_output_done(struct hook_output *o);
#define scoped_hook_output SCOPED(hook_output_done)

/* The points of the life, in its order. */
enum hook_point {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_POINT_COUNT,
};

/* What happens at each: hooks_run goes by these rows, `features` prints their names. */
struct hook_row {
	const char *name;         /* in config.json */
	size_t offset, offset_n;  /* the list in struct oci_hooks */
	enum state_status status; /* what hooks are told */
	bool inside;              /* in the container's namespaces */
};
extern const struct hook_row hook_table[HOOK_POINT_COUNT];

/* How many there are. @h may be NULL. */
size_t hooks_count(const struct oci_hooks *h, enum hook_point p);

/* Runs those of one point of the container @s. @h may be NULL. Errors: kind ERR_PRECONDITION, whatever went wrong with one. */
int hooks_run(const struct oci_hooks *h, enum hook_point p, const struct state *s, const struct hook_output *o, struct err *e);

/* The two points of a container without a creator: after `start`, and at the end, where failures are only told. */
int hooks_run_poststart(const struct oci_hooks *h, const struct state *s, struct err *e);
void hooks_run_poststop(const struct oci_hooks *h, const struct state *s);
