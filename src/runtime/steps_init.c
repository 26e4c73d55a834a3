/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The birth of a container, seen from inside. The table and the reasons for its order stand at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/mount.h"
#include "os/netif.h"
#include "os/path_safe.h"
#include "os/procfs.h"
#include "os/userns.h"
#include "runtime/devices.h"
#include "runtime/hooks.h"
#include "runtime/launch.h"
#include "runtime/paths.h"
#include "runtime/root.h"
#include "runtime/sync.h"
#include "spec/sysctls.h"

#define PARENT "the runtime"

/* ---- who we are ----------------------------------------------------------------------------------------------------------------------- */

static bool has_time_offsets(const void *ctx)
{
	const struct launch *l = ctx;

	return l->config->linux->n_time_offsets > 0;
}

static int write_time_offsets(const struct launch *l, struct err *e)
{
	const struct oci_linux *x = l->config->linux;

	for (size_t i = 0; i < x->n_time_offsets; i++) {
		const struct oci_time_offset *t = &x->time_offsets[i];
		char line[64];
		int r;

		snprintf(line, sizeof line, "%s %lld %u\n", t->key, (long long)t->secs, t->nanosecs);
		r = procfs_write(l->procfd, "self/timens_offsets", line);
		if (r < 0)
			return err_sys(e, r, "write the time offset of %s", t->key);
	}
	return 0;
}

/* The offsets hold for whoever comes: for us, who go where our children would be born. */
static int make_time(void *ctx, struct err *e)
{
	const struct launch *l = ctx;
	int r = ns_unshare(ns_table[NS_TIME].flag);

	if (r < 0)
		return err_sys(e, r, "unshare the time namespace");
	r = write_time_offsets(l, e);
	if (r < 0)
		return r;
	r = ns_join_own_time(l->procfd);
	return r < 0 ? err_sys(e, r, "enter the time namespace") : 0;
}

static bool guards_early(const void *ctx)
{
	const struct launch *l = ctx;

	return !l->plan.late_dumpable;
}

static bool guards_late(const void *ctx)
{
	return !guards_early(ctx);
}

/* Nobody in the namespaces we enter may look at our memory or descriptors (CVE-2016-9962). */
static int guard(void *ctx, struct err *e)
{
	int r = proc_set_dumpable(false);

	return r < 0 ? err_sys(e, r, "become undumpable") : 0;
}

static bool has_cgroup(const void *ctx)
{
	const struct launch *l = ctx;

	return l->cgroup;
}

static int enter_cgroup(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	return cgroup_enter(l->cgroup, e);
}

static int empty_reserve(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	return cgroup_empty_reserve(l->cgroup, e);
}

static bool maps_ids(const void *ctx)
{
	const struct launch *l = ctx;

	return l->plan.map_ids;
}

static int wait_mapped(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	return sync_expect(l->sync_init, SYNC_MAPPED, PARENT, e);
}

static bool joins(const void *ctx)
{
	const struct launch *l = ctx;

	return l->plan.init_joins.n > 0;
}

static int join_namespaces(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	return launch_join(&l->plan.init_joins, e);
}

static bool in_userns(const void *ctx)
{
	const struct launch *l = ctx;

	return l->plan.userns;
}

static int become_root(void *ctx, struct err *e)
{
	const struct launch *l = ctx;
	int r = userns_become_root(l->plan.keep_groups);

	return r < 0 ? err_sys(e, r, "become root of the user namespace") : 0;
}

static bool unshares(const void *ctx)
{
	const struct launch *l = ctx;

	return l->plan.init_unshare & (CLONE_NEWCGROUP | CLONE_NEWIPC);
}

static int unshare_namespaces(void *ctx, struct err *e)
{
	const struct launch *l = ctx;
	int r = ns_unshare(l->plan.init_unshare & (CLONE_NEWCGROUP | CLONE_NEWIPC));

	return r < 0 ? err_sys(e, r, "unshare the cgroup and IPC namespaces") : 0;
}

static bool wants_keyring(const void *ctx)
{
	const struct launch *l = ctx;

	return !l->opts->no_new_keyring;
}

static int join_keyring(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	return program_join_keyring(&l->program, l->opts->id, l->procfd, true, e);
}

static bool has_own_network(const void *ctx)
{
	const struct launch *l = ctx;

	return l->plan.clone_flags & CLONE_NEWNET;
}

/* A kernel without IPv4 has nothing to set up. */
static int set_loopback_up(void *ctx, struct err *e)
{
	int r = netif_loopback_up();

	return r < 0 && r != -EAFNOSUPPORT ? err_sys(e, r, "set the loopback interface up") : 0;
}

static bool has_net_devices(const void *ctx)
{
	const struct launch *l = ctx;

	return l->config->linux->n_net_devices > 0;
}

static int wait_devices(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	return sync_expect(l->sync_init, SYNC_DEVICES_MOVED, PARENT, e);
}

static bool has_names(const void *ctx)
{
	const struct launch *l = ctx;

	return (l->config->hostname && *l->config->hostname) || (l->config->domainname && *l->config->domainname);
}

static int set_names(void *ctx, struct err *e)
{
	const struct launch *l = ctx;
	const char *host = l->config->hostname, *domain = l->config->domainname;

	if (host && *host && sethostname(host, strlen(host)) < 0)
		return err_sys(e, -errno, "set the hostname '%s'", host);
	if (domain && *domain && setdomainname(domain, strlen(domain)) < 0)
		return err_sys(e, -errno, "set the domainname '%s'", domain);
	return 0;
}

static bool has_sysctls(const void *ctx)
{
	const struct launch *l = ctx;

	return l->config->linux->sysctl.n > 0;
}

static int write_sysctls(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	for (size_t i = 0; i < l->config->linux->sysctl.n; i++) {
		const struct pair *p = &l->config->linux->sysctl.v[i];
		int r = procfs_write(l->procfd, sysctl_path(p->key, l->a), p->value);

		if (r < 0)
			return err_sys(e, r, "set the sysctl '%s' to '%s'", p->key, p->value);
	}
	return 0;
}

/* ---- the tree ------------------------------------------------------------------------------------------------------------------------- */

static bool shares_mounts(const void *ctx)
{
	const struct launch *l = ctx;

	return l->plan.root == LAUNCH_ROOT_CHANGE;
}

static bool owns_mounts(const void *ctx)
{
	return !shares_mounts(ctx);
}

static bool is_shared(const void *ctx)
{
	const struct launch *l = ctx;
	uint64_t propagation = 0;
	bool recursive;

	return l->config->linux->rootfs_propagation && *l->config->linux->rootfs_propagation &&
		mount_propagation_find(l->config->linux->rootfs_propagation, &propagation, &recursive) == 0 && propagation == MS_SHARED;
}

/*
 * Nothing we mount may reach the host; what the host mounts may reach us unless rootfsPropagation says otherwise. Of what cannot be bound no
 * container can be made: to become unbindable the mounts are private first, and the container's root is made so after the pivot.
 */
static int set_propagation(void *ctx, struct err *e)
{
	const struct launch *l = ctx;
	const char *word = l->config->linux->rootfs_propagation;
	uint64_t propagation = MS_SLAVE;
	bool recursive;
	int r;

	if (word && *word && mount_propagation_find(word, &propagation, &recursive) < 0)
		return err_set(e, ERR_INVALID, "linux.rootfsPropagation: unknown word '%s'", word);
	if (propagation == MS_UNBINDABLE)
		propagation = MS_PRIVATE;
	r = mount_classic(NULL, "/", NULL, MS_REC | propagation, NULL);
	return r < 0 ? err_sys(e, r, "change the propagation of '/'") : 0;
}

/* With shared propagation the mount that holds the rootfs would pass our tree on to the host: it alone becomes private. */
static int make_parent_private(void *ctx, struct err *e)
{
	const struct launch *l = ctx;
	char *path = arena_strdup(l->a, l->rootfs);
	int r = -EINVAL;

	while (*path && r == -EINVAL) {
		r = mount_classic(NULL, path, NULL, MS_PRIVATE, NULL);
		*strrchr(path, '/') = '\0';
	}
	if (r == -EINVAL)
		r = mount_classic(NULL, "/", NULL, MS_PRIVATE, NULL);
	return r < 0 ? err_sys(e, r, "make the mount below the rootfs private") : 0;
}

/* Hooks look for the tree at the path of the rootfs, so it is attached there; container root who cannot get there gets it on "/". */
static int attach_tree(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	scoped_fd int target = openat(AT_FDCWD, l->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (target < 0 && errno == EACCES)
		target = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (target < 0)
		return err_sys(e, -errno, "open the rootfs '%s'", l->rootfs);
	if (l->tree < 0) {
		l->tree = mount_clone(target, "", true);
		if (l->tree < 0)
			return err_sys(e, l->tree, "copy the mounts at '%s'", l->rootfs);
	}
	r = mount_change(l->tree, true, 0, 0, MS_SLAVE);
	if (r == 0)
		r = mount_move(l->tree, target);
	return r < 0 ? err_sys(e, r, "attach the rootfs '%s'", l->rootfs) : 0;
}

/* Where others live the parent writes down what we are about to attach. */
static int share_tree(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	scoped_root_copy struct root_copy copy = ROOT_COPY_NONE;
	int r = root_copy(l->rootfs, &copy, l->state.root, e);

	if (r == 0)
		r = sync_say_mounts(l->sync_init, (uint64_t[]){ l->state.root->holder, l->state.root->tree }, e);
	if (r == 0)
		r = sync_expect(l->sync_init, SYNC_GO_ON, PARENT, e);
	if (r == 0)
		r = root_put(&copy, e);
	if (r == 0)
		l->tree = take_fd(&copy.tree);
	return r;
}

static int apply_mounts(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	const struct mount_site site = {
		.roots = &l->roots,
		.a = l->a, .root = l->tree, .bundle = l->bundle, .userns = l->plan.userns, .shared = shares_mounts(l),
		.label = l->plan.mount_label,
		.own_pids = oci_namespace_find(l->config->linux, OCI_NS_PID) != NULL,
		.cgroupns = oci_namespace_find(l->config->linux, OCI_NS_CGROUP) != NULL,
		.cgroup = l->cgroup ? cgroup_record(l->cgroup) : NULL,
	};

	return mount_jobs_apply(&l->mounts, &site, e);
}

static int make_devices(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	return devices_make(l->tree, l->config->linux, l->plan.userns, e);
}

static int link_devices(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	return devices_link(l->tree, e);
}

static bool has_console(const void *ctx)
{
	const struct launch *l = ctx;

	return l->plan.console != LAUNCH_CONSOLE_NONE;
}

static int make_console(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	int r = terminal_make(l->tree, l->config->process->console_size, &l->terminal, e);

	if (r == 0)
		r = sync_say_fd(l->sync_init, SYNC_CONSOLE, l->terminal.master, e);
	if (r == 0)
		r = terminal_bind_console(l->tree, &l->terminal, e);
	fd_done(&l->terminal.master);
	return r;
}

/* ---- hooks, the last touches, the pivot ------------------------------------------------------------------------------------------------- */

static bool waits_for_hooks(const void *ctx)
{
	const struct launch *l = ctx;

	return l->plan.hooks_runtime;
}

static int wait_hooks(void *ctx, struct err *e)
{
	const struct launch *l = ctx;
	int r = sync_say(l->sync_init, SYNC_ROOTFS_READY, e);

	return r < 0 ? r : sync_expect(l->sync_init, SYNC_GO_ON, PARENT, e);
}

static bool has_container_hooks(const void *ctx)
{
	const struct launch *l = ctx;

	return hooks_count(l->config->hooks, HOOK_CREATE_CONTAINER) > 0;
}

static int run_container_hooks(void *ctx, struct err *e)
{
	struct launch *l = ctx;

	l->state.pid = getpid();
	return hooks_run(l->config->hooks, HOOK_CREATE_CONTAINER, &l->state, &l->hook_output, e);
}

static bool has_cwd(const void *ctx)
{
	const struct launch *l = ctx;

	return !streq(l->config->process->cwd, "/");
}

static int make_cwd(void *ctx, struct err *e)
{
	const struct launch *l = ctx;
	scoped_fd int fd = path_mkdir(l->tree, l->config->process->cwd, 0755, PATH_IN_ROOT);

	/* A cwd that is no directory, or a magic link, is the program's problem: chdir will say so after the pivot. */
	if (fd < 0 && fd != -ELOOP && fd != -EROFS)
		return err_sys(e, fd, "make the working directory '%s'", l->config->process->cwd);
	return 0;
}

static bool has_label(const void *ctx)
{
	const struct oci_process *p = ((const struct launch *)ctx)->config->process;

	return lsm_wants(p);
}

/* Written right before the program is executed. */
static int open_label(void *ctx, struct err *e)
{
	struct launch *l = ctx;

	return program_open_label(&l->program, l->procfd, e);
}

static int make_readonly(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	return paths_make_readonly(l->tree, &l->roots, &l->config->linux->readonly_paths, e);
}

static int mask_paths(void *ctx, struct err *e)
{
	const struct launch *l = ctx;

	return paths_mask(l->tree, &l->roots, &l->plan.mount_label, &l->config->linux->masked_paths, e);
}

static bool is_readonly(const void *ctx)
{
	const struct launch *l = ctx;

	return l->config->root->readonly;
}

static int make_root_readonly(void *ctx, struct err *e)
{
	const struct launch *l = ctx;
	int r = mount_change(l->tree, false, MOUNT_ATTR_RDONLY, 0, 0);

	return r < 0 ? err_sys(e, r, "make the rootfs read-only") : 0;
}

static bool pivots(const void *ctx)
{
	const struct launch *l = ctx;

	return l->plan.root == LAUNCH_ROOT_PIVOT;
}

static bool moves(const void *ctx)
{
	const struct launch *l = ctx;

	return l->plan.root == LAUNCH_ROOT_MOVE;
}

static int pivot(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	int r = mount_pivot(l->tree);

	fd_done(&l->tree);
	return r < 0 ? err_sys(e, r, "pivot_root") : 0;
}

static int move_root(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	int r = root_move(l->tree, l->a, e);

	fd_done(&l->tree);
	return r;
}

static int change_root(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	const struct oci_capabilities *caps = l->config->process->capabilities;

	fd_done(&l->tree);
	if (caps && strs_has(&caps->bounding, "CAP_SYS_CHROOT"))
		log_warn("no mount namespace of its own: the container's root is a chroot, and CAP_SYS_CHROOT leads out of it");
	return root_change(l->state.root, l->rootfs, e);
}

static bool has_propagation(const void *ctx)
{
	const struct launch *l = ctx;

	return l->config->linux->rootfs_propagation && *l->config->linux->rootfs_propagation;
}

static int set_root_propagation(void *ctx, struct err *e)
{
	const struct launch *l = ctx;
	uint64_t propagation = MS_SLAVE;
	bool recursive = false;
	int r = mount_propagation_find(l->config->linux->rootfs_propagation, &propagation, &recursive);

	if (r == 0)
		r = mount_classic(NULL, "/", NULL, propagation | (recursive ? MS_REC : 0), NULL);
	return r < 0 ? err_sys(e, r, "change the propagation of the container's '/'") : 0;
}

/*
 * The order, with its reasons:
 *   - offsets of time before all, for /proc/self/timens_offsets of an undumpable process belongs to root of the host;
 *   - undumpable then, before any namespace with strangers in it is entered; as an unprivileged user only after the maps are written,
 *     because our parent may not write them for an undumpable child;
 *   - the cgroup before its namespace: the namespace's root is where its maker stands; and before anything is allocated, so that it is counted;
 *   - the reserve right behind it: the less there is in it yet the better, and below a cgroup namespace the kernel refuses it;
 *   - root of the user namespace before everything that needs a right in it;
 *   - names and sysctls while the host's procfs is in sight: they act on our namespaces all the same, and nobody can put a file in their way
 *     (CVE-2025-52881);
 *   - mounts before devices (/dev may be one of them), devices before the console (it is bound over /dev/console);
 *   - all hooks of create after mounts and devices, as the specification wants, and before the masks, which would hide what hooks change;
 *   - masks, read-only paths and a read-only root after everything that writes below the root, and before the pivot, because their sources are
 *     the host's;
 *   - the pivot last of the mounts; program_steps, which take over, begin by closing every descriptor of the host.
 */
const struct step init_steps[] = {
	/* clang-format off */
	{ "time.make",           has_time_offsets,    make_time,            NULL },
	{ "init.guard",          guards_early,        guard,                NULL },
	{ "cgroup.enter",        has_cgroup,          enter_cgroup,         NULL },
	{ "cgroup.reserve",      has_cgroup,          empty_reserve,        NULL },
	{ "ids.mapped",          maps_ids,            wait_mapped,          NULL },
	{ "ns.join",             joins,               join_namespaces,      NULL },
	{ "ids.root",            in_userns,           become_root,          NULL },
	{ "init.guard_late",     guards_late,         guard,                NULL },
	{ "ns.unshare",          unshares,            unshare_namespaces,   NULL },
	{ "keyring.join",        wants_keyring,       join_keyring,         NULL },
	{ "net.loopback",        has_own_network,     set_loopback_up,      NULL },
	{ "net.wait",            has_net_devices,     wait_devices,         NULL },
	{ "names.set",           has_names,           set_names,            NULL },
	{ "sysctl.write",        has_sysctls,         write_sysctls,        NULL },
	{ "rootfs.propagation",  owns_mounts,         set_propagation,      NULL },
	{ "rootfs.parent",       is_shared,           make_parent_private,  NULL },
	{ "rootfs.attach",       owns_mounts,         attach_tree,          NULL },
	{ "rootfs.share",        shares_mounts,       share_tree,           NULL },
	{ "mounts.apply",        NULL,                apply_mounts,         NULL },
	{ "devices.make",        NULL,                make_devices,         NULL },
	{ "devices.link",        NULL,                link_devices,         NULL },
	{ "console.make",        has_console,         make_console,         NULL },
	{ "hooks.wait",          waits_for_hooks,     wait_hooks,           NULL },
	{ "hooks.container",     has_container_hooks, run_container_hooks,  NULL },
	{ "cwd.make",            has_cwd,             make_cwd,             NULL },
	{ "label.open",          has_label,           open_label,           NULL },
	{ "paths.readonly",      NULL,                make_readonly,        NULL },
	{ "paths.mask",          NULL,                mask_paths,           NULL },
	{ "rootfs.readonly",     is_readonly,         make_root_readonly,   NULL },
	{ "rootfs.pivot",        pivots,              pivot,                NULL },
	{ "rootfs.move",         moves,               move_root,            NULL },
	{ "rootfs.change",       shares_mounts,       change_root,          NULL },
	{ "rootfs.propagate",    has_propagation,     set_root_propagation, NULL },
	/* clang-format on */
};
const size_t n_init_steps = ARRAY_LEN(init_steps);
