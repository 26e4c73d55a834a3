/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint, restore: a container is written to disk, and comes back.
 */
#include "bin/runtime/runtime.h"
#include "os/fd.h"
#include "runtime/checkpoint/checkpoint.h"

struct dump_options {
	struct checkpoint_options c;
};

/* clang-format off */
#define COMMON_OPTS(type)                                                                                                                         \
	OPT(type, c.image_path,      "image-path",          0, STR,  "DIR",  "Where the images are (default: checkpoint)"),                      \
	OPT(type, c.work_path,       "work-path",           0, STR,  "DIR",  "Where criu writes its log (default: the image path)"),            \
	OPT(type, c.tcp_established, "tcp-established",     0, FLAG, NULL,   "Allow open TCP connections"),                                     \
	OPT(type, c.ext_unix_sk,     "ext-unix-sk",         0, FLAG, NULL,   "Allow unix sockets whose other end is outside"),                  \
	OPT(type, c.shell_job,       "shell-job",           0, FLAG, NULL,   "Allow a session or terminal from outside"),                       \
	OPT(type, c.file_locks,      "file-locks",          0, FLAG, NULL,   "Allow file locks"),                                               \
	OPT(type, c.lazy_pages,      "lazy-pages",          0, FLAG, NULL,   "Fetch memory when it is used (criu's lazy-pages daemon)"),        \
	OPT(type, c.auto_dedup,      "auto-dedup",          0, FLAG, NULL,   "Drop pages of parent images that were taken over"),               \
	OPT(type, c.cgroups_mode,    "manage-cgroups-mode", 0, STR,  "soft|full|strict|ignore", "How criu treats cgroups (default: soft)"),     \
	OPT(type, c.empty_ns,        "empty-ns",            0, STRS, "network", "Leave the contents of that namespace out"),                    \
	OPT(type, c.network_lock,    "network-lock",        0, STR,  "iptables|nftables|skip", "How criu stops the network meanwhile")

static const struct opt dump_opts[] = {
	COMMON_OPTS(struct dump_options),
	OPT(struct dump_options, c.parent_path,        "parent-path",        0,   STR,  "DIR",  "Images of an earlier --pre-dump, relative to the image path"),
	OPT(struct dump_options, c.leave_running,      "leave-running",      0,   FLAG, NULL,   "Do not end the container"),
	OPT(struct dump_options, c.tcp_skip_in_flight, "tcp-skip-in-flight", 0,   FLAG, NULL,   "Leave TCP connections out that are being made"),
	OPT(struct dump_options, c.link_remap,         "link-remap",         0,   FLAG, NULL,   "Allow open files that were unlinked"),
	OPT(struct dump_options, c.status_fd,          "status-fd",          0,   STR,  "N",    "criu writes a byte there when lazy pages can be fetched"),
	OPT(struct dump_options, c.page_server,        "page-server",        0,   STR,  "ADDRESS:PORT", "Send memory to criu's page server there"),
	OPT(struct dump_options, c.pre_dump,           "pre-dump",           0,   FLAG, NULL,   "Write the memory only and let the container run"),
	OPT_END,
};
/* clang-format on */

static int dump_run(struct runtime *rt, const void *options, struct err *e)
{
	const struct dump_options *o = options;
	struct checkpoint_options c = o->c;
	int r;

	c.root = rt->root;
	c.id = rt->args->v[0];
	c.criu = rt->criu;
	r = checkpoint_dump(&c, rt->a, e);
	return r < 0 ? err_wrap(e, "checkpoint failed") : 0;
}

const struct verb checkpoint_verb = {
	.command = { .names = { "checkpoint" }, .summary = "Write a running container to disk with CRIU", .args = "ID", .min_args = 1, .max_args = 1,
		.opts = { dump_opts }, .options_size = sizeof(struct dump_options) },
	.run = dump_run,
};

/* ---- restore ----------------------------------------------------------------------------------------------------------------------------- */

struct restore_options {
	struct checkpoint_options c;
	struct launch_options launch;
};

/* clang-format off */
static const struct opt restore_opts[] = {
	COMMON_OPTS(struct restore_options),
	OPT(struct restore_options, launch.bundle,         "bundle",            'b', STR,  "DIR",    "The bundle (default: the working directory)"),
	OPT(struct restore_options, launch.config,         "config",            'f', STR,  "FILE",   "Read FILE instead of the bundle's config.json"),
	OPT(struct restore_options, launch.console_socket, "console-socket",    0,   STR,  "SOCKET", "Send the terminal's master there"),
	OPT(struct restore_options, launch.pid_file,       "pid-file",          0,   STR,  "FILE",   "Write the pid of init there"),
	OPT(struct restore_options, launch.detach,         "detach",            'd', FLAG, NULL,     "Return when the container runs"),
	OPT(struct restore_options, launch.no_subreaper,   "no-subreaper",      0,   FLAG, NULL,     "Accepted: no subreaper is needed"),
	OPT(struct restore_options, launch.no_pivot,       "no-pivot",          0,   FLAG, NULL,     "Accepted: criu decides how it changes the root"),
	OPT(struct restore_options, c.tcp_close,           "tcp-close",         0,   FLAG, NULL,     "Bring TCP connections back closed"),
	OPT(struct restore_options, c.lsm_profile,         "lsm-profile",       0,   STR,  "apparmor:NAME|selinux:LABEL", "Confine it by that instead of what the images say"),
	OPT(struct restore_options, c.lsm_mount_context,   "lsm-mount-context", 0,   STR,  "LABEL",  "Mount with that context instead of what the images say"),
	OPT_END,
};
/* clang-format on */

static int restore_run(struct runtime *rt, const void *options, struct err *e)
{
	const struct restore_options *o = options;
	struct checkpoint_options c = o->c;
	struct launch_options l = o->launch;
	scoped_fd int signals = l.detach ? -EBADF : runtime_signals(e);
	scoped_launch struct launch launch;
	int r;

	l.root = c.root = rt->root;
	l.id = c.id = rt->args->v[0];
	c.criu = rt->criu;
	l.systemd_cgroup = rt->systemd_cgroup;
	l.no_cgroup = rt->no_cgroup;
	l.rootless = rt->rootless;
	l.run = true;
	r = checkpoint_restore(&c, &l, signals, rt->a, &launch, e);
	if (r == 0 && !l.detach)
		r = runtime_foreground(&launch, signals, e);
	return r < 0 ? err_wrap(e, "restore failed") : r;
}

const struct verb restore_verb = {
	.command = { .names = { "restore" }, .summary = "Bring a container back that checkpoint wrote", .args = "ID", .min_args = 1, .max_args = 1,
		.opts = { restore_opts }, .options_size = sizeof(struct restore_options) },
	.run = restore_run,
};
