/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * template_value: the values of a template, as Go shows, weighs and orders them. Private to codec/template*.
 *
 * Values are jansson's. What an expression makes is owned by a pool, which lives as long as the rendering; everything else belongs to the document.
 */
#include <stdbool.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/str.h"

struct template_pool {
	json_t *kept; /* an array */
};

/* Hands @fresh to the pool; returns it, borrowed. */
json_t *template_keep(struct template_pool *p, json_t *fresh);
json_t *template_text(struct template_pool *p, struct str text);

/* Prints a value as {{.}} does: maps with sorted keys, lists in brackets, what is not there as "<no value>". */
void template_put(const json_t *j, struct buf *out);

/* Go's idea of an empty value is false. */
bool template_is_true(const json_t *j);

/* The n-th element in Go's order (keys of maps are sorted); *ret_key is its key, a string or a number, owned by the pool. NULL at the end. */
json_t *template_each(struct template_pool *p, json_t *over, size_t i, json_t **ret_key);

/* The type in words: "string", "int", "float64", "bool", "slice", "map", "nil". */
const char *template_type(const json_t *j);
