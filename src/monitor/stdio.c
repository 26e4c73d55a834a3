/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/dev.h"
#include "os/fd.h"
#include "os/pty.h"
#include "os/sock.h"

/* A pipe of which only our end does not block. @ours is 0 for a reader, 1 for a writer. */
static int open_pipe(int ours, int *ret_ours, int *ret_theirs)
{
	int ends[2], r = fd_pipe(ends, 0);

	if (r < 0)
		return r;
	*ret_ours = ends[ours];
	*ret_theirs = ends[!ours];
	return fd_set_nonblock(*ret_ours, true);
}

int stdio_open(struct stdio *s, const struct monitor_config *c, int dirfd, struct err *e)
{
	int r = 0;

	if (c->log_driver == MONITOR_LOG_PASSTHROUGH)
		return 0;
	*s = STDIO_NONE;
	s->terminal = c->terminal;
	if (c->terminal) {
		s->console = sock_listen(dirfd, MONITOR_CONSOLE, SOCK_STREAM | SOCK_NONBLOCK, true);
		return s->console < 0 ? err_sys(e, s->console, "listen at '" MONITOR_CONSOLE "'") : 0;
	}
	if (c->stdin_open)
		r = open_pipe(1, &s->in, &s->theirs[0]);
	else
		r = s->theirs[0] = dev_open_null(O_RDWR);
	if (r >= 0)
		r = open_pipe(0, &s->out, &s->theirs[1]);
	if (r >= 0)
		r = open_pipe(0, &s->err, &s->theirs[2]);
	if (r < 0) {
		stdio_close(s);
		return err_sys(e, r, "open the container's streams");
	}
	return 0;
}

int stdio_inherit(struct stdio *s)
{
	*s = STDIO_NONE;
	for (int i = 0; i < 3; i++) {
		s->theirs[i] = fd_dup_min(i, 3);
		if (s->theirs[i] < 0)
			return s->theirs[i];
	}
	return 0;
}

void stdio_theirs(const struct stdio *s, struct proc_fd ret[3])
{
	for (int i = 0; i < 3; i++)
		ret[i] = (struct proc_fd){ .fd = s->theirs[i] < 0 ? i : s->theirs[i], .as = i };
}

void stdio_close_theirs(struct stdio *s)
{
	for (int i = 0; i < 3; i++)
		fd_done(&s->theirs[i]);
}

int stdio_accept_console(struct stdio *s, const struct monitor_config *c, int dirfd, struct err *e)
{
	scoped_fd int conn = sock_accept(s->console, SOCK_NONBLOCK), master = -EBADF;
	char name[LIMIT_PATH];
	size_t n_fds = 0;
	ssize_t n;
	int r;

	if (conn == -EAGAIN)
		return err_set(e, ERR_PRECONDITION, "the runtime sent no terminal: process.terminal is not set in the bundle");
	if (conn < 0)
		return err_sys(e, conn, "accept the console");
	n = sock_recv(conn, name, sizeof name, &master, 1, &n_fds);
	if (n < 0)
		return err_sys(e, (int)n, "receive the console");
	if (n_fds != 1 || !pty_is_terminal(master))
		return err_set(e, ERR_PRECONDITION, "the runtime sent no terminal over the console socket");
	fd_done(&s->console);
	unlinkat(dirfd, MONITOR_CONSOLE, 0);
	r = fd_set_nonblock(master, true);
	if (r >= 0 && c->stdin_open)
		r = s->in = fd_dup_min(master, 3);
	if (r < 0)
		return err_sys(e, r, "set up the console");
	s->out = take_fd(&master);
	return 0;
}

void stdio_close(struct stdio *s)
{
	stdio_close_theirs(s);
	fd_done(&s->in);
	fd_done(&s->out);
	fd_done(&s->err);
	fd_done(&s->console);
}
