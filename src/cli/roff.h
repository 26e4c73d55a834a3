/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * roff: manual pages made of option and command tables, for every program that has such.
 */
#include "base/buf.h"
#include "cli/command.h"

/* Text: a dash that can be copied, a dot or quote that begins no request. */
void roff_text(const char *s, struct buf *out);

/* One option of a table as a paragraph with its tag. */
void roff_option(const struct opt *o, struct buf *out);

/* A command of @program as a subsection: usage, summary, other names, every shown option. */
void roff_command(const char *program, const struct command *cmd, struct buf *out);
