/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/supervision.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/vec.h"

#define O FIELD_OMIT_EMPTY

enum { DEFAULT_RETRIES = 3 };
static const int64_t second_ns = 1000000000, shortest_ns = 1000000;

static const char *const restart_words[] = {
	[RESTART_NO] = "no", [RESTART_ON_FAILURE] = "on-failure", [RESTART_ALWAYS] = "always", [RESTART_UNLESS_STOPPED] = "unless-stopped",
};
const struct enumtab restart_kinds = ENUMTAB("restart policy", restart_words, RESTART_KIND_COUNT);

static const char *const action_words[] = {
	[HEALTH_ACTION_NONE] = "none", [HEALTH_ACTION_KILL] = "kill", [HEALTH_ACTION_RESTART] = "restart", [HEALTH_ACTION_STOP] = "stop",
};
const struct enumtab health_actions = ENUMTAB("health action", action_words, HEALTH_ACTION_COUNT);

static const char *const sdnotify_words[] = {
	[SDNOTIFY_CONTAINER] = "container", [SDNOTIFY_CONMON] = "conmon", [SDNOTIFY_HEALTHY] = "healthy", [SDNOTIFY_IGNORE] = "ignore",
};
const struct enumtab sdnotify_modes = ENUMTAB("sdnotify mode", sdnotify_words, SDNOTIFY_COUNT);

static const char *const status_words[] = {
	[HEALTH_NONE] = "none", [HEALTH_STARTING] = "starting", [HEALTH_HEALTHY] = "healthy", [HEALTH_UNHEALTHY] = "unhealthy",
};
const struct enumtab health_statuses = ENUMTAB("health status", status_words, HEALTH_STATUS_COUNT);

/* clang-format off */
static const struct field restart_fields[] = {
	FIELD_ENUM(struct restart_policy, kind, "policy", &restart_kinds, 0),
	FIELD(struct restart_policy, max,       "max",    U32, O),
};
const struct schema restart_policy_schema = SCHEMA("restart policy", struct restart_policy, restart_fields);

static const struct field health_fields[] = {
	FIELD(struct health_request, off,             "off",            BOOL, O),
	FIELD_OBJ(struct health_request, check,       "check",          &oci_healthcheck_schema, 0),
	FIELD_OBJ(struct health_request, startup,     "startup",        &oci_healthcheck_schema, 0),
	FIELD(struct health_request, startup_success, "startupSuccess", I64,  O),
	FIELD_ENUM(struct health_request, on_failure, "onFailure",      &health_actions, 0),
};
static const struct schema health_schema = SCHEMA("health", struct health_request, health_fields);

static const struct field supervision_fields[] = {
	FIELD_OBJ(struct supervision, restart,   "restart",  &restart_policy_schema, 0),
	FIELD_OBJ(struct supervision, health,    "health",   &health_schema, 0),
	FIELD_ENUM(struct supervision, sdnotify, "sdnotify", &sdnotify_modes, 0),
};
const struct schema supervision_schema = SCHEMA("supervision", struct supervision, supervision_fields);

static const struct field result_fields[] = {
	FIELD(struct health_result, start,  "Start",    STR, 0),
	FIELD(struct health_result, end,    "End",      STR, 0),
	FIELD(struct health_result, code,   "ExitCode", I32, 0),
	FIELD(struct health_result, output, "Output",   STR, 0),
};
static const struct schema result_schema = SCHEMA("health result", struct health_result, result_fields);

/* The words of docker's inspect. */
static const struct field state_fields[] = {
	FIELD_ENUM(struct health_state, status, "Status",        &health_statuses, FIELD_REQUIRED),
	FIELD(struct health_state, streak,      "FailingStreak", U32, 0),
	FIELD_LIST(struct health_state, log,    "Log",           &result_schema, 0),
};
const struct schema health_state_schema = SCHEMA("health", struct health_state, state_fields);
/* clang-format on */

int restart_policy_parse(const char *text, struct arena *a, struct restart_policy *ret, struct err *e)
{
	struct str number, word = str_cut(str_of(text), ':', &number);
	const char *name = arena_strndup(a, word.p, word.n);
	int kind = !*text || streq(name, "never") ? RESTART_NO : enumtab_find(&restart_kinds, name);

	if (kind < 0)
		return err_set(e, ERR_INVALID, "invalid restart policy '%s': it is no, on-failure[:MAX], always or unless-stopped", text);
	*ret = (struct restart_policy){ .kind = (enum restart_kind)kind };
	if (!number.p)
		return 0;
	if (kind != RESTART_ON_FAILURE)
		return err_set(e, ERR_INVALID, "maximum retry count cannot be used with restart policy '%s'", name);
	if (parse_u32(arena_strndup(a, number.p, number.n), &ret->max) < 0)
		return err_set(e, ERR_INVALID, "invalid restart policy '%s': maximum retry count must be a number", text);
	return 0;
}

struct command_words {
	struct strs words;
};
static const struct field words_fields[] = { FIELD(struct command_words, words, "words", STRS, 0) };
static const struct schema words_schema = SCHEMA("command", struct command_words, words_fields);

int health_command_parse(const char *text, struct arena *a, struct strs *ret, struct err *e)
{
	struct command_words list = { 0 };
	const char *document;

	*ret = (struct strs){ 0 };
	if (!*text)
		return err_set(e, ERR_INVALID, "the health command is empty");
	if (strcasecmp(text, "none") == 0) {
		strs_push(a, ret, "NONE");
		return 0;
	}
	if (text[0] != '[') {
		strs_push(a, ret, "CMD-SHELL");
		strs_push(a, ret, text);
		return 0;
	}
	document = arena_printf(a, "{\"words\":%s}", text);
	if (json_decode(str_of(document), &words_schema, 0, a, &list, e) < 0 || list.words.n == 0)
		return err_set(e, ERR_INVALID, "health command '%s' is no list of words", text);
	/* Podman takes ["CMD","x"] and ["x"]. */
	if (!streq(list.words.v[0], "CMD") && !streq(list.words.v[0], "CMD-SHELL") && !streq(list.words.v[0], "NONE"))
		strs_push(a, ret, "CMD");
	for (size_t i = 0; i < list.words.n; i++)
		strs_push(a, ret, list.words.v[i]);
	return ret->n > 1 || streq(ret->v[0], "NONE") ? 0 : err_set(e, ERR_INVALID, "health command '%s' names no program", text);
}

bool health_check_exists(const struct oci_healthcheck *check)
{
	return check->test.n > 0 && !streq(check->test.v[0], "NONE");
}

/* ---- what was asked ------------------------------------------------------------------------------------------------------------------------------------ */

static bool says_anything(const struct oci_healthcheck *c)
{
	return c->test.n || c->interval || c->timeout || c->start_period || c->start_interval || c->retries;
}

static int times_check(const struct oci_healthcheck *c, const char *of, struct err *e)
{
	const struct {
		const char *name;
		int64_t v;
	} rows[] = { { "interval", c->interval }, { "timeout", c->timeout }, { "start-period", c->start_period }, { "start-interval", c->start_interval } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].v != 0 && rows[i].v < shortest_ns && !(i == 0 && rows[i].v == HEALTH_NEVER))
			return err_set(e, ERR_INVALID, "%s-%s is less than 1ms", of, rows[i].name);
	if (c->retries < 0 || c->retries > INT32_MAX)
		return err_set(e, ERR_INVALID, "%s-retries is not within 0 and %d", of, INT32_MAX);
	return 0;
}

int health_check_request(const struct health_request *q, struct err *e)
{
	int r = times_check(&q->check, "health", e);

	if (r == 0)
		r = times_check(&q->startup, "health-startup", e);
	if (r < 0)
		return r;
	if (q->off && (says_anything(&q->check) || says_anything(&q->startup) || q->on_failure != HEALTH_ACTION_NONE))
		return err_set(e, ERR_CONFLICT, "--no-healthcheck conflicts with --health-* options");
	if (q->startup_success < 0 || q->startup_success > INT32_MAX)
		return err_set(e, ERR_INVALID, "health-startup-success is not within 0 and %d", INT32_MAX);
	return 0;
}

static int64_t first_of(int64_t asked, int64_t image, int64_t usual)
{
	return asked ? asked : image ? image : usual;
}

struct oci_healthcheck *health_resolve(const struct health_request *q, const struct oci_healthcheck *image, struct arena *a)
{
	static const struct oci_healthcheck nothing;
	const struct oci_healthcheck *img = image ? image : &nothing;
	struct oci_healthcheck *c;

	if (q->off)
		return NULL;
	c = arena_new(a, struct oci_healthcheck);
	*c = (struct oci_healthcheck){
		.test = q->check.test.n ? q->check.test : img->test,
		.interval = first_of(q->check.interval, img->interval, 30 * second_ns), .timeout = first_of(q->check.timeout, img->timeout, 30 * second_ns),
		.start_period = first_of(q->check.start_period, img->start_period, 0),
		.start_interval = first_of(q->check.start_interval, img->start_interval, 0),
		.retries = first_of(q->check.retries, img->retries, DEFAULT_RETRIES),
	};
	return health_check_exists(c) ? c : NULL;
}
