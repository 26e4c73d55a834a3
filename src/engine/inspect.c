/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect: our documents in the words of docker's `inspect`, for people's scripts and the doors. Output structs and their tables only; the engine
 * itself never reads these.
 */
#include "engine/engine.h"

#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "engine/inspect_network.h"
#include "engine/internal.h"
#include "engine/list.h"
#include "engine/volume.h"
#include "spec/defaults.h"

#define ZERO_TIME "0001-01-01T00:00:00Z"
enum { SHM_DEFAULT = 64 * 1024 * 1024 };

/* ---- the documents ---------------------------------------------------------------------------------------------------------------------------- */

struct doc_state {
	const char *status;
	bool running, paused, restarting, oom_killed, dead;
	int32_t pid, exit_code;
	const char *error, *started, *finished;
	struct health_state *health;
};

struct doc_ulimit {
	const char *name;
	int64_t soft, hard;
};

/* One --device-read-bps and its like; weights have a word of their own. */
struct doc_rate {
	const char *path;
	uint64_t rate;
};

struct doc_device {
	const char *host, *target, *access;
};

struct doc_log {
	const char *type;
	struct pairs config;
};

struct doc_restart {
	const char *name;
	uint32_t max;
};

/* As podman writes it. */
struct doc_ids {
	struct strs uids, gids;
};

struct doc_host {
	struct doc_log log;
	struct strs binds;
	const char *network_mode;
	struct str port_bindings;
	struct doc_restart restart;
	bool auto_remove;
	struct strs cap_add, cap_drop, dns, dns_options, dns_search, extra_hosts, group_add;
	int32_t oom_score_adj;
	bool privileged, publish_all, read_only;
	struct strs security_opts;
	struct pairs tmpfs;
	struct pairs storage_opts;
	int64_t shm_size;
	struct pairs sysctls;
	const char *runtime;
	int64_t cpu_shares, memory, nano_cpus;
	const char *cgroup_parent;
	int64_t cpu_period, cpu_quota;
	const char *cpuset_cpus, *cpuset_mems;
	int64_t memory_reservation, memory_swap;
	bool oom_kill_disable, init;
	int64_t pids_limit;
	struct doc_ulimit *ulimits;
	size_t n_ulimits;
	const char *pid_mode, *ipc_mode, *uts_mode, *cgroupns_mode, *userns_mode;
	struct doc_ids *id_mappings; /* podman's; only with a user namespace of its own */
	uint32_t blkio_weight;
	struct doc_rate *weights, *read_bps, *write_bps, *read_iops, *write_iops;
	size_t n_weights, n_read_bps, n_write_bps, n_read_iops, n_write_iops;
	int64_t cpu_rt_period, cpu_rt_runtime;
	struct opt_i64 swappiness;
	struct doc_device *devices;
	size_t n_devices;
	struct strs device_rules, masked, readonly;
	struct str device_requests;
};

struct doc_mount {
	const char *type, *name, *source, *destination, *driver, *mode;
	bool rw;
	const char *propagation;
};

struct doc_config {
	const char *hostname, *domainname, *user;
	bool attach_stdin, attach_stdout, attach_stderr;
	struct strs exposed;
	bool tty, open_stdin, stdin_once;
	struct strs env, cmd;
	const char *image;
	struct strs volumes;
	const char *workdir;
	struct strs entrypoint;
	struct pairs labels;
	struct oci_healthcheck *health;
	const char *stop_signal;
	int32_t stop_timeout;
};

struct doc_graph_data {
	const char *lower, *merged, *upper, *work;
};

struct doc_graph {
	const char *name;
	struct doc_graph_data data;
};

struct doc_container {
	const char *id, *created, *path;
	struct strs args;
	struct doc_state state;
	const char *image, *resolv_conf, *hostname_path, *hosts_path, *log_path, *name;
	int32_t restart_count;
	const char *driver, *platform;
	struct doc_host host;
	struct doc_graph graph;
	struct opt_i64 size_rw;
	struct doc_mount *mounts;
	size_t n_mounts;
	struct doc_config config;
	struct doc_networks network;
};

/* clang-format off */
static const struct field state_fields[] = {
	FIELD(struct doc_state, status,     "Status",     STR,  0),
	FIELD(struct doc_state, running,    "Running",    BOOL, 0),
	FIELD(struct doc_state, paused,     "Paused",     BOOL, 0),
	FIELD(struct doc_state, restarting, "Restarting", BOOL, 0),
	FIELD(struct doc_state, oom_killed, "OOMKilled",  BOOL, 0),
	FIELD(struct doc_state, dead,       "Dead",       BOOL, 0),
	FIELD(struct doc_state, pid,        "Pid",        I32,  0),
	FIELD(struct doc_state, exit_code,  "ExitCode",   I32,  0),
	FIELD(struct doc_state, error,      "Error",      STR,  0),
	FIELD(struct doc_state, started,    "StartedAt",  STR,  0),
	FIELD(struct doc_state, finished,   "FinishedAt", STR,  0),
	FIELD_PTR(struct doc_state, health, "Health", &health_state_schema, FIELD_OMIT_EMPTY),
};
static const struct schema state_schema = SCHEMA("state", struct doc_state, state_fields);

static const struct field ulimit_fields[] = {
	FIELD(struct doc_ulimit, name, "Name", STR, 0),
	FIELD(struct doc_ulimit, hard, "Hard", I64, 0),
	FIELD(struct doc_ulimit, soft, "Soft", I64, 0),
};
static const struct schema ulimit_schema = SCHEMA("ulimit", struct doc_ulimit, ulimit_fields);

static const struct field weight_fields[] = {
	FIELD(struct doc_rate, path, "Path",   STR, 0),
	FIELD(struct doc_rate, rate, "Weight", U64, 0),
};
static const struct schema weight_schema = SCHEMA("weight", struct doc_rate, weight_fields);

static const struct field rate_fields[] = {
	FIELD(struct doc_rate, path, "Path", STR, 0),
	FIELD(struct doc_rate, rate, "Rate", U64, 0),
};
static const struct schema rate_schema = SCHEMA("rate", struct doc_rate, rate_fields);

static const struct field device_fields[] = {
	FIELD(struct doc_device, host,   "PathOnHost",        STR, 0),
	FIELD(struct doc_device, target, "PathInContainer",   STR, 0),
	FIELD(struct doc_device, access, "CgroupPermissions", STR, 0),
};
static const struct schema device_schema = SCHEMA("device", struct doc_device, device_fields);
static const struct field log_fields[] = {
	FIELD(struct doc_log, type,   "Type",   STR,   0),
	FIELD(struct doc_log, config, "Config", PAIRS, 0),
};
static const struct schema log_schema = SCHEMA("LogConfig", struct doc_log, log_fields);

static const struct field restart_fields[] = {
	FIELD(struct doc_restart, name, "Name",              STR, 0),
	FIELD(struct doc_restart, max,  "MaximumRetryCount", U32, 0),
};
static const struct schema restart_schema = SCHEMA("RestartPolicy", struct doc_restart, restart_fields);

static const struct field id_mappings_fields[] = {
	FIELD(struct doc_ids, uids, "UidMap", STRS, 0),
	FIELD(struct doc_ids, gids, "GidMap", STRS, 0),
};
static const struct schema id_mappings_schema = SCHEMA("IDMappings", struct doc_ids, id_mappings_fields);

static const struct field host_fields[] = {
	FIELD(struct doc_host, binds,         "Binds",           STRS,  FIELD_NULL_EMPTY),
	FIELD_OBJ(struct doc_host, log, "LogConfig", &log_schema, 0),
	FIELD(struct doc_host, network_mode,  "NetworkMode",     STR,   0),
	FIELD(struct doc_host, port_bindings, "PortBindings",    RAW,   0),
	FIELD_OBJ(struct doc_host, restart,   "RestartPolicy",   &restart_schema, 0),
	FIELD(struct doc_host, auto_remove,   "AutoRemove",      BOOL,  0),
	FIELD(struct doc_host, cap_add,       "CapAdd",          STRS,  FIELD_NULL_EMPTY),
	FIELD(struct doc_host, cap_drop,      "CapDrop",         STRS,  FIELD_NULL_EMPTY),
	FIELD(struct doc_host, dns,           "Dns",             STRS,  0),
	FIELD(struct doc_host, dns_options,   "DnsOptions",      STRS,  0),
	FIELD(struct doc_host, dns_search,    "DnsSearch",       STRS,  0),
	FIELD(struct doc_host, extra_hosts,   "ExtraHosts",      STRS,  FIELD_NULL_EMPTY),
	FIELD(struct doc_host, group_add,     "GroupAdd",        STRS,  FIELD_NULL_EMPTY),
	FIELD(struct doc_host, oom_score_adj, "OomScoreAdj",     I32,   0),
	FIELD(struct doc_host, privileged,    "Privileged",      BOOL,  0),
	FIELD(struct doc_host, publish_all,   "PublishAllPorts", BOOL,  0),
	FIELD(struct doc_host, read_only,     "ReadonlyRootfs",  BOOL,  0),
	FIELD(struct doc_host, security_opts, "SecurityOpt",     STRS,  FIELD_NULL_EMPTY),
	FIELD(struct doc_host, tmpfs,         "Tmpfs",           PAIRS, FIELD_OMIT_EMPTY),
	FIELD(struct doc_host, storage_opts,  "StorageOpt",      PAIRS, FIELD_OMIT_EMPTY),
	FIELD(struct doc_host, shm_size,      "ShmSize",         I64,   0),
	FIELD(struct doc_host, sysctls,       "Sysctls",         PAIRS, FIELD_OMIT_EMPTY),
	FIELD(struct doc_host, runtime,       "Runtime",         STR,   0),
	FIELD(struct doc_host, cpu_shares,    "CpuShares",       I64,   0),
	FIELD(struct doc_host, memory,        "Memory",          I64,   0),
	FIELD(struct doc_host, nano_cpus,     "NanoCpus",        I64,   0),
	FIELD(struct doc_host, cgroup_parent, "CgroupParent",    STR,   0),
	FIELD(struct doc_host, cpu_period,    "CpuPeriod",       I64,   0),
	FIELD(struct doc_host, cpu_quota,     "CpuQuota",        I64,   0),
	FIELD(struct doc_host, cpuset_cpus,   "CpusetCpus",      STR,   0),
	FIELD(struct doc_host, cpuset_mems,   "CpusetMems",      STR,   0),
	FIELD(struct doc_host, memory_reservation, "MemoryReservation", I64, 0),
	FIELD(struct doc_host, memory_swap,   "MemorySwap",      I64,   0),
	FIELD(struct doc_host, oom_kill_disable, "OomKillDisable", BOOL, 0),
	FIELD(struct doc_host, init,          "Init",            BOOL,  0),
	FIELD(struct doc_host, pids_limit,    "PidsLimit",       I64,   0),
	FIELD_LIST(struct doc_host, ulimits, "Ulimits", &ulimit_schema, 0),
	FIELD(struct doc_host, cgroupns_mode, "CgroupnsMode",    STR,   0),
	FIELD(struct doc_host, ipc_mode,      "IpcMode",         STR,   0),
	FIELD(struct doc_host, pid_mode,      "PidMode",         STR,   0),
	FIELD(struct doc_host, uts_mode,      "UTSMode",         STR,   0),
	FIELD(struct doc_host, userns_mode,   "UsernsMode",      STR,   0),
	FIELD_PTR(struct doc_host, id_mappings, "IDMappings", &id_mappings_schema, FIELD_OMIT_EMPTY),
	FIELD(struct doc_host, blkio_weight,  "BlkioWeight",     U32,   0),
	FIELD_LIST(struct doc_host, weights,    "BlkioWeightDevice",    &weight_schema, 0),
	FIELD_LIST(struct doc_host, read_bps,   "BlkioDeviceReadBps",   &rate_schema,   FIELD_NULL_EMPTY),
	FIELD_LIST(struct doc_host, write_bps,  "BlkioDeviceWriteBps",  &rate_schema,   FIELD_NULL_EMPTY),
	FIELD_LIST(struct doc_host, read_iops,  "BlkioDeviceReadIOps",  &rate_schema,   FIELD_NULL_EMPTY),
	FIELD_LIST(struct doc_host, write_iops, "BlkioDeviceWriteIOps", &rate_schema,   FIELD_NULL_EMPTY),
	FIELD(struct doc_host, cpu_rt_period, "CpuRealtimePeriod", I64, 0),
	FIELD(struct doc_host, cpu_rt_runtime, "CpuRealtimeRuntime", I64, 0),
	FIELD(struct doc_host, swappiness,    "MemorySwappiness", OPT_I64, 0),
	FIELD_LIST(struct doc_host, devices, "Devices", &device_schema, 0),
	FIELD(struct doc_host, device_requests, "DeviceRequests", RAW,  0),
	FIELD(struct doc_host, device_rules,  "DeviceCgroupRules", STRS, FIELD_NULL_EMPTY),
	FIELD(struct doc_host, masked,        "MaskedPaths",     STRS,  FIELD_NULL_EMPTY),
	FIELD(struct doc_host, readonly,      "ReadonlyPaths",   STRS,  FIELD_NULL_EMPTY),
};
static const struct schema host_schema = SCHEMA("HostConfig", struct doc_host, host_fields);

static const struct field mount_fields[] = {
	FIELD(struct doc_mount, type,        "Type",        STR,  0),
	FIELD(struct doc_mount, name,        "Name",        STR,  FIELD_OMIT_EMPTY),
	FIELD(struct doc_mount, source,      "Source",      STR,  0),
	FIELD(struct doc_mount, destination, "Destination", STR,  0),
	FIELD(struct doc_mount, driver,      "Driver",      STR,  FIELD_OMIT_EMPTY),
	FIELD(struct doc_mount, mode,        "Mode",        STR,  0),
	FIELD(struct doc_mount, rw,          "RW",          BOOL, 0),
	FIELD(struct doc_mount, propagation, "Propagation", STR,  0),
};
static const struct schema mount_schema = SCHEMA("mount", struct doc_mount, mount_fields);

static const struct field config_fields[] = {
	FIELD(struct doc_config, hostname,      "Hostname",     STR,   0),
	FIELD(struct doc_config, domainname,    "Domainname",   STR,   0),
	FIELD(struct doc_config, user,          "User",         STR,   0),
	FIELD(struct doc_config, attach_stdin,  "AttachStdin",  BOOL,  0),
	FIELD(struct doc_config, attach_stdout, "AttachStdout", BOOL,  0),
	FIELD(struct doc_config, attach_stderr, "AttachStderr", BOOL,  0),
	FIELD(struct doc_config, exposed,       "ExposedPorts", KEYS,  FIELD_OMIT_EMPTY),
	FIELD(struct doc_config, tty,           "Tty",          BOOL,  0),
	FIELD(struct doc_config, open_stdin,    "OpenStdin",    BOOL,  0),
	FIELD(struct doc_config, stdin_once,    "StdinOnce",    BOOL,  0),
	FIELD(struct doc_config, env,           "Env",          STRS,  0),
	FIELD(struct doc_config, cmd,           "Cmd",          STRS,  FIELD_NULL_EMPTY),
	FIELD(struct doc_config, image,         "Image",        STR,   0),
	FIELD(struct doc_config, volumes,       "Volumes",      KEYS,  0),
	FIELD(struct doc_config, workdir,       "WorkingDir",   STR,   0),
	FIELD(struct doc_config, entrypoint,    "Entrypoint",   STRS,  FIELD_NULL_EMPTY),
	FIELD(struct doc_config, labels,        "Labels",       PAIRS, 0),
	FIELD_PTR(struct doc_config, health,   "Healthcheck",  &oci_healthcheck_schema, FIELD_OMIT_EMPTY),
	FIELD(struct doc_config, stop_signal,   "StopSignal",   STR,   FIELD_OMIT_EMPTY),
	FIELD(struct doc_config, stop_timeout,  "StopTimeout",  I32,   FIELD_OMIT_EMPTY),
};
static const struct schema config_schema = SCHEMA("Config", struct doc_config, config_fields);

static const struct field graph_data_fields[] = {
	FIELD(struct doc_graph_data, lower,  "LowerDir",  STR, 0),
	FIELD(struct doc_graph_data, merged, "MergedDir", STR, 0),
	FIELD(struct doc_graph_data, upper,  "UpperDir",  STR, 0),
	FIELD(struct doc_graph_data, work,   "WorkDir",   STR, 0),
};
static const struct schema graph_data_schema = SCHEMA("Data", struct doc_graph_data, graph_data_fields);

static const struct field graph_fields[] = {
	FIELD_OBJ(struct doc_graph, data, "Data", &graph_data_schema, 0),
	FIELD(struct doc_graph, name, "Name", STR, 0),
};
static const struct schema graph_schema = SCHEMA("GraphDriver", struct doc_graph, graph_fields);

static const struct field container_fields[] = {
	FIELD(struct doc_container, id,            "Id",             STR,  0),
	FIELD(struct doc_container, created,       "Created",        STR,  0),
	FIELD(struct doc_container, path,          "Path",           STR,  0),
	FIELD(struct doc_container, args,          "Args",           STRS, 0),
	FIELD_OBJ(struct doc_container, state, "State", &state_schema, 0),
	FIELD(struct doc_container, image,         "Image",          STR,  0),
	FIELD(struct doc_container, resolv_conf,   "ResolvConfPath", STR,  0),
	FIELD(struct doc_container, hostname_path, "HostnamePath",   STR,  0),
	FIELD(struct doc_container, hosts_path,    "HostsPath",      STR,  0),
	FIELD(struct doc_container, log_path,      "LogPath",        STR,  0),
	FIELD(struct doc_container, name,          "Name",           STR,  0),
	FIELD(struct doc_container, restart_count, "RestartCount",   I32,  0),
	FIELD(struct doc_container, driver,        "Driver",         STR,  0),
	FIELD(struct doc_container, platform,      "Platform",       STR,  0),
	FIELD_OBJ(struct doc_container, host,  "HostConfig",  &host_schema,  0),
	FIELD_OBJ(struct doc_container, graph, "GraphDriver", &graph_schema, 0),
	FIELD(struct doc_container, size_rw,       "SizeRw",         OPT_I64, FIELD_OMIT_EMPTY),
	FIELD_LIST(struct doc_container, mounts, "Mounts", &mount_schema, 0),
	FIELD_OBJ(struct doc_container, config,  "Config", &config_schema, 0),
	FIELD_OBJ(struct doc_container, network, "NetworkSettings", &inspect_networks_schema, 0),
};
static const struct schema container_doc_schema = SCHEMA("container", struct doc_container, container_fields);
/* clang-format on */

/* ---- filling them -------------------------------------------------------------------------------------------------------------------------------- */

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static const char *or_overlay(const char *driver)
{
	return driver ? driver : "overlay";
}

static struct doc_state state_of(const struct container_info *i, struct arena *a)
{
	return (struct doc_state){
		.status = enumtab_name(&container_statuses, (int)i->status),
		.running = container_is_up(i->status), .paused = i->status == CONTAINER_PAUSED, .dead = i->status == CONTAINER_REMOVING,
		.oom_killed = i->exit && i->exit->oom, .pid = i->pid, .exit_code = i->exit ? i->exit->code : 0,
		.restarting = i->status == CONTAINER_RESTARTING,
		.health = i->health ? arena_memdup(a, i->health, sizeof *i->health) : NULL,
		.error = i->exit ? or_empty(i->exit->error) : "", .started = i->started ? i->started : ZERO_TIME,
		.finished = i->exit && i->exit->finished ? i->exit->finished : ZERO_TIME,
	};
}

static struct strs hosts_of(const struct container_request *q, struct arena *a)
{
	struct strs list = { 0 };

	for (size_t i = 0; i < q->n_hosts; i++)
		strs_push(a, &list, arena_printf(a, "%s:%s", q->hosts[i].name, q->hosts[i].ip));
	return list;
}

static void binds_fill(const struct container_request *q, struct arena *a, struct doc_host *h)
{
	for (size_t i = 0; i < q->n_mounts; i++) {
		const struct container_mount *m = &q->mounts[i];

		if (m->kind == CONTAINER_MOUNT_TMPFS)
			pairs_set(a, &h->tmpfs, m->target, "");
		else if (m->source && m->kind != CONTAINER_MOUNT_IMAGE)
			strs_push(a, &h->binds, arena_printf(a, "%s:%s%s", m->source, m->target, m->read_only ? ":ro" : ""));
	}
}

/* As it may be typed again: in the largest unit that leaves nothing over. */
static const char *storage_size_text(int64_t bytes, struct arena *a)
{
	static const char units[] = "BKMGTP";
	size_t unit = 0;

	for (; units[unit + 1] && bytes % 1024 == 0; unit++)
		bytes /= 1024;
	return unit ? arena_printf(a, "%lld%c", (long long)bytes, units[unit]) : arena_printf(a, "%lld", (long long)bytes);
}

static void rate_push(struct doc_rate **list, size_t *n, const struct isolation_block *b, size_t max, struct arena *a)
{
	if (!*list)
		*list = arena_array(a, struct doc_rate, max);
	(*list)[(*n)++] = (struct doc_rate){ b->path, b->value };
}

static void blocks_fill(const struct container_isolation *s, struct arena *a, struct doc_host *h)
{
	struct {
		struct doc_rate **list;
		size_t *n;
	} rows[ISOLATION_BLOCK_COUNT] = {
		[ISOLATION_WEIGHT] = { &h->weights, &h->n_weights },
		[ISOLATION_READ_BPS] = { &h->read_bps, &h->n_read_bps },
		[ISOLATION_WRITE_BPS] = { &h->write_bps, &h->n_write_bps },
		[ISOLATION_READ_IOPS] = { &h->read_iops, &h->n_read_iops },
		[ISOLATION_WRITE_IOPS] = { &h->write_iops, &h->n_write_iops },
	};

	for (size_t i = 0; i < s->n_blocks; i++)
		rate_push(rows[s->blocks[i].kind].list, rows[s->blocks[i].kind].n, &s->blocks[i], s->n_blocks, a);
}

static const char *device_number(int64_t number, struct arena *a)
{
	return number < 0 ? "*" : arena_printf(a, "%lld", (long long)number);
}

static void request_text(const char *driver, int64_t count, const struct strs *ids, const char *capability, struct buf *b)
{
	buf_add_str(b, b->n > 1 ? ",{\"Driver\":" : "{\"Driver\":");
	json_encode_string(str_of(driver), b);
	buf_printf(b, ",\"Count\":%lld,\"DeviceIDs\":", (long long)count);
	buf_add_str(b, ids->n ? "[" : "null");
	for (size_t i = 0; i < ids->n; i++) {
		buf_add_str(b, i ? "," : "");
		json_encode_string(str_of(ids->v[i]), b);
	}
	buf_printf(b, "%s,\"Capabilities\":%s,\"Options\":%s}", ids->n ? "]" : "", capability ? "[[\"gpu\"]]" : "null", capability ? "{}" : "null");
}

/* docker's form of --gpus and of devices of CDI; null without any. */
static struct str device_requests(const struct container_isolation *s, struct arena *a)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	if (!s->cdi.n && !s->n_gpus)
		return STR("null");
	buf_add_char(&b, '[');
	if (s->cdi.n)
		request_text("cdi", 0, &s->cdi, NULL, &b);
	for (size_t i = 0; i < s->n_gpus; i++) {
		struct str rest = str_of(s->gpus[i].devices);
		struct strs ids = { 0 };

		while (rest.p) {
			struct str id = str_cut(rest, ',', &rest);

			strs_push(a, &ids, arena_strndup(a, id.p, id.n));
		}
		request_text(or_empty(s->gpus[i].driver), s->gpus[i].count, &ids, "gpu", &b);
	}
	buf_add_char(&b, ']');
	return (struct str){ arena_strdup(a, buf_text(&b)), b.n };
}

static void devices_fill(const struct container_request *q, struct arena *a, struct doc_host *h)
{
	h->device_requests = device_requests(&q->isolation, a);
	h->devices = arena_array(a, struct doc_device, q->n_devices);
	for (size_t i = 0; i < q->n_devices; i++)
		h->devices[h->n_devices++] = (struct doc_device){ q->devices[i].host, q->devices[i].target, q->devices[i].access };
	for (size_t i = 0; i < q->isolation.n_rules; i++) {
		const struct isolation_rule *r = &q->isolation.rules[i];

		strs_push(a, &h->device_rules, arena_printf(a, "%s %s:%s %s", r->type, device_number(r->major, a), device_number(r->minor, a), r->access));
	}
}

static struct strs id_rows(const struct container_id_row *rows, size_t n, struct arena *a)
{
	struct strs list = { 0 };

	for (size_t i = 0; i < n; i++)
		strs_push(a, &list, arena_printf(a, "%u:%u:%u", rows[i].inside, rows[i].outside, rows[i].count));
	return list;
}

static struct doc_ids *id_mappings(const struct container_ids *ids, struct arena *a)
{
	struct doc_ids *d = arena_new(a, struct doc_ids);

	d->uids = id_rows(ids->uids, ids->n_uids, a);
	d->gids = id_rows(ids->gids, ids->n_gids, a);
	return ids->n_uids ? d : NULL;
}

/* docker writes nothing where a mode was not said, but for the two that have a default word. */
static void isolation_fill(const struct container_request *q, struct arena *a, struct doc_host *h)
{
	const struct container_isolation *s = &q->isolation;

	h->pid_mode = or_empty(s->pid);
	h->ipc_mode = s->ipc ? s->ipc : "private";
	h->uts_mode = or_empty(s->uts);
	h->userns_mode = or_empty(q->userns.mode ? q->userns.mode : q->userns.uidmap.n || q->userns.gidmap.n || q->userns.subuidname ? "private" : NULL);
	h->cgroupns_mode = s->cgroupns ? s->cgroupns : q->privileged ? "" : "private";
	h->blkio_weight = s->blkio_weight;
	h->cpu_rt_period = s->cpu_rt_period;
	h->cpu_rt_runtime = s->cpu_rt_runtime;
	h->swappiness = s->swappiness;
	if (!q->privileged) {
		h->masked = defaults_masked_paths();
		h->readonly = defaults_readonly_paths();
	}
	blocks_fill(s, a, h);
	devices_fill(q, a, h);
}

static struct doc_host host_of(const struct container_request *q, const struct container_info *i, struct arena *a)
{
	struct doc_host h = {
		.log = { q->log_driver ? q->log_driver : "json-file", q->log_opts },
		.network_mode = q->network ? q->network : "bridge", .port_bindings = inspect_ports(q->ports, q->n_ports, NULL, "", a),
		.restart = { enumtab_name(&restart_kinds, (int)q->supervision.restart.kind), q->supervision.restart.max },
		.auto_remove = q->auto_remove, .cap_add = q->cap_add, .cap_drop = q->cap_drop, .dns = q->dns, .dns_options = q->dns_options,
		.dns_search = q->dns_search, .extra_hosts = hosts_of(q, a), .group_add = q->group_add, .oom_score_adj = q->oom_score_adj,
		.privileged = q->privileged, .publish_all = q->publish_all, .read_only = q->read_only, .security_opts = q->security_opts,
		.shm_size = q->shm_size ? q->shm_size : SHM_DEFAULT, .sysctls = q->sysctls,
		.runtime = i->state ? i->state->runtime : q->runtime ? q->runtime : "tare-runtime", .cpu_shares = q->cpu_shares, .memory = q->memory,
		.nano_cpus = q->nano_cpus, .cgroup_parent = or_empty(q->cgroup_parent), .cpu_period = q->cpu_period, .cpu_quota = q->cpu_quota,
		.cpuset_cpus = or_empty(q->cpuset_cpus), .cpuset_mems = or_empty(q->cpuset_mems), .memory_reservation = q->memory_reservation,
		.memory_swap = q->memory_swap ? q->memory_swap : q->memory * 2, .oom_kill_disable = q->oom_kill_disable, .init = q->init,
		.pids_limit = q->pids_limit, .ulimits = arena_array(a, struct doc_ulimit, q->n_ulimits), .n_ulimits = q->n_ulimits,
	};

	for (size_t k = 0; k < q->n_ulimits; k++)
		h.ulimits[k] = (struct doc_ulimit){ q->ulimits[k].name, q->ulimits[k].soft, q->ulimits[k].hard };
	if (q->storage_size > 0)
		pairs_set(a, &h.storage_opts, "size", storage_size_text(q->storage_size, a));
	binds_fill(q, a, &h);
	isolation_fill(q, a, &h);
	h.id_mappings = id_mappings(&i->c->ids, a);
	return h;
}

static void mounts_fill(const struct engine *en, const struct container *c, struct arena *a, struct doc_container *d)
{
	d->mounts = arena_array(a, struct doc_mount, c->n_mounts);
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct container_mount *m = &c->mounts[i];
		bool volume = m->kind == CONTAINER_MOUNT_VOLUME;

		d->mounts[d->n_mounts++] = (struct doc_mount){
			.type = enumtab_name(&container_mount_kinds, (int)m->kind), .name = volume ? m->source : NULL,
			.source = volume ? arena_printf(a, "%s/%s/_data", volume_directory(en, a), m->source) : or_empty(m->source),
			.destination = m->target, .driver = volume ? "local" : NULL, .mode = m->read_only ? "ro" : "", .rw = !m->read_only,
			.propagation = m->propagation ? m->propagation : m->kind == CONTAINER_MOUNT_BIND ? "rprivate" : "",
		};
	}
}

static struct doc_config config_of(const struct container *c, struct arena *a)
{
	const struct container_request *q = &c->request;
	struct doc_config d = {
		.hostname = c->hostname, .domainname = or_empty(q->domainname), .user = or_empty(c->user), .attach_stdin = q->interactive,
		.attach_stdout = true, .attach_stderr = true, .exposed = c->exposed, .tty = q->tty, .open_stdin = q->interactive,
		.stdin_once = q->interactive, .env = c->env, .image = q->image, .workdir = c->workdir, .labels = c->labels,
		.health = c->health, .stop_signal = c->stop_signal, .stop_timeout = c->stop_timeout, .entrypoint = q->entrypoint,
	};

	strs_push(a, &d.cmd, c->path);
	for (size_t i = 0; i < c->args.n; i++)
		strs_push(a, &d.cmd, c->args.v[i]);
	/* An entrypoint that was asked for stands at the head of the words that run. */
	if (q->entrypoint.n && q->entrypoint.n <= d.cmd.n)
		d.cmd = (struct strs){ d.cmd.v + q->entrypoint.n, d.cmd.n - q->entrypoint.n };
	return d;
}

static struct doc_graph graph_of(const struct engine *en, const struct container *c, struct arena *a)
{
	scoped_buf struct buf lower = BUF(LIMIT_DOCUMENT);

	for (size_t i = c->image.layers.n; i-- > 0;) {
		const char *hex = strchr(c->image.layers.v[i], ':');

		buf_printf(&lower, "%s%s/layers/%s", lower.n ? ":" : "", en->root, hex ? hex + 1 : c->image.layers.v[i]);
	}
	return (struct doc_graph){ or_overlay(c->storage_driver), {
		.lower = arena_strdup(a, buf_text(&lower)),
		.merged = arena_printf(a, "%s/containers/%s/" DIR_ROOTFS, en->run, c->id),
		.upper = arena_printf(a, "%s/containers/%s/upper", en->root, c->id),
		.work = arena_printf(a, "%s/containers/%s/work", en->root, c->id),
	} };
}

static int document_text(const struct schema *s, const void *doc, struct arena *a, const char **ret, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	int r = json_encode(s, doc, JSON_INDENT_4, &b);

	if (r < 0)
		return err_sys(e, r, "encode the document");
	*ret = arena_strdup(a, buf_text(&b));
	return 0;
}

int container_inspect_json(struct engine *en, const char *ref, bool size, struct arena *a, const char **ret, struct err *e)
{
	struct container_info i;
	const struct container *c;
	struct doc_container d;
	int r = list_info(en, ref, size, a, &i, e);

	if (r < 0)
		return r;
	c = i.c;
	d = (struct doc_container){
		.id = c->id, .created = c->created, .path = c->path, .args = c->args, .state = state_of(&i, a), .image = c->image.id,
		.resolv_conf = arena_printf(a, "%s/containers/%s/resolv.conf", en->run, c->id),
		.hostname_path = arena_printf(a, "%s/containers/%s/hostname", en->run, c->id),
		.hosts_path = arena_printf(a, "%s/containers/%s/hosts", en->run, c->id), .log_path = c->log_path,
		.name = arena_printf(a, "/%s", c->name), .restart_count = (int32_t)i.restarts, .driver = or_overlay(c->storage_driver), .platform = "linux", .host = host_of(&c->request, &i, a),
		.graph = graph_of(en, c, a), .config = config_of(c, a), .network = inspect_networks(en, &i, a),
		.size_rw = { size, i.size_rw },
	};
	mounts_fill(en, c, a, &d);
	return document_text(&container_doc_schema, &d, a, ret, e);
}
