/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * info: what `tare info` says: how much is here, and what the engine sees of the host.
 */
#include "codec/json.h"
#include "engine/engine.h"

/* The same for scripts that know podman ({{.Host.Arch}}, {{.Store.GraphRoot}}): info_podman.c. */
struct engine_info_host {
	const char *arch, *cgroup_manager, *cgroup_version, *event_logger, *hostname, *kernel, *log_driver, *network_backend, *os;
	int64_t cpus, mem_free, mem_total;
	struct engine_info_distribution { const char *distribution, *version; } distribution;
	struct engine_info_runtime { const char *name, *path; } runtime;
	struct engine_info_security { bool apparmor, rootless, seccomp, selinux; } security;
};

struct engine_info_store {
	const char *driver, *root, *run_root, *volume_path;
	struct engine_info_counts { uint64_t number, paused, running, stopped; } containers;
	struct engine_info_images { uint64_t number; } images;
};

struct engine_info_version { const char *version, *os_arch; };

struct engine_info_plugins { struct strs volume, network, authorization, log; };

/* As docker's document has it, as far as there is such a thing here; then what docker does not say. Strings are in the arena. */
struct engine_info {
	uint64_t containers, running, paused, stopped;
	uint64_t images;
	const char *driver;            /* storage driver */
	const char *logging_driver;
	const char *cgroup_version;    /* "1" (hybrid too), "2"; "" without cgroups */
	const char *kernel, *operating_system, *os_version, *os_type, *architecture, *name;
	int64_t cpus, memory;          /* memory in bytes */
	const char *server_version;
	const char *runtime;           /* program; or why there is none */
	const char *root, *run;
	const char *index_server;
	const char *proxy_http, *proxy_https, *proxy_none;
	struct strs security;          /* "name=seccomp" */
	struct engine_info_swarm { const char *state; } swarm; /* "inactive": scripts ask for it */
	bool memory_limit, swap_limit, pids_limit, cpu_shares, cpu_quota, cpu_set;
	bool live_restore;             /* containers outlive whoever started them: always */
	uint64_t layers, blob_bytes, layer_bytes;
	struct engine_info_device {
		const char *source, *id;
	} *devices;                    /* that --device can name besides paths: of CDI */
	size_t n_devices;
	struct strs cdi_directories;
	struct engine_info_plugins plugins;
	const char *cgroup_driver, *system_time, *init_binary;
	bool oom_kill_disable, ipv4_forwarding;
	struct strs warnings;
	struct engine_info_host host;
	struct engine_info_store store;
	struct engine_info_version version;
	const char *cgroup_mode;       /* "v1", "hybrid", "v2", "none" */
};
extern const struct schema engine_info_schema;

int engine_info(struct engine *en, struct arena *a, struct engine_info *ret, struct err *e);

/* For info.c: podman's part, of what docker's says. */
extern const struct schema engine_info_host_schema, engine_info_store_schema, engine_info_version_schema;
void engine_info_as_podman(const struct engine *en, struct arena *a, struct engine_info *i);
