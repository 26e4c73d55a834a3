/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill, pause, resume, delete: what is done to a container.
 */
#include <errno.h>

#include "base/log.h"
#include "base/pattern.h"
#include "base/vec.h"
#include "bin/runtime/runtime.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/signal.h"
#include "runtime/control.h"

/* ---- several at once -------------------------------------------------------------------------------------------------------------------- */

struct matches {
	struct pattern pattern;
	struct arena *a;
	struct strs ids;
};

static int add_match(void *arg, int root_fd, const char *name, unsigned char type)
{
	struct matches *m = arg;

	if (name[0] != '.' && pattern_fits(&m->pattern, name))
		strs_push(m->a, &m->ids, arena_strdup(m->a, name));
	return 0;
}

/* As crun has it: an extended regular expression that fits somewhere in the id. None that fits is no error, nor is one that could not be done. */
static int each_match(struct runtime *rt, const char *pattern, int (*fn)(struct runtime *rt, const char *id, const void *arg, struct err *e),
	const void *arg, struct err *e)
{
	scoped_fd int root = state_open_root(rt->root, false, e);
	struct matches m = { .a = rt->a };

	if (pattern_parse(pattern, rt->a, &m.pattern) < 0)
		return err_set(e, ERR_INVALID, "invalid regular expression '%s'", pattern);
	if (root >= 0)
		dir_each(root, add_match, &m);
	if (root < 0 && root != -ENOENT)
		return root;
	for (size_t i = 0; i < m.ids.n; i++) {
		err_clear(e);
		if (fn(rt, m.ids.v[i], arg, e) < 0)
			log_warn("'%s': %s", m.ids.v[i], e->msg);
	}
	return 0;
}

/* ---- kill ------------------------------------------------------------------------------------------------------------------------------- */

struct kill_options {
	bool all, regex;
};

static const struct opt kill_opts[] = {
	OPT(struct kill_options, all, "all", 'a', FLAG, NULL, "Signal every process of the container"),
	OPT(struct kill_options, regex, "regex", 'r', FLAG, NULL, "ID is a regular expression: every container whose id it fits"),
	OPT_END,
};

struct kill_order {
	int sig;
	bool all;
};

static int kill_one(struct runtime *rt, const char *id, const void *arg, struct err *e)
{
	const struct kill_order *k = arg;
	scoped_control struct control c = CONTROL_NONE;
	int r = control_open(rt->root, id, rt->a, &c, e);

	return r < 0 ? r : control_kill(&c, k->sig, k->all, e);
}

static int kill_run(struct runtime *rt, const void *options, struct err *e)
{
	const struct kill_options *o = options;
	const char *word = rt->args->n > 1 ? rt->args->v[1] : "TERM";
	struct kill_order k = { .all = o->all };

	if (signal_parse(word, &k.sig) < 0)
		return err_set(e, ERR_INVALID, "unknown signal '%s'", word);
	return o->regex ? each_match(rt, rt->args->v[0], kill_one, &k, e) : kill_one(rt, rt->args->v[0], &k, e);
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
	bool force, regex;
};

static const struct opt delete_opts[] = {
	OPT(struct delete_options, force, "force", 'f', FLAG, NULL, "Kill it if it runs; a missing container is no error"),
	OPT(struct delete_options, regex, "regex", 'r', FLAG, NULL, "ID is a regular expression: every container whose id it fits"),
	OPT_END,
};

static int delete_one(struct runtime *rt, const char *id, const void *arg, struct err *e)
{
	const struct delete_options *o = arg;

	return control_delete(rt->root, id, o->force, rt->a, e);
}

static int delete_run(struct runtime *rt, const void *options, struct err *e)
{
	const struct delete_options *o = options;

	return o->regex ? each_match(rt, rt->args->v[0], delete_one, o, e) : delete_one(rt, rt->args->v[0], o, e);
}

const struct verb delete_verb = {
	.command = { .names = { "delete" }, .summary = "Remove what a container holds", .args = "ID", .min_args = 1, .max_args = 1,
		.opts = { delete_opts }, .options_size = sizeof(struct delete_options) },
	.run = delete_run,
};
