/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/targets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/vec.h"
#include "engine/engine.h"
#include "os/file.h"

enum { CIDFILE_MAX = 256 };

static bool is_meant(enum container_status s, enum targets_state state)
{
	switch (state) {
	case TARGETS_ANY:
		return true;
	case TARGETS_UP:
		return container_is_up(s);
	case TARGETS_DOWN:
		return s == CONTAINER_CREATED || s == CONTAINER_EXITED;
	case TARGETS_PAUSED:
		return s == CONTAINER_PAUSED;
	case TARGETS_NOT_PAUSED:
		return s == CONTAINER_RUNNING;
	}
	return false;
}

/* Those of the list, newest first. */
static int add_listed(struct cli *c, const struct targets *t, enum targets_state state, struct strs *ret, struct err *e)
{
	struct container_list_options o = { .all = true, .last = t->latest ? 1 : 0, .filters = t->filters };
	struct container_info *v;
	struct engine *en;
	size_t n;
	int r = cli_engine(c, &en, e);

	if (r == 0)
		r = container_list(en, &o, c->a, &v, &n, e);
	if (r < 0)
		return r;
	if (t->latest && n == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no container");
	for (size_t i = 0; i < n; i++)
		if (t->latest || is_meant(v[i].status, state))
			strs_push(c->a, ret, v[i].c->id);
	return 0;
}

static int add_cidfiles(struct cli *c, const struct targets *t, struct strs *ret, struct err *e)
{
	for (size_t i = 0; i < t->cidfiles.n; i++) {
		char text[CIDFILE_MAX];
		int r = file_read_text(AT_FDCWD, t->cidfiles.v[i], text, sizeof text);
		struct str id = str_trim(str_of(text));

		if (r == -ENOENT && t->ignore)
			continue;
		if (r < 0)
			return err_sys(e, r, "read container id file '%s'", t->cidfiles.v[i]);
		strs_push(c->a, ret, arena_strndup(c->a, id.p, id.n));
	}
	return 0;
}

int targets_find(struct cli *c, const struct targets *t, enum targets_state state, struct strs *ret, struct err *e)
{
	int ways = (c->args.n || t->cidfiles.n) + (t->all || t->filters.n) + t->latest;

	*ret = (struct strs){ 0 };
	if (ways > 1)
		return err_set(e, ERR_INVALID, "names, --latest, and --all or --filter do not go together");
	if (ways == 0)
		return err_set(e, ERR_INVALID, "'tare %s' needs at least 1 argument: %s", c->command->names[0], c->command->args);
	for (size_t i = 0; i < c->args.n; i++)
		strs_push(c->a, ret, c->args.v[i]);
	if (c->args.n || t->cidfiles.n)
		return add_cidfiles(c, t, ret, e);
	return add_listed(c, t, state, ret, e);
}

int targets_each(struct cli *c, const struct targets *t, enum targets_state state, target_fn fn, const void *options, struct err *e)
{
	struct engine *en;
	struct strs refs;
	int code = 0, r = targets_find(c, t, state, &refs, e);

	if (r == 0)
		r = cli_engine(c, &en, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < refs.n; i++) {
		r = fn(en, refs.v[i], options, e);
		if (r < 0 && !(t->ignore && e->kind == ERR_NOT_FOUND)) {
			cli_report(e);
			code = 1;
		} else if (r >= 0) {
			puts(refs.v[i]);
		}
		err_clear(e);
	}
	return code;
}
