/* SPDX-License-Identifier: Apache-2.0 */
#include "os/userns.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/proc.h"

/* Lives in the namespace until it is killed, or its parent is. */
static _Noreturn void dwell(pid_t parent)
{
	if (proc_set_death_signal(SIGKILL) == 0 && getppid() == parent)
		for (;;)
			pause();
	_exit(1);
}

int userns_make(int procfd, const struct userns_maps *maps)
{
	scoped_proc struct proc child = PROC_NONE;
	pid_t parent = getpid();
	int r;

	child.pid = proc_clone(CLONE_NEWUSER, -EBADF, &child.pidfd);
	if (child.pid == 0) {
		child = PROC_NONE;
		dwell(parent);
	}
	if (child.pid < 0)
		return child.pid;
	r = ns_write_gid_map(procfd, child.pid, maps->gids, maps->n_gids);
	if (r == 0)
		r = ns_write_uid_map(procfd, child.pid, maps->uids, maps->n_uids);
	return r < 0 ? r : ns_open(procfd, child.pid, NS_USER);
}

int userns_become_root(bool keep_groups)
{
	if (!keep_groups && setgroups(0, NULL) < 0 && errno != EPERM)
		return -errno;
	/* -EINVAL: an id that is not mapped. */
	if (setresgid(0, 0, 0) < 0 && errno != EINVAL)
		return -errno;
	return setresuid(0, 0, 0) < 0 && errno != EINVAL ? -errno : 0;
}
