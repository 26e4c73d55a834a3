/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/template_value.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/scope.h"

json_t *template_keep(struct template_pool *p, json_t *fresh)
{
	json_array_append_new(p->kept, fresh);
	return fresh;
}

json_t *template_text(struct template_pool *p, struct str text)
{
	json_t *j = json_stringn(text.p, text.n);

	/* Bytes cut out of the middle of a character are no text. */
	return template_keep(p, j ? j : json_string(""));
}

static int by_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* The keys of an object in order, owned by the caller (the strings by the object). */
static const char **keys_sorted(const json_t *j)
{
	json_t *object = (json_t *)(uintptr_t)j; /* jansson's iterators forgot the const */
	const char **keys = alloc_or_die((json_object_size(j) + 1) * sizeof *keys), *key;
	json_t *value;
	size_t n = 0;

	json_object_foreach(object, key, value)
		keys[n++] = key;
	if (n > 0)
		qsort(keys, n, sizeof *keys, by_text);
	return keys;
}

static void put_list(const json_t *j, struct buf *out)
{
	json_t *v;
	size_t i;

	buf_add_char(out, '[');
	json_array_foreach(j, i, v) {
		buf_add_str(out, i ? " " : "");
		template_put(v, out);
	}
	buf_add_char(out, ']');
}

static void put_map(const json_t *j, struct buf *out)
{
	scoped_free const char **keys = keys_sorted(j);

	buf_add_str(out, "map[");
	for (size_t i = 0; i < json_object_size(j); i++) {
		buf_printf(out, "%s%s:", i ? " " : "", keys[i]);
		template_put(json_object_get(j, keys[i]), out);
	}
	buf_add_char(out, ']');
}

void template_put(const json_t *j, struct buf *out)
{
	switch (json_typeof(j)) {
	case JSON_STRING:
		buf_add(out, json_string_value(j), json_string_length(j));
		break;
	case JSON_INTEGER:
		buf_printf(out, "%lld", (long long)json_integer_value(j));
		break;
	case JSON_REAL:
		buf_printf(out, "%g", json_real_value(j));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		buf_add_str(out, json_is_true(j) ? "true" : "false");
		break;
	case JSON_NULL:
		buf_add_str(out, "<no value>");
		break;
	case JSON_ARRAY:
		put_list(j, out);
		break;
	case JSON_OBJECT:
		put_map(j, out);
		break;
	}
}

bool template_is_true(const json_t *j)
{
	switch (json_typeof(j)) {
	case JSON_STRING:
		return json_string_length(j) > 0;
	case JSON_INTEGER:
		return json_integer_value(j) != 0;
	case JSON_REAL:
		return json_real_value(j) < 0 || json_real_value(j) > 0;
	case JSON_TRUE:
		return true;
	case JSON_FALSE:
	case JSON_NULL:
		return false;
	case JSON_ARRAY:
		return json_array_size(j) > 0;
	case JSON_OBJECT:
		return json_object_size(j) > 0;
	}
	return false;
}

json_t *template_each(struct template_pool *p, json_t *over, size_t i, json_t **ret_key)
{
	scoped_free const char **keys = NULL;

	if (json_is_array(over) && i < json_array_size(over)) {
		*ret_key = template_keep(p, json_integer((json_int_t)i));
		return json_array_get(over, i);
	}
	if (!json_is_object(over) || i >= json_object_size(over))
		return NULL;
	keys = keys_sorted(over);
	*ret_key = template_text(p, str_of(keys[i]));
	return json_object_get(over, keys[i]);
}

const char *template_type(const json_t *j)
{
	switch (json_typeof(j)) {
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
		return "int";
	case JSON_REAL:
		return "float64";
	case JSON_TRUE:
	case JSON_FALSE:
		return "bool";
	case JSON_NULL:
		return "nil";
	case JSON_ARRAY:
		return "slice";
	case JSON_OBJECT:
		return "map";
	}
	return "";
}
