/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * list: reading containers for people.
 */
#include "engine/engine.h"

/* container_inspect(), with @size also the bytes written into the root file system. */
int list_info(struct engine *en, const char *ref, bool size, struct arena *a, struct container_info *ret, struct err *e);
