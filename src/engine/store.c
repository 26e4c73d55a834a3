/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/text.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/proc.h"

enum { KILLED_BY_NOBODY = 137 };     /* the code of a container whose monitor was killed with it */

void store_done(struct holding *h)
{
	object_done(&h->object);
	fd_done(&h->live);
}

/* ---- documents ------------------------------------------------------------------------------------------------------------------------- */

int store_write(const struct object *o, const char *file, const struct schema *s, const void *doc, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	int r = json_encode(s, doc, JSON_INDENT_NONE, &b);

	if (r == 0)
		r = object_write(o, file, buf_text(&b), b.n);
	return r < 0 ? err_sys(e, r, "write '%s'", file) : 0;
}

/* Reads a document of ours. Errors: -ENOENT without message if it is not there. */
static int document_read(int dirfd, const char *file, const struct schema *s, struct arena *a, void *ret, struct err *e)
{
	char *text;
	size_t n;
	int r = file_read(dirfd, file, LIMIT_DOCUMENT, a, &text, &n);

	if (r == -ENOENT)
		return r;
	if (r < 0)
		return err_sys(e, r, "read '%s'", file);
	r = json_decode((struct str){ text, n }, s, 0, a, ret, e);
	if (r < 0) {
		e->kind = ERR_CORRUPT;
		return err_wrap(e, "'%s'", file);
	}
	return 0;
}

int store_read_state(const struct holding *h, struct arena *a, struct container_state *ret, struct err *e)
{
	if (h->live < 0)
		return -ENOENT;
	return document_read(h->live, FILE_STATE, &container_state_schema, a, ret, e);
}

int store_read_exit(const struct holding *h, struct arena *a, struct container_exit *ret, struct err *e)
{
	return document_read(h->object.fd, FILE_EXIT, &container_exit_schema, a, ret, e);
}

/* ---- opening ----------------------------------------------------------------------------------------------------------------------------- */

void store_reopen_live(struct holding *h)
{
	fd_done(&h->live);
	h->live = dir_open(h->en->live, h->id);
}

static int holding_load(struct holding *h, struct arena *a, struct err *e)
{
	int r = document_read(h->object.fd, FILE_CONTAINER, &container_schema, a, &h->c, e);

	if (r == -ENOENT)
		return err_set(e, ERR_NOT_FOUND, "no such container: %s", h->id);
	if (r < 0)
		return err_wrap(e, "container " SHORT_ID_FMT, h->id);
	store_reopen_live(h);
	return 0;
}

static void holding_begin(struct holding *h, struct engine *en, const char *id, struct arena *a)
{
	*h = HOLDING_NONE;
	h->en = en;
	h->id = arena_strdup(a, id);
	h->live_path = arena_printf(a, "%s/containers/%s", en->run, id);
}

int store_open(struct engine *en, const char *id, struct arena *a, struct holding *ret, struct err *e)
{
	int r;

	holding_begin(ret, en, id, a);
	r = object_open(&en->containers, id, &ret->object);
	if (r == -ENOENT)
		return err_set(e, ERR_NOT_FOUND, "no such container: %s", id);
	if (r < 0)
		return err_sys(e, r, "open container " SHORT_ID_FMT, id);
	return holding_load(ret, a, e);
}

int store_lock(struct engine *en, const char *id, bool wait, struct arena *a, struct holding *ret, struct err *e)
{
	int r;

	holding_begin(ret, en, id, a);
	r = object_open_locked(&en->containers, id, wait, &ret->object);
	if (r == -ENOENT)
		return err_set(e, ERR_NOT_FOUND, "no such container: %s", id);
	if (r < 0)
		return err_sys(e, r, "lock container " SHORT_ID_FMT, id);
	return holding_load(ret, a, e);
}

/* ---- what is it doing -------------------------------------------------------------------------------------------------------------------- */

/* True if some process holds the container's lock. Our own lock counts, too. */
static bool is_locked(const struct holding *h)
{
	scoped_fd int fd = -EBADF;

	if (h->object.lock >= 0)
		return true;
	fd = openat(h->object.fd, "lock", O_RDWR | O_CLOEXEC);
	return fd >= 0 && lock_fd_is_held(fd, FILE_LOCK_EXCLUSIVE) > 0;
}

static bool monitor_lives(const struct monitor_state *s)
{
	return s->monitor_pid && proc_is_alive((pid_t)s->monitor_pid, s->monitor_start);
}

bool store_monitor_is_alive(const struct holding *h, struct arena *a)
{
	struct monitor_state s = { 0 };
	struct err ignored = { 0 };  /* unreadable: no monitor we could talk to */

	return h->live >= 0 && monitor_state_load(h->live_path, a, &s, &ignored) == 0 && monitor_lives(&s);
}

static struct container_exit *exit_of_monitor(const struct monitor_exit *m, struct arena *a)
{
	struct container_exit *x = arena_new(a, struct container_exit);

	*x = (struct container_exit){ .code = m->code, .signal = (int32_t)m->signal, .oom = m->oom, .error = m->error,
		.started = m->started, .finished = m->finished, .restarts = m->restarts };
	return x;
}

/* What container_pause() froze is the init of this run. */
static bool is_frozen(const struct holding *h, uint32_t pid)
{
	char text[16];
	uint32_t frozen;

	return file_read_text(h->live, FILE_PAUSED, text, sizeof text) == 0 && parse_u32(text, &frozen) == 0 && frozen == pid;
}

/* Its last run has ended, and the next one is to come. */
static void status_between_runs(const struct holding *h, const struct monitor_state *s, struct container_state *state, struct arena *a,
		struct container_info *ret)
{
	struct err ignored = { 0 };

	ret->status = monitor_lives(s) ? CONTAINER_RESTARTING : CONTAINER_EXITED;
	ret->exit = arena_memdup(a, &(struct container_exit){ .code = s->code, .started = s->started, .finished = s->finished, .restarts = s->restarts },
			sizeof(struct container_exit));
	if (store_read_state(h, a, state, &ignored) == 0)
		ret->state = state;
}

/* A run with a live directory. */
static void status_of_run(const struct holding *h, struct arena *a, struct container_info *ret)
{
	struct monitor_state s = { 0 };
	struct monitor_exit x = { 0 };
	struct err ignored = { 0 };  /* a record that is missing or damaged is part of the answer */
	struct container_state *state = arena_new(a, struct container_state);

	if (monitor_exit_load(h->live_path, a, &x, &ignored) == 0) {
		ret->exit = exit_of_monitor(&x, a);
		ret->restarts = x.restarts;
		ret->started = x.started;
		ret->status = x.started ? CONTAINER_EXITED : CONTAINER_CREATED;
		return;
	}
	if (monitor_state_load(h->live_path, a, &s, &ignored) == 0 && (s.running || s.restarting)) {
		ret->started = s.started;
		ret->restarts = s.restarts;
		if (s.restarting) {
			status_between_runs(h, &s, state, a, ret);
			return;
		}
		if (monitor_lives(&s)) {
			ret->status = is_frozen(h, s.pid) ? CONTAINER_PAUSED : CONTAINER_RUNNING;
			ret->pid = (int32_t)s.pid;
			if (store_read_state(h, a, state, &ignored) == 0)
				ret->state = state;
			return;
		}
		/* The monitor was killed: whoever cleans up will kill what is left of the container. */
		ret->exit = arena_memdup(a, &(struct container_exit){ .code = KILLED_BY_NOBODY, .signal = 9, .started = s.started,
			.error = "its monitor was killed" }, sizeof(struct container_exit));
		ret->status = CONTAINER_EXITED;
		return;
	}
	ret->status = is_locked(h) ? CONTAINER_STARTING : CONTAINER_CREATED;
}

int store_status(const struct holding *h, struct arena *a, struct container_info *ret, struct err *e)
{
	struct container_exit *last = arena_new(a, struct container_exit);
	int r;

	*ret = (struct container_info){ .c = &h->c, .status = CONTAINER_CREATED, .size_rw = -1 };
	if (h->live >= 0)
		status_of_run(h, a, ret);
	if (ret->status != CONTAINER_CREATED || ret->exit)
		return 0;
	r = store_read_exit(h, a, last, e);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_wrap(e, "container " SHORT_ID_FMT, h->id);
	ret->exit = last;
	ret->restarts = last->restarts;
	ret->started = last->started;
	ret->status = last->started ? CONTAINER_EXITED : CONTAINER_CREATED;
	return 0;
}

bool store_owes_removal(const struct holding *h)
{
	return !object_is_finished(&h->object) || (h->c.request.auto_remove && faccessat(h->object.fd, FILE_EXIT, F_OK, 0) == 0);
}

bool store_is_stale(const struct holding *h, struct arena *a)
{
	return (h->live >= 0 || store_owes_removal(h)) && !store_monitor_is_alive(h, a) && !is_locked(h);
}

void store_wait_monitor(const struct holding *h)
{
	scoped_arena struct arena a = { 0 };
	struct monitor_state s = { 0 };
	struct err ignored = { 0 };  /* no monitor: nothing to wait for */
	scoped_fd int pidfd = -EBADF;

	if (h->live < 0 || monitor_state_load(h->live_path, &a, &s, &ignored) < 0 || !s.monitor_pid)
		return;
	pidfd = proc_open_checked((pid_t)s.monitor_pid, s.monitor_start);
	if (pidfd >= 0)
		proc_wait_end(pidfd, -1);
}

bool store_is_alive(void *arg, const char *id)
{
	struct engine *en = arg;
	scoped_arena struct arena a = { 0 };
	scoped_holding struct holding h = HOLDING_NONE;
	struct err ignored = { 0 };
	int r = store_lock(en, id, false, &a, &h, &ignored);

	if (r == -EAGAIN)
		return true;
	return r == 0 && h.live >= 0 && store_monitor_is_alive(&h, &a);
}
