/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * help: what the program says about itself, made of its tables. Each prints to standard output and returns 0, or -errno.
 */
#include "bin/runtime/runtime.h"

/* @of NULL: the program, with every command. */
int help_print(const struct command *of);

/* tare-runtime(8). */
int help_print_manual(void);

/* The first line is "NAME version VERSION", then "key: value", as callers of runc and crun read it; what was not known to the build is left out. */
int help_print_version(void);

/* The name of the command nearest to @word, or NULL. */
const char *help_nearest_verb(const char *word);
