/* SPDX-License-Identifier: Apache-2.0 */
/* json_edit and json_members (codec/json.h): documents that no table describes as a whole. */
#include "codec/json.h"

#include <errno.h>

#include <jansson.h>

#include "base/limits.h"
#include "base/scope.h"

static void tree_free(json_t **j)
{
	json_decref(*j);
}

/* The object that holds the last key of the path; made on the way if @make. NULL: there is none. Sets *failed if something else stands there. */
static json_t *holder_find(json_t *root, const char *const *path, size_t n, bool make, bool *failed)
{
	json_t *at = root;

	for (size_t i = 0; i + 1 < n; i++) {
		json_t *next = json_object_get(at, path[i]);

		if (!next || json_is_null(next)) {
			if (!make)
				return NULL;
			next = json_object();
			json_object_set_new(at, path[i], next);
		}
		if (!json_is_object(next)) {
			*failed = true;
			return NULL;
		}
		at = next;
	}
	return at;
}

static int root_parse(struct str text, size_t flags, json_t **ret, struct err *e)
{
	json_error_t error;

	if (text.n > LIMIT_DOCUMENT)
		return err_set(e, ERR_INVALID, "document of %zu bytes is larger than %d", text.n, LIMIT_DOCUMENT);
	*ret = str_trim(text).n == 0 ? json_object() : json_loadb(text.p, text.n, flags, &error);
	if (!*ret)
		return err_set(e, ERR_INVALID, "line %d, column %d: %s", error.line, error.column, error.text);
	return json_is_object(*ret) ? 0 : err_set(e, ERR_INVALID, "expected an object");
}

static int tree_write(const json_t *root, struct buf *out, struct err *e)
{
	SCOPED(scope_free) char *text = json_dumps(root, JSON_INDENT(4));

	if (!text || buf_add_str(out, text) < 0 || buf_add_char(out, '\n') < 0)
		return err_set(e, ERR_EXHAUSTED, "document is too long");
	return 0;
}

int json_edit(struct str text, const char *const *path, size_t n, struct str value, struct buf *out, struct err *e)
{
	SCOPED(tree_free) json_t *root = NULL;
	bool failed = false;
	json_t *holder, *v;
	int r = root_parse(text, 0, &root, e);

	if (r < 0)
		return r;
	holder = holder_find(root, path, n, value.p != NULL, &failed);
	if (failed)
		return err_set(e, ERR_INVALID, "'%s' is no object", path[0]);
	if (holder && value.p) {
		json_error_t error;

		v = json_loadb(value.p, value.n, JSON_DECODE_ANY, &error);
		if (!v)
			return err_set(e, ERR_INTERNAL, "value: %s", error.text);
		json_object_set_new(holder, path[n - 1], v);
	} else if (holder) {
		json_object_del(holder, path[n - 1]);
	}
	return tree_write(root, out, e);
}

int json_reindent(struct str text, enum json_indent indent, struct buf *out)
{
	json_t *j = json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	scoped_free char *again = j ? json_dumps(j, JSON_ENCODE_ANY | (indent > 0 ? JSON_INDENT((size_t)indent) : JSON_COMPACT)) : NULL;

	json_decref(j);
	return again ? buf_add_str(out, again) : -EINVAL;
}

int json_members(struct str text, struct arena *a, struct json_member **ret, size_t *ret_n, struct err *e)
{
	SCOPED(tree_free) json_t *root = NULL;
	const char *key;
	json_t *v;
	int r = root_parse(text, JSON_REJECT_DUPLICATES, &root, e);

	if (r < 0)
		return r;
	*ret = arena_array(a, struct json_member, json_object_size(root));
	*ret_n = 0;
	json_object_foreach(root, key, v) {
		scoped_free char *value = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);

		if (!value)
			return err_set(e, ERR_INVALID, "'%.100s' cannot be printed", key);
		(*ret)[(*ret_n)++] = (struct json_member){ arena_strdup(a, key), str_of(arena_strdup(a, value)) };
	}
	return 0;
}
