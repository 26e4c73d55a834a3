/* SPDX-License-Identifier: Apache-2.0 */
#include "os/subid.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/internal.h"
#include "os/proc.h"
#include "os/user.h"

/* ---- the files --------------------------------------------------------------------------------------------------------------------------- */

static bool is_owner(struct str owner, const char *name, uid_t uid)
{
	char number[16];

	snprintf(number, sizeof number, "%u", uid);
	return (name && *name && str_is(owner, name)) || str_is(owner, number);
}

static int field_u32(struct str field, struct arena *a, uint32_t *ret)
{
	return field.p ? parse_u32(arena_strndup(a, field.p, field.n), ret) : -EINVAL;
}

void subid_parse(char *text, const char *name, uid_t uid, struct arena *a, struct subid_ranges *ret)
{
	struct str rest = str_of(text);

	while (rest.p && ret->n < LIMIT_ID_RANGES) {
		struct str line = str_cut(rest, '\n', &rest), owner = str_cut(line, ':', &line), first = { 0 };
		struct subid_range range;

		if (!is_owner(owner, name, uid))
			continue;
		if (line.p)
			first = str_cut(line, ':', &line);
		if (field_u32(first, a, &range.first) < 0 || field_u32(line, a, &range.count) < 0)
			continue;
		if (range.count && range.count <= UINT32_MAX - range.first)
			*vec_push(a, ret) = range;
	}
}

int subid_read(const char *path, uid_t uid, struct arena *a, struct subid_ranges *ret)
{
	scoped_fd int passwd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	struct user user = { 0 };
	char *text, number[16];
	size_t n;
	int r = file_read(AT_FDCWD, path, LIMIT_PASSWD, a, &text, &n);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	snprintf(number, sizeof number, "%u", uid);
	if (user_resolve(passwd, -EBADF, number, a, &user) < 0)
		user.name = NULL;
	subid_parse(text, user.name, uid, a, ret);
	return 0;
}

/* ---- the programs ------------------------------------------------------------------------------------------------------------------------ */

/* The whole of a program's complaint up to the first line end; reading to the end lets it finish. */
static void read_words(int fd, char *ret)
{
	ssize_t n = fd_read_all(fd, ret, SUBID_WORDS_SIZE - 1);

	ret[n > 0 ? n : 0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}

static int run(const char *path, char *const *argv, char *ret_words)
{
	scoped_proc struct proc child = PROC_NONE;
	struct proc_exit x;
	int pipe[2], r = fd_pipe(pipe, 0);

	if (r < 0)
		return r;
	r = proc_spawn(&PROC_SPAWN(.path = path, .argv = argv, .fds = (struct proc_fd[]){ { pipe[1], 2 } }, .n_fds = 1), &child);
	fd_done(&pipe[1]);
	if (r == 0)
		read_words(pipe[0], ret_words);
	fd_done(&pipe[0]);
	if (r == 0)
		r = proc_wait(child.pidfd, -1, &x);
	if (r < 0)
		return r;
	fd_done(&child.pidfd);
	child.pid = 0;
	return proc_exit_number(&x) == 0 ? 0 : -EPERM;
}

static char **arguments(const char *tool, pid_t pid, const struct ns_id_map *rows, size_t n, struct arena *a)
{
	struct strs argv = { 0 };

	strs_push(a, &argv, tool);
	strs_push(a, &argv, arena_printf(a, "%d", (int)pid));
	for (size_t i = 0; i < n; i++) {
		strs_push(a, &argv, arena_printf(a, "%u", rows[i].inside));
		strs_push(a, &argv, arena_printf(a, "%u", rows[i].outside));
		strs_push(a, &argv, arena_printf(a, "%u", rows[i].size));
	}
	return strs_argv(a, &argv);
}

int subid_map(const char *tool, pid_t pid, const struct ns_id_map *rows, size_t n, char ret_words[SUBID_WORDS_SIZE])
{
	scoped_arena struct arena a = { 0 };
	const char *path = getenv("PATH");
	struct str rest = str_of(path && *path ? path : "/usr/local/bin:/usr/bin:/bin");
	char **argv = arguments(tool, pid, rows, n, &a);

	*ret_words = '\0';
	while (rest.p) {
		struct str dir = str_cut(rest, ':', &rest);
		int r = run(arena_printf(&a, STR_FMT "/%s", STR_ARG(dir), tool), argv, ret_words);

		if (r != -ENOENT && r != -ENOTDIR && r != -EACCES)
			return r;
	}
	return -ENOENT;
}
