/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * cancel: Ctrl-C (and SIGTERM, SIGHUP) as a descriptor, for commands that bring, make or send images and have something to tidy when they are stopped.
 *
 * The second signal ends the program at once. Signals that were ignored when we were started (nohup) stay so.
 */

/* From now on the first signal makes the descriptor readable. Returns it (never closed), or 0 (standard input: "none") if there is none. */
int cancel_open(void);

/* From now on signals do again what they did before. One that came too late to stop anything is sent to us once more. */
void cancel_close(void);

/* The signal that came, or 0. */
int cancel_signal(void);
