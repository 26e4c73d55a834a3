/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * trace: where the time of a start goes, over all our programs.
 *
 * If TARE_TRACE names a file, every step of every step table (base/step.h) appends one line "program step do|undo start_ns ns r", each by one
 * O_APPEND write, so lines of several programs do not mix. start_ns is CLOCK_MONOTONIC.
 */
#include <stdint.h>

/* Called first in main, with the program's name (static). Does nothing without TARE_TRACE. */
void trace_begin(const char *program);

/* The descriptor of the file, or -1: for whoever closes all others. */
int trace_descriptor(void);

/* A line for something that is no step: it took from @start_ns (proc_now_ns) to now. */
void trace_note(const char *name, uint64_t start_ns);
