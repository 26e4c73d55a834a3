/* SPDX-License-Identifier: Apache-2.0 */
/*
 * v2: cgroup.freeze with its event in cgroup.events, and cgroup.kill, which takes those being born, too.
 */
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "base/limits.h"
#include "base/scope.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/path_safe.h"
#include "os/proc.h"
#include "runtime/cgroup/driver.h"
#include "runtime/cgroup/events.h"

enum { FREEZE_MS = 10000 };

static int v2_dir(const struct cgroup *c, const struct cgroup_dir **ret, struct err *e)
{
	*ret = cgroup_dir_of(c, CGROUP_CTL_COUNT);
	if (!*ret)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: the container has no cgroup v2 directory to freeze");
	return 0;
}

static int v2_freeze(const struct cgroup *c, bool frozen, struct err *e)
{
	const struct cgroup_dir *d;
	struct err ignored; /* the first failure is the one to hear of */
	int r = v2_dir(c, &d, e);

	if (r < 0)
		return r;
	r = file_write(d->fd, "cgroup.freeze", frozen ? "1" : "0");
	if (r < 0)
		return err_sys(e, r, "write '%s/cgroup.freeze'", d->path);
	r = events_wait(d->fd, frozen ? "frozen 1" : "frozen 0", FREEZE_MS);
	if (r < 0 && frozen)
		v2_freeze(c, false, &ignored);
	return r < 0 ? err_sys(e, r, "wait for '%s' to %s", d->path, frozen ? "freeze" : "thaw") : 0;
}

static int v2_is_frozen(const struct cgroup *c, struct err *e)
{
	const struct cgroup_dir *d = cgroup_dir_of(c, CGROUP_CTL_COUNT);
	int r = d ? events_has(d->fd, "frozen 1") : 0;

	return r < 0 ? err_sys(e, r, "read '%s/cgroup.events'", d->path) : r;
}

/* Everybody gets the signal at once, and who is being born meanwhile. Afterwards it is as it was; but who is to die of it before 5.14 must run. */
static int signal_frozen(const struct cgroup *c, const struct cgroup_dir *d, int sig, struct err *e)
{
	struct cgroup_pids seen = { 0 };
	int was = v2_is_frozen(c, e), r = was < 0 ? was : 0;

	if (r == 0 && !was)
		r = file_write(d->fd, "cgroup.freeze", "1");
	if (r < 0)
		return was < 0 ? r : err_sys(e, r, "write '%s/cgroup.freeze'", d->path);
	do
		r = cgroup_signal_each(c, sig, &seen, e);
	while (r > 0);
	if (!was || (r == 0 && sig == SIGKILL))
		file_write(d->fd, "cgroup.freeze", "0");
	return r;
}

static int v2_kill_all(const struct cgroup *c, int sig, struct err *e)
{
	const struct cgroup_dir *d = cgroup_dir_of(c, CGROUP_CTL_COUNT);
	int r;

	if (!d)
		return 0;
	r = sig == SIGKILL ? file_write(d->fd, "cgroup.kill", "1") : -ENOENT;
	/* Kernels before 5.14 have no cgroup.kill. */
	if (r == -ENOENT)
		return signal_frozen(c, d, sig, e);
	return r < 0 ? err_sys(e, r, "write '%s/cgroup.kill'", d->path) : 0;
}

const struct cgroup_driver cgroup_driver_v2 = {
	.name = "v2",
	.freeze = v2_freeze,
	.is_frozen = v2_is_frozen,
	.kill_all = v2_kill_all,
};
