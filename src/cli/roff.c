/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/roff.h"

void roff_text(const char *s, struct buf *out)
{
	if (*s == '.' || *s == '\'')
		buf_add_str(out, "\\&");
	for (; *s; s++) {
		if (*s == '-')
			buf_add_str(out, "\\-");
		else if (*s == '\\')
			buf_add_str(out, "\\e");
		else
			buf_add_char(out, *s);
	}
}

void roff_option(const struct opt *o, struct buf *out)
{
	buf_add_str(out, ".TP\n.B ");
	if (o->short_name)
		buf_printf(out, "\\-%c, ", o->short_name);
	buf_add_str(out, "\\-\\-");
	roff_text(o->name, out);
	if (o->metavar) {
		buf_add_str(out, " \\fI");
		roff_text(o->metavar, out);
		buf_add_str(out, "\\fP");
	}
	buf_add_char(out, '\n');
	roff_text(o->help, out);
	buf_add_char(out, '\n');
}

void roff_command(const char *program, const struct command *cmd, struct buf *out)
{
	buf_printf(out, ".SS %s %s%s%s%s\n", program, cmd->names[0], cmd->opts[0] ? " [OPTIONS]" : "", cmd->args ? " " : "", cmd->args ? cmd->args : "");
	roff_text(cmd->summary, out);
	buf_add_str(out, ".\n");
	for (size_t i = 1; i < COMMAND_MAX_NAMES && cmd->names[i]; i++)
		buf_printf(out, "%s%s %s", i == 1 ? "Also: " : ", ", program, cmd->names[i]);
	buf_add_str(out, cmd->names[1] ? ".\n" : "");
	for (size_t t = 0; t < COMMAND_MAX_TABLES; t++)
		for (const struct opt *o = cmd->opts[t]; o && o->name; o++)
			if (o->help)
				roff_option(o, out);
}
