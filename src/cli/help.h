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

/* The command whose name is nearest to @word, or NULL if none is near. */
const char *help_nearest(const char *word);
