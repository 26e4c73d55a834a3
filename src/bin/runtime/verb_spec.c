/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec: writes a config.json to start from, as runc does.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/scope.h"
#include "base/vec.h"
#include "bin/runtime/runtime.h"
#include "os/fd.h"
#include "os/file.h"
#include "spec/oci_runtime.h"

struct spec_options {
	const char *bundle, *file;
	bool rootless;
};

static const struct opt spec_opts[] = {
	OPT(struct spec_options, bundle, "bundle", 'b', STR, "DIR", "Write it there (default: the working directory)"),
	OPT(struct spec_options, file, "file", 'f', STR, "FILE", "Write it there instead of to config.json of the bundle"),
	OPT(struct spec_options, rootless, "rootless", 0, FLAG, NULL, "For an unprivileged user"),
	OPT_END,
};

#define WORDS(...) { (const char *[]){ __VA_ARGS__ }, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(const char *) }

static const struct oci_capabilities caps = {
	.bounding = WORDS("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"),
	.effective = WORDS("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"),
	.permitted = WORDS("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"),
};

static const struct oci_rlimit rlimits[] = { { "RLIMIT_NOFILE", 1024, 1024 } };

static const struct oci_process process = {
	.terminal = true,
	.args = WORDS("sh"),
	.env = WORDS("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"),
	.cwd = "/",
	.no_new_privileges = true,
};

/* clang-format off */
static const struct oci_mount mounts[] = {
	{ "/proc",          "proc",   "proc",   { 0 } },
	{ "/dev",           "tmpfs",  "tmpfs",  WORDS("nosuid", "strictatime", "mode=755", "size=65536k") },
	{ "/dev/pts",       "devpts", "devpts", WORDS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5") },
	{ "/dev/shm",       "tmpfs",  "shm",    WORDS("nosuid", "noexec", "nodev", "mode=1777", "size=65536k") },
	{ "/dev/mqueue",    "mqueue", "mqueue", WORDS("nosuid", "noexec", "nodev") },
	{ "/sys",           "sysfs",  "sysfs",  WORDS("nosuid", "noexec", "nodev", "ro") },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", WORDS("nosuid", "noexec", "nodev", "relatime", "ro") },
};
static const struct oci_mount rootless_mounts[] = {
	{ "/proc",          "proc",   "proc",   { 0 } },
	{ "/dev",           "tmpfs",  "tmpfs",  WORDS("nosuid", "strictatime", "mode=755", "size=65536k") },
	{ "/dev/pts",       "devpts", "devpts", WORDS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620") },
	{ "/dev/shm",       "tmpfs",  "shm",    WORDS("nosuid", "noexec", "nodev", "mode=1777", "size=65536k") },
	{ "/dev/mqueue",    "mqueue", "mqueue", WORDS("nosuid", "noexec", "nodev") },
	{ "/sys",           "none",   "/sys",   WORDS("rbind", "nosuid", "noexec", "nodev", "ro") },
};
static const struct oci_namespace namespaces[] = {
	{ OCI_NS_PID }, { OCI_NS_NETWORK }, { OCI_NS_IPC }, { OCI_NS_UTS }, { OCI_NS_MOUNT }, { OCI_NS_CGROUP },
};
static const struct oci_namespace rootless_namespaces[] = {
	{ OCI_NS_PID }, { OCI_NS_IPC }, { OCI_NS_UTS }, { OCI_NS_MOUNT }, { OCI_NS_CGROUP }, { OCI_NS_USER },
};
/* clang-format on */

static const struct oci_device_rule no_devices[] = { { .allow = false, .access = "rwm" } };

/* The document of the tables above; lists are copied because the structs hold plain pointers. */
static struct oci_config *make(bool rootless, struct arena *a)
{
	struct oci_config *c = arena_new(a, struct oci_config);
	struct oci_linux *l = c->linux = arena_new(a, struct oci_linux);

	c->oci_version = OCI_RUNTIME_VERSION;
	c->root = arena_new(a, struct oci_root);
	*c->root = (struct oci_root){ "rootfs", true };
	c->process = arena_memdup(a, &process, sizeof process);
	c->process->capabilities = arena_memdup(a, &caps, sizeof caps);
	c->process->rlimits = arena_memdup(a, rlimits, sizeof rlimits);
	c->process->n_rlimits = ARRAY_LEN(rlimits);
	c->hostname = "tare";
	c->mounts = rootless ? arena_memdup(a, rootless_mounts, sizeof rootless_mounts) : arena_memdup(a, mounts, sizeof mounts);
	c->n_mounts = rootless ? ARRAY_LEN(rootless_mounts) : ARRAY_LEN(mounts);
	l->namespaces = rootless ? arena_memdup(a, rootless_namespaces, sizeof rootless_namespaces) :
				   arena_memdup(a, namespaces, sizeof namespaces);
	l->n_namespaces = rootless ? ARRAY_LEN(rootless_namespaces) : ARRAY_LEN(namespaces);
	l->masked_paths = (struct strs)WORDS("/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
		"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi");
	l->masked_paths.v = arena_memdup(a, l->masked_paths.v, l->masked_paths.n * sizeof *l->masked_paths.v);
	l->readonly_paths = (struct strs)WORDS("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");
	l->readonly_paths.v = arena_memdup(a, l->readonly_paths.v, l->readonly_paths.n * sizeof *l->readonly_paths.v);
	if (rootless) {
		struct oci_id_mapping *map = arena_array(a, struct oci_id_mapping, 2);

		map[0] = (struct oci_id_mapping){ 0, geteuid(), 1 };
		map[1] = (struct oci_id_mapping){ 0, getegid(), 1 };
		l->uid_mappings = &map[0];
		l->gid_mappings = &map[1];
		l->n_uid_mappings = l->n_gid_mappings = 1;
	} else {
		l->resources = arena_new(a, struct oci_resources);
		l->resources->devices = arena_memdup(a, no_devices, sizeof no_devices);
		l->resources->n_devices = ARRAY_LEN(no_devices);
	}
	return c;
}

static int spec_run(struct runtime *rt, const void *options, struct err *e)
{
	const struct spec_options *o = options;
	scoped_fd int dir = dir_open(AT_FDCWD, o->bundle ? o->bundle : "."), fd = -EBADF;
	const char *name = o->file ? o->file : "config.json";
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	int r;

	if (dir < 0)
		return err_sys(e, dir, "open the bundle '%s'", o->bundle ? o->bundle : ".");
	r = oci_config_encode(make(o->rootless, rt->a), true, &b);
	if (r < 0)
		return err_sys(e, r, "encode the document");
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST)
		return err_set(e, ERR_EXISTS, "file %s exists. Remove it first", name);
	r = fd < 0 ? -errno : fd_write_all(fd, b.p, b.n);
	return r < 0 ? err_sys(e, r, "write '%s'", name) : 0;
}

const struct verb spec_verb = {
	.command = { .names = { "spec" }, .summary = "Write a config.json to start from", .opts = { spec_opts },
		.options_size = sizeof(struct spec_options) },
	.run = spec_run,
};
