/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features: what this build can do, for engines to ask. It says nothing about the host.
 */
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "bin/runtime/globals.h"
#include "bin/runtime/runtime.h"
#include "os/cap.h"
#include "os/fd.h"
#include "runtime/checkpoint/checkpoint.h"
#include "runtime/hooks.h"
#include "runtime/mounts/options.h"
#include "runtime/annotations.h"
#include "runtime/seccomp/filter.h"
#include "spec/oci_runtime.h"
#include "spec/oci_words.h"

struct cgroup_features {
	bool v1, v2, systemd, systemd_user, rdma;
};

struct seccomp_features {
	bool enabled;
	struct strs actions, operators, archs, known_flags, supported_flags;
};

struct enabled {
	bool enabled;
};

struct mount_extensions {
	struct enabled idmap;
};

struct rdt_features {
	bool enabled, schemata, monitoring;
};

struct memory_policy_features {
	struct strs modes, flags;
};

struct linux_features {
	struct strs namespaces, capabilities;
	struct cgroup_features cgroup;
	struct seccomp_features seccomp;
	struct enabled apparmor, selinux, net_devices;
	struct rdt_features intel_rdt;
	struct memory_policy_features memory_policy;
	struct mount_extensions mount_extensions;
};

struct features {
	const char *oci_version_min, *oci_version_max;
	struct strs hooks, mount_options;
	struct linux_features linux;
	struct pairs annotations;
	struct strs unsafe;
};

/* clang-format off */
static const struct field cgroup_fields[] = {
	FIELD(struct cgroup_features, v1,           "v1",          BOOL, 0),
	FIELD(struct cgroup_features, v2,           "v2",          BOOL, 0),
	FIELD(struct cgroup_features, systemd,      "systemd",     BOOL, 0),
	FIELD(struct cgroup_features, systemd_user, "systemdUser", BOOL, 0),
	FIELD(struct cgroup_features, rdma,         "rdma",        BOOL, 0),
};
static const struct schema cgroup_schema = SCHEMA("cgroup", struct cgroup_features, cgroup_fields);

static const struct field seccomp_fields[] = {
	FIELD(struct seccomp_features, enabled,         "enabled",        BOOL, 0),
	FIELD(struct seccomp_features, actions,         "actions",        STRS, 0),
	FIELD(struct seccomp_features, operators,       "operators",      STRS, 0),
	FIELD(struct seccomp_features, archs,           "archs",          STRS, 0),
	FIELD(struct seccomp_features, known_flags,     "knownFlags",     STRS, 0),
	FIELD(struct seccomp_features, supported_flags, "supportedFlags", STRS, 0),
};
static const struct schema seccomp_schema = SCHEMA("seccomp", struct seccomp_features, seccomp_fields);

static const struct field enabled_fields[] = {
	FIELD(struct enabled, enabled, "enabled", BOOL, 0),
};
static const struct schema enabled_schema = SCHEMA("enabled", struct enabled, enabled_fields);

static const struct field extensions_fields[] = {
	FIELD_OBJ(struct mount_extensions, idmap, "idmap", &enabled_schema, 0),
};
static const struct schema extensions_schema = SCHEMA("mountExtensions", struct mount_extensions, extensions_fields);

static const struct field rdt_fields[] = {
	FIELD(struct rdt_features, enabled,    "enabled",    BOOL, 0),
	FIELD(struct rdt_features, schemata,   "schemata",   BOOL, 0),
	FIELD(struct rdt_features, monitoring, "monitoring", BOOL, 0),
};
static const struct schema rdt_schema = SCHEMA("intelRdt", struct rdt_features, rdt_fields);

static const struct field memory_policy_fields[] = {
	FIELD(struct memory_policy_features, modes, "modes", STRS, 0),
	FIELD(struct memory_policy_features, flags, "flags", STRS, 0),
};
static const struct schema memory_policy_schema = SCHEMA("memoryPolicy", struct memory_policy_features, memory_policy_fields);

static const struct field linux_fields[] = {
	FIELD(struct linux_features,     namespaces,       "namespaces",      STRS, 0),
	FIELD(struct linux_features,     capabilities,     "capabilities",    STRS, 0),
	FIELD_OBJ(struct linux_features, cgroup,           "cgroup",          &cgroup_schema, 0),
	FIELD_OBJ(struct linux_features, seccomp,          "seccomp",         &seccomp_schema, 0),
	FIELD_OBJ(struct linux_features, apparmor,         "apparmor",        &enabled_schema, 0),
	FIELD_OBJ(struct linux_features, selinux,          "selinux",         &enabled_schema, 0),
	FIELD_OBJ(struct linux_features, intel_rdt,        "intelRdt",        &rdt_schema, 0),
	FIELD_OBJ(struct linux_features, memory_policy,    "memoryPolicy",    &memory_policy_schema, 0),
	FIELD_OBJ(struct linux_features, mount_extensions, "mountExtensions", &extensions_schema, 0),
	FIELD_OBJ(struct linux_features, net_devices,      "netDevices",      &enabled_schema, 0),
};
static const struct schema linux_schema = SCHEMA("linux", struct linux_features, linux_fields);

static const struct field features_fields[] = {
	FIELD(struct features,     oci_version_min, "ociVersionMin", STR,   0),
	FIELD(struct features,     oci_version_max, "ociVersionMax", STR,   0),
	FIELD(struct features,     hooks,           "hooks",         STRS,  0),
	FIELD(struct features,     mount_options,   "mountOptions",  STRS,  0),
	FIELD_OBJ(struct features, linux,           "linux",         &linux_schema, 0),
	FIELD(struct features,     annotations,     "annotations",   PAIRS, 0),
	FIELD(struct features,     unsafe,          "potentiallyUnsafeConfigAnnotations", STRS, FIELD_OMIT_EMPTY),
};
/* clang-format on */
static const struct schema features_schema = SCHEMA("features", struct features, features_fields);

static struct strs words_of(const struct enumtab *t, struct arena *a)
{
	struct strs list = { 0 };

	for (size_t i = 0; i < t->n; i++)
		strs_push(a, &list, t->words[i]);
	return list;
}

static struct strs numbers_of(const struct numtab *t, struct arena *a)
{
	struct strs list = { 0 };

	for (; t->word; t++)
		strs_push(a, &list, t->word);
	return list;
}

static struct strs list_of(const char *const *v, struct arena *a)
{
	struct strs list = { 0 };

	for (; *v; v++)
		strs_push(a, &list, *v);
	return list;
}

/* Who we are, in our words: a third runtime should not claim a commit of runc. */
static struct pairs about(struct arena *a)
{
	struct pairs p = { 0 };
	unsigned v[3];

	filter_library_version(v);
	pairs_set(a, &p, "io.github.seccomp.libseccomp.version", arena_printf(a, "%u.%u.%u", v[0], v[1], v[2]));
	if (*globals_commit)
		pairs_set(a, &p, "tare.runtime.commit", globals_commit);
	pairs_set(a, &p, "tare.runtime.version", TARE_VERSION);
	return p;
}

static struct strs hook_names(struct arena *a)
{
	struct strs list = { 0 };

	for (size_t i = 0; i < HOOK_POINT_COUNT; i++)
		strs_push(a, &list, hook_table[i].name);
	return list;
}

static struct strs unsafe(struct arena *a)
{
	struct strs list = { 0 };

	for (const struct annotation *row = annotations; row->name; row++)
		strs_push(a, &list, row->name);
	return list;
}

struct collector {
	struct arena *a;
	struct strs *list;
};

static void collect(void *arg, const char *word)
{
	struct collector *c = arg;

	strs_push(c->a, c->list, word);
}

static int features_run(struct runtime *rt, const void *options, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	struct features f = {
		.oci_version_min = "1.0.0", .oci_version_max = OCI_RUNTIME_VERSION,
		.hooks = hook_names(rt->a),
		.annotations = about(rt->a), .unsafe = unsafe(rt->a),
		.linux = { .namespaces = words_of(&oci_ns_words, rt->a), .cgroup = { .v1 = true, .v2 = true, .systemd = true, .systemd_user = true, .rdma = true },
			.seccomp = { .enabled = true, .actions = words_of(&oci_seccomp_action_words, rt->a),
				.operators = words_of(&oci_seccomp_op_words, rt->a), .archs = list_of(filter_known_archs(), rt->a),
				.known_flags = list_of(filter_known_flags(), rt->a), .supported_flags = list_of(filter_known_flags(), rt->a) },
			.apparmor = { true }, .selinux = { true }, .intel_rdt = { true, true, true }, .net_devices = { true },
			.memory_policy = { numbers_of(oci_memory_policy_modes, rt->a), numbers_of(oci_memory_policy_flags, rt->a) }, .mount_extensions = { .idmap = { true } } },
	};
	struct collector c = { rt->a, &f.mount_options };
	int r;

	mount_options_each(collect, &c);
	if (checkpoint_is_built())
		pairs_set(rt->a, &f.annotations, "org.opencontainers.runc.checkpoint.enabled", "true");
	for (int i = 0; i < CAP_TABLE_COUNT; i++)
		strs_push(rt->a, &f.linux.capabilities, cap_names[i]);
	r = json_encode(&features_schema, &f, JSON_INDENT_4, &b);
	buf_add_char(&b, '\n');
	return r < 0 ? err_sys(e, r, "print the features") : fd_write_all(STDOUT_FILENO, b.p, b.n);
}

const struct verb features_verb = {
	.command = { .names = { "features" }, .summary = "Print what this build can do as JSON" },
	.run = features_run,
};
