/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manager who owns the upper half of the tree: systemd. It makes a scope around a first process, we make the container's directory below.
 *
 * A scope without a process does not exist, and nobody of ours is to be moved into the container (cgroup.h says why). So its first process is one
 * that only waits, the holder. On v2 it sits in a directory of its own beside the container's, where it is neither in the way of controllers (a
 * cgroup with processes has no children with limits) nor counted by the container's limits. It ends when init is inside; if we die, it dies.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/proc.h"
#include "runtime/cgroup/bus.h"
#include "runtime/cgroup/driver.h"
#include "runtime/cgroup/tree.h"
#include "runtime/cgroup/unit.h"

#define HOLD "tare-start" /* the holder's directory beside the container's */

enum { SETTLE_MS = 2000 };

/* ---- the holder -------------------------------------------------------------------------------------------------------------------------------- */

static int holder_start(struct proc *ret, struct err *e)
{
	pid_t parent = getpid();
	int pidfd = -EBADF;
	pid_t pid = proc_clone(0, -EBADF, &pidfd);

	if (pid < 0)
		return err_sys(e, pid, "start the unit's first process");
	if (pid > 0) {
		*ret = (struct proc){ .pid = pid, .pidfd = pidfd };
		return 0;
	}
	proc_set_death_signal(SIGKILL);
	while (getppid() == parent)
		pause();
	_exit(0);
}

/* The directory of the unit as it really is: a user's systemd may live elsewhere than we guessed. NULL if it cannot be told from here. */
static const char *real_path(pid_t pid, struct arena *a)
{
	struct pairs all;
	const char *path;
	char *text;

	if (file_read(AT_FDCWD, arena_printf(a, "/proc/%d/cgroup", (int)pid), LIMIT_PROC_FILE, a, &text, NULL) < 0)
		return NULL;
	cgroup_own_parse(text, a, &all);
	path = pairs_find(&all, "");
	return path && path[1] && !strstr(path, "/..") ? path + 1 : NULL;
}

static const char *unit_dir(const struct cgroup *c, const char *path)
{
	const struct cgroup_dir_plan *d = cgroup_plan_dir_of(c->plan, CGROUP_CTL_COUNT);

	return arena_printf(c->a, "%s/%s", d->mount, path);
}

/* Moves the holder out of the unit's own directory. */
static int holder_step_aside(struct cgroup *c, const char *dir, struct err *e)
{
	scoped_fd int root = tree_root(), fd = tree_open(root, dir, true);
	char text[16];
	int r = fd < 0 ? fd : 0;

	if (r == 0 && mkdirat(fd, HOLD, 0755) < 0 && errno != EEXIST)
		r = -errno;
	snprintf(text, sizeof text, "%d", (int)c->holder.pid);
	if (r == 0)
		r = file_write(fd, HOLD "/cgroup.procs", text);
	if (r < 0)
		return err_sys(e, r, "make the cgroup '%s/" HOLD "'", dir);
	c->hold = arena_printf(c->a, "%s/" HOLD, dir);
	return 0;
}

static int holder_place(struct cgroup *c, struct err *e)
{
	const struct unit_plan *u = c->plan->unit;
	const struct cgroup_dir_plan *d = cgroup_plan_dir_of(c->plan, CGROUP_CTL_COUNT);
	const char *path;

	if (u->is_slice || !d)
		return 0;
	path = real_path(c->holder.pid, c->a);
	/* On a hybrid host systemd may track its units in the other tree, and the holder is at this one's root. */
	if (!path || !str_ends(path, u->name))
		path = u->path;
	c->v2_path = *u->subgroup ? arena_printf(c->a, "%s/%s", path, u->subgroup) : path;
	return *u->subgroup && c->driver == &cgroup_driver_v2 ? holder_step_aside(c, unit_dir(c, path), e) : 0;
}

/* ---- the unit ---------------------------------------------------------------------------------------------------------------------------------- */

/* What systemd before 244 lacks; a scope without them is still one, the files are written anyway. */
static bool is_young(const char *name)
{
	static const char *const all[] = { "AllowedCPUs", "AllowedMemoryNodes", "CPUQuotaPeriodUSec", "CollectMode" };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (streq(name, all[i]))
			return true;
	return false;
}

static int put_unit(const struct cgroup *c, bool young, const char *proc_devices, struct buf *body, struct err *e)
{
	const struct unit_plan *u = c->plan->unit;
	struct unit_properties all = { 0 };
	size_t at;
	int r;

	if (!u->is_slice)
		*vec_push(c->a, &all) = (struct unit_property){ "PIDs", UNIT_PID, (uint64_t)c->holder.pid, NULL };
	VEC_EACH(const struct unit_property, p, &u->properties)
		if (young || !is_young(p->name))
			*vec_push(c->a, &all) = *p;
	dbus_put_str(body, u->name);
	dbus_put_str(body, "replace");
	r = unit_put_properties(&all, &u->devices, proc_devices, body, e);
	at = dbus_array_open(body, 8);
	dbus_array_close(body, at);
	return r;
}

static void reset_failed(struct bus *b, const char *unit)
{
	scoped_buf struct buf body = BUF(1024);
	struct err ignored; /* there is nothing to reset unless the unit failed */

	dbus_put_str(&body, unit);
	bus_call(b, "ResetFailedUnit", "s", &body, NULL, &ignored);
}

static int start_unit(const struct cgroup *c, struct bus *b, struct err *e)
{
	bool young = true;
	char *proc_devices = NULL;
	int r = 0;

	if (c->plan->unit->devices.n && file_read(AT_FDCWD, "/proc/devices", LIMIT_PROC_FILE, c->a, &proc_devices, NULL) < 0)
		proc_devices = NULL;
	for (int i = 0; i < 3; i++) {
		scoped_buf struct buf body = BUF(LIMIT_DBUS_MESSAGE);

		err_clear(e);
		r = put_unit(c, young, proc_devices, &body, e);
		if (r == 0)
			r = bus_job(b, "StartTransientUnit", "ssa(sv)a(sa(sv))", &body, e);
		if (r == -EEXIST) /* perhaps one that failed and was left */
			reset_failed(b, c->plan->unit->name);
		else if (r < 0 && e->kind == ERR_UNSUPPORTED && young)
			young = false;
		else
			break;
	}
	if (r < 0 && e->kind == ERR_CONFLICT)
		reset_failed(b, c->plan->unit->name);
	return r;
}

static int systemd_begin(struct cgroup *c, struct err *e)
{
	const struct unit_plan *u = c->plan->unit;
	scoped_bus struct bus *b = NULL;
	int r = bus_open(u->user, c->a, &b, e);

	if (r == 0 && !u->is_slice)
		r = holder_start(&c->holder, e);
	if (r == 0)
		r = bus_watch(b, u->name, e);
	if (r == 0)
		r = start_unit(c, b, e);
	if (r == 0) {
		c->rec.unit = u->name;
		c->rec.user_unit = u->user;
		r = holder_place(c, e);
	}
	return r < 0 ? err_wrap(e, "unit '%s'", u->name) : 0;
}

static void systemd_settle(struct cgroup *c)
{
	scoped_fd int root = -EBADF;
	struct err e;

	proc_done(&c->holder);
	c->holder = PROC_NONE;
	if (!c->hold)
		return;
	root = tree_root();
	if (tree_remove(root, c->hold, proc_now_ns() + SETTLE_MS * 1000000ull, c->a, &e) < 0)
		log_debug("%s", e.msg); /* systemd takes it away with the unit */
	c->hold = NULL;
}

static int systemd_end(struct cgroup *c, struct err *e)
{
	scoped_buf struct buf body = BUF(1024);
	scoped_bus struct bus *b = NULL;
	int r = bus_open(c->rec.user_unit, c->a, &b, e);

	dbus_put_str(&body, c->rec.unit);
	dbus_put_str(&body, "replace");
	if (r == 0)
		r = bus_watch(b, c->rec.unit, e);
	if (r == 0)
		r = bus_job(b, "StopUnit", "ss", &body, e);
	if (r == -ENOENT) {
		err_clear(e);
		return 0; /* it went when its last process did */
	}
	if (r < 0)
		return err_wrap(e, "stop unit '%s'", c->rec.unit);
	reset_failed(b, c->rec.unit);
	return 0;
}

static int systemd_change(struct cgroup *c, const struct cgroup_writes *writes, struct err *e)
{
	scoped_buf struct buf body = BUF(LIMIT_DBUS_MESSAGE);
	scoped_bus struct bus *b = NULL;
	struct unit_properties all = { 0 };
	int r;

	unit_add_limits(writes, c->driver == &cgroup_driver_v2, c->a, &all);
	if (all.n == 0)
		return 0;
	dbus_put_str(&body, c->rec.unit);
	dbus_put_bool(&body, true); /* until the unit ends */
	r = unit_put_properties(&all, NULL, NULL, &body, e);
	if (r == 0)
		r = bus_open(c->rec.user_unit, c->a, &b, e);
	if (r == 0)
		r = bus_call(b, "SetUnitProperties", "sba(sv)", &body, NULL, e);
	return r < 0 ? err_wrap(e, "unit '%s'", c->rec.unit) : 0;
}

const struct cgroup_manager cgroup_manager_systemd = {
	.name = "systemd",
	.begin = systemd_begin,
	.settle = systemd_settle,
	.end = systemd_end,
	.change = systemd_change,
};
