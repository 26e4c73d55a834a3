/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a container: what create published is undone, as far as it still stands. The table and the reasons for its order stand at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "base/log.h"
#include "base/step.h"
#include "os/fd.h"
#include "os/proc.h"
#include "runtime/control.h"
#include "runtime/hooks.h"

/* How long a killed init may take: it is in the kernel by then, releasing what it held. */
enum { DELETE_WAIT_MS = 10000 };

struct removal {
	struct control *c;
	struct cgroup *cgroup;           /* given open, or delete.open */
	const struct oci_config *config; /* delete.open: only with poststop hooks */
};

static bool has_cgroup(const void *ctx)
{
	const struct removal *d = ctx;

	return d->c->state.cgroup.driver;
}

static bool has_cgroup_closed(const void *ctx)
{
	const struct removal *d = ctx;

	return has_cgroup(d) && !d->cgroup;
}

static int open_cgroup(void *ctx, struct err *e)
{
	struct removal *d = ctx;

	return cgroup_open(&d->c->state.cgroup, d->c->a, &d->cgroup, e);
}

static bool has_poststop(const void *ctx)
{
	const struct removal *d = ctx;

	return d->c->state.poststop;
}

static int load_hooks(void *ctx, struct err *e)
{
	struct removal *d = ctx;
	struct oci_config *config;
	struct err why = { 0 };

	if (state_load_config(d->c->dir_fd, d->c->a, &config, &why) < 0)
		log_warn("poststop hooks will not run: %s", why.msg);
	else
		d->config = config;
	return 0;
}

static bool is_paused(const void *ctx)
{
	const struct removal *d = ctx;

	return d->c->status == STATE_PAUSED && d->cgroup;
}

static int thaw(void *ctx, struct err *e)
{
	const struct removal *d = ctx;

	return cgroup_freeze(d->cgroup, false, e);
}

static bool is_alive(const void *ctx)
{
	const struct removal *d = ctx;

	return d->c->status != STATE_STOPPED && d->c->status != STATE_CREATING;
}

static int kill_init(void *ctx, struct err *e)
{
	const struct removal *d = ctx;
	scoped_fd int pidfd = proc_open_checked(d->c->state.pid, d->c->state.start_ticks);
	int r = pidfd < 0 ? pidfd : proc_signal(pidfd, SIGKILL);

	if (r == 0)
		r = proc_wait_end(pidfd, DELETE_WAIT_MS);
	return r < 0 && r != -ESRCH ? err_sys(e, r, "kill container init") : 0;
}

/* A maker that was killed leaves its init dying; a container without its own pid namespace leaves whatever init had started. */
static bool may_have_others(const void *ctx)
{
	const struct removal *d = ctx;

	return d->cgroup && (!d->c->state.own_pid || d->c->status == STATE_CREATING);
}

static int kill_others(void *ctx, struct err *e)
{
	const struct removal *d = ctx;

	return cgroup_kill_all(d->cgroup, SIGKILL, e);
}

static bool shares_mounts(const void *ctx)
{
	const struct removal *d = ctx;

	return d->c->state.root;
}

static int take_root_off(void *ctx, struct err *e)
{
	const struct removal *d = ctx;

	return root_take_off(d->c->state.root, d->c->state.rootfs, d->c->a, e);
}

static int remove_cgroup(void *ctx, struct err *e)
{
	struct removal *d = ctx;

	return cgroup_remove(d->cgroup, e);
}

static bool has_resctrl(const void *ctx)
{
	const struct removal *d = ctx;

	return d->c->state.resctrl;
}

static int remove_resctrl(void *ctx, struct err *e)
{
	const struct removal *d = ctx;

	return resctrl_remove(d->c->state.resctrl, e);
}

static int remove_state(void *ctx, struct err *e)
{
	struct removal *d = ctx;

	fd_done(&d->c->dir_fd);
	return state_remove(d->c->root_fd, d->c->state.id, e);
}

static int run_poststop(void *ctx, struct err *e)
{
	const struct removal *d = ctx;

	if (d->config && d->config->hooks)
		hooks_run_poststop(d->config->hooks, &d->c->state);
	return 0;
}

/*
 * The order, with its reasons: hooks are read while their copy is there; a frozen process must thaw to die; mounts go when nobody mounts any more, the
 * cgroup when it is empty; the record goes after what it names, so that a delete that was killed can be repeated; the hooks run when nothing is left.
 */
static const struct step delete_steps[] = {
	/* clang-format off */
	{ "delete.open",     has_cgroup_closed, open_cgroup, NULL },
	{ "delete.hooks",    has_poststop,    load_hooks,    NULL },
	{ "delete.thaw",     is_paused,       thaw,          NULL },
	{ "delete.kill",     is_alive,        kill_init,     NULL },
	{ "delete.others",   may_have_others, kill_others,   NULL },
	{ "delete.root",     shares_mounts,   take_root_off, NULL },
	{ "delete.cgroup",   has_cgroup,      remove_cgroup, NULL },
	{ "delete.resctrl",  has_resctrl,     remove_resctrl, NULL },
	{ "delete.state",    NULL,            remove_state,  NULL },
	{ "delete.poststop", has_poststop,    run_poststop,  NULL },
	/* clang-format on */
};

int control_remove(struct control *c, bool force, struct err *e)
{
	struct removal d = { .c = c };
	int r;

	if (!force && c->status != STATE_STOPPED && c->status != STATE_CREATED)
		return err_set(e, ERR_CONFLICT, "cannot delete container %s that is not stopped: %s", c->state.id,
			enumtab_name(&state_status_words, (int)c->status));
	d.cgroup = take_ptr(&c->cgroup);
	r = steps_run(delete_steps, ARRAY_LEN(delete_steps), &d, e);
	cgroup_close(d.cgroup);
	return r;
}

int control_delete(const char *root, const char *id, bool force, struct arena *a, struct err *e)
{
	scoped_control struct control c = CONTROL_NONE;
	int r = control_open(root, id, a, &c, e);

	if (r == -ENOENT && force) {
		err_clear(e);
		return 0;
	}
	return r < 0 ? r : control_remove(&c, force, e);
}
