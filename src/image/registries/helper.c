/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registries/helper.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "codec/json.h"
#include "os/fd.h"
#include "os/memfd.h"
#include "os/proc.h"
#include "os/self.h"

enum { DEADLINE_MS = 60 * 1000 }; /* some ask a cloud, some a person with a PIN */

struct secret {
	const char *server, *user, *secret;
};
/* clang-format off */
static const struct field secret_fields[] = {
	FIELD(struct secret, server, "ServerURL", STR, 0),
	FIELD(struct secret, user,   "Username",  STR, 0),
	FIELD(struct secret, secret, "Secret",    STR, 0),
};
static const struct schema secret_schema = SCHEMA("credential helper's answer", struct secret, secret_fields);
/* clang-format on */

/* ---- the program ---- */

static bool name_is_plain(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
			return false;
	return *name && *name != '.' && strlen(name) < 100;
}

/* Reads what it says until it closes its end, or the deadline. */
static int answer_read(int fd, uint64_t deadline_ns, struct buf *out)
{
	for (;;) {
		uint64_t now = proc_now_ns();
		struct pollfd p = { .fd = fd, .events = POLLIN };
		char piece[4096];
		ssize_t n;
		int r;

		if (now >= deadline_ns)
			return -ETIMEDOUT;
		r = poll(&p, 1, (int)((deadline_ns - now) / 1000000) + 1);
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r <= 0)
			continue;
		n = read(fd, piece, sizeof piece);
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		if (buf_add(out, piece, (size_t)n) < 0)
			return -E2BIG;
	}
}

static int program_start(const char *name, const char *verb, struct str input, int out, struct arena *a, struct proc *ret, struct err *e)
{
	char *const argv[] = { arena_printf(a, "docker-credential-%s", name), arena_strdup(a, verb), NULL };
	scoped_fd int in = -EBADF;
	char *path;
	int r;

	if (!name_is_plain(name))
		return err_set(e, ERR_INVALID, "credential helper '%.100s' is not a plain name", name);
	r = self_find_in_path(argv[0], a, &path);
	if (r < 0)
		return err_sys(e, r, "find credential helper '%s'", argv[0]);
	in = memfd_from_bytes("helper", input.p, input.n);
	if (in < 0)
		return err_sys(e, in, "memory for a helper's input");
	r = proc_spawn(&PROC_SPAWN(.path = path, .argv = argv, .fds = (struct proc_fd[]){ { in, 0 }, { out, 1 } }, .n_fds = 2, .death_signal = SIGKILL), ret);
	return r < 0 ? err_sys(e, r, "start '%s'", path) : 0;
}

/* Runs one verb. Returns the exit status; @out has what it printed. */
static int helper_run(const char *name, const char *verb, struct str input, struct buf *out, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_proc struct proc proc = PROC_NONE;
	scoped_fd int ours = -EBADF, theirs = -EBADF;
	uint64_t deadline = proc_now_ns() + (uint64_t)DEADLINE_MS * 1000000;
	struct proc_exit x = { 0 };
	int pipe[2], r = fd_pipe(pipe, 0);

	if (r < 0)
		return err_sys(e, r, "pipe");
	ours = pipe[0];
	theirs = pipe[1];
	r = program_start(name, verb, input, theirs, &a, &proc, e);
	if (r < 0)
		return r;
	theirs = fd_close(theirs);
	r = answer_read(ours, deadline, out);
	if (r == 0)
		r = proc_wait(proc.pidfd, (int)(deadline > proc_now_ns() ? (deadline - proc_now_ns()) / 1000000 : 0), &x);
	if (r == -ETIMEDOUT)
		return err_set(e, ERR_TIMEOUT, "credential helper '%s' did not answer '%s' within %d seconds", name, verb, DEADLINE_MS / 1000);
	if (r == -E2BIG)
		return err_set(e, ERR_INVALID, "credential helper '%s' said more than %d bytes", name, LIMIT_HELPER);
	if (r < 0)
		return err_sys(e, r, "wait for credential helper '%s'", name);
	proc.pidfd = fd_close(proc.pidfd);
	proc = PROC_NONE;
	return proc_exit_number(&x);
}

/* What it printed with its failure, fit for one line. */
static int helper_failed(const char *name, const char *verb, int status, const struct buf *said, struct arena *a, struct err *e)
{
	struct str text = str_trim(buf_str(said));
	char *line = arena_strndup(a, text.p, text.n < 200 ? text.n : 200);

	for (char *p = line; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = ' ';
	return err_set(e, ERR_UNAUTHENTICATED, "credential helper '%s' failed to %s (exit %d%s%s)", name, verb, status, *line ? ": " : "", line);
}

/* The one failure that is an answer; the words are the protocol. */
static bool says_nothing_kept(const struct buf *said)
{
	return str_is(str_trim(buf_str(said)), "credentials not found in native keychain");
}

/* ---- verbs ---- */

int helper_parse(struct str answer, struct arena *a, struct credentials *ret, struct err *e)
{
	struct secret s;
	int r = json_decode(answer, &secret_schema, 0, a, &s, e);

	if (r < 0)
		return r;
	if (!s.user || !*s.user || !s.secret || !*s.secret)
		return err_set(e, ERR_INVALID, "answer has no user or no secret");
	if (strcmp(s.user, "<token>") == 0)
		*ret = (struct credentials){ .identity_token = s.secret };
	else
		*ret = (struct credentials){ .user = s.user, .password = s.secret };
	return 0;
}

int helper_get(const char *name, const char *server, struct arena *a, struct credentials *ret, struct err *e)
{
	scoped_buf struct buf said = BUF(LIMIT_HELPER);
	int r = helper_run(name, "get", str_of(server), &said, e);

	if (r < 0)
		return r;
	if (r > 0 && says_nothing_kept(&said))
		return 0;
	if (r > 0)
		return helper_failed(name, "get", r, &said, a, e);
	r = helper_parse(buf_str(&said), a, ret, e);
	return r < 0 ? err_wrap(e, "credential helper '%s'", name) : 1;
}

int helper_store(const char *name, const char *server, const struct credentials *c, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf input = BUF(LIMIT_HELPER), said = BUF(LIMIT_HELPER);
	struct secret s = { server, c->identity_token ? "<token>" : c->user, c->identity_token ? c->identity_token : c->password };
	int r;

	if (json_encode(&secret_schema, &s, JSON_INDENT_NONE, &input) < 0)
		return err_set(e, ERR_EXHAUSTED, "credentials are too long");
	r = helper_run(name, "store", buf_str(&input), &said, e);
	return r > 0 ? helper_failed(name, "store", r, &said, &a, e) : r;
}

int helper_erase(const char *name, const char *server, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf said = BUF(LIMIT_HELPER);
	int r = helper_run(name, "erase", str_of(server), &said, e);

	if (r > 0 && says_nothing_kept(&said))
		return 0;
	if (r > 0)
		return helper_failed(name, "erase", r, &said, &a, e);
	return r < 0 ? r : 1;
}
