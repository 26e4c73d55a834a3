/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state, list: what is known about containers.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "bin/runtime/runtime.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/user.h"
#include "runtime/control.h"

/* ---- state ------------------------------------------------------------------------------------------------------------------------------- */

static int state_run(struct runtime *rt, const void *options, struct err *e)
{
	scoped_control struct control c = CONTROL_NONE;
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	int r = control_open(rt->root, rt->args->v[0], rt->a, &c, e);

	if (r == 0)
		r = state_print_full(&c.state, c.status, NULL, JSON_INDENT_2, &b);
	if (r == 0)
		r = fd_write_all(STDOUT_FILENO, b.p, b.n);
	return r;
}

const struct verb state_verb = {
	.command = { .names = { "state" }, .summary = "Print the state of a container as JSON", .args = "ID", .min_args = 1, .max_args = 1 },
	.run = state_run,
};

/* ---- list -------------------------------------------------------------------------------------------------------------------------------- */

struct list_options {
	const char *format;
	bool quiet;
};

static const struct opt list_opts[] = {
	OPT(struct list_options, format, "format", 'f', STR, "table|json", "How to print"),
	OPT(struct list_options, quiet, "quiet", 'q', FLAG, NULL, "Print ids only"),
	OPT_END,
};

struct row {
	struct state state;
	enum state_status status;
	const char *owner;
};

struct rows {
	struct row *v;
	size_t n, cap;
	struct arena *a;
};

/* The name by our own passwd file; what is not in it is shown as "#uid". */
static const char *owner_name(uint32_t uid, struct arena *a)
{
	scoped_fd int passwd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	struct user u = { 0 };
	char text[16];

	snprintf(text, sizeof text, "%u", uid);
	if (user_resolve(passwd, -EBADF, text, a, &u) == 0 && u.name && *u.name)
		return u.name;
	return arena_printf(a, "#%u", uid);
}

static int add_row(void *arg, int root_fd, const char *name, unsigned char type)
{
	struct rows *rows = arg;
	scoped_fd int dir = name[0] == '.' ? -EBADF : dir_open(root_fd, name);
	struct state s;
	struct err e;

	/* What is deleted or damaged while we look is not there. */
	if (dir < 0 || state_load(dir, arena_strdup(rows->a, name), rows->a, &s, &e) < 0 || !*s.bundle)
		return 0;
	*vec_push(rows->a, rows) = (struct row){ s, state_status(dir, &s, rows->a), owner_name(s.owner, rows->a) };
	return 0;
}

static int print_json(const struct rows *rows)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	buf_add_char(&b, '[');
	VEC_EACH(const struct row, row, rows) {
		if (row != rows->v)
			buf_add_char(&b, ',');
		state_print_full(&row->state, row->status, row->owner, JSON_INDENT_NONE, &b);
	}
	buf_add_str(&b, "]\n");
	return fd_write_all(STDOUT_FILENO, b.p, b.n);
}

/* The columns of runc: at least twelve wide, three more than their widest cell. */
static int widest(int now, const char *s)
{
	return (int)strlen(s) + 3 > now ? (int)strlen(s) + 3 : now;
}

static int print_table(const struct rows *rows)
{
	int id = 12, bundle = 12, created = 12;

	VEC_EACH(const struct row, row, rows) {
		id = widest(id, row->state.id);
		bundle = widest(bundle, row->state.bundle);
		created = widest(created, row->state.created);
	}
	printf("%-*s%-12s%-12s%-*s%-*sOWNER\n", id, "ID", "PID", "STATUS", bundle, "BUNDLE", created, "CREATED");
	VEC_EACH(const struct row, row, rows)
		printf("%-*s%-12d%-12s%-*s%-*s%s\n", id, row->state.id, row->status == STATE_STOPPED ? 0 : row->state.pid,
			enumtab_name(&state_status_words, (int)row->status), bundle, row->state.bundle, created, row->state.created, row->owner);
	return 0;
}

static int list_run(struct runtime *rt, const void *options, struct err *e)
{
	const struct list_options *o = options;
	struct rows rows = { .a = rt->a };
	scoped_fd int root = state_open_root(rt->root, false, e);

	if (root >= 0)
		dir_each(root, add_row, &rows);
	else if (root != -ENOENT || !rt->root_is_default)
		return root;
	err_clear(e);
	if (o->quiet) {
		VEC_EACH(const struct row, row, &rows)
			printf("%s\n", row->state.id);
		return 0;
	}
	if (!o->format || streq(o->format, "table"))
		return print_table(&rows);
	if (streq(o->format, "json"))
		return print_json(&rows);
	return err_set(e, ERR_INVALID, "invalid format option");
}

const struct verb list_verb = {
	.command = { .names = { "list" }, .summary = "List containers", .opts = { list_opts },
		.options_size = sizeof(struct list_options) },
	.run = list_run,
};
