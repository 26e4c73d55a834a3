/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * stats: what the kernel has counted for a container, as runc's `events` says it.
 *
 * One table of numbers (file of v1, file of v2 → member) and one of words in flat files; a file that is not there counts nothing. v2's swap is told with
 * memory in it, as v1 counts it. The parsers below are pure and take whatever text: a line they cannot read is passed over.
 */
#include "runtime/cgroup/cgroup.h"
#include "spec/runtime_events.h"

int cgroup_stats(const struct cgroup *c, struct arena *a, struct event_stats *ret, struct err *e);

/* ---- the texts of the kernel ---- */

/* "key value" lines: the value of @key, 0 if it is not there; and all of them as a JSON object. */
uint64_t stats_flat_find(struct str text, const char *key);
struct str stats_flat_json(struct str text, struct arena *a);

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0", and the same for "full". */
void stats_pressure(struct str text, struct psi_stats *ret);

/* v1: "8:0 Read 123" or "8:0 123" lines, and a total, which is left out. */
void stats_blkio_v1(struct str text, struct arena *a, struct blkio_list *ret);

/* v2's io.stat: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 …". */
void stats_io_v2(struct str text, struct arena *a, struct blkio_list *ret_bytes, struct blkio_list *ret_serviced);

/* v1's cpuacct.usage_percpu as a JSON list; one column (1 user, 2 system) of cpuacct.usage_all. */
struct str stats_percpu(struct str text, struct arena *a);
struct str stats_percpu_column(struct str text, unsigned column, struct arena *a);

/* "0-2,7" as numbers. */
void stats_list(struct str text, struct arena *a, struct u32s *ret);
