/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/live.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/step.h"
#include "os/fd.h"
#include "os/mount.h"
#include "os/path_safe.h"
#include "os/proc.h"
#include "os/procfs.h"
#include "os/sock.h"
#include "os/userns.h"
#include "runtime/mounts/mounts.h"
#include "runtime/sync.h"

struct live {
	const struct control *c;
	const struct oci_mount *mounts;
	size_t n;
	bool add;

	/* written by steps, in this order */
	struct mount_jobs jobs;
	int procfd;
	int init;                    /* pidfd */
	int sync_parent, sync_child;
	struct proc child;
};

/* ---- the child, in the container --------------------------------------------------------------------------------------------------------- */

static int remove_one(int root, const char *destination, struct err *e)
{
	char name[NAME_MAX + 1];
	scoped_fd int dir = path_parent(root, destination, 0, PATH_NO_SYMLINKS, name, sizeof name);
	int r = dir < 0 ? dir : mount_detach_at(dir, name);

	if (r == -EINVAL)
		return err_set(e, ERR_NOT_FOUND, "unmount '%s': nothing is mounted there", destination);
	return r < 0 ? err_sys(e, r, "unmount '%s'", destination) : 0;
}

static int remove_all(int root, const struct oci_mount *mounts, size_t n, struct err *e)
{
	int r = 0;

	while (r == 0 && n-- > 0)
		r = remove_one(root, mounts[n].destination, e);
	return r;
}

static int add_all(struct live *v, const struct mount_site *site, struct err *e)
{
	for (size_t i = 0; i < v->jobs.n; i++) {
		struct mount_jobs one = { .v = &v->jobs.v[i], .n = 1 };
		struct err ignored;
		int r = mount_jobs_apply(&one, site, e);

		if (r < 0) {
			remove_all(site->root, v->mounts, i, &ignored);
			return r;
		}
	}
	return 0;
}

static int join(const struct live *v, struct err *e)
{
	bool pidns = v->c->state.namespaces & 1u << OCI_NS_PID, userns = v->c->state.namespaces & 1u << OCI_NS_USER;
	int r = proc_set_dumpable(false);

	if (r == 0)
		r = ns_join_pidfd(v->init, control_join_flags(v->c) | (pidns ? CLONE_NEWPID : 0));
	if (r < 0)
		return err_sys(e, r, "join the namespaces of the container");
	r = userns ? userns_become_root(true) : 0;
	return r < 0 ? err_sys(e, r, "become root of the user namespace") : 0;
}

static int work(struct live *v, struct err *e)
{
	scoped_fd int root = -EBADF;

	umask(0);
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, -errno, "open the container's root");
	if (!v->add)
		return remove_all(root, v->mounts, v->n, e);
	return add_all(v, &(struct mount_site){ .a = v->c->a, .root = root, .bundle = v->c->state.bundle,
		.userns = v->c->state.namespaces & 1u << OCI_NS_USER, .own_pids = true, .cgroupns = v->c->state.namespaces & 1u << OCI_NS_CGROUP }, e);
}

static _Noreturn void worker_main(struct live *v)
{
	struct err e = { 0 };

	if (work(v, &e) < 0 || sync_say(v->sync_child, SYNC_READY, &e) < 0) {
		sync_say_failed(v->sync_child, &e);
		_exit(1);
	}
	_exit(0);
}

/* Nobody is inside the pid namespace he joined, only his children are; and a procfs is of the namespace its maker is in. */
static _Noreturn void child_main(struct live *v)
{
	scoped_proc struct proc worker = PROC_NONE;
	struct proc_exit ignored;
	struct err e = { 0 };

	fd_done(&v->sync_parent);
	if (join(v, &e) == 0) {
		worker.pid = proc_clone(0, -EBADF, &worker.pidfd);
		if (worker.pid == 0)
			worker_main(v);
		if (worker.pid < 0)
			err_sys(&e, worker.pid, "clone a helper");
	}
	if (worker.pid <= 0) {
		sync_say_failed(v->sync_child, &e);
		_exit(1);
	}
	fd_done(&v->sync_child);
	proc_wait(worker.pidfd, -1, &ignored);
	_exit(0);
}

/* ---- steps of the parent ----------------------------------------------------------------------------------------------------------------- */

static bool adds(const void *ctx)
{
	const struct live *v = ctx;

	return v->add;
}

static bool maps_ids(const void *ctx)
{
	const struct live *v = ctx;

	return v->jobs.mapped;
}

static int plan(void *ctx, struct err *e)
{
	struct live *v = ctx;
	struct host_facts facts = { 0 };
	struct launch_plan p;
	struct oci_config *config, c;
	int r = state_load_config(v->c->dir_fd, v->c->a, &config, e);

	if (r == 0)
		r = launch_plan_ids(config, v->c->a, &p, e);
	if (r < 0)
		return r;
	c = (struct oci_config){ .mounts = arena_memdup(v->c->a, v->mounts, v->n * sizeof *v->mounts), .n_mounts = v->n };
	return mount_jobs_make(&c, &p, &facts, v->c->a, &v->jobs, e);
}

static int open_procfs(void *ctx, struct err *e)
{
	struct live *v = ctx;

	v->procfd = procfs_open();
	return v->procfd < 0 ? err_sys(e, v->procfd, "open a private procfs") : 0;
}

static int open_sources(void *ctx, struct err *e)
{
	struct live *v = ctx;

	return mount_jobs_open(&v->jobs, true, v->c->state.bundle, v->procfd, v->c->a, e);
}

static int hold_init(void *ctx, struct err *e)
{
	struct live *v = ctx;

	v->init = proc_open_checked(v->c->state.pid, v->c->state.start_ticks);
	return v->init < 0 ? err_sys(e, v->init, "hold container init") : 0;
}

static int open_sync(void *ctx, struct err *e)
{
	struct live *v = ctx;
	int pair[2], r = sock_pair(SOCK_SEQPACKET, pair);

	if (r < 0)
		return err_sys(e, r, "make a socket pair");
	v->sync_parent = pair[0];
	v->sync_child = pair[1];
	return 0;
}

static int spawn(void *ctx, struct err *e)
{
	struct live *v = ctx;

	v->child.pid = proc_clone(0, -EBADF, &v->child.pidfd);
	if (v->child.pid == 0)
		child_main(v);
	fd_done(&v->sync_child);
	return v->child.pid < 0 ? err_sys(e, v->child.pid, "clone a helper") : 0;
}

static void kill_child(void *ctx)
{
	struct live *v = ctx;

	proc_done(&v->child);
}

static int wait_done(void *ctx, struct err *e)
{
	struct live *v = ctx;
	struct proc_exit ignored;
	int r = sync_expect(v->sync_parent, SYNC_READY, "the helper in the container", e);

	return r < 0 ? r : proc_wait(v->child.pidfd, -1, &ignored);
}

/* Everything that comes from the host is opened before the child joins, and init is held before anybody could take its number. */
static const struct step live_steps[] = {
	/* clang-format off */
	{ "mounting.hold",    NULL,     hold_init,    NULL       },
	{ "mounting.plan",    adds,     plan,         NULL       },
	{ "mounting.procfs",  maps_ids, open_procfs,  NULL       },
	{ "mounting.sources", adds,     open_sources, NULL       },
	{ "mounting.sync",    NULL,     open_sync,    NULL       },
	{ "mounting.spawn",   NULL,     spawn,        kill_child },
	{ "mounting.wait",    NULL,     wait_done,    NULL       },
	/* clang-format on */
};

static void done(struct live *v)
{
	for (size_t i = 0; i < v->jobs.n; i++)
		fd_done(&v->jobs.v[i].source);
	fd_done(&v->procfd);
	fd_done(&v->init);
	fd_done(&v->sync_parent);
	fd_done(&v->sync_child);
	fd_done(&v->child.pidfd);
}

static int change(struct live v, struct err *e)
{
	const struct control *c = v.c;
	int r;

	if (c->status != STATE_CREATED && c->status != STATE_RUNNING && c->status != STATE_PAUSED)
		return err_set(e, ERR_CONFLICT, "container '%s' does not run", c->state.id);
	if (c->state.root)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: container '%s' has no mount namespace of its own", c->state.id);
	v.procfd = v.init = v.sync_parent = v.sync_child = -EBADF;
	v.child = PROC_NONE;
	r = steps_run(live_steps, ARRAY_LEN(live_steps), &v, e);
	done(&v);
	return r;
}

int live_mounts_add(const struct control *c, const struct oci_mount *mounts, size_t n, struct err *e)
{
	return change((struct live){ .c = c, .mounts = mounts, .n = n, .add = true }, e);
}

int live_mounts_remove(const struct control *c, const struct oci_mount *mounts, size_t n, struct err *e)
{
	return change((struct live){ .c = c, .mounts = mounts, .n = n }, e);
}
