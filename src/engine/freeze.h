/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * freeze: what a frozen container means to the rest of the engine; the rest is engine.h.
 *
 * Frozen is what pause made and the file `paused` of the live directory says: the pid of the init that stands still, so that a file of an earlier run
 * means nothing. It is there before the freezing and goes after the thawing: whoever dies between leaves a container that says "paused" and may be
 * unpaused.
 */
#include "engine/store.h"

/* Lets a frozen container take the signal it was just sent; one that is not frozen stays as it is. What fails is left to whoever meets it. */
void freeze_lift(struct engine *en, const char *id, struct arena *a);
