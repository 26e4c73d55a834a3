/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/criu.h"

/* clang-format off */
static const struct proto_field page_server_rows[] = {
	PROTO(struct criu_page_server, address, 1, "address", STR, 0),
	PROTO(struct criu_page_server, port,    2, "port",    I32, 0),
};
static const struct proto_schema page_server_message = PROTO_SCHEMA("page_server", struct criu_page_server, page_server_rows);

static const struct proto_field ext_mount_rows[] = {
	PROTO(struct criu_ext_mount, key, 1, "key", STR, PROTO_REQUIRED),
	PROTO(struct criu_ext_mount, val, 2, "val", STR, PROTO_REQUIRED),
};
static const struct proto_schema ext_mount_message = PROTO_SCHEMA("ext_mount", struct criu_ext_mount, ext_mount_rows);

static const struct proto_field cgroup_root_rows[] = {
	PROTO(struct criu_cgroup_root, ctrl, 1, "ctrl", STR, 0),
	PROTO(struct criu_cgroup_root, path, 2, "path", STR, PROTO_REQUIRED),
};
static const struct proto_schema cgroup_root_message = PROTO_SCHEMA("cgroup_root", struct criu_cgroup_root, cgroup_root_rows);

static const struct proto_field inherit_fd_rows[] = {
	PROTO(struct criu_inherit_fd, key, 1, "key", STR, PROTO_REQUIRED),
	PROTO(struct criu_inherit_fd, fd,  2, "fd",  I32, PROTO_REQUIRED),
};
static const struct proto_schema inherit_fd_message = PROTO_SCHEMA("inherit_fd", struct criu_inherit_fd, inherit_fd_rows);

static const struct proto_field join_ns_rows[] = {
	PROTO(struct criu_join_ns, ns,   1, "ns",      STR, PROTO_REQUIRED),
	PROTO(struct criu_join_ns, file, 2, "ns_file", STR, PROTO_REQUIRED),
};
static const struct proto_schema join_ns_message = PROTO_SCHEMA("join_ns", struct criu_join_ns, join_ns_rows);

static const struct proto_field opts_rows[] = {
	PROTO(struct criu_opts,      images_dir_fd,       1,  "images_dir_fd",       I32,     PROTO_REQUIRED),
	PROTO(struct criu_opts,      pid,                 2,  "pid",                 I32,     0),
	PROTO(struct criu_opts,      leave_running,       3,  "leave_running",       BOOL,    0),
	PROTO(struct criu_opts,      ext_unix_sk,         4,  "ext_unix_sk",         BOOL,    0),
	PROTO(struct criu_opts,      tcp_established,     5,  "tcp_established",     BOOL,    0),
	PROTO(struct criu_opts,      evasive_devices,     6,  "evasive_devices",     BOOL,    0),
	PROTO(struct criu_opts,      shell_job,           7,  "shell_job",           BOOL,    0),
	PROTO(struct criu_opts,      file_locks,          8,  "file_locks",          BOOL,    0),
	PROTO(struct criu_opts,      log_level,           9,  "log_level",           I32,     0),
	PROTO(struct criu_opts,      log_file,            10, "log_file",            STR,     0),
	PROTO_PTR(struct criu_opts,  page_server,         11, "ps",                  &page_server_message, 0),
	PROTO(struct criu_opts,      notify_scripts,      12, "notify_scripts",      BOOL,    0),
	PROTO(struct criu_opts,      root,                13, "root",                STR,     0),
	PROTO(struct criu_opts,      parent_img,          14, "parent_img",          STR,     0),
	PROTO(struct criu_opts,      track_mem,           15, "track_mem",           BOOL,    0),
	PROTO(struct criu_opts,      auto_dedup,          16, "auto_dedup",          BOOL,    0),
	PROTO(struct criu_opts,      work_dir_fd,         17, "work_dir_fd",         I32,     0),
	PROTO(struct criu_opts,      link_remap,          18, "link_remap",          BOOL,    0),
	PROTO_LIST(struct criu_opts, ext_mounts,          23, "ext_mnt",             &ext_mount_message),
	PROTO(struct criu_opts,      manage_cgroups,      24, "manage_cgroups",      BOOL,    0),
	PROTO_LIST(struct criu_opts, cgroup_roots,        25, "cg_root",             &cgroup_root_message),
	PROTO(struct criu_opts,      rst_sibling,         26, "rst_sibling",         BOOL,    0),
	PROTO_LIST(struct criu_opts, inherit_fds,         27, "inherit_fd",          &inherit_fd_message),
	PROTO(struct criu_opts,      manage_cgroups_mode, 34, "manage_cgroups_mode", OPT_U32, 0),
	PROTO(struct criu_opts,      external,            37, "external",            STRS,    0),
	PROTO(struct criu_opts,      empty_ns,            38, "empty_ns",            U32,     0),
	PROTO_LIST(struct criu_opts, join_ns,             39, "join_ns",             &join_ns_message),
	PROTO(struct criu_opts,      freeze_cgroup,       44, "freeze_cgroup",       STR,     0),
	PROTO(struct criu_opts,      tcp_skip_in_flight,  46, "tcp_skip_in_flight",  BOOL,    0),
	PROTO(struct criu_opts,      lazy_pages,          48, "lazy_pages",          BOOL,    0),
	PROTO(struct criu_opts,      status_fd,           49, "status_fd",           OPT_I64, 0),
	PROTO(struct criu_opts,      orphan_pts_master,   50, "orphan_pts_master",   BOOL,    0),
	PROTO(struct criu_opts,      config_file,         51, "config_file",         STR,     0),
	PROTO(struct criu_opts,      tcp_close,           52, "tcp_close",           BOOL,    0),
	PROTO(struct criu_opts,      lsm_profile,         53, "lsm_profile",         STR,     0),
	PROTO(struct criu_opts,      lsm_mount_context,   63, "lsm_mount_context",   STR,     0),
	PROTO(struct criu_opts,      network_lock,        64, "network_lock",        U32,     0),
};
static const struct proto_schema opts_message = PROTO_SCHEMA("opts", struct criu_opts, opts_rows);

static const struct proto_field features_rows[] = {
	PROTO(struct criu_features, mem_track,  1, "mem_track",  BOOL, 0),
	PROTO(struct criu_features, lazy_pages, 2, "lazy_pages", BOOL, 0),
};
static const struct proto_schema features_message = PROTO_SCHEMA("features", struct criu_features, features_rows);

static const struct proto_field req_rows[] = {
	PROTO(struct criu_req,     type,           1, "type",           U32,      PROTO_REQUIRED),
	PROTO_PTR(struct criu_req, opts,           2, "opts",           &opts_message, 0),
	PROTO(struct criu_req,     notify_success, 3, "notify_success", OPT_BOOL, 0),
	PROTO(struct criu_req,     keep_open,      4, "keep_open",      BOOL,     0),
	PROTO_PTR(struct criu_req, features,       5, "features",       &features_message, 0),
};
const struct proto_schema criu_req_message = PROTO_SCHEMA("criu_req", struct criu_req, req_rows);

static const struct proto_field restored_rows[] = {
	PROTO(struct criu_restored, pid, 1, "pid", I32, PROTO_REQUIRED),
};
static const struct proto_schema restored_message = PROTO_SCHEMA("restore", struct criu_restored, restored_rows);

static const struct proto_field notify_rows[] = {
	PROTO(struct criu_notify, script, 1, "script", STR, 0),
	PROTO(struct criu_notify, pid,    2, "pid",    I32, 0),
};
static const struct proto_schema notify_message = PROTO_SCHEMA("notify", struct criu_notify, notify_rows);

static const struct proto_field version_rows[] = {
	PROTO(struct criu_version, major,    1, "major_number", I32, PROTO_REQUIRED),
	PROTO(struct criu_version, minor,    2, "minor_number", I32, PROTO_REQUIRED),
	PROTO(struct criu_version, sublevel, 4, "sublevel",     I32, 0),
};
static const struct proto_schema version_message = PROTO_SCHEMA("version", struct criu_version, version_rows);

static const struct proto_field resp_rows[] = {
	PROTO(struct criu_resp,     type,     1,  "type",      U32,  PROTO_REQUIRED),
	PROTO(struct criu_resp,     success,  2,  "success",   BOOL, PROTO_REQUIRED),
	PROTO_PTR(struct criu_resp, restore,  4,  "restore",   &restored_message, 0),
	PROTO_PTR(struct criu_resp, notify,   5,  "notify",    &notify_message, 0),
	PROTO(struct criu_resp,     cr_errno, 7,  "cr_errno",  I32,  0),
	PROTO_PTR(struct criu_resp, features, 8,  "features",  &features_message, 0),
	PROTO(struct criu_resp,     message,  9,  "cr_errmsg", STR,  0),
	PROTO_PTR(struct criu_resp, version,  10, "version",   &version_message, 0),
};
const struct proto_schema criu_resp_message = PROTO_SCHEMA("criu_resp", struct criu_resp, resp_rows);
/* clang-format on */

int criu_version_number(const struct criu_version *v)
{
	if (v->major < 0 || v->major > 999 || v->minor < 0 || v->minor > 99 || v->sublevel < 0 || v->sublevel > 99)
		return 0;
	return v->major * 10000 + v->minor * 100 + v->sublevel;
}
