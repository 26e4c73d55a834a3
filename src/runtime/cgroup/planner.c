/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup/plan.h"

#include <string.h>

#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/driver.h"
#include "runtime/cgroup/unit.h"

struct maker {
	const struct cgroup_request *q;
	const struct cgroup_host *h;
	struct arena *a;
	struct cgroup_plan *p;
	unsigned limited; /* controllers that a write needs */
};

const struct cgroup_dir_plan *cgroup_plan_dir_of(const struct cgroup_plan *p, enum cgroup_ctl ctl)
{
	VEC_EACH(const struct cgroup_dir_plan, d, &p->dirs)
		if (ctl == CGROUP_CTL_COUNT ? d->v2 : (d->ctls & 1u << ctl) != 0)
			return d;
	return NULL;
}

/* ---- where ---- */

/* The directory above the last component: on v2 our own cgroup has processes (us) and so cannot have children with controllers. */
static const char *path_above(const char *path, struct arena *a)
{
	const char *slash = strrchr(path, '/');

	return arena_strndup(a, path, slash ? (size_t)(slash - path) : 0);
}

/* An absolute path starts at the mount, a relative one at the runtime's own cgroup; none at all is "tare-<id>" there. */
static int place(const struct maker *m, const char *controller, const char *mount_root, bool v2, const char **ret, struct err *e)
{
	const char *wanted = m->q->cgroups_path;
	const char *own = cgroup_host_own(m->h, controller, mount_root), *base;
	const struct unit_plan *u = m->p->unit;
	char *path = NULL;
	int r;

	if (u) {
		*ret = *u->subgroup ? arena_printf(m->a, "%s/%s", u->path, u->subgroup) : u->path;
		return 0;
	}
	if (!wanted || !*wanted)
		wanted = arena_printf(m->a, "tare-%s", m->q->id);
	base = *wanted == '/' ? "" : v2 ? path_above(own, m->a) : own;
	r = cgroup_path_join(base, wanted, m->a, &path, e);
	if (r < 0)
		return r;
	if (!*path)
		return err_set(e, ERR_INVALID, "cgroup path '%s' names the root of the tree", wanted);
	*ret = path;
	return 0;
}

/* ---- which directories ---- */

static bool wanted(const struct maker *m, enum cgroup_ctl ctl)
{
	bool named = m->q->cgroups_path && *m->q->cgroups_path;

	return (m->limited & 1u << ctl) || cgroup_ctls[ctl].need == CGROUP_NEED_ALWAYS ||
	       (cgroup_ctls[ctl].need == CGROUP_NEED_NAMED && named);
}

static const char *controllers_join(const struct strs *s, struct arena *a)
{
	const char *out = "";

	for (size_t i = 0; i < s->n; i++)
		out = i ? arena_printf(a, "%s,%s", out, s->v[i]) : s->v[i];
	return out;
}

static int plan_v1_dirs(const struct maker *m, struct err *e)
{
	for (size_t i = 0; i < m->h->facts->n_v1; i++) {
		const struct cgroup_hierarchy *y = &m->h->facts->v1[i];
		struct cgroup_dir_plan d = { .mount = y->mount };
		bool make = m->p->unit && strs_has(&y->controllers, "name=systemd"); /* where systemd counts who is in the unit */
		int r;

		for (enum cgroup_ctl ctl = 0; ctl < CGROUP_CTL_COUNT; ctl++) {
			if (strs_has(&y->controllers, cgroup_ctls[ctl].v1)) {
				d.ctls |= 1u << ctl;
				make |= wanted(m, ctl);
			}
		}
		if (!make)
			continue;
		d.controllers = controllers_join(&y->controllers, m->a);
		r = place(m, y->controllers.v[0], y->root, false, &d.path, e);
		if (r < 0)
			return r;
		*vec_push(m->a, &m->p->dirs) = d;
	}
	return 0;
}

static void enable_add(const struct maker *m, const char *controller, bool needed)
{
	struct strs *list = needed ? &m->p->enable_needed : &m->p->enable_wanted;

	if (!strs_has(&m->p->enable_needed, controller) && !strs_has(list, controller))
		strs_push(m->a, list, controller);
}

static void enable_unified(const struct maker *m)
{
	VEC_EACH(const struct cgroup_write, w, &m->p->writes) {
		if (w->ctl == CGROUP_CTL_COUNT && !str_after(w->file, "cgroup."))
			enable_add(m, arena_strndup(m->a, w->file, strcspn(w->file, ".")), true);
	}
}

/* The v2 directory: always on a v2 host; on a hybrid one only if a limit needs it. */
static int plan_v2_dir(const struct maker *m, struct err *e)
{
	struct cgroup_dir_plan d = { .controllers = "", .mount = m->h->facts->v2_mount, .v2 = true };
	bool make = m->h->facts->mode == CGROUP_V2 || m->p->unit; /* systemd counts here if it can */
	int r;

	if (!d.mount)
		return 0;
	enable_unified(m);
	make |= m->p->enable_needed.n > 0;
	for (enum cgroup_ctl ctl = 0; ctl < CGROUP_CTL_COUNT; ctl++) {
		if (cgroup_host_version(m->h, ctl) != 2)
			continue;
		d.ctls |= 1u << ctl;
		make |= (m->limited & 1u << ctl) != 0;
		if (cgroup_ctls[ctl].v2 && wanted(m, ctl))
			enable_add(m, cgroup_ctls[ctl].v2, (m->limited & 1u << ctl) != 0);
	}
	VEC_EACH(const struct cgroup_write, w, &m->p->writes)
		make |= w->ctl == CGROUP_CTL_COUNT;
	if (!make)
		return 0;
	r = place(m, "", NULL, true, &d.path, e);
	if (r < 0)
		return r;
	*vec_push(m->a, &m->p->dirs) = d;
	return 0;
}

/* ---- devices ---- */

static int plan_devices(const struct maker *m, struct err *e)
{
	struct device_policy policy;
	int r = device_policy_make(m->q->resources, m->a, &policy, e);

	if (r < 0)
		return r;
	if (device_policy_is_open(&policy))
		return 0;
	switch (cgroup_host_version(m->h, CGROUP_DEVICES)) {
	case 1:
		return device_policy_write_v1(&policy, m->a, &m->p->writes, e);
	case 2:
		device_policy_compile(&policy, m->a, &m->p->program);
		return 0;
	default:
		return err_set(e, ERR_UNSUPPORTED, "unsupported: device rules: this host has no cgroup controller 'devices'");
	}
}

/* ---- the whole ---- */

static const struct cgroup_driver *driver_of(const struct maker *m)
{
	if (m->q->disabled)
		return &cgroup_driver_disabled;
	switch (m->h->facts->mode) {
	case CGROUP_NONE:
		return &cgroup_driver_disabled;
	case CGROUP_V1:
		return &cgroup_driver_v1;
	case CGROUP_HYBRID:
		return &cgroup_driver_hybrid;
	case CGROUP_V2:
		return &cgroup_driver_v2;
	}
	return &cgroup_driver_disabled;
}

/* Without cgroups nothing can be limited, and pretending would be worse than failing. */
static int disabled_check(const struct maker *m, struct err *e)
{
	const char *why = m->q->disabled ? "cgroups are disabled" : "this host has no cgroups mounted";

	if (m->p->writes.n)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: resources.%s: %s", m->p->writes.v[0].property, why);
	if (m->q->resources && m->q->resources->n_devices)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: resources.devices: %s", why);
	return 0;
}

static int plan_unit(const struct maker *m, struct err *e)
{
	struct unit_plan *u;
	int r = unit_plan_make(m->q, m->h, m->a, &u, e);

	if (r < 0)
		return r;
	m->p->unit = u;
	m->p->manager = &cgroup_manager_systemd;
	return 0;
}

int cgroup_plan_make(const struct cgroup_request *q, const struct cgroup_host *h, struct arena *a, struct cgroup_plan **ret,
		     struct err *e)
{
	struct maker m = { q, h, a, arena_new(a, struct cgroup_plan), 0 };
	int r;

	m.p->driver = driver_of(&m);
	m.p->manager = &cgroup_manager_cgroupfs;
	if (q->annotations && pairs_find(q->annotations, "run.oci.systemd.force_cgroup_v1"))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: annotation 'run.oci.systemd.force_cgroup_v1': no v1 hierarchy is mounted for a container's systemd");
	r = resources_plan(q->resources, h, a, &m.p->writes, e);
	if (r == 0 && q->systemd && m.p->driver != &cgroup_driver_disabled)
		r = plan_unit(&m, e);
	if (r < 0)
		return r;
	VEC_EACH(const struct cgroup_write, w, &m.p->writes)
		if (w->ctl < CGROUP_CTL_COUNT)
			m.limited |= 1u << w->ctl;
	if (m.p->driver == &cgroup_driver_disabled)
		r = disabled_check(&m, e);
	else
		r = plan_devices(&m, e);
	if (r == 0 && m.p->driver != &cgroup_driver_disabled)
		r = plan_v1_dirs(&m, e);
	if (r == 0 && m.p->driver != &cgroup_driver_disabled)
		r = plan_v2_dir(&m, e);
	if (r < 0)
		return r;
	*ret = m.p;
	return 0;
}

bool cgroup_plan_is_active(const struct cgroup_plan *p)
{
	return p->dirs.n > 0;
}

void cgroup_plan_print(const struct cgroup_plan *p, struct buf *b)
{
	buf_printf(b, "cgroup driver %s\n", p->driver->name);
	if (p->unit)
		unit_print(p->unit, b);
	VEC_EACH(const struct cgroup_dir_plan, d, &p->dirs)
		buf_printf(b, "cgroup mkdir %s/%s\n", d->mount, d->path);
	for (size_t i = 0; i < p->enable_needed.n; i++)
		buf_printf(b, "cgroup enable %s\n", p->enable_needed.v[i]);
	for (size_t i = 0; i < p->enable_wanted.n; i++)
		buf_printf(b, "cgroup enable %s (if possible)\n", p->enable_wanted.v[i]);
	VEC_EACH(const struct cgroup_write, w, &p->writes)
		buf_printf(b, "cgroup write %s = %s (%s)\n", w->file, w->value, w->property);
	if (p->program.n)
		buf_printf(b, "cgroup attach device program of %zu instructions\n", p->program.n);
}
