/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: a further program in a running container, by `<runtime> exec` with the caller's own streams: no monitor in between. Only a terminal that may be
 * left is ours (exec_terminal).
 *
 * The process document is made of the container's config.json (environment, capabilities, user, no_new_privs) and the request, and handed over
 * by a memory file, so nothing stays on disk.
 */
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "engine/config.h"
#include "engine/events.h"
#include "engine/id.h"
#include "engine/exec_terminal.h"
#include "engine/launch_files.h"
#include "engine/life.h"
#include "engine/program.h"
#include "engine/resolve.h"
#include "engine/store.h"
#include "os/file.h"
#include "os/memfd.h"
#include "os/proc.h"
#include "os/signal.h"
#include "spec/oci_runtime.h"

struct exec {
	struct engine *en;
	struct arena *a;
	const struct container_exec_request *q;
	struct holding h;
	struct container_info info;
	struct oci_config *config;
	struct oci_process process;
	struct exec_terminal terminal; /* open if we hold the terminal and not the runtime */
};

/* The terminal may be left while the program goes on. */
static bool holds_terminal(const struct exec *x)
{
	return x->terminal.listen >= 0;
}

/* ---- the process document ------------------------------------------------------------------------------------------------------------------ */

static int config_load(struct exec *x, struct err *e)
{
	char *text;
	size_t n;
	int r = file_read(x->h.live, FILE_CONFIG, LIMIT_DOCUMENT, x->a, &text, &n);

	if (r < 0)
		return err_sys(e, r, "read '%s/" FILE_CONFIG "'", x->h.live_path);
	return oci_config_decode((struct str){ text, n }, x->a, &x->config, e);
}

static int user_set(struct exec *x, struct err *e)
{
	scoped_fd int rootfs = dir_open(x->h.live, DIR_ROOTFS);
	struct oci_process *p = &x->process;
	struct user u;
	const struct strs *group_add = &x->h.c.request.group_add;
	gid_t *extra;
	int r;

	if (!x->q->user)
		return 0;
	if (rootfs < 0)
		return err_sys(e, rootfs, "open '%s/" DIR_ROOTFS "'", x->h.live_path);
	r = launch_user(rootfs, x->q->user, group_add, x->a, &u, &extra, e);
	if (r < 0)
		return r;
	p->user.uid = u.uid;
	p->user.gid = u.gid;
	p->user.additional_gids = config_groups(&u, extra, group_add->n, x->a);
	return 0;
}

static int caps_set(struct exec *x, struct err *e)
{
	const struct container_request *q = &x->h.c.request;

	if (!x->q->user && !x->q->privileged)
		return 0;
	/* As docker: a privileged exec is no other profile's business either. */
	if (x->q->privileged)
		x->process.apparmor_profile = NULL;
	return config_capabilities(q, q->privileged || x->q->privileged, x->process.user.uid == 0, x->a, &x->process.capabilities, e);
}

static void env_set(struct exec *x)
{
	struct strs env = { 0 };

	for (size_t i = 0; i < x->process.env.n; i++)
		strs_push(x->a, &env, x->process.env.v[i]);
	if (x->q->tty)
		resolve_env_set(&env, "TERM=xterm", x->a);
	for (size_t i = 0; i < x->q->env.n; i++) {
		if (strchr(x->q->env.v[i], '='))
			resolve_env_set(&env, x->q->env.v[i], x->a);
	}
	x->process.env = env;
}

static int process_make(struct exec *x, struct err *e)
{
	int r = config_load(x, e);

	if (r < 0)
		return r;
	x->process = *x->config->process;
	x->process.args = x->q->args;
	x->process.terminal = x->q->tty;
	if (x->q->workdir)
		x->process.cwd = x->q->workdir;
	env_set(x);
	r = user_set(x, e);
	return r < 0 ? r : caps_set(x, e);
}

static int process_write(struct exec *x, int *ret_fd, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	scoped_fd int fd = -EBADF;
	int r = json_encode(&oci_process_schema, &x->process, JSON_INDENT_NONE, &b);

	if (r == 0) {
		fd = memfd_create("process.json", MFD_CLOEXEC);
		r = fd < 0 ? -errno : fd_write_all(fd, buf_text(&b), b.n);
	}
	if (r < 0)
		return err_sys(e, r, "write the process document");
	*ret_fd = take_fd(&fd);
	return 0;
}

/* ---- running it -------------------------------------------------------------------------------------------------------------------------------- */

enum { PASSED_FD = 3, OWN_FDS = 5 };         /* in the runtime: those that are passed on, then the process document and the log */

static int process_fd(const struct exec *x)
{
	return PASSED_FD + (int)x->q->preserve_fds;
}

static struct strs exec_words(const struct exec *x)
{
	const char *const words[] = { x->info.state->runtime, "--root", x->info.state->runtime_root, "--log",
		arena_printf(x->a, "/proc/self/fd/%d", process_fd(x) + 1), "--log-format", "json", "exec", "--process",
		arena_printf(x->a, "/proc/self/fd/%d", process_fd(x)) };
	struct strs list = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		strs_push(x->a, &list, words[i]);
	if (x->q->detach || holds_terminal(x))
		strs_push(x->a, &list, "--detach");
	if (holds_terminal(x)) {
		const char *const more[] = { "--console-socket", x->terminal.socket, "--pid-file", x->terminal.pid_file };

		for (size_t i = 0; i < ARRAY_LEN(more); i++)
			strs_push(x->a, &list, more[i]);
	}
	if (x->q->preserve_fds) {
		strs_push(x->a, &list, "--preserve-fds");
		strs_push(x->a, &list, arena_printf(x->a, "%u", x->q->preserve_fds));
	}
	strs_push(x->a, &list, x->h.id);
	return list;
}

/* Signals meant for the program go through the runtime, which stands in the foreground for it. */
static int wait_forwarding(struct proc *p, struct proc_exit *ret)
{
	static const int forwarded[] = { SIGHUP, SIGTERM, SIGUSR1, SIGUSR2 };
	scoped_fd int signals = signal_fd(forwarded, ARRAY_LEN(forwarded));
	struct pollfd fds[] = { { .fd = p->pidfd, .events = POLLIN }, { .fd = signals, .events = POLLIN } };
	struct signalfd_siginfo info;

	while (!fds[0].revents) {
		if (poll(fds, ARRAY_LEN(fds), -1) < 0 && errno != EINTR)
			return -errno;
		while (fds[1].revents && signal_fd_read(signals, &info) == 0)
			proc_signal(p->pidfd, (int)info.ssi_signo);
	}
	return proc_wait(p->pidfd, -1, ret);
}

static int spawn_and_wait(struct exec *x, const struct engine_io *io, int process, int log, struct proc_exit *ret, struct err *e)
{
	scoped_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct strs words = exec_words(x);
	bool apart = x->q->detach || holds_terminal(x);
	size_t n = OWN_FDS;
	struct proc_fd fds[PROC_MAX_FDS] = { { process, process_fd(x) }, { log, process_fd(x) + 1 }, { io->in >= 0 && !apart ? io->in : null, 0 },
		{ io->out >= 0 && !apart ? io->out : null, 1 }, { io->err >= 0 && !apart ? io->err : null, 2 } };
	const char *runtime = x->info.state->runtime;
	struct proc_spawn spawn = { .path = runtime, .argv = strs_argv(x->a, &words), .fds = fds };
	scoped_proc struct proc p = PROC_NONE;
	sigset_t old;
	int r;

	if (null < 0)
		return err_sys(e, -errno, "open /dev/null");
	for (int fd = PASSED_FD; fd < process_fd(x); fd++)
		fds[n++] = (struct proc_fd){ fd, fd };
	spawn.n_fds = n;
	sigprocmask(SIG_SETMASK, NULL, &old);
	/* Our own runtime wants to be sealed before it enters a container: starting it so saves its executing itself again. */
	r = str_ends(runtime, "/tare-runtime") ? memfd_spawn(&spawn, &p) : proc_spawn(&spawn, &p);
	if (r == 0)
		r = wait_forwarding(&p, ret);
	signal_restore(&old);
	return r < 0 ? err_sys(e, r, "run '%s exec'", runtime) : 0;
}

/* If the runtime itself failed, its last error record says why. */
static int runtime_failure(struct exec *x, const struct engine_io *io, int log, int *ret_code, struct err *e)
{
	const char *reason = program_log_reason(log, x->a);

	if (!reason)
		return 0;
	err_set(e, ERR_INTERNAL, "exec in container %s: %s", x->h.c.name, reason);
	life_start_failed(e);
	*ret_code = engine_exit_code(e);
	/* A runtime in the foreground has said so on the caller's stderr already. */
	return x->q->detach || holds_terminal(x) || io->err < 0 ? -e->sys : 0;
}

/* The runtime has ended and left us the program and its terminal. */
static int terminal_use(struct exec *x, const struct engine_io *io, int *ret_code, struct err *e)
{
	bool left = x->q->detach;
	int r = exec_terminal_take(&x->terminal, e);

	if (r == 0 && !left)
		r = exec_terminal_relay(&x->terminal, io, ret_code, &left, e);
	if (r == 0 && left)
		r = exec_terminal_leave(&x->terminal, e);
	return r;
}

/* Those that are passed on must be there, and ours must not be among them. */
static int passed_check(const struct exec *x, struct err *e)
{
	if (x->q->preserve_fds > PROC_MAX_FDS - OWN_FDS)
		return err_set(e, ERR_INVALID, "--preserve-fds: at most %d", PROC_MAX_FDS - OWN_FDS);
	for (uint32_t i = 0; i < x->q->preserve_fds; i++) {
		int flags = fcntl(PASSED_FD + (int)i, F_GETFD);

		if (flags < 0 || flags & FD_CLOEXEC)
			return err_set(e, ERR_INVALID, "--preserve-fds %u: descriptor %u is not open", x->q->preserve_fds, PASSED_FD + i);
	}
	return 0;
}

static int exec_run(struct exec *x, const struct engine_io *io, int *ret_code, struct err *e)
{
	scoped_fd int process = -EBADF, log = -EBADF;
	struct proc_exit exit = { 0 };
	int r = passed_check(x, e);

	if (r == 0)
		r = process_write(x, &process, e);
	if (r == 0 && x->q->tty && (x->q->detach || io->detach_keys))
		r = exec_terminal_open(&x->terminal, x->h.live, x->h.live_path, x->a, e);
	if (r < 0)
		return r;
	log = memfd_create("runtime.log", MFD_CLOEXEC);
	if (log < 0)
		return err_sys(e, -errno, "make a log for the runtime");
	r = spawn_and_wait(x, io, process, log, &exit, e);
	if (r < 0)
		return r;
	*ret_code = proc_exit_number(&exit);
	if (*ret_code)
		return runtime_failure(x, io, log, ret_code, e);
	return holds_terminal(x) ? terminal_use(x, io, ret_code, e) : 0;
}

/* docker's words: what is run stands behind the action. */
static void exec_tell(const struct exec *x, const char *what, const char *exec_id)
{
	scoped_buf struct buf action = BUF(LIMIT_EVENT / 2);

	buf_add_str(&action, what);
	for (size_t i = 0; i < x->q->args.n; i++)
		buf_printf(&action, "%s%s", i ? " " : ": ", x->q->args.v[i]);
	container_event(x->en, &x->h.c, buf_text(&action), "execID", exec_id, NULL);
}

/* Of what runs on in the background nobody hears the end. */
static int exec_told(struct exec *x, const struct engine_io *io, int *ret_code, struct err *e)
{
	char id[CONTAINER_ID_SIZE], code[16];
	int r;

	id_new(id);
	exec_tell(x, "exec_create", id);
	exec_tell(x, "exec_start", id);
	r = exec_run(x, io, ret_code, e);
	if (r == 0 && !x->q->detach) {
		snprintf(code, sizeof code, "%d", *ret_code);
		container_event(x->en, &x->h.c, "exec_die", "execID", id, "exitCode", code, NULL);
	}
	return r;
}

int container_exec(struct engine *en, const struct container_exec_request *q, const struct engine_io *io, int *ret_code, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct exec x = { .en = en, .a = &a, .q = q, .h = HOLDING_NONE, .terminal = EXEC_TERMINAL_NONE };
	const char *id;
	int r = container_find(en, q->container, &a, &id, e);

	if (r == 0)
		r = store_open(en, id, &a, &x.h, e);
	if (r == 0)
		r = store_status(&x.h, &a, &x.info, e);
	if (r == 0 && x.info.status == CONTAINER_PAUSED)
		r = err_set(e, ERR_CONFLICT, "container %s is paused: unpause it first", q->container);
	if (r == 0 && x.info.status == CONTAINER_RESTARTING)
		r = err_set(e, ERR_CONFLICT, "container %s is restarting: wait until it runs", q->container);
	if (r == 0 && x.info.status != CONTAINER_RUNNING)
		r = err_set(e, ERR_CONFLICT, "container %s is not running", q->container);
	if (r == 0 && !x.info.state)
		r = err_set(e, ERR_CORRUPT, "container %s has lost its state", q->container);
	if (r == 0)
		r = process_make(&x, e);
	if (r == 0)
		r = exec_told(&x, io, ret_code, e);
	exec_terminal_done(&x.terminal);
	store_done(&x.h);
	return r;
}
