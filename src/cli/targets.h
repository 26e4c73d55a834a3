/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * targets: which containers a command is about: those named, and those podman's flags mean.
 *
 *     struct pause_options { struct targets which; };
 *     static const struct opt pause_opts[] = { TARGETS_ALL(struct pause_options, which, 'a', "Pause all that run"), …, OPT_END };
 *     targets_each(c, &o->which, TARGETS_RUNNING, pause_one, o, e);
 */
#include "cli/command.h"

struct targets {
	bool all, latest, ignore;
	struct strs filters, cidfiles;
};

/* What a command takes of these; short letters differ. */
#define TARGETS_ALL(type, member, short_, help_) OPT(type, member.all, "all", short_, FLAG, NULL, help_)
#define TARGETS_LATEST(type, member, short_) OPT(type, member.latest, "latest", short_, FLAG, NULL, "The newest container")
#define TARGETS_IGNORE(type, member, short_) OPT(type, member.ignore, "ignore", short_, FLAG, NULL, "What is missing is no error")
#define TARGETS_FILTER(type, member, short_) OPT(type, member.filters, "filter", short_, FILTERS, "KEY=VALUE", "Those that 'ps --filter' would show")
#define TARGETS_CIDFILE(type, member) OPT(type, member.cidfiles, "cidfile", 0, STRS, "FILE", "The container whose id is in FILE")

/* Whom --all and --filter mean, by state. */
enum targets_state { TARGETS_ANY, TARGETS_UP, TARGETS_DOWN, TARGETS_PAUSED, TARGETS_NOT_PAUSED };

/* The containers as they are to be printed: as typed, else whole ids. Errors: ERR_INVALID if none is named or two ways are. */
int targets_find(struct cli *c, const struct targets *t, enum targets_state state, struct strs *ret, struct err *e);

/* What is done to one of them. Gets the command's options. */
typedef int (*target_fn)(struct engine *en, const char *ref, const void *options, struct err *e);

/* Applies @fn to each and prints it on success; failures are reported one by one. Returns 0, or 1 if any failed; fails as targets_find. */
int targets_each(struct cli *c, const struct targets *t, enum targets_state state, target_fn fn, const void *options, struct err *e);
