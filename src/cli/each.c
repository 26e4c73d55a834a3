/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/each.h"

#include <stdio.h>

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
