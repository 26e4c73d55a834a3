/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * globals: the options before the command.
 *
 * The root, if it is not named, is /run/tare/runtime; who is not root of the host and has $XDG_RUNTIME_DIR has it there, by runc's rule: a root of a
 * user namespace that calls himself root ($USER) is meant to be one. Directories there need a sticky bit, or cleaners of old files take them.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "bin/runtime/logs.h"
#include "cli/command.h"

struct globals {
	struct logs logs;
	bool version, systemd_cgroup, no_cgroup;
	const char *root;      /* absolute */
	bool root_is_default;
	struct opt_bool rootless; /* not set: auto */
	const char *cgroup_manager;
	const char *criu;
};

extern const struct command globals_command;

/* The commit this program was built from, or "". */
extern const char globals_commit[];

/* Reads the options before the verb, opens the log, finds the root. @ret_words starts with the verb; it is empty if help was asked for. */
int globals_parse(int argc, char **argv, struct arena *a, struct globals *ret, struct strs *ret_words, struct err *e);
