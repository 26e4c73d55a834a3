/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/hooks.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/memfd.h"
#include "os/proc.h"

/* stdin is a file and no pipe: a hook that does not read it blocks nobody. */
static int run_one(const struct oci_hook *h, const char *document, size_t n, struct arena *a, struct err *e)
{
	scoped_proc struct proc child = PROC_NONE;
	const struct strs self = { (const char *[]){ h->path }, 1 };
	scoped_fd int in = memfd_from_bytes("state", document, n);
	struct proc_fd fds[] = { { in, 0 } };
	struct proc_exit x;
	int r;

	if (in < 0 || lseek(in, 0, SEEK_SET) < 0)
		return err_sys(e, in < 0 ? in : -errno, "make the hook's stdin");
	r = proc_spawn(&PROC_SPAWN(.path = h->path, .argv = strs_argv(a, h->args.n ? &h->args : &self), .envp = strs_argv(a, &h->env),
			.fds = fds, .n_fds = 1), &child);
	if (r < 0)
		return err_sys(e, r, "execute '%s'", h->path);
	r = proc_wait(child.pidfd, h->timeout.set ? (int)(h->timeout.v > 86400 ? 86400 : h->timeout.v) * 1000 : -1, &x);
	if (r == -ETIMEDOUT)
		return err_set(e, ERR_TIMEOUT, "hook ran past specified timeout of %lld s", (long long)h->timeout.v);
	if (r < 0)
		return err_sys(e, r, "wait for '%s'", h->path);
	if (x.signal)
		return err_set(e, ERR_INTERNAL, "'%s': signal %d", h->path, x.signal);
	return x.code ? err_set(e, ERR_INTERNAL, "'%s': exit status %d", h->path, x.code) : 0;
}

/* Runs hooks @from … @to - 1. */
static int run_range(const struct oci_hook *v, size_t from, size_t to, const char *name, const struct state *s, enum state_status status,
	struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	int r;

	if (from == to)
		return 0;
	r = state_print(s, status, &b);
	if (r < 0)
		return err_sys(e, r, "print the state for hooks");
	for (size_t i = from; i < to; i++) {
		r = run_one(&v[i], b.p, b.n, &a, e);
		if (r < 0)
			return err_wrap(e, "error running %s hook #%zu", name, i);
	}
	return 0;
}

int hooks_run(const struct oci_hook *v, size_t n, const char *name, const struct state *s, enum state_status status, struct err *e)
{
	return run_range(v, 0, n, name, s, status, e);
}

void hooks_run_all(const struct oci_hook *v, size_t n, const char *name, const struct state *s, enum state_status status)
{
	for (size_t i = 0; i < n; i++) {
		struct err why = { 0 };

		if (run_range(v, i, i + 1, name, s, status, &why) < 0)
			log_warn("%s", why.msg);
	}
}
