/* SPDX-License-Identifier: Apache-2.0 */
#include "os/userns.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/proc.h"
#include "os/procfs.h"
#include "os/sock.h"
#include "os/subid.h"

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

/* ---- going into one ---- */

/* What the child that stays outside says of the maps it had written. */
struct outside_answer {
	int r;
	char words[USERNS_WORDS_SIZE];
};

static _Noreturn void map_from_outside(int sock, pid_t pid, const struct userns_maps *maps)
{
	struct outside_answer answer = { 0 };
	char go;

	if (fd_read_all(sock, &go, 1) != 1)
		_exit(1);
	answer.r = subid_map("newgidmap", pid, maps->gids, maps->n_gids, answer.words);
	if (answer.r == 0)
		answer.r = subid_map("newuidmap", pid, maps->uids, maps->n_uids, answer.words);
	fd_write_all(sock, &answer, sizeof answer);
	_exit(0);
}

static int enter_by_tools(const struct userns_maps *maps, char *ret_words)
{
	scoped_proc struct proc child = PROC_NONE;
	struct outside_answer answer = { 0 };
	struct proc_exit ignored;
	pid_t self = getpid();
	int pair[2], r = sock_pair(SOCK_STREAM, pair);
	scoped_fd int ours = r < 0 ? -EBADF : pair[0], theirs = r < 0 ? -EBADF : pair[1];

	if (r < 0)
		return r;
	child.pid = proc_clone(0, -EBADF, &child.pidfd);
	if (child.pid == 0) {
		child = PROC_NONE;
		fd_done(&ours);
		map_from_outside(theirs, self, maps);
	}
	if (child.pid < 0)
		return child.pid;
	fd_done(&theirs);
	r = ns_unshare(CLONE_NEWUSER | CLONE_NEWNS);
	if (r == 0)
		r = fd_write_all(ours, "", 1);
	if (r == 0)
		r = fd_read_all(ours, &answer, sizeof answer) == sizeof answer ? answer.r : -EIO;
	if (r < 0 && r == answer.r)
		memcpy(ret_words, answer.words, USERNS_WORDS_SIZE);
	fd_done(&ours);
	proc_wait(child.pidfd, -1, &ignored);
	child.pid = 0;
	return r;
}

static int enter_alone(const struct userns_maps *maps)
{
	pid_t self = getpid();
	scoped_fd int proc = -EBADF;
	int r = ns_unshare(CLONE_NEWUSER | CLONE_NEWNS);

	if (r == 0)
		proc = r = procfs_open();
	if (r >= 0)
		r = ns_deny_setgroups(proc, self);
	if (r == 0)
		r = ns_write_gid_map(proc, self, maps->gids, maps->n_gids);
	return r == 0 ? ns_write_uid_map(proc, self, maps->uids, maps->n_uids) : r;
}

int userns_enter(const struct userns_maps *maps, bool tools, char ret_words[USERNS_WORDS_SIZE])
{
	int r;

	*ret_words = '\0';
	r = tools ? enter_by_tools(maps, ret_words) : enter_alone(maps);
	return r < 0 ? r : userns_become_root(true);
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
