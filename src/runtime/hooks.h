/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * hooks: programs of the configuration that run at points of the container's life, with its state on their stdin.
 *
 * Each runs to its end before the next; one that fails, or outlives its timeout (then it is killed), ends the list.
 */
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "runtime/state.h"
#include "spec/oci_runtime.h"

/* Runs the hooks @v; @name ("createRuntime") is for messages. */
int hooks_run(const struct oci_hook *v, size_t n, const char *name, const struct state *s, enum state_status status, struct err *e);
/* The same for hooks whose failure stops nobody: each failure is a warning, and the next hook runs. */
void hooks_run_all(const struct oci_hook *v, size_t n, const char *name, const struct state *s, enum state_status status);
