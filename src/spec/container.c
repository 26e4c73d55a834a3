/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/container.h"

#include <stddef.h>

#include "base/err.h"
#include "base/text.h"

#define O FIELD_OMIT_EMPTY
#define R FIELD_REQUIRED

static const char *const mount_kind_words[] = {
	[CONTAINER_MOUNT_BIND] = "bind",
	[CONTAINER_MOUNT_VOLUME] = "volume",
	[CONTAINER_MOUNT_TMPFS] = "tmpfs",
	[CONTAINER_MOUNT_IMAGE] = "image",
	[CONTAINER_MOUNT_DEVPTS] = "devpts",
};
const struct enumtab container_mount_kinds = ENUMTAB("mount type", mount_kind_words, CONTAINER_MOUNT_KIND_COUNT);

static const char *const status_words[] = {
	[CONTAINER_CREATED] = "created",
	[CONTAINER_STARTING] = "starting",
	[CONTAINER_RUNNING] = "running",
	[CONTAINER_PAUSED] = "paused",
	[CONTAINER_EXITED] = "exited",
	[CONTAINER_REMOVING] = "removing",
	[CONTAINER_RESTARTING] = "restarting",
};
const struct enumtab container_statuses = ENUMTAB("container status", status_words, CONTAINER_STATUS_COUNT);

/* clang-format off */
static const struct field mount_fields[] = {
	FIELD_ENUM(struct container_mount, kind, "type", &container_mount_kinds, R),
	FIELD(struct container_mount, source,        "source",       STR,  O),
	FIELD(struct container_mount, target,        "target",       STR,  R | FIELD_NONEMPTY),
	FIELD(struct container_mount, read_only,     "readOnly",     BOOL, O),
	FIELD(struct container_mount, create_source, "createSource", BOOL, O),
	FIELD(struct container_mount, no_copy,       "noCopy",       BOOL, O),
	FIELD(struct container_mount, anonymous,     "anonymous",    BOOL, O),
	FIELD(struct container_mount, relabel,       "relabel",      STR,  O),
	FIELD(struct container_mount, propagation,   "propagation",  STR,  O),
	FIELD(struct container_mount, subpath,       "subpath",      STR,  O),
	FIELD(struct container_mount, labels,        "labels",       PAIRS, O),
	FIELD(struct container_mount, driver_options, "driverOptions", PAIRS, O),
	FIELD(struct container_mount, chown,         "chown",        BOOL, O),
	FIELD(struct container_mount, overlay,       "overlay",      BOOL, O),
	FIELD(struct container_mount, upper,         "upper",        STR,  O),
	FIELD(struct container_mount, work,          "work",         STR,  O),
	FIELD(struct container_mount, image,         "image",        STR,  O),
	FIELD(struct container_mount, options,       "options",      STRS, O),
};
static const struct schema mount_schema = SCHEMA("mount", struct container_mount, mount_fields);

static const struct field port_fields[] = {
	FIELD(struct container_port, host_ip,   "hostIp",   STR, O),
	FIELD(struct container_port, host_port, "hostPort", U32, O),
	FIELD(struct container_port, host_port_last, "hostPortLast", U32, O),
	FIELD(struct container_port, port,      "port",     U32, R),
	FIELD(struct container_port, protocol,  "protocol", STR, R),
};
static const struct schema port_schema = SCHEMA("port", struct container_port, port_fields);

static const struct field ulimit_fields[] = {
	FIELD(struct container_ulimit, name, "name", STR, R),
	FIELD(struct container_ulimit, soft, "soft", I64, R),
	FIELD(struct container_ulimit, hard, "hard", I64, R),
};
static const struct schema ulimit_schema = SCHEMA("ulimit", struct container_ulimit, ulimit_fields);

static const struct field device_fields[] = {
	FIELD(struct container_device, host,   "host",   STR, R),
	FIELD(struct container_device, target, "target", STR, R),
	FIELD(struct container_device, access, "access", STR, R),
};
static const struct schema device_schema = SCHEMA("device", struct container_device, device_fields);

static const struct field host_fields[] = {
	FIELD(struct container_host, name, "name", STR, R),
	FIELD(struct container_host, ip,   "ip",   STR, R),
};
static const struct schema host_schema = SCHEMA("host", struct container_host, host_fields);

static const struct field network_fields[] = {
	FIELD(struct container_network, name,      "name",      STR,  R | FIELD_NONEMPTY),
	FIELD(struct container_network, ip,        "ip",        STR,  O),
	FIELD(struct container_network, ip6,       "ip6",       STR,  O),
	FIELD(struct container_network, mac,       "mac",       STR,  O),
	FIELD(struct container_network, interface, "interface", STR,  O),
	FIELD(struct container_network, aliases,   "aliases",   STRS, O),
	FIELD(struct container_network, priority,  "priority",  I32,  O),
};
static const struct schema network_schema = SCHEMA("network", struct container_network, network_fields);

static const struct field networks_fields[] = {
	FIELD_LIST(struct container_networks, list, "networks", &network_schema, 0),
};
const struct schema container_networks_schema = SCHEMA("networks", struct container_networks, networks_fields);

static const struct field secret_fields[] = {
	FIELD(struct container_secret, name,   "name",   STR,  R | FIELD_NONEMPTY),
	FIELD(struct container_secret, env,    "env",    BOOL, O),
	FIELD(struct container_secret, target, "target", STR,  R),
	FIELD(struct container_secret, uid,    "uid",    U32,  O),
	FIELD(struct container_secret, gid,    "gid",    U32,  O),
	FIELD(struct container_secret, mode,   "mode",   U32,  O),
};
static const struct schema secret_schema = SCHEMA("secret", struct container_secret, secret_fields);

static const struct field id_row_fields[] = {
	FIELD(struct container_id_row, inside,  "inside",  U32, R),
	FIELD(struct container_id_row, outside, "outside", U32, R),
	FIELD(struct container_id_row, count,   "count",   U32, R),
};
static const struct schema id_row_schema = SCHEMA("id map", struct container_id_row, id_row_fields);

static const struct field ids_fields[] = {
	FIELD_LIST(struct container_ids, uids, "uids", &id_row_schema, O),
	FIELD_LIST(struct container_ids, gids, "gids", &id_row_schema, O),
};
static const struct schema ids_schema = SCHEMA("ids", struct container_ids, ids_fields);

static const struct field userns_fields[] = {
	FIELD(struct container_userns, mode,       "mode",       STR,  O),
	FIELD(struct container_userns, uidmap,     "uidmap",     STRS, O),
	FIELD(struct container_userns, gidmap,     "gidmap",     STRS, O),
	FIELD(struct container_userns, subuidname, "subuidname", STR,  O),
	FIELD(struct container_userns, subgidname, "subgidname", STR,  O),
};
static const struct schema userns_schema = SCHEMA("userns", struct container_userns, userns_fields);

static const struct field request_fields[] = {
	FIELD(struct container_request, image,          "image",         STR,   R | FIELD_NONEMPTY),
	FIELD(struct container_request, name,           "name",          STR,   O),
	FIELD(struct container_request, args,           "args",          STRS,  O),
	FIELD(struct container_request, has_entrypoint, "hasEntrypoint", BOOL,  O),
	FIELD(struct container_request, entrypoint,     "entrypoint",    STRS,  O),
	FIELD(struct container_request, env,            "env",           STRS,  O),
	FIELD(struct container_request, labels,         "labels",        PAIRS, O),
	FIELD(struct container_request, annotations,    "annotations",   PAIRS, O),
	FIELD_LIST(struct container_request, mounts,  "mounts",  &mount_schema,  O),
	FIELD(struct container_request, volumes_from,   "volumesFrom",   STRS,  O),
	FIELD(struct container_request, image_volume,   "imageVolume",   STR,   O),
	FIELD(struct container_request, read_only_tmpfs, "readOnlyTmpfs", BOOL, O),
	FIELD_LIST(struct container_request, secrets, "secrets", &secret_schema, O),
	FIELD_LIST(struct container_request, ports,   "ports",   &port_schema,   O),
	FIELD(struct container_request, publish_all,    "publishAll",    BOOL,  O),
	FIELD(struct container_request, exposed,        "exposed",       STRS,  O),
	FIELD_LIST(struct container_request, ulimits, "ulimits", &ulimit_schema, O),
	FIELD_LIST(struct container_request, devices, "devices", &device_schema, O),
	FIELD_LIST(struct container_request, hosts,   "hosts",   &host_schema,   O),
	FIELD(struct container_request, sysctls,        "sysctls",       PAIRS, O),
	FIELD(struct container_request, workdir,        "workdir",       STR,   O),
	FIELD(struct container_request, user,           "user",          STR,   O),
	FIELD(struct container_request, group_add,      "groupAdd",      STRS,  O),
	FIELD(struct container_request, hostname,       "hostname",      STR,   O),
	FIELD(struct container_request, domainname,     "domainname",    STR,   O),
	FIELD(struct container_request, memory,         "memory",        I64,   O),
	FIELD(struct container_request, memory_swap,    "memorySwap",    I64,   O),
	FIELD(struct container_request, memory_reservation, "memoryReservation", I64, O),
	FIELD(struct container_request, nano_cpus,      "nanoCpus",      I64,   O),
	FIELD(struct container_request, cpu_shares,     "cpuShares",     I64,   O),
	FIELD(struct container_request, cpu_quota,      "cpuQuota",      I64,   O),
	FIELD(struct container_request, cpu_period,     "cpuPeriod",     I64,   O),
	FIELD(struct container_request, cpuset_cpus,    "cpusetCpus",    STR,   O),
	FIELD(struct container_request, cpuset_mems,    "cpusetMems",    STR,   O),
	FIELD(struct container_request, pids_limit,     "pidsLimit",     I64,   O),
	FIELD(struct container_request, shm_size,       "shmSize",       I64,   O),
	FIELD(struct container_request, oom_score_adj,  "oomScoreAdj",   I32,   O),
	FIELD(struct container_request, oom_kill_disable, "oomKillDisable", BOOL, O),
	FIELD_OBJ(struct container_request, isolation, "isolation", &container_isolation_schema, 0),
	FIELD_OBJ(struct container_request, supervision, "supervision", &supervision_schema, 0),
	FIELD_OBJ(struct container_request, userns, "userns", &userns_schema, 0),
	FIELD(struct container_request, cap_add,        "capAdd",        STRS,  O),
	FIELD(struct container_request, cap_drop,       "capDrop",       STRS,  O),
	FIELD(struct container_request, privileged,     "privileged",    BOOL,  O),
	FIELD(struct container_request, read_only,      "readOnly",      BOOL,  O),
	FIELD(struct container_request, storage_size,   "storageSize",   I64,   O),
	FIELD(struct container_request, security_opts,  "securityOpts",  STRS,  O),
	FIELD(struct container_request, network,        "network",       STR,   O),
	FIELD(struct container_request, ip,             "ip",            STR,   O),
	FIELD(struct container_request, ip6,            "ip6",           STR,   O),
	FIELD(struct container_request, mac,            "mac",           STR,   O),
	FIELD(struct container_request, aliases,        "aliases",       STRS,  O),
	FIELD_LIST(struct container_request, networks, "networks", &network_schema, O),
	FIELD(struct container_request, dns,            "dns",           STRS,  O),
	FIELD(struct container_request, dns_search,     "dnsSearch",     STRS,  O),
	FIELD(struct container_request, dns_options,    "dnsOptions",    STRS,  O),
	FIELD(struct container_request, stop_signal,    "stopSignal",    STR,   O),
	FIELD(struct container_request, stop_timeout,   "stopTimeout",   OPT_I64, O),
	FIELD(struct container_request, init,           "init",          BOOL,  O),
	FIELD(struct container_request, pull,           "pull",          STR,   O),
	FIELD(struct container_request, platform,       "platform",      STR,   O),
	FIELD(struct container_request, runtime,        "runtime",       STR,   O),
	FIELD(struct container_request, cgroup_parent,  "cgroupParent",  STR,   O),
	FIELD(struct container_request, log_driver,     "logDriver",     STR,   O),
	FIELD(struct container_request, log_opts,       "logOpts",       PAIRS, O),
	FIELD(struct container_request, tty,            "tty",           BOOL,  O),
	FIELD(struct container_request, interactive,    "interactive",   BOOL,  O),
	FIELD(struct container_request, auto_remove,    "autoRemove",    BOOL,  O),
};
const struct schema container_request_schema = SCHEMA("request", struct container_request, request_fields);

static const struct field image_fields[] = {
	FIELD(struct container_image, reference, "reference", STR,  R),
	FIELD(struct container_image, id,        "id",        STR,  R),
	FIELD(struct container_image, manifest,  "manifest",  STR,  O),
	FIELD(struct container_image, layers,    "layers",    STRS, 0),
};
static const struct schema image_schema = SCHEMA("image", struct container_image, image_fields);

static const struct field container_fields[] = {
	FIELD(struct container, version,      "version",     U32,   R),
	FIELD(struct container, id,           "id",          STR,   R),
	FIELD(struct container, name,         "name",        STR,   R),
	FIELD(struct container, created,      "created",     STR,   R),
	FIELD_OBJ(struct container, request, "request", &container_request_schema, R),
	FIELD_OBJ(struct container, image,   "image",   &image_schema,             R),
	FIELD(struct container, path,         "path",        STR,   R),
	FIELD(struct container, args,         "args",        STRS,  O),
	FIELD(struct container, env,          "env",         STRS,  O),
	FIELD(struct container, labels,       "labels",      PAIRS, O),
	FIELD(struct container, workdir,      "workdir",     STR,   O),
	FIELD(struct container, user,         "user",        STR,   O),
	FIELD(struct container, hostname,     "hostname",    STR,   O),
	FIELD(struct container, stop_signal,  "stopSignal",  STR,   O),
	FIELD(struct container, stop_timeout, "stopTimeout", I32,   0),
	FIELD_LIST(struct container, mounts, "mounts", &mount_schema, O),
	FIELD(struct container, exposed,      "exposed",     STRS,  O),
	FIELD_PTR(struct container, health, "health", &oci_healthcheck_schema, O),
	FIELD(struct container, log_path,     "logPath",     STR,   O),
	FIELD(struct container, storage_driver, "storageDriver", STR, O),
	FIELD_OBJ(struct container, ids, "ids", &ids_schema, 0),
};

static int container_check(const void *obj, struct err *e)
{
	const struct container *c = obj;

	if (c->version > CONTAINER_VERSION)
		return err_set(e, ERR_UNSUPPORTED, "format %u is newer than this program", c->version);
	if (!text_is_hex(str_of(c->id), CONTAINER_ID_SIZE - 1))
		return err_set(e, ERR_CORRUPT, "'%s' is not a container id", c->id);
	return 0;
}

const struct schema container_schema = SCHEMA_CHECKED("container", struct container, container_fields, container_check);

static const struct field address_fields[] = {
	FIELD(struct container_address, network,   "network",   STR, R),
	FIELD(struct container_address, network_id, "networkId", STR, O),
	FIELD(struct container_address, driver,    "driver",    STR, O),
	FIELD(struct container_address, interface, "interface", STR, O),
	FIELD(struct container_address, ip,        "ip",        STR, O),
	FIELD(struct container_address, prefix,    "prefix",    U32, O),
	FIELD(struct container_address, gateway,   "gateway",   STR, O),
	FIELD(struct container_address, ip6,       "ip6",       STR, O),
	FIELD(struct container_address, prefix6,   "prefix6",   U32, O),
	FIELD(struct container_address, gateway6,  "gateway6",  STR, O),
	FIELD(struct container_address, mac,       "mac",       STR, O),
	FIELD(struct container_address, default_route, "defaultRoute", BOOL, O),
	FIELD(struct container_address, aliases,   "aliases",   STRS, O),
	FIELD(struct container_address, names,     "names",     STRS, O),
	FIELD_LIST(struct container_address, ports, "ports", &port_schema, O),
};
static const struct schema address_schema = SCHEMA("address", struct container_address, address_fields);

static const struct field live_fields[] = {
	FIELD(struct container_state, runtime,      "runtime",     STR, R),
	FIELD(struct container_state, runtime_root, "runtimeRoot", STR, R),
	FIELD_LIST(struct container_state, addresses, "addresses", &address_schema, O),
};
const struct schema container_state_schema = SCHEMA("live container", struct container_state, live_fields);

static const struct field exit_fields[] = {
	FIELD(struct container_exit, code,     "exitCode", I32,  R),
	FIELD(struct container_exit, signal,   "signal",   I32,  O),
	FIELD(struct container_exit, oom,      "oom",      BOOL, O),
	FIELD(struct container_exit, error,    "error",    STR,  O),
	FIELD(struct container_exit, started,  "started",  STR,  O),
	FIELD(struct container_exit, finished, "finished", STR,  O),
	FIELD(struct container_exit, restarts, "restarts", U32,  O),
};
const struct schema container_exit_schema = SCHEMA("container exit", struct container_exit, exit_fields);
/* clang-format on */

size_t container_target_depth(const char *path)
{
	size_t n = 0;

	for (; *path; path++)
		n += *path == '/' && path[1] && path[1] != '/';
	return n;
}
