/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/scope.h"
#include "base/vec.h"
#include "cli/cancel.h"
#include "cli/help.h"
#include "cli/opts.h"
#include "cli/timing.h"
#include "engine/engine.h"
#include "engine/rootless.h"
#include "os/proc.h"
#include "os/trace.h"

enum { HELP_MAX = 256 * 1024 };

/* ---- global options: those before the command ---- */

struct global_options {
	const char *root, *run_root, *runtime, *storage_driver;
	bool debug, timing, version;
};

static const struct opt global_opts[] = {
	OPT(struct global_options, root, "root", 0, STR, "DIR", "Directory of images and containers"),
	OPT(struct global_options, run_root, "run-root", 0, STR, "DIR", "Directory of live state"),
	OPT(struct global_options, runtime, "runtime", 0, STR, "PROGRAM", "OCI runtime"),
	OPT(struct global_options, storage_driver, "storage-driver", 0, STR, "NAME", "How layers and roots are kept: overlay, erofs or vfs"),
	OPT(struct global_options, debug, "debug", 'D', FLAG, NULL, "Say what happens"),
	OPT(struct global_options, timing, "timing", 0, FLAG, NULL, "Print how long every step took"),
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
		int r = rootless_enter(c->run_root, &c->entered, e);

		if (r == 0)
			r = engine_open(&o, &c->engine, e);
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
	fwrite(buf_text(text), 1, text->n, stdout);
	return 0;
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

/* A text about all commands. */
static int print_all(void (*write)(struct buf *out))
{
	scoped_buf struct buf out = BUF(HELP_MAX);

	write(&out);
	return print_text(&out);
}

/* What to do where the kernel's word says only what is wrong. */
static const struct {
	int sys;
	const char *advice;
} advices[] = {
	{ ENOSPC, "free some there ('tare system prune' does in tare's own directories)" },
	{ EDQUOT, "free some there ('tare system prune' does in tare's own directories)" },
	{ EIO, "see the kernel's log (dmesg)" },
};

/* An error of ours may carry a number that fits best; only what the kernel said gets advice. */
static const char *advice_for(const struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(advices); i++)
		if (e->sys == advices[i].sys && str_ends(e->msg, err_text(e->sys)))
			return advices[i].advice;
	return NULL;
}

static int failed(const struct command *cmd, const struct err *e)
{
	int code = cmd->failure ? cmd->failure : 1;
	const char *advice = advice_for(e);

	if (advice)
		log_error("%s: %s", e->msg, advice);
	else
		cli_report(e);
	/* As a shell says it. */
	if (e->kind == ERR_CANCELED && cancel_signal())
		return 128 + cancel_signal();
	/* Commands whose other codes belong to the container tell apart what could not be invoked. */
	return code == 125 ? engine_exit_code(e) : code;
}

/* As docker: 125 for what is wrong with options, 1 for a wrong number of arguments. */
static int bad_usage(const struct command *cmd, int code, const struct err *e)
{
	cli_report(e);
	if (e->kind != ERR_UNSUPPORTED)
		fprintf(stderr, "Run 'tare %s --help' for more information.\n", cmd->names[0]);
	return cmd->failure ? cmd->failure : code;
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
		return bad_usage(cmd, EXIT_REFUSED, &e);
	r = check_count(cmd, c->args.n, &e);
	if (r < 0)
		return bad_usage(cmd, 1, &e);
	r = cmd->run(c, options, &e);
	if (c->engine)
		engine_close(c->engine);
	if (c->entered)
		rootless_leave(c->run_root);
	return r < 0 ? failed(cmd, &e) : r;
}

/* The first @n words with a blank between them. */
static const char *words_join(const struct strs *words, size_t n, struct arena *a)
{
	const char *text = words->v[0];

	for (size_t i = 1; i < n; i++)
		text = arena_printf(a, "%s %s", text, words->v[i]);
	return text;
}

static bool asks_help(const char *word)
{
	return streq(word, "--help") || streq(word, "-h") || streq(word, "help");
}

/* "tare image" alone, as docker: its commands, on stderr. */
static int print_group(const struct buf *text, bool asked)
{
	if (asked)
		return print_text(text);
	fputs(buf_text(text), stderr);
	return 0;
}

static int not_a_command(const char *words, const char *group)
{
	const char *near = help_nearest(words);

	if (near)
		log_error("'%s' is not a tare command; did you mean '%s'?", words, near);
	else
		log_error("'%s' is not a tare command; see 'tare%s%s --help'", words, group ? " " : "", group ? group : "");
	return 1;
}

/* Words that name no command: a group, or a word of our peers, or a slip. @asked: they stood after `tare help`. */
static int unknown_command(const struct strs *words, bool asked, struct arena *a)
{
	scoped_buf struct buf text = BUF(HELP_MAX);

	for (size_t n = words->n; n > 0; n--) {
		const char *name = words_join(words, n, a);

		for (const struct refused_command *r = refused_commands; r->name; r++) {
			if (!streq(r->name, name))
				continue;
			log_error("unsupported: '%s': %s", name, r->why);
			return EXIT_REFUSED;
		}
		if (!help_group(name, &text))
			continue;
		if (n == words->n || asks_help(words->v[n]))
			return print_group(&text, asked || n < words->n);
		return not_a_command(words_join(words, n + 1, a), name);
	}
	return not_a_command(words->v[0], NULL);
}

/* `tare help [COMMAND]`, `tare help --man`, `tare help --tables`. */
static int run_help(struct strs words, struct arena *a)
{
	const struct command *cmd;
	size_t used;

	if (!words.n)
		return print_help(NULL);
	if (streq(words.v[0], "--man"))
		return print_all(help_manual);
	if (streq(words.v[0], "--tables"))
		return print_all(help_tables);
	cmd = command_find(&words, &used);
	return cmd ? print_help(cmd) : unknown_command(&words, true, a);
}

static int run_timed(struct cli *c, const struct command *cmd, const struct strs *words)
{
	uint64_t start;
	int code = timing_begin();

	if (code < 0) {
		log_error("--timing: %s", strerror(-code));
		return 1;
	}
	start = proc_now_ns();
	code = run_command(c, cmd, words);
	trace_note("command", start);
	timing_print();
	return code;
}

static int cli_run(int argc, char **argv)
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
		return EXIT_REFUSED;
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
		return run_help((struct strs){ rest.v + 1, rest.n - 1 }, &a);
	cmd = command_find(&rest, &used);
	if (!cmd)
		return unknown_command(&rest, false, &a);
	rest = (struct strs){ rest.v + used, rest.n - used };
	return g.timing ? run_timed(&c, cmd, &rest) : run_command(&c, cmd, &rest);
}

/* A program started without one of the three would open a file of its own there, and a message would go into it. What is written to the stand-in fails. */
static void streams_ensure(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int cli_main(int argc, char **argv)
{
	int code;

	streams_ensure();
	code = cli_run(argc, argv);
	/* What nobody could read was not said. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && code == 0) {
		log_error("standard output: %s", strerror(errno));
		return 1;
	}
	return code;
}
