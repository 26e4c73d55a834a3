/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage: stands between parent and init when namespaces must be joined before init is cloned (plan.h says when). It clones init as a child
 * of the parent, says its pid, and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/fd.h"
#include "runtime/launch.h"
#include "runtime/sync.h"

static int open_all(const struct launch_joins *j, int fds[NS_COUNT], struct err *e)
{
	for (size_t i = 0; i < j->n; i++) {
		fds[i] = ns_open_path(j->v[i].path, j->v[i].kind);
		if (fds[i] < 0)
			return err_sys(e, fds[i], "open the %s namespace '%s'", ns_table[j->v[i].kind].name, j->v[i].path);
	}
	return 0;
}

static int join_all(const struct launch_joins *j, const int fds[NS_COUNT], struct err *e)
{
	for (size_t i = 0; i < j->n; i++) {
		int r = ns_join(fds[i], j->v[i].kind);

		/* The kernel refuses to join the user namespace one is in; there is nothing to do. */
		if (r == -EINVAL && ns_is_own(fds[i], j->v[i].kind) == 1)
			continue;
		if (r < 0)
			return err_sys(e, r, "join the %s namespace '%s'", ns_table[j->v[i].kind].name, j->v[i].path);
	}
	return 0;
}

int launch_join(const struct launch_joins *j, struct err *e)
{
	int fds[NS_COUNT], r;

	for (size_t i = 0; i < NS_COUNT; i++)
		fds[i] = -EBADF;
	r = open_all(j, fds, e);
	if (r == 0)
		r = join_all(j, fds, e);
	for (size_t i = 0; i < NS_COUNT; i++)
		fd_done(&fds[i]);
	return r;
}

static int stage(struct launch *l, struct err *e)
{
	int r = proc_set_dumpable(l->plan.late_dumpable);
	int gate[2] = { -EBADF, -EBADF };
	pid_t pid;

	if (r < 0)
		return err_sys(e, r, "prepare to clone init");
	r = launch_join(&l->plan.stage_joins, e);
	if (r < 0)
		return r;
	/* Init speaks on the same socket: it must not before we have said its pid. Our end, or our end of life, lets it go on. */
	r = fd_pipe(gate, 0);
	if (r < 0)
		return err_sys(e, r, "make a gate for init");
	pid = proc_clone(l->plan.clone_flags | CLONE_PARENT, l->cgroup ? cgroup_clone_fd(l->cgroup) : -EBADF, NULL);
	if (pid == 0) {
		char nothing;

		fd_done(&gate[1]);
		fd_read_all(gate[0], &nothing, 1);
		fd_done(&gate[0]);
		launch_init_main(l);
	}
	return pid < 0 ? err_sys(e, pid, "clone init") : sync_say_pid(l->sync_init, pid, e);
}

_Noreturn void launch_stage_main(struct launch *l)
{
	struct err e = { 0 };

	fd_done(&l->sync_parent);
	if (stage(l, &e) < 0) {
		sync_say_failed(l->sync_init, &e);
		_exit(1);
	}
	_exit(0);
}
