/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The v1 freezer. It has no event: freezer.state goes from FREEZING to FROZEN while it is being read, so freezing reads until it does, giving up
 * the processor in between. Killing does not wait for it: from the moment the state is FREEZING no process inside can start another that runs.
 */
#include <poll.h>
#include <sched.h>
#include <signal.h>

#include "base/scope.h"
#include "os/file.h"
#include "os/proc.h"
#include "runtime/cgroup/driver.h"

enum { FREEZE_MS = 10000, FREEZE_SPINS = 64 };

static int freezer(const struct cgroup *c, const struct cgroup_dir **ret, struct err *e)
{
	*ret = cgroup_dir_of(c, CGROUP_FREEZER);
	if (!*ret)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: this host has no cgroup controller 'freezer'");
	return 0;
}

static int state_is(const struct cgroup_dir *d, const char *want, struct err *e)
{
	char text[32];
	int r = file_read_text(d->fd, "freezer.state", text, sizeof text);

	if (r < 0)
		return err_sys(e, r, "read '%s/freezer.state'", d->path);
	return streq(text, want);
}

static int state_write(const struct cgroup_dir *d, const char *state, struct err *e)
{
	int r = file_write(d->fd, "freezer.state", state);

	return r < 0 ? err_sys(e, r, "write '%s' to '%s/freezer.state'", state, d->path) : 0;
}

static int state_wait(const struct cgroup_dir *d, const char *want, struct err *e)
{
	uint64_t end = proc_now_ns() + FREEZE_MS * 1000000ull;

	for (int i = 0;; i++) {
		int r = state_is(d, want, e);

		if (r != 0)
			return r < 0 ? r : 0;
		if (proc_now_ns() > end)
			return err_set(e, ERR_TIMEOUT, "'%s' is not %s after %d s", d->path, want, FREEZE_MS / 1000);
		if (i < FREEZE_SPINS)
			sched_yield();
		else
			poll(NULL, 0, 1);
	}
}

static int v1_freeze(const struct cgroup *c, bool frozen, struct err *e)
{
	const struct cgroup_dir *d;
	const char *state = frozen ? "FROZEN" : "THAWED";
	int r = freezer(c, &d, e);

	if (r == 0)
		r = state_write(d, state, e);
	if (r == 0)
		r = state_wait(d, state, e);
	if (r < 0 && frozen) {
		struct err ignored; /* the first failure is the one to hear of */

		if (freezer(c, &d, &ignored) == 0)
			state_write(d, "THAWED", &ignored);
	}
	return r;
}

static int v1_is_frozen(const struct cgroup *c, struct err *e)
{
	const struct cgroup_dir *d = cgroup_dir_of(c, CGROUP_FREEZER);

	return d ? state_is(d, "FROZEN", e) : 0;
}

/* What the freezer is left at: who is to die must run; else, and after a failure, it is as it was. */
static int state_leave(const struct cgroup_dir *d, bool was_frozen, bool die, struct err *e)
{
	return was_frozen && !die ? 0 : state_write(d, "THAWED", e);
}

/*
 * Without the freezer a process could outrun us by forking; with it the list only grows by forks that were under way. Frozen processes see the signal
 * when they thaw, all at once.
 */
static int v1_kill_all(const struct cgroup *c, int sig, struct err *e)
{
	const struct cgroup_dir *d = cgroup_dir_of(c, CGROUP_FREEZER);
	struct cgroup_pids seen = { 0 };
	struct err late = { 0 };
	int was = d ? state_is(d, "FROZEN", e) : 0, r = was < 0 ? was : 0, left;

	if (r == 0 && d && !was)
		r = state_write(d, "FROZEN", e);
	if (r < 0)
		return r;
	do
		r = cgroup_signal_each(c, sig, &seen, e);
	while (r > 0);
	left = d ? state_leave(d, was, r >= 0 && sig == SIGKILL, &late) : 0;
	if (r >= 0 && left < 0)
		*e = late;
	return r < 0 ? r : left;
}

const struct cgroup_driver cgroup_driver_v1 = {
	.name = "v1",
	.freeze = v1_freeze,
	.is_frozen = v1_is_frozen,
	.kill_all = v1_kill_all,
};
