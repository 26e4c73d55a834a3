/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * container: our own documents about a container, as plain data with field tables.
 *
 *     <root>/containers/<id>/container.json   struct container        what was asked and what it was resolved to; written once, by create
 *     <root>/containers/<id>/exit.json        struct container_exit   how the last run ended; kept over reboots
 *     <run>/containers/<id>/state.json        struct container_state   what start took for it; gone when the run is cleaned up
 *
 * (live.json and exit.json beside state.json are the monitor's own records, see spec/monitor.h; the engine keeps exit.json when it cleans up.)
 * Everything decoded lives in the arena given to json_decode and is read-only afterwards. The request is also what `tare run` and
 * `tare create` fill from their flags, so the command line, the engine and the disk share one set of names.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/enumtab.h"
#include "base/str.h"
#include "codec/json.h"
#include "spec/isolation.h"
#include "spec/supervision.h"

enum { CONTAINER_VERSION = 1 };         /* format of container.json; newer than the program: refuse */
enum { CONTAINER_ID_SIZE = 65 };        /* 64 hex digits and a NUL */

enum container_mount_kind { CONTAINER_MOUNT_BIND, CONTAINER_MOUNT_VOLUME, CONTAINER_MOUNT_TMPFS, CONTAINER_MOUNT_IMAGE, CONTAINER_MOUNT_DEVPTS,
	CONTAINER_MOUNT_KIND_COUNT };
extern const struct enumtab container_mount_kinds;

/* One -v, --mount or --tmpfs. */
struct container_mount {
	enum container_mount_kind kind;
	const char *source;          /* bind: absolute host path; volume: its name, NULL for an anonymous one until create names it; image: its name; else NULL */
	const char *target;          /* absolute path inside the container */
	bool read_only;
	bool create_source;          /* bind by -v: a missing host directory is made, as docker does */
	bool anonymous;              /* volume: named by the engine; goes with the container */
	bool no_copy;                /* volume: do not fill an empty volume from the image */
	const char *relabel;         /* "z" or "Z" of -v: only means something on a host with SELinux, where create refuses it */
	const char *propagation;     /* bind: "rprivate", "rslave", … or NULL for the default (rprivate) */
	const char *subpath;         /* volume: what is below this relative path of it */
	struct pairs labels, driver_options; /* volume: of one that this makes */
	bool chown;                  /* the source becomes the container's user's, with all that is in it */
	bool overlay;                /* what is written goes elsewhere: to upper, or to a place that goes with the run */
	const char *upper, *work;    /* overlay: absolute host paths, or NULL */
	const char *image;           /* image: the id that create found */
	struct strs options;         /* further mount options as the runtime knows them: "nosuid", "size=64m", "mode=1777" */
};

/* One published port. Ranges are expanded by the parser: one row per port. */
struct container_port {
	const char *host_ip;         /* NULL: every address */
	uint32_t host_port;          /* 0: the engine picks a free one */
	uint32_t host_port_last;     /* 0, or the last of a range of which the first free one is taken; in a state 0 */
	uint32_t port;
	const char *protocol;        /* "tcp" or "udp" */
};

struct container_ulimit {
	const char *name;            /* "nofile" */
	int64_t soft, hard;          /* -1: unlimited */
};

struct container_device {
	const char *host;            /* "/dev/fuse" */
	const char *target;          /* path in the container */
	const char *access;          /* "rwm" */
};

struct container_host {
	const char *name;            /* --add-host name:ip */
	const char *ip;              /* an address, or "host-gateway" */
};

/* One network a container shall be in: a --network with its options, or a `network connect`. */
struct container_network {
	const char *name;            /* as asked: name or id */
	const char *ip, *ip6, *mac;  /* NULL: chosen */
	const char *interface;       /* its link inside; NULL: eth0, eth1, … */
	struct strs aliases;
	int32_t priority;            /* --gw-priority: the highest has the default route; among equals the first */
};

/* <root>/containers/<id>/networks.json: what `network connect` and `disconnect` made of the request's networks. */
struct container_networks {
	struct container_network *list;
	size_t n_list;
};

/* One --secret. */
struct container_secret {
	const char *name;
	bool env;                    /* a variable, not a file */
	const char *target;          /* path in the container, or name of the variable */
	uint32_t uid, gid, mode;
};

/* One row of an id map: @count ids from @inside on are those from @outside on of whoever made the namespace. */
struct container_id_row {
	uint32_t inside, outside, count;
};

struct container_ids {
	struct container_id_row *uids;
	size_t n_uids;
	struct container_id_row *gids;
	size_t n_gids;
};

/* --userns, --uidmap, --gidmap, --subuidname, --subgidname, as typed (engine/userns_mode.h); of "container:NAME" the full id. */
struct container_userns {
	const char *mode;
	struct strs uidmap, gidmap;
	const char *subuidname, *subgidname;
};

/* Everything the flags of `tare run` and `tare create` say. Zero means "not said" in every member unless its comment says otherwise. */
struct container_request {
	const char *image;           /* reference or image id as typed */
	const char *name;            /* NULL: the engine makes one up */
	struct strs args;            /* words after the image */
	bool has_entrypoint;         /* --entrypoint given; "" clears the image's */
	struct strs entrypoint;
	struct strs env;             /* NAME=value; -e NAME and --env-file are resolved by the parser */
	struct pairs labels;
	struct pairs annotations;
	struct container_mount *mounts;
	size_t n_mounts;
	struct strs volumes_from;    /* NAME[:ro]: their volumes and binds are among mounts when the container is made */
	const char *image_volume;    /* volumes of the image: "bind" (NULL too), "tmpfs", "ignore" */
	bool read_only_tmpfs;        /* with read_only: memory at /run, /tmp and /var/tmp */
	struct container_secret *secrets;
	size_t n_secrets;
	struct container_port *ports;
	size_t n_ports;
	bool publish_all;            /* -P: every EXPOSE of the image and of --expose */
	struct strs exposed;         /* --expose: "80/tcp" */
	struct container_ulimit *ulimits;
	size_t n_ulimits;
	struct container_device *devices;
	size_t n_devices;
	struct container_host *hosts;
	size_t n_hosts;
	struct pairs sysctls;
	const char *workdir;
	const char *user;            /* user[:group], name or number */
	struct strs group_add;
	const char *hostname;
	const char *domainname;

	int64_t memory;              /* bytes */
	int64_t memory_swap;         /* memory+swap in bytes; -1 unlimited swap */
	int64_t memory_reservation;
	int64_t nano_cpus;           /* --cpus times 10^9 */
	int64_t cpu_shares;
	int64_t cpu_quota;
	int64_t cpu_period;
	const char *cpuset_cpus;
	const char *cpuset_mems;
	int64_t pids_limit;          /* -1 unlimited */
	int64_t shm_size;            /* bytes; 0: 64 MB */
	int32_t oom_score_adj;
	bool oom_kill_disable;
	struct container_isolation isolation;
	struct supervision supervision;
	struct container_userns userns;

	struct strs cap_add;
	struct strs cap_drop;
	bool privileged;
	bool read_only;              /* --read-only root file system */
	int64_t storage_size;        /* bytes it may write to its root; 0: the store's default; -1: as many as there are */
	struct strs security_opts;   /* "no-new-privileges", "seccomp=unconfined", "seccomp=/file.json" */

	const char *network;         /* "bridge", "none", "host", "container:ID", "ns:PATH" or the first network's name; NULL: bridge */
	const char *ip;              /* of --ip, --ip6, --mac-address, --network-alias: they belong to the first network */
	const char *ip6;
	const char *mac;
	struct strs aliases;
	struct container_network *networks; /* all networks, if there are several or one with options; empty: `network` */
	size_t n_networks;
	struct strs dns;
	struct strs dns_search;
	struct strs dns_options;

	const char *stop_signal;
	struct opt_i64 stop_timeout; /* seconds; -1: never kill; not set: the engine's default */
	bool init;
	const char *pull;            /* "missing" (NULL too), "always", "never" */
	const char *platform;
	const char *runtime;         /* program or path; NULL: tare-runtime */
	const char *cgroup_parent;
	const char *log_driver;      /* NULL: json-file */
	struct pairs log_opts;       /* --log-opt, as typed */
	bool tty;
	bool interactive;
	bool auto_remove;            /* --rm */
};

/* The answer of the image store, frozen at create: what the root file system is made of. */
struct container_image {
	const char *reference;       /* as typed, normalized for people */
	const char *id;              /* digest of the image config, "sha256:…" */
	const char *manifest;        /* digest of the manifest, NULL if the image has none */
	struct strs layers;          /* diff IDs, lowest first */
};

struct container {
	uint32_t version;            /* CONTAINER_VERSION */
	const char *id;
	const char *name;
	const char *created;         /* RFC 3339 */
	struct container_request request;
	struct container_image image;
	const char *path;            /* program that runs, after entrypoint and command rules */
	struct strs args;            /* its arguments, without argv[0] */
	struct strs env;             /* full environment of the program */
	struct pairs labels;         /* image and request */
	const char *workdir;
	const char *user;            /* as asked: request or image */
	const char *hostname;
	const char *stop_signal;     /* "SIGTERM" */
	int32_t stop_timeout;        /* seconds; -1: never kill */
	struct container_mount *mounts; /* with volumes named and those of the image added */
	size_t n_mounts;
	struct strs exposed;         /* "80/tcp" of the image and of -p */
	struct oci_healthcheck *health; /* resolved; NULL: none */
	const char *log_path;
	const char *storage_driver;  /* how its root is put together (image/snapshot); NULL: overlay */
	struct container_ids ids;    /* of its user namespace; no rows: it has none of its own */
};

enum container_status {
	CONTAINER_CREATED,           /* made, never started (or start failed) */
	CONTAINER_STARTING,          /* somebody is starting it right now */
	CONTAINER_RUNNING,
	CONTAINER_PAUSED,
	CONTAINER_EXITED,
	CONTAINER_REMOVING,
	CONTAINER_RESTARTING,        /* between two runs: its restart policy will start it */
	CONTAINER_STATUS_COUNT,
};
extern const struct enumtab container_statuses;

/* Its program runs, or stands still but lives, or is about to run again. */
static inline bool container_is_up(enum container_status s)
{
	return s == CONTAINER_RUNNING || s == CONTAINER_PAUSED || s == CONTAINER_RESTARTING;
}

/* What the network gave; host_port of each row is the real one. */
struct container_address {
	const char *network;
	const char *network_id;
	const char *driver;          /* NULL: bridge */
	const char *interface;       /* inside; NULL: eth0 */
	const char *ip;              /* NULL: the network speaks IPv6 only */
	uint32_t prefix;
	const char *gateway;
	const char *ip6;             /* NULL: none */
	uint32_t prefix6;
	const char *gateway6;
	const char *mac;
	bool default_route;          /* this one leads outside */
	struct strs aliases;         /* as asked */
	struct strs names;           /* all it answers to in this network; empty where nobody answers */
	struct container_port *ports;
	size_t n_ports;
};

/* What start took from the host, so that whoever cleans up knows what to give back, with which program. */
struct container_state {
	const char *runtime;         /* absolute path of the program that creates, execs and deletes */
	const char *runtime_root;    /* its --root */
	struct container_address *addresses;
	size_t n_addresses;
};

struct container_exit {
	int32_t code;                /* 0…255, 128+n for a signal */
	int32_t signal;
	bool oom;
	const char *error;           /* why the start failed, or NULL */
	const char *started;
	const char *finished;
	uint32_t restarts;           /* by its restart policy */
};

/* How many directories deep a path is: what is mounted deeper comes later. */
size_t container_target_depth(const char *path);

/* Field tables (container.c). */
extern const struct schema container_request_schema;
extern const struct schema container_networks_schema;
extern const struct schema container_schema;
extern const struct schema container_state_schema;
extern const struct schema container_exit_schema;
