/* SPDX-License-Identifier: Apache-2.0 */
#include "bin/runtime/help.h"

#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/scope.h"
#include "bin/runtime/globals.h"
#include "cli/opts.h"
#include "cli/roff.h"
#include "os/fd.h"
#include "runtime/seccomp/filter.h"
#include "spec/oci_runtime.h"

static int show(const struct buf *b)
{
	return fd_write_all(STDOUT_FILENO, b->p, b->n);
}

static void put_option(const struct opt *o, struct buf *b)
{
	char name[96];

	snprintf(name, sizeof name, "%c%c%s --%s%s%s", o->short_name ? '-' : ' ', o->short_name ? o->short_name : ' ', o->short_name ? "," : " ",
		o->name, o->metavar ? " " : "", o->metavar ? o->metavar : "");
	buf_printf(b, "  %-36s %s\n", name, o->help);
}

static void put_options(const struct command *c, struct buf *b)
{
	const char *title = "\nOptions:\n";

	for (size_t t = 0; t < COMMAND_MAX_TABLES; t++)
		for (const struct opt *o = c->opts[t]; o && o->name; o++) {
			if (!o->help)
				continue;
			buf_add_str(b, title);
			title = "";
			put_option(o, b);
		}
}

int help_print(const struct command *of)
{
	const struct command *c = of ? of : &globals_command;
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	buf_printf(&b, "Usage: %s%s%s%s%s\n\n%s\n", of ? "tare-runtime " : "", c->names[0], c->opts[0] ? " [OPTIONS]" : "", c->args ? " " : "",
		c->args ? c->args : "", c->summary);
	if (!of) {
		buf_add_str(&b, "\nCommands:\n");
		for (size_t i = 0; verbs[i]; i++)
			buf_printf(&b, "  %-10s %s\n", verbs[i]->command.names[0], verbs[i]->command.summary);
	}
	put_options(c, &b);
	if (!of)
		buf_add_str(&b, "\nRun 'tare-runtime COMMAND --help' for more about a command.\n");
	return show(&b);
}

int help_print_manual(void)
{
	static const char head[] =
		".TH TARE\\-RUNTIME 8 \"\" \"tare " TARE_VERSION "\"\n.SH NAME\ntare\\-runtime \\- run containers by the OCI runtime specification\n"
		".SH SYNOPSIS\n.B tare\\-runtime\n[\\fIOPTIONS\\fP] \\fICOMMAND\\fP [\\fIARG\\fP...]\n.SH DESCRIPTION\n"
		"Makes containers of bundles (a config.json and a root file system), with the command line of runc and of crun: container engines call it by\n"
		"itself. It holds nothing and ends with each command.\n.SH GLOBAL OPTIONS\n";
	static const char tail[] =
		".SH EXIT STATUS\n0 for success, 1 for a failed command. run and exec in the foreground end with the status of the program, 128+n when signal n\n"
		"ended it; an exec that could not be done ends with 255.\n.SH ENVIRONMENT\n"
		".TP\n.B NOTIFY_SOCKET\nA service manager that wants to hear when the program is ready: the container gets a socket of its own at /run/notify.\n"
		".TP\n.B LISTEN_FDS\nDescriptors from 3 on that belong to the program.\n"
		".TP\n.B XDG_RUNTIME_DIR\nWhere an unprivileged user keeps states.\n"
		".SH FILES\n.TP\n.I " DEFAULT_ROOT "\nOne directory per container: what is known about it, and its config.json as it was.\n"
		".SH SEE ALSO\n.BR tare (1)\n";
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	buf_add_str(&b, head);
	for (const struct opt *o = globals_command.opts[0]; o->name; o++)
		if (o->help)
			roff_option(o, &b);
	buf_add_str(&b, ".SH COMMANDS\n");
	for (size_t i = 0; verbs[i]; i++)
		roff_command("tare\\-runtime", &verbs[i]->command, &b);
	buf_add_str(&b, tail);
	return show(&b);
}

int help_print_version(void)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	unsigned v[3];

	filter_library_version(v);
	buf_add_str(&b, "tare-runtime version " TARE_VERSION "\n");
	if (*globals_commit)
		buf_printf(&b, "commit: %s\n", globals_commit);
	buf_printf(&b, "spec: %s\nlibseccomp: %u.%u.%u\n", OCI_RUNTIME_VERSION, v[0], v[1], v[2]);
	return show(&b);
}

const char *help_nearest_verb(const char *word)
{
	const char *best = NULL;
	size_t best_distance = 3;

	for (size_t i = 0; verbs[i]; i++) {
		size_t d = opts_distance(word, verbs[i]->command.names[0], best_distance);

		if (d < best_distance) {
			best_distance = d;
			best = verbs[i]->command.names[0];
		}
	}
	return best;
}
