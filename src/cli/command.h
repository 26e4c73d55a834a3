/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * command: what a command file is made of.
 *
 * One file per command holds, in this order: a comment saying what the command does for a person, its options struct, its option table, the
 * handler, and one `const struct command`. The parser, help, completion of names, "did you mean" and the man page read the tables; no command
 * looks at argv itself.
 *
 *     struct kill_options { const char *signal; };
 *     static const struct opt kill_opts[] = { OPT(struct kill_options, signal, "signal", 's', STR, "SIGNAL", "Signal to send"), OPT_END };
 *     static int kill_run(struct cli *c, const void *options, struct err *e) { … }
 *     const struct command kill_command = { .names = { "kill", "container kill" }, … };
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/json.h"

struct engine;
struct image_store;

/* ---- options ---- */

struct opt_flag {
	bool set, v;
};

enum opt_kind {
	OPT_KIND_FLAG,        /* bool: --x, --x=false */
	OPT_KIND_STR,         /* const char * */
	OPT_KIND_STRS,        /* struct strs: may be repeated */
	OPT_KIND_FILTERS,     /* struct strs: WORD=VALUE, may be repeated */
	OPT_KIND_PAIRS,       /* struct pairs: KEY[=VALUE], may be repeated */
	OPT_KIND_INT,         /* int32_t */
	OPT_KIND_I64,         /* int64_t */
	OPT_KIND_OPT_I64,     /* struct opt_i64 */
	OPT_KIND_OPT_FLAG,    /* struct opt_flag: --x, --x=false, or not a word of it */
	OPT_KIND_SIZE,        /* int64_t bytes: 512m; -1 where the command allows it */
	OPT_KIND_NANO,        /* int64_t billionths: 1.5 */
	OPT_KIND_DURATION,    /* int64_t nanoseconds: 1m30s */
	OPT_KIND_CALL,        /* parsed by a function of the command */
	OPT_KIND_UNSUPPORTED, /* a flag of our peers that is not built: says so and fails */
	OPT_KIND_COUNT,
};

/* Parses @value into @options (the whole struct) with strings in @a. Errors name only what is wrong with the value. */
typedef int (*opt_call_fn)(void *options, const char *value, struct arena *a, struct err *e);

struct opt {
	const char *name;    /* long name without dashes */
	char short_name;     /* 0: none */
	enum opt_kind kind;
	size_t offset;
	const char *metavar; /* NULL for flags */
	const char *help;    /* NULL: hidden */
	opt_call_fn call;
	const char *why;     /* of OPT_KIND_UNSUPPORTED: why not, or what to do instead; NULL: not built yet */
};

#define OPT_CTYPE_FLAG bool
#define OPT_CTYPE_STR const char *
#define OPT_CTYPE_STRS struct strs
#define OPT_CTYPE_FILTERS struct strs
#define OPT_CTYPE_PAIRS struct pairs
#define OPT_CTYPE_INT int32_t
#define OPT_CTYPE_I64 int64_t
#define OPT_CTYPE_OPT_I64 struct opt_i64
#define OPT_CTYPE_OPT_FLAG struct opt_flag
#define OPT_CTYPE_SIZE int64_t
#define OPT_CTYPE_NANO int64_t
#define OPT_CTYPE_DURATION int64_t

/* A row whose member has another C type than its kind says does not compile. */
#define OPT(type, member, name_, short_, KIND, metavar_, help_)                                         \
	{ .name = (name_), .short_name = (short_), .kind = OPT_KIND_##KIND,                             \
	  .offset = offsetof(type, member) + FIELD_TYPE_CHECK(type, member, OPT_CTYPE_##KIND),          \
	  .metavar = (metavar_), .help = (help_) }
/* @metavar NULL: a flag, whose function gets "true" or what stood behind '='. */
#define OPT_CALL(name_, short_, fn, metavar_, help_) \
	{ .name = (name_), .short_name = (short_), .kind = OPT_KIND_CALL, .call = (fn), .metavar = (metavar_), .help = (help_) }
/* @metavar NULL: the flag takes no value. */
#define OPT_UNSUPPORTED(name_, short_, metavar_) \
	{ .name = (name_), .short_name = (short_), .kind = OPT_KIND_UNSUPPORTED, .metavar = (metavar_) }

/* One that will not be built: @why_ says why, or what to use instead. */
#define OPT_REFUSED(name_, short_, metavar_, why_) \
	{ .name = (name_), .short_name = (short_), .kind = OPT_KIND_UNSUPPORTED, .metavar = (metavar_), .why = (why_) }

/* Ends every table. */
#define OPT_END { .name = NULL }

/* ---- commands ---- */

struct command;

/* One run of the command line. */
struct cli {
	struct arena *a;                /* lives as long as the process */
	const struct command *command;
	struct strs args;               /* what is left after the options */
	const char *root, *run_root, *runtime, *storage_driver;
	bool debug;
	bool entered;                   /* an ordinary user's process that went into a namespace by itself: what it mounts ends with it */
	struct engine *engine;          /* see cli_engine() */
};

enum { COMMAND_MAX_NAMES = 5, COMMAND_MAX_TABLES = 6 };

struct command {
	const char *names[COMMAND_MAX_NAMES]; /* the first is the one shown; others are management forms and aliases */
	const char *group;                    /* heading in the help; NULL: hidden */
	const char *summary;
	const char *args;                     /* "IMAGE [COMMAND] [ARG...]"; NULL: none */
	int min_args, max_args;               /* max_args -1: any number */
	bool args_end_options;                /* everything after the first argument belongs to the container */
	const struct opt *opts[COMMAND_MAX_TABLES]; /* each ends with OPT_END */
	size_t options_size;
	const void *defaults;                 /* options before parsing; NULL: zeroes */
	int failure;                          /* exit code of a failure: 125 for those whose other codes are the container's; 0 means 1 */
	/* Returns the exit code, or -errno with @e filled. */
	int (*run)(struct cli *c, const void *options, struct err *e);
};

/* Every command, in the order of the help. Ends with NULL. */
extern const struct command *const commands[];

/* What docker and podman exit with for words and flags they do not take. */
enum { EXIT_REFUSED = 125 };

/* The engine, opened on first use. Borrowed. */
int cli_engine(struct cli *c, struct engine **ret, struct err *e);

/* Its images. Borrowed. */
int cli_images(struct cli *c, struct image_store **ret, struct err *e);

/* The whole program: parses, dispatches, reports the one error, returns the exit code. */
int cli_main(int argc, char **argv);

/* Words of our peers that are no commands here, and why or what to type instead. Ends with NULL. */
struct refused_command {
	const char *name, *why;
};
extern const struct refused_command refused_commands[];

/* Finds the command that @words begin with, and how many words its name took. NULL: none. */
const struct command *command_find(const struct strs *words, size_t *ret_used);

/* Reports one failed object of a command over several ("tare: <message>") and goes on; the caller then exits 1. */
void cli_report(const struct err *e);
