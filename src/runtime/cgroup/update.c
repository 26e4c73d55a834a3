/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contents: planning · directories that were not needed before · usage · values · moving in
 */
#include "runtime/cgroup/update.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/file.h"
#include "runtime/cgroup/driver.h"
#include "runtime/cgroup/merge.h"
#include "runtime/cgroup/plan.h"
#include "runtime/cgroup/tree.h"

struct cgroup_update {
	struct cgroup *c;
	const struct cgroup_host *h;
	struct oci_resources todo, whole;
	struct cgroup_writes writes;
	struct cgroup_plan grow;           /* directories to be made, controllers to be enabled */
	size_t old_made;                   /* of c->rec.made: what stood before */
	struct VEC(struct cgroup_dir) new; /* update_grow: the directories nobody is in yet */
	struct cgroup_writes before;       /* update_write */
};

/* ---- planning --------------------------------------------------------------------------------------------------------------------------- */

/* The place of the container below a mount, told by a directory it has. */
static const char *below_mount(const char *path, const char *mount)
{
	const char *rest = mount ? str_after(path, mount) : NULL;

	return rest && *rest == '/' ? rest + 1 : NULL;
}

static const char *place(const struct cgroup_update *u)
{
	const struct cgroup_facts *f = u->h->facts;

	/* v1 mounts lie below the v2 mount on no host, but both may lie below a tmpfs: the nearest mount is the one. */
	for (size_t i = 0; i < u->c->n_dirs; i++) {
		const char *path = u->c->dirs[i].path, *rest;

		for (size_t k = 0; k < f->n_v1; k++) {
			rest = below_mount(path, f->v1[k].mount);
			if (rest)
				return rest;
		}
		rest = below_mount(path, f->v2_mount);
		if (rest)
			return rest;
	}
	return NULL;
}

static int add_dir(struct cgroup_update *u, const struct cgroup_dir_plan *d, const char *property, struct err *e)
{
	struct cgroup_dir_plan dir = *d;

	VEC_EACH(const struct cgroup_dir_plan, have, &u->grow.dirs)
		if (streq(have->mount, d->mount))
			return 0;
	dir.path = place(u);
	if (!dir.path)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: resources.%s: the container has no cgroup beside which one could be made", property);
	*vec_push(u->c->a, &u->grow.dirs) = dir;
	return 0;
}

static int need_v1(struct cgroup_update *u, const struct cgroup_write *w, struct err *e)
{
	const struct cgroup_hierarchy *y = cgroup_facts_find(u->h->facts, cgroup_ctls[w->ctl].v1);
	struct cgroup_dir_plan d = { .controllers = "", .mount = y->mount };

	if (cgroup_dir_of(u->c, w->ctl))
		return 0;
	for (size_t i = 0; i < y->controllers.n; i++)
		d.controllers = i ? arena_printf(u->c->a, "%s,%s", d.controllers, y->controllers.v[i]) : y->controllers.v[i];
	d.ctls = cgroup_ctls_of(d.controllers);
	return add_dir(u, &d, w->property, e);
}

static int need_v2(struct cgroup_update *u, const struct cgroup_write *w, struct err *e)
{
	const struct cgroup_dir *have = cgroup_dir_of(u->c, CGROUP_CTL_COUNT);
	const struct cgroup_dir_plan d = { .controllers = "", .mount = u->h->facts->v2_mount, .ctls = cgroup_ctls_of(""), .v2 = true };
	const char *controller = arena_strndup(u->c->a, w->file, strcspn(w->file, "."));

	if (have && faccessat(have->fd, w->file, F_OK, 0) == 0)
		return 0;
	if (!streq(controller, "cgroup") && !strs_has(&u->grow.enable_needed, controller))
		strs_push(u->c->a, &u->grow.enable_needed, controller);
	return add_dir(u, &d, w->property, e);
}

int update_plan(struct cgroup *c, const struct cgroup_host *h, const struct oci_resources *kept, const struct oci_resources *asked,
		struct cgroup_update **ret, struct err *e)
{
	struct cgroup_update *u = arena_new(c->a, struct cgroup_update);
	int r;

	*u = (struct cgroup_update){ .c = c, .h = h, .old_made = c->rec.made.n };
	resources_merge(kept, asked, c->a, &u->todo, &u->whole);
	r = resources_plan_part(&u->todo, &u->whole, h, c->a, &u->writes, e);
	if (r == 0 && u->writes.n && c->n_dirs == 0)
		r = err_set(e, ERR_UNSUPPORTED, "unsupported: resources.%s: the container has no cgroup", u->writes.v[0].property);
	for (size_t i = 0; i < u->writes.n && r == 0; i++) {
		const struct cgroup_write *w = &u->writes.v[i];
		bool v2 = w->ctl == CGROUP_CTL_COUNT || cgroup_host_version(h, w->ctl) == 2;

		r = v2 ? need_v2(u, w, e) : need_v1(u, w, e);
	}
	if (r == 0)
		*ret = u;
	return r;
}

const struct oci_resources *update_result(const struct cgroup_update *u)
{
	return &u->whole;
}

/* ---- directories that were not needed before -------------------------------------------------------------------------------------------- */

bool update_grows(const struct cgroup_update *u)
{
	return u->grow.dirs.n > 0;
}

void update_record(const struct cgroup_update *u, struct cgroup_record *ret)
{
	struct cgroup_record more;

	*ret = u->c->rec;
	ret->made = (struct strs){ 0 };
	for (size_t i = 0; i < u->c->rec.made.n; i++)
		strs_push(u->c->a, &ret->made, u->c->rec.made.v[i]);
	cgroup_plan_announce(&u->grow, u->c->a, &more);
	for (size_t i = 0; i < more.dirs.n; i++)
		cgroup_record_add(ret, more.dirs.v[i].key, more.dirs.v[i].value, u->c->a);
	for (size_t i = 0; i < more.made.n; i++)
		strs_push(u->c->a, &ret->made, more.made.v[i]);
}

/* v1 before v2, as cgroup_dir_of wants it. */
static void dir_insert(struct cgroup *c, const struct cgroup_dir *d)
{
	struct cgroup_dir *all = arena_array(c->a, struct cgroup_dir, c->n_dirs + 1);
	size_t at = 0;

	while (at < c->n_dirs && (d->v2 || !c->dirs[at].v2))
		at++;
	memcpy(all, c->dirs, at * sizeof *all);
	all[at] = *d;
	memcpy(all + at + 1, c->dirs + at, (c->n_dirs - at) * sizeof *all);
	c->dirs = all;
	c->n_dirs++;
	cgroup_record_add(&c->rec, d->controllers, d->path, c->a);
}

static int grow_one(struct cgroup_update *u, int root, const struct cgroup_dir_plan *d, struct err *e)
{
	struct cgroup *c = u->c;
	struct cgroup_dir dir = { .controllers = d->controllers, .ctls = d->ctls, .v2 = d->v2 };
	int fd = tree_make(root, d, &u->grow, c->a, &c->rec.made, e);

	if (fd < 0)
		return fd;
	if (d->v2 && cgroup_dir_of(c, CGROUP_CTL_COUNT)) {
		fd_close(fd);
		return 0;
	}
	dir.fd = fd;
	dir.path = arena_printf(c->a, "%s/%s", d->mount, d->path);
	dir_insert(c, &dir);
	*vec_push(c->a, &u->new) = dir;
	return 0;
}

int update_grow(struct cgroup_update *u, struct err *e)
{
	scoped_fd int root = tree_root();

	VEC_EACH(const struct cgroup_dir_plan, d, &u->grow.dirs) {
		int r = grow_one(u, root, d, e);

		if (r < 0) {
			update_shrink(u);
			return r;
		}
	}
	return 0;
}

void update_shrink(struct cgroup_update *u)
{
	scoped_fd int root = tree_root();
	struct cgroup *c = u->c;
	struct err ignored; /* what stays is in the record of the state file, and goes with the container */

	for (size_t i = c->rec.made.n; i-- > u->old_made;)
		tree_remove(root, c->rec.made.v[i], 0, c->a, &ignored);
}

/* ---- usage ------------------------------------------------------------------------------------------------------------------------------ */

/* A missing file counts as nothing used. */
static uint64_t usage(const struct cgroup_dir *d, const char *file)
{
	char text[32];
	uint64_t n;

	return file_read_text(d->fd, file, text, sizeof text) == 0 && parse_u64(text, &n) == 0 ? n : 0;
}

int update_check(const struct cgroup_update *u, struct err *e)
{
	const struct oci_memory *m = u->todo.memory;
	const struct cgroup_dir *d = cgroup_dir_of(u->c, CGROUP_MEMORY);
	uint64_t memory;

	if (!m || !m->check_before_update.v || !d || !d->v2)
		return 0;
	memory = usage(d, "memory.current");
	if (m->limit.set && m->limit.v > 0 && (uint64_t)m->limit.v <= memory)
		return err_set(e, ERR_CONFLICT, "rejecting memory limit %" PRId64 " <= usage %" PRIu64, m->limit.v, memory);
	if (m->swap.set && m->swap.v > 0 && (uint64_t)m->swap.v <= memory + usage(d, "memory.swap.current"))
		return err_set(e, ERR_CONFLICT, "rejecting memory+swap limit %" PRId64 " <= usage %" PRIu64, m->swap.v,
			       memory + usage(d, "memory.swap.current"));
	return 0;
}

/* ---- values ------------------------------------------------------------------------------------------------------------------------------ */

int update_write(struct cgroup_update *u, struct err *e)
{
	int r = cgroup_write_all(u->c, &u->writes, &u->before, e);

	if (r == 0)
		r = u->c->manager->change(u->c, &u->writes, e);
	if (r < 0)
		update_write_back(u);
	return r;
}

void update_write_back(struct cgroup_update *u)
{
	struct err ignored; /* what went wrong first is what is reported */

	cgroup_write_back(u->c, &u->before);
	u->c->manager->change(u->c, &u->before, &ignored);
}

/* ---- moving in --------------------------------------------------------------------------------------------------------------------------- */

static bool has_pid(const struct cgroup_pids *p, pid_t pid)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i] == pid)
			return true;
	return false;
}

/* Children of whom we have moved are born inside, so the list of those outside comes to an end. */
static int move_all(const struct cgroup *c, int to, struct cgroup_pids *moved)
{
	size_t fresh;

	do {
		struct cgroup_pids now;
		struct err ignored;

		fresh = 0;
		if (cgroup_pids(c, c->a, &now, &ignored) < 0)
			return -ignored.sys;
		for (size_t i = 0; i < now.n; i++) {
			char text[16];
			int r;

			if (has_pid(moved, now.v[i]))
				continue;
			snprintf(text, sizeof text, "%d", (int)now.v[i]);
			r = file_write(to, "cgroup.procs", text);
			if (r < 0 && r != -ESRCH)
				return r;
			*vec_push(c->a, moved) = now.v[i];
			fresh++;
		}
	} while (fresh);
	return 0;
}

/* Whoever has been moved goes back to where he came from: the nearest directory that was there before. */
static void move_back(const struct cgroup_dir *d, struct cgroup *c)
{
	scoped_fd int root = tree_root(), above = -EBADF;
	char *path = arena_strdup(c->a, d->path), *slash = strrchr(path, '/');
	struct cgroup_pids inside = { 0 };

	*slash = '\0';
	above = tree_open(root, path, d->v2);
	tree_pids(d->fd, c->a, &inside);
	for (size_t i = 0; i < inside.n && above >= 0; i++) {
		char text[16];

		snprintf(text, sizeof text, "%d", (int)inside.v[i]);
		file_write(above, "cgroup.procs", text);
	}
}

int update_enter(struct cgroup_update *u, struct err *e)
{
	VEC_EACH(const struct cgroup_dir, d, &u->new) {
		struct cgroup_pids moved = { 0 };
		int r = move_all(u->c, d->fd, &moved);

		if (r == 0)
			continue;
		VEC_EACH(const struct cgroup_dir, entered, &u->new)
			move_back(entered, u->c);
		return err_sys(e, r, "move the container's processes to '%s'", d->path);
	}
	return 0;
}
