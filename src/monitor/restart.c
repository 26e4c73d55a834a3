/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/restart.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "codec/json.h"
#include "os/fd.h"
#include "os/file.h"

/* ---- policy ------------------------------------------------------------------------------------------------------------------------------------- */

bool restart_wants(const struct restart_policy *p, uint32_t count, int code)
{
	switch (p->kind) {
	case RESTART_ALWAYS:
	case RESTART_UNLESS_STOPPED:
		return true;
	case RESTART_ON_FAILURE:
		return code != 0 && (p->max == 0 || count < p->max);
	case RESTART_NO:
	case RESTART_KIND_COUNT:
		break;
	}
	return false;
}

int64_t restart_pause(int64_t last_ms, int64_t seconds)
{
	if (last_ms == 0 || seconds >= RESTART_STEADY_S)
		return RESTART_FIRST_MS;
	return last_ms * 2 < RESTART_LAST_MS ? last_ms * 2 : RESTART_LAST_MS;
}

/* ---- namespaces --------------------------------------------------------------------------------------------------------------------------------- */

static int hold_one(pid_t pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int restart_hold(struct restart *r, pid_t pid, struct err *e)
{
	if (r->net >= 0)
		return 0;
	r->net = hold_one(pid, "net");
	r->user = hold_one(pid, "user");
	if (r->net < 0 || r->user < 0)
		return err_sys(e, r->net < 0 ? r->net : r->user, "hold the namespaces of process %d", (int)pid);
	return 0;
}

struct namespace_row {
	const char *type, *path;
};
static const struct field row_fields[] = {
	FIELD(struct namespace_row, type, "type", STR, FIELD_REQUIRED),
	FIELD(struct namespace_row, path, "path", STR, FIELD_OMIT_EMPTY),
};
static const struct schema row_schema = SCHEMA("namespace", struct namespace_row, row_fields);

static struct str member(struct str object, const char *key, struct arena *a)
{
	struct json_member *v;
	struct err ignored; /* then it has no such member */
	size_t n;

	if (json_members(object, a, &v, &n, &ignored) == 0)
		for (size_t i = 0; i < n; i++)
			if (streq(v[i].key, key))
				return v[i].value;
	return (struct str){ 0 };
}

/* New namespaces of the kinds we hold become those we hold. Says whether there was one, and whether a user namespace was among them. */
static bool rows_redirect(const struct restart *held, struct namespace_row *rows, size_t n, bool *ret_user, struct arena *a)
{
	bool any = false;

	*ret_user = false;
	for (size_t i = 0; i < n; i++) {
		bool user = streq(rows[i].type, "user");

		if ((!user && !streq(rows[i].type, "network")) || (rows[i].path && *rows[i].path))
			continue;
		rows[i].path = arena_printf(a, "/proc/%d/fd/%d", (int)getpid(), user ? held->user : held->net);
		*ret_user |= user;
		any = true;
	}
	return any;
}

/* The document with other namespaces; a user namespace that is there has its mappings. */
static int namespaces_edit(struct str text, struct str rows, bool user, struct buf *out, struct err *e)
{
	const char *namespaces[] = { "linux", "namespaces" }, *uids[] = { "linux", "uidMappings" }, *gids[] = { "linux", "gidMappings" };
	scoped_buf struct buf one = BUF(LIMIT_DOCUMENT), two = BUF(LIMIT_DOCUMENT);
	int r = json_edit(text, namespaces, ARRAY_LEN(namespaces), rows, user ? &one : out, e);

	if (r == 0 && user)
		r = json_edit(buf_str(&one), uids, ARRAY_LEN(uids), (struct str){ 0 }, &two, e);
	if (r == 0 && user)
		r = json_edit(buf_str(&two), gids, ARRAY_LEN(gids), (struct str){ 0 }, out, e);
	return r;
}

int restart_redirect(const struct restart *held, const char *bundle, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf rows_text = BUF(LIMIT_PROC_FILE), out = BUF(LIMIT_DOCUMENT);
	scoped_fd int dir = dir_open(AT_FDCWD, bundle);
	struct namespace_row *rows;
	struct str list;
	size_t n;
	bool user;
	char *text;
	int r = dir < 0 ? dir : file_read(dir, "config.json", LIMIT_DOCUMENT, &a, &text, &n);

	if (r < 0)
		return err_sys(e, r, "read '%s/config.json'", bundle);
	list = member(member((struct str){ text, n }, "linux", &a), "namespaces", &a);
	if (!list.n)
		return 0;
	r = json_decode_list(list, &row_schema, 0, &a, &rows, &n, e);
	if (r < 0 || !rows_redirect(held, rows, n, &user, &a))
		return r;
	json_encode_list(&row_schema, rows, n, JSON_INDENT_NONE, &rows_text);
	r = namespaces_edit(str_of(text), buf_str(&rows_text), user, &out, e);
	if (r < 0)
		return r;
	r = file_replace(dir, "config.json", out.p, out.n, 0600, 0);
	return r < 0 ? err_sys(e, r, "write '%s/config.json'", bundle) : 0;
}
