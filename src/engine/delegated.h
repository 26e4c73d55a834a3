/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * delegated: cgroups of an ordinary user. He has none but those his systemd (user@UID.service) hands on, on cgroup v2; without, his containers run where tare runs, and
 * limits cannot be had.
 */
#include "engine/internal.h"

/* Whether containers' cgroups are to be asked for from the user's systemd. False for root. */
bool delegated_by_systemd(struct engine *en, struct arena *a);

/* Whether what the request asks for can be had at all. Errors: ERR_UNSUPPORTED with what is missing. */
int delegated_check(struct engine *en, const struct container_request *q, struct arena *a, struct err *e);
