/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * template_functions: what a template can call: Go's own functions and docker's. Private to codec/template*.
 */
#include "base/err.h"
#include "codec/template_value.h"

enum { TEMPLATE_MAX_ARGS = 16 };

struct template_function;

/* NULL: there is none of that name. */
const struct template_function *template_function_find(struct str name);

/* Calls it. Errors: -EINVAL with Go's words for a wrong number or type of arguments. */
int template_call(const struct template_function *f, struct template_pool *p, json_t *const *v, size_t n, json_t **ret, struct err *e);
