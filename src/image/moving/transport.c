/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/transport.h"

#include <limits.h>
#include <string.h>

#include "base/parse.h"
#include "base/str.h"

static int path_take(const char *rest, struct arena *a, struct transport *t, struct err *e)
{
	if (!*rest)
		return err_set(e, ERR_INVALID, "a path is missing");
	t->path = rest;
	return 0;
}

/* At the first colon, as skopeo does. */
static int path_and_tag_take(const char *rest, struct arena *a, struct transport *t, struct err *e)
{
	const char *colon = strchr(rest, ':');

	if (colon && colon[1])
		t->tag = colon + 1;
	return path_take(colon ? arena_strndup(a, rest, (size_t)(colon - rest)) : rest, a, t, e);
}

static int archive_take(const char *rest, struct arena *a, struct transport *t, struct err *e)
{
	int r = path_and_tag_take(rest, a, t, e);
	uint64_t n;

	if (r < 0 || !t->tag)
		return r;
	if (*t->tag != '@')
		return reference_parse(t->tag, a, &t->name, e);
	if (parse_u64(t->tag + 1, &n) < 0 || n > INT_MAX)
		return err_set(e, ERR_INVALID, "'%.100s' is not the number of an image", t->tag);
	t->index = (int)n;
	return 0;
}

static int registry_take(const char *rest, struct arena *a, struct transport *t, struct err *e)
{
	const char *name = str_after(rest, "//");

	return name ? reference_parse(name, a, &t->name, e) : err_set(e, ERR_INVALID, "docker: goes on with //");
}

static int store_take(const char *rest, struct arena *a, struct transport *t, struct err *e)
{
	struct err ignored; /* then it is an id, or nothing */

	if (!*rest)
		return err_set(e, ERR_INVALID, "a name is missing");
	t->id = rest;
	reference_parse(rest, a, &t->name, &ignored);
	return 0;
}

static const struct {
	const char *prefix;
	enum transport_kind kind;
	int (*take)(const char *rest, struct arena *a, struct transport *t, struct err *e); /* NULL: not built */
} rows[] = {
	{ "docker:", TRANSPORT_REGISTRY, registry_take },
	{ "tare:", TRANSPORT_STORE, store_take },
	{ "containers-storage:", TRANSPORT_STORE, store_take },
	{ "oci:", TRANSPORT_OCI, path_and_tag_take },
	{ "oci-archive:", TRANSPORT_OCI_ARCHIVE, path_and_tag_take },
	{ "docker-archive:", TRANSPORT_DOCKER_ARCHIVE, archive_take },
	{ "dir:", TRANSPORT_DIR, path_take },
	{ "docker-daemon:", 0, NULL },
	{ "sif:", 0, NULL },
	{ "ostree:", 0, NULL },
	{ "atomic:", 0, NULL },
};

int transport_parse(const char *text, struct arena *a, struct transport *ret, struct err *e)
{
	struct transport t = { .text = text, .index = -1 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *rest = str_after(text, rows[i].prefix);
		int r;

		if (!rest)
			continue;
		if (!rows[i].take)
			return err_set(e, ERR_UNSUPPORTED, "'%.200s': unsupported: transport %s", text, rows[i].prefix);
		t.kind = rows[i].kind;
		r = rows[i].take(rest, a, &t, e);
		if (r < 0)
			return err_wrap(e, "'%.200s'", text);
		*ret = t;
		return 0;
	}
	return err_set(e, ERR_INVALID, "'%.200s' names no transport: write docker://, tare:, oci:, oci-archive:, docker-archive: or dir: before it", text);
}
