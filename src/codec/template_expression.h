/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * template_expression: what has a value in a template: operands, calls, pipelines, variables. Private to codec/template*.
 *
 * All of it is read also where the rendering is off, for its end is only found by reading; then it has no value that counts.
 */
#include "codec/template_render.h"

/* A pipeline; @dot is what "." means. */
int expression_read(struct render *t, json_t *dot, json_t **ret);

/* "$x :=", "$x =", "$i, $x :=" before a pipeline. Returns how many names there are; 0 leaves the cursor where it was. */
size_t declaration_read(struct render *t, struct str names[2], bool *ret_new);

int variable_declare(struct render *t, struct str name, json_t *value);
int variable_set(struct render *t, struct str name, bool is_new, json_t *value);
