/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/info.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"
#include "engine/cdi.h"
#include "engine/internal.h"
#include "engine/program.h"
#include "image/image.h"
#include "image/store/usage.h"
#include "os/file.h"
#include "spec/monitor.h"

/* clang-format off */
static const struct field swarm_fields[] = {
	FIELD(struct engine_info_swarm, state, "LocalNodeState", STR, 0),
};
static const struct schema swarm_schema = SCHEMA("swarm", struct engine_info_swarm, swarm_fields);

static const struct field device_fields[] = {
	FIELD(struct engine_info_device, source, "Source", STR, 0),
	FIELD(struct engine_info_device, id,     "ID",     STR, 0),
};
static const struct schema device_schema = SCHEMA("device", struct engine_info_device, device_fields);

static const struct field plugins_fields[] = {
	FIELD(struct engine_info_plugins, volume,        "Volume",        STRS, 0),
	FIELD(struct engine_info_plugins, network,       "Network",       STRS, 0),
	FIELD(struct engine_info_plugins, authorization, "Authorization", STRS, FIELD_NULL_EMPTY),
	FIELD(struct engine_info_plugins, log,           "Log",           STRS, 0),
};
static const struct schema plugins_schema = SCHEMA("plugins", struct engine_info_plugins, plugins_fields);

#define I struct engine_info
static const struct field info_fields[] = {
	FIELD(I, containers,       "Containers",         U64,  0),
	FIELD(I, running,          "ContainersRunning",  U64,  0),
	FIELD(I, paused,           "ContainersPaused",   U64,  0),
	FIELD(I, stopped,          "ContainersStopped",  U64,  0),
	FIELD(I, images,           "Images",             U64,  0),
	FIELD(I, driver,           "Driver",             STR,  0),
	FIELD(I, memory_limit,     "MemoryLimit",        BOOL, 0),
	FIELD(I, swap_limit,       "SwapLimit",          BOOL, 0),
	FIELD(I, cpu_quota,        "CpuCfsPeriod",       BOOL, 0),
	FIELD(I, cpu_quota,        "CpuCfsQuota",        BOOL, 0),
	FIELD(I, cpu_shares,       "CPUShares",          BOOL, 0),
	FIELD(I, cpu_set,          "CPUSet",             BOOL, 0),
	FIELD(I, pids_limit,       "PidsLimit",          BOOL, 0),
	FIELD(I, logging_driver,   "LoggingDriver",      STR,  0),
	FIELD(I, cgroup_version,   "CgroupVersion",      STR,  0),
	FIELD(I, kernel,           "KernelVersion",      STR,  0),
	FIELD(I, operating_system, "OperatingSystem",    STR,  0),
	FIELD(I, os_version,       "OSVersion",          STR,  0),
	FIELD(I, os_type,          "OSType",             STR,  0),
	FIELD(I, architecture,     "Architecture",       STR,  0),
	FIELD(I, index_server,     "IndexServerAddress", STR,  0),
	FIELD(I, cpus,             "NCPU",               I64,  0),
	FIELD(I, memory,           "MemTotal",           I64,  0),
	FIELD(I, root,             "DockerRootDir",      STR,  0),
	FIELD(I, proxy_http,       "HttpProxy",          STR,  0),
	FIELD(I, proxy_https,      "HttpsProxy",         STR,  0),
	FIELD(I, proxy_none,       "NoProxy",            STR,  0),
	FIELD(I, name,             "Name",               STR,  0),
	FIELD(I, server_version,   "ServerVersion",      STR,  0),
	FIELD(I, runtime,          "DefaultRuntime",     STR,  0),
	FIELD_OBJ(I, swarm,        "Swarm",              &swarm_schema, 0),
	FIELD(I, live_restore,     "LiveRestoreEnabled", BOOL, 0),
	FIELD(I, security,         "SecurityOptions",    STRS, 0),
	FIELD(I, cdi_directories,  "CDISpecDirs",        STRS, 0),
	FIELD_LIST(I, devices,     "DiscoveredDevices",  &device_schema, 0),
	FIELD_OBJ(I, plugins,      "Plugins",            &plugins_schema, 0),
	FIELD(I, cgroup_driver,    "CgroupDriver",       STR,  0),
	FIELD(I, oom_kill_disable, "OomKillDisable",     BOOL, 0),
	FIELD(I, ipv4_forwarding,  "IPv4Forwarding",     BOOL, 0),
	FIELD(I, system_time,      "SystemTime",         STR,  0),
	FIELD(I, init_binary,      "InitBinary",         STR,  0),
	FIELD(I, warnings,         "Warnings",           STRS, FIELD_NULL_EMPTY),
	FIELD_OBJ(I, host,         "Host",               &engine_info_host_schema, 0),
	FIELD_OBJ(I, store,        "Store",              &engine_info_store_schema, 0),
	FIELD_OBJ(I, version,      "Version",            &engine_info_version_schema, 0),
	FIELD(I, layers,           "Layers",             U64,  0),
	FIELD(I, blob_bytes,       "BlobBytes",          U64,  0),
	FIELD(I, layer_bytes,      "LayerBytes",         U64,  0),
	FIELD(I, cgroup_mode,      "CgroupMode",         STR,  0),
	FIELD(I, run,              "RunDir",             STR,  0),
};
/* clang-format on */
const struct schema engine_info_schema = SCHEMA("info", struct engine_info, info_fields);

static int containers_count(struct engine *en, struct arena *a, I *ret, struct err *e)
{
	struct container_list_options all = { .all = true };
	struct container_info *v;
	int r = container_list(en, &all, a, &v, &ret->containers, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ret->containers; i++) {
		ret->running += v[i].status == CONTAINER_RUNNING;
		ret->paused += v[i].status == CONTAINER_PAUSED;
	}
	ret->stopped = ret->containers - ret->running - ret->paused;
	return 0;
}

static int images_count(struct engine *en, struct arena *a, I *ret, struct err *e)
{
	struct image_store *s;
	struct image_usage u;
	int r = engine_images(en, &s, e);

	if (r == 0)
		r = image_usage(s, NULL, NULL, a, &u, e);
	if (r < 0)
		return r;
	ret->images = u.n_images;
	ret->layers = u.n_layers;
	ret->blob_bytes = u.blob_bytes;
	ret->layer_bytes = u.layer_bytes;
	return 0;
}

/* The value of a line "KEY=value" or KEY="value" of os-release(5). */
static const char *release_find(const char *text, const char *key, struct arena *a)
{
	struct str rest = str_of(text);

	while (rest.p) {
		struct str value, line = str_cut(rest, '\n', &rest), name = str_cut(line, '=', &value);

		if (!str_is(name, key) || !value.p)
			continue;
		if (value.n >= 2 && (*value.p == '"' || *value.p == '\'') && value.p[value.n - 1] == *value.p)
			value = (struct str){ value.p + 1, value.n - 2 };
		return arena_strndup(a, value.p, value.n);
	}
	return NULL;
}

static void release_add(struct arena *a, I *ret)
{
	static const char *const places[] = { "/etc/os-release", "/usr/lib/os-release" };
	char *text;
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (file_read(AT_FDCWD, places[i], LIMIT_DOCUMENT, a, &text, &n) < 0)
			continue;
		ret->operating_system = release_find(text, "PRETTY_NAME", a);
		ret->os_version = release_find(text, "VERSION_ID", a);
		return;
	}
}

static void host_add(struct arena *a, I *ret)
{
	struct utsname u;

	if (uname(&u) == 0) {
		ret->kernel = arena_strdup(a, u.release);
		ret->architecture = arena_strdup(a, u.machine);
		ret->name = arena_strdup(a, u.nodename);
	}
	ret->os_type = "linux";
	ret->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	ret->memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	release_add(a, ret);
}

static bool has_controller(const struct cgroup_facts *c, const char *name)
{
	return cgroup_facts_find(c, name) || strs_has(&c->v2_controllers, name);
}

static void cgroup_add(struct engine *en, I *ret)
{
	const struct cgroup_facts *c = facts_cgroup(&en->facts, &en->arena);
	const struct cgroup_hierarchy *memory = cgroup_facts_find(c, "memory");

	ret->cgroup_mode = cgroup_mode_name(c->mode);
	ret->cgroup_version = c->mode == CGROUP_NONE ? "" : c->mode == CGROUP_V2 ? "2" : "1";
	ret->memory_limit = has_controller(c, "memory");
	ret->swap_limit = memory ? access(arena_printf(&en->arena, "%s/memory.memsw.limit_in_bytes", memory->mount), F_OK) == 0 : ret->memory_limit;
	ret->pids_limit = has_controller(c, "pids");
	ret->oom_kill_disable = memory != NULL;
	ret->cgroup_driver = "cgroupfs";
	ret->init_binary = "tare-init";
	ret->cpu_shares = ret->cpu_quota = has_controller(c, "cpu");
	ret->cpu_set = has_controller(c, "cpuset");
}

static void security_add(struct engine *en, struct arena *a, I *ret)
{
	if (facts_apparmor(&en->facts))
		strs_push(a, &ret->security, "name=apparmor");
	if (facts_seccomp(&en->facts))
		strs_push(a, &ret->security, "name=seccomp,profile=builtin");
	if (facts_selinux(&en->facts))
		strs_push(a, &ret->security, "name=selinux");
	if (facts_rootless(&en->facts))
		strs_push(a, &ret->security, "name=rootless");
	if (facts_cgroup_ns(&en->facts))
		strs_push(a, &ret->security, "name=cgroupns");
}

static void words_add(struct strs *list, const char *const *words, size_t n, struct arena *a)
{
	for (size_t i = 0; i < n; i++)
		strs_push(a, list, words[i]);
}

static void plugins_add(struct arena *a, I *ret)
{
	static const char *const networks[] = { "bridge", "host", "ipvlan", "macvlan", "none" }, *const volumes[] = { "local" };

	words_add(&ret->plugins.network, networks, ARRAY_LEN(networks), a);
	words_add(&ret->plugins.volume, volumes, ARRAY_LEN(volumes), a);
	for (int i = 0; i < MONITOR_LOG_COUNT; i++)
		strs_push(a, &ret->plugins.log, enumtab_name(&monitor_logs, i));
}

/* What of a host's state people wonder about later. */
static void state_add(struct arena *a, I *ret)
{
	char text[TEXT_TIME_SIZE];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	text_time(now, text);
	ret->system_time = arena_strdup(a, text);
	ret->ipv4_forwarding = file_read_text(AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", text, sizeof text) == 0 && text[0] == '1';
	if (!ret->memory_limit)
		strs_push(a, &ret->warnings, "WARNING: No memory limit support");
	if (ret->memory_limit && !ret->swap_limit)
		strs_push(a, &ret->warnings, "WARNING: No swap limit support");
	if (!ret->pids_limit)
		strs_push(a, &ret->warnings, "WARNING: No pids limit support");
	if (!ret->cpu_quota)
		strs_push(a, &ret->warnings, "WARNING: No cpu cfs quota support");
}

static void devices_add(struct arena *a, I *ret)
{
	struct cdi_registry reg;

	cdi_load(a, &reg);
	for (size_t i = 0; i < ARRAY_LEN(cdi_directories); i++)
		strs_push(a, &ret->cdi_directories, cdi_directories[i]);
	ret->devices = arena_array(a, struct engine_info_device, reg.n_entries);
	for (size_t i = 0; i < reg.n_entries; i++)
		ret->devices[ret->n_devices++] = (struct engine_info_device){ "cdi", reg.entries[i].name };
}

/* The address of a proxy without whose it is. */
static const char *proxy_of(const char *lower, const char *upper, struct arena *a)
{
	const char *value = getenv(lower), *at, *scheme;

	if (!value)
		value = getenv(upper);
	if (!value)
		return "";
	at = strrchr(value, '@');
	scheme = strstr(value, "://");
	if (!at)
		return value;
	return scheme && scheme < at ? arena_printf(a, "%.*s://%s", (int)(scheme - value), value, at + 1) : at + 1;
}

int engine_info(struct engine *en, struct arena *a, struct engine_info *ret, struct err *e)
{
	const struct storage_config *storage;
	struct program runtime;
	struct err missing = { 0 };  /* a runtime that is not installed is one of the facts */
	int r;

	*ret = (struct engine_info){ .server_version = TARE_VERSION, .logging_driver = "json-file", .root = en->root, .run = en->run,
		.index_server = "https://index.docker.io/v1/", .swarm.state = "inactive", .live_restore = true };
	r = containers_count(en, a, ret, e);
	if (r == 0)
		r = images_count(en, a, ret, e);
	if (r == 0)
		r = engine_storage(en, &storage, e);
	if (r < 0)
		return r;
	ret->driver = enumtab_name(&snapshot_drivers, (int)storage->driver);
	r = program_runtime(en, NULL, a, &runtime, &missing);
	ret->runtime = r == 0 ? runtime.path : arena_strdup(a, missing.msg);
	ret->proxy_http = proxy_of("http_proxy", "HTTP_PROXY", a);
	ret->proxy_https = proxy_of("https_proxy", "HTTPS_PROXY", a);
	ret->proxy_none = proxy_of("no_proxy", "NO_PROXY", a);
	host_add(a, ret);
	cgroup_add(en, ret);
	security_add(en, a, ret);
	devices_add(a, ret);
	plugins_add(a, ret);
	state_add(a, ret);
	engine_info_as_podman(en, a, ret);
	return 0;
}
