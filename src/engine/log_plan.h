/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * log_plan: what --log-driver and --log-opt of a container mean. Pure, but for the environment a template may not see.
 */
#include "base/arena.h"
#include "base/err.h"
#include "spec/container.h"
#include "spec/monitor.h"

struct log_plan {
	enum monitor_log driver;
	const char *path;            /* asked for with path=; NULL: the container's own place, or none */
	uint64_t max_size;           /* bytes; 0: the file does not turn over */
	uint32_t max_files;
	uint64_t buffer;             /* mode=non-blocking; 0: blocking */
	struct pairs attributes;     /* labels, env and tag as `logs --details` shows them */
	struct pairs fields;         /* struct monitor_config.log_fields */
};

/* Whether driver and options go together. Called before anything is made. Errors: ERR_INVALID, ERR_UNSUPPORTED. */
int log_plan_check(const struct container_request *q, struct err *e);

/* The whole of it for container @c, whose names and labels are known. Strings in @a. */
int log_plan_make(const struct container *c, struct arena *a, struct log_plan *ret, struct err *e);

/* True if the driver keeps a file of its own. */
bool log_plan_has_file(enum monitor_log driver);
