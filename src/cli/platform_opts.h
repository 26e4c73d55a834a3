/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * platform_opts: which platform is meant, as docker says it (--platform linux/arm64/v8) or as podman does (--os, --arch, --variant).
 */
#include "cli/command.h"

struct platform_options {
	const char *platform, *os, *architecture, *variant;
};

/* The rows; @help_ is that of --platform. */
#define PLATFORM_OPTS(type, member, help_)                                                                  \
	OPT(type, member.platform, "platform", 0, STR, "OS/ARCH", help_),                                   \
	OPT(type, member.os, "os", 0, STR, "OS", "Operating system, instead of --platform"),                \
	OPT(type, member.architecture, "arch", 0, STR, "ARCH", "Architecture, instead of --platform"),      \
	OPT(type, member.variant, "variant", 0, STR, "VARIANT", "Variant of the architecture, instead of --platform")

/* "linux/arm64/v8" of what was given, with this machine's words for what was not; NULL if nothing was. Errors: ERR_INVALID for both spellings at once. */
int platform_options_text(const struct platform_options *o, struct arena *a, const char **ret, struct err *e);
