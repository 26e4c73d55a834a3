/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/events.h"

#include "base/limits.h"
#include "os/fd.h"
#include "os/loop.h"
#include "os/proc.h"
#include "runtime/cgroup/oom.h"
#include "runtime/cgroup/stats.h"

struct watch {
	const struct control *c;
	struct cgroup *cgroup;
	int out;
	int64_t interval_ns;
	struct oom_watch oom;
	struct loop loop;
	struct loop_source init, memory;
	struct loop_timer tick;
	struct err *e;
};

static int check(const struct control *c, struct cgroup **ret, struct err *e)
{
	if (c->status == STATE_STOPPED || c->status == STATE_CREATING)
		return err_set(e, ERR_CONFLICT, "container with id %s is not running", c->state.id);
	if (!c->state.cgroup.driver)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: container '%s' has no cgroup", c->state.id);
	return cgroup_open(&c->state.cgroup, c->a, ret, e);
}

static int say(int fd, const struct runtime_event *event, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	int r = json_encode(&runtime_event_schema, event, JSON_INDENT_NONE, &b);

	if (r == 0)
		r = buf_add_char(&b, '\n');
	if (r == 0)
		r = fd_write_all(fd, b.p, b.n);
	return r < 0 ? err_sys(e, r, "write an event") : 0;
}

static int say_stats(const struct control *c, const struct cgroup *cgroup, int fd, struct err *e)
{
	scoped_arena struct arena a = { 0 }; /* the stream may run for months */
	struct event_stats stats;
	const struct runtime_event event = { "stats", c->state.id, &stats };
	int r = cgroup_stats(cgroup, &a, &stats, e);

	return r < 0 ? r : say(fd, &event, e);
}

int control_stats(const struct control *c, int fd, struct err *e)
{
	scoped_cgroup struct cgroup *cgroup = NULL;
	int r = check(c, &cgroup, e);

	return r < 0 ? r : say_stats(c, cgroup, fd, e);
}

/* ---- the stream -------------------------------------------------------------------------------------------------------------------------- */

static int on_memory(void *arg, uint32_t events)
{
	struct watch *w = arg;
	const struct runtime_event event = { .type = "oom", .id = w->c->state.id };
	uint64_t n;
	int r = oom_watch_read(&w->oom, &n);

	if (r < 0)
		return err_sys(w->e, r, "read the memory events of '%s'", w->c->state.id);
	return n ? say(w->out, &event, w->e) : 0;
}

/* What killed it is told before the end. */
static int on_end(void *arg, uint32_t events)
{
	struct watch *w = arg;
	int r = on_memory(w, 0);

	loop_stop(&w->loop, r);
	return r;
}

static int on_tick(void *arg)
{
	struct watch *w = arg;

	loop_timer_set(&w->loop, &w->tick, w->interval_ns / 1000000);
	return say_stats(w->c, w->cgroup, w->out, w->e);
}

static int watch_begin(struct watch *w, int pidfd, struct err *e)
{
	int r = oom_watch_open(w->cgroup, &w->oom);

	if (r < 0)
		return err_sys(e, r, "watch the memory of '%s'", w->c->state.id);
	r = loop_open(&w->loop);
	w->init = (struct loop_source){ .fd = pidfd, .events = EPOLLIN, .ready = on_end, .arg = w };
	w->memory = (struct loop_source){ .fd = w->oom.fd, .events = EPOLLIN, .ready = on_memory, .arg = w };
	w->tick = (struct loop_timer){ .expired = on_tick, .arg = w };
	if (r == 0)
		r = loop_add(&w->loop, &w->init);
	if (r == 0)
		r = loop_add(&w->loop, &w->memory);
	if (r < 0)
		return err_sys(e, r, "wait for events");
	loop_timer_set(&w->loop, &w->tick, w->interval_ns / 1000000);
	return 0;
}

int control_events(const struct control *c, int fd, int64_t interval_ns, struct err *e)
{
	struct watch w = { .c = c, .out = fd, .interval_ns = interval_ns, .oom = OOM_WATCH_NONE, .loop = LOOP_NONE, .e = e };
	scoped_fd int pidfd = -EBADF;
	int r = check(c, &w.cgroup, e);

	if (r < 0)
		return r;
	pidfd = proc_open_checked(c->state.pid, c->state.start_ticks);
	r = pidfd < 0 ? err_sys(e, pidfd, "hold container init") : watch_begin(&w, pidfd, e);
	if (r == 0) {
		r = loop_run(&w.loop);
		if (r < 0 && e->kind == ERR_NONE)
			err_sys(e, r, "wait for events");
	}
	loop_done(&w.loop);
	oom_watch_done(&w.oom);
	cgroup_close(w.cgroup);
	return r;
}
