/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * devices: linux.resources.devices → what the kernel enforces, on v1 as lines for devices.deny and devices.allow, on v2 as a BPF program.
 *
 * Meaning: rules in order; for each of the bits read, write and mknod that an access asks for, the last rule that names the device and the bit
 * decides; what no rule names is denied (GHSA-g54h-m393-cpwq). The devices every container must have (null zero full random urandom tty
 * ptmx pts, and mknod of anything) are appended, as runc does.
 * Pure; everything lives in the caller's arena.
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/cgroup/resources.h"

enum { DEVICE_MKNOD = 1, DEVICE_READ = 2, DEVICE_WRITE = 4, DEVICE_ALL = 7 }; /* the kernel's own bits (BPF_DEVCG_ACC_*) */

struct device_rule {
	bool allow;
	char type;            /* 'a' 'b' 'c' */
	uint8_t bits;
	int64_t major, minor; /* -1: any */
};

/* What is left of the rules: those after the last one that speaks of everything, without repetitions. */
struct device_policy {
	bool allow_rest; /* what no rule names */
	struct device_rule *v;
	size_t n, cap;
};

/* Errors: ERR_INVALID for a wrong type or access. @r may be NULL. */
int device_policy_make(const struct oci_resources *r, struct arena *a, struct device_policy *ret, struct err *e);

/* True if the policy restricts nothing. */
bool device_policy_is_open(const struct device_policy *p);

/* The answer to one access, straight from the meaning above. */
bool device_policy_allows(const struct device_policy *p, char type, uint32_t major, uint32_t minor, unsigned bits);

/*
 * The lines for v1, for a new cgroup. Errors: ERR_UNSUPPORTED for a rule that punches a hole into an earlier wider one of the other kind,
 * which v1 cannot express.
 */
int device_policy_write_v1(const struct device_policy *p, struct arena *a, struct cgroup_writes *ret, struct err *e);

/* The program for v2. */
struct device_program {
	struct bpf_insn *v;
	size_t n, cap;
};
void device_policy_compile(const struct device_policy *p, struct arena *a, struct device_program *ret);
