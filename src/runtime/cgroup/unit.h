/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * unit: the container's cgroup as systemd knows it: a name, a slice, properties. Pure; systemd.c says it over the bus.
 *
 *     cgroupsPath "slice:prefix:name" → unit "prefix-name.scope" in the slice; a name that ends in ".slice" is the unit itself. Without a path
 *     "tare-<id>.scope". The slice is system.slice if none is named (user.slice for a user's own systemd); "-" and "-.slice" are the root.
 *     "a-b.slice" lies in "a.slice" (as systemd has it). On v2 the container lives one level below its scope, in "container", because what is below
 *     a delegated scope is ours and the scope itself is not; annotation run.oci.systemd.subgroup names another, "" none.
 *     Annotations org.systemd.property.<Name> become properties (value: codec/gvariant.h); …Sec are said in microseconds as …USec.
 *
 * Ownership: everything lives in the caller's arena.
 * Errors:    ERR_INVALID for names and values that are none; they name the annotation or the path.
 */
#include <stdint.h>

#include "base/buf.h"
#include "base/vec.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/devices.h"

enum unit_value { UNIT_BOOL, UNIT_U64, UNIT_STR, UNIT_STRS, UNIT_BITS, UNIT_PID, UNIT_TEXT, UNIT_SECONDS };

struct unit_property {
	const char *name;
	enum unit_value kind;
	uint64_t u;       /* BOOL, U64, PID */
	const char *s;    /* STR, STRS (a list of this one); BITS: "0-3,7"; TEXT, SECONDS: of an annotation */
};
struct unit_properties VEC(struct unit_property);

struct unit_plan {
	const char *name;     /* "tare-web.scope" */
	const char *slice;    /* "system.slice", "-.slice" */
	const char *path;     /* below the mount of a hierarchy, as planned: "system.slice/tare-web.scope" */
	const char *subgroup; /* below that; "": none */
	bool user;            /* the systemd of a user */
	bool is_slice;        /* has no first process */
	struct unit_properties properties;
	struct device_policy devices; /* n 0: systemd need not know */
};

int unit_plan_make(const struct cgroup_request *q, const struct cgroup_host *h, struct arena *a, struct unit_plan **ret, struct err *e);

/* "a-b.slice" → "a.slice/a-b.slice"; "-.slice" → "". Errors: ERR_INVALID. */
int unit_slice_path(const char *slice, struct arena *a, const char **ret, struct err *e);

/* Adds the limits that systemd has a property for, so that it does not undo what is written to the files. Values it could not read are left out. */
void unit_add_limits(const struct cgroup_writes *writes, bool v2, struct arena *a, struct unit_properties *ret);

/*
 * Appends properties as a(sv) to a body. @proc_devices is the text of /proc/devices, in which the group of a major number is looked up; rules whose group
 * is unknown are left out, as are rules that forbid: systemd only adds to nothing.
 */
int unit_put_properties(const struct unit_properties *p, const struct device_policy *devices, const char *proc_devices, struct buf *body, struct err *e);

/* One line per property, for --dry-run. */
void unit_print(const struct unit_plan *p, struct buf *b);
