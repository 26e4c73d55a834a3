/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/each.h"

#include <stdio.h>

#include "base/vec.h"
#include "engine/engine.h"

int each_argument(struct cli *c, each_fn fn, const void *options, struct err *e)
{
	struct engine *en;
	int code = 0, r = cli_engine(c, &en, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < c->args.n; i++) {
		r = fn(en, c->args.v[i], options, e);
		if (r < 0) {
			cli_report(e);
			code = 1;
		} else {
			puts(c->args.v[i]);
		}
	}
	return code;
}

int each_targets(struct cli *c, bool latest, struct strs *ret, struct err *e)
{
	struct container_list_options newest = { .all = true, .last = 1 };
	struct container_info *infos;
	struct engine *en;
	size_t n;
	int r;

	*ret = c->args;
	if (c->args.n > 0)
		return latest ? err_set(e, ERR_INVALID, "either --latest or names") : 0;
	if (!latest)
		return err_set(e, ERR_INVALID, "'tare %s' needs at least 1 argument: %s", c->command->names[0], c->command->args);
	r = cli_engine(c, &en, e);
	if (r == 0)
		r = container_list(en, &newest, c->a, &infos, &n, e);
	if (r == 0 && n == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no container");
	if (r == 0)
		strs_push(c->a, ret, infos[0].c->id);
	return r;
}
