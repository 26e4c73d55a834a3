/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * fake_hosts: three machines for the tests of this folder: v1 only (cpu and cpuacct share a hierarchy), this build machine's hybrid, and v2 only.
 */
#include "runtime/cgroup/layout.h"

static inline struct cgroup_hierarchy fake_hierarchy(struct arena *a, const char *mount, const char *one, const char *two)
{
	struct cgroup_hierarchy y = { .mount = mount, .root = "/" };

	y.controllers.v = arena_array(a, const char *, 2);
	y.controllers.v[y.controllers.n++] = one;
	if (two)
		y.controllers.v[y.controllers.n++] = two;
	return y;
}

static inline struct cgroup_host *fake_host(struct arena *a, enum cgroup_mode mode)
{
	static const char *const v1[] = { "memory", "cpuset", "pids", "blkio", "devices", "freezer" };
	static const char *v2_all[] = { "cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma" }, *v2_few[] = { "hugetlb" };
	struct cgroup_facts *f = arena_new(a, struct cgroup_facts);
	struct cgroup_host *h = arena_new(a, struct cgroup_host);

	f->mode = mode;
	f->v1 = arena_array(a, struct cgroup_hierarchy, 16);
	if (mode == CGROUP_V1 || mode == CGROUP_HYBRID) {
		for (size_t i = 0; i < ARRAY_LEN(v1); i++)
			f->v1[f->n_v1++] = fake_hierarchy(a, arena_printf(a, "/cg/%s", v1[i]), v1[i], NULL);
		f->v1[f->n_v1++] = fake_hierarchy(a, "/cg/cpu,cpuacct", "cpu", "cpuacct");
	}
	if (mode == CGROUP_HYBRID) {
		f->v2_mount = "/cg/unified";
		f->v2_controllers = (struct strs){ v2_few, ARRAY_LEN(v2_few) };
	}
	if (mode == CGROUP_V2) {
		f->v2_mount = "/cg";
		f->v2_controllers = (struct strs){ v2_all, ARRAY_LEN(v2_all) };
	}
	h->facts = f;
	cgroup_own_parse(mode == CGROUP_V2 ? "0::/user.slice/session\n" : "3:memory:/own\n0::/\n", a, &h->own);
	return h;
}
