/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/oci_runtime.h"

/* clang-format off */

/* ---- process ------------------------------------------------------------------------------------------------------------------ */

static const struct field box_fields[] = {
	FIELD(struct oci_box, height, "height", U32, 0),
	FIELD(struct oci_box, width,  "width",  U32, 0),
};
static const struct schema box_schema = SCHEMA("box", struct oci_box, box_fields);

static const struct field user_fields[] = {
	FIELD(struct oci_user, uid,             "uid",            U32,     0),
	FIELD(struct oci_user, gid,             "gid",            U32,     0),
	FIELD(struct oci_user, umask,           "umask",          OPT_U32, FIELD_OMIT_EMPTY),
	FIELD(struct oci_user, additional_gids, "additionalGids", U32S,    FIELD_OMIT_EMPTY),
};
static const struct schema user_schema = SCHEMA("user", struct oci_user, user_fields);

static const struct field capabilities_fields[] = {
	FIELD(struct oci_capabilities, bounding,    "bounding",    STRS, FIELD_OMIT_EMPTY),
	FIELD(struct oci_capabilities, effective,   "effective",   STRS, FIELD_OMIT_EMPTY),
	FIELD(struct oci_capabilities, inheritable, "inheritable", STRS, FIELD_OMIT_EMPTY),
	FIELD(struct oci_capabilities, permitted,   "permitted",   STRS, FIELD_OMIT_EMPTY),
	FIELD(struct oci_capabilities, ambient,     "ambient",     STRS, FIELD_OMIT_EMPTY),
};
static const struct schema capabilities_schema = SCHEMA("capabilities", struct oci_capabilities, capabilities_fields);

static const struct field rlimit_fields[] = {
	FIELD(struct oci_rlimit, type, "type", STR, FIELD_REQUIRED),
	FIELD(struct oci_rlimit, hard, "hard", U64, 0),
	FIELD(struct oci_rlimit, soft, "soft", U64, 0),
};
static const struct schema rlimit_schema = SCHEMA("rlimit", struct oci_rlimit, rlimit_fields);

static const struct field scheduler_fields[] = {
	FIELD(struct oci_scheduler, policy,   "policy",   STR,  FIELD_REQUIRED),
	FIELD(struct oci_scheduler, nice,     "nice",     I32,  FIELD_OMIT_EMPTY),
	FIELD(struct oci_scheduler, priority, "priority", I32,  FIELD_OMIT_EMPTY),
	FIELD(struct oci_scheduler, flags,    "flags",    STRS, FIELD_OMIT_EMPTY),
	FIELD(struct oci_scheduler, runtime,  "runtime",  U64,  FIELD_OMIT_EMPTY),
	FIELD(struct oci_scheduler, deadline, "deadline", U64,  FIELD_OMIT_EMPTY),
	FIELD(struct oci_scheduler, period,   "period",   U64,  FIELD_OMIT_EMPTY),
};
static const struct schema scheduler_schema = SCHEMA("scheduler", struct oci_scheduler, scheduler_fields);

static const struct field io_priority_fields[] = {
	FIELD(struct oci_io_priority, class,    "class",    STR, FIELD_REQUIRED),
	FIELD(struct oci_io_priority, priority, "priority", I32, 0),
};
static const struct schema io_priority_schema = SCHEMA("ioPriority", struct oci_io_priority, io_priority_fields);

static const struct field cpu_affinity_fields[] = {
	FIELD(struct oci_cpu_affinity, initial, "initial", STR, FIELD_OMIT_EMPTY),
	FIELD(struct oci_cpu_affinity, final,   "final",   STR, FIELD_OMIT_EMPTY),
};
static const struct schema cpu_affinity_schema = SCHEMA("execCPUAffinity", struct oci_cpu_affinity, cpu_affinity_fields);

static const struct field process_fields[] = {
	FIELD(struct oci_process,     terminal,          "terminal",        BOOL,                  FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_process, console_size,      "consoleSize",     &box_schema,           FIELD_OMIT_EMPTY),
	FIELD_OBJ(struct oci_process, user,              "user",            &user_schema,          0),
	FIELD(struct oci_process,     args,              "args",            STRS,                  FIELD_OMIT_EMPTY),
	FIELD(struct oci_process,     env,               "env",             STRS,                  FIELD_OMIT_EMPTY),
	FIELD(struct oci_process,     cwd,               "cwd",             STR,                   0),
	FIELD_PTR(struct oci_process, capabilities,      "capabilities",    &capabilities_schema,  FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_process, rlimits,          "rlimits",         &rlimit_schema,        FIELD_OMIT_EMPTY),
	FIELD(struct oci_process,     no_new_privileges, "noNewPrivileges", BOOL,                  FIELD_OMIT_EMPTY),
	FIELD(struct oci_process,     apparmor_profile,  "apparmorProfile", STR,                   FIELD_OMIT_EMPTY),
	FIELD(struct oci_process,     oom_score_adj,     "oomScoreAdj",     OPT_I64,               FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_process, scheduler,         "scheduler",       &scheduler_schema,     FIELD_OMIT_EMPTY),
	FIELD(struct oci_process,     selinux_label,     "selinuxLabel",    STR,                   FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_process, io_priority,       "ioPriority",      &io_priority_schema,   FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_process, exec_cpu_affinity, "execCPUAffinity", &cpu_affinity_schema,  FIELD_OMIT_EMPTY),
};
const struct schema oci_process_schema = SCHEMA("process", struct oci_process, process_fields);

/* ---- root, mounts, hooks --------------------------------------------------------------------------------------------------------- */

static const struct field root_fields[] = {
	FIELD(struct oci_root, path,     "path",     STR,  FIELD_REQUIRED | FIELD_NONEMPTY),
	FIELD(struct oci_root, readonly, "readonly", BOOL, FIELD_OMIT_EMPTY),
};
static const struct schema root_schema = SCHEMA("root", struct oci_root, root_fields);

static const struct field id_mapping_fields[] = {
	FIELD(struct oci_id_mapping, container_id, "containerID", U32, 0),
	FIELD(struct oci_id_mapping, host_id,      "hostID",      U32, 0),
	FIELD(struct oci_id_mapping, size,         "size",        U32, FIELD_REQUIRED),
};
static const struct schema id_mapping_schema = SCHEMA("idMapping", struct oci_id_mapping, id_mapping_fields);

static const struct field mount_fields[] = {
	FIELD(struct oci_mount,      destination,  "destination", STR,                FIELD_REQUIRED | FIELD_NONEMPTY),
	FIELD(struct oci_mount,      type,         "type",        STR,                FIELD_OMIT_EMPTY),
	FIELD(struct oci_mount,      source,       "source",      STR,                FIELD_OMIT_EMPTY),
	FIELD(struct oci_mount,      options,      "options",     STRS,               FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_mount, uid_mappings, "uidMappings", &id_mapping_schema, FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_mount, gid_mappings, "gidMappings", &id_mapping_schema, FIELD_OMIT_EMPTY),
};
static const struct schema mount_schema = SCHEMA("mount", struct oci_mount, mount_fields);

static const struct field hook_fields[] = {
	FIELD(struct oci_hook, path,    "path",    STR,     FIELD_REQUIRED | FIELD_NONEMPTY),
	FIELD(struct oci_hook, args,    "args",    STRS,    FIELD_OMIT_EMPTY),
	FIELD(struct oci_hook, env,     "env",     STRS,    FIELD_OMIT_EMPTY),
	FIELD(struct oci_hook, timeout, "timeout", OPT_I64, FIELD_OMIT_EMPTY),
};
static const struct schema hook_schema = SCHEMA("hook", struct oci_hook, hook_fields);

static const struct field hooks_fields[] = {
	FIELD_LIST(struct oci_hooks, prestart,         "prestart",        &hook_schema, FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_hooks, create_runtime,   "createRuntime",   &hook_schema, FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_hooks, create_container, "createContainer", &hook_schema, FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_hooks, start_container,  "startContainer",  &hook_schema, FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_hooks, poststart,        "poststart",       &hook_schema, FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_hooks, poststop,         "poststop",        &hook_schema, FIELD_OMIT_EMPTY),
};
static const struct schema hooks_schema = SCHEMA("hooks", struct oci_hooks, hooks_fields);

/* ---- linux: namespaces and devices ------------------------------------------------------------------------------------------------ */

static const char *const ns_words[] = {
	[OCI_NS_PID] = "pid", [OCI_NS_NETWORK] = "network", [OCI_NS_MOUNT] = "mount", [OCI_NS_IPC] = "ipc", [OCI_NS_UTS] = "uts",
	[OCI_NS_USER] = "user", [OCI_NS_CGROUP] = "cgroup", [OCI_NS_TIME] = "time",
};
const struct enumtab oci_ns_words = ENUMTAB("namespace type", ns_words, OCI_NS_COUNT);

static const struct field namespace_fields[] = {
	FIELD_ENUM(struct oci_namespace, type, "type", &oci_ns_words, FIELD_REQUIRED),
	FIELD(struct oci_namespace,      path, "path", STR,           FIELD_OMIT_EMPTY),
};
static const struct schema namespace_schema = SCHEMA("namespace", struct oci_namespace, namespace_fields);

static const struct field device_fields[] = {
	FIELD(struct oci_device, path,      "path",     STR,     FIELD_REQUIRED | FIELD_NONEMPTY),
	FIELD(struct oci_device, type,      "type",     STR,     FIELD_REQUIRED | FIELD_NONEMPTY),
	FIELD(struct oci_device, major,     "major",    I64,     0),
	FIELD(struct oci_device, minor,     "minor",    I64,     0),
	FIELD(struct oci_device, file_mode, "fileMode", OPT_U32, FIELD_OMIT_EMPTY),
	FIELD(struct oci_device, uid,       "uid",      OPT_U32, FIELD_OMIT_EMPTY),
	FIELD(struct oci_device, gid,       "gid",      OPT_U32, FIELD_OMIT_EMPTY),
};
static const struct schema device_schema = SCHEMA("device", struct oci_device, device_fields);

static const struct field time_offset_fields[] = {
	FIELD(struct oci_time_offset, secs,     "secs",     I64, 0),
	FIELD(struct oci_time_offset, nanosecs, "nanosecs", U32, FIELD_OMIT_EMPTY),
};
static const struct schema time_offset_schema = SCHEMA("timeOffset", struct oci_time_offset, time_offset_fields);

static const struct field personality_fields[] = {
	FIELD(struct oci_personality, domain, "domain", STR,  FIELD_REQUIRED),
	FIELD(struct oci_personality, flags,  "flags",  STRS, FIELD_OMIT_EMPTY),
};
static const struct schema personality_schema = SCHEMA("personality", struct oci_personality, personality_fields);

static const struct field net_device_fields[] = {
	FIELD(struct oci_net_device, name, "name", STR, FIELD_OMIT_EMPTY),
};
static const struct schema net_device_schema = SCHEMA("netDevice", struct oci_net_device, net_device_fields);

static const struct field intel_rdt_fields[] = {
	FIELD(struct oci_intel_rdt, clos_id,           "closID",           STR,  FIELD_OMIT_EMPTY),
	FIELD(struct oci_intel_rdt, l3_cache_schema,   "l3CacheSchema",    STR,  FIELD_OMIT_EMPTY),
	FIELD(struct oci_intel_rdt, mem_bw_schema,     "memBwSchema",      STR,  FIELD_OMIT_EMPTY),
	FIELD(struct oci_intel_rdt, schemata,          "schemata",         STRS, FIELD_OMIT_EMPTY),
	FIELD(struct oci_intel_rdt, enable_monitoring, "enableMonitoring", BOOL, FIELD_OMIT_EMPTY),
};
static const struct schema intel_rdt_schema = SCHEMA("intelRdt", struct oci_intel_rdt, intel_rdt_fields);

static const struct field memory_policy_fields[] = {
	FIELD(struct oci_memory_policy, mode,  "mode",  STR,  FIELD_REQUIRED),
	FIELD(struct oci_memory_policy, nodes, "nodes", STR,  FIELD_OMIT_EMPTY),
	FIELD(struct oci_memory_policy, flags, "flags", STRS, FIELD_OMIT_EMPTY),
};
static const struct schema memory_policy_schema = SCHEMA("memoryPolicy", struct oci_memory_policy, memory_policy_fields);

/* ---- linux: resources --------------------------------------------------------------------------------------------------------------- */

static const struct field device_rule_fields[] = {
	FIELD(struct oci_device_rule, allow,  "allow",  BOOL,    FIELD_REQUIRED),
	FIELD(struct oci_device_rule, type,   "type",   STR,     FIELD_OMIT_EMPTY),
	FIELD(struct oci_device_rule, major,  "major",  OPT_I64, FIELD_OMIT_EMPTY),
	FIELD(struct oci_device_rule, minor,  "minor",  OPT_I64, FIELD_OMIT_EMPTY),
	FIELD(struct oci_device_rule, access, "access", STR,     FIELD_OMIT_EMPTY),
};
static const struct schema device_rule_schema = SCHEMA("deviceRule", struct oci_device_rule, device_rule_fields);

static const struct field memory_fields[] = {
	FIELD(struct oci_memory, limit,               "limit",             OPT_I64,  FIELD_OMIT_EMPTY),
	FIELD(struct oci_memory, reservation,         "reservation",       OPT_I64,  FIELD_OMIT_EMPTY),
	FIELD(struct oci_memory, swap,                "swap",              OPT_I64,  FIELD_OMIT_EMPTY),
	FIELD(struct oci_memory, kernel,              "kernel",            OPT_I64,  FIELD_OMIT_EMPTY),
	FIELD(struct oci_memory, kernel_tcp,          "kernelTCP",         OPT_I64,  FIELD_OMIT_EMPTY),
	FIELD(struct oci_memory, swappiness,          "swappiness",        OPT_U64,  FIELD_OMIT_EMPTY),
	FIELD(struct oci_memory, disable_oom_killer,  "disableOOMKiller",  OPT_BOOL, FIELD_OMIT_EMPTY),
	FIELD(struct oci_memory, use_hierarchy,       "useHierarchy",      OPT_BOOL, FIELD_OMIT_EMPTY),
	FIELD(struct oci_memory, check_before_update, "checkBeforeUpdate", OPT_BOOL, FIELD_OMIT_EMPTY),
};
static const struct schema memory_schema = SCHEMA("memory", struct oci_memory, memory_fields);

static const struct field cpu_fields[] = {
	FIELD(struct oci_cpu, shares,           "shares",          OPT_U64, FIELD_OMIT_EMPTY),
	FIELD(struct oci_cpu, quota,            "quota",           OPT_I64, FIELD_OMIT_EMPTY),
	FIELD(struct oci_cpu, burst,            "burst",           OPT_U64, FIELD_OMIT_EMPTY),
	FIELD(struct oci_cpu, period,           "period",          OPT_U64, FIELD_OMIT_EMPTY),
	FIELD(struct oci_cpu, realtime_runtime, "realtimeRuntime", OPT_I64, FIELD_OMIT_EMPTY),
	FIELD(struct oci_cpu, realtime_period,  "realtimePeriod",  OPT_U64, FIELD_OMIT_EMPTY),
	FIELD(struct oci_cpu, cpus,             "cpus",            STR,     FIELD_OMIT_EMPTY),
	FIELD(struct oci_cpu, mems,             "mems",            STR,     FIELD_OMIT_EMPTY),
	FIELD(struct oci_cpu, idle,             "idle",            OPT_I64, FIELD_OMIT_EMPTY),
};
static const struct schema cpu_schema = SCHEMA("cpu", struct oci_cpu, cpu_fields);

static const struct field pids_fields[] = {
	FIELD(struct oci_pids, limit, "limit", OPT_I64, FIELD_OMIT_EMPTY),
};
static const struct schema pids_schema = SCHEMA("pids", struct oci_pids, pids_fields);

static const struct field weight_device_fields[] = {
	FIELD(struct oci_weight_device, major,       "major",      I64,     FIELD_REQUIRED),
	FIELD(struct oci_weight_device, minor,       "minor",      I64,     FIELD_REQUIRED),
	FIELD(struct oci_weight_device, weight,      "weight",     OPT_U32, FIELD_OMIT_EMPTY),
	FIELD(struct oci_weight_device, leaf_weight, "leafWeight", OPT_U32, FIELD_OMIT_EMPTY),
};
static const struct schema weight_device_schema = SCHEMA("weightDevice", struct oci_weight_device, weight_device_fields);

static const struct field throttle_device_fields[] = {
	FIELD(struct oci_throttle_device, major, "major", I64, FIELD_REQUIRED),
	FIELD(struct oci_throttle_device, minor, "minor", I64, FIELD_REQUIRED),
	FIELD(struct oci_throttle_device, rate,  "rate",  U64, FIELD_REQUIRED),
};
static const struct schema throttle_schema = SCHEMA("throttleDevice", struct oci_throttle_device, throttle_device_fields);

static const struct field block_io_fields[] = {
	FIELD(struct oci_block_io,      weight,              "weight",                  OPT_U32,               FIELD_OMIT_EMPTY),
	FIELD(struct oci_block_io,      leaf_weight,         "leafWeight",              OPT_U32,               FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_block_io, weight_device,       "weightDevice",            &weight_device_schema, FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_block_io, throttle_read_bps,   "throttleReadBpsDevice",   &throttle_schema,      FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_block_io, throttle_write_bps,  "throttleWriteBpsDevice",  &throttle_schema,      FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_block_io, throttle_read_iops,  "throttleReadIOPSDevice",  &throttle_schema,      FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_block_io, throttle_write_iops, "throttleWriteIOPSDevice", &throttle_schema,      FIELD_OMIT_EMPTY),
};
static const struct schema block_io_schema = SCHEMA("blockIO", struct oci_block_io, block_io_fields);

static const struct field hugepage_limit_fields[] = {
	FIELD(struct oci_hugepage_limit, page_size, "pageSize", STR, FIELD_REQUIRED),
	FIELD(struct oci_hugepage_limit, limit,     "limit",    U64, FIELD_REQUIRED),
};
static const struct schema hugepage_limit_schema = SCHEMA("hugepageLimit", struct oci_hugepage_limit, hugepage_limit_fields);

static const struct field interface_priority_fields[] = {
	FIELD(struct oci_interface_priority, name,     "name",     STR, FIELD_REQUIRED),
	FIELD(struct oci_interface_priority, priority, "priority", U32, FIELD_REQUIRED),
};
static const struct schema interface_priority_schema =
	SCHEMA("interfacePriority", struct oci_interface_priority, interface_priority_fields);

static const struct field network_resources_fields[] = {
	FIELD(struct oci_network_resources,      class_id,   "classID",    OPT_U32,                    FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_network_resources, priorities, "priorities", &interface_priority_schema, FIELD_OMIT_EMPTY),
};
static const struct schema network_resources_schema = SCHEMA("network", struct oci_network_resources, network_resources_fields);

static const struct field rdma_fields[] = {
	FIELD(struct oci_rdma, hca_handles, "hcaHandles", OPT_U32, FIELD_OMIT_EMPTY),
	FIELD(struct oci_rdma, hca_objects, "hcaObjects", OPT_U32, FIELD_OMIT_EMPTY),
};
static const struct schema rdma_schema = SCHEMA("rdma", struct oci_rdma, rdma_fields);

static const struct field resources_fields[] = {
	FIELD_LIST(struct oci_resources, devices,         "devices",        &device_rule_schema,       FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_resources,  memory,          "memory",         &memory_schema,            FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_resources,  cpu,             "cpu",            &cpu_schema,               FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_resources,  pids,            "pids",           &pids_schema,              FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_resources,  block_io,        "blockIO",        &block_io_schema,          FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_resources, hugepage_limits, "hugepageLimits", &hugepage_limit_schema,    FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_resources,  network,         "network",        &network_resources_schema, FIELD_OMIT_EMPTY),
	FIELD_DICT(struct oci_resources, rdma,            "rdma",           &rdma_schema,              FIELD_OMIT_EMPTY),
	FIELD(struct oci_resources,      unified,         "unified",        PAIRS,                     FIELD_OMIT_EMPTY),
};
const struct schema oci_resources_schema = SCHEMA("resources", struct oci_resources, resources_fields);

/* ---- linux: seccomp -------------------------------------------------------------------------------------------------------------------- */

static const char *const action_words[] = {
	[OCI_SECCOMP_KILL] = "SCMP_ACT_KILL", [OCI_SECCOMP_KILL_PROCESS] = "SCMP_ACT_KILL_PROCESS",
	[OCI_SECCOMP_KILL_THREAD] = "SCMP_ACT_KILL_THREAD", [OCI_SECCOMP_TRAP] = "SCMP_ACT_TRAP", [OCI_SECCOMP_ERRNO] = "SCMP_ACT_ERRNO",
	[OCI_SECCOMP_TRACE] = "SCMP_ACT_TRACE", [OCI_SECCOMP_ALLOW] = "SCMP_ACT_ALLOW", [OCI_SECCOMP_LOG] = "SCMP_ACT_LOG",
	[OCI_SECCOMP_NOTIFY] = "SCMP_ACT_NOTIFY",
};
const struct enumtab oci_seccomp_action_words = ENUMTAB("seccomp action", action_words, OCI_SECCOMP_ACTION_COUNT);

static const char *const op_words[] = {
	[OCI_SECCOMP_NE] = "SCMP_CMP_NE", [OCI_SECCOMP_LT] = "SCMP_CMP_LT", [OCI_SECCOMP_LE] = "SCMP_CMP_LE",
	[OCI_SECCOMP_EQ] = "SCMP_CMP_EQ", [OCI_SECCOMP_GE] = "SCMP_CMP_GE", [OCI_SECCOMP_GT] = "SCMP_CMP_GT",
	[OCI_SECCOMP_MASKED_EQ] = "SCMP_CMP_MASKED_EQ",
};
const struct enumtab oci_seccomp_op_words = ENUMTAB("seccomp operator", op_words, OCI_SECCOMP_OP_COUNT);

static const struct field seccomp_arg_fields[] = {
	FIELD(struct oci_seccomp_arg,      index,     "index",    U32,                   FIELD_REQUIRED),
	FIELD(struct oci_seccomp_arg,      value,     "value",    U64,                   FIELD_REQUIRED),
	FIELD(struct oci_seccomp_arg,      value_two, "valueTwo", U64,                   FIELD_OMIT_EMPTY),
	FIELD_ENUM(struct oci_seccomp_arg, op,        "op",       &oci_seccomp_op_words, FIELD_REQUIRED),
};
static const struct schema seccomp_arg_schema = SCHEMA("seccompArg", struct oci_seccomp_arg, seccomp_arg_fields);

static const struct field seccomp_syscall_fields[] = {
	FIELD(struct oci_seccomp_syscall,      names,     "names",    STRS,                      FIELD_REQUIRED),
	FIELD_ENUM(struct oci_seccomp_syscall, action,    "action",   &oci_seccomp_action_words, FIELD_REQUIRED),
	FIELD(struct oci_seccomp_syscall,      errno_ret, "errnoRet", OPT_U32,                   FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_seccomp_syscall, args,      "args",     &seccomp_arg_schema,       FIELD_OMIT_EMPTY),
};
static const struct schema seccomp_syscall_schema = SCHEMA("seccompSyscall", struct oci_seccomp_syscall, seccomp_syscall_fields);

static const struct field seccomp_fields[] = {
	FIELD_ENUM(struct oci_seccomp, default_action,    "defaultAction",    &oci_seccomp_action_words, FIELD_REQUIRED),
	FIELD(struct oci_seccomp,      default_errno_ret, "defaultErrnoRet",  OPT_U32,                   FIELD_OMIT_EMPTY),
	FIELD(struct oci_seccomp,      architectures,     "architectures",    STRS,                      FIELD_OMIT_EMPTY),
	FIELD(struct oci_seccomp,      flags,             "flags",            STRS,                      FIELD_OMIT_EMPTY),
	FIELD(struct oci_seccomp,      listener_path,     "listenerPath",     STR,                       FIELD_OMIT_EMPTY),
	FIELD(struct oci_seccomp,      listener_metadata, "listenerMetadata", STR,                       FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_seccomp, syscalls,          "syscalls",         &seccomp_syscall_schema,   FIELD_OMIT_EMPTY),
};
const struct schema oci_seccomp_schema = SCHEMA("seccomp", struct oci_seccomp, seccomp_fields);

/* ---- linux, config, state ---------------------------------------------------------------------------------------------------------------- */

/* No property of these is read. */
static const struct schema present_schema = { .name = "object", .size = sizeof(struct oci_present) };

static const struct field linux_fields[] = {
	FIELD_LIST(struct oci_linux, uid_mappings,       "uidMappings",       &id_mapping_schema,    FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_linux, gid_mappings,       "gidMappings",       &id_mapping_schema,    FIELD_OMIT_EMPTY),
	FIELD(struct oci_linux,      sysctl,             "sysctl",            PAIRS,                 FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_linux,  resources,          "resources",         &oci_resources_schema, FIELD_OMIT_EMPTY),
	FIELD(struct oci_linux,      cgroups_path,       "cgroupsPath",       STR,                   FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_linux, namespaces,         "namespaces",        &namespace_schema,     FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_linux, devices,            "devices",           &device_schema,        FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_linux,  seccomp,            "seccomp",           &oci_seccomp_schema,   FIELD_OMIT_EMPTY),
	FIELD(struct oci_linux,      rootfs_propagation, "rootfsPropagation", STR,                   FIELD_OMIT_EMPTY),
	FIELD(struct oci_linux,      masked_paths,       "maskedPaths",       STRS,                  FIELD_OMIT_EMPTY),
	FIELD(struct oci_linux,      readonly_paths,     "readonlyPaths",     STRS,                  FIELD_OMIT_EMPTY),
	FIELD(struct oci_linux,      mount_label,        "mountLabel",        STR,                   FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_linux,  personality,        "personality",       &personality_schema,   FIELD_OMIT_EMPTY),
	FIELD_DICT(struct oci_linux, time_offsets,       "timeOffsets",       &time_offset_schema,   FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_linux,  intel_rdt,          "intelRdt",          &intel_rdt_schema,     FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_linux,  memory_policy,      "memoryPolicy",      &memory_policy_schema, FIELD_OMIT_EMPTY),
	FIELD_DICT(struct oci_linux, net_devices,        "netDevices",        &net_device_schema,    FIELD_OMIT_EMPTY),
};
const struct schema oci_linux_schema = SCHEMA("linux", struct oci_linux, linux_fields);

static const struct field config_fields[] = {
	FIELD(struct oci_config,      oci_version, "ociVersion",  STR,                 FIELD_REQUIRED),
	FIELD_PTR(struct oci_config,  process,     "process",     &oci_process_schema, FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_config,  root,        "root",        &root_schema,        FIELD_OMIT_EMPTY),
	FIELD(struct oci_config,      hostname,    "hostname",    STR,                 FIELD_OMIT_EMPTY),
	FIELD(struct oci_config,      domainname,  "domainname",  STR,                 FIELD_OMIT_EMPTY),
	FIELD_LIST(struct oci_config, mounts,      "mounts",      &mount_schema,       FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_config,  hooks,       "hooks",       &hooks_schema,       FIELD_OMIT_EMPTY),
	FIELD(struct oci_config,      annotations, "annotations", PAIRS,               FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_config,  linux,       "linux",       &oci_linux_schema,   FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_config,  windows,     "windows",     &present_schema,     FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_config,  solaris,     "solaris",     &present_schema,     FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_config,  vm,          "vm",          &present_schema,     FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_config,  zos,         "zos",         &present_schema,     FIELD_OMIT_EMPTY),
	FIELD_PTR(struct oci_config,  freebsd,     "freebsd",     &present_schema,     FIELD_OMIT_EMPTY),
};
const struct schema oci_config_schema = SCHEMA("config", struct oci_config, config_fields);

static const struct field state_fields[] = {
	FIELD(struct oci_state, oci_version, "ociVersion",  STR,   FIELD_REQUIRED),
	FIELD(struct oci_state, id,          "id",          STR,   FIELD_REQUIRED),
	FIELD(struct oci_state, status,      "status",      STR,   FIELD_REQUIRED),
	FIELD(struct oci_state, pid,         "pid",         I32,   FIELD_OMIT_EMPTY),
	FIELD(struct oci_state, bundle,      "bundle",      STR,   FIELD_REQUIRED),
	FIELD(struct oci_state, annotations, "annotations", PAIRS, FIELD_OMIT_EMPTY),
};
const struct schema oci_state_schema = SCHEMA("state", struct oci_state, state_fields);

static const struct field process_state_fields[] = {
	FIELD(struct oci_process_state,     oci_version, "ociVersion", STR,               FIELD_REQUIRED),
	FIELD(struct oci_process_state,     fds,         "fds",        STRS,              FIELD_OMIT_EMPTY),
	FIELD(struct oci_process_state,     pid,         "pid",        I32,               FIELD_REQUIRED),
	FIELD(struct oci_process_state,     metadata,    "metadata",   STR,               FIELD_OMIT_EMPTY),
	FIELD_OBJ(struct oci_process_state, state,       "state",      &oci_state_schema, FIELD_REQUIRED),
};
const struct schema oci_process_state_schema = SCHEMA("process state", struct oci_process_state, process_state_fields);

/* clang-format on */

/* ---- documents ------------------------------------------------------------------------------------------------------------------------ */

int oci_mounts_decode(struct str json, struct arena *a, struct oci_mount **ret, size_t *ret_n, struct err *e)
{
	struct oci_mount *mounts;
	size_t n;
	int r = json_decode_list(json, &mount_schema, 0, a, &mounts, &n, e);

	for (size_t i = 0; r == 0 && i < n; i++) {
		char path[32];

		snprintf(path, sizeof path, "[%zu]", i);
		r = oci_mount_check(&mounts[i], path, e);
	}
	if (r < 0)
		return r;
	*ret = mounts;
	*ret_n = n;
	return 0;
}

int oci_config_decode(struct str json, struct arena *a, struct oci_config **ret, struct err *e)
{
	struct oci_config *c = arena_new(a, struct oci_config);
	int r = json_decode(json, &oci_config_schema, 0, a, c, e);

	if (r == 0)
		r = oci_config_check(c, e);
	if (r < 0)
		return r;
	if (!c->linux)
		c->linux = arena_new(a, struct oci_linux);
	*ret = c;
	return 0;
}

int oci_process_decode(struct str json, struct arena *a, struct oci_process **ret, struct err *e)
{
	struct oci_process *p = arena_new(a, struct oci_process);
	int r = json_decode(json, &oci_process_schema, 0, a, p, e);

	if (r == 0)
		r = oci_process_check(p, "process", e);
	if (r < 0)
		return r;
	*ret = p;
	return 0;
}

int oci_config_encode(const struct oci_config *c, bool pretty, struct buf *b)
{
	return json_encode(&oci_config_schema, c, pretty ? JSON_INDENT_TAB : JSON_INDENT_NONE, b);
}
