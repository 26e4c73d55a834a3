/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the foreground: our signals and our terminal are those of the process we wait for.
 */
#include "bin/runtime/runtime.h"
#include "os/proc.h"
#include "os/signal.h"
#include "runtime/relay.h"

int runtime_signals(struct err *e)
{
	int fd = signal_fd(NULL, 0);

	return fd < 0 ? err_sys(e, fd, "take signals") : fd;
}

int runtime_wait(const struct proc *p, int *master, int signals, const struct notify *notify, struct err *e)
{
	const struct relay relay = { .pidfd = p->pidfd, .signals = signals, .master = master, .notify = notify };
	struct proc_exit x;
	int r = relay_run(&relay, e);

	if (r < 0)
		return r;
	r = proc_wait(p->pidfd, -1, &x);
	return r < 0 ? err_sys(e, r, "wait for the process") : proc_exit_number(&x);
}
