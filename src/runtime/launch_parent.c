/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parent: what `create`, `run` and `start` do on the host.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/sock.h"
#include "runtime/control.h"
#include "runtime/delegation.h"
#include "runtime/hooks.h"
#include "runtime/annotations.h"
#include "runtime/launch.h"
#include "runtime/sync.h"
#include "runtime/joined_sysctls.h"

/* A path of the caller, made absolute before we go to the bundle. */
static const char *absolute(const char *path, const char *cwd, struct arena *a)
{
	return !path || path[0] == '/' ? path : arena_printf(a, "%s/%s", streq(cwd, "/") ? "" : cwd, path);
}

static const char *cwd_get(struct arena *a)
{
	char cwd[PATH_MAX];

	return getcwd(cwd, sizeof cwd) ? arena_strdup(a, cwd) : "/";
}

/* Goes to the bundle, whose path is from now on the absolute one. */
static int enter_bundle(struct launch *l, struct err *e)
{
	const struct launch_options *o = l->opts;
	bool relative = (o->pid_file && o->pid_file[0] != '/') || (o->config && o->config[0] != '/');
	const char *cwd = relative ? cwd_get(l->a) : "/";

	l->pid_file = absolute(o->pid_file, cwd, l->a);
	l->config_path = o->config ? absolute(o->config, cwd, l->a) : "config.json";
	if (o->bundle && chdir(o->bundle) < 0)
		return err_sys(e, -errno, "open the bundle '%s'", o->bundle);
	l->bundle = cwd_get(l->a);
	return 0;
}

/* Then the rootfs is somewhere only init will be. */
static bool joins_mounts(const struct oci_config *c)
{
	const struct oci_namespace *ns = oci_namespace_find(c->linux, OCI_NS_MOUNT);

	return ns && ns->path && *ns->path;
}

static int read_config(struct launch *l, struct err *e)
{
	const char *path = l->config_path;
	struct oci_config *config;
	char *text;
	size_t n;
	int r = file_read(AT_FDCWD, path, LIMIT_DOCUMENT, l->a, &text, &n);

	if (r == -ENOENT)
		return err_set(e, ERR_NOT_FOUND, "JSON specification file %s not found", path);
	if (r < 0)
		return err_sys(e, r, "read '%s'", path);
	l->config_text = (struct str){ text, n };
	r = oci_config_decode(l->config_text, l->a, &config, e);
	if (r < 0)
		return err_wrap(e, "%s", path);
	r = annotations_check(config, e);
	if (r < 0)
		return r;
	if (l->opts->notify_socket)
		notify_amend(config, l->opts->root, l->opts->id, l->a);
	l->config = config;
	l->rootfs = absolute(config->root->path, l->bundle, l->a);
	if (joins_mounts(config))
		return 0;
	return access(l->rootfs, F_OK) < 0 ? err_sys(e, -errno, "rootfs '%s'", l->rootfs) : 0;
}

/* The ids of /etc/subuid and /etc/subgid, for a container that will have a user namespace nobody asked for. */
static int read_subids(const struct launch *l, struct launch_choice *choice, struct err *e)
{
	struct subid_ranges *uids = arena_new(l->a, struct subid_ranges), *gids = arena_new(l->a, struct subid_ranges);
	int r = subid_read("/etc/subuid", choice->euid, l->a, uids);

	if (r == 0)
		r = subid_read("/etc/subgid", choice->euid, l->a, gids);
	choice->subuids = uids;
	choice->subgids = gids;
	return r < 0 ? err_sys(e, r, "read /etc/subuid and /etc/subgid") : 0;
}

static int plan(struct launch *l, struct err *e)
{
	const struct launch_options *o = l->opts;
	struct launch_choice choice = {
		.run = o->run, .detach = o->detach, .console_socket = o->console_socket, .no_pivot = o->no_pivot,
		.seccomp_receiver = getenv("RUN_OCI_SECCOMP_RECEIVER"), .euid = geteuid(), .egid = getegid(),
	};
	const struct cgroup_request request = {
		.id = o->id, .cgroups_path = l->config->linux ? l->config->linux->cgroups_path : NULL,
		.resources = l->config->linux ? l->config->linux->resources : NULL, .disabled = o->no_cgroup, .systemd = o->systemd_cgroup,
		.rootless = o->systemd_cgroup && facts_rootless(l->facts), .uid = choice.euid, .annotations = &l->config->annotations,
	};
	const struct cgroup_host *host;
	int r = launch_wants_subids(l->config, choice.euid) ? read_subids(l, &choice, e) : 0;

	if (r == 0)
		r = launch_plan_make(l->config, &choice, l->facts, l->a, &l->plan, e);
	if (r == 0)
		r = sysctls_check_joined(l->config->linux, e);
	if (r == 0)
		r = mount_jobs_make(l->config, &l->plan, l->facts, l->a, &l->mounts, e);
	if (r == 0)
		r = cgroup_host_probe(l->facts, l->a, &host, e);
	if (r == 0)
		r = cgroup_plan_make(&request, host, l->a, &l->cgroup_plan, e);
	if (r == 0)
		r = delegation_name(l->config, facts_cgroup(l->facts, l->a)->mode, &l->delegated, e);
	if (r == 0)
		l->gives_cgroup = delegation_owner(l->config, &l->plan, &l->cgroup_owner);
	return r;
}

static void print_steps(const char *title, const struct step *s, size_t n, const void *ctx, struct buf *b)
{
	buf_printf(b, "%s:\n", title);
	for (size_t i = 0; i < n; i++)
		if (!s[i].when || s[i].when(ctx))
			buf_printf(b, "  %s%s\n", s[i].name, s[i].undo ? " (undone on failure)" : "");
}

static void print(const struct launch *l, struct buf *b)
{
	launch_plan_print(&l->plan, b);
	cgroup_plan_print(l->cgroup_plan, b);
	print_steps("steps of the parent", create_steps, n_create_steps, l, b);
	print_steps("steps of init", init_steps, n_init_steps, l, b);
}

void launch_init(const struct launch_options *o, struct arena *a, struct launch *ret)
{
	*ret = (struct launch){
		.opts = o, .a = a, .facts = arena_new(a, struct host_facts), .root_fd = -EBADF, .procfd = -EBADF, .dir_fd = -EBADF,
		.console_sock = -EBADF, .gate = -EBADF, .tree = -EBADF, .sync_parent = -EBADF, .sync_init = -EBADF, .init = PROC_NONE,
		.terminal = TERMINAL_NONE, .roots = MOUNT_ROOTS_NONE, .notify = NOTIFY_NONE, .hook_output = HOOK_OUTPUT_NONE, .devices = NETDEV_MOVES_NONE,
	};
}

int launch_prepare(struct launch *l, struct err *e)
{
	int r = state_check_id(l->opts->id, e);

	if (r == 0)
		r = program_check_passed(l->opts->listen_fds + l->opts->preserve_fds, e);
	if (r == 0)
		r = enter_bundle(l, e);
	if (r == 0)
		r = read_config(l, e);
	return r < 0 ? r : plan(l, e);
}

int launch_create(const struct launch_options *o, struct arena *a, struct launch *ret, struct buf *dry_run, struct err *e)
{
	struct launch *l = ret;
	int r;

	launch_init(o, a, l);
	r = launch_prepare(l, e);
	if (r < 0)
		return r;
	if (dry_run) {
		print(l, dry_run);
		return 0;
	}
	l->root_fd = state_open_root(o->root, true, e);
	if (l->root_fd < 0)
		return l->root_fd;
	return steps_run(create_steps, n_create_steps, l, e);
}

/* The parent's ends of what init now has. */
static void let_go(struct launch *l)
{
	fd_done(&l->sync_init);
	fd_done(&l->gate);
	fd_done(&l->tree);
	for (size_t i = 0; i < l->mounts.n; i++)
		fd_done(&l->mounts.v[i].source);
}

/* The stage has only one thing to say, then it ends and is reaped. */
static int meet_init(struct launch *l, struct proc *stage, struct err *e)
{
	struct proc_exit ignored;
	int r = sync_expect_pid(l->sync_parent, "the stage process", &l->init.pid, e);

	proc_wait(stage->pidfd, -1, &ignored);
	fd_done(&stage->pidfd);
	stage->pid = 0;
	if (r < 0)
		return r;
	l->init.pidfd = proc_open(l->init.pid);
	return l->init.pidfd < 0 ? err_sys(e, l->init.pidfd, "hold container init") : 0;
}

int launch_spawn(struct launch *l, struct err *e)
{
	scoped_proc struct proc child = PROC_NONE;
	int cgroup = l->cgroup && !l->plan.stage ? cgroup_clone_fd(l->cgroup) : -EBADF;

	child.pid = proc_clone(l->plan.stage ? 0 : l->plan.clone_flags, cgroup, &child.pidfd);
	if (child.pid == 0 && l->plan.stage)
		launch_stage_main(l);
	if (child.pid == 0)
		launch_init_main(l);
	if (child.pid < 0)
		return err_sys(e, child.pid, "clone %s", l->plan.stage ? "the stage process" : "init");
	let_go(l);
	if (l->plan.stage)
		return meet_init(l, &child, e);
	l->init = child;
	child = PROC_NONE;
	return 0;
}

int launch_start(struct launch *l, struct err *e)
{
	int r = sync_say(l->sync_parent, SYNC_START, e);

	if (r == 0)
		r = sync_expect_end(l->sync_parent, "container init", e);
	return r < 0 ? r : hooks_run_poststart(l->config->hooks, &l->state, e);
}

void launch_done(struct launch *l)
{
	int *const fds[] = { &l->root_fd, &l->procfd, &l->dir_fd, &l->console_sock, &l->gate, &l->tree, &l->sync_parent, &l->sync_init,
		&l->init.pidfd, &l->terminal.master, &l->terminal.slave, &l->hook_output.out, &l->hook_output.err };

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fd_done(fds[i]);
	notify_done(&l->notify);
	netdev_done(&l->devices);
	cgroup_close(l->cgroup);
	l->cgroup = NULL;
}

/* ---- start ----------------------------------------------------------------------------------------------------------------------------- */

static int open_gate(int dir_fd, const struct state *s, struct arena *a, int *ret, struct err *e)
{
	enum state_status status = state_status(dir_fd, s, a);
	int fd;

	if (status == STATE_STOPPED)
		return err_set(e, ERR_CONFLICT, "cannot start a container that has stopped");
	if (status != STATE_CREATED)
		return err_set(e, ERR_CONFLICT, "cannot start a container in the %s state", enumtab_name(&state_status_words, (int)status));
	fd = sock_connect(dir_fd, STATE_START, SOCK_SEQPACKET);
	if (fd < 0)
		return err_sys(e, fd, "reach container init");
	*ret = fd;
	return 0;
}

static int run_poststart(int dir_fd, const struct state *s, struct arena *a, struct err *e)
{
	struct oci_config *c;
	int r = state_load_config(dir_fd, a, &c, e);

	return r < 0 ? r : hooks_run_poststart(c->hooks, s, e);
}

static void destroy(const char *root, const char *id, struct arena *a)
{
	struct err why = { 0 };

	if (control_delete(root, id, true, a, &why) < 0)
		log_warn("the container stays, its hook having failed: %s", why.msg);
}

/* From here on somebody listens to what the program says; init is held before it can be gone. */
static int open_notify(int dir_fd, const char *host, const struct state *s, struct notify *ret, int *ret_init, struct err *e)
{
	if (!host || !notify_is_made(dir_fd))
		return 0;
	*ret_init = proc_open_checked(s->pid, s->start_ticks);
	return *ret_init < 0 ? err_sys(e, *ret_init, "hold container init") : notify_open(dir_fd, host, ret, e);
}

int launch_start_created(const char *root, const char *id, const char *notify_socket, struct arena *a, struct err *e)
{
	scoped_fd int root_fd = state_open_root(root, false, e), dir_fd = -EBADF, conn = -EBADF, init = -EBADF;
	scoped_notify struct notify notify = NOTIFY_NONE;
	struct state s;
	int r;

	if (root_fd == -ENOENT)
		return err_set(e, ERR_NOT_FOUND, "container does not exist: '%s'", id);
	dir_fd = root_fd < 0 ? root_fd : state_open(root_fd, id, e);
	if (dir_fd < 0)
		return dir_fd;
	r = state_load(dir_fd, id, a, &s, e);
	if (r == 0)
		r = open_gate(dir_fd, &s, a, &conn, e);
	if (r == 0)
		r = open_notify(dir_fd, notify_socket, &s, &notify, &init, e);
	if (r == 0)
		r = sync_say(conn, SYNC_START, e);
	if (r == 0)
		r = sync_expect(conn, SYNC_GO_ON, "container init", e);
	if (r < 0)
		return r;
	unlinkat(dir_fd, STATE_START, 0);
	r = sync_expect_end(conn, "container init", e);
	if (r == 0)
		r = run_poststart(dir_fd, &s, a, e);
	if (r < 0 && e->kind == ERR_PRECONDITION)
		destroy(root, id, a);
	return r < 0 || init < 0 ? r : notify_wait(&notify, init, s.pid, e);
}
