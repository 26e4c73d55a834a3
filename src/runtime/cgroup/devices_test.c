/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup/devices.h"

#include <string.h>

#include "base/test.h"
#include "runtime/cgroup/device_machine.h"

#define RULE(allow_, type_, major_, minor_, access_)                                                     \
	{ .allow = (allow_), .type = (type_), .major = { (major_) >= 0, (major_) },                      \
	  .minor = { (minor_) >= 0, (minor_) }, .access = (access_) }
#define DENY_ALL RULE(false, "a", -1, -1, "rwm")

static void policy_of(struct arena *a, struct oci_device_rule *rules, size_t n, struct device_policy *ret)
{
	struct oci_resources r = { .devices = rules, .n_devices = n };
	struct err e;

	assert_int_equal(device_policy_make(&r, a, ret, &e), 0);
}

/* The v1 kernel's algorithm: a default, and exceptions that are added to, taken from, and matched as a whole. */
struct v1_state {
	bool allow;
	struct device_rule x[64];
	size_t n;
};

static void v1_write(struct v1_state *s, const struct cgroup_write *w)
{
	bool allow = streq(w->file, "devices.allow");
	char type, major[16], minor[16], access[8];
	struct device_rule r = { .allow = allow, .major = -1, .minor = -1 };

	if (streq(w->value, "a")) {
		*s = (struct v1_state){ .allow = allow };
		return;
	}
	assert_int_equal(sscanf(w->value, "%c %15[^:]:%15s %7s", &type, major, minor, access), 4);
	r.type = type;
	r.major = *major == '*' ? -1 : strtol(major, NULL, 10);
	r.minor = *minor == '*' ? -1 : strtol(minor, NULL, 10);
	r.bits = (uint8_t)((strchr(access, 'r') ? DEVICE_READ : 0) | (strchr(access, 'w') ? DEVICE_WRITE : 0) |
			   (strchr(access, 'm') ? DEVICE_MKNOD : 0));
	for (size_t i = 0; i < s->n; i++) {
		if (s->x[i].type != r.type || s->x[i].major != r.major || s->x[i].minor != r.minor)
			continue;
		s->x[i].bits = (uint8_t)(allow == s->allow ? s->x[i].bits & ~r.bits : s->x[i].bits | r.bits);
		return;
	}
	if (allow != s->allow)
		s->x[s->n++] = r;
}

static bool v1_allows(const struct v1_state *s, char type, uint32_t major, uint32_t minor, unsigned bits)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct device_rule *r = &s->x[i];

		if (r->type != type || (r->major >= 0 && r->major != major) || (r->minor >= 0 && r->minor != minor))
			continue;
		if (s->allow ? (r->bits & bits) != 0 : (bits & ~r->bits) == 0)
			return !s->allow;
	}
	return s->allow;
}

static const uint32_t numbers[] = { 0, 1, 2, 3, 5, 8, 10, 136, 200, 0xffffffff };

static void assert_program_means_policy(struct arena *a, const struct device_policy *policy)
{
	struct device_program p;

	device_policy_compile(policy, a, &p);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		for (size_t k = 0; k < ARRAY_LEN(numbers); k++)
			for (unsigned bits = 1; bits <= DEVICE_ALL; bits++)
				for (int block = 0; block < 2; block++)
					assert_int_equal(device_machine_run(&p, block ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, numbers[i],
								 numbers[k], bits),
							 device_policy_allows(policy, block ? 'b' : 'c', numbers[i], numbers[k],
									      bits));
}

/* On v1 for what programs ask (read, write, both, mknod), not for mixtures that never occur. */
static void assert_lines_mean_policy(struct arena *a, const struct device_policy *policy)
{
	static const unsigned asked[] = { DEVICE_READ, DEVICE_WRITE, DEVICE_READ | DEVICE_WRITE, DEVICE_MKNOD };
	struct cgroup_writes w = { 0 };
	struct v1_state s = { .allow = true };
	struct err e;

	assert_int_equal(device_policy_write_v1(policy, a, &w, &e), 0);
	for (size_t i = 0; i < w.n; i++)
		v1_write(&s, &w.v[i]);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		for (size_t k = 0; k < ARRAY_LEN(numbers); k++)
			for (size_t m = 0; m < ARRAY_LEN(asked); m++)
				for (int block = 0; block < 2; block++)
					assert_int_equal(
						v1_allows(&s, block ? 'b' : 'c', numbers[i], numbers[k], asked[m]),
						device_policy_allows(policy, block ? 'b' : 'c', numbers[i], numbers[k], asked[m]));
}

TEST(no_rules_deny_everything_but_the_harmless_devices)
{
	scoped_arena struct arena a = { 0 };
	struct device_policy p;
	struct err e;

	assert_int_equal(device_policy_make(NULL, &a, &p, &e), 0);
	assert_true(device_policy_allows(&p, 'c', 1, 3, DEVICE_READ | DEVICE_WRITE));
	assert_true(device_policy_allows(&p, 'c', 136, 7, DEVICE_READ | DEVICE_WRITE));
	assert_true(device_policy_allows(&p, 'b', 8, 0, DEVICE_MKNOD));
	assert_false(device_policy_allows(&p, 'b', 8, 0, DEVICE_READ));
	assert_false(device_policy_allows(&p, 'c', 1, 1, DEVICE_READ));
	assert_false(device_policy_allows(&p, 'c', 10, 200, DEVICE_WRITE));
	assert_program_means_policy(&a, &p);
	assert_lines_mean_policy(&a, &p);
}

TEST(rules_apply_in_order_and_the_last_one_about_a_bit_decides)
{
	scoped_arena struct arena a = { 0 };
	struct oci_device_rule rules[] = {
		DENY_ALL, RULE(true, "c", 10, 200, "rw"), RULE(true, "b", 8, -1, "r"), RULE(false, "c", 10, 200, "w"),
	};
	struct device_policy p;

	policy_of(&a, rules, ARRAY_LEN(rules), &p);
	assert_true(device_policy_allows(&p, 'c', 10, 200, DEVICE_READ));
	assert_false(device_policy_allows(&p, 'c', 10, 200, DEVICE_READ | DEVICE_WRITE));
	assert_true(device_policy_allows(&p, 'b', 8, 1, DEVICE_READ));
	assert_program_means_policy(&a, &p);
	assert_lines_mean_policy(&a, &p);
}

TEST(allow_all_leaves_nothing_to_enforce)
{
	scoped_arena struct arena a = { 0 };
	struct oci_device_rule rules[] = { DENY_ALL, RULE(true, NULL, -1, -1, NULL) };
	struct device_policy p;

	policy_of(&a, rules, ARRAY_LEN(rules), &p);
	assert_true(device_policy_is_open(&p));
	assert_int_equal(p.n, 0);
}

TEST(a_hole_in_allow_all_is_enforced)
{
	scoped_arena struct arena a = { 0 };
	struct oci_device_rule rules[] = { RULE(true, "a", -1, -1, "rwm"), RULE(false, "b", 8, -1, "w"), RULE(false, "c", 1, 1, "rw") };
	struct device_policy p;

	policy_of(&a, rules, ARRAY_LEN(rules), &p);
	assert_false(device_policy_is_open(&p));
	assert_false(device_policy_allows(&p, 'b', 8, 3, DEVICE_WRITE));
	assert_true(device_policy_allows(&p, 'b', 8, 3, DEVICE_READ));
	assert_program_means_policy(&a, &p);
}

TEST(docker_rules_add_nothing_twice)
{
	scoped_arena struct arena a = { 0 };
	struct oci_device_rule rules[] = {
		DENY_ALL, RULE(true, "c", -1, -1, "m"), RULE(true, "b", -1, -1, "m"), RULE(true, "c", 1, 3, "rwm"),
		RULE(true, "c", 1, 8, "rwm"), RULE(true, "c", 1, 7, "rwm"), RULE(true, "c", 5, 0, "rwm"),
		RULE(true, "c", 1, 5, "rwm"), RULE(true, "c", 1, 9, "rwm"), RULE(true, "c", 5, 1, "rwm"),
		RULE(true, "c", 136, -1, "rwm"), RULE(true, "c", 5, 2, "rwm"),
	};
	struct device_policy p;

	policy_of(&a, rules, ARRAY_LEN(rules), &p);
	assert_int_equal(p.n, 11);
	assert_program_means_policy(&a, &p);
}

TEST(v1_refuses_a_hole_it_cannot_express)
{
	scoped_arena struct arena a = { 0 };
	struct oci_device_rule rules[] = { DENY_ALL, RULE(true, "c", 10, -1, "rwm"), RULE(false, "c", 10, 200, "w") };
	struct cgroup_writes w = { 0 };
	struct device_policy p;
	struct err e;

	policy_of(&a, rules, ARRAY_LEN(rules), &p);
	assert_true(device_policy_write_v1(&p, &a, &w, &e) < 0);
	assert_int_equal(e.kind, ERR_UNSUPPORTED);
	assert_program_means_policy(&a, &p);
}

TEST(wrong_device_rules_are_refused)
{
	scoped_arena struct arena a = { 0 };
	struct oci_device_rule bad[] = { RULE(true, "x", 1, 1, "r"), RULE(true, "c", 1, 1, "rx"), RULE(true, "cc", 1, 1, "r"),
					 RULE(true, "c", 0x100000000, 1, "r") };
	struct device_policy p;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct oci_resources r = { .devices = &bad[i], .n_devices = 1 };

		assert_int_equal(device_policy_make(&r, &a, &p, &e), -EINVAL);
	}
}

/* Many random policies: the program and the plain meaning agree everywhere. */
TEST(compiled_programs_agree_with_the_meaning_for_random_rules)
{
	uint32_t seed = 12345;

	for (int round = 0; round < 200; round++) {
		scoped_arena struct arena a = { 0 };
		struct oci_device_rule rules[8];
		struct device_policy p;

		for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
			static const char *const types[] = { "a", "b", "c", "c" }, *const accesses[] = { "r", "w", "m", "rw", "rwm" };

			seed = seed * 1664525 + 1013904223;
			rules[i] = (struct oci_device_rule)RULE(seed >> 31, types[seed >> 20 & 3],
								(int64_t)numbers[seed >> 8 & 7] - (seed >> 30 & 1) * 1000,
								(int64_t)numbers[seed >> 12 & 7] - (seed >> 29 & 1) * 1000,
								accesses[(seed >> 16 & 0xff) % 5]);
		}
		policy_of(&a, rules, ARRAY_LEN(rules), &p);
		assert_program_means_policy(&a, &p);
	}
}
