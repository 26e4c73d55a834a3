/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Below the container's own cgroups: where `exec` may put a process (cgroup_descend and cgroup_follow of cgroup.h).
 */
#include "runtime/cgroup/cgroup.h"

#include <fcntl.h>

#include "base/limits.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/path_safe.h"
#include "runtime/cgroup/driver.h"
#include "runtime/cgroup/tree.h"

/* What one --cgroup says. */
struct place {
	unsigned ctls;          /* 1 << enum cgroup_ctl; 0: all */
	const char *path;
};

/* "cpu,memory:sub" or "sub". A word with a colon that is no list of controllers is a path: names of cgroups may contain it. */
static struct place place_of(const char *word)
{
	struct str path, list = str_cut(str_of(word), ':', &path);
	struct place p = { 0, word };

	while (path.p && list.p) {
		struct str name = str_cut(list, ',', &list);
		unsigned ctls = 0;

		for (enum cgroup_ctl ctl = 0; ctl < CGROUP_CTL_COUNT; ctl++)
			ctls |= str_is(name, cgroup_ctls[ctl].v1) ? 1u << ctl : 0;
		if (!ctls)
			return (struct place){ 0, word };
		p.ctls |= ctls;
		p.path = path.p;
	}
	return p;
}

static int enter_below(struct cgroup_dir *d, const char *path, struct arena *a, struct err *e)
{
	int fd = path_open(d->fd, *path ? path : ".", O_RDONLY | O_DIRECTORY, 0, PATH_NO_SYMLINKS_NO_XDEV);

	if (fd == -EXDEV || fd == -ELOOP)
		return err_set(e, ERR_INVALID, "bad sub cgroup path: '%s' leaves '%s'", path, d->path);
	if (fd < 0)
		return err_sys(e, fd, "open the sub-cgroup '%s' of '%s'", path, d->path);
	fd_done(&d->fd);
	d->fd = fd;
	d->path = arena_printf(a, "%s/%s", d->path, path);
	return 0;
}

static int descend(struct cgroup *c, const struct place *p, const char **given, struct err *e)
{
	bool found = false;

	for (size_t i = 0; i < c->n_dirs; i++) {
		struct cgroup_dir *d = &c->dirs[i];
		int r;

		if (d->fd < 0 || (p->ctls && (d->v2 || !(d->ctls & p->ctls))))
			continue;
		if (given[i] && !streq(given[i], p->path))
			return err_set(e, ERR_INVALID, "--cgroup names both '%s' and '%s' for '%s'", given[i], p->path, d->controllers);
		found = true;
		r = given[i] ? 0 : enter_below(d, p->path, c->a, e);
		if (r < 0)
			return r;
		given[i] = p->path;
	}
	return found ? 0 : err_set(e, ERR_INVALID, "--cgroup: the container has no cgroup v1 hierarchy of these controllers (v2 takes a path alone)");
}

int cgroup_descend(struct cgroup *c, const struct strs *places, struct err *e)
{
	const char **given = arena_array(c->a, const char *, c->n_dirs);
	int r = 0;

	for (size_t i = 0; i < places->n && r == 0; i++) {
		const struct place p = place_of(places->v[i]);

		r = descend(c, &p, given, e);
	}
	return r;
}

/* ---- after init -------------------------------------------------------------------------------------------------------------------------- */

int cgroup_follow(struct cgroup *c, pid_t pid, struct err *e)
{
	struct host_facts *facts = arena_new(c->a, struct host_facts);
	const char *v2 = facts_cgroup(facts, c->a)->v2_mount, *file = arena_printf(c->a, "/proc/%d/cgroup", (int)pid), *path;
	struct pairs own;
	char *text;
	int r = file_read(AT_FDCWD, file, LIMIT_PROC_FILE, c->a, &text, NULL);

	if (r < 0)
		return err_sys(e, r, "read '%s'", file);
	cgroup_own_parse(text, c->a, &own);
	path = pairs_find(&own, "");
	for (size_t i = 0; v2 && path && i < c->n_dirs; i++) {
		struct cgroup_dir *d = &c->dirs[i];
		const char *where = arena_printf(c->a, "%s%s", v2, path), *below = str_after(where, d->path);

		if (d->v2 && below && *below == '/')
			return enter_below(d, below, c->a, e);
	}
	return err_set(e, ERR_CONFLICT, "the container's cgroup takes no processes, and init is in none below it");
}
