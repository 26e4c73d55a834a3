/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * runtime: what the files of the program tare-runtime share.
 *
 * One file per command (or family): its options, their table, the handler, the `struct verb`. verbs.c lists them; main.c reads the global options,
 * finds the verb, reports the one error.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "cli/command.h"

#define DEFAULT_ROOT "/run/tare/runtime"

/* One run of the program. */
struct runtime {
	struct arena *a;
	char **argv;
	const char *root;
	bool root_is_default;
	struct opt_bool rootless; /* --rootless, not set for auto */
	const char *criu;         /* --criu; NULL: the one in PATH */
	bool systemd_cgroup, no_cgroup;
	const struct strs *args; /* what follows the options of the verb */
};

struct verb {
	struct command command;
	/* Returns the exit status, or -errno with @e filled. */
	int (*run)(struct runtime *rt, const void *options, struct err *e);
	bool enters; /* it clones into a container: the program runs from a sealed image of itself */
};

extern const struct verb *const verbs[];

extern const struct verb create_verb, run_verb, start_verb, exec_verb, state_verb, list_verb, ps_verb, kill_verb, delete_verb, pause_verb,
	resume_verb, update_verb, events_verb, mounts_verb, spec_verb, features_verb,
	checkpoint_verb, restore_verb;

/* Parses UID[:GID], digits only, the whole string. */
struct oci_user;
int runtime_parse_user(const char *s, struct oci_user *u, struct err *e);

/* Waits for a process of ours as runtime/relay.h says. Returns the exit status. */
struct proc;
struct notify;
int runtime_wait(const struct proc *p, int *master, int signals, const struct notify *notify, struct err *e);

/* The same for the init of a container of ours, which goes away after it, unless it is to be kept. */
struct launch;
int runtime_foreground(struct launch *l, int signals, struct err *e);

/* Takes every signal that can be taken: they belong to the process we wait for. Returns the descriptor. */
int runtime_signals(struct err *e);
