/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * isolation: the part of a container's request that says which walls it stands behind and which limits beyond memory and CPU it has: namespaces that
 * are shared, block devices that are throttled, devices that may be used.
 *
 * Plain data with a field table, part of container.json (spec/container.h). Modes of namespaces are kept as they were typed, with names of containers
 * replaced by full ids at create; isolation_mode_parse() gives them a meaning.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/enumtab.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/json.h"
#include "spec/oci_runtime.h"

/* ---- namespaces ---- */

enum isolation_mode_kind {
	ISOLATION_PRIVATE,           /* one of its own */
	ISOLATION_HOST,              /* the host's */
	ISOLATION_CONTAINER,         /* "container:ID": another container's */
	ISOLATION_PATH,              /* "ns:PATH": one kept at a path */
	ISOLATION_SHAREABLE,         /* IPC: of its own, and others may join */
	ISOLATION_NONE,              /* IPC: of its own, without /dev/shm */
	ISOLATION_MODE_COUNT,
};
extern const struct enumtab isolation_mode_words;

struct isolation_mode {
	enum isolation_mode_kind kind;
	const char *arg;             /* ID or PATH; NULL for the others */
};

/* The namespaces that --pid, --ipc, --uts and --cgroupns choose. */
enum isolation_ns { ISOLATION_PID, ISOLATION_IPC, ISOLATION_UTS, ISOLATION_CGROUP, ISOLATION_NS_COUNT };

struct isolation_ns_row {
	const char *flag;            /* "pid" */
	enum oci_ns ns;
	unsigned modes;              /* 1 << enum isolation_mode_kind: what it may be */
	size_t offset;               /* of its member in struct container_isolation */
};
extern const struct isolation_ns_row isolation_ns_rows[ISOLATION_NS_COUNT];

/* ---- block devices ---- */

enum isolation_block_kind {
	ISOLATION_WEIGHT,
	ISOLATION_READ_BPS,
	ISOLATION_WRITE_BPS,
	ISOLATION_READ_IOPS,
	ISOLATION_WRITE_IOPS,
	ISOLATION_BLOCK_COUNT,
};
extern const struct enumtab isolation_block_words;

/* One --device-read-bps and its like, or --blkio-weight-device. */
struct isolation_block {
	enum isolation_block_kind kind;
	const char *path;            /* "/dev/sda" */
	uint64_t value;              /* bytes or operations per second, or the weight */
};

/* One --device-cgroup-rule. */
struct isolation_rule {
	const char *type;            /* "a", "b" or "c" */
	int64_t major, minor;        /* -1: any */
	const char *access;          /* "rwm" */
};

/* One --gpus: of the vendor @driver (NULL: whose there are) so many, or those named. */
struct isolation_gpus {
	const char *driver;          /* "nvidia" */
	int64_t count;               /* -1: all */
	const char *devices;         /* "0,1" or ids; NULL: by count */
};

/* ---- the whole ---- */

/* Zero means "not said" in every member. */
struct container_isolation {
	const char *pid, *ipc, *uts, *cgroupns; /* modes; NULL: private (cgroupns: as the host is, see config.c) */
	struct pairs cgroup_conf;    /* --cgroup-conf: files of a cgroup of version 2 */
	uint32_t blkio_weight;       /* 10 to 1000 */
	struct isolation_block *blocks;
	size_t n_blocks;
	int64_t cpu_rt_period, cpu_rt_runtime; /* microseconds */
	struct opt_i64 swappiness;   /* 0 to 100 */
	const char *rdt_class;       /* class of service of Intel RDT */
	const char *personality;     /* "LINUX" or "LINUX32" */
	struct isolation_rule *rules;
	size_t n_rules;
	struct strs cdi;             /* --device vendor.com/class=name */
	struct isolation_gpus *gpus;
	size_t n_gpus;
	const char *systemd;         /* whether the program is a systemd: "true" (NULL too) by its name, "false", "always"; create leaves one of the latter two */
	int64_t systemd_size;        /* bytes of each tmpfs that a systemd gets; 0: 64 MB */
	const char *init_path;       /* the program of --init; NULL: tare-init */
};

/* The mode as typed of namespace @ns; NULL: not said. */
const char *isolation_mode_text(const struct container_isolation *s, enum isolation_ns ns);

/* What @text (NULL or "": private) means for namespace @ns; arg points into @text. Errors: ERR_INVALID, naming flag and word. */
int isolation_mode_parse(enum isolation_ns ns, const char *text, struct isolation_mode *ret, struct err *e);

/* The kind alone, of a text that was parsed before. */
enum isolation_mode_kind isolation_mode_kind(const struct container_isolation *s, enum isolation_ns ns);

/* True if create found that the program is a systemd, or was told so. */
bool isolation_is_systemd(const struct container_isolation *s);

extern const struct schema container_isolation_schema;
