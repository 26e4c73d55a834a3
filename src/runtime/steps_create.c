/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The birth of a container, seen from the host. The table and the reasons for its order stand at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/procfs.h"
#include "os/sock.h"
#include "os/subid.h"
#include "runtime/hooks.h"
#include "runtime/launch.h"
#include "runtime/seccomp/listener.h"
#include "runtime/sync.h"

#define INIT "container init"

/* ---- hooks of the end, should this fail ------------------------------------------------------------------------------------------------ */

static bool has_poststop(const void *ctx)
{
	const struct launch *l = ctx;

	return hooks_count(l->config->hooks, HOOK_POSTSTOP) > 0;
}

static int arm_poststop(void *ctx, struct err *e)
{
	return 0;
}

static void run_poststop(void *ctx)
{
	struct launch *l = ctx;

	hooks_run_poststop(l->config->hooks, &l->state);
}

/* ---- state ----------------------------------------------------------------------------------------------------------------------------- */

static struct state new_state(const struct launch *l)
{
	char created[TEXT_TIME_SIZE];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	text_time(now, created);
	return (struct state){
		.id = l->opts->id, .bundle = l->bundle, .rootfs = l->rootfs, .created = arena_strdup(l->a, created),
		.owner = geteuid(), .namespaces = l->plan.namespaces,
		.own_pid = (l->plan.clone_flags & CLONE_NEWPID) != 0, .poststop = has_poststop(l),
		.terminal = l->config->process->terminal, .keep_keyring = l->opts->no_new_keyring,
		.annotations = l->config->annotations, .root = root_record_new(&l->plan, l->a),
	};
}

static int reserve_state(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	int r;

	l->state = new_state(l);
	l->dir_fd = state_reserve(l->root_fd, l->opts->id, e);
	if (l->dir_fd < 0)
		return l->dir_fd;
	r = file_create(l->dir_fd, STATE_CONFIG, l->config_text.p, l->config_text.n, 0600);
	if (r < 0) {
		struct err ignored;

		state_remove(l->root_fd, l->opts->id, &ignored);
		return err_sys(e, r, "keep a copy of config.json");
	}
	return 0;
}

static void release_state(void *ctx)
{
	struct launch *l = ctx;
	struct err e;

	fd_done(&l->dir_fd); /* removing needs one, and we may be here for want of them */
	if (state_remove(l->root_fd, l->opts->id, &e) < 0)
		log_warn("%s", e.msg);
}

static int publish_state(void *ctx, struct err *e)
{
	struct launch *l = ctx;

	if (l->cgroup)
		l->state.cgroup = *cgroup_record(l->cgroup);
	return state_save(l->dir_fd, &l->state, true, e);
}

/* ---- cgroup ---------------------------------------------------------------------------------------------------------------------------- */

static bool has_cgroup(const void *ctx)
{
	const struct launch *l = ctx;

	return cgroup_plan_is_active(l->cgroup_plan);
}

/* Rules for devices are none: an ordinary user's container has no devices but those that are bound. */
static bool asks_for_limits(const struct oci_resources *r)
{
	return r && (r->memory || r->cpu || r->pids || r->block_io || r->n_hugepage_limits || r->network || r->n_rdma || r->unified.n);
}

/* Somebody without privileges, or who calls himself so. */
static bool is_rootless(const struct launch *l)
{
	return l->opts->rootless.set ? l->opts->rootless.v : facts_rootless(l->facts);
}

/* Who was given no cgroup and asks for no limit does without. */
static bool can_do_without(const struct launch *l, int r)
{
	return (r == -EACCES || r == -EPERM || r == -EROFS) && is_rootless(l) && !asks_for_limits(l->config->linux->resources);
}

static int do_without(struct launch *l, struct err *e)
{
	log_debug("no cgroup: %s", e->msg);
	err_clear(e);
	l->state.cgroup = (struct cgroup_record){ 0 };
	return state_save(l->dir_fd, &l->state, true, e);
}

static int create_cgroup(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	int r = cgroup_create(l->cgroup_plan, l->a, &l->cgroup, e);

	return r < 0 && can_do_without(l, r) ? do_without(l, e) : r;
}

/* Root may enter wherever he may make. */
static bool tries_cgroup(const void *ctx)
{
	const struct launch *l = ctx;

	return l->cgroup && facts_rootless(l->facts);
}

/* What was made is of no use to who may not enter it. */
static int try_cgroup(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	int r = cgroup_admits(l->cgroup, e);
	struct err late;

	if (r == 0 || !can_do_without(l, r))
		return r;
	if (cgroup_remove(l->cgroup, &late) < 0) {
		*e = late;
		return -late.sys;
	}
	cgroup_close(take_ptr(&l->cgroup));
	return do_without(l, e);
}

static bool made_cgroup(const void *ctx)
{
	const struct launch *l = ctx;

	return l->cgroup;
}

static void remove_cgroup(void *ctx)
{
	struct launch *l = ctx;
	struct err e = { 0 };

	if (l->cgroup && cgroup_remove(l->cgroup, &e) < 0)
		log_warn("%s", e.msg);
}

static int note_cgroup(void *ctx, struct err *e)
{
	struct launch *l = ctx;

	cgroup_plan_record(l->cgroup_plan, l->a, &l->state.cgroup);
	return state_save(l->dir_fd, &l->state, false, e);
}

static int limit_cgroup(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	return cgroup_limits(l->cgroup, e);
}

static int rule_devices(void *ctx, struct err *e)
{
	const struct launch *l = ctx;
	int r = cgroup_device_rules(l->cgroup, e);

	/* Nobody but root may load a device program, and an ordinary user's container has no devices but those that are bound. */
	if (r == -EPERM && is_rootless(l)) {
		log_debug("%s", e->msg);
		err_clear(e);
		return 0;
	}
	return r;
}

/* ---- resctrl -------------------------------------------------------------------------------------------------------------------------- */

static bool has_resctrl(const void *ctx)
{
	const struct launch *l = ctx;

	return l->config->linux->intel_rdt;
}

static int note_resctrl(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	const char *root;
	int r = resctrl_find_root(l->a, &root, e);

	if (r == 0)
		r = resctrl_plan(l->config->linux->intel_rdt, root, l->opts->id, l->a, &l->state.resctrl, e);
	return r < 0 ? r : state_save(l->dir_fd, &l->state, true, e);
}

static int make_resctrl(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	return resctrl_make(l->state.resctrl, l->config->linux->intel_rdt, e);
}

static void remove_resctrl(void *ctx)
{
	const struct launch *l = ctx;
	struct err e = { 0 };

	if (resctrl_remove(l->state.resctrl, &e) < 0)
		log_warn("%s", e.msg);
}

static int enter_resctrl(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	return resctrl_enter(l->state.resctrl, l->init.pid, e);
}

/* ---- what init will need ----------------------------------------------------------------------------------------------------------------- */

static bool has_seccomp(const void *ctx)
{
	const struct launch *l = ctx;
	const struct filter_request q = filter_request_of(l->config);

	return filter_is_wanted(&q);
}

/* Container ids do not start with a dot, so this name is free. */
static int prepare_seccomp(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	const struct filter_request q = filter_request_of(l->config);
	struct filter_program *program;
	scoped_fd int cache = dir_ensure(l->root_fd, ".cache", 0700);
	int r = filter_prepare(&q, cache, l->a, &program, e);

	if (r < 0)
		return r;
	l->seccomp = program;
	return 0;
}

static bool has_hooks(const void *ctx)
{
	const struct launch *l = ctx;

	return l->config->hooks;
}

/* For those of init, too, which could not open it. */
static int open_hook_output(void *ctx, struct err *e)
{
	struct launch *l = ctx;

	return hook_output_open(&l->state, &l->hook_output, e);
}

static bool has_console_socket(const void *ctx)
{
	const struct launch *l = ctx;

	return l->plan.console == LAUNCH_CONSOLE_SOCKET;
}

static int connect_console(void *ctx, struct err *e)
{
	struct launch *l = ctx;

	l->console_sock = terminal_connect(l->opts->console_socket, e);
	return l->console_sock < 0 ? l->console_sock : 0;
}

static bool has_notify(const void *ctx)
{
	const struct launch *l = ctx;

	return l->opts->notify_socket;
}

/* Who only creates leaves it to `start` to listen. */
static int open_notify(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	int r = notify_make(l->dir_fd, e);

	return r == 0 && l->opts->run ? notify_open(l->dir_fd, l->opts->notify_socket, &l->notify, e) : r;
}

static bool has_gate(const void *ctx)
{
	const struct launch *l = ctx;

	return l->plan.gate == LAUNCH_GATE_SOCKET;
}

static int listen_gate(void *ctx, struct err *e)
{
	struct launch *l = ctx;

	l->gate = sock_listen(l->dir_fd, STATE_START, SOCK_SEQPACKET, false);
	return l->gate < 0 ? err_sys(e, l->gate, "listen on '%s'", STATE_START) : 0;
}

static bool needs_procfs(const void *ctx)
{
	const struct launch *l = ctx;
	const struct oci_process *p = l->config->process;

	return l->plan.map_ids || l->mounts.mapped || l->config->linux->n_time_offsets || l->config->linux->sysctl.n || p->oom_score_adj.set ||
		lsm_wants(p);
}

static int open_procfs(void *ctx, struct err *e)
{
	struct launch *l = ctx;

	l->procfd = procfs_open();
	return l->procfd < 0 ? err_sys(e, l->procfd, "open a private procfs") : 0;
}

static bool opens_for_init(const void *ctx)
{
	const struct launch *l = ctx;

	return l->plan.parent_opens || l->mounts.mapped;
}

static int open_sources(void *ctx, struct err *e)
{
	struct launch *l = ctx;

	if (l->plan.parent_opens) {
		scoped_fd int rootfs = openat(AT_FDCWD, l->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (rootfs < 0)
			return err_sys(e, -errno, "open the rootfs '%s'", l->rootfs);
		l->tree = mount_clone(rootfs, "", true);
		/* Root of a user namespace may not copy mounts of the host. Init may, in a mount namespace of its own. */
		if (l->tree == -EPERM && facts_rootless(l->facts) && !l->mounts.mapped)
			return 0;
		if (l->tree < 0)
			return err_sys(e, l->tree, "copy the mounts at '%s'", l->rootfs);
	}
	return mount_jobs_open(&l->mounts, l->plan.parent_opens, l->bundle, l->procfd, l->a, e);
}

static int open_sync(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	int pair[2], r = sock_pair(SOCK_SEQPACKET, pair);

	if (r < 0)
		return err_sys(e, r, "make a socket pair");
	l->sync_parent = pair[0];
	l->sync_init = pair[1];
	return 0;
}

/* ---- init ------------------------------------------------------------------------------------------------------------------------------ */

static int spawn_init(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	struct proc_stat stat;
	int r = launch_spawn(l, e);

	if (r < 0)
		return r;
	r = proc_stat_read(l->init.pid, &stat);
	if (r < 0)
		return err_sys(e, r, "look at container init");
	l->state.pid = l->init.pid;
	l->state.start_ticks = stat.start_ticks;
	return 0;
}

static void kill_init(void *ctx)
{
	struct launch *l = ctx;

	proc_done(&l->init);
}

static const char *pidfd_receiver(const struct launch *l)
{
	const char *named = l->opts->pidfd_socket ? l->opts->pidfd_socket : pairs_find(&l->config->annotations, "run.oci.pidfd_receiver");

	return named && *named ? named : NULL;
}

static bool has_pidfd_receiver(const void *ctx)
{
	return pidfd_receiver(ctx);
}

static int send_pidfd(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	return state_send_pidfd(pidfd_receiver(l), l->init.pidfd, "standard", e);
}

static bool has_oom_score(const void *ctx)
{
	const struct launch *l = ctx;

	return l->config->process->oom_score_adj.set;
}

/* Lowering needs CAP_SYS_RESOURCE, which root of a rootless or confined caller lacks: the container then runs with what it inherited. */
static int set_oom_score(void *ctx, struct err *e)
{
	const struct launch *l = ctx;
	char path[48], value[16];
	int r;

	snprintf(path, sizeof path, "%d/oom_score_adj", (int)l->init.pid);
	snprintf(value, sizeof value, "%d", (int)l->config->process->oom_score_adj.v);
	r = procfs_write(l->procfd, path, value);
	if (r == -EACCES || r == -EPERM) {
		log_warn("process.oomScoreAdj: not permitted to set it to %s", value);
		return 0;
	}
	return r < 0 ? err_sys(e, r, "set the oom score to %s", value) : 0;
}

static bool maps_ids(const void *ctx)
{
	const struct launch *l = ctx;

	return l->plan.map_ids;
}

static int write_maps(const struct launch *l, const struct launch_plan *p, struct err *e)
{
	int r = p->maps == LAUNCH_MAPS_SINGLE ? ns_deny_setgroups(l->procfd, l->init.pid) : 0;

	if (r == 0)
		r = ns_write_gid_map(l->procfd, l->init.pid, p->gid_map, p->n_gid_map);
	if (r == 0)
		r = ns_write_uid_map(l->procfd, l->init.pid, p->uid_map, p->n_uid_map);
	return r < 0 ? err_sys(e, r, "write the id maps") : 0;
}

static int run_mapper(const char *tool, pid_t pid, const struct ns_id_map *rows, size_t n, struct err *e)
{
	char words[SUBID_WORDS_SIZE];
	int r = subid_map(tool, pid, rows, n, words);

	if (r == -ENOENT)
		return err_set(e, ERR_NOT_FOUND, "'%s' is not in $PATH: an ordinary user cannot map more than himself without it (Debian: uidmap)", tool);
	return r < 0 ? err_sys(e, r, "%s", words[0] ? words : tool) : 0;
}

static int run_mappers(const struct launch *l, struct err *e)
{
	const struct launch_plan *p = &l->plan;
	int r = run_mapper("newgidmap", l->init.pid, p->gid_map, p->n_gid_map, e);

	return r < 0 ? r : run_mapper("newuidmap", l->init.pid, p->uid_map, p->n_uid_map, e);
}

/* Who asked for no user namespace gets along with himself alone in it. */
static int map_self_only(const struct launch *l, struct err *e)
{
	const struct oci_user *as = &l->config->process->user;
	struct ns_id_map uid = { as->uid, geteuid(), 1 }, gid = { as->gid, getegid(), 1 };
	const struct launch_plan self = { .maps = LAUNCH_MAPS_SINGLE, .uid_map = &uid, .n_uid_map = 1, .gid_map = &gid, .n_gid_map = 1 };

	log_warn("%s; the user namespace has one user only", e->msg);
	err_clear(e);
	return write_maps(l, &self, e);
}

static int map_ids(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	int r = l->plan.maps == LAUNCH_MAPS_TOOLS ? run_mappers(l, e) : write_maps(l, &l->plan, e);

	/* Root of a user namespace may have been given less than it wants to give. */
	if (r == -EPERM && l->plan.maps == LAUNCH_MAPS_WRITE && facts_rootless(l->facts)) {
		err_clear(e);
		r = run_mappers(l, e);
	}
	if (r < 0 && l->plan.auto_userns)
		r = map_self_only(l, e);
	return r < 0 ? r : sync_say(l->sync_parent, SYNC_MAPPED, e);
}

static bool shares_mounts(const void *ctx)
{
	const struct launch *l = ctx;

	return l->plan.root == LAUNCH_ROOT_CHANGE;
}

static int arm_root(void *ctx, struct err *e)
{
	return 0;
}

static void take_root_off(void *ctx)
{
	const struct launch *l = ctx;
	struct err e = { 0 };

	if (root_take_off(l->state.root, l->rootfs, l->a, &e) < 0)
		log_warn("%s", e.msg);
}

static int note_root(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	uint64_t mounts[2];
	int r = sync_expect_mounts(l->sync_parent, INIT, mounts, e);

	if (r < 0)
		return r;
	l->state.root->holder = mounts[0];
	l->state.root->tree = mounts[1];
	r = state_save(l->dir_fd, &l->state, true, e);
	return r < 0 ? r : sync_say(l->sync_parent, SYNC_GO_ON, e);
}

static bool has_net_devices(const void *ctx)
{
	const struct launch *l = ctx;

	return l->config->linux->n_net_devices > 0;
}

/* Init waits for it: its sysctls may be about them. */
static int move_devices(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	const struct oci_linux *x = l->config->linux;
	const struct oci_namespace *ns = oci_namespace_find(x, OCI_NS_NETWORK);
	int fd = ns->path && *ns->path ? ns_open_path(ns->path, NS_NET) : ns_open(AT_FDCWD, l->init.pid, NS_NET), r;

	if (fd < 0)
		return err_sys(e, fd, "open the container's network namespace");
	r = netdev_move_all(x->net_devices, x->n_net_devices, fd, l->a, &l->devices, e);
	if (r < 0)
		return r;
	r = sync_say(l->sync_parent, SYNC_DEVICES_MOVED, e);
	if (r < 0)
		netdev_return_all(&l->devices);
	return r;
}

static void return_devices(void *ctx)
{
	struct launch *l = ctx;

	netdev_return_all(&l->devices);
}

static bool has_console(const void *ctx)
{
	const struct launch *l = ctx;

	return l->plan.console != LAUNCH_CONSOLE_NONE;
}

static int receive_console(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	int r = sync_expect_fd(l->sync_parent, SYNC_CONSOLE, INIT, &l->terminal.master, e);

	if (r < 0 || l->plan.console != LAUNCH_CONSOLE_SOCKET)
		return r;
	r = terminal_send(l->console_sock, l->terminal.master, e);
	fd_done(&l->terminal.master);
	return r;
}

static bool has_runtime_hooks(const void *ctx)
{
	const struct launch *l = ctx;

	return l->plan.hooks_runtime;
}

static bool no_hooks(const void *ctx)
{
	return !has_runtime_hooks(ctx);
}

static int run_runtime_hooks(void *ctx, struct err *e)
{
	const struct launch *l = ctx;
	const struct oci_hooks *h = l->config->hooks;
	int r = sync_expect(l->sync_parent, SYNC_ROOTFS_READY, INIT, e);

	if (r == 0)
		r = hooks_run(h, HOOK_PRESTART, &l->state, &l->hook_output, e);
	if (r == 0)
		r = hooks_run(h, HOOK_CREATE_RUNTIME, &l->state, &l->hook_output, e);
	return r < 0 ? r : sync_say(l->sync_parent, SYNC_GO_ON, e);
}

static bool has_agent(const void *ctx)
{
	const struct launch *l = ctx;

	return l->plan.seccomp_agent;
}

static int tell_agent(void *ctx, struct err *e)
{
	const struct launch *l = ctx;
	const struct oci_seccomp *s = l->config->linux->seccomp;
	const struct listener_news news = {
		.path = l->plan.seccomp_agent, .metadata = s ? s->listener_metadata : NULL, .pid = l->init.pid, .state = &l->state,
		.status = STATE_CREATING,
	};

	return listener_pass(l->sync_parent, INIT, &news, e);
}

static int wait_ready(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	return sync_expect(l->sync_parent, SYNC_READY, INIT, e);
}

static bool gives_cgroup(const void *ctx)
{
	const struct launch *l = ctx;

	return l->cgroup && l->gives_cgroup;
}

static int give_cgroup(void *ctx, struct err *e)
{
	const struct launch *l = ctx;
	int r = cgroup_give(l->cgroup, l->cgroup_owner, e);

	/* Who may not give it to his container's user had none to give. */
	if (r == -EPERM && facts_rootless(l->facts)) {
		log_debug("%s", e->msg);
		err_clear(e);
		return 0;
	}
	return r;
}

static bool delegates_cgroup(const void *ctx)
{
	const struct launch *l = ctx;

	return l->cgroup && l->delegated;
}

static int delegate_cgroup(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	return cgroup_delegate(l->cgroup, l->delegated, l->init.pid, l->gives_cgroup ? &l->cgroup_owner : NULL, e);
}

static bool holds_cgroup(const void *ctx)
{
	const struct launch *l = ctx;

	return l->cgroup && cgroup_is_held(l->cgroup);
}

static int settle_cgroup(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	cgroup_settle(l->cgroup);
	return 0;
}

static bool has_pid_file(const void *ctx)
{
	const struct launch *l = ctx;

	return l->pid_file;
}

static int write_pid_file(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	return state_write_pid_file(l->pid_file, l->init.pid, e);
}

static void remove_pid_file(void *ctx)
{
	const struct launch *l = ctx;

	unlink(l->pid_file);
}

/*
 * The order, with its reasons:
 *   - the poststop hooks come first so that, undone last, they find nothing left of the container;
 *   - the state directory reserves the id; whoever loses the race for it has touched nothing yet;
 *   - the cgroup is noted on disk before it is made: killed from here on, `delete --force` knows what to empty and remove;
 *   - limits before the first process is inside; the filter, sockets and mount sources before the clone, because init inherits them;
 *   - in a mount namespace of others init's mounts are taken off when init is no more, so that is armed before the clone; their numbers are on disk
 *     before they are attached;
 *   - init needs nobody while it builds its file systems, so what follows the clone runs beside it; its own words order the rest: MAPPED, CONSOLE,
 *     hooks between ROOTFS_READY and GO_ON, READY;
 *   - the record with the pid is published while init builds, which costs no time: nobody knows of the container until we return, a start that
 *     comes early waits at the gate, and should we die init dies of our silence. Only with hooks, which may ask, the container stays `creating`
 *     until it is ready;
 *   - the pid file last: who waits for it may go on at once.
 */
const struct step create_steps[] = {
	/* clang-format off */
	{ "poststop.arm",     has_poststop,       arm_poststop,      run_poststop    },
	{ "state.reserve",    NULL,               reserve_state,     release_state   },
	{ "cgroup.note",      has_cgroup,         note_cgroup,       NULL            },
	{ "cgroup.create",    has_cgroup,         create_cgroup,     remove_cgroup   },
	{ "cgroup.try",       tries_cgroup,       try_cgroup,        NULL            },
	{ "cgroup.limits",    made_cgroup,        limit_cgroup,      NULL            },
	{ "cgroup.devices",   made_cgroup,        rule_devices,      NULL            },
	{ "cgroup.give",      gives_cgroup,       give_cgroup,       NULL            },
	{ "resctrl.note",     has_resctrl,        note_resctrl,      NULL            },
	{ "resctrl.make",     has_resctrl,        make_resctrl,      remove_resctrl  },
	{ "seccomp.prepare",  has_seccomp,        prepare_seccomp,   NULL            },
	{ "hooks.output",     has_hooks,          open_hook_output,  NULL            },
	{ "console.connect",  has_console_socket, connect_console,   NULL            },
	{ "notify.open",      has_notify,         open_notify,       NULL            },
	{ "gate.listen",      has_gate,           listen_gate,       NULL            },
	{ "procfs.open",      needs_procfs,       open_procfs,       NULL            },
	{ "sources.open",     opens_for_init,     open_sources,      NULL            },
	{ "sync.open",        NULL,               open_sync,         NULL            },
	{ "rootfs.arm",       shares_mounts,      arm_root,          take_root_off   },
	{ "init.spawn",       NULL,               spawn_init,        kill_init       },
	{ "resctrl.enter",    has_resctrl,        enter_resctrl,     NULL            },
	{ "init.pidfd",       has_pidfd_receiver, send_pidfd,        NULL            },
	{ "init.oom_score",   has_oom_score,      set_oom_score,     NULL            },
	{ "ids.map",          maps_ids,           map_ids,           NULL            },
	{ "net.devices",      has_net_devices,    move_devices,      return_devices  },
	{ "rootfs.note",      shares_mounts,      note_root,         NULL            },
	{ "state.publish",    no_hooks,           publish_state,     NULL            },
	{ "console.receive",  has_console,        receive_console,   NULL            },
	{ "hooks.runtime",    has_runtime_hooks,  run_runtime_hooks, NULL            },
	{ "seccomp.agent",    has_agent,          tell_agent,        NULL            },
	{ "init.ready",       NULL,               wait_ready,        NULL            },
	{ "cgroup.delegate",  delegates_cgroup,   delegate_cgroup,   NULL            },
	{ "cgroup.settle",    holds_cgroup,       settle_cgroup,     NULL            },
	{ "state.settle",     has_runtime_hooks,  publish_state,     NULL            },
	{ "pidfile.write",    has_pid_file,       write_pid_file,    remove_pid_file },
	/* clang-format on */
};
const size_t n_create_steps = ARRAY_LEN(create_steps);
