/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flags of `run` and `create` (and, those of limits, of `update`) about what a container may use and what it is kept from: limits, namespaces, devices, privileges.
 */
#include "cli/request_opts.h"

#include "base/parse.h"
#include "engine/request.h"

#define REQUEST(options) (&((struct request_options *)(options))->q)

/* ---- flags with a grammar of their own; engine/request.h knows it ---- */

static int take_ulimit(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_ulimit(REQUEST(options), value, a, e);
}

static int take_device(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_device(REQUEST(options), value, a, e);
}

static int take_gpus(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_gpus(REQUEST(options), value, a, e);
}

static int take_device_rule(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_device_rule(REQUEST(options), value, a, e);
}

static int take_sysctl(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_pair(&REQUEST(options)->sysctls, "sysctl", value, true, a, e);
}

static int take_cgroup_conf(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_pair(&REQUEST(options)->isolation.cgroup_conf, "cgroup-conf", value, true, a, e);
}

static int take_memory_swap(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_memory_swap(value, &REQUEST(options)->memory_swap, e);
}

static int take_personality(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_personality(REQUEST(options), value, e);
}

static int take_blkio_weight(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_blkio_weight(REQUEST(options), value, e);
}

static int take_weight_device(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_block(REQUEST(options), ISOLATION_WEIGHT, value, a, e);
}

static int take_read_bps(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_block(REQUEST(options), ISOLATION_READ_BPS, value, a, e);
}

static int take_write_bps(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_block(REQUEST(options), ISOLATION_WRITE_BPS, value, a, e);
}

static int take_read_iops(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_block(REQUEST(options), ISOLATION_READ_IOPS, value, a, e);
}

static int take_write_iops(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_block(REQUEST(options), ISOLATION_WRITE_IOPS, value, a, e);
}

/* podman's word for where the cgroup is: ours is made by the runtime alone, so two of the four are the same here. */
static int take_cgroups(void *options, const char *value, struct arena *a, struct err *e)
{
	if (streq(value, "enabled") || streq(value, "no-conmon"))
		return 0;
	if (streq(value, "disabled") || streq(value, "split"))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: '%s': every container has a cgroup of its own; --cgroup-parent says below which one", value);
	return err_set(e, ERR_INVALID, "'%s' is not enabled, disabled, no-conmon or split", value);
}

/* An image that chooses its own filter would be free of ours (podman's "image"). */
static int take_seccomp_policy(void *options, const char *value, struct arena *a, struct err *e)
{
	return streq(value, "default") ? 0 : err_set(e, ERR_UNSUPPORTED, "unsupported: '%s': an image does not choose its own filter", value);
}

static int take_passwd(void *options, const char *value, struct arena *a, struct err *e)
{
	bool on;

	if (parse_bool(value, &on) < 0)
		return err_set(e, ERR_INVALID, "'%s' is not true or false", value);
	return on ? err_set(e, ERR_UNSUPPORTED, "unsupported: nobody is added to the image's passwd and group files") : 0;
}

#define R struct request_options
const struct opt limit_opts[] = {
	/* clang-format off */
	OPT(R, q.memory,             "memory",             'm', SIZE,    "SIZE",       "Memory limit"),
	OPT_CALL("memory-swap",      0,   take_memory_swap, "SIZE",                    "Memory and swap together; -1 unlimited swap"),
	OPT(R, q.memory_reservation, "memory-reservation", 0,   SIZE,    "SIZE",       "Soft memory limit"),
	OPT(R, q.isolation.swappiness, "memory-swappiness", 0,  OPT_I64, "N",          "How readily its memory is swapped out, 0 to 100 (cgroup v1)"),
	OPT(R, q.nano_cpus,          "cpus",               0,   NANO,    "N",          "Number of CPUs, also fractions"),
	OPT(R, q.cpu_shares,         "cpu-shares",         'c', I64,     "N",          "Relative weight"),
	OPT(R, q.cpu_period,         "cpu-period",         0,   I64,     "MICROSECONDS", "CFS period"),
	OPT(R, q.cpu_quota,          "cpu-quota",          0,   I64,     "MICROSECONDS", "CFS quota per period"),
	OPT(R, q.isolation.cpu_rt_period,  "cpu-rt-period",  0, I64,     "MICROSECONDS", "Realtime period (cgroup v1)"),
	OPT(R, q.isolation.cpu_rt_runtime, "cpu-rt-runtime", 0, I64,     "MICROSECONDS", "Realtime run time per period (cgroup v1)"),
	OPT(R, q.cpuset_cpus,        "cpuset-cpus",        0,   STR,     "LIST",       "CPUs it may use: 0-2,5"),
	OPT(R, q.cpuset_mems,        "cpuset-mems",        0,   STR,     "LIST",       "Memory nodes it may use"),
	OPT_CALL("blkio-weight",     0,   take_blkio_weight, "N",                      "Relative weight for block devices, 10 to 1000"),
	OPT_CALL("blkio-weight-device", 0, take_weight_device, "DEVICE:N",             "The same for one device"),
	OPT_CALL("device-read-bps",  0,   take_read_bps,   "DEVICE:SIZE",              "Bytes it may read from a block device per second"),
	OPT_CALL("device-write-bps", 0,   take_write_bps,  "DEVICE:SIZE",              "Bytes it may write to a block device per second"),
	OPT_CALL("device-read-iops", 0,   take_read_iops,  "DEVICE:N",                 "Reads from a block device per second"),
	OPT_CALL("device-write-iops", 0,  take_write_iops, "DEVICE:N",                 "Writes to a block device per second"),
	OPT(R, q.pids_limit,         "pids-limit",         0,   I64,     "N",          "Number of processes; -1 unlimited"),
	OPT_REFUSED("kernel-memory", 0, "SIZE",  "the kernel has no such limit any more (since 5.16); --memory counts its memory too"),
	/* clang-format on */
	OPT_END,
};

#define WINDOWS "there is no such limit on Linux"
const struct opt isolation_opts[] = {
	/* clang-format off */
	OPT(R, q.oom_score_adj,      "oom-score-adj",      0,   INT,     "N",          "Preference of the out-of-memory killer, -1000 to 1000"),
	OPT(R, q.oom_kill_disable,   "oom-kill-disable",   0,   FLAG,    NULL,         "Pause instead of killing when memory is out (cgroup v1)"),
	OPT(R, q.isolation.rdt_class, "rdt-class",         0,   STR,     "CLASS",      "Class of service of Intel RDT"),
	OPT_CALL("ulimit",           0,   take_ulimit,     "NAME=SOFT[:HARD]",         "Resource limit of its processes; host: all of ours"),
	OPT_CALL("personality",      0,   take_personality, "DOMAIN",                  "Execution domain: LINUX or LINUX32"),
	OPT(R, q.cgroup_parent,      "cgroup-parent",      0,   STR,     "PATH",       "Cgroup below which its own is made"),
	OPT_CALL("cgroup-conf",      0,   take_cgroup_conf, "FILE=VALUE",              "Write VALUE to a file of its cgroup (cgroup v2)"),
	OPT_CALL("cgroups",          0,   take_cgroups,    "MODE",                     "enabled (default) or no-conmon, which is the same here"),
	OPT(R, q.isolation.pid,      "pid",                0,   STR,     "MODE",       "Process namespace: host, container:NAME, private (default), ns:PATH"),
	OPT(R, q.isolation.ipc,      "ipc",                0,   STR,     "MODE",       "IPC namespace: host, shareable, container:NAME, private (default), none"),
	OPT(R, q.isolation.uts,      "uts",                0,   STR,     "MODE",       "Host name namespace: host, container:NAME, private (default)"),
	OPT(R, q.isolation.cgroupns, "cgroupns",           0,   STR,     "MODE",       "Cgroup namespace: private or host"),
	OPT_CALL("sysctl",           0,   take_sysctl,     "KEY=VALUE",                "Namespaced kernel parameter"),
	OPT_CALL("device",           0,   take_device,     "HOST[:TARGET[:rwm]]",      "Device of the host, or vendor.com/class=name of CDI"),
	OPT_CALL("gpus",             0,   take_gpus,       "COUNT|all|device=ID",      "GPUs that a CDI file describes"),
	OPT_CALL("device-cgroup-rule", 0, take_device_rule, "RULE",                    "Let it use devices by number: 'c 10:229 rwm'"),
	OPT(R, q.cap_add,            "cap-add",            0,   STRS,    "CAPABILITY", "Add a capability, or ALL"),
	OPT(R, q.cap_drop,           "cap-drop",           0,   STRS,    "CAPABILITY", "Drop a capability, or ALL"),
	OPT(R, q.privileged,         "privileged",         0,   FLAG,    NULL,         "All capabilities, all devices, nothing masked"),
	OPT(R, q.security_opts,      "security-opt",       0,   STRS,    "OPTION",     "no-new-privileges, seccomp=, apparmor=, mask=, unmask=, …"),
	OPT(R, q.isolation.systemd,  "systemd",            0,   STR,     "WHEN",       "Make it a home for systemd: true (if the program is one, default), false, always"),
	OPT(R, q.isolation.systemd_size, "shm-size-systemd", 0, SIZE,    "SIZE",       "Size of each tmpfs that a systemd gets (default 64m)"),
	OPT(R, q.isolation.init_path, "init-path",         0,   STR,     "PATH",       "The program of --init instead of tare-init"),
	OPT_CALL("seccomp-policy",   0,   take_seccomp_policy, "POLICY",               "default: what --security-opt says; nothing else is built"),
	OPT_CALL("passwd",           0,   take_passwd,     NULL,                       "false (always so): add nobody to the image's passwd and group files"),
	OPT_REFUSED("passwd-entry", 0, "ENTRY", "nobody is added to the image's files"),
	OPT_REFUSED("group-entry", 0, "ENTRY", "nobody is added to the image's files"),
	OPT_REFUSED("cpu-count", 0, "N", WINDOWS),        OPT_REFUSED("cpu-percent", 0, "N", WINDOWS),
	OPT_REFUSED("io-maxbandwidth", 0, "X", WINDOWS),  OPT_REFUSED("io-maxiops", 0, "N", WINDOWS),
	OPT_REFUSED("isolation", 0, "X", "Linux has one technology, which docker calls 'default'; --runtime chooses another"),
	/* clang-format on */
	OPT_END,
};
#undef R
