/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bitlist.h"
#include "base/log.h"
#include "os/facts.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/ns.h"
#include "os/procfs.h"
#include "os/signal.h"
#include "os/sock.h"
#include "os/trace.h"
#include "os/userns.h"
#include "runtime/plan.h"
#include "runtime/program.h"
#include "runtime/seccomp/listener.h"
#include "runtime/sync.h"
#include "runtime/terminal.h"

struct exec {
	const struct control *c;
	const struct exec_options *o;
	bool stage;                      /* a process between: see stage() */
	const struct oci_config *config; /* exec.config: what the container was made from */
	const struct filter_program *seccomp; /* exec.seccomp */
	const char *agent;               /* exec.seccomp: who answers the filter's questions, or NULL */
	struct cgroup *cgroup;           /* exec.cgroup */
	int init;                        /* exec.hold: pidfd of init */
	int sync_parent, sync_child;     /* exec.sync */
	int console_sock;                /* exec.console */
	int procfd;                      /* exec.procfs */
	struct proc child;               /* exec.spawn */
	int master;                      /* exec.terminal, when it is ours to relay */
	struct program program;          /* in the child */
};

static bool joins(const struct exec *x, enum oci_ns ns)
{
	return x->c->state.namespaces & 1u << ns;
}

/* What takes effect for children only. */
static int pid_flags(const struct exec *x)
{
	return (joins(x, OCI_NS_PID) ? CLONE_NEWPID : 0) | (joins(x, OCI_NS_TIME) ? ns_table[NS_TIME].flag : 0);
}

/* ---- the child ------------------------------------------------------------------------------------------------------------------------- */

static int set_affinity(const char *list, struct err *e)
{
	struct bitlist cpus;
	int r = bitlist_parse(list, &cpus);

	if (r == 0)
		r = proc_set_affinity(&cpus);
	return r < 0 ? err_sys(e, r, "run on the processors '%s'", list) : 0;
}

static const char *affinity_final(const struct exec *x)
{
	const struct oci_cpu_affinity *f = x->o->process->exec_cpu_affinity;

	return f && f->final && *f->final ? f->final : NULL;
}

/* Takes what must come from outside, then joins. @also: CLONE_NEWPID and the like, for a stage. */
static int enter(struct exec *x, int also, struct err *e)
{
	int r = proc_set_dumpable(false);

	if (r < 0)
		return err_sys(e, r, "become undumpable");
	if (lsm_wants(x->o->process)) {
		x->procfd = procfs_open();
		if (x->procfd < 0)
			return err_sys(e, x->procfd, "open a private procfs");
	}
	r = x->cgroup ? cgroup_enter(x->cgroup, e) : 0;
	if (r == 0 && affinity_final(x))
		r = set_affinity(affinity_final(x), e);
	if (r < 0)
		return r;
	r = ns_join_pidfd(x->init, control_join_flags(x->c) | also);
	if (r < 0)
		return err_sys(e, r, "join the namespaces of the container");
	return x->c->state.root ? root_change(x->c->state.root, x->c->state.rootfs, e) : 0;
}

static int become_root(const struct exec *x, struct err *e)
{
	int r = joins(x, OCI_NS_USER) ? userns_become_root(launch_keeps_groups(&x->c->state.annotations)) : 0;

	return r < 0 ? err_sys(e, r, "become root of the user namespace") : 0;
}

static int make_terminal(struct exec *x, struct err *e)
{
	scoped_fd int root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct terminal t = TERMINAL_NONE;
	int r = terminal_make(root, x->o->process->console_size, &t, e);

	if (r == 0)
		r = sync_say_fd(x->sync_child, SYNC_CONSOLE, t.master, e);
	fd_done(&t.master);
	x->program.slave = t.slave;
	return r;
}

static int become(struct exec *x, struct err *e)
{
	int r = x->stage ? 0 : enter(x, 0, e);

	if (r == 0)
		r = become_root(x, e);
	if (r == 0 && !x->c->state.keep_keyring)
		r = program_join_keyring(&x->program, x->c->state.id, x->procfd, false, e);
	if (r == 0)
		r = program_open_label(&x->program, x->procfd, e);
	if (r == 0 && x->o->process->terminal)
		r = make_terminal(x, e);
	fd_done(&x->init);
	fd_done(&x->procfd);
	cgroup_close(x->cgroup);
	if (r == 0)
		r = program_prepare(&x->program, e);
	return r < 0 ? r : program_exec(&x->program, e);
}

static _Noreturn void child_main(struct exec *x)
{
	const struct oci_process *p = x->o->process;
	bool mighty = p->capabilities && strs_has(&p->capabilities->effective, "CAP_SYS_ADMIN") && p->user.uid == 0;
	struct err e = { 0 };

	fd_done(&x->sync_parent);
	fd_done(&x->console_sock);
	signal_reset();
	x->program = (struct program){
		.a = x->c->a, .process = p, .personality = x->config->linux ? x->config->linux->personality : NULL,
		.memory_policy = x->config->linux ? x->config->linux->memory_policy : NULL, .seccomp = x->seccomp,
		.seccomp_early = !p->no_new_privileges && !mighty, .agent_sync = x->agent ? x->sync_child : -EBADF, .new_session = true,
		.userns = joins(x, OCI_NS_USER), .keep_groups = launch_keeps_groups(&x->c->state.annotations), .slave = -EBADF,
		.labels = LSM_LABELS_NONE, .keep = { x->sync_child, -EBADF, -EBADF, -EBADF }, .first_free_fd = 3 + x->o->preserve_fds,
	};
	become(x, &e);
	sync_say_failed(x->sync_child, &e);
	_exit(1);
}

/*
 * Whoever is in the pid namespace and may trace reaches the host through a directory that a process there has open, undumpable or not (CVE-2016-9962): what
 * is of the host is closed before. (The private procfs, for labels alone, stays until the label is open.)
 */
static int close_others(struct exec *x, const int gate[2], struct err *e)
{
	const int keep[] = { x->sync_child, gate[0], gate[1], x->procfd, log_descriptor(), trace_descriptor() };
	int r;

	fd_done(&x->init);
	cgroup_close(x->cgroup);
	x->cgroup = NULL;
	r = fd_close_others(3 + x->o->preserve_fds, keep, ARRAY_LEN(keep));
	return r < 0 ? err_sys(e, r, "close what is of the host") : 0;
}

/*
 * A process appears in the pid namespace only when it has joined everything else and holds nothing of the host; and an unprivileged caller may enter it
 * only from inside the user namespace. So a stage joins, closes, and clones the process as the parent's child. The process must not speak before the stage
 * has said its pid, hence the pipe.
 */
static int stage(struct exec *x, struct err *e)
{
	int gate[2], r = enter(x, pid_flags(x), e);
	pid_t pid;

	if (r < 0)
		return r;
	r = fd_pipe(gate, 0);
	if (r < 0)
		return err_sys(e, r, "make a gate for the process");
	r = close_others(x, gate, e);
	if (r < 0)
		return r;
	pid = proc_clone(CLONE_PARENT, -EBADF, NULL);
	if (pid == 0) {
		char nothing;

		fd_done(&gate[1]);
		fd_read_all(gate[0], &nothing, 1);
		fd_done(&gate[0]);
		child_main(x);
	}
	return pid < 0 ? err_sys(e, pid, "clone the process") : sync_say_pid(x->sync_child, pid, e);
}

static _Noreturn void stage_main(struct exec *x)
{
	struct err e = { 0 };

	fd_done(&x->sync_parent);
	fd_done(&x->console_sock);
	if (stage(x, &e) < 0) {
		sync_say_failed(x->sync_child, &e);
		_exit(1);
	}
	_exit(0);
}

/* ---- steps of the parent ----------------------------------------------------------------------------------------------------------------- */

static int load_config(void *ctx, struct err *e)
{
	struct exec *x = ctx;
	struct oci_config *config;
	int r = state_load_config(x->c->dir_fd, x->c->a, &config, e);

	if (r < 0)
		return r;
	x->config = config;
	return 0;
}

static int hold_init(void *ctx, struct err *e)
{
	struct exec *x = ctx;

	x->init = proc_open_checked(x->c->state.pid, x->c->state.start_ticks);
	return x->init < 0 ? err_sys(e, x->init, "hold container init") : 0;
}

static bool has_cgroup(const void *ctx)
{
	const struct exec *x = ctx;

	return x->c->state.cgroup.driver;
}

static int open_cgroup(void *ctx, struct err *e)
{
	struct exec *x = ctx;

	int r = cgroup_open(&x->c->state.cgroup, x->c->a, &x->cgroup, e);

	return r < 0 ? r : cgroup_descend(x->cgroup, &x->o->cgroups, e);
}

static bool has_seccomp(const void *ctx)
{
	const struct exec *x = ctx;

	const struct filter_request q = filter_request_of(x->config);

	return filter_is_wanted(&q);
}

static int prepare_seccomp(void *ctx, struct err *e)
{
	struct exec *x = ctx;
	const struct filter_request q = filter_request_of(x->config);
	struct filter_program *program;
	scoped_fd int cache = dir_ensure(x->c->root_fd, ".cache", 0700);
	int r = filter_prepare(&q, cache, x->c->a, &program, e);

	if (r < 0)
		return r;
	x->seccomp = program;
	return filter_find_agent(x->config, getenv("RUN_OCI_SECCOMP_RECEIVER"), &x->agent, e);
}

static bool has_console_socket(const void *ctx)
{
	const struct exec *x = ctx;

	return x->o->console_socket;
}

static int connect_console(void *ctx, struct err *e)
{
	struct exec *x = ctx;

	x->console_sock = terminal_connect(x->o->console_socket, e);
	return x->console_sock < 0 ? x->console_sock : 0;
}

static int open_sync(void *ctx, struct err *e)
{
	struct exec *x = ctx;
	int pair[2], r = sock_pair(SOCK_SEQPACKET, pair);

	if (r < 0)
		return err_sys(e, r, "make a socket pair");
	x->sync_parent = pair[0];
	x->sync_child = pair[1];
	return 0;
}

static bool has_initial_affinity(const void *ctx)
{
	const struct oci_cpu_affinity *f = ((const struct exec *)ctx)->o->process->exec_cpu_affinity;

	return f && f->initial && *f->initial;
}

/* Of ourselves, so that the process has it from its first moment on. */
static int set_initial_affinity(void *ctx, struct err *e)
{
	return set_affinity(((const struct exec *)ctx)->o->process->exec_cpu_affinity->initial, e);
}

static int meet_child(struct exec *x, struct err *e)
{
	scoped_proc struct proc stage = x->child;
	struct proc_exit ignored;
	int r;

	x->child = PROC_NONE;
	r = sync_expect_pid(x->sync_parent, "the stage process", &x->child.pid, e);
	proc_wait(stage.pidfd, -1, &ignored);
	fd_done(&stage.pidfd);
	if (r < 0)
		return r;
	x->child.pidfd = proc_open(x->child.pid);
	return x->child.pidfd < 0 ? err_sys(e, x->child.pidfd, "hold the process") : 0;
}

static pid_t clone_child(struct exec *x, int cgroup)
{
	pid_t pid = proc_clone(0, cgroup, &x->child.pidfd);

	if (pid == 0 && x->stage)
		stage_main(x);
	if (pid == 0)
		child_main(x);
	return pid;
}

/* An ordinary user outside of what is delegated to him (in a login session) moves nobody in; runc and crun leave the process where it is, too. */
static bool may_stay_outside(const struct exec *x)
{
	struct host_facts facts = { 0 };

	return x->cgroup && !x->o->cgroups.n && facts_rootless(&facts);
}

/* A container that has handed its controllers down takes nobody itself: then the process goes where init is. */
static int spawn(void *ctx, struct err *e)
{
	struct exec *x = ctx;
	int r;

	x->child.pid = clone_child(x, x->cgroup ? cgroup_clone_fd(x->cgroup) : -EBADF);
	if (x->child.pid == -EACCES && may_stay_outside(x)) {
		log_warn("the process stays outside of the container's cgroup and its limits: you may not move it from a cgroup that is not delegated to you");
		x->child.pid = clone_child(x, -EBADF);
	}
	if (x->child.pid == -EBUSY && x->cgroup && !x->o->cgroups.n) {
		r = cgroup_follow(x->cgroup, x->c->state.pid, e);
		if (r < 0)
			return r;
		x->child.pid = clone_child(x, cgroup_clone_fd(x->cgroup));
	}
	fd_done(&x->sync_child);
	if (x->child.pid < 0)
		return err_sys(e, x->child.pid, "clone the process");
	return x->stage ? meet_child(x, e) : 0;
}

static bool has_resctrl(const void *ctx)
{
	return ((const struct exec *)ctx)->c->state.resctrl;
}

static int enter_resctrl(void *ctx, struct err *e)
{
	const struct exec *x = ctx;

	return resctrl_enter(x->c->state.resctrl, x->child.pid, e);
}

static void kill_child(void *ctx)
{
	struct exec *x = ctx;

	proc_done(&x->child);
}

static bool has_oom_score(const void *ctx)
{
	const struct exec *x = ctx;

	return x->o->process->oom_score_adj.set;
}

static int set_oom_score(void *ctx, struct err *e)
{
	struct exec *x = ctx;
	char path[48], value[16];
	int r;

	x->procfd = procfs_open();
	snprintf(path, sizeof path, "%d/oom_score_adj", (int)x->child.pid);
	snprintf(value, sizeof value, "%d", (int)x->o->process->oom_score_adj.v);
	r = x->procfd < 0 ? x->procfd : procfs_write(x->procfd, path, value);
	if (r < 0)
		log_warn("process.oomScoreAdj: cannot set it to %s: %s", value, err_text(r));
	return 0;
}

static bool has_pidfd_socket(const void *ctx)
{
	const struct exec *x = ctx;

	return x->o->pidfd_socket;
}

static int send_pidfd(void *ctx, struct err *e)
{
	const struct exec *x = ctx;

	return state_send_pidfd(x->o->pidfd_socket, x->child.pidfd, "setns", e);
}

static bool has_terminal(const void *ctx)
{
	const struct exec *x = ctx;

	return x->o->process->terminal;
}

static int receive_console(void *ctx, struct err *e)
{
	struct exec *x = ctx;
	int r = sync_expect_fd(x->sync_parent, SYNC_CONSOLE, "the process", &x->master, e);

	if (r < 0 || x->console_sock < 0)
		return r;
	r = terminal_send(x->console_sock, x->master, e);
	fd_done(&x->master);
	return r;
}

static bool has_agent(const void *ctx)
{
	return ((const struct exec *)ctx)->agent;
}

static int tell_agent(void *ctx, struct err *e)
{
	const struct exec *x = ctx;
	const struct oci_seccomp *s = x->config->linux->seccomp;
	const struct listener_news news = {
		.path = x->agent, .metadata = s ? s->listener_metadata : NULL, .pid = x->child.pid, .state = &x->c->state, .status = x->c->status,
	};

	return listener_pass(x->sync_parent, "the process", &news, e);
}

static int wait_executed(void *ctx, struct err *e)
{
	const struct exec *x = ctx;

	return sync_expect_end(x->sync_parent, "the process", e);
}

static bool has_pid_file(const void *ctx)
{
	const struct exec *x = ctx;

	return x->o->pid_file;
}

static int write_pid_file(void *ctx, struct err *e)
{
	const struct exec *x = ctx;

	return state_write_pid_file(x->o->pid_file, x->child.pid, e);
}

static const struct step exec_steps[] = {
	/* clang-format off */
	{ "exec.config",   NULL,                 load_config,          NULL       },
	{ "exec.hold",     NULL,                 hold_init,            NULL       },
	{ "exec.cgroup",   has_cgroup,           open_cgroup,          NULL       },
	{ "exec.seccomp",  has_seccomp,          prepare_seccomp,      NULL       },
	{ "exec.console",  has_console_socket,   connect_console,      NULL       },
	{ "exec.sync",     NULL,                 open_sync,            NULL       },
	{ "exec.affinity", has_initial_affinity, set_initial_affinity, NULL       },
	{ "exec.spawn",    NULL,                 spawn,                kill_child },
	{ "exec.resctrl",  has_resctrl,          enter_resctrl,        NULL       },
	{ "exec.oom",      has_oom_score,        set_oom_score,        NULL       },
	{ "exec.pidfd",    has_pidfd_socket,     send_pidfd,           NULL       },
	{ "exec.terminal", has_terminal,         receive_console,      NULL       },
	{ "exec.agent",    has_agent,            tell_agent,           NULL       },
	{ "exec.wait",     NULL,                 wait_executed,        NULL       },
	{ "exec.pidfile",  has_pid_file,         write_pid_file,       NULL       },
	/* clang-format on */
};

static int check(const struct control *c, const struct exec_options *o, struct err *e)
{
	if (c->status == STATE_STOPPED || c->status == STATE_CREATING)
		return err_set(e, ERR_CONFLICT, "cannot exec in a %s container", enumtab_name(&state_status_words, (int)c->status));
	if (c->status == STATE_PAUSED && !o->ignore_paused)
		return err_set(e, ERR_CONFLICT, "cannot exec in a paused container (use --ignore-paused to override)");
	if (o->cgroups.n && !c->state.cgroup.driver)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: --cgroup: container '%s' has no cgroup", c->state.id);
	if (o->console_socket && !(o->detach && o->process->terminal))
		return err_set(e, ERR_INVALID, "cannot use console socket if runc will not detach or allocate tty");
	if (o->process->terminal && o->detach && !o->console_socket)
		return err_set(e, ERR_INVALID, "cannot allocate tty if runc will detach without setting console socket");
	return 0;
}

static void exec_done(struct exec *x)
{
	int *const fds[] = { &x->init, &x->sync_parent, &x->sync_child, &x->console_sock, &x->procfd, &x->master };

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fd_done(fds[i]);
	cgroup_close(x->cgroup);
}

int exec_start(const struct control *c, const struct exec_options *o, struct proc *ret, int *ret_master, struct err *e)
{
	struct exec x = {
		.c = c, .o = o, .init = -EBADF, .sync_parent = -EBADF, .sync_child = -EBADF, .console_sock = -EBADF,
		.procfd = -EBADF, .child = PROC_NONE, .master = -EBADF,
	};
	int r = check(c, o, e);

	x.stage = pid_flags(&x) || (geteuid() != 0 && joins(&x, OCI_NS_USER));
	if (r == 0)
		r = steps_run(exec_steps, ARRAY_LEN(exec_steps), &x, e);
	if (r == 0) {
		*ret = x.child;
		*ret_master = take_fd(&x.master);
	}
	exec_done(&x);
	return r;
}
