/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroup trees of this host (os/facts.h).
 *
 * Quick way: /proc/self/cgroup names the hierarchies, and each is looked for where everybody mounts it; a name counts only if the root of a tree
 * stands there. One system call per hierarchy. Sure way: mountinfo.
 */
#include "os/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "os/file.h"
#include "os/mount.h"

#define HOME "/sys/fs/cgroup"

struct hierarchies VEC(struct cgroup_hierarchy);

/* Splits "cpu,cpuacct" or "name=systemd" into the list; a word for which @skip holds is left out. */
static void split(struct arena *a, struct str list, char sep, bool (*skip)(struct str), struct strs *ret)
{
	while (list.p) {
		struct str word = str_cut(list, sep, &list);

		if (word.n && !(skip && skip(word)))
			strs_push(a, ret, arena_strndup(a, word.p, word.n));
	}
}

static enum cgroup_mode mode_of(const struct cgroup_facts *c)
{
	if (c->n_v1)
		return c->v2_mount ? CGROUP_HYBRID : CGROUP_V1;
	return c->v2_mount ? CGROUP_V2 : CGROUP_NONE;
}

static void read_v2_controllers(struct arena *a, struct cgroup_facts *c)
{
	char text[512];
	const char *path = arena_printf(a, "%s/cgroup.controllers", c->v2_mount);

	c->v2_controllers = (struct strs){ 0 };
	if (file_read_text(AT_FDCWD, path, text, sizeof text) == 0)
		split(a, str_of(text), ' ', NULL, &c->v2_controllers);
}

/* ---- the quick way ---- */

/* Only the root of a v1 tree has release_agent; the root of the v2 tree has cgroup.controllers but no cgroup.type. /sys itself is trusted. */
static bool is_v1_root(struct arena *a, const char *path)
{
	return access(arena_printf(a, "%s/release_agent", path), F_OK) == 0;
}

static bool is_v2_root(struct arena *a, const char *path)
{
	return access(arena_printf(a, "%s/cgroup.controllers", path), F_OK) == 0 && access(arena_printf(a, "%s/cgroup.type", path), F_OK) < 0;
}

/* Where the hierarchy of @controllers usually is, or NULL. */
static const char *usual_place(struct arena *a, struct str controllers)
{
	struct str first, rest;
	const char *path = arena_printf(a, HOME "/" STR_FMT, STR_ARG(controllers));

	if (str_after(path, HOME "/name="))
		path = arena_printf(a, HOME "/%s", str_after(path, HOME "/name="));
	if (is_v1_root(a, path))
		return path;
	first = str_cut(controllers, ',', &rest);
	path = arena_printf(a, HOME "/" STR_FMT, STR_ARG(first));
	return rest.p && is_v1_root(a, path) ? path : NULL;
}

/* One line "4:memory:/user.slice". Errors: -ENOENT if its tree is not where we look; -EBADMSG. */
static int quick_line(struct arena *a, struct str line, struct cgroup_facts *c, struct hierarchies *v1)
{
	struct str number, controllers, rest;
	struct cgroup_hierarchy h = { .root = "/" };

	number = str_cut(line, ':', &rest);
	controllers = str_cut(rest, ':', &rest);
	if (!rest.p)
		return -EBADMSG;
	if (str_is(number, "0") && !controllers.n) {
		c->v2_mount = is_v2_root(a, HOME) ? HOME : is_v2_root(a, HOME "/unified") ? HOME "/unified" : NULL;
		return c->v2_mount ? 0 : -ENOENT;
	}
	h.mount = usual_place(a, controllers);
	if (!h.mount)
		return -ENOENT;
	split(a, controllers, ',', NULL, &h.controllers);
	*vec_push(a, v1) = h;
	return 0;
}

static int quick_way(struct arena *a, const char *self, struct cgroup_facts *ret)
{
	struct cgroup_facts c = { 0 };
	struct hierarchies v1 = { 0 };
	struct str rest = str_of(self);
	int r = 0;

	while (r == 0 && rest.n) {
		struct str line = str_cut(rest, '\n', &rest);

		if (line.n)
			r = quick_line(a, line, &c, &v1);
	}
	if (r < 0)
		return r;
	c.v1 = v1.v;
	c.n_v1 = v1.n;
	*ret = c;
	return 0;
}

/* ---- the sure way ---- */

/* Words among the options of a v1 mount that are no controllers. */
static bool is_option(struct str word)
{
	static const char *const options[] = { "rw", "ro", "xattr", "clone_children", "noprefix", "cpuset_v2_mode", "favordynmods", "none", "seclabel" };

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (str_is(word, options[i]))
			return true;
	return word.n > 14 && memcmp(word.p, "release_agent=", 14) == 0;
}

static bool has_first_of(const struct hierarchies *v1, const struct strs *controllers)
{
	VEC_EACH(struct cgroup_hierarchy, h, v1)
		if (strs_has(&h->controllers, controllers->v[0]))
			return true;
	return false;
}

int cgroup_facts_parse(char *mountinfo, const char *v2_controllers, struct arena *a, struct cgroup_facts *ret)
{
	struct cgroup_facts c = { 0 };
	struct hierarchies v1 = { 0 };
	struct mount_infos mounts;
	int r = mount_parse_infos(mountinfo, a, &mounts);

	if (r < 0)
		return r;
	/* The first mount of a tree is the host's; later ones are copies inside containers. */
	VEC_EACH(const struct mount_info, m, &mounts) {
		struct cgroup_hierarchy h = { .mount = m->target, .root = m->root };

		if (streq(m->type, "cgroup2") && !c.v2_mount)
			c.v2_mount = m->target;
		if (!streq(m->type, "cgroup"))
			continue;
		split(a, str_of(m->super), ',', is_option, &h.controllers);
		if (h.controllers.n && !has_first_of(&v1, &h.controllers))
			*vec_push(a, &v1) = h;
	}
	c.v1 = v1.v;
	c.n_v1 = v1.n;
	c.mode = mode_of(&c);
	split(a, str_of(v2_controllers), ' ', NULL, &c.v2_controllers);
	*ret = c;
	return 0;
}

static int sure_way(struct arena *a, struct cgroup_facts *ret)
{
	char *text;
	int r = file_read(AT_FDCWD, "/proc/self/mountinfo", LIMIT_FILE, a, &text, NULL);

	return r < 0 ? r : cgroup_facts_parse(text, NULL, a, ret);
}

const struct cgroup_facts *facts_cgroup(struct host_facts *f, struct arena *a)
{
	struct cgroup_facts *c;
	char *self = NULL;

	if (f->cgroup)
		return f->cgroup;
	c = arena_new(a, struct cgroup_facts);
	if ((file_read(AT_FDCWD, "/proc/self/cgroup", LIMIT_PROC_FILE, a, &self, NULL) < 0 || quick_way(a, self, c) < 0) && sure_way(a, c) < 0)
		*c = (struct cgroup_facts){ 0 };
	c->self = self;
	c->mode = mode_of(c);
	if (c->v2_mount)
		read_v2_controllers(a, c);
	return f->cgroup = c;
}

const struct cgroup_hierarchy *cgroup_facts_find(const struct cgroup_facts *c, const char *controller)
{
	for (size_t i = 0; i < c->n_v1; i++)
		if (strs_has(&c->v1[i].controllers, controller))
			return &c->v1[i];
	return NULL;
}

const char *cgroup_mode_name(enum cgroup_mode mode)
{
	static const char *const names[] = { [CGROUP_NONE] = "none", [CGROUP_V1] = "v1", [CGROUP_HYBRID] = "hybrid", [CGROUP_V2] = "v2" };

	return names[mode];
}
