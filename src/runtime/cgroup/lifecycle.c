/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "codec/json.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/proc.h"
#include "runtime/cgroup/driver.h"
#include "runtime/cgroup/plan.h"
#include "runtime/cgroup/tree.h"
#include "runtime/cgroup/unit.h"

static const struct field record_fields[] = {
	FIELD(struct cgroup_record, driver, "driver", STR, FIELD_OMIT_EMPTY),
	FIELD(struct cgroup_record, dirs, "dirs", PAIRS, 0),
	FIELD(struct cgroup_record, made, "made", STRS, 0),
	FIELD(struct cgroup_record, unit, "unit", STR, FIELD_OMIT_EMPTY),
	FIELD(struct cgroup_record, user_unit, "userUnit", BOOL, FIELD_OMIT_EMPTY),
};
const struct schema cgroup_record_schema = SCHEMA("cgroup", struct cgroup_record, record_fields);

/* ---- announcing ------------------------------------------------------------------------------------------------------------------------- */

/* Ancestors first, as they will be made; when the parent is there, so are the others. */
static void announce(const char *path, size_t mount_n, struct arena *a, struct strs *made)
{
	char *parent = arena_strdup(a, path), *slash = strrchr(parent, '/');

	if (access(path, F_OK) == 0)
		return;
	*slash = '\0';
	if ((size_t)(slash - parent) > mount_n)
		announce(parent, mount_n, a, made);
	strs_push(a, made, path);
}

void cgroup_plan_announce(const struct cgroup_plan *p, struct arena *a, struct cgroup_record *ret)
{
	*ret = (struct cgroup_record){ 0 };
	VEC_EACH(const struct cgroup_dir_plan, d, &p->dirs) {
		const char *path = arena_printf(a, "%s/%s", d->mount, d->path);

		pairs_set(a, &ret->dirs, d->controllers, path);
		/* What systemd makes on v2 it takes away; below its unit there is one level of ours. */
		if (p->unit && d->v2 && *p->unit->subgroup)
			strs_push(a, &ret->made, path);
		if (p->unit && d->v2)
			continue;
		announce(path, strlen(d->mount), a, &ret->made);
	}
}

void cgroup_plan_record(const struct cgroup_plan *p, struct arena *a, struct cgroup_record *ret)
{
	cgroup_plan_announce(p, a, ret);
	ret->driver = p->driver->name;
	ret->unit = p->unit ? p->unit->name : NULL;
	ret->user_unit = p->unit && p->unit->user;
}

void cgroup_record_add(struct cgroup_record *rec, const char *controllers, const char *path, struct arena *a)
{
	struct pairs all = { 0 };
	size_t i = 0;

	for (; i < rec->dirs.n && (*controllers == '\0' || *rec->dirs.v[i].key); i++)
		pairs_set(a, &all, rec->dirs.v[i].key, rec->dirs.v[i].value);
	pairs_set(a, &all, controllers, path);
	for (; i < rec->dirs.n; i++)
		pairs_set(a, &all, rec->dirs.v[i].key, rec->dirs.v[i].value);
	rec->dirs = all;
}

/* ---- creating ---------------------------------------------------------------------------------------------------------------------------- */

/*
 * A directory that was there before us must be as good as new: what is in it would be limited, frozen and killed with the container. (systemd's
 * are new: its unit was not there before, and its only process is ours.)
 */
static int check_fit(const struct cgroup *c, int fd, const char *path, struct err *e)
{
	struct cgroup_pids pids = { 0 };

	if (c->manager == &cgroup_manager_cgroupfs && tree_pids(fd, c->a, &pids) == 0 && pids.n)
		return err_set(e, ERR_CONFLICT, "container's cgroup is not empty: %zu process(es) found in '%s'", pids.n, path);
	return 0;
}

/* Sets *ret_found if the directory was there before. */
static int dir_create(struct cgroup *c, int root, const struct cgroup_dir_plan *planned, bool *ret_found, struct err *e)
{
	struct cgroup_dir *dir = &c->dirs[c->n_dirs];
	struct cgroup_dir_plan copy = *planned, *d = &copy;
	scoped_fd int fd = -EBADF;
	const char *path;
	int r = 0;

	if (d->v2 && c->v2_path)
		d->path = c->v2_path;
	path = arena_printf(c->a, "%s/%s", d->mount, d->path);
	fd = tree_make(root, d, c->plan, c->a, &c->rec.made, e);
	if (fd < 0)
		return fd;
	if (c->rec.made.n == 0 || !streq(c->rec.made.v[c->rec.made.n - 1], path)) {
		r = check_fit(c, fd, path, e);
		*ret_found = true;
	}
	if (r < 0)
		return r;
	*dir = (struct cgroup_dir){
		.controllers = d->controllers, .ctls = d->ctls, .v2 = d->v2, .fd = take_fd(&fd),
		.path = path,
	};
	c->n_dirs++;
	pairs_set(c->a, &c->rec.dirs, dir->controllers, dir->path);
	return 0;
}

static int dirs_create(struct cgroup *c, struct err *e)
{
	scoped_fd int root = tree_root();
	bool found = false;
	int r = 0;

	c->dirs = arena_array(c->a, struct cgroup_dir, c->plan->dirs.n);
	VEC_EACH(const struct cgroup_dir_plan, d, &c->plan->dirs) {
		r = dir_create(c, root, d, &found, e);
		if (r < 0)
			return r;
	}
	return found && c->driver->is_frozen(c, e) == 1 ? err_set(e, ERR_CONFLICT, "container's cgroup unexpectedly frozen") : 0;
}

int cgroup_create(const struct cgroup_plan *p, struct arena *a, struct cgroup **ret, struct err *e)
{
	scoped_cgroup struct cgroup *c = arena_new(a, struct cgroup);
	struct err late;
	int r;

	*c = (struct cgroup){ .a = a, .driver = p->driver, .manager = p->manager, .plan = p, .holder = PROC_NONE, .rec.driver = p->driver->name };
	r = p->manager->begin(c, e);
	if (r == 0)
		r = dirs_create(c, e);
	if (r < 0) {
		cgroup_remove(c, &late); /* the first failure is the one to hear of */
		return r;
	}
	*ret = take_ptr(&c);
	return 0;
}

bool cgroup_is_held(const struct cgroup *c)
{
	return c->holder.pid > 0;
}

void cgroup_settle(struct cgroup *c)
{
	c->manager->settle(c);
}

/* ---- entering ---------------------------------------------------------------------------------------------------------------------------- */

int cgroup_clone_fd(const struct cgroup *c)
{
	const struct cgroup_dir *d = cgroup_dir_of(c, CGROUP_CTL_COUNT);

	return d ? d->fd : -EBADF;
}

int cgroup_admits(const struct cgroup *c, struct err *e)
{
	const struct cgroup_dir *d = cgroup_dir_of(c, CGROUP_CTL_COUNT);
	scoped_proc struct proc child = PROC_NONE;
	struct proc_exit ignored;

	if (!d)
		return 0;
	child.pid = proc_clone(0, d->fd, &child.pidfd);
	if (child.pid == 0)
		_exit(0);
	if (child.pid == -EACCES)
		return err_sys(e, child.pid, "enter cgroup '%s' from outside of what is delegated to you (systemd-run --user --scope starts a program inside)", d->path);
	if (child.pid < 0)
		return err_sys(e, child.pid, "enter cgroup '%s'", d->path);
	proc_wait(child.pidfd, -1, &ignored);
	return 0;
}

int cgroup_enter(const struct cgroup *c, struct err *e)
{
	for (size_t i = 0; i < c->n_dirs; i++) {
		const struct cgroup_dir *d = &c->dirs[i];
		int r;

		if (d->fd < 0 || d->v2)
			continue;
		/* A thread that moves only itself needs no global lock; a process with one thread is that thread. */
		r = file_write(d->fd, "tasks", "0");
		if (r < 0)
			return err_sys(e, r, "enter cgroup '%s'", d->path);
	}
	return 0;
}

/* ---- opening again ----------------------------------------------------------------------------------------------------------------------- */

const struct cgroup_record *cgroup_record(const struct cgroup *c)
{
	return &c->rec;
}

unsigned cgroup_ctls_of(const char *controllers)
{
	bool v2 = *controllers == '\0';
	unsigned ctls = 0;
	struct str rest = str_of(controllers);

	/* What is part of v2 itself lives there unless a v1 hierarchy has it, which cgroup_dir_of finds first (v1 stands first in the record). */
	for (enum cgroup_ctl ctl = 0; v2 && ctl < CGROUP_CTL_COUNT; ctl++)
		ctls |= cgroup_ctls[ctl].v2_exists ? 1u << ctl : 0;
	while (!v2 && rest.p) {
		struct str word = str_cut(rest, ',', &rest);

		for (enum cgroup_ctl ctl = 0; ctl < CGROUP_CTL_COUNT; ctl++)
			ctls |= str_is(word, cgroup_ctls[ctl].v1) ? 1u << ctl : 0;
	}
	return ctls;
}

int cgroup_open(const struct cgroup_record *rec, struct arena *a, struct cgroup **ret, struct err *e)
{
	scoped_cgroup struct cgroup *c = arena_new(a, struct cgroup);
	scoped_fd int root = tree_root();

	*c = (struct cgroup){
		.a = a, .driver = cgroup_driver_find(rec->driver), .holder = PROC_NONE, .rec = *rec,
		.manager = rec->unit ? &cgroup_manager_systemd : &cgroup_manager_cgroupfs,
	};
	if (!c->driver)
		return err_set(e, ERR_CORRUPT, "the state names an unknown cgroup driver '%s'", rec->driver ? rec->driver : "");
	c->dirs = arena_array(a, struct cgroup_dir, rec->dirs.n);
	for (size_t i = 0; i < rec->dirs.n; i++) {
		struct cgroup_dir *d = &c->dirs[i];

		*d = (struct cgroup_dir){ .controllers = rec->dirs.v[i].key, .path = rec->dirs.v[i].value };
		d->v2 = *d->controllers == '\0';
		d->ctls = cgroup_ctls_of(d->controllers);
		d->fd = tree_open(root, d->path, d->v2);
		c->n_dirs++;
		if (d->fd < 0 && d->fd != -ENOENT)
			return err_sys(e, d->fd, "open cgroup '%s'", d->path);
	}
	*ret = take_ptr(&c);
	return 0;
}

void cgroup_close(struct cgroup *c)
{
	for (size_t i = 0; c && i < c->n_dirs; i++)
		fd_done(&c->dirs[i].fd);
}

/* ---- the processes inside ---------------------------------------------------------------------------------------------------------------- */

int cgroup_freeze(struct cgroup *c, bool frozen, struct err *e)
{
	return c->driver->freeze(c, frozen, e);
}

int cgroup_is_frozen(const struct cgroup *c, struct err *e)
{
	return c->driver->is_frozen(c, e);
}

int cgroup_kill_all(struct cgroup *c, int sig, struct err *e)
{
	return c->driver->kill_all(c, sig, e);
}

int cgroup_pids(const struct cgroup *c, struct arena *a, struct cgroup_pids *ret, struct err *e)
{
	const struct cgroup_dir *d = cgroup_dir_of(c, CGROUP_FREEZER);
	int r;

	*ret = (struct cgroup_pids){ 0 };
	for (size_t i = 0; i < c->n_dirs && !d; i++)
		d = c->dirs[i].fd >= 0 ? &c->dirs[i] : NULL;
	if (!d)
		return 0;
	r = tree_pids(d->fd, a, ret);
	return r < 0 ? err_sys(e, r, "list the processes of cgroup '%s'", d->path) : 0;
}

/* ---- removing ---------------------------------------------------------------------------------------------------------------------------- */

static const struct cgroup_dir *leaf_at(const struct cgroup *c, const char *path)
{
	for (size_t i = 0; i < c->n_dirs; i++)
		if (streq(c->dirs[i].path, path))
			return &c->dirs[i];
	return NULL;
}

/* What we hold is let go first: it may be the want of descriptors that brought us here. */
static int let_go(struct cgroup *c)
{
	for (size_t i = 0; i < c->n_dirs; i++)
		fd_done(&c->dirs[i].fd);
	return tree_root();
}

static int dirs_remove(struct cgroup *c, struct err *e)
{
	scoped_fd int root = let_go(c);
	uint64_t deadline = proc_now_ns() + CGROUP_REMOVE_MS * 1000000ull;
	struct err first = { 0 }, late;
	int r = 0;

	for (size_t i = c->rec.made.n; i-- > 0;) {
		const char *path = c->rec.made.v[i];
		bool leaf = leaf_at(c, path) != NULL;
		int once = tree_remove(root, path, leaf ? deadline : 0, c->a, &late);

		/* An ancestor that others use by now stays. */
		if (once < 0 && leaf && r == 0) {
			r = once;
			first = late;
		}
	}
	if (r < 0)
		*e = first;
	return r;
}

int cgroup_remove(struct cgroup *c, struct err *e)
{
	int r;

	if (cgroup_is_held(c))
		cgroup_settle(c);
	r = dirs_remove(c, e);
	return r == 0 && c->rec.unit ? c->manager->end(c, e) : r;
}
