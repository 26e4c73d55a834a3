/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * info: what `tare info` says: how much is here, and what the engine sees of the host.
 */
#include "codec/json.h"
#include "engine/engine.h"

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
	const char *cgroup_mode;       /* "v1", "hybrid", "v2", "none" */
};
extern const struct schema engine_info_schema;

int engine_info(struct engine *en, struct arena *a, struct engine_info *ret, struct err *e);
