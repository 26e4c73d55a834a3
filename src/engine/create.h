/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * create: making a container as a step table, and its undo column as removal.
 */
#include "engine/store.h"
#include "engine/volume_claims.h"
#include "image/image.h"

struct creation {
	struct engine *en;
	struct arena *a;
	struct container_request q;
	struct image image;
	struct holding h;            /* locked from container.reserve on */
	struct volume_claims volumes; /* from volumes.claim on, until container.json is there */
};
#define CREATION_NONE ((struct creation){ .h = HOLDING_NONE })

/* Resolves the image (pulling it by policy), reserves and writes. On success ret->h is open and locked: store_done() lets go. It is still unfinished,
 * so that it goes away with its maker, until create_finish(). */
int create_container(struct engine *en, const struct container_request *q, const struct engine_progress *p, struct arena *a,
		struct creation *ret, struct err *e);

/* The container is whole and survives its maker. */
int create_finish(struct holding *h, struct err *e);

/* Removes a locked container that nothing runs for: its name, its object, and with @volumes its anonymous volumes. */
int create_remove(struct holding *h, bool volumes, struct arena *a, struct err *e);
