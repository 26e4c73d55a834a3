/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/control.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>

#include "os/fd.h"
#include "os/ns.h"
#include "os/proc.h"

static int open_container(const char *root, const char *id, bool lock, struct arena *a, struct control *ret, struct err *e)
{
	scoped_control struct control c = CONTROL_NONE;
	int r = state_check_id(id, e);

	if (r < 0)
		return r;
	c.a = a;
	c.root_fd = state_open_root(root, false, e);
	if (c.root_fd == -ENOENT)
		return err_set(e, ERR_NOT_FOUND, "container does not exist: '%s'", id);
	c.dir_fd = c.root_fd < 0 ? c.root_fd : state_open(c.root_fd, id, e);
	if (c.dir_fd < 0)
		return c.dir_fd;
	c.lock = lock ? state_lock(c.dir_fd, id, e) : -EBADF;
	if (lock && c.lock < 0)
		return c.lock;
	r = state_load(c.dir_fd, id, a, &c.state, e);
	if (r < 0)
		return r;
	c.status = state_status(c.dir_fd, &c.state, a);
	*ret = c;
	c = CONTROL_NONE;
	return 0;
}

int control_open(const char *root, const char *id, struct arena *a, struct control *ret, struct err *e)
{
	return open_container(root, id, false, a, ret, e);
}

int control_open_locked(const char *root, const char *id, struct arena *a, struct control *ret, struct err *e)
{
	return open_container(root, id, true, a, ret, e);
}

void control_done(struct control *c)
{
	fd_done(&c->lock);
	fd_done(&c->dir_fd);
	fd_done(&c->root_fd);
	cgroup_close(c->cgroup);
	c->cgroup = NULL;
}

/* A container without a mount namespace lives in that of whoever created it, which need not be ours. */
static int strays(const struct control *c)
{
	scoped_fd int ns = c->state.root ? ns_open(AT_FDCWD, c->state.pid, NS_MOUNT) : -EBADF;

	return ns >= 0 && ns_is_own(ns, NS_MOUNT) != 1 ? CLONE_NEWNS : 0;
}

int control_join_flags(const struct control *c)
{
	static const struct {
		enum oci_ns ns;
		enum ns_kind kind;
	} rows[] = {
		{ OCI_NS_NETWORK, NS_NET }, { OCI_NS_MOUNT, NS_MOUNT }, { OCI_NS_IPC, NS_IPC }, { OCI_NS_UTS, NS_UTS },
		{ OCI_NS_CGROUP, NS_CGROUP }, { OCI_NS_USER, NS_USER },
	};
	int flags = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_fd int ns = -EBADF;

		if (!(c->state.namespaces & 1u << rows[i].ns))
			continue;
		if (rows[i].ns == OCI_NS_USER)
			ns = ns_open(AT_FDCWD, c->state.pid, NS_USER);
		if (ns < 0 || ns_is_own(ns, NS_USER) != 1)
			flags |= ns_table[rows[i].kind].flag;
	}
	return flags | strays(c);
}

static bool is_alive(const struct control *c)
{
	return c->status == STATE_CREATED || c->status == STATE_RUNNING || c->status == STATE_PAUSED;
}

static int open_cgroup(const struct control *c, struct cgroup **ret, struct err *e)
{
	if (!c->state.cgroup.driver)
		return err_set(e, ERR_UNSUPPORTED, "container '%s' has no cgroup", c->state.id);
	return cgroup_open(&c->state.cgroup, c->a, ret, e);
}

static int kill_cgroup(const struct control *c, int sig, struct err *e)
{
	scoped_cgroup struct cgroup *g = NULL;
	int r = open_cgroup(c, &g, e);

	return r < 0 ? r : cgroup_kill_all(g, sig, e);
}

static int kill_init(const struct control *c, int sig, struct err *e)
{
	scoped_fd int pidfd = proc_open_checked(c->state.pid, c->state.start_ticks);
	int r = pidfd < 0 ? pidfd : proc_signal(pidfd, sig);

	if (r == -ESRCH)
		return err_set(e, ERR_CONFLICT, "container not running");
	return r < 0 ? err_sys(e, r, "send signal %d to container init", sig) : 0;
}

int control_kill(const struct control *c, int sig, bool all, struct err *e)
{
	bool everybody = all || (sig == SIGKILL && !c->state.own_pid);
	struct err ignored;

	if (!is_alive(c)) {
		/* The processes that a container without a pid namespace left behind can still be meant. */
		if (all && c->state.cgroup.driver)
			return kill_cgroup(c, sig, e);
		return all ? 0 : err_set(e, ERR_CONFLICT, "container not running");
	}
	if (everybody && kill_cgroup(c, sig, &ignored) == 0)
		return 0;
	return kill_init(c, sig, e);
}

int control_pause(const struct control *c, bool pause, struct err *e)
{
	scoped_cgroup struct cgroup *g = NULL;
	int r;

	if (pause && c->status != STATE_RUNNING && c->status != STATE_CREATED)
		return err_set(e, ERR_CONFLICT, "container not running or created: %s", enumtab_name(&state_status_words, (int)c->status));
	if (!pause && c->status != STATE_PAUSED)
		return err_set(e, ERR_CONFLICT, "container not paused");
	r = open_cgroup(c, &g, e);
	return r < 0 ? r : cgroup_freeze(g, pause, e);
}

int control_pids(const struct control *c, struct cgroup_pids *ret, struct err *e)
{
	scoped_cgroup struct cgroup *g = NULL;
	int r = open_cgroup(c, &g, e);

	return r < 0 ? r : cgroup_pids(g, c->a, ret, e);
}
