/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup/driver.h"

#include <signal.h>

#include "base/scope.h"

/* ---- hybrid: the v1 freezer where there is one, the v2 directory otherwise ---- */

static const struct cgroup_driver *half_of(const struct cgroup *c)
{
	const struct cgroup_dir *d = cgroup_dir_of(c, CGROUP_FREEZER);

	return d && d->v2 ? &cgroup_driver_v2 : &cgroup_driver_v1;
}

static int hybrid_freeze(const struct cgroup *c, bool frozen, struct err *e)
{
	return half_of(c)->freeze(c, frozen, e);
}

static int hybrid_is_frozen(const struct cgroup *c, struct err *e)
{
	return half_of(c)->is_frozen(c, e);
}

static int hybrid_kill_all(const struct cgroup *c, int sig, struct err *e)
{
	return half_of(c)->kill_all(c, sig, e);
}

const struct cgroup_driver cgroup_driver_hybrid = {
	.name = "hybrid",
	.freeze = hybrid_freeze,
	.is_frozen = hybrid_is_frozen,
	.kill_all = hybrid_kill_all,
};

/* ---- disabled ---- */

static int disabled_freeze(const struct cgroup *c, bool frozen, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "unsupported: a container without cgroups cannot be paused");
}

static int disabled_is_frozen(const struct cgroup *c, struct err *e)
{
	return 0;
}

static int disabled_kill_all(const struct cgroup *c, int sig, struct err *e)
{
	return 0;
}

const struct cgroup_driver cgroup_driver_disabled = {
	.name = "disabled",
	.freeze = disabled_freeze,
	.is_frozen = disabled_is_frozen,
	.kill_all = disabled_kill_all,
};

/* ---- the manager who is not there ---- */

static int cgroupfs_begin(struct cgroup *c, struct err *e)
{
	return 0;
}

static void cgroupfs_settle(struct cgroup *c)
{
}

static int cgroupfs_end(struct cgroup *c, struct err *e)
{
	return 0;
}

static int cgroupfs_change(struct cgroup *c, const struct cgroup_writes *writes, struct err *e)
{
	return 0;
}

const struct cgroup_manager cgroup_manager_cgroupfs = {
	.name = "cgroupfs",
	.begin = cgroupfs_begin,
	.settle = cgroupfs_settle,
	.end = cgroupfs_end,
	.change = cgroupfs_change,
};

/* ---- finding ---- */

const struct cgroup_driver *cgroup_driver_find(const char *name)
{
	static const struct cgroup_driver *const all[] = {
		&cgroup_driver_v1, &cgroup_driver_v2, &cgroup_driver_hybrid, &cgroup_driver_disabled,
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (streq(all[i]->name, name))
			return all[i];
	return NULL;
}

const struct cgroup_dir *cgroup_dir_of(const struct cgroup *c, enum cgroup_ctl ctl)
{
	for (size_t i = 0; i < c->n_dirs; i++) {
		const struct cgroup_dir *d = &c->dirs[i];

		if (d->fd >= 0 && (ctl == CGROUP_CTL_COUNT ? d->v2 : (d->ctls & 1u << ctl) != 0))
			return d;
	}
	return NULL;
}

static bool pids_has(const struct cgroup_pids *p, pid_t pid)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i] == pid)
			return true;
	return false;
}

int cgroup_signal_each(const struct cgroup *c, int sig, struct cgroup_pids *seen, struct err *e)
{
	struct cgroup_pids now = { 0 };
	int r = cgroup_pids(c, c->a, &now, e), fresh = 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < now.n; i++) {
		if (seen && pids_has(seen, now.v[i]))
			continue;
		if (kill(now.v[i], sig) < 0 && errno != ESRCH)
			return err_sys(e, -errno, "signal process %d", now.v[i]);
		fresh++;
		if (seen)
			*vec_push(c->a, seen) = now.v[i];
	}
	return fresh;
}
