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

static int count_args(const struct command *c, size_t n, struct err *e)
{
	if ((int)n < c->min_args)
		return err_set(e, ERR_INVALID, "'%s' requires %s: %s", c->names[0], n ? "more arguments" : "an argument", c->args);
	if (c->max_args >= 0 && (int)n > c->max_args)
		return err_set(e, ERR_INVALID, "'%s' takes at most %d argument%s", c->names[0], c->max_args, c->max_args == 1 ? "" : "s");
	return 0;
}

static int run_verb_of(const struct verb *v, const struct strs *words, struct runtime *rt, struct err *e)
{
	void *options = arena_alloc(rt->a, v->command.options_size + 1);
	struct strs args = { 0 };
	int r = opts_parse(&v->command, words, rt->a, options, &args, e);

	if (r == -ECANCELED) {
		globals_print_help(&v->command);
		return 0;
	}
	if (r == 0)
		r = count_args(&v->command, args.n, e);
	if (r < 0)
		return r;
	if (v->enters) {
		r = memfd_self_ensure(rt->argv);
		if (r < 0)
			return err_sys(e, r, "run from a sealed image of myself");
	}
	rt->args = &args;
	return v->run(rt, options, e);
}

static int dispatch(struct globals *g, struct strs *words, struct runtime *rt, struct err *e, int *failure)
{
	const struct verb *v;

	if (g->version || (words->n == 1 && streq(words->v[0], "version")))
		return globals_print_version();
	if (words->n == 0 || streq(words->v[0], "help"))
		return globals_print_help(NULL);
	v = find(words->v[0]);
	if (!v)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: there is no command '%s'", words->v[0]);
	*failure = v->command.failure ? v->command.failure : 1;
	words->v++;
	words->n--;
	return run_verb_of(v, words, rt, e);
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
		rt.systemd_cgroup = g.systemd_cgroup;
		rt.no_cgroup = g.no_cgroup;
		r = dispatch(&g, &words, &rt, &e, &failure);
	}
	if (r >= 0)
		return r;
	globals_report(&g, &e);
	return failure;
}
