/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * health: a container's check between request, image, monitor and people. The monitor (monitor/health.h) runs it.
 */
#include "engine/store.h"
#include "spec/oci_runtime.h"

/* The part of monitor.json; NULL: no check. The processes it names are written by health_write. */
struct monitor_health *health_plan(const struct container *c, const char *live_path, struct arena *a);

/* Writes the processes of the checks into the live directory: the container's own @process with other words. */
int health_write(const struct container *c, const struct oci_process *process, int live, struct arena *a, struct err *e);

/* How it is, for people: of one that has no check NULL; one that does not run is unhealthy, as docker says. */
const struct health_state *health_read(const struct holding *h, bool runs, struct arena *a);
