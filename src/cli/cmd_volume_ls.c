/* SPDX-License-Identifier: Apache-2.0 */
/* `tare volume ls` lists volumes by name. */
#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/vec.h"
#include "cli/prune.h"
#include "cli/table.h"
#include "engine/volumes.h"

struct ls_options {
	bool quiet, no_heading;
	const char *format;
	struct strs filters;
};

static const struct opt ls_opts[] = {
	OPT(struct ls_options, filters, "filter", 'f', FILTERS, "KEY=VALUE",
		"Only those: dangling, driver, label, name, opt, scope, anonymous, until, after, since"),
	OPT(struct ls_options, format, "format", 0, STR, "TEMPLATE", "Go template, 'json' or 'table TEMPLATE'"),
	OPT(struct ls_options, no_heading, "noheading", 'n', FLAG, NULL, "No headings"),
	OPT(struct ls_options, quiet, "quiet", 'q', FLAG, NULL, "Only names"),
	OPT_REFUSED("cluster", 0, NULL, "volumes of a cluster are swarm's, which there is none of here"),
	OPT_END,
};

enum {
	AVAILABILITY, DRIVER, GROUP, LABELS, LINKS, MOUNTPOINT, NAME, SCOPE, SIZE, STATUS, ANONYMOUS, CREATED_AT, MOUNT_COUNT, NEEDS_COPY_UP, OPTIONS, N_COLUMNS,
};

/* Docker's keys, in its order; what has no meaning here is N/A there, too. */
static const struct table_column columns[N_COLUMNS] = {
	[AVAILABILITY] = { "Availability", "AVAILABILITY", false },
	[DRIVER] = { "Driver", "DRIVER", true },
	[GROUP] = { "Group", "GROUP", false },
	[LABELS] = { "Labels", "LABELS", false },
	[LINKS] = { "Links", "LINKS", false },
	[MOUNTPOINT] = { "Mountpoint", "MOUNTPOINT", false },
	[NAME] = { "Name", "VOLUME NAME", true },
	[SCOPE] = { "Scope", "SCOPE", false },
	[SIZE] = { "Size", "SIZE", false },
	[STATUS] = { "Status", "STATUS", false },
	[ANONYMOUS] = { "Anonymous", "ANONYMOUS", false, true },
	[CREATED_AT] = { "CreatedAt", "CREATED AT", false, true },
	[MOUNT_COUNT] = { "MountCount", "MOUNT COUNT", false, true },
	[NEEDS_COPY_UP] = { "NeedsCopyUp", "NEEDS COPY UP", false, true },
	[OPTIONS] = { "Options", "OPTIONS", false, true },
};

/* "a=1,b=2" */
static const char *pairs_text(const struct pairs *pairs, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < pairs->n; i++)
		text = arena_printf(a, "%s%s%s=%s", text, i ? "," : "", pairs->v[i].key, pairs->v[i].value);
	return text;
}

static void row_fill(const char **row, const struct volume_info *i, struct arena *a)
{
	row[AVAILABILITY] = row[GROUP] = row[LINKS] = row[SIZE] = row[STATUS] = "N/A";
	row[DRIVER] = i->v.driver;
	row[LABELS] = pairs_text(&i->v.labels, a);
	row[MOUNTPOINT] = i->mountpoint;
	row[NAME] = i->v.name;
	row[SCOPE] = "local";
	row[ANONYMOUS] = i->v.anonymous ? "true" : "false";
	row[CREATED_AT] = i->v.created;
	row[MOUNT_COUNT] = arena_printf(a, "%zu", i->mounts);
	row[NEEDS_COPY_UP] = i->v.filled ? "false" : "true";
	row[OPTIONS] = pairs_text(&i->v.options, a);
}

/* "until=24h" becomes a moment, which is what the engine knows. */
static int filters_read(const struct strs *filters, struct arena *a, struct strs *ret, struct err *e)
{
	for (size_t i = 0; i < filters->n; i++) {
		const char *one = filters->v[i];

		if (str_after(one, "until=")) {
			struct prune_filter f;
			int r = prune_filter_parse(&(struct strs){ &one, 1 }, a, &f, e);

			if (r < 0)
				return r;
			one = arena_printf(a, "until=%lld", (long long)f.until);
		}
		strs_push(a, ret, one);
	}
	return 0;
}

static int ls_run(struct cli *c, const void *options, struct err *e)
{
	const struct ls_options *o = options;
	struct volume_list_options want = { 0 };
	scoped_buf struct buf out = BUF(LIMIT_FILE);
	struct table t = TABLE(c->a, columns);
	struct volume_info *v;
	struct engine *en;
	size_t n;
	int r = filters_read(&o->filters, c->a, &want.filters, e);

	if (r == 0)
		r = cli_engine(c, &en, e);
	if (r == 0)
		r = volume_list(en, &want, c->a, &v, &n, e);
	if (r < 0)
		return r;
	t.no_heading = o->no_heading;
	for (size_t i = 0; i < n; i++)
		row_fill(table_row(&t), &v[i], c->a);
	r = table_print(&t, o->quiet ? "{{.Name}}" : o->format, &out, e);
	if (r == 0)
		fwrite(buf_text(&out), 1, out.n, stdout);
	return r;
}

const struct command volume_ls_command = {
	.names = { "volume ls", "volume list" },
	.group = "Volumes",
	.summary = "List volumes",
	.opts = { ls_opts },
	.options_size = sizeof(struct ls_options),
	.run = ls_run,
};
