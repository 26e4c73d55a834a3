/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * prune: what the commands that tidy have in common: their filters, the question, the last line.
 */
#include "cli/command.h"
#include "engine/engine.h"

/* Reads --filter's "until=24h", "until=2026-01-02T03:04:05Z", "label=KEY[=VALUE]", "label!=KEY[=VALUE]". Errors: ERR_INVALID. */
int prune_filter_parse(const struct strs *filters, struct arena *a, struct prune_filter *ret, struct err *e);

/* Asks on stderr; anything but y is no, and so is the end of input. */
bool prune_agreed(const char *what);

/* What was removed of one kind: a heading, the names, an empty line; nothing if nothing was. @arg of prune_print is a struct prune_list. */
struct prune_list {
	const char *heading;
	size_t n;
};
void prune_print(void *arg, const char *name);
void prune_list_end(const struct prune_list *list);

struct image_removal;

/* "Deleted Images:" and their lines, if there are any. */
void prune_images_print(const struct image_removal *removal);

/* "Total reclaimed space: 12MB" */
void prune_total(uint64_t bytes);
