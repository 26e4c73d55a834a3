/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare-runtime: an OCI runtime with the command line of runc.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/vec.h"
#include "bin/runtime/globals.h"
#include "bin/runtime/help.h"
#include "bin/runtime/runtime.h"
#include "cli/opts.h"
#include "os/memfd.h"
#include "os/trace.h"

static const struct verb *find(const char *name)
{
	for (size_t i = 0; verbs[i]; i++)
		if (streq(verbs[i]->command.names[0], name))
			return verbs[i];
	return NULL;
}

/* As runc counts: what follows the options of a verb, the id among it. */
static int check_args(const struct command *c, size_t n, struct err *e)
{
	if (c->min_args == c->max_args && n != (size_t)c->min_args)
		return err_set(e, ERR_INVALID, "\"%s\" requires exactly %d argument(s)", c->names[0], c->min_args);
	if (n < (size_t)c->min_args)
		return err_set(e, ERR_INVALID, "\"%s\" requires a minimum of %d argument(s)", c->names[0], c->min_args);
	if (c->max_args >= 0 && n > (size_t)c->max_args)
		return err_set(e, ERR_INVALID, "\"%s\" requires a maximum of %d argument(s)", c->names[0], c->max_args);
	return 0;
}

static int run_verb_of(const struct verb *v, const struct strs *words, struct runtime *rt, int *failure, struct err *e)
{
	void *options = arena_alloc(rt->a, v->command.options_size + 1);
	struct strs args = { 0 };
	int r = opts_parse(&v->command, OPTS_ONE_DASH, words, rt->a, options, &args, e);

	if (r == -ECANCELED)
		return help_print(&v->command);
	if (r == 0)
		r = check_args(&v->command, args.n, e);
	if (r < 0)
		return r;
	*failure = v->command.failure ? v->command.failure : 1;
	if (v->enters) {
		r = memfd_self_ensure(rt->argv);
		if (r < 0)
			return err_sys(e, r, "run from a sealed image of myself");
	}
	rt->args = &args;
	return v->run(rt, options, e);
}

static int unknown(const char *word, struct err *e)
{
	const char *near = help_nearest_verb(word);

	if (near)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: there is no command '%s' (did you mean '%s'?)", word, near);
	return err_set(e, ERR_UNSUPPORTED, "unsupported: there is no command '%s'", word);
}

static int help(const struct strs *words, struct err *e)
{
	const struct verb *v;

	if (words->n < 2)
		return help_print(NULL);
	if (streq(words->v[1], "--man"))
		return help_print_manual();
	v = find(words->v[1]);
	return v ? help_print(&v->command) : unknown(words->v[1], e);
}

static int dispatch(const struct globals *g, struct strs *words, struct runtime *rt, int *failure, struct err *e)
{
	const struct verb *v;

	if (g->version || (words->n == 1 && streq(words->v[0], "version")))
		return help_print_version();
	if (words->n == 0 || streq(words->v[0], "help"))
		return help(words, e);
	v = find(words->v[0]);
	if (!v)
		return unknown(words->v[0], e);
	words->v++;
	words->n--;
	return run_verb_of(v, words, rt, failure, e);
}

/* A caller that closed its standard descriptors must not have them taken by what we open, which the container would inherit. */
static void open_standard(void)
{
	int fd;

	do
		fd = openat(AT_FDCWD, "/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	close(fd);
}

int main(int argc, char **argv)
{
	scoped_arena struct arena a = { 0 };
	struct globals g = { 0 };
	struct strs words = { 0 };
	struct runtime rt = { .a = &a, .argv = argv };
	struct err e = { 0 };
	int failure = 1, r;

	open_standard();
	trace_begin("tare-runtime");
	r = globals_parse(argc, argv, &a, &g, &words, &e);
	if (r == 0) {
		rt.root = g.root;
		rt.root_is_default = g.root_is_default;
		rt.rootless = g.rootless;
		rt.criu = g.criu;
		rt.systemd_cgroup = g.systemd_cgroup;
		rt.no_cgroup = g.no_cgroup;
		r = dispatch(&g, &words, &rt, &failure, &e);
	}
	if (r >= 0)
		return r;
	logs_report(&g.logs, &e);
	return failure;
}
