/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/supervision_opts.h"

#include "base/parse.h"
#include "cli/request_opts.h"
#include "spec/supervision.h"

int supervision_take_restart(void *options, const char *value, struct arena *a, struct err *e)
{
	struct supervision *s = &((struct request_options *)options)->q.supervision;

	s->restart_said = true;
	return restart_policy_parse(value, a, &s->restart, e);
}

static struct health_request *health_of(void *options)
{
	return &((struct request_options *)options)->q.supervision.health;
}

static int take_command(void *options, const char *value, struct arena *a, struct err *e)
{
	return health_command_parse(value, a, &health_of(options)->check.test, e);
}

static int take_startup_command(void *options, const char *value, struct arena *a, struct err *e)
{
	return health_command_parse(value, a, &health_of(options)->startup.test, e);
}

/* Podman's "disable": only `healthcheck run` makes it run. */
static int interval_parse(const char *value, int64_t *ret, struct err *e)
{
	*ret = HEALTH_NEVER;
	return streq(value, "disable") || parse_duration(value, ret) == 0 ? 0 : err_set(e, ERR_INVALID, "'%s' is no duration such as 30s", value);
}

static int take_interval(void *options, const char *value, struct arena *a, struct err *e)
{
	return interval_parse(value, &health_of(options)->check.interval, e);
}

static int take_startup_interval(void *options, const char *value, struct arena *a, struct err *e)
{
	return interval_parse(value, &health_of(options)->startup.interval, e);
}

static int take_action(void *options, const char *value, struct arena *a, struct err *e)
{
	int action = enumtab_find(&health_actions, value);

	if (action < 0)
		return err_set(e, ERR_INVALID, "'%s' is not none, kill, restart or stop", value);
	health_of(options)->on_failure = (enum health_action)action;
	return 0;
}

#define R struct request_options
const struct opt supervision_opts[] = {
	/* clang-format off */
	OPT_CALL("restart",              0, supervision_take_restart, "POLICY",   "When it ends: no (default), on-failure[:MAX], always, unless-stopped"),
	OPT_CALL("health-cmd",           0, take_command,          "COMMAND",     "Says whether it is well; 'none': nothing does"),
	OPT_CALL("health-interval",      0, take_interval,         "TIME",        "Between two checks (default 30s); 'disable': only when asked"),
	OPT(R, q.supervision.health.check.timeout, "health-timeout", 0, DURATION, "TIME", "Longest check (default 30s)"),
	OPT(R, q.supervision.health.check.retries, "health-retries", 0, I64, "N", "Failures in a row that make it unhealthy (default 3)"),
	OPT(R, q.supervision.health.check.start_period, "health-start-period", 0, DURATION, "TIME", "Time after its start in which failures do not count"),
	OPT(R, q.supervision.health.check.start_interval, "health-start-interval", 0, DURATION, "TIME", "Between two checks in that time (default 5s)"),
	OPT_CALL("health-startup-cmd",   0, take_startup_command,  "COMMAND",     "Check that must succeed before the other one begins"),
	OPT_CALL("health-startup-interval", 0, take_startup_interval, "TIME",     "Between two startup checks (default 30s)"),
	OPT(R, q.supervision.health.startup.timeout, "health-startup-timeout", 0, DURATION, "TIME", "Longest startup check (default 30s)"),
	OPT(R, q.supervision.health.startup.retries, "health-startup-retries", 0, I64, "N", "Failures in a row after which it is started anew (default: no end)"),
	OPT(R, q.supervision.health.startup_success, "health-startup-success", 0, I64, "N", "Successes in a row that it takes (default 1)"),
	OPT_CALL("health-on-failure",    0, take_action,           "ACTION",      "When unhealthy: none (default), kill, restart, stop"),
	OPT(R, q.supervision.health.off, "no-healthcheck",       0, FLAG, NULL,   "Leave the image's health check out"),
	OPT_REFUSED("health-log-destination", 0, "X", "the results stand in 'tare inspect'"),
	OPT_REFUSED("health-max-log-count", 0, "N", "the last 5 results are kept"),
	OPT_REFUSED("health-max-log-size", 0, "N", "4096 bytes of each result are kept"),
	/* clang-format on */
	OPT_END,
};
#undef R
