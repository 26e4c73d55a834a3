/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * explain: what a person asks about one container, on one page: what is it doing or why did it end, which limits has it and which of them it met, what it may
 * do, and what of that leads to the host. Looks only, changes nothing.
 *
 * What runs is looked at as it is (its counters, /proc/PID); of what does not run, what was asked for is told.
 */
#include "codec/json.h"
#include "engine/engine.h"

struct explain_line {
	const char *what;            /* "memory"; "" for a sentence of its own */
	const char *text;
};

struct explain_section {
	const char *title;           /* "Why it ended" */
	struct explain_line *lines;
	size_t n_lines;
};

struct explanation {
	const char *id, *name, *status;
	struct explain_section *sections;
	size_t n_sections;
};
extern const struct schema explanation_schema;

/* All of it, in @a. Texts may hold what images and containers say of themselves: not fit for a terminal as they are. Errors: ERR_NOT_FOUND, ERR_CONFLICT. */
int container_explain(struct engine *en, const char *ref, struct arena *a, struct explanation *ret, struct err *e);

/* ---- for explain.c and explain_rights.c only ---- */

struct explain {
	struct engine *en;
	struct arena *a;
	const struct container *c;
	struct container_info i;
	struct explanation *ret;
};

/* Begins a section; lines are added to the last one. */
void explain_section(struct explain *x, const char *title);
void explain_say(struct explain *x, const char *what, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

void explain_rights(struct explain *x);
void explain_dangers(struct explain *x);
