/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * registry_opts: the flags of every command that talks to a registry.
 */
#include "cli/command.h"
#include "image/moving/pull_options.h"

/* The first member of such a command's options, so that the table below serves it. */
struct registry_options {
	bool tls_verify;
	const char *authfile, *creds, *cert_dir;
};
#define REGISTRY_DEFAULTS { .tls_verify = true }

extern const struct opt registry_opts[];

/* The same as image/ takes them. */
struct pull_options registry_options_pull(const struct registry_options *o);
