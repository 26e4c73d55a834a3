/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * document: --format of commands that print one document: 'json' in one line, else a Go template over it.
 */
#include "base/err.h"
#include "base/str.h"
#include "codec/json.h"

/* Prints @obj as @format says, with a line feed at the end. Errors: -EINVAL for a bad template. */
int document_print(const struct schema *schema, const void *obj, const char *format, struct err *e);

/* The same for JSON that is written already. */
int document_print_text(struct str json, const char *format, struct err *e);
