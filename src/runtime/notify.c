/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/sock.h"

#define NOTIFY_DIR "notify"
#define NOTIFY_SOCKET "notify.sock"
#define NOTIFY_INSIDE "/run/notify"

/* How long a manager may take to say that it has seen everything; one that does not know the word never does. */
enum { BARRIER_MS = 30000 };

void notify_amend(struct oci_config *c, const char *root, const char *id, struct arena *a)
{
	static const char *options[] = { "bind", "nosuid", "noexec", "nodev", "ro" };
	struct oci_mount *mounts = arena_array(a, struct oci_mount, c->n_mounts + 1);
	struct strs env = { 0 };

	if (c->n_mounts)
		memcpy(mounts, c->mounts, c->n_mounts * sizeof *mounts);
	mounts[c->n_mounts++] = (struct oci_mount){
		.destination = NOTIFY_INSIDE, .type = "bind", .source = arena_printf(a, "%s/%s/" NOTIFY_DIR, root, id),
		.options = { options, ARRAY_LEN(options) },
	};
	c->mounts = mounts;
	for (size_t i = 0; i < c->process->env.n; i++)
		strs_push(a, &env, c->process->env.v[i]);
	strs_push(a, &env, "NOTIFY_SOCKET=" NOTIFY_INSIDE "/" NOTIFY_SOCKET);
	c->process->env = env;
}

int notify_make(int dir_fd, struct err *e)
{
	if (mkdirat(dir_fd, NOTIFY_DIR, 0755) < 0)
		return err_sys(e, -errno, "make the directory of the notify socket");
	/* Whatever our umask is: the program may be anybody. */
	return fchmodat(dir_fd, NOTIFY_DIR, 0755, 0) < 0 ? err_sys(e, -errno, "open the directory of the notify socket to everybody") : 0;
}

bool notify_is_made(int dir_fd)
{
	return faccessat(dir_fd, NOTIFY_DIR, F_OK, 0) == 0;
}

void notify_done(struct notify *n)
{
	fd_done(&n->inner);
	fd_done(&n->host);
}

int notify_open(int dir_fd, const char *host, struct notify *ret, struct err *e)
{
	scoped_notify struct notify n = NOTIFY_NONE;
	scoped_fd int dir = dir_open(dir_fd, NOTIFY_DIR);

	if (dir < 0)
		return err_sys(e, dir, "open the directory of the notify socket");
	n.host = sock_connect_path(host, SOCK_DGRAM);
	if (n.host < 0)
		return err_sys(e, n.host, "connect to NOTIFY_SOCKET '%s'", host);
	n.inner = sock_bind_datagram(dir, NOTIFY_SOCKET, 0777);
	if (n.inner < 0)
		return err_sys(e, n.inner, "listen on the notify socket of the container");
	*ret = (struct notify){ take_fd(&n.inner), take_fd(&n.host) };
	return 0;
}

static bool says_ready(struct str message)
{
	while (message.p) {
		struct str line = str_cut(message, '\n', &message);

		if (str_is(line, "READY=1"))
			return true;
	}
	return false;
}

/* Descriptors that come along (FDSTORE=1) are closed by sock_recv, and a message that is too long is nothing we know. */
static bool hear_ready(int inner)
{
	char message[4096];
	ssize_t n = sock_recv(inner, message, sizeof message, NULL, 0, NULL);

	return n > 0 && says_ready((struct str){ message, (size_t)n });
}

static int say(int host, const char *text, const int *fd, struct err *e)
{
	ssize_t n = sock_send(host, text, strlen(text), fd, fd ? 1 : 0);

	return n < 0 ? err_sys(e, (int)n, "tell the service manager %.*s", (int)strcspn(text, "\n"), text) : 0;
}

/* BARRIER: the manager closes the descriptor it was sent when it has dealt with all before it. Returns our end, owned. */
static int tell(int host, pid_t main_pid, struct err *e)
{
	scoped_fd int ours = -EBADF, theirs = -EBADF;
	char line[32];
	int pair[2], r = fd_pipe(pair, 0);

	if (r < 0)
		return err_sys(e, r, "make a pipe");
	ours = pair[0];
	theirs = pair[1];
	snprintf(line, sizeof line, "MAINPID=%d\n", (int)main_pid);
	r = say(host, "READY=1\n", NULL, e);
	if (r == 0)
		r = say(host, line, NULL, e);
	if (r == 0)
		r = say(host, "BARRIER=1", &theirs, e);
	return r < 0 ? r : take_fd(&ours);
}

int notify_take(const struct notify *n, pid_t main_pid, struct err *e)
{
	scoped_fd int barrier = hear_ready(n->inner) ? tell(n->host, main_pid, e) : -EAGAIN;

	return barrier >= 0 ? 1 : barrier == -EAGAIN ? 0 : barrier;
}

/* A message that is there counts even if its sender has ended meanwhile. */
static bool wait_ready(int inner, int pidfd)
{
	struct pollfd p[] = { { inner, POLLIN, 0 }, { pidfd, POLLIN, 0 } };

	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return false;
		if (p[0].revents && hear_ready(inner))
			return true;
		if (!p[0].revents && p[1].revents)
			return false;
	}
}

int notify_wait(const struct notify *n, int pidfd, pid_t main_pid, struct err *e)
{
	scoped_fd int barrier = -EBADF;
	int r;

	if (!wait_ready(n->inner, pidfd))
		return 0;
	barrier = tell(n->host, main_pid, e);
	if (barrier < 0)
		return barrier;
	r = sock_wait(barrier, BARRIER_MS);
	if (r == -ETIMEDOUT)
		log_warn("the service manager did not answer BARRIER=1 in %d s: ignored", BARRIER_MS / 1000);
	return 0;
}
