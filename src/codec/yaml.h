/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * yaml: one YAML document as JSON, so that field tables (codec/json.h) read it. libyaml reads, the core schema of YAML 1.2 says what a plain word is.
 *
 * Anchors, aliases and tags are errors: no configuration needs them, and a few lines of them unfold to gigabytes.
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* Appends the JSON of @text ("null" for an empty document) to @out. Errors: -EINVAL "line N: …"; -E2BIG when @out is full. */
int yaml_to_json(struct str text, struct buf *out, struct err *e);
