/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/defaults.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/scope.h"
#include "base/vec.h"
#include "os/cap.h"

/* ---- capabilities ---------------------------------------------------------------------------------------------------------------------- */

static const char *const default_caps[] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
	"CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
};

#define ALL_CAPS ((UINT64_C(1) << CAP_TABLE_COUNT) - 1)

/* The set that --cap-add or --cap-drop names; *ret_all if "ALL" is among the words. */
static int caps_parse(const struct strs *words, uint64_t *ret, bool *ret_all, struct err *e)
{
	*ret = 0;
	*ret_all = false;
	for (size_t i = 0; words && i < words->n; i++) {
		int cap = cap_find(words->v[i]);

		if (strcasecmp(words->v[i], "all") == 0 || strcasecmp(words->v[i], "cap_all") == 0)
			*ret_all = true;
		else if (cap < 0)
			return err_set(e, ERR_INVALID, "unknown capability '%s'", words->v[i]);
		else
			*ret |= UINT64_C(1) << cap;
	}
	return 0;
}

static uint64_t caps_default(void)
{
	uint64_t set = 0;

	for (size_t i = 0; i < ARRAY_LEN(default_caps); i++)
		set |= UINT64_C(1) << cap_find(default_caps[i]);
	return set;
}

static struct strs caps_names(uint64_t set, struct arena *a)
{
	struct strs names = { 0 };

	for (unsigned i = 0; i < CAP_TABLE_COUNT; i++)
		if (set & UINT64_C(1) << i)
			strs_push(a, &names, cap_names[i]);
	return names;
}

int defaults_capabilities(const struct strs *add, const struct strs *drop, bool privileged, bool root, struct arena *a,
			  struct oci_capabilities **ret, struct err *e)
{
	uint64_t added, dropped, set;
	bool add_all, drop_all;
	int r = caps_parse(add, &added, &add_all, e);

	if (r == 0)
		r = caps_parse(drop, &dropped, &drop_all, e);
	if (r < 0)
		return r;
	/* Docker's order of precedence: "add ALL" less what is dropped; "drop ALL" but for what is added; else additions win. */
	if (privileged)
		set = ALL_CAPS;
	else if (add_all)
		set = ALL_CAPS & ~dropped;
	else if (drop_all)
		set = added;
	else
		set = (caps_default() & ~dropped) | added;
	*ret = arena_new(a, struct oci_capabilities);
	(*ret)->bounding = caps_names(set, a);
	if (root)
		(*ret)->effective = (*ret)->permitted = (*ret)->bounding;
	return 0;
}

/* ---- paths ------------------------------------------------------------------------------------------------------------------------------- */

struct strs defaults_masked_paths(void)
{
	static const char *paths[] = {
		"/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
		"/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
	};

	return (struct strs){ paths, ARRAY_LEN(paths) };
}

struct strs defaults_readonly_paths(void)
{
	static const char *paths[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" };

	return (struct strs){ paths, ARRAY_LEN(paths) };
}

/* ---- devices ----------------------------------------------------------------------------------------------------------------------------- */

#define ANY -1
#define RULE(type_, major_, minor_, access_)                                                           \
	{ .allow = true, .type = (type_), .major = { (major_) != ANY, (major_) }, .minor = { (minor_) != ANY, (minor_) }, \
	  .access = (access_) }

void defaults_device_rules(bool privileged, struct arena *a, struct oci_resources *r)
{
	static const struct oci_device_rule all = { .allow = true, .access = "rwm" };
	static const struct oci_device_rule few[] = {
		{ .allow = false, .access = "rwm" },
		RULE("c", ANY, ANY, "m"),
		RULE("b", ANY, ANY, "m"),
		RULE("c", 1, 3, "rwm"),   /* null */
		RULE("c", 1, 5, "rwm"),   /* zero */
		RULE("c", 1, 7, "rwm"),   /* full */
		RULE("c", 1, 8, "rwm"),   /* random */
		RULE("c", 1, 9, "rwm"),   /* urandom */
		RULE("c", 5, 0, "rwm"),   /* tty */
		RULE("c", 5, 1, "rwm"),   /* console */
		RULE("c", 5, 2, "rwm"),   /* ptmx */
		RULE("c", 136, ANY, "rwm"), /* pts */
	};

	r->devices = arena_memdup(a, privileged ? &all : few, privileged ? sizeof all : sizeof few);
	r->n_devices = privileged ? 1 : ARRAY_LEN(few);
}

/* ---- mounts ------------------------------------------------------------------------------------------------------------------------------ */

struct mount_row {
	const char *destination, *type, *source;
	const char *options; /* separated by commas */
	bool readonly;       /* unless privileged */
};

static const struct mount_row mount_rows[] = {
	{ "/proc", "proc", "proc", "nosuid,noexec,nodev", false },
	{ "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k", false },
	{ "/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5", false },
	{ "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev", true },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime", true },
	{ "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev", false },
	{ "/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777", false },
};

enum { SHM_SIZE = 64 * 1024 * 1024 };

static void options_split(const char *text, struct arena *a, struct strs *ret)
{
	struct str rest = str_of(text);

	while (rest.p) {
		struct str word = str_cut(rest, ',', &rest);

		strs_push(a, ret, arena_strndup(a, word.p, word.n));
	}
}

void defaults_mounts(bool privileged, uint64_t shm_size, struct arena *a, struct oci_mount **ret, size_t *ret_n)
{
	struct oci_mount *mounts = arena_array(a, struct oci_mount, ARRAY_LEN(mount_rows));

	for (size_t i = 0; i < ARRAY_LEN(mount_rows); i++) {
		const struct mount_row *row = &mount_rows[i];
		struct oci_mount *m = &mounts[i];

		*m = (struct oci_mount){ .destination = row->destination, .type = row->type, .source = row->source };
		options_split(row->options, a, &m->options);
		if (row->readonly)
			strs_push(a, &m->options, privileged ? "rw" : "ro");
		if (streq(row->source, "shm"))
			strs_push(a, &m->options, arena_printf(a, "size=%" PRIu64, shm_size ? shm_size : SHM_SIZE));
	}
	*ret = mounts;
	*ret_n = ARRAY_LEN(mount_rows);
}
