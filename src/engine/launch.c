/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/step.h"
#include "base/vec.h"
#include "engine/create.h"
#include "engine/idmap.h"
#include "engine/launch_files.h"
#include "engine/launch_mounts.h"
#include "engine/namespaces.h"
#include "engine/snapshot_of.h"
#include "engine/tree_mount.h"
#include "engine/view.h"
#include "engine/volume.h"
#include "image/snapshot/limit.h"
#include "image/snapshot/snapshot.h"
#include "os/file.h"
#include "os/ns.h"
#include "os/path_safe.h"
#include "os/self.h"

enum { CONTROL_FD = 3, LIVE_MODE = 0700, LIVE_MODE_MAPPED = 0711 };

/* ---- predicates ------------------------------------------------------------------------------------------------------------------------------ */

static bool has_attachment(const void *ctx)
{
	const struct launch *l = ctx;

	return l->has_state ? l->state.n_addresses > 0 : joined_wants_attach(&l->nets);
}

static bool has_volumes(const void *ctx)
{
	const struct launch *l = ctx;

	for (size_t i = 0; i < l->h->c.n_mounts; i++) {
		if (l->h->c.mounts[i].kind == CONTAINER_MOUNT_VOLUME)
			return true;
	}
	return false;
}

static bool has_binds(const void *ctx)
{
	const struct launch *l = ctx;

	for (size_t i = 0; i < l->h->c.n_mounts; i++) {
		if (l->h->c.mounts[i].kind == CONTAINER_MOUNT_BIND)
			return true;
	}
	return false;
}

/* ---- live directory, root file system, volumes -------------------------------------------------------------------------------------------------- */

static void live_remove(void *ctx)
{
	struct launch *l = ctx;

	fd_done(&l->h->live);
	dir_remove_tree(l->en->live, l->h->id);
}

static int live_make(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	int r;

	if (mkdirat(l->en->live, l->h->id, idmap_is_set(&l->h->c) ? LIVE_MODE_MAPPED : LIVE_MODE) < 0)
		return err_sys(e, -errno, "make '%s'", l->h->live_path);
	store_reopen_live(l->h);
	r = l->h->live < 0 ? l->h->live : mkdirat(l->h->live, DIR_ROOTFS, LIVE_MODE) < 0 ? -errno : 0;
	if (r < 0) {
		live_remove(l);
		return err_sys(e, r, "make '%s'", l->rootfs);
	}
	return 0;
}

/* Of this run. */
static struct snapshot root_of(const struct launch *l)
{
	struct snapshot s = snapshot_of(l->h, l->layers, l->a);

	s.is_volatile = l->h->c.request.auto_remove;
	s.maps = l->maps.n_uids ? &l->maps : NULL;
	return s;
}

static int rootfs_place(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	struct snapshot s = root_of(l);
	int64_t size = l->h->c.request.storage_size;
	int r = size > 0 ? limit_restore(l->en->root, l->h->object.fd, (uint64_t)size, e) : 0;

	bool people;

	if (r < 0)
		return r;
	people = tree_mount_suspend(l->en, l->h->id);
	r = snapshot_mount(&s, &l->en->facts, l->h->live, DIR_ROOTFS, e);
	if (r < 0)
		return r;
	if (people)
		tree_mount_resume(l->en, l->h->id, l->rootfs);
	l->rootfs_fd = dir_open(l->h->live, DIR_ROOTFS);
	if (l->rootfs_fd < 0) {
		snapshot_unmount(&s, l->rootfs);
		return err_sys(e, l->rootfs_fd, "open '%s'", l->rootfs);
	}
	return 0;
}

static void rootfs_drop(void *ctx)
{
	struct launch *l = ctx;

	struct snapshot s = root_of(l);

	fd_done(&l->rootfs_fd);
	snapshot_unmount(&s, l->rootfs);
}

static void volumes_let_go(void *ctx)
{
	struct launch *l = ctx;

	for (size_t i = 0; i < l->h->c.n_mounts; i++)
		if (l->h->c.mounts[i].kind == CONTAINER_MOUNT_VOLUME)
			volume_let_go(l->en, l->h->c.mounts[i].source, NULL, l->h->id);
}

static int volumes_fill(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	/* What goes into a volume has the owners it has in the image, whatever ids the container shows them with. */
	scoped_fd int plain = l->maps.n_uids && ns_is_initial_user() != 0 ? view_open(l->en, l->layers, e) : -EBADF;

	if (plain < 0 && plain != -EBADF)
		return plain;

	for (size_t i = 0; i < l->h->c.n_mounts; i++) {
		int r = 0;

		if (l->h->c.mounts[i].kind == CONTAINER_MOUNT_VOLUME)
			r = volume_prepare(l->en, &l->h->c.mounts[i], plain >= 0 ? plain : l->rootfs_fd, l->h->id, e);
		if (r < 0) {
			volumes_let_go(l);
			return r;
		}
	}
	return 0;
}

static int binds_make(void *ctx, struct err *e)
{
	struct launch *l = ctx;

	for (size_t i = 0; i < l->h->c.n_mounts; i++) {
		const struct container_mount *m = &l->h->c.mounts[i];
		struct stat st;
		int r;

		if (m->kind != CONTAINER_MOUNT_BIND || stat(m->source, &st) == 0)
			continue;
		if (errno != ENOENT || !m->create_source)
			return err_sys(e, -errno, "bind source '%s'", m->source);
		r = dir_ensure_all(AT_FDCWD, m->source, 0755);
		if (r < 0)
			return err_sys(e, r, "make bind source '%s'", m->source);
	}
	return 0;
}

/* ---- network ------------------------------------------------------------------------------------------------------------------------------------- */

static void network_give_back(void *ctx)
{
	struct launch *l = ctx;
	struct err ignored = { 0 };  /* undo goes on; `system check` finds what stays */

	for (size_t i = 0; i < l->state.n_addresses; i++)
		network_detach(l->nets.n, l->h->id, &l->state.addresses[i], &ignored);
	/* Once: the starter that saw the end gives back before cleanup, which does it again. */
	for (size_t i = 0; l->has_state && i < l->state.n_addresses; i++)
		network_event(l->en, &l->state.addresses[i], "disconnect", l->h->id);
}

/* The address and the ports of one network. */
static int network_take_one(struct launch *l, size_t i, struct err *e)
{
	const struct container_request *q = &l->h->c.request;
	struct network_request want = networks_request(l->h, &l->nets, i);
	struct container_address *address = &l->state.addresses[l->state.n_addresses];
	const struct network_config *config = l->nets.v[i].config;
	struct err why;
	int r = 0;

	if (i == l->nets.publishing) {
		want.ports = q->ports;
		want.n_ports = q->n_ports;
		r = q->publish_all ? launch_publish_all(l, &want, e) : 0;
	}
	if (r == 0)
		r = network_reserve(l->nets.n, config, &want, l->a, address, e);
	/* The port or address may be with somebody who was killed. */
	if (r < 0 && (e->kind == ERR_CONFLICT || e->kind == ERR_EXISTS || e->kind == ERR_EXHAUSTED) &&
	    network_heal(l->nets.n, store_is_alive, l->en, &why) > 0)
		r = network_reserve(l->nets.n, config, &want, l->a, address, e);
	l->state.n_addresses += r == 0;
	return r;
}

static int network_take(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	int r = 0;

	l->state.addresses = arena_array(l->a, struct container_address, l->nets.count);
	for (size_t i = 0; r == 0 && i < l->nets.count; i++)
		r = network_take_one(l, i, e);
	if (r < 0)
		network_give_back(l);
	return r;
}

static int network_connect(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	const struct container_request *q = &l->h->c.request;
	struct network_resolver resolver = { q->dns, q->dns_search };
	char path[64];
	scoped_fd int netns = -EBADF;
	int r = 0;

	snprintf(path, sizeof path, "/proc/%d/ns/net", l->pid);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return err_sys(e, -errno, "open the network namespace of process %d", l->pid);
	for (size_t i = 0; r == 0 && i < l->nets.count; i++)
		r = network_attach(l->nets.n, l->nets.v[i].config, l->h->id, &l->state.addresses[i], &resolver, netns, e);
	for (size_t i = 0; r == 0 && i < l->nets.count; i++)
		network_event(l->en, &l->state.addresses[i], "connect", l->h->id);
	return r;
}

static bool shares_network(const void *ctx)
{
	const struct launch *l = ctx;

	return network_mode_container(l->h->c.request.network);
}

static int network_pin(void *ctx, struct err *e)
{
	struct launch *l = ctx;

	return namespaces_pin_one(l, network_mode_container(l->h->c.request.network), NS_NET, e);
}

static void network_unpin(void *ctx)
{
	namespaces_unpin_one(ctx, NS_NET);
}

/* ---- monitor ------------------------------------------------------------------------------------------------------------------------------------- */

/* The container has our own streams: there is nothing to attach to. */
static bool is_passthrough(const struct launch *l)
{
	return streq(l->h->c.request.log_driver, enumtab_name(&monitor_logs, MONITOR_LOG_PASSTHROUGH));
}

static int monitor_spawn(struct launch *l, int theirs, struct err *e)
{
	const char *words[] = { l->monitor, "--config", arena_printf(l->a, "%s/" FILE_MONITOR, l->h->live_path), "--control-fd", "3" };
	scoped_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	bool passthrough = is_passthrough(l);
	struct proc_fd fds[] = { { theirs, CONTROL_FD }, { null, 0 }, { null, 1 }, { null, 2 } };
	int r;

	if (null < 0)
		return err_sys(e, -errno, "open /dev/null");
	for (int i = 0; passthrough && i < 3; i++) {
		/* It could type into the terminal of whoever starts it. */
		if (isatty(i))
			return err_set(e, ERR_INVALID, "log driver passthrough gives the container our own streams, and one of them is a terminal");
		fds[1 + i].fd = fcntl(i, F_GETFD) < 0 ? null : i;
	}
	r = proc_spawn(&PROC_SPAWN(.path = l->monitor, .argv = strs_argv(l->a, &(struct strs){ words, ARRAY_LEN(words) }), .fds = fds,
			.n_fds = ARRAY_LEN(fds) - l->en->debug, .setsid = true), &l->proc);
	return r < 0 ? err_sys(e, r, "start '%s'", l->monitor) : 0;
}

/* The monitor said that it failed (it then deletes everything itself), or it never got far: end it for good and delete in its place. */
static void monitor_undo(void *ctx)
{
	struct launch *l = ctx;
	struct monitor_frame *f = arena_new(l->a, struct monitor_frame);
	struct err ignored = { 0 };  /* we are undoing */

	if (l->failed) {
		while (monitor_receive(l->control, f, &ignored) > 0)
			;
	} else if (l->proc.pidfd >= 0) {
		proc_signal(l->proc.pidfd, SIGKILL);
		proc_wait_end(l->proc.pidfd, -1);
	}
	fd_done(&l->control);
	program_delete(l->runtime.path, l->runtime.root, l->h->id, &ignored);
}

static int monitor_create(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	struct monitor_frame *f = arena_new(l->a, struct monitor_frame);
	scoped_fd int theirs = -EBADF;
	int r = monitor_pair(&l->control, &theirs, e);

	if (r == 0)
		r = monitor_spawn(l, theirs, e);
	if (r < 0)
		return r;
	fd_done(&theirs);
	/* The foreground starter cleans up itself; otherwise the monitor's exit command does. */
	if (l->io)
		r = monitor_send(l->control, MONITOR_RELEASE, NULL, 0, e);
	/* A monitor that has failed already does not hear us, but has said why. */
	if (r == 0 || r == -EPIPE)
		r = monitor_expect(l->control, MONITOR_CREATED, f, e);
	if (r < 0) {
		l->failed = true;
		monitor_undo(l);
		return r;
	}
	l->pid = monitor_frame_number(f);
	return 0;
}

static int monitor_go(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	struct monitor_frame *f = arena_new(l->a, struct monitor_frame);
	int r = 0;

	if (l->io) {
		r = attach_begin(&l->at, l->io, l->control, l->a, e);
		l->at.in_open &= !is_passthrough(l);
		if (r == 0)
			r = attach_request(&l->at, true, e);
	}
	if (r == 0) {
		l->failed = true;       /* from here on a failure is the monitor's word, or its end */
		r = monitor_send(l->control, MONITOR_START, NULL, 0, e);
	}
	if (r == 0)
		r = l->io ? attach_until_started(&l->at, e) : monitor_expect(l->control, MONITOR_STARTED, f, e);
	if (r == -ESRCH && !l->io)
		r = 0;          /* started and ended already */
	if (r < 0)
		attach_done(&l->at);
	else
		l->failed = false;
	return r;
}

/* ---- from here on it survives us ------------------------------------------------------------------------------------------------------------------- */

static bool is_new(const void *ctx)
{
	const struct launch *l = ctx;

	return l->is_new;
}

static int container_finish(void *ctx, struct err *e)
{
	struct launch *l = ctx;

	return create_finish(l->h, e);
}

/* ---- the table ------------------------------------------------------------------------------------------------------------------------------------- */

/*
 * Order: the live directory is first and goes last, because its existence says "there is something to clean up". The root file system must stand
 * before users are looked up in it (config.write) and volumes filled from it. Addresses are reserved before files.write puts them into hosts,
 * and state.json is written before the monitor exists, so that whoever finds a dead monitor knows what to give back. The network goes in between
 * CREATED and START: the namespace is the runtime's, and the program must find its network ready. A container made by `run` is finished last: if
 * we die before that, nothing of it stays.
 */
/* clang-format off */
static const struct step launch_steps[] = {
	{ "live.make",       NULL,           live_make,          live_remove },
	{ "namespaces.pin",  namespaces_are_joined, namespaces_pin, namespaces_unpin },
	{ "shm.mount",       namespaces_share_shm, namespaces_place_shm, namespaces_drop_shm },
	{ "rootfs.mount",    NULL,           rootfs_place,       rootfs_drop },
	{ "volumes.fill",    has_volumes,    volumes_fill,       volumes_let_go },
	{ "binds.make",      has_binds,      binds_make,         NULL },
	{ "mounts.place",    launch_has_placed, launch_place,    launch_unplace },
	{ "mounts.own",      launch_has_owned, launch_own,       NULL },
	{ "secrets.write",   launch_has_secrets, launch_write_secrets, NULL },
	{ "network.pin",     shares_network, network_pin,        network_unpin },
	{ "network.reserve", has_attachment, network_take,       network_give_back },
	{ "live.write",      NULL,           launch_write_live,  NULL },
	{ "config.write",    NULL,           launch_write_config, NULL },
	{ "monitor.spawn",   NULL,           monitor_create,     monitor_undo },
	{ "network.connect", has_attachment, network_connect,    NULL },
	{ "container.finish", is_new,        container_finish,   NULL },
	{ "monitor.start",   NULL,           monitor_go,         NULL },
};
/* clang-format on */

static int programs_find(struct launch *l, struct err *e)
{
	const struct container_request *q = &l->h->c.request;
	char *path;
	int r = program_runtime(l->en, q->runtime, l->a, &l->runtime, e);

	if (r < 0)
		return r;
	if (self_find_program("tare-monitor", l->a, &path) < 0)
		return err_set(e, ERR_NOT_FOUND, "tare-monitor is not installed beside tare");
	l->monitor = path;
	if (self_path(l->a, &path) < 0)
		return err_set(e, ERR_INTERNAL, "cannot find our own program");
	l->self = path;
	if (q->init && self_find_program(q->isolation.init_path ? q->isolation.init_path : "tare-init", l->a, &path) < 0)
		return q->isolation.init_path ? err_set(e, ERR_NOT_FOUND, "--init-path '%s': there is no such program", q->isolation.init_path)
					     : err_set(e, ERR_NOT_FOUND, "tare-init is not installed beside tare");
	l->init = q->init ? path : NULL;
	return 0;
}

int launch_init(struct launch *l, struct engine *en, struct holding *h, const struct strs *layers, struct arena *a, struct err *e)
{
	int r;

	*l = LAUNCH_NONE;
	l->en = en;
	l->a = a;
	l->h = h;
	l->layers = layers;
	l->rootfs = arena_printf(a, "%s/" DIR_ROOTFS, h->live_path);
	l->maps = idmap_maps(&h->c, a);
	r = programs_find(l, e);
	if (r == 0)
		r = networks_join(h, a, &l->nets, e);
	l->state.runtime = l->runtime.path;
	l->state.runtime_root = l->runtime.root;
	return r;
}

void launch_done(struct launch *l)
{
	fd_done(&l->rootfs_fd);
	fd_done(&l->control);
	fd_done(&l->proc.pidfd);
	attach_done(&l->at);
}

int launch_run(struct launch *l, struct err *e)
{
	return steps_run(launch_steps, ARRAY_LEN(launch_steps), l, e);
}

void launch_release(struct launch *l)
{
	struct monitor_frame *f = arena_new(l->a, struct monitor_frame);
	struct err ignored = { 0 };  /* a monitor that breaks off here leaves its work to launch_cleanup() */

	network_give_back(l);
	rootfs_drop(l);
	while (monitor_receive(l->control, f, &ignored) > 0)
		;
	fd_done(&l->control);
}

/* ---- cleanup --------------------------------------------------------------------------------------------------------------------------------------- */

/* Everybody but us. */
static bool is_another(void *arg, const char *id)
{
	return !streq(id, arg);
}

/* What the run took, from state.json; without it nothing but a mount and a reservation that was not written down can be there. */
static int state_recover(struct launch *l, struct err *e)
{
	struct err first = { 0 };
	int r = store_read_state(l->h, l->a, &l->state, &first);

	l->has_state = r == 0;
	if (r == 0) {
		l->runtime = (struct program){ l->state.runtime, l->state.runtime_root };
		return engine_network(l->en, &l->nets.n, e);
	}
	l->has_state = true;
	l->state = (struct container_state){ 0 };
	r = program_runtime(l->en, l->h->c.request.runtime, l->a, &l->runtime, e);
	if (r == 0)
		r = engine_network(l->en, &l->nets.n, e);
	if (r == 0)
		r = network_heal(l->nets.n, is_another, arena_strdup(l->a, l->h->id), e);
	return r < 0 ? r : 0;
}

/* Kills an init whose runtime state is gone or was never written. */
static void init_kill(struct launch *l)
{
	struct monitor_state s = { 0 };
	struct err ignored = { 0 };  /* no record: nothing was started */
	scoped_fd int pidfd = -EBADF;

	if (monitor_state_load(l->h->live_path, l->a, &s, &ignored) < 0 || !s.pid)
		return;
	pidfd = proc_open_checked((pid_t)s.pid, s.pid_start);
	if (pidfd < 0)
		return;
	proc_signal(pidfd, SIGKILL);
	proc_wait_end(pidfd, -1);
}

int launch_cleanup(struct engine *en, struct holding *h, struct arena *a, struct err *e)
{
	scoped_launch struct launch l = LAUNCH_NONE;
	int r;

	if (h->live < 0)
		return 0;
	l.en = en;
	l.a = a;
	l.h = h;
	l.rootfs = arena_printf(a, "%s/" DIR_ROOTFS, h->live_path);
	r = state_recover(&l, e);
	if (r < 0)
		return r;
	r = launch_keep_exit(&l, e);
	if (r < 0)
		return r;
	r = program_delete(l.runtime.path, l.runtime.root, h->id, e);
	if (r < 0)
		return r;
	init_kill(&l);
	steps_undo(launch_steps, ARRAY_LEN(launch_steps), &l);
	return 0;
}
