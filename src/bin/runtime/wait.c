/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the foreground: our signals and our terminal are those of the process we wait for.
 */
#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>

#include "base/scope.h"
#include "bin/runtime/runtime.h"
#include "os/proc.h"
#include "os/signal.h"
#include "runtime/terminal.h"

int runtime_signals(struct err *e)
{
	/* SIGCHLD and SIGPIPE are about us, and the faults would come again at once. */
	static const int ours[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGWINCH, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU };
	int fd = signal_fd(ours, ARRAY_LEN(ours));

	return fd < 0 ? err_sys(e, fd, "take signals") : fd;
}

static void pass_signals(int signals, int pidfd)
{
	struct signalfd_siginfo info;

	while (signal_fd_read(signals, &info) == 0)
		proc_signal(pidfd, (int)info.ssi_signo);
}

static void wait_plain(int pidfd, int signals)
{
	struct pollfd p[] = { { pidfd, POLLIN, 0 }, { signals, POLLIN, 0 } };

	do {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return;
		if (p[1].revents)
			pass_signals(signals, pidfd);
	} while (!p[0].revents);
}

int runtime_wait(const struct proc *p, int master, int signals, struct err *e)
{
	struct proc_exit x;
	int r;

	if (master >= 0) {
		r = terminal_relay(master, p->pidfd, signals, e);
		if (r < 0)
			return r;
	} else {
		wait_plain(p->pidfd, signals);
	}
	r = proc_wait(p->pidfd, -1, &x);
	return r < 0 ? err_sys(e, r, "wait for the process") : proc_exit_number(&x);
}
