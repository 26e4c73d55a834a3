/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup/devices.h"

#include <inttypes.h>
#include <string.h>

/* clang-format off */
static const struct device_rule always[] = {
	{ true, 'c', DEVICE_MKNOD,  -1, -1 }, /* making a node is harmless: opening it is what is ruled */
	{ true, 'b', DEVICE_MKNOD,  -1, -1 },
	{ true, 'c', DEVICE_ALL,     1,  3 }, /* null */
	{ true, 'c', DEVICE_ALL,     1,  5 }, /* zero */
	{ true, 'c', DEVICE_ALL,     1,  7 }, /* full */
	{ true, 'c', DEVICE_ALL,     1,  8 }, /* random */
	{ true, 'c', DEVICE_ALL,     1,  9 }, /* urandom */
	{ true, 'c', DEVICE_ALL,     5,  0 }, /* tty */
	{ true, 'c', DEVICE_ALL,     5,  2 }, /* ptmx */
	{ true, 'c', DEVICE_ALL,   136, -1 }, /* pts */
};
/* clang-format on */

static bool rule_same_device(const struct device_rule *a, const struct device_rule *b)
{
	return a->type == b->type && a->major == b->major && a->minor == b->minor;
}

static bool rule_covers(const struct device_rule *r, char type, int64_t major, int64_t minor)
{
	return (r->type == 'a' || r->type == type) && (r->major < 0 || r->major == major) && (r->minor < 0 || r->minor == minor);
}

static bool rule_is_total(const struct device_rule *r)
{
	return r->bits == DEVICE_ALL && r->type == 'a' && r->major < 0 && r->minor < 0;
}

/* ---- from the specification ---- */

static int access_parse(const char *s, uint8_t *ret, struct err *e)
{
	*ret = 0;
	for (; *s; s++) {
		uint8_t bit = *s == 'r' ? DEVICE_READ : *s == 'w' ? DEVICE_WRITE : *s == 'm' ? DEVICE_MKNOD : 0;

		if (!bit)
			return err_set(e, ERR_INVALID, "device access '%c' is none of r, w, m", *s);
		*ret |= bit;
	}
	return 0;
}

static int rule_parse(const struct oci_device_rule *o, struct device_rule *ret, struct err *e)
{
	const char *type = o->type && *o->type ? o->type : "a";

	if (!strchr("abc", *type) || type[1])
		return err_set(e, ERR_INVALID, "device type '%s' is none of a, b, c", type);
	*ret = (struct device_rule){ o->allow, *type, DEVICE_ALL, -1, -1 };
	/* As in runc and in the kernel, "a" speaks of everything whatever numbers stand beside it. */
	if (*type == 'a')
		return 0;
	if (o->major.set && o->major.v >= 0)
		ret->major = o->major.v;
	if (o->minor.set && o->minor.v >= 0)
		ret->minor = o->minor.v;
	if (ret->major > UINT32_MAX || ret->minor > UINT32_MAX)
		return err_set(e, ERR_INVALID, "device number %" PRId64 ":%" PRId64 " is out of range", ret->major, ret->minor);
	return o->access && *o->access ? access_parse(o->access, &ret->bits, e) : 0;
}

/* Adds a rule, unless an equal one follows no different one: then it says nothing new. */
static void rule_add(struct arena *a, struct device_policy *p, const struct device_rule *r)
{
	if (rule_is_total(r)) {
		p->allow_rest = r->allow;
		p->n = 0;
		return;
	}
	for (size_t i = p->n; i-- > 0;) {
		if (p->v[i].allow != r->allow)
			break;
		if (rule_same_device(&p->v[i], r)) {
			p->v[i].bits |= r->bits;
			return;
		}
	}
	*vec_push(a, p) = *r;
}

int device_policy_make(const struct oci_resources *res, struct arena *a, struct device_policy *ret, struct err *e)
{
	struct device_rule rule;

	*ret = (struct device_policy){ 0 };
	for (size_t i = 0; res && i < res->n_devices; i++) {
		int r = rule_parse(&res->devices[i], &rule, e);

		if (r < 0)
			return err_wrap(e, "resources.devices[%zu]", i);
		rule_add(a, ret, &rule);
	}
	if (!device_policy_is_open(ret))
		for (size_t i = 0; i < ARRAY_LEN(always); i++)
			rule_add(a, ret, &always[i]);
	return 0;
}

bool device_policy_is_open(const struct device_policy *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!p->v[i].allow)
			return false;
	return p->allow_rest;
}

bool device_policy_allows(const struct device_policy *p, char type, uint32_t major, uint32_t minor, unsigned bits)
{
	for (size_t i = p->n; i-- > 0 && bits;) {
		const struct device_rule *r = &p->v[i];

		if (!rule_covers(r, type, major, minor) || !(r->bits & bits))
			continue;
		if (!r->allow)
			return false;
		bits &= ~(unsigned)r->bits;
	}
	return bits == 0 || p->allow_rest;
}

/* ---- v1 ---- */

static const char *number_or_star(int64_t n, struct arena *a)
{
	return n < 0 ? "*" : arena_printf(a, "%" PRId64, n);
}

static const char *rule_line(const struct device_rule *r, struct arena *a)
{
	return arena_printf(a, "%c %s:%s %s%s%s", r->type, number_or_star(r->major, a), number_or_star(r->minor, a),
			    r->bits & DEVICE_READ ? "r" : "", r->bits & DEVICE_WRITE ? "w" : "", r->bits & DEVICE_MKNOD ? "m" : "");
}

/*
 * v1 keeps a default and a list of exceptions to it. A rule that agrees with the default takes away exceptions, but only those that name the very
 * same device; if a wider exception overlaps it, the kernel would silently not do what was asked.
 */
static int rule_check_v1(const struct device_policy *p, size_t at, struct arena *a, struct err *e)
{
	const struct device_rule *r = &p->v[at];

	if (r->allow != p->allow_rest)
		return 0;
	for (size_t i = 0; i < at; i++) {
		const struct device_rule *x = &p->v[i];

		if (x->allow == r->allow || rule_same_device(x, r) || x->type != r->type || !(x->bits & r->bits))
			continue;
		if ((x->major < 0 || r->major < 0 || x->major == r->major) && (x->minor < 0 || r->minor < 0 || x->minor == r->minor))
			return err_set(e, ERR_UNSUPPORTED, "unsupported: device rule '%s %s' cuts into '%s', which cgroup v1 cannot express",
				       r->allow ? "allow" : "deny", rule_line(r, a), rule_line(x, a));
	}
	return 0;
}

int device_policy_write_v1(const struct device_policy *p, struct arena *a, struct cgroup_writes *ret, struct err *e)
{
	int r;

	if (!p->allow_rest)
		*vec_push(a, ret) = (struct cgroup_write){ CGROUP_DEVICES, "devices", "devices.deny", "a", 0 };
	for (size_t i = 0; i < p->n; i++) {
		r = rule_check_v1(p, i, a, e);
		if (r < 0)
			return r;
		*vec_push(a, ret) = (struct cgroup_write){ CGROUP_DEVICES, "devices",
							   p->v[i].allow ? "devices.allow" : "devices.deny", rule_line(&p->v[i], a), 0 };
	}
	return 0;
}

/* ---- v2 ----
 *
 * The kernel hands the program { u32 access << 16 | type; u32 major; u32 minor } and lets the access pass if it returns 1.
 *     r2 = type, r3 = bits still to be allowed, r4 = major, r5 = minor
 * then the rules from last to first, each: skip unless type, major and minor fit; deny: return 0 if r3 & bits; allow: r3 &= ~bits, return 1 if
 * r3 is 0 now. At the end: return allow_rest. No loops, no memory: the verifier has nothing to object to.
 */

enum { R0, R1, R2, R3, R4, R5, R6 };

static void emit(struct arena *a, struct device_program *p, uint8_t code, unsigned dst, unsigned src, int off, int32_t imm)
{
	*vec_push(a, p) = (struct bpf_insn){ .code = code, .dst_reg = dst & 0xf, .src_reg = src & 0xf, .off = (int16_t)off, .imm = imm };
}

static void emit_return(struct arena *a, struct device_program *p, int32_t value)
{
	emit(a, p, BPF_ALU64 | BPF_MOV | BPF_K, R0, 0, 0, value);
	emit(a, p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* "unless @reg is @value skip the rule": the distance is filled in by rule_compile when it is known. */
static void emit_unless(struct arena *a, struct device_program *p, unsigned reg, int64_t value)
{
	emit(a, p, BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, 0, (int32_t)(uint32_t)value);
}

static void rule_compile(const struct device_rule *r, struct arena *a, struct device_program *p)
{
	size_t start = p->n, guards;

	if (r->type != 'a')
		emit_unless(a, p, R2, r->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (r->major >= 0)
		emit_unless(a, p, R4, r->major);
	if (r->minor >= 0)
		emit_unless(a, p, R5, r->minor);
	guards = p->n;
	if (r->allow) {
		emit(a, p, BPF_ALU | BPF_AND | BPF_K, R3, 0, 0, DEVICE_ALL & ~r->bits);
		emit(a, p, BPF_JMP32 | BPF_JNE | BPF_K, R3, 0, 2, 0);
		emit_return(a, p, 1);
	} else {
		emit(a, p, BPF_ALU | BPF_MOV | BPF_X, R6, R3, 0, 0);
		emit(a, p, BPF_ALU | BPF_AND | BPF_K, R6, 0, 0, r->bits);
		emit(a, p, BPF_JMP32 | BPF_JEQ | BPF_K, R6, 0, 2, 0);
		emit_return(a, p, 0);
	}
	for (size_t i = start; i < guards; i++)
		p->v[i].off = (int16_t)(p->n - i - 1);
}

void device_policy_compile(const struct device_policy *policy, struct arena *a, struct device_program *p)
{
	*p = (struct device_program){ 0 };
	emit(a, p, BPF_LDX | BPF_W | BPF_MEM, R2, R1, offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
	emit(a, p, BPF_ALU | BPF_MOV | BPF_X, R3, R2, 0, 0);
	emit(a, p, BPF_ALU | BPF_AND | BPF_K, R2, 0, 0, 0xffff);
	emit(a, p, BPF_ALU | BPF_RSH | BPF_K, R3, 0, 0, 16);
	emit(a, p, BPF_LDX | BPF_W | BPF_MEM, R4, R1, offsetof(struct bpf_cgroup_dev_ctx, major), 0);
	emit(a, p, BPF_LDX | BPF_W | BPF_MEM, R5, R1, offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
	for (size_t i = policy->n; i-- > 0;)
		rule_compile(&policy->v[i], a, p);
	emit_return(a, p, policy->allow_rest);
}
