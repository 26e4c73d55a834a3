/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json all the way to everything that is decided before anything is touched: launch plan, mounts, cgroup plan and seccomp filter, on the fake
 * hosts of the cgroup tests, for root and for a user, for `run` and for `create`. Whatever stands in it: a plan that keeps its promises, or one sentence.
 */
#include "fuzz.h"

#include <assert.h>
#include <linux/seccomp.h>
#include <string.h>

#include "base/limits.h"
#include "os/ns.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/fake_hosts.h"
#include "runtime/cgroup/plan.h"
#include "runtime/mounts/mounts.h"
#include "runtime/plan.h"
#include "runtime/seccomp/filter.h"

/* Nothing is probed: the answer depends on the input alone. */
static struct host_facts facts_of(enum cgroup_mode mode, bool lsm)
{
	enum facts_tri l = lsm ? FACTS_YES : FACTS_NO;

	return (struct host_facts){
		.kernel = FACTS_KERNEL(6, 1), .openat2 = FACTS_YES, .mount_api = FACTS_YES, .mount_setattr = FACTS_YES, .clone3 = FACTS_YES,
		.clone_into_cgroup = mode == CGROUP_V2 ? FACTS_YES : FACTS_NO, .pidfd = FACTS_YES, .time_ns = FACTS_YES,
		.cgroup_ns = FACTS_YES, .seccomp = FACTS_YES, .apparmor = l, .selinux = l,
		.initial_userns = FACTS_YES, .landlock_abi = 2,
	};
}

static void said(const struct err *e)
{
	assert(e->kind != ERR_NONE && e->kind < ERR_KIND_COUNT && e->sys > 0 && e->msg[0] && memchr(e->msg, 0, sizeof e->msg));
}

/* A namespace is made once, by one role, or joined once; what must happen in a stage needs one. */
static void plan_check(const struct launch_plan *p)
{
	assert((p->clone_flags & p->init_unshare) == 0);
	assert(p->stage || p->stage_joins.n == 0);
	assert(!p->map_ids || (p->userns && p->n_uid_map && p->n_gid_map));
	assert(p->stage_joins.n <= NS_COUNT && p->init_joins.n <= NS_COUNT);
}

static void mounts_try(const struct oci_config *c, const struct launch_plan *p, struct host_facts *facts, struct arena *a)
{
	struct mount_jobs jobs;
	struct err e = { 0 };

	if (mount_jobs_make(c, p, facts, a, &jobs, &e) < 0)
		said(&e);
	else
		assert(jobs.n == c->n_mounts);
}

static void plan_try(const struct oci_config *c, unsigned choices)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	enum cgroup_mode mode = choices & 1 ? CGROUP_V2 : CGROUP_HYBRID;
	struct host_facts facts = facts_of(mode, choices & 16);
	struct launch_choice choice = { .run = choices & 2, .detach = choices & 4, .euid = choices & 8 ? 1000 : 0 };
	struct launch_plan p;
	struct err e = { 0 };

	if (launch_plan_make(c, &choice, &facts, &a, &p, &e) < 0) {
		said(&e);
		return;
	}
	plan_check(&p);
	launch_plan_print(&p, &b);
	mounts_try(c, &p, &facts, &a);
}

/* No directory of a plan leads out of its hierarchy, and every write goes to one file of one directory. */
static void cgroup_check(const struct cgroup_plan *p)
{
	for (size_t i = 0; i < p->dirs.n; i++) {
		const char *path = p->dirs.v[i].path;

		assert(*path != '/' && !strstr(path, "//") && !strstr(path, "/../") && strncmp(path, "../", 3) != 0 && strcmp(path, "..") != 0);
		assert(strlen(path) < 3 || strcmp(path + strlen(path) - 3, "/..") != 0);
	}
}

static void cgroup_try(const struct oci_config *c, enum cgroup_mode mode, bool disabled)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	const struct cgroup_request q = {
		.id = "fuzz", .cgroups_path = c->linux ? c->linux->cgroups_path : NULL, .resources = c->linux ? c->linux->resources : NULL,
		.disabled = disabled,
	};
	struct cgroup_plan *p;
	struct err e = { 0 };

	if (cgroup_plan_make(&q, fake_host(&a, mode), &a, &p, &e) < 0) {
		said(&e);
		return;
	}
	cgroup_check(p);
	cgroup_plan_print(p, &b);
}

static void filter_try(const struct oci_config *c)
{
	scoped_arena struct arena a = { 0 };
	const struct filter_request q = filter_request_of(c);
	struct filter_program *p;
	struct err e = { 0 };
	int r;

	if (!filter_is_wanted(&q))
		return;
	leaks_forgive(1);
	r = filter_compile(&q, &a, &p, &e);
	leaks_forgive(0);
	if (r < 0)
		said(&e);
	else
		assert(p->n > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena struct arena a = { 0 };
	struct oci_config *c;
	struct err e = { 0 };

	if (oci_config_decode((struct str){ arena_strndup(&a, (const char *)data, size), size }, &a, &c, &e) < 0) {
		said(&e);
		return 0;
	}
	for (unsigned choices = 0; choices < 32; choices++)
		plan_try(c, choices);
	cgroup_try(c, CGROUP_V1, false);
	cgroup_try(c, CGROUP_HYBRID, false);
	cgroup_try(c, CGROUP_V2, false);
	cgroup_try(c, CGROUP_V2, true);
	filter_try(c);
	return 0;
}
