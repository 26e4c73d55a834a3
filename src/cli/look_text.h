/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * look_text: images that are somewhere else, as `skopeo inspect` shows them.
 */
#include "cli/command.h"
#include "cli/registry_opts.h"

struct look_options {
	struct registry_options registry;
	bool raw, config, no_tags;
};

/* Whether @name is a place (docker://…, oci:…) and no name of an image here. */
bool look_is_place(struct cli *c, const char *name);

/* Prints it: with .raw or .config that document alone, else a summary, or @format over that. A name without transport is one of the store. Returns 0 or -errno. */
int look_print(struct cli *c, const char *name, const char *platform, const char *format, const struct look_options *o, struct err *e);
