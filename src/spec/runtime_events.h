/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * runtime_events: what `events` prints, in the words of runc: one object per line, {"type":"stats"|"oom","id":…,"data":…}.
 *
 * Write only. What a key is called, and whether zero leaves it out, is as others have come to rely on it; "raw" and the numbers per processor
 * are JSON that the reader of the cgroup files has put together.
 */
#include "codec/json.h"

struct psi_line {
	double avg10, avg60, avg300;
	uint64_t total; /* µs */
};

struct psi_stats {
	struct psi_line some, full;
};

struct cpu_stats {
	struct {
		uint64_t total, kernel, user; /* ns */
		struct str percpu, percpu_kernel, percpu_user;
	} usage;
	struct {
		uint64_t periods, throttled_periods, throttled_time;
	} throttling;
	struct psi_stats *psi;
};

struct cpuset_stats {
	struct u32s cpus, mems;
	uint64_t cpu_exclusive, mem_hardwall, mem_exclusive, memory_migrate, memory_spread_page, memory_spread_slab, memory_pressure,
		sched_load_balance;
	int64_t sched_relax_domain_level;
};

struct memory_entry {
	uint64_t limit, usage, max, failcnt;
};

struct memory_stats {
	uint64_t cache;
	struct memory_entry usage, swap, kernel, kernel_tcp;
	struct str raw;
	struct psi_stats *psi;
};

struct pids_stats {
	uint64_t current, limit; /* limit 0: none */
};

struct blkio_entry {
	uint64_t major, minor;
	const char *op;
	uint64_t value;
};

struct blkio_list {
	struct blkio_entry *v;
	size_t n, cap;
};

enum blkio_kind {
	BLKIO_BYTES, BLKIO_SERVICED, BLKIO_QUEUED, BLKIO_SERVICE_TIME, BLKIO_WAIT_TIME, BLKIO_MERGED, BLKIO_TIME, BLKIO_SECTORS, BLKIO_KIND_COUNT,
};

struct blkio_stats {
	struct {
		struct blkio_entry *list;
		size_t n_list;
	} kinds[BLKIO_KIND_COUNT];
	struct psi_stats *psi;
};

struct hugetlb_stats {
	const char *key; /* "2MB" */
	uint64_t usage, max, failcnt;
};

/* The kernel's counters of interfaces that a runtime made itself, which neither runc nor we do: always null. */
struct interface_stats {
	const char *name;
};

struct event_stats {
	struct cpu_stats cpu;
	struct cpuset_stats cpuset;
	struct memory_stats memory;
	struct pids_stats pids;
	struct blkio_stats blkio;
	struct hugetlb_stats *hugetlb;
	size_t n_hugetlb;
	struct {
		char unused;
	} intel_rdt;
	struct interface_stats *interfaces;
	size_t n_interfaces;
};

struct runtime_event {
	const char *type, *id;
	struct event_stats *data; /* NULL: none */
};
extern const struct schema runtime_event_schema;
