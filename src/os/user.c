/* SPDX-License-Identifier: Apache-2.0 */
#include "os/user.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/parse.h"
#include "base/str.h"
#include "os/fd.h"

enum { PASSWD_FIELDS = 7, GROUP_FIELDS = 4 };

/* One line cut at its colons; missing fields are empty. */
struct row {
	struct str f[PASSWD_FIELDS];
};

/* Reads a whole file from its start. A negative descriptor is an empty file. */
static int read_whole(int fd, struct buf *b)
{
	if (fd < 0)
		return 0;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return fd_read_buf(fd, b);
}

/* Cuts the next line off @text. Returns 0 at the end. A line with a NUL in it is none that libc would read the same way: passed over. */
static int next_row(struct str *text, size_t n_fields, struct row *ret)
{
	while (text->n) {
		struct str line = str_cut(*text, '\n', text);

		if (!line.n || memchr(line.p, 0, line.n))
			continue;
		*ret = (struct row){ 0 };
		for (size_t i = 0; i < n_fields && line.p; i++) {
			if (i + 1 == n_fields)
				ret->f[i] = line;
			else
				ret->f[i] = str_cut(line, ':', &line);
		}
		return 1;
	}
	return 0;
}

/* An id in a field of a file. */
static int field_id(struct str field, uint32_t *ret)
{
	char text[16];

	if (field.n == 0 || field.n >= sizeof text)
		return -EINVAL;
	memcpy(text, field.p, field.n);
	text[field.n] = 0;
	return parse_id(text, ret);
}

/*
 * The number if @s is one; 1 if it must be a name. What begins like a number is one, written as numbers are, or an error: never a name that the
 * container's own files could give to root (CVE-2026-46680). Errors: -EINVAL, -ERANGE.
 */
static int id_or_name(const char *s, uint32_t *ret)
{
	if (!*s || !strchr("0123456789+-", *s))
		return 1;
	return *s == '0' && s[1] ? -EINVAL : parse_id(s, ret);
}

/* Fills @u from the passwd line of @name, or of @uid if @name is NULL. Errors: -ENOENT. */
static int find_passwd(struct str text, const char *name, uid_t uid, struct arena *a, struct user *u)
{
	struct row row;

	while (next_row(&text, PASSWD_FIELDS, &row)) {
		uint32_t row_uid, row_gid;

		if (!row.f[0].n || field_id(row.f[2], &row_uid) < 0 || field_id(row.f[3], &row_gid) < 0)
			continue;
		if (name ? !str_is(row.f[0], name) : row_uid != uid)
			continue;
		u->uid = row_uid;
		u->gid = row_gid;
		u->name = arena_strndup(a, row.f[0].p, row.f[0].n);
		u->home = row.f[5].n ? arena_strndup(a, row.f[5].p, row.f[5].n) : "/";
		u->shell = row.f[6].n ? arena_strndup(a, row.f[6].p, row.f[6].n) : "";
		return 0;
	}
	return -ENOENT;
}

static int find_group(struct str text, const char *name, gid_t *ret)
{
	struct row row;
	uint32_t gid;

	while (next_row(&text, GROUP_FIELDS, &row)) {
		if (!str_is(row.f[0], name) || field_id(row.f[2], &gid) < 0)
			continue;
		*ret = gid;
		return 0;
	}
	return -ENOENT;
}

static bool lists_member(struct str members, const char *name)
{
	while (members.p)
		if (str_is(str_cut(members, ',', &members), name))
			return true;
	return false;
}

static void find_memberships(struct str text, struct arena *a, struct user *u)
{
	struct row row;

	u->groups = arena_array(a, gid_t, USER_MAX_GROUPS);
	while (u->n_groups < USER_MAX_GROUPS && next_row(&text, GROUP_FIELDS, &row)) {
		uint32_t gid;

		if (lists_member(row.f[3], u->name) && field_id(row.f[2], &gid) == 0)
			u->groups[u->n_groups++] = gid;
	}
}

static int resolve_user(int passwd_fd, const char *who, struct arena *a, struct user *u)
{
	scoped_buf struct buf text = BUF(LIMIT_PASSWD);
	uint32_t uid = 0;
	int is_name = *who ? id_or_name(who, &uid) : 0, r;

	if (is_name < 0)
		return is_name;
	r = read_whole(passwd_fd, &text);
	if (r < 0)
		return r;
	r = find_passwd(buf_str(&text), is_name ? who : NULL, uid, a, u);
	if (r == -ENOENT && !is_name) {
		u->uid = uid;
		return 0;
	}
	return r;
}

int user_find_group(int group_fd, const char *group, gid_t *ret)
{
	scoped_buf struct buf text = BUF(LIMIT_PASSWD);
	uint32_t gid;
	int r = id_or_name(group, &gid);

	if (r < 0)
		return r;
	if (r == 0) {
		*ret = gid;
		return 0;
	}
	r = read_whole(group_fd, &text);
	return r < 0 ? r : find_group(buf_str(&text), group, ret);
}

int user_resolve(int passwd_fd, int group_fd, const char *spec, struct arena *a, struct user *ret)
{
	scoped_buf struct buf text = BUF(LIMIT_PASSWD);
	struct user u = { .name = "", .home = "/", .shell = "" };
	const char *colon = strchr(spec, ':');
	char *who = colon ? arena_strndup(a, spec, (size_t)(colon - spec)) : arena_strdup(a, spec);
	int r;

	if (colon && (!colon[1] || strchr(colon + 1, ':')))
		return -EINVAL;
	r = resolve_user(passwd_fd, who, a, &u);
	if (r == 0 && colon)
		r = user_find_group(group_fd, colon + 1, &u.gid);
	if (r == 0 && !colon && *u.name) {
		r = read_whole(group_fd, &text);
		if (r == 0)
			find_memberships(buf_str(&text), a, &u);
	}
	if (r < 0)
		return r;
	*ret = u;
	return 0;
}
