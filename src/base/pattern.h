/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * pattern: POSIX extended regular expressions for names: literal bytes, `.`, `[a-z]`, `[^0-9]`, `[[:alpha:]]`, `^`, `$`, `(…)`, `|`, `*`, `+`, `?`,
 * `{m,n}` and `\` before any of them. Without groups to ask for, back references and collation.
 *
 * The regular expressions of libc know every letter of Unicode and weigh 41 KB in a static program (docs/decisions/005).
 * A pattern becomes a small program whose alternatives are followed side by side, so no pattern takes more than pattern times text.
 * Ownership: the program lives in the arena of pattern_parse(). Pure.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/vec.h"

struct pattern_op;

struct pattern {
	struct pattern_op *v;
	size_t n, cap;
};

/* Errors: -EINVAL for what is no pattern, -E2BIG past LIMIT_PATTERN_OPS. */
int pattern_parse(const char *text, struct arena *a, struct pattern *ret);

/* Does it fit somewhere in @text? */
bool pattern_fits(const struct pattern *p, const char *text);
