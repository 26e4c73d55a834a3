/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * timing: the table that `run --timing` prints: every step of every program that took part, with its share of the time.
 */

/* Starts collecting (os/trace.h) in this process and those it starts. Returns 0 or -errno. */
int timing_begin(void);

/* Prints the table on standard error, in the order in which the steps began. */
void timing_print(void);
