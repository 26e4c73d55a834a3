/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a container after it is made: start, run, stop, kill, wait, cleanup, remove.
 *
 * Locking: starting, cleaning up and removing hold the container's lock. A run that ends is cleaned up by exactly one of: the foreground client that
 * promised it (RELEASE), the monitor's exit command, or whoever meets what is left. All of them lock first and look again, so it does not
 * matter who comes first.
 */
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "engine/create.h"
#include "engine/events.h"
#include "engine/freeze.h"
#include "engine/launch.h"
#include "engine/life.h"
#include "engine/supervise.h"
#include "image/snapshot/limit.h"
#include "os/proc.h"
#include "os/signal.h"
#include "os/sock.h"

enum { EXIT_ENGINE = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127, DEFAULT_TIMEOUT = 10 };

/* ---- why a start failed ------------------------------------------------------------------------------------------------------------------------------ */

/* Words of OCI runtimes for a program that cannot be started. They are the only channel there is. */
static const struct {
	const char *words;
	int sys;
} program_faults[] = {
	{ "executable file not found", ENOENT },
	{ "executable file `", ENOENT },
	{ "no such file or directory: unknown", ENOENT },
	{ "stat /", ENOENT },
	{ "permission denied", EACCES },
	{ "exec format error", EACCES },
	{ "is a directory", EACCES },
	{ "not executable", EACCES },
	{ "no such file or directory", ENOENT },
};

int life_start_failed(struct err *e)
{
	if (!strstr(e->msg, "exec") && !strstr(e->msg, "program"))
		return -e->sys;
	for (size_t i = 0; i < ARRAY_LEN(program_faults); i++) {
		if (strstr(e->msg, program_faults[i].words)) {
			e->kind = ERR_INVALID;
			e->sys = program_faults[i].sys;
			return -e->sys;
		}
	}
	return -e->sys;
}

int engine_exit_code(const struct err *e)
{
	if (e->kind != ERR_INVALID)
		return EXIT_ENGINE;
	return e->sys == ENOENT ? EXIT_NOT_FOUND : e->sys == EACCES ? EXIT_NOT_EXECUTABLE : EXIT_ENGINE;
}

/* ---- cleanup ------------------------------------------------------------------------------------------------------------------------------------------- */

/* With the lock held: gives back what an ended run took, and removes the container if it is to go. */
static int settle(struct holding *h, struct arena *a, struct err *e)
{
	int r;

	store_reopen_live(h);
	r = launch_cleanup(h->en, h, a, e);
	return r == 0 && store_owes_removal(h) ? create_remove(h, true, a, e) : r;
}

int life_heal(struct engine *en, const char *id, struct arena *a, struct err *e)
{
	scoped_holding struct holding h = HOLDING_NONE;
	int r = store_lock(en, id, false, a, &h, e);

	if (r < 0)
		return r;
	return store_monitor_is_alive(&h, a) ? 0 : settle(&h, a, e);
}

int container_cleanup(struct engine *en, const char *ref, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_holding struct holding h = HOLDING_NONE;
	struct monitor_exit x;
	int r = store_lock(en, ref, true, &a, &h, e);

	if (r < 0)
		return e->kind == ERR_NOT_FOUND ? 0 : r;
	/* Somebody may have started it again while we waited for the lock: then its record of an end is gone. */
	if (monitor_exit_load(h.live_path, &a, &x, e) < 0 && store_monitor_is_alive(&h, &a))
		return 0;
	return settle(&h, &a, e);
}

/* ---- start ----------------------------------------------------------------------------------------------------------------------------------------------- */

/* A start that failed leaves a created container that remembers why. */
static void failure_keep(struct holding *h, bool is_new, const struct err *why)
{
	struct container_exit x = { .code = engine_exit_code(why), .error = why->msg };
	struct err ignored = { 0 };  /* the failure itself is what matters */

	if (h->c.request.auto_remove)
		return;
	store_write(&h->object, FILE_EXIT, &container_exit_schema, &x, &ignored);
	if (is_new)
		create_finish(h, &ignored);
}

static void unlock(struct holding *h)
{
	fd_done(&h->object.lock);
}

/* The lock again after a foreground run. Errors: -ENOENT if somebody removed it meanwhile. */
static int relock(struct holding *h)
{
	object_done(&h->object);
	return object_open_locked(&h->en->containers, h->id, true, &h->object);
}

/* Attached until the end; then cleans up as promised. */
static int see_through(struct launch *l, struct engine_outcome *ret, struct err *e)
{
	struct proc_exit monitor;
	int r;

	unlock(l->h);
	r = attach_run(&l->at, ret, e);
	attach_done(&l->at);
	if (ret->detached)
		container_event(l->en, &l->h->c, "detach", NULL);
	if (ret->detached || ret->comes_again || (r < 0 && !l->at.exited))
		return r;       /* the promise ends with our connection: the monitor sees to it */
	r = relock(l->h);
	if (r == 0)
		launch_release(l);
	if (r == 0)
		r = settle(l->h, l->a, e);
	else
		r = r == -ENOENT ? 0 : err_sys(e, r, "lock container " SHORT_ID_FMT, l->h->id);
	/* By now the monitor has nothing left to do but to end; nobody shall find it after us. */
	proc_wait(l->proc.pidfd, -1, &monitor);
	return r;
}

static int start_locked(struct engine *en, struct holding *h, bool is_new, const struct strs *layers, const struct engine_io *io,
		struct arena *a, struct engine_outcome *ret, struct err *e)
{
	scoped_launch struct launch l = LAUNCH_NONE;
	int r = launch_init(&l, en, h, layers, a, e);

	l.io = io;
	l.is_new = is_new;
	if (r == 0)
		r = supervise_set(h, SUPERVISE_UP, e);
	if (r == 0)
		r = launch_run(&l, e);
	if (r < 0) {
		r = life_start_failed(e);
		failure_keep(h, is_new, e);
		return r;
	}
	return io ? see_through(&l, ret, e) : 0;
}

/* Opens a container for a start: locked, with nothing left of an earlier run. *ret_running is set instead if it runs. */
static int start_prepare(struct engine *en, const char *ref, struct arena *a, struct holding *h, bool *ret_running, struct err *e)
{
	struct container_info i = { 0 };
	const char *id;
	int r = container_find(en, ref, a, &id, e);

	if (r < 0)
		return r;
	for (;;) {
		r = store_open(en, id, a, h, e);
		if (r == 0)
			r = store_status(h, a, &i, e);
		if (r < 0)
			return r;
		*ret_running = container_is_up(i.status);
		if (i.status == CONTAINER_PAUSED)
			return err_set(e, ERR_CONFLICT, "container %s is paused: unpause it instead", ref);
		if (*ret_running)
			return 0;
		if (h->live >= 0 && i.exit)
			store_wait_monitor(h);  /* it has ended and is being put away */
		store_done(h);
		r = store_lock(en, id, true, a, h, e);
		if (r < 0)
			return r;
		if (h->live < 0)
			return 0;
		if (!store_monitor_is_alive(h, a))
			return launch_cleanup(en, h, a, e);
		store_done(h);  /* somebody started it while we waited */
	}
}

static int start(struct engine *en, const char *ref, const struct engine_io *io, struct engine_outcome *ret, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_holding struct holding h = HOLDING_NONE;
	struct image_store *s;
	struct image image;
	bool running = false;
	int r = start_prepare(en, ref, &a, &h, &running, e);

	if (r < 0)
		return r;
	if (running)
		return io ? container_attach(en, ref, io, ret, e) : 0;
	fd_done(&h.live);
	r = engine_images(en, &s, e);
	if (r == 0)
		r = image_find(s, h.c.image.id, &a, &image, e);
	if (r < 0)
		return err_wrap(e, "the image of container " SHORT_ID_FMT, h.id);
	return start_locked(en, &h, false, &image.layers, io, &a, ret, e);
}

int container_start(struct engine *en, const char *ref, struct err *e)
{
	return start(en, ref, NULL, NULL, e);
}

int container_start_attached(struct engine *en, const char *ref, const struct engine_io *io, struct engine_outcome *ret, struct err *e)
{
	return start(en, ref, io, ret, e);
}

/* Its maker died before it wrote down what it was making: then it goes, with its name. One that is being made is locked. */
static bool embryo_drop(struct engine *en, const char *name, const char *id)
{
	scoped_object struct object o = OBJECT_NONE;
	int r = object_open_locked(&en->containers, id, false, &o);

	if (r == 0 && (object_is_finished(&o) || faccessat(o.fd, FILE_CONTAINER, F_OK, 0) == 0))
		return false;
	if (r == 0) {
		limit_drop(o.fd);
		r = object_remove(&en->containers, id, &o);
	}
	if (r < 0 && r != -ENOENT)
		return false;
	objdir_unlink(&en->names, name, id);
	return true;
}

/* A rename was broken off: the container has the other name. */
static bool name_is_left_over(struct engine *en, const char *name, const char *id, struct arena *a)
{
	scoped_holding struct holding h = HOLDING_NONE;
	struct err ignored = { 0 };  /* then somebody is at it */

	return store_lock(en, id, false, a, &h, &ignored) == 0 && !streq(h.c.name, name) && objdir_unlink(&en->names, name, id) == 0;
}

bool life_regain_name(struct engine *en, const char *name, struct arena *a)
{
	struct err ignored = { 0 };  /* it could not be put away: then the name is in use */
	const char *found;
	char *id;

	if (objdir_link_read(&en->names, name, a, &id) < 0)
		return true;
	if (life_heal(en, id, a, &ignored) == 0)
		return container_find(en, id, a, &found, &ignored) < 0 || name_is_left_over(en, name, id, a);
	return embryo_drop(en, name, id);
}

/* Makes it. */
static int make(struct engine *en, const struct container_request *q, const struct engine_progress *p, struct arena *a, struct creation *ret,
		struct err *e)
{
	int r = create_container(en, q, p, a, ret, e);

	if (r >= 0 || e->kind != ERR_CONFLICT || !q->name || !life_regain_name(en, q->name, a))
		return r;
	err_clear(e);
	return create_container(en, q, p, a, ret, e);
}

int container_create(struct engine *en, const struct container_request *q, const struct engine_progress *p, struct arena *a,
		const char **ret_id, struct err *e)
{
	struct creation c;
	int r = make(en, q, p, a, &c, e);

	if (r < 0)
		return r;
	*ret_id = c.h.id;
	r = create_finish(&c.h, e);
	store_done(&c.h);
	return r;
}

int container_run(struct engine *en, const struct container_request *q, const struct engine_progress *p, const struct engine_io *io,
		struct arena *a, const char **ret_id, struct engine_outcome *ret, struct err *e)
{
	struct creation c;
	struct err ignored;          /* the start's failure is what the caller hears */
	int r = make(en, q, p, a, &c, e);

	if (r < 0)
		return r;
	*ret_id = c.h.id;
	r = start_locked(en, &c.h, true, &c.image.layers, io, a, ret, e);
	/* A --rm container that could not be started goes at once; what cannot be put away stays for whoever meets it. */
	if (r < 0 && q->auto_remove && c.h.object.lock >= 0 && launch_cleanup(en, &c.h, a, &ignored) == 0 &&
	    create_remove(&c.h, true, a, &ignored) == 0)
		*ret_id = NULL;
	store_done(&c.h);
	return r;
}

/* ---- stop, kill, wait -------------------------------------------------------------------------------------------------------------------------------------- */

/* The greeting of a monitor whose container runs, or is between two runs. */
static int greeting_hear(int fd, struct arena *a, bool *ret_between, struct err *e)
{
	struct monitor_frame *f = arena_new(a, struct monitor_frame);

	for (;;) {
		int r = monitor_receive(fd, f, e);

		if (r <= 0)
			return r < 0 ? r : -EPIPE;
		*ret_between = f->type == MONITOR_RESTARTING;
		if (f->type == MONITOR_STARTED || f->type == MONITOR_RESTARTING)
			return 0;
		if (f->type == MONITOR_FAILED)
			return monitor_frame_err(f, e);
		if (f->type == MONITOR_EXITED)
			return -ESRCH;
	}
}

/* A running container and a connection to its monitor. *ret_fd is -EBADF if it does not run. */
static int monitor_reach(struct engine *en, const char *ref, struct arena *a, struct holding *h, int *ret_fd, bool *ret_between, struct err *e)
{
	struct container_info i;
	const char *id;
	int r = container_find(en, ref, a, &id, e);

	*ret_fd = -EBADF;
	if (r == 0)
		r = store_open(en, id, a, h, e);
	if (r == 0)
		r = store_status(h, a, &i, e);
	if (r < 0 || !container_is_up(i.status))
		return r;
	r = monitor_connect(h->live_path, ret_fd, e);
	/* Hear its greeting first: a client that is gone before it was greeted is dropped with whatever it said. */
	if (r == 0)
		r = greeting_hear(*ret_fd, a, ret_between, e);
	if (r == -ENOENT || r == -ECONNREFUSED || r == -EPIPE || r == -ESRCH || r == -ECONNRESET) {
		fd_done(ret_fd);        /* it ended while we looked */
		err_clear(e);
		return 0;
	}
	return r;
}

/* Reads frames until the end of the container. @deadline_ns 0: for ever. @signal != 0 is for the run that begins meanwhile. Errors: -ETIMEDOUT. */
static int end_wait(int fd, uint64_t deadline_ns, int signal, struct arena *a, struct monitor_exit *ret, struct err *e)
{
	struct monitor_frame *f = arena_new(a, struct monitor_frame);

	for (;;) {
		uint64_t now = proc_now_ns();
		int r = deadline_ns == 0 ? 0 : now >= deadline_ns ? -ETIMEDOUT : sock_wait(fd, (int)((deadline_ns - now) / 1000000 + 1));

		if (r == -ETIMEDOUT)
			return r;
		if (r == 0)
			r = monitor_receive(fd, f, e);
		if (r < 0)
			return r;
		if (r == 0)
			return err_set(e, ERR_UNAVAILABLE, "the monitor ended without saying how the container did");
		if (f->type == MONITOR_EXITED)
			return monitor_frame_exit(f, a, ret, e);
		if (f->type == MONITOR_STARTED && signal) {
			r = monitor_send_number(fd, MONITOR_SIGNAL, signal, e);
			if (r < 0 && r != -EPIPE)
				return r;
		}
	}
}

/* By somebody's hand: for the policy, and for the time after a reboot. */
static int restarts_end(const struct holding *h, int fd, struct err *e)
{
	int r;

	if (h->c.request.supervision.restart.kind == RESTART_NO && !h->c.health)
		return 0;
	r = supervise_set(h, SUPERVISE_STOPPED, e);
	return r == 0 ? monitor_send(fd, MONITOR_STAY_DOWN, NULL, 0, e) : r;
}

int life_tell_monitor(struct holding *h, const struct monitor_update *u, struct arena *a, struct err *e)
{
	scoped_buf struct buf text = BUF(LIMIT_MONITOR_PAYLOAD);
	scoped_fd int fd = -EBADF;
	bool between;
	int r = json_encode(&monitor_update_schema, u, JSON_INDENT_NONE, &text);

	if (r < 0)
		return err_sys(e, r, "encode the change");
	r = monitor_connect(h->live_path, &fd, e);
	if (r == 0)
		r = greeting_hear(fd, a, &between, e);
	if (r == 0)
		r = monitor_send(fd, MONITOR_UPDATE, text.p, text.n, e);
	if (r == -ENOENT || r == -ECONNREFUSED || r == -EPIPE || r == -ESRCH || r == -ECONNRESET) {
		err_clear(e);
		return 0;
	}
	return r;
}

static int signal_number(const char *name, int fallback, int *ret, struct err *e)
{
	*ret = fallback;
	if (name && signal_parse(name, ret) < 0)
		return err_set(e, ERR_INVALID, "invalid signal: %s", name);
	return 0;
}

/* True if the signal is meant to end the container. */
static bool is_final(const struct holding *h, int number)
{
	int stop = SIGTERM;

	if (h->c.stop_signal)
		signal_parse(h->c.stop_signal, &stop);
	return number == SIGKILL || number == stop;
}

int container_kill(struct engine *en, const char *ref, const char *signal, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_holding struct holding h = HOLDING_NONE;
	struct monitor_exit x;
	scoped_fd int fd = -EBADF;
	bool between = false;
	int number, r = signal_number(signal, SIGKILL, &number, e);

	if (r == 0)
		r = monitor_reach(en, ref, &a, &h, &fd, &between, e);
	if (r < 0)
		return r;
	if (fd < 0)
		return err_set(e, ERR_CONFLICT, "container %s is not running", ref);
	if (between && !is_final(&h, number))
		return err_set(e, ERR_CONFLICT, "container %s is restarting: wait until it runs", ref);
	if (is_final(&h, number))
		r = restarts_end(&h, fd, e);
	if (r == 0 && between)
		return end_wait(fd, 0, number, &a, &x, e);
	if (r == 0)
		r = monitor_send_number(fd, MONITOR_SIGNAL, number, e);
	/* As docker: what is to end it reaches it although it is frozen, and after KILL it is over when we return. */
	if (r == 0 && is_final(&h, number))
		freeze_lift(en, h.id, &a);
	return r < 0 || number != SIGKILL ? r : end_wait(fd, 0, 0, &a, &x, e);
}

/* After its end was heard on *fd: waits until the monitor is through and puts the run away, as RELEASE promised, so that what the caller sees next
 * is a stopped container. */
static void put_away(struct engine *en, struct holding *h, int *fd, struct arena *a)
{
	struct monitor_frame *f = arena_new(a, struct monitor_frame);
	struct err ignored = { 0 };  /* it has ended; whoever meets it next heals */

	while (monitor_receive(*fd, f, &ignored) > 0)
		;
	fd_done(fd);
	store_wait_monitor(h);
	life_heal(en, h->id, a, &ignored);
}

/* The stop signal, patience, SIGKILL; for one @between two runs: no further run. */
static int end_order(struct engine *en, struct holding *h, int fd, bool between, int number, int patience, struct arena *a, struct err *e)
{
	uint64_t deadline = patience < 0 ? 0 : proc_now_ns() + (uint64_t)patience * 1000000000u;
	struct monitor_exit x;
	int r = restarts_end(h, fd, e);

	if (patience != 0 && r == 0) {
		if (!between)
			r = monitor_send_number(fd, MONITOR_SIGNAL, number, e);
		freeze_lift(en, h->id, a);
		if (r == 0)
			r = end_wait(fd, deadline, between ? number : 0, a, &x, e);
	}
	if ((patience == 0 && r == 0) || r == -ETIMEDOUT) {
		if (!between || r == -ETIMEDOUT)
			r = monitor_send_number(fd, MONITOR_SIGNAL, SIGKILL, e);
		freeze_lift(en, h->id, a);
		if (r == 0)
			r = end_wait(fd, 0, SIGKILL, a, &x, e);
	}
	return r;
}

int container_stop(struct engine *en, const char *ref, const char *signal, const int *timeout, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_holding struct holding h = HOLDING_NONE;
	scoped_fd int fd = -EBADF;
	bool between = false;
	int number, r = monitor_reach(en, ref, &a, &h, &fd, &between, e);

	if (r < 0)
		return r;
	if (fd < 0)
		return supervise_get(&h) == SUPERVISE_NONE ? 0 : supervise_set(&h, SUPERVISE_STOPPED, e);
	r = signal_number(signal ? signal : h.c.stop_signal, SIGTERM, &number, e);
	if (r < 0)
		return r;
	r = monitor_send(fd, MONITOR_RELEASE, NULL, 0, e);
	if (r < 0)
		return r == -EPIPE ? 0 : r;
	r = end_order(en, &h, fd, between, number, timeout ? *timeout : h.c.stop_timeout, &a, e);
	/* A monitor that was killed meanwhile leaves it to us to end what is left. */
	if (r < 0 && r != -EPIPE && e->kind != ERR_UNAVAILABLE)
		return r;
	put_away(en, &h, &fd, &a);
	container_event(en, &h.c, "stop", NULL);
	return 0;
}

int container_restart(struct engine *en, const char *ref, const char *signal, const int *timeout, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_holding struct holding h = HOLDING_NONE;
	const char *id;
	int r = container_find(en, ref, &a, &id, e);

	if (r == 0)
		r = container_stop(en, id, signal, timeout, e);
	if (r == 0)
		r = container_start(en, id, e);
	if (r == 0)
		r = store_open(en, id, &a, &h, e);
	if (r == 0)
		container_event(en, &h.c, "restart", NULL);
	return r;
}

int container_wait(struct engine *en, const char *ref, bool removed, int *ret_code, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_holding struct holding h = HOLDING_NONE;
	struct container_info i;
	struct monitor_exit x;
	scoped_fd int fd = -EBADF;
	bool between;
	int r = monitor_reach(en, ref, &a, &h, &fd, &between, e);

	if (r < 0)
		return r;
	if (fd >= 0) {
		r = end_wait(fd, 0, 0, &a, &x, e);
		if (r == 0)
			*ret_code = x.code;
		if (r == 0 && removed)
			store_wait_monitor(&h);
		return r;
	}
	r = store_status(&h, &a, &i, e);
	if (r == 0)
		*ret_code = i.exit ? i.exit->code : 0;
	return r;
}

/* ---- remove ---------------------------------------------------------------------------------------------------------------------------------------------------- */

static int remove_locked(struct engine *en, const char *id, const struct container_remove_options *o, struct arena *a, bool *ret_busy,
		struct err *e)
{
	scoped_holding struct holding h = HOLDING_NONE;
	int r = store_lock(en, id, true, a, &h, e);

	if (r < 0)
		return r;
	*ret_busy = store_monitor_is_alive(&h, a);
	if (*ret_busy)
		return 0;
	r = launch_cleanup(en, &h, a, e);
	if (r == 0)
		r = create_remove(&h, o->volumes || h.c.request.auto_remove, a, e);
	return r;
}

/* Ends a run, if there is one, and waits until its monitor is gone. */
static int run_end(struct engine *en, const char *id, bool force, struct arena *a, struct err *e)
{
	scoped_holding struct holding h = HOLDING_NONE;
	struct container_info i;
	int r = store_open(en, id, a, &h, e);

	if (r == 0)
		r = store_status(&h, a, &i, e);
	if (r < 0)
		return r;
	if (container_is_up(i.status)) {
		int at_once = 0;

		if (!force)
			return err_set(e, ERR_CONFLICT, "container %s is %s: stop it first, or remove it by force", h.c.name,
				enumtab_name(&container_statuses, (int)i.status));
		r = container_stop(en, id, NULL, &at_once, e);
		if (r < 0)
			return r;
	}
	if (container_is_up(i.status) || i.exit)
		store_wait_monitor(&h);
	return 0;
}

int container_remove(struct engine *en, const char *ref, const struct container_remove_options *o, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	const char *id;
	bool busy = true;
	int r = container_find(en, ref, &a, &id, e);

	while (r == 0 && busy) {
		r = run_end(en, id, o->force, &a, e);
		if (r == 0)
			r = remove_locked(en, id, o, &a, &busy, e);
	}
	if (r < 0 && e->kind == ERR_NOT_FOUND && o->force)
		return 0;
	return r < 0 ? err_wrap(e, "cannot remove container %s", ref) : 0;
}
