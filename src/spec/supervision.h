/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * supervision: the part of a container's request that says what its monitor does for it while it lives and when it ends: restart it, look whether it is
 * well, pass its word of readiness on.
 *
 * Plain data with field tables, part of container.json (spec/container.h) and of monitor.json (spec/monitor.h).
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/enumtab.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/json.h"
#include "spec/oci_image.h"

/* ---- restart ---- */

enum restart_kind { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS, RESTART_UNLESS_STOPPED, RESTART_KIND_COUNT };
extern const struct enumtab restart_kinds; /* "no" "on-failure" "always" "unless-stopped" */

struct restart_policy {
	enum restart_kind kind;
	uint32_t max;                /* on-failure: how often at most; 0: without end */
};

/* "no", "on-failure", "on-failure:5", "always", "unless-stopped"; "" and podman's "never" are "no". Errors: ERR_INVALID. */
int restart_policy_parse(const char *text, struct arena *a, struct restart_policy *ret, struct err *e);

/* ---- health ---- */

enum health_action { HEALTH_ACTION_NONE, HEALTH_ACTION_KILL, HEALTH_ACTION_RESTART, HEALTH_ACTION_STOP, HEALTH_ACTION_COUNT };
extern const struct enumtab health_actions;

enum { HEALTH_NEVER = -1 }; /* an interval: podman's "disable" */

struct health_request {
	bool off;                    /* --no-healthcheck */
	struct oci_healthcheck check; /* zero members: the image's, then docker's defaults */
	struct oci_healthcheck startup; /* podman's startup check: only test, interval, timeout and retries; no test: none */
	int64_t startup_success;     /* successes in a row that end it; 0: 1 */
	enum health_action on_failure;
};

/* What --health-cmd says: a JSON list is a command, "none" is none, anything else is for the shell. Errors: ERR_INVALID. */
int health_command_parse(const char *text, struct arena *a, struct strs *ret, struct err *e);

/* True if @check names a command (and not NONE). */
bool health_check_exists(const struct oci_healthcheck *check);

/* What was asked and what the image says, put together: docker's defaults where neither says anything. NULL: no check. */
struct oci_healthcheck *health_resolve(const struct health_request *q, const struct oci_healthcheck *image, struct arena *a);

/* Errors: ERR_INVALID. */
int health_check_request(const struct health_request *q, struct err *e);

/* ---- readiness ---- */

enum sdnotify_mode { SDNOTIFY_CONTAINER, SDNOTIFY_CONMON, SDNOTIFY_HEALTHY, SDNOTIFY_IGNORE, SDNOTIFY_COUNT };
extern const struct enumtab sdnotify_modes;

struct supervision {
	struct restart_policy restart;
	bool restart_said;           /* of `update`: the policy shall change; not on disk */
	struct health_request health;
	enum sdnotify_mode sdnotify;
};
extern const struct schema restart_policy_schema;
extern const struct schema supervision_schema;

/* ---- what came of it ---- */

enum { HEALTH_LOG_MAX = 5, HEALTH_OUTPUT_MAX = 4096 };
enum health_status { HEALTH_NONE, HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY, HEALTH_STATUS_COUNT };
extern const struct enumtab health_statuses; /* "none" "starting" "healthy" "unhealthy" */

/* One run of the check. */
struct health_result {
	const char *start, *end;     /* RFC 3339 */
	int32_t code;                /* 0 healthy; -1: it took too long or could not be run */
	const char *output;
};

/* health.json in the run directory, written by the monitor after every check. */
struct health_state {
	enum health_status status;
	uint32_t streak;             /* failures in a row */
	struct health_result *log;   /* the last HEALTH_LOG_MAX, oldest first */
	size_t n_log;
};
extern const struct schema health_state_schema;
