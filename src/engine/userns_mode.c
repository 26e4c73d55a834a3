/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/userns_mode.h"

#include <string.h>

#include "base/parse.h"
#include "base/scope.h"
#include "base/str.h"

enum { ROWS_MAX = 340 };         /* what the kernel takes */

/* ---- rows ---- */

static void row_push(struct arena *a, struct container_id_row **rows, size_t *n, const struct container_id_row *row)
{
	struct container_id_row *v = arena_array(a, struct container_id_row, *n + 1);

	if (*n)
		memcpy(v, *rows, *n * sizeof *v);
	v[(*n)++] = *row;
	*rows = v;
}

int userns_row_parse(const char *text, struct arena *a, struct container_id_row **rows, size_t *n, struct err *e)
{
	uint32_t numbers[3] = { 0, 0, 1 };
	struct str rest = str_of(text);
	size_t i;

	if (strpbrk(text, "@+ug"))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: id map '%s': only INSIDE:OUTSIDE:COUNT in plain numbers", text);
	for (i = 0; rest.p && i < 3; i++) {
		struct str word = str_cut(rest, ':', &rest);

		if (parse_u32(arena_strndup(a, word.p, word.n), &numbers[i]) < 0)
			break;
	}
	if (rest.p || i < 2 || !numbers[2] || numbers[2] > UINT32_MAX - numbers[0] || numbers[2] > UINT32_MAX - numbers[1])
		return err_set(e, ERR_INVALID, "invalid id map '%s': INSIDE:OUTSIDE:COUNT is needed", text);
	if (*n == ROWS_MAX)
		return err_set(e, ERR_INVALID, "more than %d rows of an id map", ROWS_MAX);
	row_push(a, rows, n, &(struct container_id_row){ numbers[0], numbers[1], numbers[2] });
	return 0;
}

static bool overlap(uint32_t a, uint32_t n_a, uint32_t b, uint32_t n_b)
{
	return a < b ? b - a < n_a : a - b < n_b;
}

int userns_rows_check(const struct container_id_row *rows, size_t n, const char *what, struct err *e)
{
	if (!n)
		return err_set(e, ERR_INVALID, "a user namespace needs at least one %s map", what);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (overlap(rows[i].inside, rows[i].count, rows[k].inside, rows[k].count) ||
			    overlap(rows[i].outside, rows[i].count, rows[k].outside, rows[k].count))
				return err_set(e, ERR_INVALID, "%s maps %u:%u:%u and %u:%u:%u overlap", what, rows[k].inside, rows[k].outside, rows[k].count,
					rows[i].inside, rows[i].outside, rows[i].count);
		}
	}
	return 0;
}

static int rows_parse(const struct strs *words, struct arena *a, struct container_id_row **rows, size_t *n, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < words->n; i++)
		r = userns_row_parse(words->v[i], a, rows, n, e);
	return r;
}

/* ---- modes ---- */

static int number_set(const char *value, struct opt_u64 *ret, struct err *e)
{
	uint32_t n;

	if (parse_u32(value, &n) < 0)
		return err_set(e, ERR_INVALID, "'%s' is no number", value);
	*ret = (struct opt_u64){ true, n };
	return 0;
}

static int option_set(struct userns_mode *m, const char *key, const char *value, struct arena *a, struct err *e)
{
	bool is_auto = m->kind == USERNS_AUTO, keeps = m->kind == USERNS_KEEP_ID;

	if ((is_auto || keeps) && streq(key, "size"))
		return number_set(value, &m->size, e);
	if (keeps && streq(key, "uid"))
		return number_set(value, &m->uid, e);
	if (keeps && streq(key, "gid"))
		return number_set(value, &m->gid, e);
	if (is_auto && streq(key, "uidmapping"))
		return userns_row_parse(value, a, &m->ids.uids, &m->ids.n_uids, e);
	if (is_auto && streq(key, "gidmapping"))
		return userns_row_parse(value, a, &m->ids.gids, &m->ids.n_gids, e);
	return err_set(e, ERR_INVALID, "unknown option '%s'", key);
}

static int options_parse(struct userns_mode *m, struct str rest, struct arena *a, struct err *e)
{
	while (rest.p) {
		struct str value, word = str_cut(rest, ',', &rest), key = str_cut(word, '=', &value);
		int r = option_set(m, arena_strndup(a, key.p, key.n), value.p ? arena_strndup(a, value.p, value.n) : "", a, e);

		if (r < 0)
			return r;
	}
	return 0;
}

static const struct {
	const char *word;
	enum userns_kind kind;
	bool has_options;
} modes[] = {
	{ "", USERNS_HOST, false },
	{ "host", USERNS_HOST, false },
	{ "private", USERNS_PRIVATE, false },
	{ "auto", USERNS_AUTO, true },
	{ "keep-id", USERNS_KEEP_ID, true },
	{ "nomap", USERNS_NOMAP, false },
};

static int mode_parse(const char *text, struct arena *a, struct userns_mode *m, struct err *e)
{
	struct str options, word = str_cut(str_of(text), ':', &options);

	if (str_is(word, "container")) {
		m->kind = USERNS_CONTAINER;
		m->container = options.p ? arena_strndup(a, options.p, options.n) : "";
		return *m->container ? 0 : err_set(e, ERR_INVALID, "a container is needed");
	}
	if (str_is(word, "ns"))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: what owner files have in a namespace nobody lives in is not known; use container:NAME");
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (!str_is(word, modes[i].word))
			continue;
		m->kind = modes[i].kind;
		if (options.p && !modes[i].has_options)
			return err_set(e, ERR_INVALID, "'%s' has no options", modes[i].word);
		return options_parse(m, options, a, e);
	}
	return err_set(e, ERR_INVALID, "it is host, private, auto, keep-id, nomap or container:NAME");
}

int userns_mode_parse(const struct container_userns *u, struct arena *a, struct userns_mode *ret, struct err *e)
{
	struct userns_mode m = { 0 };
	bool rows = u->uidmap.n || u->gidmap.n, names = u->subuidname || u->subgidname;
	int r = u->mode ? mode_parse(u->mode, a, &m, e) : 0;

	if (r < 0)
		return err_wrap(e, "--userns '%s'", u->mode);
	if (rows && names)
		return err_set(e, ERR_INVALID, "--uidmap, --gidmap and --subuidname, --subgidname exclude each other");
	if ((rows || names) && u->mode && m.kind != USERNS_PRIVATE)
		return err_set(e, ERR_INVALID, "--userns '%s' and rows of id maps exclude each other", u->mode);
	if (rows || names)
		m.kind = USERNS_PRIVATE;
	if (m.kind == USERNS_PRIVATE && !rows && !names)
		return err_set(e, ERR_INVALID, "--userns private: say which ids by --uidmap, --gidmap, --subuidname, --subgidname, or use auto");
	if (r == 0)
		r = rows_parse(u->uidmap.n ? &u->uidmap : &u->gidmap, a, &m.ids.uids, &m.ids.n_uids, e);
	if (r == 0)
		r = rows_parse(u->gidmap.n ? &u->gidmap : &u->uidmap, a, &m.ids.gids, &m.ids.n_gids, e);
	if (r == 0)
		*ret = m;
	return r;
}
