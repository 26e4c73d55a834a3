/* SPDX-License-Identifier: Apache-2.0 */
#include "network/home.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "network/link.h"
#include "network/outside.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/ns.h"
#include "os/proc.h"

#define DIR_NETNS "netns"
#define DIR_USERS "users"
#define FILE_HOME "home"
#define FILE_LOCK "lock"

bool home_is_elsewhere(void)
{
	return !ns_net_is_ours();
}

static int netns_dir(const struct network *n, struct err *e)
{
	int r = dir_ensure(n->run_fd, DIR_NETNS, 0700);

	return r < 0 ? err_sys(e, r, "open '%s/" DIR_NETNS "'", n->run) : r;
}

static const char *home_path(const struct network *n, struct arena *a)
{
	return arena_printf(a, "%s/" DIR_NETNS "/" FILE_HOME, n->run);
}

int home_open(const struct network *n)
{
	scoped_arena struct arena a = { 0 };
	int fd = ns_open_path(home_path(n, &a), NS_NET);

	return fd == -EINVAL ? -ENOENT : fd; /* the file without the mount: of another mount namespace, whose processes have all ended */
}

/* ---- running something there --------------------------------------------------------------------------------------------------------------------- */

struct answer {
	int r;
	struct err e;
};

static _Noreturn void run_there(int home, home_fn fn, void *arg, int out)
{
	struct answer answer = { 0 };

	answer.r = home >= 0 ? ns_join(home, NS_NET) : ns_unshare(CLONE_NEWNET);
	if (answer.r < 0)
		err_sys(&answer.e, answer.r, "enter the network namespace of this user's containers");
	else
		answer.r = fn(arg, &answer.e);
	fd_write_all(out, &answer, sizeof answer);
	_exit(0);
}

int home_run(const struct network *n, home_fn fn, void *arg, struct err *e)
{
	scoped_proc struct proc child = PROC_NONE;
	scoped_fd int home = -EBADF, in = -EBADF, out = -EBADF;
	struct answer answer;
	int pipe[2], r;

	if (!home_is_elsewhere())
		return fn(arg, e);
	home = n ? home_open(n) : -ENOENT;
	r = fd_pipe(pipe, 0);
	if (r < 0)
		return err_sys(e, r, "make a pipe");
	in = pipe[0];
	out = pipe[1];
	child.pid = proc_clone(0, -EBADF, &child.pidfd);
	if (child.pid == 0) {
		child = PROC_NONE;
		run_there(home, fn, arg, out);
	}
	if (child.pid < 0)
		return err_sys(e, child.pid, "start a child");
	fd_done(&out);
	if (fd_read_all(in, &answer, sizeof answer) != sizeof answer)
		return err_set(e, ERR_INTERNAL, "the child in the network namespace of this user's containers died");
	if (answer.r < 0)
		*e = answer.e;
	return answer.r;
}

/* ---- coming and going ---------------------------------------------------------------------------------------------------------------------------- */

static _Noreturn void dwell(pid_t parent)
{
	if (proc_set_death_signal(SIGKILL) == 0 && getppid() == parent)
		for (;;)
			pause();
	_exit(1);
}

/* A namespace needs somebody to live in it until it is mounted. */
static int namespace_make(const char *path, struct err *e)
{
	scoped_proc struct proc child = PROC_NONE;
	pid_t parent = getpid();
	char name[48];
	int r;

	child.pid = proc_clone(CLONE_NEWNET, -EBADF, &child.pidfd);
	if (child.pid == 0) {
		child = PROC_NONE;
		dwell(parent);
	}
	if (child.pid < 0)
		return err_sys(e, child.pid, "make a network namespace");
	snprintf(name, sizeof name, "/proc/%d/ns/net", (int)child.pid);
	r = mount_classic(name, path, NULL, MS_BIND, NULL);
	return r < 0 ? err_sys(e, r, "mount the network namespace on '%s'", path) : 0;
}

static int loopback_up(void *arg, struct err *e)
{
	return link_up("lo", e);
}

/* With the lock held. */
static int home_make(struct network *n, int dir, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	const char *path = home_path(n, &a);
	scoped_fd int home = home_open(n);
	int r = 0;

	if (home < 0) {
		outside_end(dir); /* of an earlier one */
		r = file_create(dir, FILE_HOME, "", 0, 0600);
		if (r < 0)
			return err_sys(e, r, "make '%s'", path);
		r = namespace_make(path, e);
		if (r == 0)
			r = home_run(n, loopback_up, NULL, e);
	}
	if (r == 0 && !outside_is_there(dir))
		r = outside_begin(dir, path, e);
	return r;
}

static void home_drop(struct network *n, int dir)
{
	scoped_arena struct arena a = { 0 };

	outside_end(dir);
	mount_detach(home_path(n, &a));
	unlinkat(dir, FILE_HOME, 0);
}

static int any(void *arg, int dirfd, const char *name, unsigned char type)
{
	return 1;
}

static void drop_if_unused(struct network *n, int dir)
{
	scoped_fd int users = dir_open(dir, DIR_USERS);

	if (users < 0 || dir_each(users, any, NULL) == 0)
		home_drop(n, dir);
}

static const char *user_name(const char *container, const char *network, struct arena *a)
{
	return arena_printf(a, "%s@%s", container, network);
}

int home_enter(struct network *n, const char *container, const char *network, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_fd int dir = netns_dir(n, e), lock = -EBADF, users = -EBADF;
	int r;

	if (dir < 0)
		return dir;
	lock = lock_file_wait(dir, FILE_LOCK, FILE_LOCK_EXCLUSIVE);
	users = lock < 0 ? lock : dir_ensure(dir, DIR_USERS, 0700);
	if (users < 0)
		return err_sys(e, users, "lock '%s/" DIR_NETNS "'", n->run);
	r = home_make(n, dir, e);
	if (r == 0) {
		r = file_create(users, user_name(container, network, &a), "", 0, 0600);
		r = r < 0 ? err_sys(e, r, "note that '%s' is in a network", container) : 0;
	}
	if (r < 0)
		drop_if_unused(n, dir);
	return r;
}

void home_leave(struct network *n, const char *container, const char *network)
{
	scoped_arena struct arena a = { 0 };
	scoped_fd int dir = dir_open(n->run_fd, DIR_NETNS), lock = -EBADF;

	if (dir < 0)
		return;
	lock = lock_file_wait(dir, FILE_LOCK, FILE_LOCK_EXCLUSIVE);
	unlinkat(dir, arena_printf(&a, DIR_USERS "/%s", user_name(container, network, &a)), 0);
	drop_if_unused(n, dir);
}

struct heal {
	network_alive_fn alive;
	void *arg;
	int n;
};

static int heal_one(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct heal *h = arg;
	scoped_arena struct arena a = { 0 };
	struct str id = str_cut(str_of(name), '@', &(struct str){ 0 });

	if (h->alive(h->arg, arena_strndup(&a, id.p, id.n)))
		return 0;
	h->n += unlinkat(dirfd, name, 0) == 0;
	return 0;
}

int home_heal(struct network *n, network_alive_fn alive, void *arg)
{
	scoped_fd int dir = dir_open(n->run_fd, DIR_NETNS), lock = -EBADF, users = -EBADF;
	struct heal h = { .alive = alive, .arg = arg };

	if (dir < 0)
		return 0;
	lock = lock_file_wait(dir, FILE_LOCK, FILE_LOCK_EXCLUSIVE);
	users = dir_open(dir, DIR_USERS);
	if (users >= 0)
		dir_each(users, heal_one, &h);
	drop_if_unused(n, dir);
	return h.n;
}

/* ---- the host, seen from there --------------------------------------------------------------------------------------------------------------------- */

/* The address that the host has towards the world. Nothing is sent. */
static const char *host_address(struct arena *a)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) }, own;
	scoped_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof own;
	char text[INET_ADDRSTRLEN];

	inet_pton(AF_INET, "192.0.2.1", &to.sin_addr);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0 || getsockname(fd, (struct sockaddr *)&own, &n) < 0)
		return NULL;
	return arena_strdup(a, inet_ntop(AF_INET, &own.sin_addr, text, sizeof text));
}

bool network_of_user(struct arena *a, const char **ret_host, const char **ret_forwarder)
{
	if (!home_is_elsewhere())
		return false;
	*ret_host = host_address(a);
	*ret_forwarder = OUTSIDE_DNS;
	return true;
}
