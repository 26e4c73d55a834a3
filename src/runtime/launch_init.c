/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init: the child that becomes the container's first process.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/signal.h"
#include "os/sock.h"
#include "runtime/hooks.h"
#include "runtime/launch.h"
#include "runtime/sync.h"

static struct program program_of(const struct launch *l)
{
	return (struct program){
		.a = l->a, .process = l->config->process, .personality = l->config->linux->personality,
		.memory_policy = l->config->linux->memory_policy, .seccomp = l->seccomp,
		.agent_sync = l->plan.seccomp_agent ? l->sync_init : -EBADF,
		.seccomp_early = l->plan.seccomp_early, .new_session = true, .userns = l->plan.userns,
		.keep_groups = l->plan.keep_groups, .slave = -EBADF, .labels = LSM_LABELS_NONE,
		.keep = { l->sync_init, l->gate, l->hook_output.out, l->hook_output.err },
		.first_free_fd = 3 + l->opts->listen_fds + l->opts->preserve_fds, .listen_fds = l->opts->listen_fds,
	};
}

static int prepare(struct launch *l, struct err *e)
{
	int r = steps_run(init_steps, n_init_steps, l, e);

	if (r < 0)
		return r;
	l->program.slave = take_fd(&l->terminal.slave);
	return program_prepare(&l->program, e);
}

/*
 * Waits until somebody starts us and returns the socket on which a failure can still be told; -errno if nobody will. `create` has ended by then, so its
 * end of the sync socket says nothing; `run` lives as long as we do, and its death is ours.
 */
static int wait_start(struct launch *l, struct err *e)
{
	int r;

	if (l->plan.gate == LAUNCH_GATE_SYNC) {
		r = sync_expect(l->sync_init, SYNC_START, "the runtime", e);
		return r < 0 ? r : l->sync_init;
	}
	fd_done(&l->sync_init);
	for (;;) {
		int conn = sock_accept(l->gate, 0);

		if (conn < 0)
			return err_sys(e, conn, "wait to be started");
		if (sync_expect(conn, SYNC_START, "start", e) == 0 && sync_say(conn, SYNC_GO_ON, e) == 0)
			return conn;
		fd_done(&conn);
	}
}

static int start(struct launch *l, struct err *e)
{
	int r;

	fd_done(&l->gate);
	l->state.pid = getpid();
	r = hooks_run(l->config->hooks, HOOK_START_CONTAINER, &l->state, &l->hook_output, e);
	return r < 0 ? r : program_exec(&l->program, e);
}

_Noreturn void launch_init_main(struct launch *l)
{
	struct err e = { 0 };
	int conn;

	fd_done(&l->sync_parent);
	fd_done(&l->console_sock);
	signal_reset();
	umask(0);
	l->program = program_of(l);
	if (prepare(l, &e) < 0 || sync_say(l->sync_init, SYNC_READY, &e) < 0) {
		sync_say_failed(l->sync_init, &e);
		_exit(1);
	}
	conn = wait_start(l, &e);
	if (conn < 0)
		_exit(1);
	start(l, &e);
	sync_say_failed(conn, &e);
	_exit(1);
}
