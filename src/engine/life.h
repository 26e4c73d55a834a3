/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * life: what others in the engine need of the life of a container; the rest is engine.h.
 */
#include "engine/internal.h"

/* Puts away what an ended or broken-off run of @id left, if nobody is at it; removes it if it was a --rm container. Errors: -EAGAIN (somebody is at it), ERR_NOT_FOUND. */
int life_heal(struct engine *en, const char *id, struct arena *a, struct err *e);

/* Marks a failed start or exec as the program's own fault, by the runtime's words: ERR_INVALID with ENOENT or EACCES, which nothing else makes.
 * Returns the negative code of @e. */
/* Tells the monitor of a container that is up (@h borrowed) what has changed. One that ends meanwhile need not know. */
struct monitor_update;
struct holding;
int life_tell_monitor(struct holding *h, const struct monitor_update *u, struct arena *a, struct err *e);

int life_start_failed(struct err *e);

/* True if the name is free now: nobody had it, or what had it was broken off, ended for good or has another name, and is put away. */
bool life_regain_name(struct engine *en, const char *name, struct arena *a);
