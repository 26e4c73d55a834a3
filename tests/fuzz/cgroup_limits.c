/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources on three machines (v1, hybrid, v2): any document is a plan or an error with a name, the plan writes only to files of one directory, and
 * what an update makes of a document and itself is that document.
 *
 * Input: the document, or two of them with a NUL in between: the second is the update.
 */
#include "fuzz.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/fake_hosts.h"
#include "runtime/cgroup/merge.h"
#include "runtime/cgroup/plan.h"

static const enum cgroup_mode modes[] = { CGROUP_V1, CGROUP_HYBRID, CGROUP_V2 };

static void writes_hold(const struct cgroup_writes *w)
{
	for (size_t i = 0; i < w->n; i++) {
		assert(w->v[i].file && w->v[i].file[0] && !strchr(w->v[i].file, '/'));
		assert(w->v[i].value && w->v[i].property && w->v[i].ctl <= CGROUP_CTL_COUNT);
	}
}

static void plan(struct arena *a, const struct oci_resources *r, const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		const struct cgroup_request q = { .id = "x", .cgroups_path = path, .resources = r };
		scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
		struct cgroup_plan *p;
		struct err e = { 0 };

		if (cgroup_plan_make(&q, fake_host(a, modes[i]), a, &p, &e) < 0) {
			assert(e.kind != ERR_NONE && e.msg[0]);
			continue;
		}
		writes_hold(&p->writes);
		for (size_t k = 0; k < p->writes.n; k++)
			assert(cgroup_plan_dir_of(p, p->writes.v[k].ctl));
		cgroup_plan_print(p, &b);
	}
}

static void update(struct arena *a, const struct oci_resources *kept, const struct oci_resources *asked)
{
	struct oci_resources todo, whole, again;

	resources_merge(kept, asked, a, &todo, &whole);
	assert(whole.n_devices == (kept ? kept->n_devices : 0) && todo.n_devices == 0);
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		struct cgroup_writes w = { 0 };
		struct err e = { 0 };

		if (resources_plan_part(&todo, &whole, fake_host(a, modes[i]), a, &w, &e) == 0)
			writes_hold(&w);
		else
			assert(e.kind != ERR_NONE && e.msg[0]);
	}
	resources_merge(&whole, asked, a, &todo, &again);
	assert(again.unified.n == whole.unified.n && again.n_rdma == whole.n_rdma && again.n_hugepage_limits == whole.n_hugepage_limits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena struct arena a = { 0 };
	const char *text = arena_strndup(&a, (const char *)data, size);
	size_t first = strlen(text), second = first < size ? first + 1 : first;
	struct oci_resources kept, asked;
	struct err e = { 0 };
	bool has_kept = json_decode((struct str){ text, first }, &oci_resources_schema, 0, &a, &kept, &e) == 0;

	if (has_kept) {
		plan(&a, &kept, NULL);
		plan(&a, &kept, "/a/b");
		update(&a, NULL, &kept);
		update(&a, &kept, &kept);
	} else {
		assert(e.kind != ERR_NONE && e.msg[0]);
		plan(&a, NULL, text);
	}
	if (second < size && json_decode((struct str){ text + second, size - second }, &oci_resources_schema, 0, &a, &asked, &e) == 0)
		update(&a, has_kept ? &kept : NULL, &asked);
	return 0;
}
