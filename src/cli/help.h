/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * help: text made from the command tables.
 */
#include "base/buf.h"
#include "cli/command.h"

/* `tare --help`: every shown command by group. */
void help_program(struct buf *out);

/* `tare COMMAND --help`: usage, summary, aliases, options. */
void help_command(const struct command *cmd, struct buf *out);

/* tare(1), made of the same tables, for `tare help --man`. */
void help_manual(struct buf *out);

/*
 * Every command and flag for programs (`tare help --tables`), a line each, columns divided by tabs:
 *     command  NAME[, NAME…]  ARGUMENTS  SUMMARY
 *     flag     NAME  --FLAG  -F  VALUE  built|refused|later  HELP OR REASON      (NAME: the command's first)
 *     refused  NAME  REASON
 */
void help_tables(struct buf *out);

/* `tare image`: the commands of a group ("image", "image trust"). False if there is none of that name. */
bool help_group(const char *group, struct buf *out);

/* The name of a command that is nearest to @words, or NULL if none is near. */
const char *help_nearest(const char *words);
