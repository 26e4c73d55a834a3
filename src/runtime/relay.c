/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/relay.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "os/fd.h"
#include "os/proc.h"
#include "os/pty.h"
#include "os/signal.h"

enum {
	/* A pipe that polls as writable takes this much without blocking (PIPE_BUF), and a terminal gives no more at once. */
	BLOCK = 4096,
	/* More than a terminal's buffers hold: what still comes when the process has ended and this was read is somebody else's. */
	LAST_WORDS = 128 * 1024,
};

/* One direction. @from or @to is negative when that end is gone. */
struct channel {
	int from, to;
	size_t at, n;
	char block[BLOCK];
};

enum { PIDFD, SIGNALS, NOTIFY, STDIN, STDOUT, MASTER, N_POLLED };

struct loop {
	const struct relay *r;
	int notify;             /* -EBADF once it is ready */
	struct channel in, out; /* to the program, from the program */
	bool ended;
	bool unwanted;          /* told to end when only unread output was left */
	size_t last_words;
	struct pollfd p[N_POLLED];
};

static bool holds(const struct channel *c)
{
	return c->at < c->n;
}

static bool again(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Fills an empty channel. */
static void fill(struct channel *c)
{
	ssize_t n = read(c->from, c->block, sizeof c->block);

	if (again(n))
		return;
	if (n <= 0) {
		c->from = -EBADF;
		return;
	}
	c->at = 0;
	c->n = (size_t)n;
}

static void drain(struct channel *c)
{
	ssize_t n = write(c->to, c->block + c->at, c->n - c->at);

	if (again(n))
		return;
	if (n < 0)
		*c = (struct channel){ .from = -EBADF, .to = -EBADF };
	else
		c->at += (size_t)n;
}

static void copy_size(int from, int to)
{
	struct pty_size size;

	if (pty_get_size(from, &size) == 0)
		pty_set_size(to, size);
}

static void take_signals(struct loop *l)
{
	struct signalfd_siginfo info;

	while (signal_fd_read(l->r->signals, &info) == 0) {
		if (info.ssi_signo == SIGWINCH && *l->r->master >= 0)
			copy_size(STDIN_FILENO, *l->r->master);
		else if (info.ssi_signo != SIGCHLD && info.ssi_signo != SIGPIPE)
			l->unwanted = proc_signal(l->r->pidfd, (int)info.ssi_signo) == -ESRCH;
	}
}

static void take_notify(struct loop *l)
{
	struct err e;
	int r = notify_take(l->r->notify, getpid(), &e);

	if (r < 0)
		log_warn("%s", e.msg);
	if (r != 0)
		l->notify = -EBADF;
}

static void hang_up(struct loop *l)
{
	fd_done(l->r->master);
	l->in.from = l->in.to = -EBADF;
	l->in.at = l->in.n = 0;
}

static void move(struct loop *l)
{
	if (l->p[STDIN].revents)
		fill(&l->in);
	if (l->p[MASTER].revents & (POLLIN | POLLHUP | POLLERR) && !holds(&l->out) && l->out.from >= 0) {
		fill(&l->out);
		l->last_words += l->ended ? l->out.n : 0;
	}
	if (l->p[MASTER].revents & POLLHUP) /* nobody is there to read */
		l->in = (struct channel){ .from = -EBADF, .to = -EBADF };
	else if (l->p[MASTER].revents & POLLOUT && holds(&l->in))
		drain(&l->in);
	if (l->p[STDOUT].revents && holds(&l->out))
		drain(&l->out);
	if (l->out.to < 0 && *l->r->master >= 0)
		hang_up(l);
}

/* An end that waits for nothing is not asked about at all: poll reports a hangup whether it was asked or not. */
static void want(struct pollfd *p, int fd, short events)
{
	*p = (struct pollfd){ events ? fd : -1, events, 0 };
}

static void want_all(struct loop *l)
{
	bool can_read = !holds(&l->out) && l->out.from >= 0 && l->last_words < LAST_WORDS, can_write = holds(&l->in);

	want(&l->p[PIDFD], l->r->pidfd, l->ended ? 0 : POLLIN);
	want(&l->p[SIGNALS], l->r->signals, POLLIN);
	want(&l->p[NOTIFY], l->notify, POLLIN);
	want(&l->p[STDIN], l->in.from, holds(&l->in) || l->ended ? 0 : POLLIN);
	want(&l->p[STDOUT], l->out.to, holds(&l->out) ? POLLOUT : 0);
	want(&l->p[MASTER], *l->r->master, (short)((can_read ? POLLIN : 0) | (can_write ? POLLOUT : 0)));
}

/* poll(2) of a master passes on what the kernel still has under way, so "nothing there" after the end means there is nothing. */
static bool is_through(const struct loop *l)
{
	return l->ended && (l->unwanted || (!holds(&l->out) && !(l->p[MASTER].revents & POLLIN)));
}

static int turn(struct loop *l)
{
	for (;;) {
		want_all(l);
		if (poll(l->p, N_POLLED, l->ended && !holds(&l->out) ? 0 : -1) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (is_through(l))
			return 0;
		if (l->p[SIGNALS].revents)
			take_signals(l);
		if (l->p[NOTIFY].revents)
			take_notify(l);
		move(l);
		if (l->p[PIDFD].revents)
			l->ended = true;
	}
}

static void begin(struct loop *l, const struct relay *r)
{
	bool terminal = *r->master >= 0;

	*l = (struct loop){ .r = r, .notify = r->notify ? r->notify->inner : -EBADF };
	l->in = (struct channel){ .from = terminal ? STDIN_FILENO : -EBADF, .to = *r->master };
	l->out = (struct channel){ .from = *r->master, .to = terminal ? STDOUT_FILENO : -EBADF };
	if (terminal)
		fd_set_nonblock(*r->master, true);
}

int relay_run(const struct relay *r, struct err *e)
{
	bool raw = *r->master >= 0 && pty_is_terminal(STDIN_FILENO);
	struct termios saved;
	struct loop l;
	int n;

	begin(&l, r);
	if (raw) {
		n = pty_make_raw(STDIN_FILENO, &saved);
		if (n < 0)
			return err_sys(e, n, "put the terminal into raw mode");
		copy_size(STDIN_FILENO, *r->master);
	}
	n = turn(&l);
	if (raw)
		pty_restore(STDIN_FILENO, &saved);
	return n < 0 ? err_sys(e, n, "wait for the process") : 0;
}
