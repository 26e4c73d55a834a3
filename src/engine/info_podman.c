/* SPDX-License-Identifier: Apache-2.0 */
/* What `info` says in podman's words, for templates that were written for it. */
#include "engine/info.h"

#include <string.h>
#include <sys/sysinfo.h>

#include "engine/internal.h"

/* clang-format off */
#define H struct engine_info_host
static const struct field distribution_fields[] = {
	FIELD(struct engine_info_distribution, distribution, "Distribution", STR, 0),
	FIELD(struct engine_info_distribution, version,      "Version",      STR, 0),
};
static const struct schema distribution_schema = SCHEMA("distribution", struct engine_info_distribution, distribution_fields);

static const struct field runtime_fields[] = {
	FIELD(struct engine_info_runtime, name, "Name", STR, 0),
	FIELD(struct engine_info_runtime, path, "Path", STR, 0),
};
static const struct schema runtime_schema = SCHEMA("OCIRuntime", struct engine_info_runtime, runtime_fields);

static const struct field security_fields[] = {
	FIELD(struct engine_info_security, apparmor, "AppArmorEnabled", BOOL, 0),
	FIELD(struct engine_info_security, rootless, "Rootless",        BOOL, 0),
	FIELD(struct engine_info_security, seccomp,  "SECCOMPEnabled",  BOOL, 0),
	FIELD(struct engine_info_security, selinux,  "SELinuxEnabled",  BOOL, 0),
};
static const struct schema security_schema = SCHEMA("security", struct engine_info_security, security_fields);

static const struct field host_fields[] = {
	FIELD(H, arch,            "Arch",           STR, 0),
	FIELD(H, cgroup_manager,  "CgroupManager",  STR, 0),
	FIELD(H, cgroup_version,  "CgroupsVersion", STR, 0),
	FIELD(H, cpus,            "CPUs",           I64, 0),
	FIELD_OBJ(H, distribution, "Distribution", &distribution_schema, 0),
	FIELD(H, event_logger,    "EventLogger",    STR, 0),
	FIELD(H, hostname,        "Hostname",       STR, 0),
	FIELD(H, kernel,          "Kernel",         STR, 0),
	FIELD(H, log_driver,      "LogDriver",      STR, 0),
	FIELD(H, mem_free,        "MemFree",        I64, 0),
	FIELD(H, mem_total,       "MemTotal",       I64, 0),
	FIELD(H, network_backend, "NetworkBackend", STR, 0),
	FIELD_OBJ(H, runtime,      "OCIRuntime", &runtime_schema,  0),
	FIELD(H, os,              "OS",             STR, 0),
	FIELD_OBJ(H, security,     "Security",   &security_schema, 0),
};
const struct schema engine_info_host_schema = SCHEMA("host", struct engine_info_host, host_fields);

#define S struct engine_info_store
static const struct field counts_fields[] = {
	FIELD(struct engine_info_counts, number,  "Number",  U64, 0),
	FIELD(struct engine_info_counts, paused,  "Paused",  U64, 0),
	FIELD(struct engine_info_counts, running, "Running", U64, 0),
	FIELD(struct engine_info_counts, stopped, "Stopped", U64, 0),
};
static const struct schema counts_schema = SCHEMA("containers", struct engine_info_counts, counts_fields);

static const struct field images_fields[] = {
	FIELD(struct engine_info_images, number, "Number", U64, 0),
};
static const struct schema images_schema = SCHEMA("images", struct engine_info_images, images_fields);

static const struct field store_fields[] = {
	FIELD_OBJ(S, containers, "ContainerStore", &counts_schema, 0),
	FIELD(S, driver,      "GraphDriverName", STR, 0),
	FIELD(S, root,        "GraphRoot",       STR, 0),
	FIELD_OBJ(S, images,     "ImageStore",     &images_schema, 0),
	FIELD(S, run_root,    "RunRoot",         STR, 0),
	FIELD(S, volume_path, "VolumePath",      STR, 0),
};
const struct schema engine_info_store_schema = SCHEMA("store", struct engine_info_store, store_fields);

static const struct field version_fields[] = {
	FIELD(struct engine_info_version, version, "Version", STR, 0),
	FIELD(struct engine_info_version, os_arch, "OsArch",  STR, 0),
};
const struct schema engine_info_version_schema = SCHEMA("version", struct engine_info_version, version_fields);
/* clang-format on */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Go's words for processors. */
static const char *go_arch(const char *machine)
{
	static const char *const rows[][2] = { { "x86_64", "amd64" }, { "aarch64", "arm64" }, { "i686", "386" }, { "armv7l", "arm" } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (streq(rows[i][0], machine))
			return rows[i][1];
	}
	return machine;
}

void engine_info_as_podman(const struct engine *en, struct arena *a, struct engine_info *i)
{
	const char *arch = go_arch(i->architecture);
	struct sysinfo memory;

	i->host = (struct engine_info_host){
		.arch = arch, .cgroup_manager = i->cgroup_driver, .cgroup_version = arena_printf(a, "v%s", i->cgroup_version), .event_logger = "file",
		.hostname = i->name, .kernel = i->kernel, .log_driver = i->logging_driver, .network_backend = "tare", .os = i->os_type, .cpus = i->cpus,
		.mem_free = sysinfo(&memory) == 0 ? (int64_t)memory.freeram * memory.mem_unit : 0, .mem_total = i->memory,
		.distribution = { i->operating_system, i->os_version }, .runtime = { base_of(i->runtime), i->runtime },
		.security = { .apparmor = strs_has(&i->security, "name=apparmor"), .rootless = strs_has(&i->security, "name=rootless"),
			.seccomp = strs_has(&i->security, "name=seccomp,profile=builtin"), .selinux = strs_has(&i->security, "name=selinux") },
	};
	i->store = (struct engine_info_store){
		.driver = i->driver, .root = i->root, .run_root = i->run, .volume_path = arena_printf(a, "%s/volumes", en->root),
		.containers = { i->containers, i->paused, i->running, i->stopped }, .images = { i->images },
	};
	i->version = (struct engine_info_version){ i->server_version, arena_printf(a, "%s/%s", i->os_type, arch) };
}
