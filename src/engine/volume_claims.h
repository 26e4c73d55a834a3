/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * volume_claims: the volumes of a container that is being made, all locked, missing ones made, until its container.json says that it has them.
 */
#include "engine/volume.h"

struct volume_claims {
	struct volume_claim *v;      /* in the order of their names, so that two makers do not wait for each other */
	size_t n;
};

/* Claims the volumes of @c->mounts. On failure nothing of it stays. */
int volume_claims_take(struct engine *en, const struct container *c, struct arena *a, struct volume_claims *ret, struct err *e);

/* Removes those that were made, and unlocks. */
void volume_claims_undo(struct engine *en, struct volume_claims *c);

/* Unlocks. */
void volume_claims_done(struct volume_claims *c);
