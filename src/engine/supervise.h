/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * supervise: what a container with a restart policy should be doing, written down beside it for the time when no monitor lives: after a reboot.
 *
 *     <root>/containers/<id>/wanted: "up"       started, and nobody stopped it
 *                                    "ended"    ended by itself, for good
 *                                    "stopped"  stopped by hand
 *
 * Without a policy there is no such file.
 */
#include "engine/store.h"

enum supervise_mark { SUPERVISE_NONE, SUPERVISE_UP, SUPERVISE_ENDED, SUPERVISE_STOPPED, SUPERVISE_COUNT };
extern const struct enumtab supervise_marks;

/* Writes the mark, if the container has a policy and another mark. */
int supervise_set(const struct holding *h, enum supervise_mark mark, struct err *e);
enum supervise_mark supervise_get(const struct holding *h);

/* True if the container, which does not run, should run after its host or its monitor went down: by docker's rules. */
bool supervise_wants(const struct holding *h, struct arena *a);
