/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/checkpoint/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/signal.h"
#include "os/sock.h"

enum {
	END_MS = 10000, /* how long criu may take to undo and end after its client has gone */
	WARNINGS = 6,   /* of its errors are shown; the first of them led to the others */
};

/* ---- starting ------------------------------------------------------------------------------------------------------------------------------ */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static const char *search(const char *name, struct arena *a)
{
	const char *path = getenv("PATH");
	struct str rest = str_of(path && *path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");

	while (rest.p) {
		struct str dir = str_cut(rest, ':', &rest);
		const char *file = arena_printf(a, STR_FMT "/%s", STR_ARG(dir), name);

		if (dir.n && dir.p[0] == '/' && is_program(file))
			return file;
	}
	return NULL;
}

static int find(const char *program, struct arena *a, const char **ret, struct err *e)
{
	const char *name = program ? program : "criu";

	*ret = !strchr(name, '/') ? search(name, a) : is_program(name) ? name : NULL;
	if (*ret)
		return 0;
	return strchr(name, '/') ? err_set(e, ERR_NOT_FOUND, "'%s' is no program", name) :
				   err_set(e, ERR_NOT_FOUND, "%s not found in PATH: install the package criu", name);
}

/*
 * In a mount namespace of its own nothing that happens to us leaves the mount behind. What criu finds there is a slave of the host's, like the root of a
 * container where the host's mounts are shared: criu copies that from this mount and can only do so if it is one.
 */
static int child_bind_root(const struct criu_start *s, struct err *e)
{
	scoped_fd int rootfs = -EBADF, tree = -EBADF;
	int r = mount_classic(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);

	if (r < 0)
		return err_sys(e, r, "keep mounts to the new namespace");
	rootfs = open(s->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	tree = rootfs < 0 ? -errno : mount_clone(rootfs, "", true);
	r = tree < 0 ? tree : mount_move_at(tree, AT_FDCWD, s->root);
	return r < 0 ? err_sys(e, r, "bind the rootfs '%s' on '%s'", s->rootfs, s->root) : 0;
}

/*
 * criu opens its directories as /proc/PID/fd/N of who made the socket pair, works in one of them and mounts there. Ours lie in another mount namespace, where
 * it could not; so the child finds them again in its own, and makes the pair.
 */
static int child_find_dir(int fd, struct err *e)
{
	char path[PATH_MAX];
	ssize_t n = readlink(fd_path(fd).s, path, sizeof path - 1);
	scoped_fd int found = -EBADF;

	if (n < 0)
		return err_sys(e, -errno, "find a directory of criu");
	path[n] = '\0';
	found = dir_open(AT_FDCWD, path);
	if (found < 0 || !fd_is_same(found, fd))
		return err_sys(e, found < 0 ? found : -ESTALE, "find the directory '%s' again", path);
	return take_fd(&found);
}

static int child_collect(const struct criu_start *s, int report, int fds[CRIU_MAX_FDS + 1], struct err *e)
{
	int pair[2], r = sock_pair(SOCK_SEQPACKET, pair);
	ssize_t n;

	if (r < 0)
		return err_sys(e, r, "make a socket pair");
	fds[0] = pair[0];
	for (size_t i = 0; i < s->n_fds; i++) {
		fds[i + 1] = s->root && i < s->n_dirs ? child_find_dir(s->fds[i], e) : s->fds[i];
		if (fds[i + 1] < 0)
			return fds[i + 1];
	}
	n = sock_send(report, "", 1, &pair[1], 1);
	return n < 0 ? err_sys(e, (int)n, "hand over a socket") : 0;
}

/* First out of the way of the new numbers, then to them. */
static int child_place_fds(const int *fds, size_t n)
{
	int moved[CRIU_MAX_FDS + 1];

	for (size_t i = 0; i < n; i++) {
		moved[i] = fd_dup_min(fds[i], CRIU_SOCK + (int)n);
		if (moved[i] < 0)
			return moved[i];
	}
	for (size_t i = 0; i < n; i++)
		if (dup2(moved[i], CRIU_SOCK + (int)i) < 0)
			return -errno;
	return fd_cloexec_from((unsigned)CRIU_SOCK + (unsigned)n);
}

static int child_exec(const struct criu_start *s, const char *path, int *report, struct err *e)
{
	static char name[] = "criu", mode[] = "swrk", number[] = "3"; /* CRIU_SOCK */
	char *const argv[] = { name, mode, number, NULL };
	int fds[CRIU_MAX_FDS + 1], r = s->cgroup ? cgroup_enter(s->cgroup, e) : 0;
	sigset_t none;

	if (r == 0 && s->root)
		r = child_bind_root(s, e);
	if (r == 0)
		r = child_collect(s, *report, fds, e);
	if (r < 0)
		return r;
	*report = fd_dup_min(*report, CRIU_SOCK + CRIU_MAX_FDS + 1);
	r = *report < 0 ? *report : child_place_fds(fds, s->n_fds + 1);
	if (r < 0)
		return err_sys(e, r, "place descriptors");
	signal_reset();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(path, argv);
	return err_sys(e, -errno, "execute '%s'", path);
}

/* One message of the child: a socket, or its error. Nothing more comes once it was executed. Returns the number of descriptors. */
static int hear(int from, int *ret_fd, struct err *e)
{
	struct err failure;
	size_t n_fds = 0;
	ssize_t n = sock_recv(from, &failure, sizeof failure, ret_fd, 1, &n_fds);

	if (n == sizeof failure) {
		*e = failure;
		return -e->sys;
	}
	return n < 0 ? err_sys(e, (int)n, "hear of the child") : (int)n_fds;
}

static int spawn(const struct criu_start *s, const char *path, struct criu *c, struct err *e)
{
	int pair[2], r = sock_pair(SOCK_SEQPACKET, pair), ignored = -EBADF;
	scoped_fd int told = -EBADF, tell = -EBADF;

	if (r < 0)
		return err_sys(e, r, "make a socket pair");
	told = pair[0];
	tell = pair[1];
	c->proc.pid = proc_clone(s->root ? CLONE_NEWNS : 0, s->cgroup ? cgroup_clone_fd(s->cgroup) : -EBADF, &c->proc.pidfd);
	if (c->proc.pid == 0) {
		struct err failure = { 0 };

		child_exec(s, path, &tell, &failure);
		sock_send(tell, &failure, sizeof failure, NULL, 0);
		_exit(127);
	}
	if (c->proc.pid < 0)
		return err_sys(e, (int)c->proc.pid, "clone a process");
	fd_done(&tell);
	r = hear(told, &c->sock, e);
	if (r == 0)
		return err_set(e, ERR_INTERNAL, "the child died");
	r = r < 0 ? r : hear(told, &ignored, e);
	return r < 0 ? r : 0;
}

int criu_start(const struct criu_start *s, struct arena *a, struct criu *ret, struct err *e)
{
	scoped_criu struct criu c = CRIU_CLOSED;
	const char *path;
	int r = find(s->program, a, &path, e);

	if (r < 0)
		return r;
	c.a = a;
	c.message = arena_alloc(a, LIMIT_CRIU_MESSAGE);
	c.signals = s->signals > 0 ? s->signals : -EBADF;
	r = spawn(s, path, &c, e);
	if (r < 0)
		return err_wrap(e, "start criu");
	*ret = c;
	c = CRIU_CLOSED;
	return 0;
}

void criu_end(struct criu *c)
{
	struct proc_exit ignored;

	fd_done(&c->sock);
	if (c->proc.pid > 0 && proc_wait(c->proc.pidfd, END_MS, &ignored) == 0) {
		fd_done(&c->proc.pidfd);
		c->proc = PROC_NONE;
	}
	proc_done(&c->proc);
}

/* ---- talking ------------------------------------------------------------------------------------------------------------------------------- */

static int send_req(struct criu *c, const struct criu_req *req, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_CRIU_REQUEST);
	int r = proto_encode(&criu_req_message, req, &b);
	ssize_t n = r < 0 ? r : sock_send(c->sock, b.p, b.n, NULL, 0);

	return n < 0 ? err_sys(e, (int)n, "send a request to criu") : 0;
}

/* It closed the socket: its exit tells why. */
static int ended(struct criu *c, struct err *e)
{
	struct proc_exit x;

	if (proc_wait(c->proc.pidfd, END_MS, &x) < 0)
		return err_set(e, ERR_INTERNAL, "criu closed the connection without an answer");
	fd_done(&c->proc.pidfd);
	c->proc = PROC_NONE;
	if (x.signal)
		return err_set(e, ERR_INTERNAL, "criu was killed by signal %d", x.signal);
	return err_set(e, ERR_INTERNAL, "criu ended without an answer, exit status %d", x.code);
}

static int wait_message(const struct criu *c, struct err *e)
{
	struct pollfd p[] = { { c->sock, POLLIN, 0 }, { c->signals, POLLIN, 0 } };
	struct signalfd_siginfo info;

	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return err_sys(e, -errno, "wait for criu");
		if (p[0].revents)
			return 0;
		while (p[1].revents && signal_fd_read(c->signals, &info) == 0) {
			if (info.ssi_signo != SIGINT && info.ssi_signo != SIGTERM && info.ssi_signo != SIGHUP && info.ssi_signo != SIGQUIT)
				continue;
			proc_signal(c->proc.pidfd, SIGKILL);
			return err_set(e, ERR_CANCELED, "interrupted by signal %u", info.ssi_signo);
		}
	}
}

static int receive(struct criu *c, struct criu_resp *ret, int *ret_fd, struct err *e)
{
	scoped_fd int fd = -EBADF;
	int r = wait_message(c, e);
	ssize_t n;

	if (r < 0)
		return r;
	n = sock_recv(c->sock, c->message, LIMIT_CRIU_MESSAGE, &fd, 1, NULL);
	if (n == 0 || n == -ECONNRESET)
		return ended(c, e);
	if (n < 0)
		return err_sys(e, (int)n, "receive an answer of criu");
	r = proto_decode((struct str){ c->message, (size_t)n }, &criu_resp_message, c->a, ret, e);
	if (r < 0)
		return err_wrap(e, "answer of criu");
	*ret_fd = take_fd(&fd);
	return 0;
}

static int serve_notification(struct criu *c, const struct criu_resp *resp, int fd, criu_notify_fn notify, void *ctx, struct err *why)
{
	struct criu_req answer = { .type = CRIU_NOTIFY, .notify_success = { true, true } };
	struct err e = { 0 };

	if (!resp->notify || !resp->notify->script)
		return err_set(why, ERR_INTERNAL, "criu sent a notification without a name");
	log_debug("criu: %s", resp->notify->script);
	if (notify && why->kind == ERR_NONE && notify(ctx, resp->notify, fd, why) < 0)
		answer.notify_success.v = false;
	if (why->kind != ERR_NONE)
		answer.notify_success.v = false;
	return send_req(c, &answer, why->kind == ERR_NONE ? why : &e);
}

static int check_answer(const struct criu_req *req, const struct criu_resp *resp, struct err *e)
{
	if (resp->type != req->type)
		return err_set(e, ERR_INTERNAL, "criu answered with type %u, expected %u", resp->type, req->type);
	if (resp->success)
		return 0;
	if (resp->message && *resp->message)
		return err_set(e, ERR_INTERNAL, "criu: %.200s", resp->message);
	return resp->cr_errno ? err_sys(e, resp->cr_errno > 0 && resp->cr_errno < 4096 ? -resp->cr_errno : -EIO, "criu") :
				err_set(e, ERR_INTERNAL, "criu failed");
}

int criu_call(struct criu *c, const struct criu_req *req, criu_notify_fn notify, void *ctx, struct criu_resp *ret, struct err *e)
{
	struct err refusal = { 0 };
	int r = send_req(c, req, e);

	while (r == 0) {
		scoped_fd int fd = -EBADF;

		r = receive(c, ret, &fd, refusal.kind == ERR_NONE ? e : &(struct err){ 0 });
		if (r < 0 || ret->type != CRIU_NOTIFY)
			break;
		r = serve_notification(c, ret, fd, notify, ctx, &refusal);
	}
	if (refusal.kind != ERR_NONE) {
		*e = refusal;
		return -e->sys;
	}
	return r < 0 ? r : check_answer(req, ret, e);
}

int criu_require(struct criu *c, int version, const struct criu_features *feature, struct err *e)
{
	struct criu_req req = { .type = CRIU_VERSION, .keep_open = true };
	struct criu_resp resp;
	int r = criu_call(c, &req, NULL, NULL, &resp, e);

	if (r < 0)
		return err_wrap(e, "ask criu for its version");
	c->version = resp.version ? criu_version_number(resp.version) : 0;
	if (c->version < version)
		return err_set(e, ERR_UNSUPPORTED, "criu %d.%d.%d is too old: %d.%d or newer is needed", c->version / 10000, c->version / 100 % 100,
			c->version % 100, version / 10000, version / 100 % 100);
	if (!feature)
		return 0;
	req = (struct criu_req){ .type = CRIU_FEATURE_CHECK, .keep_open = true, .features = arena_memdup(c->a, feature, sizeof *feature) };
	r = criu_call(c, &req, NULL, NULL, &resp, e);
	if (r < 0)
		return err_wrap(e, "ask criu for its features");
	if (feature->mem_track && !(resp.features && resp.features->mem_track))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: criu says that this kernel cannot track changes of memory (--pre-dump)");
	if (feature->lazy_pages && !(resp.features && resp.features->lazy_pages))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: criu says that this kernel has no userfaultfd for it (--lazy-pages)");
	return 0;
}

/* ---- its log ------------------------------------------------------------------------------------------------------------------------------- */

/* "(00.123456) Error (criu/net.c:3071): net: what" → "net: what"; NULL: no error. Names of a container's files may be in it. */
static const char *error_of(struct str line, struct arena *a)
{
	char *text = arena_strndup(a, line.p, line.n), *what = strstr(text, "Error ("), *end = what ? strstr(what, "): ") : NULL;

	if (!end)
		return NULL;
	for (char *p = end; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
			*p = '?';
	return end + 3;
}

/* Its very last words say only that it failed, and of what it ran, that it failed too. */
static bool is_telling(const char *error)
{
	return !strstr(error, "FAILED") && !str_after(error, "exited, status");
}

const char *criu_log_cause(const char *text, struct arena *a)
{
	struct str rest = str_of(text);
	const char *cause = "", *last = "";

	while (rest.p) {
		const char *error = error_of(str_cut(rest, '\n', &rest), a);

		if (error && is_telling(error))
			cause = error;
		if (error)
			last = error;
	}
	return *cause ? cause : last;
}

/* What led to it. */
static void warn_of_last(const char *text, struct arena *a)
{
	const char *kept[WARNINGS] = { NULL };
	struct str rest = str_of(text);
	size_t n = 0;

	while (rest.p) {
		const char *error = error_of(str_cut(rest, '\n', &rest), a);

		if (error)
			kept[n++ % WARNINGS] = error;
	}
	for (size_t i = n > WARNINGS ? n - WARNINGS : 0; i < n; i++)
		log_warn("criu: %s", kept[i % WARNINGS]);
}

int criu_explain(int dir, const char *path, const char *name, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	scoped_buf struct buf b = BUF(LIMIT_CRIU_LOG);
	struct err said = *e;
	const char *cause;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -e->sys;
	if (st.st_size > LIMIT_CRIU_LOG)
		lseek(fd, -(off_t)LIMIT_CRIU_LOG, SEEK_END);
	fd_read_buf(fd, &b);
	cause = criu_log_cause(buf_text(&b), &a);
	if (!*cause)
		return err_wrap(e, "see '%s/%s'", path, name);
	warn_of_last(buf_text(&b), &a);
	e->kind = ERR_NONE;
	err_set(e, said.kind, "criu: %.300s (see '%s/%s')", cause, path, name);
	e->sys = said.sys;
	return -e->sys;
}
