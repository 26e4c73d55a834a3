/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * toml: TOML 1.0 documents as JSON, so that field tables (codec/json.h) read both.
 *
 * Tables become objects, dates become strings. What TOML forbids is an error: repeated keys, tables defined twice, changed inline tables; infinities
 * and NaN, which JSON has not, are errors, too. Why it is ours: docs/decisions/008-own-toml-reader.md.
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* Appends the JSON of @text to @out. Errors: -EINVAL "line N: …"; -E2BIG when @out is full. */
int toml_to_json(struct str text, struct buf *out, struct err *e);
