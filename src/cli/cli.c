/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/scope.h"
#include "base/vec.h"
#include "cli/cancel.h"
#include "cli/help.h"
#include "cli/opts.h"
#include "engine/engine.h"

enum { HELP_MAX = 64 * 1024 };

/* ---- global options: those before the command ---- */

struct global_options {
	const char *root, *run_root, *runtime, *storage_driver;
	bool debug, version;
};

static const struct opt global_opts[] = {
	OPT(struct global_options, root, "root", 0, STR, "DIR", "Directory of images and containers"),
	OPT(struct global_options, run_root, "run-root", 0, STR, "DIR", "Directory of live state"),
	OPT(struct global_options, runtime, "runtime", 0, STR, "PROGRAM", "OCI runtime"),
	OPT(struct global_options, storage_driver, "storage-driver", 0, STR, "NAME", "How layers and roots are kept: overlay, erofs or vfs"),
	OPT(struct global_options, debug, "debug", 'D', FLAG, NULL, "Say what happens"),
	OPT(struct global_options, version, "version", 'v', FLAG, NULL, "Print the version"),
	OPT_UNSUPPORTED("host", 'H', "HOST"),
	OPT_UNSUPPORTED("context", 'c', "NAME"),
	OPT_UNSUPPORTED("config", 0, "DIR"),
	OPT_END,
};

static const struct command global_command = {
	.names = { "" }, .args_end_options = true, .max_args = -1, .opts = { global_opts },
};

/* ---- finding the command ---- */

/* How many words of @words spell @name; 0 if they do not. */
static size_t spells(const char *name, const struct strs *words)
{
	size_t used = 0;
	struct str rest = str_of(name);

	do {
		struct str word = str_cut(rest, ' ', &rest);

		if (used == words->n || !str_is(word, words->v[used]))
			return 0;
		used++;
	} while (rest.p);
	return used;
}

const struct command *command_find(const struct strs *words, size_t *ret_used)
{
	const struct command *best = NULL;
	size_t best_used = 0;

	for (const struct command *const *c = commands; *c; c++) {
		for (size_t i = 0; i < COMMAND_MAX_NAMES && (*c)->names[i]; i++) {
			size_t used = spells((*c)->names[i], words);

			if (used > best_used) {
				best_used = used;
				best = *c;
			}
		}
	}
	*ret_used = best_used;
	return best;
}

/* ---- running it ---- */

void cli_report(const struct err *e)
{
	log_error("%s", e->msg);
}

int cli_engine(struct cli *c, struct engine **ret, struct err *e)
{
	if (!c->engine) {
		struct engine_options o = { .root = c->root, .run_root = c->run_root, .runtime = c->runtime, .storage_driver = c->storage_driver, .debug = c->debug };
		int r = engine_open(&o, &c->engine, e);

		if (r < 0)
			return r;
	}
	*ret = c->engine;
	return 0;
}

int cli_images(struct cli *c, struct image_store **ret, struct err *e)
{
	struct engine *en;
	int r = cli_engine(c, &en, e);

	return r < 0 ? r : engine_images(en, ret, e);
}

static int print_text(const struct buf *text)
{
	return fwrite(buf_text(text), 1, text->n, stdout) == text->n && fflush(stdout) == 0 ? 0 : 1;
}

/* The help of one command, or (NULL) of the program. */
static int print_help(const struct command *cmd)
{
	scoped_buf struct buf out = BUF(HELP_MAX);

	if (cmd)
		help_command(cmd, &out);
	else
		help_program(&out);
	return print_text(&out);
}

static int print_manual(void)
{
	scoped_buf struct buf out = BUF(HELP_MAX);

	help_manual(&out);
	return print_text(&out);
}

static int failed(const struct command *cmd, const struct err *e)
{
	int code = cmd->failure ? cmd->failure : 1;

	cli_report(e);
	if (e->kind == ERR_DENIED && geteuid() != 0)
		fprintf(stderr, "tare needs root: run it with sudo (rootless containers are not built yet)\n");
	/* As a shell says it. */
	if (e->kind == ERR_CANCELED && cancel_signal())
		return 128 + cancel_signal();
	/* Commands whose other codes belong to the container tell apart what could not be invoked. */
	return code == 125 ? engine_exit_code(e) : code;
}

static int bad_usage(const struct command *cmd, const struct err *e)
{
	cli_report(e);
	fprintf(stderr, "Run 'tare %s --help' for more information.\n", cmd->names[0]);
	return cmd->failure ? cmd->failure : 1;
}

static int check_count(const struct command *cmd, size_t n, struct err *e)
{
	if ((int)n < cmd->min_args)
		return err_set(e, ERR_INVALID, "'tare %s' needs at least %d argument%s: %s", cmd->names[0], cmd->min_args,
			cmd->min_args == 1 ? "" : "s", cmd->args);
	if (cmd->max_args >= 0 && (int)n > cmd->max_args)
		return cmd->max_args ? err_set(e, ERR_INVALID, "'tare %s' takes at most %d argument%s: %s", cmd->names[0], cmd->max_args,
					       cmd->max_args == 1 ? "" : "s", cmd->args)
				     : err_set(e, ERR_INVALID, "'tare %s' takes no arguments", cmd->names[0]);
	return 0;
}

static int run_command(struct cli *c, const struct command *cmd, const struct strs *words)
{
	size_t size = cmd->options_size ? cmd->options_size : 1;
	void *options = arena_alloc(c->a, size);
	struct err e = { 0 };
	int r;

	if (cmd->defaults)
		memcpy(options, cmd->defaults, size);
	c->command = cmd;
	r = opts_parse(cmd, OPTS_PLAIN, words, c->a, options, &c->args, &e);
	if (r == -ECANCELED)
		return print_help(cmd);
	if (r < 0)
		return bad_usage(cmd, &e);
	r = check_count(cmd, c->args.n, &e);
	if (r < 0)
		return bad_usage(cmd, &e);
	r = cmd->run(c, options, &e);
	if (c->engine)
		engine_close(c->engine);
	return r < 0 ? failed(cmd, &e) : r;
}

/* "tare image" alone: the commands of that group. */
static int print_group(const char *word)
{
	size_t n = strlen(word);
	bool any = false;

	for (const struct command *const *c = commands; *c; c++) {
		for (size_t i = 0; (*c)->group && i < COMMAND_MAX_NAMES && (*c)->names[i]; i++) {
			if (strncmp((*c)->names[i], word, n) != 0 || (*c)->names[i][n] != ' ')
				continue;
			if (!any)
				fprintf(stderr, "Usage:  tare %s COMMAND\n\nCommands:\n", word);
			any = true;
			fprintf(stderr, "  %-14s %s\n", (*c)->names[i] + n + 1, (*c)->summary);
		}
	}
	return any;
}

static int unknown_command(const char *word)
{
	const char *near = help_nearest(word);

	if (print_group(word))
		return 1;
	if (near)
		log_error("'%s' is not a tare command; did you mean '%s'?", word, near);
	else
		log_error("'%s' is not a tare command; see 'tare --help'", word);
	return 1;
}

/* `tare help [COMMAND]`, `tare help --man`. */
static int run_help(struct strs words)
{
	const struct command *cmd;
	size_t used;

	if (!words.n)
		return print_help(NULL);
	if (streq(words.v[0], "--man"))
		return print_manual();
	cmd = command_find(&words, &used);
	return cmd ? print_help(cmd) : unknown_command(words.v[0]);
}

int cli_main(int argc, char **argv)
{
	scoped_arena struct arena a = { 0 };
	struct global_options g = { 0 };
	struct strs words = { 0 }, rest = { 0 };
	const struct command *cmd;
	struct err e = { 0 };
	struct cli c = { .a = &a };
	size_t used;
	int r;

	for (int i = 1; i < argc; i++)
		strs_push(&a, &words, argv[i]);
	r = opts_parse(&global_command, OPTS_PLAIN, &words, &a, &g, &rest, &e);
	if (r == -ECANCELED || (r == 0 && !rest.n && !g.version))
		return print_help(NULL);
	if (r < 0) {
		cli_report(&e);
		return 125;
	}
	if (g.version && !rest.n) {
		printf("tare version %s\n", TARE_VERSION);
		return 0;
	}
	log_open(STDERR_FILENO, LOG_FORMAT_PLAIN, g.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN, "tare");
	c.root = g.root;
	c.run_root = g.run_root;
	c.runtime = g.runtime;
	c.storage_driver = g.storage_driver;
	c.debug = g.debug;
	if (streq(rest.v[0], "help"))
		return run_help((struct strs){ rest.v + 1, rest.n - 1 });
	cmd = command_find(&rest, &used);
	if (!cmd)
		return unknown_command(rest.v[0]);
	rest = (struct strs){ rest.v + used, rest.n - used };
	return run_command(&c, cmd, &rest);
}
