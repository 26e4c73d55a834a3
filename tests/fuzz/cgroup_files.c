/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of the kernel that `events` and the planner read: statistics in every form, /proc/self/cgroup. Any bytes give some numbers, and the document of
 * those numbers is JSON that reads again.
 */
#include "fuzz.h"

#include <assert.h>

#include "base/limits.h"
#include "runtime/cgroup/layout.h"
#include "runtime/cgroup/stats.h"

static void is_json(struct str text, struct arena *a)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	static const struct schema any = { .name = "any", .size = 1 };
	char nothing;
	struct err e = { 0 };

	if (!text.p)
		return;
	buf_printf(&b, "{\"x\":" STR_FMT "}", STR_ARG(text));
	assert(json_decode(buf_str(&b), &any, 0, a, &nothing, &e) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	const struct str text = { arena_strndup(&a, (const char *)data, size), size };
	struct blkio_list v1 = { 0 }, bytes = { 0 }, serviced = { 0 };
	struct psi_stats psi;
	struct event_stats s = { .cpu.psi = &psi };
	struct runtime_event event = { "stats", "x", &s };
	struct pairs own;

	stats_pressure(text, &psi);
	stats_blkio_v1(text, &a, &v1);
	stats_io_v2(text, &a, &bytes, &serviced);
	stats_list(text, &a, &s.cpuset.cpus);
	s.blkio.kinds[BLKIO_BYTES].list = v1.v;
	s.blkio.kinds[BLKIO_BYTES].n_list = v1.n;
	s.blkio.kinds[BLKIO_SERVICED].list = bytes.v;
	s.blkio.kinds[BLKIO_SERVICED].n_list = bytes.n;
	s.memory.cache = stats_flat_find(text, "cache");
	s.memory.raw = stats_flat_json(text, &a);
	s.cpu.usage.percpu = stats_percpu(text, &a);
	s.cpu.usage.percpu_user = stats_percpu_column(text, 1, &a);
	is_json(s.memory.raw, &a);
	is_json(s.cpu.usage.percpu, &a);
	is_json(s.cpu.usage.percpu_user, &a);
	if (json_encode(&runtime_event_schema, &event, JSON_INDENT_NONE, &b) == 0)
		is_json(buf_str(&b), &a);
	cgroup_own_parse(text.p, &a, &own);
	for (size_t i = 0; i < own.n; i++)
		assert(own.v[i].value[0] == '/');
	return 0;
}
