/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device rules into a policy, its v2 program and its v1 lines: for every access the program answers what the rules mean, by the machine of
 * runtime/cgroup/device_machine.h (tests/runtime/device_tool.c asks the kernel itself).
 *
 * Input: four bytes a rule: allow, type and access; major; minor; which of the numbers are there.
 */
#include "fuzz.h"

#include <assert.h>

#include "base/vec.h"
#include "runtime/cgroup/device_machine.h"

static const int64_t numbers[] = { 0, 1, 2, 3, 5, 7, 8, 9, 10, 136, 200, 4095, 1048575, 2147483648, 4294967294, 4294967295 };

static struct oci_device_rule rule_of(const uint8_t *p)
{
	static const char *const types[] = { "a", "b", "c", NULL };
	static const char *const accesses[] = { "r", "w", "m", "rw", "rm", "wm", "rwm", NULL };

	return (struct oci_device_rule){
		.allow = p[0] & 1, .type = types[p[0] >> 1 & 3], .access = accesses[p[0] >> 3 & 7],
		.major = { p[3] & 1, p[3] & 2 ? -1 : numbers[p[1] & 15] }, .minor = { p[3] & 4, p[3] & 8 ? -1 : numbers[p[2] & 15] },
	};
}

static void agree(const struct device_policy *policy, const struct device_program *program)
{
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		for (size_t k = 0; k < ARRAY_LEN(numbers); k++)
			for (unsigned bits = 1; bits <= DEVICE_ALL; bits++)
				for (int block = 0; block < 2; block++) {
					uint32_t major = (uint32_t)numbers[i], minor = (uint32_t)numbers[k];
					int got = device_machine_run(program, block ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, major, minor, bits);

					assert(got == device_policy_allows(policy, block ? 'b' : 'c', major, minor, bits));
				}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena struct arena a = { 0 };
	size_t n = size / 4 < 64 ? size / 4 : 64;
	struct oci_device_rule *rules = arena_array(&a, struct oci_device_rule, n);
	const struct oci_resources r = { .devices = rules, .n_devices = n };
	struct device_policy policy;
	struct device_program program;
	struct cgroup_writes lines = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < n; i++)
		rules[i] = rule_of(data + 4 * i);
	assert(device_policy_make(&r, &a, &policy, &e) == 0);
	device_policy_compile(&policy, &a, &program);
	assert(device_policy_is_open(&policy) <= policy.allow_rest);
	agree(&policy, &program);
	if (device_policy_write_v1(&policy, &a, &lines, &e) < 0)
		assert(e.kind == ERR_UNSUPPORTED && e.msg[0]);
	return 0;
}
