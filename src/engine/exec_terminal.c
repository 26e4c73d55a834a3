/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/exec_terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/text.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/pty.h"
#include "os/signal.h"
#include "os/sock.h"

enum { CHUNK = 4096, SUN_PATH_MAX = 107 };

int exec_terminal_open(struct exec_terminal *t, int dirfd, const char *path, struct arena *a, struct err *e)
{
	unsigned char random[8];
	char hex[2 * sizeof random + 1];

	*t = EXEC_TERMINAL_NONE;
	t->dirfd = dirfd;
	proc_random(random, sizeof random);
	text_hex(random, sizeof random, hex);
	snprintf(t->name, sizeof t->name, "exec-%s", hex);
	t->socket = arena_printf(a, "%s/%s", path, t->name);
	if (strlen(t->socket) > SUN_PATH_MAX)
		t->socket = arena_printf(a, "/proc/%d/fd/%d/%s", (int)getpid(), dirfd, t->name);
	t->pid_file = arena_printf(a, "%s/%s.pid", path, t->name);
	t->listen = sock_listen(dirfd, t->name, SOCK_STREAM | SOCK_NONBLOCK, false);
	if (t->listen < 0)
		return err_sys(e, t->listen, "listen at '%s'", t->socket);
	/* The runtime ends before the program does. */
	proc_set_subreaper(true);
	return 0;
}

static int take_master(struct exec_terminal *t, struct err *e)
{
	scoped_fd int conn = sock_accept(t->listen, 0);
	char name[LIMIT_PATH];
	size_t n_fds = 0;
	ssize_t n;

	if (conn < 0)
		return err_sys(e, conn, "the runtime sent no terminal");
	n = sock_recv(conn, name, sizeof name, &t->master, 1, &n_fds);
	if (n < 0)
		return err_sys(e, (int)n, "receive the terminal");
	if (n_fds != 1 || !pty_is_terminal(t->master))
		return err_set(e, ERR_PRECONDITION, "the runtime sent no terminal over the console socket");
	return 0;
}

int exec_terminal_take(struct exec_terminal *t, struct err *e)
{
	char name[40], text[16];
	uint32_t pid;
	int r = take_master(t, e);

	if (r < 0)
		return r;
	snprintf(name, sizeof name, "%s.pid", t->name);
	r = file_read_text(t->dirfd, name, text, sizeof text);
	if (r < 0)
		return err_sys(e, r, "read '%s'", t->pid_file);
	if (parse_u32(text, &pid) < 0 || pid < 1)
		return err_set(e, ERR_CORRUPT, "'%s' says '%s'", t->pid_file, text);
	t->proc.pid = (pid_t)pid;
	t->proc.pidfd = proc_open(t->proc.pid);
	return t->proc.pidfd < 0 ? err_sys(e, t->proc.pidfd, "open process %u", pid) : 0;
}

/* ---- relaying ---- */

struct relay {
	struct exec_terminal *t;
	const struct engine_io *io;
	struct attach_keys keys;
	int signals;
	bool in_open, left;
};

static void resize(const struct relay *r)
{
	struct pty_size size;

	if (pty_get_size(r->io->out >= 0 ? r->io->out : r->io->in, &size) == 0)
		pty_set_size(r->t->master, size);
}

static void pass_signals(const struct relay *r)
{
	struct signalfd_siginfo info;

	while (signal_fd_read(r->signals, &info) == 0) {
		if (info.ssi_signo == SIGWINCH)
			resize(r);
		else
			proc_signal(r->t->proc.pidfd, (int)info.ssi_signo);
	}
}

/* What was typed. At its end the program is told as a terminal tells it. */
static int pass_input(struct relay *r)
{
	unsigned char typed[CHUNK], passed[CHUNK + sizeof r->keys.keys];
	ssize_t n = read(r->io->in, typed, sizeof typed);
	size_t n_passed;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		r->in_open = false;
		return fd_write_all(r->t->master, "\4", 1);
	}
	n_passed = attach_keys_filter(&r->keys, typed, (size_t)n, passed, &r->left);
	return fd_write_all(r->t->master, passed, n_passed);
}

/* Returns 1 while there may be more. */
static int pass_output(const struct relay *r)
{
	char text[CHUNK];
	ssize_t n = read(r->t->master, text, sizeof text);

	if (n < 0 && errno == EINTR)
		return 1;
	if (n <= 0)
		return 0; /* EIO: its last user is gone */
	return fd_write_all(r->io->out, text, (size_t)n) < 0 ? 0 : 1;
}

static int relay_rounds(struct relay *r)
{
	struct pollfd p[] = { { .fd = r->t->master, .events = POLLIN }, { .fd = r->signals, .events = POLLIN }, { .events = POLLIN }, { .fd = r->t->proc.pidfd, .events = POLLIN } };

	while (!r->left) {
		p[2].fd = r->in_open ? r->io->in : -1;
		if (poll(p, sizeof p / sizeof *p, -1) < 0 && errno != EINTR)
			return -errno;
		if (p[1].revents)
			pass_signals(r);
		if (p[2].revents)
			pass_input(r); /* a program that has ended takes nothing more; that is seen below */
		if (p[0].revents) {
			if (!pass_output(r))
				return 0;
		} else if (p[3].revents) {
			return 0; /* it has ended and all it wrote is out; what it left in the background keeps the terminal */
		}
	}
	return 0;
}

int exec_terminal_relay(struct exec_terminal *t, const struct engine_io *io, int *ret_code, bool *ret_left, struct err *e)
{
	static const int caught[] = { SIGWINCH, SIGHUP, SIGTERM, SIGUSR1, SIGUSR2 };
	struct relay r = { .t = t, .io = io, .in_open = io->in >= 0 };
	struct proc_exit x;
	struct termios saved;
	sigset_t old;
	bool raw;
	int result = attach_keys_parse(io->detach_keys, &r.keys, e);

	if (result < 0)
		return result;
	sigprocmask(SIG_SETMASK, NULL, &old);
	r.signals = signal_fd(caught, sizeof caught / sizeof *caught);
	raw = io->in >= 0 && pty_make_raw(io->in, &saved) == 0;
	resize(&r);
	result = relay_rounds(&r);
	if (raw)
		pty_restore(io->in, &saved);
	fd_done(&r.signals);
	signal_restore(&old);
	if (result < 0)
		return err_sys(e, result, "wait for the program");
	*ret_left = r.left;
	if (r.left)
		return 0;
	result = proc_wait(t->proc.pidfd, -1, &x);
	if (result < 0)
		return err_sys(e, result, "wait for the program");
	*ret_code = proc_exit_number(&x);
	return 0;
}

/* ---- leaving ---- */

/* In the process that stays. */
static void __attribute__((noreturn)) keep(int master)
{
	char text[CHUNK];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	signal_reset();
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	fd_close_others(3, &master, 1);
	if (chdir("/") == 0)
		while (read(master, text, sizeof text) > 0 || errno == EINTR)
			errno = 0;
	_exit(0);
}

int exec_terminal_leave(struct exec_terminal *t, struct err *e)
{
	pid_t pid;

	/* Our own terminal may hang up before it has a session of its own. */
	signal(SIGHUP, SIG_IGN);
	pid = proc_clone(0, -1, NULL);
	if (pid < 0)
		return err_sys(e, (int)pid, "leave a process with the terminal");
	if (pid == 0)
		keep(t->master);
	return 0;
}

void exec_terminal_done(struct exec_terminal *t)
{
	char name[40];

	if (t->listen >= 0) {
		snprintf(name, sizeof name, "%s.pid", t->name);
		unlinkat(t->dirfd, t->name, 0);
		unlinkat(t->dirfd, name, 0);
	}
	fd_done(&t->listen);
	fd_done(&t->master);
	fd_done(&t->proc.pidfd);
}
