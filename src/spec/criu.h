/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * criu: what one says to `criu swrk`, as structs and protobuf tables.
 *
 * The program is given one end of a SEQPACKET socket pair; every message is one packet. A request (criu_req) is answered by a response (criu_resp);
 * while it dumps or restores criu also sends responses of type NOTIFY, each of which waits for a request of type NOTIFY that says whether to
 * go on. The numbers are those of criu's own rpc.proto (3.17); members that a runtime has no use for are left out and so skipped.
 *
 * Ownership: what was decoded is in the caller's arena.
 */
#include "codec/proto.h"

/* criu_req_type */
enum criu_type {
	CRIU_EMPTY = 0,
	CRIU_DUMP = 1,
	CRIU_RESTORE = 2,
	CRIU_PRE_DUMP = 4,
	CRIU_NOTIFY = 6,
	CRIU_FEATURE_CHECK = 9,
	CRIU_VERSION = 10,
};

/* criu_cg_mode */
enum criu_cgroup_mode { CRIU_CGROUP_IGNORE = 0, CRIU_CGROUP_SOFT = 3, CRIU_CGROUP_FULL = 4, CRIU_CGROUP_STRICT = 5 };

/* criu_network_lock_method; SKIP needs 3.18 */
enum criu_network_lock { CRIU_NETWORK_LOCK_IPTABLES = 1, CRIU_NETWORK_LOCK_NFTABLES = 2, CRIU_NETWORK_LOCK_SKIP = 3 };

struct criu_page_server {
	const char *address;
	int32_t port;
};

struct criu_ext_mount {
	const char *key, *val;
};

struct criu_cgroup_root {
	const char *ctrl; /* NULL: of every hierarchy that has no row of its own */
	const char *path;
};

struct criu_inherit_fd {
	const char *key;
	int32_t fd; /* in the process of criu */
};

struct criu_join_ns {
	const char *ns, *file;
};

struct criu_opts {
	int32_t images_dir_fd, work_dir_fd; /* numbers in the process that made the socket pair: criu opens /proc/PID/fd/N; so is status_fd */
	int32_t pid;
	bool leave_running, ext_unix_sk, tcp_established, evasive_devices, shell_job, file_locks;
	int32_t log_level;
	const char *log_file;
	struct criu_page_server *page_server;
	bool notify_scripts;
	const char *root;
	const char *parent_img;
	bool track_mem, auto_dedup, link_remap;
	struct criu_ext_mount *ext_mounts;
	size_t n_ext_mounts;
	bool manage_cgroups;
	struct criu_cgroup_root *cgroup_roots;
	size_t n_cgroup_roots;
	bool rst_sibling;
	struct criu_inherit_fd *inherit_fds;
	size_t n_inherit_fds;
	struct opt_u32 manage_cgroups_mode; /* enum criu_cgroup_mode */
	struct strs external;
	uint32_t empty_ns;                  /* CLONE_NEW* */
	struct criu_join_ns *join_ns;
	size_t n_join_ns;
	const char *freeze_cgroup;
	bool tcp_skip_in_flight, lazy_pages;
	struct opt_i64 status_fd;
	bool orphan_pts_master;
	const char *config_file;
	bool tcp_close;
	const char *lsm_profile, *lsm_mount_context;
	uint32_t network_lock;              /* enum criu_network_lock; 0: criu's default */
};

struct criu_features {
	bool mem_track, lazy_pages;
};

struct criu_req {
	uint32_t type; /* enum criu_type */
	struct criu_opts *opts;
	struct opt_bool notify_success;
	bool keep_open;
	struct criu_features *features;
};
extern const struct proto_schema criu_req_message;

struct criu_notify {
	const char *script; /* "pre-dump", "network-lock", "setup-namespaces", … */
	int32_t pid;
};

struct criu_version {
	int32_t major, minor, sublevel;
};

struct criu_restored {
	int32_t pid;
};

struct criu_resp {
	uint32_t type; /* enum criu_type */
	bool success;
	struct criu_restored *restore;
	struct criu_notify *notify;
	int32_t cr_errno;
	struct criu_features *features;
	const char *message;
	struct criu_version *version;
};
extern const struct proto_schema criu_resp_message;

/* The version as the number that criu's own documents use: 31701 is 3.17.1. */
int criu_version_number(const struct criu_version *v);
