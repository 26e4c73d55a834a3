/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * globals: the options before the command, the log they open, and the texts about the program itself.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "cli/command.h"

struct globals {
	bool debug, version, systemd_cgroup, no_cgroup;
	const char *log, *log_format, *root, *rootless, *cgroup_manager;
	bool log_is_file;
};

/* Reads the options before the verb, opens the log, finds the root. @ret_words starts with the verb. */
int globals_parse(int argc, char **argv, struct arena *a, struct globals *ret, struct strs *ret_words, struct err *e);

/* The one error: to the log, and if that is a file also in plain words to stderr, as callers of runc expect. */
void globals_report(const struct globals *g, const struct err *e);

/* These print and return 0. */
int globals_print_version(void);
int globals_print_help(const struct command *of);
