/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * id: how containers are called: 64 hex digits, a name, or a unique prefix of the id.
 *
 * `names/<name>` is a symbolic link to the id; making it is the atomic reservation. A link whose container is gone is stale: whoever wants
 * that name removes it.
 */
#include "engine/internal.h"

/* A new random id. */
void id_new(char ret[CONTAINER_ID_SIZE]);

/* A name for a container nobody named: two words from our own lists, chosen by the bits of @seed. */
const char *id_invent_name(uint64_t seed, struct arena *a);

/* Reserves @name for @id; NULL invents one that is free. @flags: OBJDIR_VOLATILE or 0. Errors: ERR_CONFLICT if another container has it. */
int id_reserve_name(struct engine *en, const char *name, const char *id, unsigned flags, struct arena *a, const char **ret, struct err *e);
void id_release_name(struct engine *en, const char *name, const char *id);
