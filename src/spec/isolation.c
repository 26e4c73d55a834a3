/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/isolation.h"

#include <stddef.h>

#define O FIELD_OMIT_EMPTY
#define R FIELD_REQUIRED

/* ---- namespaces ---- */

static const char *const mode_words[] = {
	[ISOLATION_PRIVATE] = "private", [ISOLATION_HOST] = "host", [ISOLATION_CONTAINER] = "container",
	[ISOLATION_PATH] = "ns", [ISOLATION_SHAREABLE] = "shareable", [ISOLATION_NONE] = "none",
};
const struct enumtab isolation_mode_words = ENUMTAB("namespace mode", mode_words, ISOLATION_MODE_COUNT);

enum {
	USUAL = 1 << ISOLATION_PRIVATE | 1 << ISOLATION_HOST | 1 << ISOLATION_CONTAINER | 1 << ISOLATION_PATH,
	WITH_ARGUMENT = 1 << ISOLATION_CONTAINER | 1 << ISOLATION_PATH,
};

/* clang-format off */
const struct isolation_ns_row isolation_ns_rows[ISOLATION_NS_COUNT] = {
	[ISOLATION_PID]    = { "pid",      OCI_NS_PID,    USUAL, offsetof(struct container_isolation, pid) },
	[ISOLATION_IPC]    = { "ipc",      OCI_NS_IPC,    USUAL | 1 << ISOLATION_SHAREABLE | 1 << ISOLATION_NONE, offsetof(struct container_isolation, ipc) },
	[ISOLATION_UTS]    = { "uts",      OCI_NS_UTS,    USUAL, offsetof(struct container_isolation, uts) },
	[ISOLATION_CGROUP] = { "cgroupns", OCI_NS_CGROUP, USUAL, offsetof(struct container_isolation, cgroupns) },
};
/* clang-format on */

const char *isolation_mode_text(const struct container_isolation *s, enum isolation_ns ns)
{
	const char *const *member = (const void *)((const char *)s + isolation_ns_rows[ns].offset);

	return *member;
}

int isolation_mode_parse(enum isolation_ns ns, const char *text, struct isolation_mode *ret, struct err *e)
{
	const struct isolation_ns_row *row = &isolation_ns_rows[ns];
	struct str arg, word = str_cut(str_of(text ? text : ""), ':', &arg);

	*ret = (struct isolation_mode){ ISOLATION_PRIVATE, NULL };
	if (!text || !*text)
		return 0;
	for (unsigned k = 0; k < ISOLATION_MODE_COUNT; k++) {
		if (!(row->modes & 1u << k) || !str_is(word, mode_words[k]))
			continue;
		if (WITH_ARGUMENT & 1u << k ? !arg.n : arg.p != NULL)
			return err_set(e, ERR_INVALID, "invalid --%s '%s': %s", row->flag, text,
				       WITH_ARGUMENT & 1u << k ? "nothing stands behind the colon" : "no argument belongs there");
		if (k == ISOLATION_PATH && arg.p[0] != '/')
			return err_set(e, ERR_INVALID, "invalid --%s '%s': the path is not absolute", row->flag, text);
		*ret = (struct isolation_mode){ (enum isolation_mode_kind)k, arg.p };
		return 0;
	}
	return err_set(e, ERR_INVALID, "invalid --%s '%s': it is private, host, %scontainer:NAME or ns:PATH", row->flag, text,
		       ns == ISOLATION_IPC ? "shareable, none, " : "");
}

enum isolation_mode_kind isolation_mode_kind(const struct container_isolation *s, enum isolation_ns ns)
{
	struct isolation_mode m;
	struct err ignored;          /* create has parsed it; what a person broke since counts as private */

	return isolation_mode_parse(ns, isolation_mode_text(s, ns), &m, &ignored) == 0 ? m.kind : ISOLATION_PRIVATE;
}

/* ---- the whole ---- */

bool isolation_is_systemd(const struct container_isolation *s)
{
	return streq(s->systemd, "always");
}

static const char *const block_words[] = {
	[ISOLATION_WEIGHT] = "weight", [ISOLATION_READ_BPS] = "readBps", [ISOLATION_WRITE_BPS] = "writeBps",
	[ISOLATION_READ_IOPS] = "readIops", [ISOLATION_WRITE_IOPS] = "writeIops",
};
const struct enumtab isolation_block_words = ENUMTAB("block device limit", block_words, ISOLATION_BLOCK_COUNT);

/* clang-format off */
static const struct field block_fields[] = {
	FIELD_ENUM(struct isolation_block, kind, "kind", &isolation_block_words, R),
	FIELD(struct isolation_block, path,  "path",  STR, R | FIELD_NONEMPTY),
	FIELD(struct isolation_block, value, "value", U64, R),
};
static const struct schema block_schema = SCHEMA("block device limit", struct isolation_block, block_fields);

static const struct field rule_fields[] = {
	FIELD(struct isolation_rule, type,   "type",   STR, R),
	FIELD(struct isolation_rule, major,  "major",  I64, R),
	FIELD(struct isolation_rule, minor,  "minor",  I64, R),
	FIELD(struct isolation_rule, access, "access", STR, R),
};
static const struct schema rule_schema = SCHEMA("device rule", struct isolation_rule, rule_fields);

static const struct field gpus_fields[] = {
	FIELD(struct isolation_gpus, driver,  "driver",  STR, O),
	FIELD(struct isolation_gpus, count,   "count",   I64, O),
	FIELD(struct isolation_gpus, devices, "devices", STR, O),
};
static const struct schema gpus_schema = SCHEMA("gpus", struct isolation_gpus, gpus_fields);

static const struct field isolation_fields[] = {
	FIELD(struct container_isolation, pid,            "pid",          STR,     O),
	FIELD(struct container_isolation, ipc,            "ipc",          STR,     O),
	FIELD(struct container_isolation, uts,            "uts",          STR,     O),
	FIELD(struct container_isolation, cgroupns,       "cgroupns",     STR,     O),
	FIELD(struct container_isolation, cgroup_conf,    "cgroupConf",   PAIRS,   O),
	FIELD(struct container_isolation, blkio_weight,   "blkioWeight",  U32,     O),
	FIELD_LIST(struct container_isolation, blocks, "blocks", &block_schema, O),
	FIELD(struct container_isolation, cpu_rt_period,  "cpuRtPeriod",  I64,     O),
	FIELD(struct container_isolation, cpu_rt_runtime, "cpuRtRuntime", I64,     O),
	FIELD(struct container_isolation, swappiness,     "swappiness",   OPT_I64, O),
	FIELD(struct container_isolation, rdt_class,      "rdtClass",     STR,     O),
	FIELD(struct container_isolation, personality,    "personality",  STR,     O),
	FIELD_LIST(struct container_isolation, rules, "deviceRules", &rule_schema, O),
	FIELD(struct container_isolation, cdi,            "cdi",          STRS,    O),
	FIELD_LIST(struct container_isolation, gpus,  "gpus",        &gpus_schema, O),
	FIELD(struct container_isolation, systemd,        "systemd",      STR,     O),
	FIELD(struct container_isolation, systemd_size,   "systemdSize",  I64,     O),
	FIELD(struct container_isolation, init_path,      "initPath",     STR,     O),
};
const struct schema container_isolation_schema = SCHEMA("isolation", struct container_isolation, isolation_fields);
/* clang-format on */
