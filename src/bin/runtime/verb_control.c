/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill, pause, resume, delete: what is done to a container.
 */
#include "base/vec.h"
#include "bin/runtime/runtime.h"
#include "os/signal.h"
#include "runtime/control.h"

/* ---- kill ------------------------------------------------------------------------------------------------------------------------------- */

struct kill_options {
	bool all;
};

static const struct opt kill_opts[] = {
	OPT(struct kill_options, all, "all", 'a', FLAG, NULL, "Signal every process of the container"),
	OPT_END,
};

static int kill_run(struct runtime *rt, const void *options, struct err *e)
{
	const struct kill_options *o = options;
	const char *word = rt->args->n > 1 ? rt->args->v[1] : "TERM";
	scoped_control struct control c = CONTROL_NONE;
	int sig, r = signal_parse(word, &sig);

	if (r < 0)
		return err_set(e, ERR_INVALID, "unknown signal '%s'", word);
	r = control_open(rt->root, rt->args->v[0], rt->a, &c, e);
	return r < 0 ? r : control_kill(&c, sig, o->all, e);
}

const struct verb kill_verb = {
	.command = { .names = { "kill" }, .summary = "Send a signal to a container (default: TERM)", .args = "ID [SIGNAL]", .min_args = 1,
		.max_args = 2, .opts = { kill_opts }, .options_size = sizeof(struct kill_options) },
	.run = kill_run,
};

/* ---- pause, resume ----------------------------------------------------------------------------------------------------------------------- */

static int pause_or_resume(struct runtime *rt, bool pause, struct err *e)
{
	scoped_control struct control c = CONTROL_NONE;
	int r = control_open(rt->root, rt->args->v[0], rt->a, &c, e);

	return r < 0 ? r : control_pause(&c, pause, e);
}

static int pause_run(struct runtime *rt, const void *options, struct err *e)
{
	return pause_or_resume(rt, true, e);
}

static int resume_run(struct runtime *rt, const void *options, struct err *e)
{
	return pause_or_resume(rt, false, e);
}

const struct verb pause_verb = {
	.command = { .names = { "pause" }, .summary = "Stop every process of a container for a while", .args = "ID", .min_args = 1, .max_args = 1 },
	.run = pause_run,
};

const struct verb resume_verb = {
	.command = { .names = { "resume" }, .summary = "Let a paused container go on", .args = "ID", .min_args = 1, .max_args = 1 },
	.run = resume_run,
};

/* ---- delete ------------------------------------------------------------------------------------------------------------------------------ */

struct delete_options {
	bool force;
};

static const struct opt delete_opts[] = {
	OPT(struct delete_options, force, "force", 'f', FLAG, NULL, "Kill it if it runs; a missing container is no error"),
	OPT_END,
};

static int delete_run(struct runtime *rt, const void *options, struct err *e)
{
	const struct delete_options *o = options;

	return control_delete(rt->root, rt->args->v[0], o->force, rt->a, e);
}

const struct verb delete_verb = {
	.command = { .names = { "delete" }, .summary = "Remove what a container holds", .args = "ID", .min_args = 1, .max_args = 1,
		.opts = { delete_opts }, .options_size = sizeof(struct delete_options) },
	.run = delete_run,
};
