/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * opts: reads an argument vector by option tables, in the grammar that users of docker and podman type.
 *
 * --name value, --name=value, -n value, -nvalue, -n=value, -abc (flags in one word), -- ends options. Flags take =true/=false. Options and
 * arguments mix, unless the command says that its first argument ends the options.
 *
 * Callers of runc write to Go's flag package, for which one dash is as good as two: the shim of containerd says -no-subreaper. So in the grammar of the
 * runtime a word that spells a long name in full is that option, before its letters are looked at.
 */
#include "cli/command.h"

enum opts_grammar {
	OPTS_PLAIN,
	OPTS_ONE_DASH, /* -name is --name, too */
};

/* Parses @words into @options and @ret_args (words borrowed). Errors: -EINVAL with what was wrong; -ENOTSUP for flags that are not built.
 * -ECANCELED without message: --help was asked. */
int opts_parse(const struct command *cmd, enum opts_grammar grammar, const struct strs *words, struct arena *a, void *options, struct strs *ret_args,
	struct err *e);

/* The row whose long name is nearest to @name by edit distance, or NULL if none is near. */
const char *opts_nearest(const struct command *cmd, const char *name);

/* The laws of a table: long names unique, short names unique, help for what is shown. For tests. */
int opts_check(const struct command *cmd, struct err *e);

/* Edit distance of two words, for "did you mean"; at most @cap. */
size_t opts_distance(const char *a, const char *b, size_t cap);
