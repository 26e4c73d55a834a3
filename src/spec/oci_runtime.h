/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * oci_runtime: config.json and the state document of the OCI runtime specification 1.3, as structs with field tables.
 *
 * One struct per object of the specification, one member per property, in the specification's words. A pointer to a struct is NULL when the
 * object is absent, a string is NULL when absent, a number that may be absent is a `struct opt_…`. Lists are `x` with `n_x`.
 * Unknown properties are ignored, invalid values are refused with the path of the property ("linux.namespaces[2].type: …").
 *
 * Ownership: everything a decode yields lives in the caller's arena and is read-only afterwards. Who builds a config (the engine, `spec`) fills the
 *            same structs and encodes them with oci_config_encode().
 * Errors:    ERR_INVALID for what the document says, -ENOENT and friends for the file itself.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/enumtab.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/json.h"

#define OCI_RUNTIME_VERSION "1.3.0"

/* ---- process ------------------------------------------------------------------------------------------------------------------ */

struct oci_box {
	uint32_t height;
	uint32_t width;
};

struct oci_user {
	uint32_t uid;
	uint32_t gid;
	struct opt_u32 umask;
	struct u32s additional_gids;
};

/* Absent sets are empty sets (CVE-2022-29162: inheritable and ambient never default to anything else). */
struct oci_capabilities {
	struct strs bounding;
	struct strs effective;
	struct strs inheritable;
	struct strs permitted;
	struct strs ambient;
};

struct oci_rlimit {
	const char *type; /* "RLIMIT_NOFILE" */
	uint64_t soft;
	uint64_t hard;
};

struct oci_scheduler {
	const char *policy; /* "SCHED_BATCH" */
	int32_t nice;
	int32_t priority;
	struct strs flags;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

struct oci_io_priority {
	const char *class; /* "IOPRIO_CLASS_BE" */
	int32_t priority;
};

struct oci_cpu_affinity {
	const char *initial;
	const char *final;
};

struct oci_process {
	bool terminal;
	struct oci_box *console_size;
	struct oci_user user;
	struct strs args;
	struct strs env; /* "NAME=value" */
	const char *cwd;
	struct oci_capabilities *capabilities;
	struct oci_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privileges;
	const char *apparmor_profile;
	struct opt_i64 oom_score_adj;
	struct oci_scheduler *scheduler;
	const char *selinux_label;
	struct oci_io_priority *io_priority;
	struct oci_cpu_affinity *exec_cpu_affinity;
};

/* ---- root, mounts, hooks --------------------------------------------------------------------------------------------------------- */

struct oci_root {
	const char *path;
	bool readonly;
};

struct oci_id_mapping {
	uint32_t container_id;
	uint32_t host_id;
	uint32_t size;
};

struct oci_mount {
	const char *destination;
	const char *type;
	const char *source;
	struct strs options;
	struct oci_id_mapping *uid_mappings;
	size_t n_uid_mappings;
	struct oci_id_mapping *gid_mappings;
	size_t n_gid_mappings;
};

struct oci_hook {
	const char *path;
	struct strs args;
	struct strs env;
	struct opt_i64 timeout; /* seconds, > 0 */
};

struct oci_hooks {
	struct oci_hook *prestart;
	size_t n_prestart;
	struct oci_hook *create_runtime;
	size_t n_create_runtime;
	struct oci_hook *create_container;
	size_t n_create_container;
	struct oci_hook *start_container;
	size_t n_start_container;
	struct oci_hook *poststart;
	size_t n_poststart;
	struct oci_hook *poststop;
	size_t n_poststop;
};

/* ---- linux: namespaces and devices ------------------------------------------------------------------------------------------------ */

enum oci_ns {
	OCI_NS_PID,
	OCI_NS_NETWORK,
	OCI_NS_MOUNT,
	OCI_NS_IPC,
	OCI_NS_UTS,
	OCI_NS_USER,
	OCI_NS_CGROUP,
	OCI_NS_TIME,
	OCI_NS_COUNT,
};
extern const struct enumtab oci_ns_words;

struct oci_namespace {
	enum oci_ns type;
	const char *path; /* NULL: make a new one */
};

struct oci_device {
	const char *path;
	const char *type; /* "c" "b" "u" "p" */
	int64_t major;
	int64_t minor;
	struct opt_u32 file_mode;
	struct opt_u32 uid;
	struct opt_u32 gid;
};

struct oci_time_offset {
	const char *key; /* the clock: "monotonic" "boottime" */
	int64_t secs;
	uint32_t nanosecs;
};

struct oci_personality {
	const char *domain; /* "LINUX" "LINUX32" */
	struct strs flags;
};

/* linux.netDevices: a device of the host and its name in the container. */
struct oci_net_device {
	const char *key;  /* the host's name */
	const char *name; /* NULL or "": the same; may be a template "eth%d" */
};

struct oci_intel_rdt {
	const char *clos_id;         /* "/": the default class */
	const char *l3_cache_schema; /* "L3:0=7f0;1=1f" */
	const char *mem_bw_schema;   /* "MB:0=20;1=70" */
	struct strs schemata;        /* lines of the same kind */
	bool enable_monitoring;
};

struct oci_memory_policy {
	const char *mode;  /* "MPOL_BIND" */
	const char *nodes; /* "0-3,7"; NULL or "": none */
	struct strs flags; /* "MPOL_F_STATIC_NODES" */
};

/* ---- linux: resources --------------------------------------------------------------------------------------------------------------- */

struct oci_device_rule {
	bool allow;
	const char *type;   /* "a" "c" "b"; NULL is "a" */
	struct opt_i64 major; /* absent or -1: any */
	struct opt_i64 minor;
	const char *access; /* subset of "rwm"; NULL is "rwm" */
};

/* Every number: -1 is "unlimited". */
struct oci_memory {
	struct opt_i64 limit;
	struct opt_i64 reservation;
	struct opt_i64 swap; /* memory + swap */
	struct opt_i64 kernel;
	struct opt_i64 kernel_tcp;
	struct opt_u64 swappiness;
	struct opt_bool disable_oom_killer;
	struct opt_bool use_hierarchy;
	struct opt_bool check_before_update;
};

struct oci_cpu {
	struct opt_u64 shares;
	struct opt_i64 quota;
	struct opt_u64 burst;
	struct opt_u64 period;
	struct opt_i64 realtime_runtime;
	struct opt_u64 realtime_period;
	const char *cpus;
	const char *mems;
	struct opt_i64 idle;
};

struct oci_pids {
	struct opt_i64 limit; /* -1: max; 0 is a limit */
};

struct oci_weight_device {
	int64_t major;
	int64_t minor;
	struct opt_u32 weight;
	struct opt_u32 leaf_weight;
};

struct oci_throttle_device {
	int64_t major;
	int64_t minor;
	uint64_t rate;
};

struct oci_block_io {
	struct opt_u32 weight;
	struct opt_u32 leaf_weight;
	struct oci_weight_device *weight_device;
	size_t n_weight_device;
	struct oci_throttle_device *throttle_read_bps;
	size_t n_throttle_read_bps;
	struct oci_throttle_device *throttle_write_bps;
	size_t n_throttle_write_bps;
	struct oci_throttle_device *throttle_read_iops;
	size_t n_throttle_read_iops;
	struct oci_throttle_device *throttle_write_iops;
	size_t n_throttle_write_iops;
};

struct oci_hugepage_limit {
	const char *page_size; /* "2MB" */
	uint64_t limit;
};

struct oci_interface_priority {
	const char *name;
	uint32_t priority;
};

struct oci_network_resources {
	struct opt_u32 class_id;
	struct oci_interface_priority *priorities;
	size_t n_priorities;
};

struct oci_rdma {
	const char *key; /* the device: "mlx5_1" */
	struct opt_u32 hca_handles;
	struct opt_u32 hca_objects;
};

struct oci_resources {
	struct oci_device_rule *devices;
	size_t n_devices;
	struct oci_memory *memory;
	struct oci_cpu *cpu;
	struct oci_pids *pids;
	struct oci_block_io *block_io;
	struct oci_hugepage_limit *hugepage_limits;
	size_t n_hugepage_limits;
	struct oci_network_resources *network;
	struct oci_rdma *rdma;
	size_t n_rdma;
	struct pairs unified; /* cgroup v2 file -> value, verbatim */
};

/* ---- linux: seccomp -------------------------------------------------------------------------------------------------------------------- */

enum oci_seccomp_action {
	OCI_SECCOMP_KILL,
	OCI_SECCOMP_KILL_PROCESS,
	OCI_SECCOMP_KILL_THREAD,
	OCI_SECCOMP_TRAP,
	OCI_SECCOMP_ERRNO,
	OCI_SECCOMP_TRACE,
	OCI_SECCOMP_ALLOW,
	OCI_SECCOMP_LOG,
	OCI_SECCOMP_NOTIFY,
	OCI_SECCOMP_ACTION_COUNT,
};
extern const struct enumtab oci_seccomp_action_words; /* "SCMP_ACT_…" */

enum oci_seccomp_op {
	OCI_SECCOMP_NE,
	OCI_SECCOMP_LT,
	OCI_SECCOMP_LE,
	OCI_SECCOMP_EQ,
	OCI_SECCOMP_GE,
	OCI_SECCOMP_GT,
	OCI_SECCOMP_MASKED_EQ,
	OCI_SECCOMP_OP_COUNT,
};
extern const struct enumtab oci_seccomp_op_words; /* "SCMP_CMP_…" */

struct oci_seccomp_arg {
	uint32_t index;
	uint64_t value;
	uint64_t value_two;
	enum oci_seccomp_op op;
};

struct oci_seccomp_syscall {
	struct strs names;
	enum oci_seccomp_action action;
	struct opt_u32 errno_ret;
	struct oci_seccomp_arg *args;
	size_t n_args;
};

struct oci_seccomp {
	enum oci_seccomp_action default_action;
	struct opt_u32 default_errno_ret;
	struct strs architectures; /* "SCMP_ARCH_X86_64" */
	struct strs flags;         /* "SECCOMP_FILTER_FLAG_LOG" */
	const char *listener_path;
	const char *listener_metadata;
	struct oci_seccomp_syscall *syscalls;
	size_t n_syscalls;
};

/* ---- linux, config ----------------------------------------------------------------------------------------------------------------------- */

/* What is said for other platforms: that it is an object is all we ask of it. */
struct oci_present {
	char unused;
};

struct oci_linux {
	struct oci_namespace *namespaces;
	size_t n_namespaces;
	struct oci_id_mapping *uid_mappings;
	size_t n_uid_mappings;
	struct oci_id_mapping *gid_mappings;
	size_t n_gid_mappings;
	struct oci_time_offset *time_offsets;
	size_t n_time_offsets;
	struct oci_device *devices;
	size_t n_devices;
	const char *cgroups_path;
	struct oci_resources *resources;
	const char *rootfs_propagation;
	struct oci_seccomp *seccomp;
	struct pairs sysctl;
	struct strs masked_paths;
	struct strs readonly_paths;
	const char *mount_label;
	struct oci_personality *personality;
	struct oci_intel_rdt *intel_rdt;
	struct oci_memory_policy *memory_policy;
	struct oci_net_device *net_devices;
	size_t n_net_devices;
};

struct oci_config {
	const char *oci_version;
	struct oci_root *root;
	struct oci_mount *mounts;
	size_t n_mounts;
	struct oci_process *process;
	const char *hostname;
	const char *domainname;
	struct oci_hooks *hooks;
	struct pairs annotations;
	struct oci_linux *linux;
	struct oci_present *windows, *solaris, *vm, *zos, *freebsd;
};

extern const struct schema oci_config_schema;
extern const struct schema oci_process_schema;
extern const struct schema oci_resources_schema;
extern const struct schema oci_seccomp_schema;
extern const struct schema oci_linux_schema;

/* Decodes and validates a config.json of the text @json. The result is in @a; its linux is never NULL. */
int oci_config_decode(struct str json, struct arena *a, struct oci_config **ret, struct err *e);

/* The same for a lone process object (`exec --process`). */
/* An array of mounts, as in config.json. */
int oci_mounts_decode(struct str json, struct arena *a, struct oci_mount **ret, size_t *ret_n, struct err *e);
int oci_process_decode(struct str json, struct arena *a, struct oci_process **ret, struct err *e);

/* Checks what no field table can: version, needed objects, duplicates, paths, values out of range. */
int oci_mount_check(const struct oci_mount *m, const char *path, struct err *e);
int oci_config_check(const struct oci_config *c, struct err *e);
int oci_process_check(const struct oci_process *p, const char *path, struct err *e);
int oci_intel_rdt_check(const struct oci_intel_rdt *x, struct err *e);

/* Writes the document into @b; @pretty as Go's MarshalIndent with tabs. */
int oci_config_encode(const struct oci_config *c, bool pretty, struct buf *b);

/* The namespace entry of that type, or NULL. */
const struct oci_namespace *oci_namespace_find(const struct oci_linux *l, enum oci_ns type);

/* ---- state --------------------------------------------------------------------------------------------------------------------------------- */

/* What hooks read on stdin and `state` prints (which adds rootfs, created and owner, as runc does). */
struct oci_state {
	const char *oci_version;
	const char *id;
	const char *status; /* creating created running paused stopped */
	int32_t pid;
	const char *bundle;
	struct pairs annotations;
};
extern const struct schema oci_state_schema;

/* What the agent of a seccomp listener reads: the container process state. */
struct oci_process_state {
	const char *oci_version;
	struct strs fds; /* the names of the descriptors that came along */
	int32_t pid;
	const char *metadata;
	struct oci_state state;
};
extern const struct schema oci_process_state_schema;
