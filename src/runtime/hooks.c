/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/memfd.h"
#include "os/proc.h"

enum { SAID_MAX = 200, TIMEOUT_MAX_S = 24 * 3600 };
#define MS_TO_NS 1000000ull

/* ---- where hooks print to ------------------------------------------------------------------------------------------------------------------ */

static int open_annotated(const struct state *s, const char *key, int *ret, struct err *e)
{
	const char *path = pairs_find(&s->annotations, key);
	scoped_fd int bundle = -EBADF;

	if (!path)
		return 0;
	bundle = path[0] == '/' ? AT_FDCWD : dir_open(AT_FDCWD, s->bundle);
	*ret = bundle == AT_FDCWD || bundle >= 0 ? openat(bundle, path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY, 0700) : bundle;
	return *ret < 0 ? err_sys(e, bundle == AT_FDCWD || bundle >= 0 ? -errno : bundle, "annotation %s: open '%s'", key, path) : 0;
}

int hook_output_open(const struct state *s, struct hook_output *ret, struct err *e)
{
	scoped_hook_output struct hook_output o = HOOK_OUTPUT_NONE;
	int r = open_annotated(s, "run.oci.hooks.stdout", &o.out, e);

	if (r == 0)
		r = open_annotated(s, "run.oci.hooks.stderr", &o.err, e);
	if (r < 0)
		return r;
	if (o.out < 0)
		o.out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (o.out < 0)
		return err_sys(e, -errno, "open '/dev/null' for hooks");
	*ret = o;
	o = HOOK_OUTPUT_NONE;
	return 0;
}

void hook_output_done(struct hook_output *o)
{
	fd_done(&o->out);
	fd_done(&o->err);
}

/* Where a hook runs. */
struct site {
	enum hook_point point;
	const struct state *state;
	const struct hook_output *output;
};

/* ---- one hook --------------------------------------------------------------------------------------------------------------------------------- */

/* What a hook wrote to standard error, as far as a message needs it. */
struct said {
	char text[SAID_MAX];
	size_t n;
};

/* Takes what is there, so that a hook that says much does not block. Returns 0 at the end. */
static ssize_t hear(int fd, struct said *s)
{
	char some[4096];
	ssize_t n = read(fd, some, sizeof some);
	size_t take = n > 0 && (size_t)n < sizeof s->text - s->n ? (size_t)n : sizeof s->text - s->n;

	if (n <= 0)
		return n;
	memcpy(s->text + s->n, some, take);
	s->n += take;
	return n;
}

/* Waits for the hook and nobody else: what it leaves behind may keep its end of @ear. */
static int attend(const struct proc *child, int ear, uint64_t deadline, struct said *said)
{
	struct pollfd p[] = { { child->pidfd, POLLIN, 0 }, { ear, POLLIN, 0 } };

	for (;;) {
		uint64_t now = proc_now_ns();
		int left = deadline == UINT64_MAX ? -1 : now < deadline ? (int)((deadline - now) / MS_TO_NS) + 1 : 0;
		int r = poll(p, 2, left);

		if (r < 0 && errno != EINTR)
			return -errno;
		if (r == 0)
			return -ETIMEDOUT;
		if (r > 0 && p[1].revents && hear(ear, said) <= 0)
			p[1].fd = -1;
		else if (r > 0 && p[0].revents)
			return 0;
	}
}

static int verdict(const struct oci_hook *h, const struct proc_exit *x, const struct said *said, struct err *e)
{
	struct str words = str_trim((struct str){ said->text, said->n });
	const char *sep = words.n ? ": " : "";

	if (x->signal)
		return err_set(e, ERR_PRECONDITION, "'%s': signal %d%s" STR_FMT, h->path, x->signal, sep, STR_ARG(words));
	if (x->code)
		return err_set(e, ERR_PRECONDITION, "'%s': exit status %d%s" STR_FMT, h->path, x->code, sep, STR_ARG(words));
	return 0;
}

static int supervise(const struct oci_hook *h, struct proc *child, int ear, struct err *e)
{
	int64_t seconds = h->timeout.set && h->timeout.v < TIMEOUT_MAX_S ? h->timeout.v : TIMEOUT_MAX_S;
	struct said said = { 0 };
	struct proc_exit x;
	int r = attend(child, ear, h->timeout.set ? proc_now_ns() + (uint64_t)seconds * 1000 * MS_TO_NS : UINT64_MAX, &said);

	if (r == -ETIMEDOUT) {
		kill(-child->pid, SIGKILL);
		return err_set(e, ERR_PRECONDITION, "hook ran past specified timeout of %lld s", (long long)h->timeout.v);
	}
	if (r == 0)
		r = proc_wait(child->pidfd, -1, &x);
	return r < 0 ? err_sys(e, r, "wait for '%s'", h->path) : verdict(h, &x, &said, e);
}

static char *const *environment(const struct oci_hook *h, bool inside, struct arena *a)
{
	return h->env.n || inside ? strs_argv(a, &h->env) : NULL;
}

/* stdin is a file and no pipe: a hook that does not read it blocks nobody. With a timeout it leads a session, to be killed with all that is in it. */
static int run_one(const struct oci_hook *h, struct str document, const struct site *site, struct arena *a, struct err *e)
{
	scoped_proc struct proc child = PROC_NONE;
	scoped_fd int in = memfd_from_bytes("state", document.p, document.n), ear = -EBADF;
	const struct strs self = { (const char *[]){ h->path }, 1 };
	int mouth[2] = { -EBADF, -EBADF }, r = in < 0 ? in : lseek(in, 0, SEEK_SET) < 0 ? -errno : fd_pipe(mouth, 0);
	struct proc_fd fds[] = { { in, 0 }, { site->output->out, 1 }, { site->output->err >= 0 ? site->output->err : mouth[1], 2 } };

	ear = mouth[0];
	if (r == 0)
		r = proc_spawn(&PROC_SPAWN(.path = h->path, .argv = strs_argv(a, h->args.n ? &h->args : &self), .fds = fds, .n_fds = 3,
			.envp = environment(h, hook_table[site->point].inside, a), .setsid = h->timeout.set), &child);
	fd_done(&mouth[1]);
	return r < 0 ? err_sys(e, r, "execute '%s'", h->path) : supervise(h, &child, ear, e);
}

/* ---- lists ------------------------------------------------------------------------------------------------------------------------------------ */

#define ROW(member, name_, status_, inside_)                                                                                          \
	{ name_, offsetof(struct oci_hooks, member), offsetof(struct oci_hooks, n_##member), status_, inside_ }
const struct hook_row hook_table[] = {
	/* clang-format off */
	[HOOK_PRESTART]         = ROW(prestart,         "prestart",        STATE_CREATING, false),
	[HOOK_CREATE_RUNTIME]   = ROW(create_runtime,   "createRuntime",   STATE_CREATING, false),
	[HOOK_CREATE_CONTAINER] = ROW(create_container, "createContainer", STATE_CREATING, true),
	[HOOK_START_CONTAINER]  = ROW(start_container,  "startContainer",  STATE_CREATED,  true),
	[HOOK_POSTSTART]        = ROW(poststart,        "poststart",       STATE_RUNNING,  false),
	[HOOK_POSTSTOP]         = ROW(poststop,         "poststop",        STATE_STOPPED,  false),
	/* clang-format on */
};

size_t hooks_count(const struct oci_hooks *h, enum hook_point p)
{
	return h ? *(const size_t *)((const char *)h + hook_table[p].offset_n) : 0;
}

static const struct oci_hook *hooks_at(const struct oci_hooks *h, enum hook_point p)
{
	return *(struct oci_hook *const *)((const char *)h + hook_table[p].offset);
}

static int run_nth(const struct oci_hooks *h, size_t i, struct str document, const struct site *site, struct err *e)
{
	scoped_arena struct arena a = { 0 };

	if (run_one(&hooks_at(h, site->point)[i], document, site, &a, e) == 0)
		return 0;
	e->kind = ERR_PRECONDITION;
	return err_wrap(e, "error running %s hook #%zu", hook_table[site->point].name, i);
}

/* @go_on: a failure is a warning, and the next one runs. */
static int run_all(const struct oci_hooks *h, const struct site *site, bool go_on, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	size_t n = hooks_count(h, site->point);
	int r = n ? state_print(site->state, hook_table[site->point].status, &b) : 0;

	if (r < 0)
		return err_sys(e, r, "print the state for hooks");
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = run_nth(h, i, buf_str(&b), site, e);
		if (r < 0 && go_on) {
			log_warn("%s", e->msg);
			err_clear(e);
			r = 0;
		}
	}
	return r;
}

int hooks_run(const struct oci_hooks *h, enum hook_point p, const struct state *s, const struct hook_output *o, struct err *e)
{
	return run_all(h, &(struct site){ p, s, o }, false, e);
}

int hooks_run_poststart(const struct oci_hooks *h, const struct state *s, struct err *e)
{
	scoped_hook_output struct hook_output o = HOOK_OUTPUT_NONE;
	int r = hooks_count(h, HOOK_POSTSTART) ? hook_output_open(s, &o, e) : 0;

	if (r < 0)
		e->kind = ERR_PRECONDITION;
	return r < 0 ? r : hooks_run(h, HOOK_POSTSTART, s, &o, e);
}

void hooks_run_poststop(const struct oci_hooks *h, const struct state *s)
{
	scoped_hook_output struct hook_output o = HOOK_OUTPUT_NONE;
	struct err e = { 0 };

	if (hook_output_open(s, &o, &e) < 0 || run_all(h, &(struct site){ HOOK_POSTSTOP, s, &o }, true, &e) < 0)
		log_warn("poststop hooks do not run: %s", e.msg);
}
