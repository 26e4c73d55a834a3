/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a container back from disk. The table and the reasons for its order stand at the end.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/proc.h"
#include "runtime/checkpoint/externals.h"
#include "runtime/checkpoint/request.h"
#include "runtime/hooks.h"

#define RESTORE_LOG "restore.log"
#define RESTORE_ROOT "root" /* in the state directory: where criu finds the rootfs as a mount */

struct restore {
	/* given */
	struct launch *l;
	const struct checkpoint_options *o;
	struct arena *a;
	int signals;
	struct request_site site;  /* paths given, restore.images */

	struct criu_opts q;        /* restore.options, restore.externals */
	int oldest;                /* the version this needs */
	int namespaces[2];         /* restore.externals: to be handed over */
	size_t n_namespaces;
	const char *root;          /* restore.root */
	struct criu criu;          /* restore.criu */
};

/* ---- the ground: rows of create_steps ----------------------------------------------------------------------------------------------------- */

/* What a new container and one from disk have alike; and what is due when its processes are there. */
static const char *const ground[] = { "poststop.arm", "state.reserve", "cgroup.note", "cgroup.create", "cgroup.limits", "hooks.output", "console.connect" };

static const char *const arrival[] = { "cgroup.settle" };

static void take_rows(const char *const *names, size_t n, struct step *ret)
{
	for (size_t i = 0; i < n; i++) {
		const struct step *s = create_steps;

		while (s < create_steps + n_create_steps && !streq(s->name, names[i]))
			s++;
		assert(s < create_steps + n_create_steps && "create_steps has no such row");
		ret[i] = *s;
	}
}

/* ---- steps ---------------------------------------------------------------------------------------------------------------------------------- */

static int open_images(void *ctx, struct err *e)
{
	struct restore *t = ctx;

	return request_open(&t->site, false, e);
}

static void close_images(void *ctx)
{
	struct restore *t = ctx;

	request_close(&t->site);
}

static int take_options(void *ctx, struct err *e)
{
	struct restore *t = ctx;

	if (t->l->config->linux->intel_rdt)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: linux.intelRdt: criu brings no process back into a resctrl group");
	return request_options(t->o, &t->l->config->annotations, t->a, &t->q, &t->oldest, e);
}

/* Images are hostile: a link would show us another file, a pipe would make us wait. */
static int give_descriptors(struct restore *t, struct err *e)
{
	scoped_fd int fd = openat(t->site.images, EXTERNALS_DESCRIPTORS, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	scoped_buf struct buf b = BUF(LIMIT_DESCRIPTORS);
	struct stat st;
	int r = fd < 0 || fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? fd_read_buf(fd, &b) : -EINVAL;

	if (r < 0)
		return err_sys(e, r, "read '%s/%s'", t->site.images_path, EXTERNALS_DESCRIPTORS);
	return externals_give_descriptors(buf_str(&b), t->a, &t->q, e);
}

/* The place of a cgroup directory in its hierarchy. */
static const char *cgroup_path(const char *dir, const struct mount_infos *mounts, struct arena *a)
{
	const struct mount_info *m = mount_infos_find(mounts, dir);
	const char *below = m ? str_after(dir, m->target) : NULL;

	if (!below)
		return NULL;
	return arena_printf(a, "%s%s", streq(m->root, "/") ? "" : m->root, *below ? below : "/");
}

/*
 * Images name the cgroups of then; ours stand already, with their limits, so criu is told that its roots are these. In a hybrid hierarchy the v2 part has
 * no name to tell it by.
 */
static int give_cgroups(struct restore *t, struct err *e)
{
	const struct cgroup_record *c = &t->l->state.cgroup;
	struct mount_infos mounts = { 0 };
	struct criu_cgroup_root *list;
	size_t most = 0;
	int r = c->dirs.n ? mount_read_infos(t->a, &mounts) : 0;

	if (r < 0)
		return err_sys(e, r, "read the mounts");
	for (size_t i = 0; i < c->dirs.n; i++)
		most += 1 + strlen(c->dirs.v[i].key);
	list = t->q.cgroup_roots = arena_array(t->a, struct criu_cgroup_root, most + 1);
	for (size_t i = 0; i < c->dirs.n; i++) {
		const char *path = cgroup_path(c->dirs.v[i].value, &mounts, t->a);
		struct str rest = str_of(c->dirs.v[i].key);

		if (path && rest.n == 0 && c->dirs.n == 1)
			list[t->q.n_cgroup_roots++] = (struct criu_cgroup_root){ NULL, path };
		while (path && rest.p && rest.n) {
			struct str one = str_cut(rest, ',', &rest);

			list[t->q.n_cgroup_roots++] = (struct criu_cgroup_root){ arena_strndup(t->a, one.p, one.n), path };
		}
	}
	return 0;
}

static int give_externals(void *ctx, struct err *e)
{
	struct restore *t = ctx;
	const struct oci_config *c = t->l->config;
	struct external_mounts mounts = { 0 };
	int r = externals_give_namespaces(c, CRIU_FIRST_FD + 2, t->a, &t->q, t->namespaces, &t->n_namespaces, &t->oldest, e);

	if (r == 0)
		r = external_mounts_list(c, &t->l->state.cgroup, t->l->bundle, t->a, &mounts, e);
	if (r == 0)
		r = externals_give_mounts(&mounts, c->linux->masked_paths.n > 0, t->a, &t->q);
	if (r == 0)
		r = give_cgroups(t, e);
	return r < 0 ? r : give_descriptors(t, e);
}

static void close_namespaces(void *ctx)
{
	struct restore *t = ctx;

	for (size_t i = 0; i < t->n_namespaces; i++)
		fd_done(&t->namespaces[i]);
}

/* @path lies in something else that is mounted: its mount point is not in the rootfs. */
static bool is_nested(const struct oci_config *c, size_t index, const char *path)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		const char *below = i == index ? NULL : str_after(path, c->mounts[i].destination);

		if (below && below[0] == '/')
			return true;
	}
	return false;
}

static int make_mount_point(const struct restore *t, int rootfs, const struct mount_job *job, struct err *e)
{
	bool bind = job->options.bind || job->options.rbind;
	const char *source = job->mount->source;
	scoped_fd int target = -EBADF;
	struct stat st;

	if (bind && source && source[0] != '/')
		source = arena_printf(t->a, "%s/%s", t->l->bundle, source);
	if (bind && (!source || stat(source, &st) < 0))
		return err_sys(e, -errno, "look at '%s'", source ? source : "");
	target = mount_target(rootfs, job->destination, !bind || S_ISDIR(st.st_mode), false, e);
	return target < 0 ? target : 0;
}

/* criu mounts on what is there. In a fresh rootfs nothing is. */
static int make_mount_points(void *ctx, struct err *e)
{
	struct restore *t = ctx;
	const struct launch *l = t->l;
	scoped_fd int rootfs = open(l->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (rootfs < 0)
		return err_sys(e, -errno, "open the rootfs '%s'", l->rootfs);
	for (size_t i = 0; i < l->mounts.n; i++) {
		const struct mount_job *job = &l->mounts.v[i];
		int r = is_nested(l->config, i, job->destination) ? 0 : make_mount_point(t, rootfs, job, e);

		if (r < 0)
			return err_wrap(e, "mount point '%s'", job->destination);
	}
	return 0;
}

static int make_root(void *ctx, struct err *e)
{
	struct restore *t = ctx;
	char path[PATH_MAX];
	ssize_t n = readlink(fd_path(t->l->dir_fd).s, path, sizeof path);

	if (n < 0 || (size_t)n >= sizeof path)
		return err_sys(e, n < 0 ? -errno : -ENAMETOOLONG, "find the state directory");
	if (mkdirat(t->l->dir_fd, RESTORE_ROOT, 0700) < 0)
		return err_sys(e, -errno, "make '%s' in the state directory", RESTORE_ROOT);
	t->root = arena_printf(t->a, "%.*s/%s", (int)n, path, RESTORE_ROOT);
	return 0;
}

static void remove_root(void *ctx)
{
	struct restore *t = ctx;

	unlinkat(t->l->dir_fd, RESTORE_ROOT, AT_REMOVEDIR);
}

/* With "ignore" criu leaves cgroups alone, and what it restores is born where it stands itself. */
static int start_criu(void *ctx, struct err *e)
{
	struct restore *t = ctx;
	const struct opt_u32 *mode = &t->q.manage_cgroups_mode;
	const int fds[] = { t->site.images, t->site.work, t->namespaces[0], t->namespaces[1] };
	const struct criu_start s = {
		.program = t->site.criu, .fds = fds, .n_fds = 2 + t->n_namespaces, .n_dirs = 2, .signals = t->signals, .rootfs = t->l->rootfs, .root = t->root,
		.cgroup = mode->set && mode->v == CRIU_CGROUP_IGNORE ? t->l->cgroup : NULL,
	};
	int r = criu_start(&s, t->a, &t->criu, e);

	if (r == 0)
		r = criu_require(&t->criu, t->oldest, NULL, e);
	if (r < 0)
		criu_end(&t->criu);
	return r;
}

static void end_criu(void *ctx)
{
	struct restore *t = ctx;

	criu_end(&t->criu);
}

/* ---- what criu tells --------------------------------------------------------------------------------------------------------------------------- */

static int note_pid(struct restore *t, pid_t pid, struct err *e)
{
	struct proc_stat stat;
	int r = pid > 0 ? proc_stat_read(pid, &stat) : -ESRCH;

	if (r == 0 && stat.parent != getpid())
		r = -ECHILD;
	if (r < 0)
		return err_sys(e, r, "look at the restored process %d", (int)pid);
	t->l->state.pid = pid;
	t->l->state.start_ticks = stat.start_ticks;
	return 0;
}

/* The namespaces stand, nothing is in them yet: what is a container's creation for hooks. */
static int on_namespaces(struct restore *t, const struct criu_notify *n, int fd, struct err *e)
{
	const struct launch *l = t->l;
	int r = note_pid(t, n->pid, e);

	if (r == 0)
		r = hooks_run(l->config->hooks, HOOK_PRESTART, &l->state, &l->hook_output, e);
	if (r == 0)
		r = hooks_run(l->config->hooks, HOOK_CREATE_RUNTIME, &l->state, &l->hook_output, e);
	return r;
}

/* It is whole and does not run yet. From here on it is found by others. */
static int on_restored(struct restore *t, const struct criu_notify *n, int fd, struct err *e)
{
	struct launch *l = t->l;
	int r = note_pid(t, n->pid, e);

	if (r == 0 && l->cgroup)
		l->state.cgroup = *cgroup_record(l->cgroup);
	return r < 0 ? r : state_save(l->dir_fd, &l->state, true, e);
}

static int on_terminal(struct restore *t, const struct criu_notify *n, int fd, struct err *e)
{
	struct launch *l = t->l;

	if (fd < 0)
		return err_set(e, ERR_INTERNAL, "criu sent no terminal");
	if (l->plan.console == LAUNCH_CONSOLE_SOCKET)
		return terminal_send(l->console_sock, fd, e);
	if (l->plan.console == LAUNCH_CONSOLE_NONE)
		return err_set(e, ERR_INVALID, "the images hold a terminal, the config.json none");
	fd_done(&l->terminal.master);
	l->terminal.master = fd_dup_min(fd, 3);
	return l->terminal.master < 0 ? err_sys(e, l->terminal.master, "keep the terminal") : 0;
}

static const struct {
	const char *script;
	int (*hear)(struct restore *t, const struct criu_notify *n, int fd, struct err *e);
} notifications[] = {
	{ "setup-namespaces", on_namespaces },
	{ "orphan-pts-master", on_terminal },
	{ "post-restore", on_restored },
};

static int hear(void *ctx, const struct criu_notify *n, int fd, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(notifications); i++)
		if (streq(notifications[i].script, n->script))
			return notifications[i].hear(ctx, n, fd, e);
	return 0;
}

static int hold_init(struct restore *t, const struct criu_resp *resp, struct err *e)
{
	struct launch *l = t->l;

	if (l->state.pid == 0)
		return err_set(e, ERR_INTERNAL, "criu restored a container without saying which process is its first");
	if (resp->restore && resp->restore->pid != l->state.pid)
		return err_set(e, ERR_INTERNAL, "criu named two first processes: %d and %d", (int)l->state.pid, (int)resp->restore->pid);
	l->init.pid = l->state.pid;
	l->init.pidfd = proc_open(l->init.pid);
	return l->init.pidfd < 0 ? err_sys(e, l->init.pidfd, "hold the restored process") : 0;
}

/* Whatever is there by now is not to stay: criu itself kills what it made, unless it was killed. */
static void kill_restored(void *ctx)
{
	struct restore *t = ctx;
	struct err ignored;

	if (t->l->init.pidfd < 0 && t->l->state.pid > 0) {
		t->l->init.pidfd = proc_open_checked(t->l->state.pid, t->l->state.start_ticks);
		t->l->init.pid = t->l->init.pidfd < 0 ? 0 : t->l->state.pid;
	}
	proc_done(&t->l->init);
	if (t->l->cgroup)
		cgroup_kill_all(t->l->cgroup, SIGKILL, &ignored);
}

static int call_criu(void *ctx, struct err *e)
{
	struct restore *t = ctx;
	struct criu_req req = { .type = CRIU_RESTORE, .opts = &t->q };
	struct criu_resp resp;
	int r;

	t->q.images_dir_fd = CRIU_FIRST_FD;
	t->q.work_dir_fd = CRIU_FIRST_FD + 1;
	t->q.log_file = RESTORE_LOG;
	t->q.root = t->root;
	t->q.evasive_devices = true;
	t->q.rst_sibling = true;
	unlinkat(t->site.work, RESTORE_LOG, 0);
	r = criu_call(&t->criu, &req, hear, t, &resp, e);
	criu_end(&t->criu);
	if (r < 0)
		r = criu_explain(t->site.work, t->site.work_path, RESTORE_LOG, e);
	else
		r = hold_init(t, &resp, e);
	if (r < 0)
		kill_restored(t);
	return r;
}

static bool has_pid_file(const void *ctx)
{
	const struct restore *t = ctx;

	return t->l->pid_file;
}

static int write_pid_file(void *ctx, struct err *e)
{
	const struct restore *t = ctx;

	return state_write_pid_file(t->l->pid_file, t->l->init.pid, e);
}

static void remove_pid_file(void *ctx)
{
	const struct restore *t = ctx;

	unlink(t->l->pid_file);
}

/*
 * Before this table come the rows of create_steps that `ground` names: id, cgroup with its limits, console; after it those of `arrival`. Here: images
 * and options are looked at before criu is; what criu mounts on is made before it starts, and its root, which it gets in a mount namespace of its own;
 * prestart and createRuntime hooks run when criu has made the namespaces (on_namespaces), the other hooks of a creation do not: their moments have been;
 * the record is written when criu says that all is there and nothing runs yet (on_restored).
 */
static const struct step restore_steps[] = {
	/* clang-format off */
	{ "restore.images",    NULL,         open_images,       close_images     },
	{ "restore.options",   NULL,         take_options,      NULL             },
	{ "restore.externals", NULL,         give_externals,    close_namespaces },
	{ "restore.points",    NULL,         make_mount_points, NULL             },
	{ "restore.root",      NULL,         make_root,         remove_root      },
	{ "restore.criu",      NULL,         start_criu,        end_criu         },
	{ "restore.call",      NULL,         call_criu,         kill_restored    },
	{ "restore.pidfile",   has_pid_file, write_pid_file,    remove_pid_file  },
	/* clang-format on */
};

static int run(struct restore *t, struct err *e)
{
	struct step before[ARRAY_LEN(ground)], after[ARRAY_LEN(arrival)];
	int r;

	take_rows(ground, ARRAY_LEN(ground), before);
	take_rows(arrival, ARRAY_LEN(arrival), after);
	r = steps_run(before, ARRAY_LEN(before), t->l, e);
	if (r < 0)
		return r;
	r = steps_run(restore_steps, ARRAY_LEN(restore_steps), t, e);
	if (r == 0) {
		r = steps_run(after, ARRAY_LEN(after), t->l, e);
		if (r < 0)
			steps_undo(restore_steps, ARRAY_LEN(restore_steps), t);
	}
	if (r < 0) {
		steps_undo(before, ARRAY_LEN(before), t->l);
		return r;
	}
	remove_root(t);
	close_namespaces(t);
	close_images(t);
	return 0;
}

int checkpoint_restore(const struct checkpoint_options *o, const struct launch_options *lo, int signals, struct arena *a, struct launch *ret,
	struct err *e)
{
	struct restore t = { .l = ret, .o = o, .a = a, .signals = signals, .site = REQUEST_NOWHERE, .namespaces = { -EBADF, -EBADF }, .criu = CRIU_CLOSED };
	int r;

	launch_init(lo, a, ret);
	r = request_place(o, a, &t.site, e);
	if (r == 0)
		r = launch_prepare(ret, e);
	if (r == 0 && ret->plan.root == LAUNCH_ROOT_CHANGE)
		r = err_set(e, ERR_UNSUPPORTED, "unsupported: linux.namespaces: criu brings no container back without a mount namespace of its own");
	if (r < 0)
		return r;
	ret->root_fd = state_open_root(lo->root, true, e);
	return ret->root_fd < 0 ? ret->root_fd : run(&t, e);
}
