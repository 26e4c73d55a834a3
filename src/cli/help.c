/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <stdio.h>

#include "cli/opts.h"
#include "cli/roff.h"

/* Options every command understands before its name. Kept as rows so that the text has one shape. */
static const struct opt global_rows[] = {
	{ .name = "root", .metavar = "DIR", .help = "Directory of images and containers (default /var/lib/tare)" },
	{ .name = "run-root", .metavar = "DIR", .help = "Directory of live state (default /run/tare)" },
	{ .name = "runtime", .metavar = "PROGRAM", .help = "OCI runtime (default tare-runtime)" },
	{ .name = "debug", .short_name = 'D', .help = "Say what happens" },
	{ .name = "timing", .help = "Print how long every step took" },
	{ .name = "version", .short_name = 'v', .help = "Print the version" },
};

static void put_option(const struct opt *o, struct buf *out)
{
	char left[64];

	snprintf(left, sizeof left, "%s%c%s--%s%s%s", o->short_name ? "-" : " ", o->short_name ? o->short_name : ' ',
		o->short_name ? ", " : "  ", o->name, o->metavar ? " " : "", o->metavar ? o->metavar : "");
	buf_printf(out, "  %-32s %s\n", left, o->help);
}

void help_command(const struct command *cmd, struct buf *out)
{
	bool any = false;

	buf_printf(out, "Usage:  tare %s%s%s%s\n\n%s\n", cmd->names[0], cmd->opts[0] ? " [OPTIONS]" : "", cmd->args ? " " : "",
		cmd->args ? cmd->args : "", cmd->summary);
	if (cmd->names[1]) {
		buf_add_str(out, "\nAliases:\n ");
		for (size_t i = 0; i < COMMAND_MAX_NAMES && cmd->names[i]; i++)
			buf_printf(out, "%s tare %s", i ? "," : "", cmd->names[i]);
		buf_add_char(out, '\n');
	}
	for (size_t t = 0; t < COMMAND_MAX_TABLES; t++) {
		for (const struct opt *o = cmd->opts[t]; o && o->name; o++) {
			if (!o->help)
				continue;
			if (!any)
				buf_add_str(out, "\nOptions:\n");
			any = true;
			put_option(o, out);
		}
	}
}

void help_program(struct buf *out)
{
	const char *group = "";

	buf_add_str(out, "Usage:  tare [OPTIONS] COMMAND\n\nContainers that weigh nothing: run, build on and look into them, without a daemon.\n");
	for (const struct command *const *c = commands; *c; c++) {
		if (!(*c)->group)
			continue;
		if (!streq(group, (*c)->group))
			buf_printf(out, "\n%s:\n", (*c)->group);
		group = (*c)->group;
		buf_printf(out, "  %-16s %s\n", (*c)->names[0], (*c)->summary);
	}
	buf_add_str(out, "\nGlobal options:\n");
	for (size_t i = 0; i < ARRAY_LEN(global_rows); i++)
		put_option(&global_rows[i], out);
	buf_add_str(out, "\nRun 'tare COMMAND --help' for more about a command.\n");
}

/* ---- the manual page ---- */

void help_manual(struct buf *out)
{
	static const char head[] =
		".TH TARE 1 \"\" \"tare " TARE_VERSION "\"\n.SH NAME\ntare \\- containers without a daemon\n.SH SYNOPSIS\n"
		".B tare\n[\\fIOPTIONS\\fP] \\fICOMMAND\\fP [\\fIARG\\fP...]\n.SH DESCRIPTION\n"
		"Pulls images, makes and runs containers, and looks into them, in the grammar of docker and podman. There is no daemon: every command\n"
		"works on files under /var/lib/tare and /run/tare, and each container is held by one small monitor process.\n.SH GLOBAL OPTIONS\n";
	static const char tail[] =
		".SH EXIT STATUS\n0 for success, 1 for a failed command, 125 for a flag that is not known or not built. Commands whose status is the container's use 125 for failures of tare itself, 126 when\n"
		"the program cannot be invoked, 127 when it is not found, and 128+n when signal n ended it.\n.SH ENVIRONMENT\n"
		".TP\n.B TARE_ROOT, TARE_RUN, TARE_RUNTIME\nDefaults for \\-\\-root, \\-\\-run\\-root and \\-\\-runtime.\n"
		".TP\n.B TARE_TRACE\nFile to which every program appends how long each of its steps took.\n"
		".SH FILES\n.TP\n.I /var/lib/tare\nImages, layers, containers, volumes, networks.\n.TP\n.I /run/tare\nLive state, gone at reboot.\n";

	buf_add_str(out, head);
	for (size_t i = 0; i < ARRAY_LEN(global_rows); i++)
		roff_option(&global_rows[i], out);
	buf_add_str(out, ".SH COMMANDS\n");
	for (const struct command *const *c = commands; *c; c++)
		if ((*c)->group)
			roff_command("tare", *c, out);
	buf_add_str(out, tail);
}

/* ---- for programs ---- */

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static void put_flag_line(const struct command *cmd, const struct opt *o, struct buf *out)
{
	const char *state = o->kind != OPT_KIND_UNSUPPORTED ? "built" : o->why ? "refused" : "later";

	buf_printf(out, "flag\t%s\t--%s\t", cmd->names[0], o->name);
	if (o->short_name)
		buf_printf(out, "-%c", o->short_name);
	buf_printf(out, "\t%s\t%s\t%s\n", or_empty(o->metavar), state, or_empty(o->why ? o->why : o->help));
}

void help_tables(struct buf *out)
{
	for (const struct command *const *c = commands; *c; c++) {
		if (!(*c)->group)
			continue;
		buf_printf(out, "command\t%s", (*c)->names[0]);
		for (size_t i = 1; i < COMMAND_MAX_NAMES && (*c)->names[i]; i++)
			buf_printf(out, ", %s", (*c)->names[i]);
		buf_printf(out, "\t%s\t%s\n", or_empty((*c)->args), (*c)->summary);
		for (size_t t = 0; t < COMMAND_MAX_TABLES; t++)
			for (const struct opt *o = (*c)->opts[t]; o && o->name; o++)
				put_flag_line(*c, o, out);
	}
	for (const struct refused_command *r = refused_commands; r->name; r++)
		buf_printf(out, "refused\t%s\t%s\n", r->name, r->why);
}

/* What of the command's names stands in @group: "ls" of "image ls". NULL: none. */
static const char *name_in_group(const struct command *cmd, const char *group)
{
	size_t n = strlen(group);

	for (size_t i = 0; cmd->group && i < COMMAND_MAX_NAMES && cmd->names[i]; i++)
		if (strncmp(cmd->names[i], group, n) == 0 && cmd->names[i][n] == ' ')
			return cmd->names[i] + n + 1;
	return NULL;
}

bool help_group(const char *group, struct buf *out)
{
	bool any = false;

	for (const struct command *const *c = commands; *c; c++) {
		const char *name = name_in_group(*c, group);

		if (!name)
			continue;
		if (!any)
			buf_printf(out, "Usage:  tare %s COMMAND\n\nCommands:\n", group);
		any = true;
		buf_printf(out, "  %-14s %s\n", name, (*c)->summary);
	}
	if (any)
		buf_printf(out, "\nRun 'tare %s COMMAND --help' for more about a command.\n", group);
	return any;
}

const char *help_nearest(const char *words)
{
	const char *best = NULL;
	size_t best_distance = 3;

	for (const struct command *const *c = commands; *c; c++) {
		for (size_t i = 0; (*c)->group && i < COMMAND_MAX_NAMES && (*c)->names[i]; i++) {
			size_t d = opts_distance(words, (*c)->names[i], best_distance);

			if (d < best_distance) {
				best_distance = d;
				best = (*c)->names[i];
			}
		}
	}
	return best;
}
