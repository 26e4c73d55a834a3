/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/runtime_events.h"

/* clang-format off */
static const struct field psi_line_fields[] = {
	FIELD(struct psi_line, avg10,  "avg10",  F64, 0),
	FIELD(struct psi_line, avg60,  "avg60",  F64, 0),
	FIELD(struct psi_line, avg300, "avg300", F64, 0),
	FIELD(struct psi_line, total,  "total",  U64, 0),
};
static const struct schema psi_line_schema = SCHEMA("pressureLine", struct psi_line, psi_line_fields);

static const struct field psi_fields[] = {
	FIELD_OBJ(struct psi_stats, some, "some", &psi_line_schema, 0),
	FIELD_OBJ(struct psi_stats, full, "full", &psi_line_schema, 0),
};
static const struct schema psi_schema = SCHEMA("pressure", struct psi_stats, psi_fields);

static const struct field cpu_usage_fields[] = {
	FIELD(struct cpu_stats, usage.total,         "total",         U64, FIELD_OMIT_EMPTY),
	FIELD(struct cpu_stats, usage.percpu,        "percpu",        RAW, FIELD_OMIT_EMPTY),
	FIELD(struct cpu_stats, usage.percpu_kernel, "percpu_kernel", RAW, FIELD_OMIT_EMPTY),
	FIELD(struct cpu_stats, usage.percpu_user,   "percpu_user",   RAW, FIELD_OMIT_EMPTY),
	FIELD(struct cpu_stats, usage.kernel,        "kernel",        U64, 0),
	FIELD(struct cpu_stats, usage.user,          "user",          U64, 0),
};
static const struct schema cpu_usage_schema = SCHEMA("cpuUsage", struct cpu_stats, cpu_usage_fields);

static const struct field throttling_fields[] = {
	FIELD(struct cpu_stats, throttling.periods,           "periods",          U64, FIELD_OMIT_EMPTY),
	FIELD(struct cpu_stats, throttling.throttled_periods, "throttledPeriods", U64, FIELD_OMIT_EMPTY),
	FIELD(struct cpu_stats, throttling.throttled_time,    "throttledTime",    U64, FIELD_OMIT_EMPTY),
};
static const struct schema throttling_schema = SCHEMA("throttling", struct cpu_stats, throttling_fields);

/* The two inner objects are parts of one struct: their rows say where from its beginning. */
static const struct field cpu_fields[] = {
	{ .name = "usage",      .kind = FIELD_KIND_OBJ, .offset = 0, .schema = &cpu_usage_schema },
	{ .name = "throttling", .kind = FIELD_KIND_OBJ, .offset = 0, .schema = &throttling_schema },
	FIELD_PTR(struct cpu_stats, psi, "psi", &psi_schema, FIELD_OMIT_EMPTY),
};
static const struct schema cpu_schema = SCHEMA("cpu", struct cpu_stats, cpu_fields);

static const struct field cpuset_fields[] = {
	FIELD(struct cpuset_stats, cpus,                     "cpus",                     U32S, FIELD_OMIT_EMPTY),
	FIELD(struct cpuset_stats, cpu_exclusive,            "cpu_exclusive",            U64,  0),
	FIELD(struct cpuset_stats, mems,                     "mems",                     U32S, FIELD_OMIT_EMPTY),
	FIELD(struct cpuset_stats, mem_hardwall,             "mem_hardwall",             U64,  0),
	FIELD(struct cpuset_stats, mem_exclusive,            "mem_exclusive",            U64,  0),
	FIELD(struct cpuset_stats, memory_migrate,           "memory_migrate",           U64,  0),
	FIELD(struct cpuset_stats, memory_spread_page,       "memory_spread_page",       U64,  0),
	FIELD(struct cpuset_stats, memory_spread_slab,       "memory_spread_slab",       U64,  0),
	FIELD(struct cpuset_stats, memory_pressure,          "memory_pressure",          U64,  0),
	FIELD(struct cpuset_stats, sched_load_balance,       "sched_load_balance",       U64,  0),
	FIELD(struct cpuset_stats, sched_relax_domain_level, "sched_relax_domain_level", I64,  0),
};
static const struct schema cpuset_schema = SCHEMA("cpuset", struct cpuset_stats, cpuset_fields);

static const struct field memory_entry_fields[] = {
	FIELD(struct memory_entry, limit,   "limit",   U64, 0),
	FIELD(struct memory_entry, usage,   "usage",   U64, FIELD_OMIT_EMPTY),
	FIELD(struct memory_entry, max,     "max",     U64, FIELD_OMIT_EMPTY),
	FIELD(struct memory_entry, failcnt, "failcnt", U64, 0),
};
static const struct schema memory_entry_schema = SCHEMA("memoryEntry", struct memory_entry, memory_entry_fields);

static const struct field memory_fields[] = {
	FIELD(struct memory_stats,     cache,      "cache",     U64,                  FIELD_OMIT_EMPTY),
	FIELD_OBJ(struct memory_stats, usage,      "usage",     &memory_entry_schema, 0),
	FIELD_OBJ(struct memory_stats, swap,       "swap",      &memory_entry_schema, 0),
	FIELD_OBJ(struct memory_stats, kernel,     "kernel",    &memory_entry_schema, 0),
	FIELD_OBJ(struct memory_stats, kernel_tcp, "kernelTCP", &memory_entry_schema, 0),
	FIELD(struct memory_stats,     raw,        "raw",       RAW,                  FIELD_OMIT_EMPTY),
	FIELD_PTR(struct memory_stats, psi,        "psi",       &psi_schema,          FIELD_OMIT_EMPTY),
};
static const struct schema memory_schema = SCHEMA("memory", struct memory_stats, memory_fields);

static const struct field pids_fields[] = {
	FIELD(struct pids_stats, current, "current", U64, FIELD_OMIT_EMPTY),
	FIELD(struct pids_stats, limit,   "limit",   U64, FIELD_OMIT_EMPTY),
};
static const struct schema pids_schema = SCHEMA("pids", struct pids_stats, pids_fields);

static const struct field blkio_entry_fields[] = {
	FIELD(struct blkio_entry, major, "major", U64, FIELD_OMIT_EMPTY),
	FIELD(struct blkio_entry, minor, "minor", U64, FIELD_OMIT_EMPTY),
	FIELD(struct blkio_entry, op,    "op",    STR, FIELD_OMIT_EMPTY),
	FIELD(struct blkio_entry, value, "value", U64, FIELD_OMIT_EMPTY),
};
static const struct schema blkio_entry_schema = SCHEMA("blkioEntry", struct blkio_entry, blkio_entry_fields);

#define BLKIO_ROW(kind_, name_)                                                                                  \
	{ .name = (name_), .kind = FIELD_KIND_LIST, .flags = FIELD_OMIT_EMPTY, .schema = &blkio_entry_schema,     \
	  .offset = offsetof(struct blkio_stats, kinds[kind_].list), .offset_n = offsetof(struct blkio_stats, kinds[kind_].n_list) }
static const struct field blkio_fields[] = {
	BLKIO_ROW(BLKIO_BYTES,        "ioServiceBytesRecursive"),
	BLKIO_ROW(BLKIO_SERVICED,     "ioServicedRecursive"),
	BLKIO_ROW(BLKIO_QUEUED,       "ioQueueRecursive"),
	BLKIO_ROW(BLKIO_SERVICE_TIME, "ioServiceTimeRecursive"),
	BLKIO_ROW(BLKIO_WAIT_TIME,    "ioWaitTimeRecursive"),
	BLKIO_ROW(BLKIO_MERGED,       "ioMergedRecursive"),
	BLKIO_ROW(BLKIO_TIME,         "ioTimeRecursive"),
	BLKIO_ROW(BLKIO_SECTORS,      "sectorsRecursive"),
	FIELD_PTR(struct blkio_stats, psi, "psi", &psi_schema, FIELD_OMIT_EMPTY),
};
static const struct schema blkio_schema = SCHEMA("blkio", struct blkio_stats, blkio_fields);

static const struct field hugetlb_fields[] = {
	FIELD(struct hugetlb_stats, usage,   "usage",   U64, FIELD_OMIT_EMPTY),
	FIELD(struct hugetlb_stats, max,     "max",     U64, FIELD_OMIT_EMPTY),
	FIELD(struct hugetlb_stats, failcnt, "failcnt", U64, 0),
};
static const struct schema hugetlb_schema = SCHEMA("hugetlb", struct hugetlb_stats, hugetlb_fields);

static const struct field interface_fields[] = {
	FIELD(struct interface_stats, name, "Name", STR, 0),
};
static const struct schema interface_schema = SCHEMA("interface", struct interface_stats, interface_fields);

static const struct schema intel_rdt_schema = { .name = "intelRdt", .size = 1 };

static const struct field stats_fields[] = {
	FIELD_OBJ(struct event_stats,  cpu,        "cpu",                &cpu_schema,       0),
	FIELD_OBJ(struct event_stats,  cpuset,     "cpuset",             &cpuset_schema,    0),
	FIELD_OBJ(struct event_stats,  memory,     "memory",             &memory_schema,    0),
	FIELD_OBJ(struct event_stats,  pids,       "pids",               &pids_schema,      0),
	FIELD_OBJ(struct event_stats,  blkio,      "blkio",              &blkio_schema,     0),
	FIELD_DICT(struct event_stats, hugetlb,    "hugetlb",            &hugetlb_schema,   0),
	FIELD_OBJ(struct event_stats,  intel_rdt,  "intel_rdt",          &intel_rdt_schema, 0),
	FIELD_LIST(struct event_stats, interfaces, "network_interfaces", &interface_schema, FIELD_NULL_EMPTY),
};
static const struct schema stats_schema = SCHEMA("stats", struct event_stats, stats_fields);

static const struct field event_fields[] = {
	FIELD(struct runtime_event,     type, "type", STR,           0),
	FIELD(struct runtime_event,     id,   "id",   STR,           0),
	FIELD_PTR(struct runtime_event, data, "data", &stats_schema, FIELD_OMIT_EMPTY),
};
const struct schema runtime_event_schema = SCHEMA("event", struct runtime_event, event_fields);
/* clang-format on */
