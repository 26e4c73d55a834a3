/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/delegation.h"

#include <sched.h>
#include <string.h>

#include "base/vec.h"

/* The last word counts, as in mount(8). */
static bool is_writable_cgroup(const struct oci_mount *m)
{
	bool ro = false;

	if (!streq(m->destination, "/sys/fs/cgroup") || !m->type || !(streq(m->type, "cgroup") || streq(m->type, "cgroup2")))
		return false;
	for (size_t i = 0; i < m->options.n; i++)
		ro = streq(m->options.v[i], "ro") || (ro && !streq(m->options.v[i], "rw"));
	return !ro;
}

/* The host's id of an id inside; itself without a new user namespace. False if it has none. */
static bool host_id(const struct launch_plan *p, uint32_t inside, uint32_t *ret)
{
	*ret = inside;
	if (!p->userns)
		return true;
	for (size_t i = 0; i < p->n_uid_map; i++) {
		const struct ns_id_map *m = &p->uid_map[i];

		if (inside < m->inside || inside - m->inside >= m->size)
			continue;
		*ret = m->outside + (inside - m->inside);
		return true;
	}
	return false;
}

bool delegation_owner(const struct oci_config *c, const struct launch_plan *p, uint32_t *ret)
{
	bool writable = false;

	if (!((p->clone_flags | p->init_unshare) & CLONE_NEWCGROUP))
		return false;
	for (size_t i = 0; i < c->n_mounts && !writable; i++)
		writable = is_writable_cgroup(&c->mounts[i]);
	return writable && host_id(p, c->process->user.uid, ret) && *ret != 0;
}

int delegation_name(const struct oci_config *c, enum cgroup_mode mode, const char **ret, struct err *e)
{
	const char *name = pairs_find(&c->annotations, DELEGATION_ANNOTATION);
	struct str rest = str_of(name);

	*ret = NULL;
	if (!name)
		return 0;
	if (mode != CGROUP_V2)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: annotation '" DELEGATION_ANNOTATION "': delegation is safe on cgroup v2 only");
	while (rest.p) {
		struct str word = str_cut(rest, '/', &rest);

		if (word.n == 0 || str_is(word, ".") || str_is(word, ".."))
			return err_set(e, ERR_INVALID, "annotation '" DELEGATION_ANNOTATION "': '%s' is no relative path of names", name);
	}
	*ret = name;
	return 0;
}
