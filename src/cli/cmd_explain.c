/* SPDX-License-Identifier: Apache-2.0 */
/* `tare explain` says of a container, on one page, why it ended, which limits it has and met, what it may do, and what of that leads to the host. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/document.h"
#include "engine/explain.h"

struct explain_options {
	const char *format;
};

static const struct opt explain_opts[] = {
	OPT(struct explain_options, format, "format", 'f', STR, "TEMPLATE", "Go template, or 'json'"),
	OPT_END,
};

enum { WHAT_WIDTH = 16 };

/* What images and containers say of themselves may hold anything. */
static const char *calm(struct cli *c, const char *text)
{
	return text_calm(arena_strdup(c->a, text));
}

static void section_print(struct cli *c, const struct explain_section *s)
{
	printf("\n%s\n", s->title);
	for (size_t i = 0; i < s->n_lines; i++) {
		if (*s->lines[i].what)
			printf("  %-*s%s\n", WHAT_WIDTH, s->lines[i].what, calm(c, s->lines[i].text));
		else
			printf("  %s\n", calm(c, s->lines[i].text));
	}
}

static int explain_run(struct cli *c, const void *options, struct err *e)
{
	const struct explain_options *o = options;
	struct explanation x;
	struct engine *en;
	int r = cli_engine(c, &en, e);

	if (r == 0)
		r = container_explain(en, c->args.v[0], c->a, &x, e);
	if (r < 0)
		return r;
	if (o->format)
		return document_print(&explanation_schema, &x, o->format, e);
	printf("%s is %s\n", calm(c, x.name), x.status);
	for (size_t i = 0; i < x.n_sections; i++)
		section_print(c, &x.sections[i]);
	return 0;
}

const struct command explain_command = {
	.names = { "explain", "container explain" },
	.group = "Containers",
	.summary = "Say why a container ended, what it met and what it may do",
	.args = "CONTAINER",
	.min_args = 1,
	.max_args = 1,
	.opts = { explain_opts },
	.options_size = sizeof(struct explain_options),
	.run = explain_run,
};
