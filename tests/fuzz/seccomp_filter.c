/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp compiler against the plain reading of a profile. The input makes a profile and asks it about system calls; a machine for classic BPF says
 * what the compiled program answers, and judge() what the profile says: the action of a rule that matches, else the default, else ENOSYS where a call is
 * newer than the profile. Where several rules match with different actions any of them will do: the specification does not say which one wins.
 */
#include "fuzz.h"

#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/arena.h"
#include "runtime/seccomp/filter.h"

#ifdef __x86_64__
/* What a profile may name: low, middling, the newest, and a name that no kernel has. */
static const struct {
	const char *name;
	long number;
} calls[] = {
	{ "read", SYS_read },       { "write", SYS_write }, { "openat", SYS_openat },   { "personality", SYS_personality }, { "clone", SYS_clone },
	{ "socket", SYS_socket },   { "ioctl", SYS_ioctl }, { "openat2", SYS_openat2 }, { "clone3", SYS_clone3 },           { "mmap", SYS_mmap },
	{ "no_such_call", -1 },     { "exit", SYS_exit },
};
enum { N_CALLS = sizeof calls / sizeof *calls, MAX_RULES = 12, MAX_ARGS = 3, MAX_NAMES = 3 };

struct input {
	const uint8_t *p;
	size_t n;
};

static uint8_t take(struct input *in)
{
	if (!in->n)
		return 0;
	in->n--;
	return *in->p++;
}

/* Numbers that matter: near zero, near the halves' borders, and any. */
static uint64_t take_value(struct input *in)
{
	static const uint64_t edges[] = { 0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x100000001, 0x8000000000000000, UINT64_MAX };
	uint8_t b = take(in);
	uint64_t v = 0;

	if (b < 200)
		return edges[b % (sizeof edges / sizeof *edges)] + (b >= 100);
	for (int i = 0; i < 8; i++)
		v = v << 8 | take(in);
	return v;
}

static enum oci_seccomp_action take_action(struct input *in)
{
	static const enum oci_seccomp_action actions[] = { OCI_SECCOMP_ALLOW, OCI_SECCOMP_ERRNO, OCI_SECCOMP_KILL_PROCESS, OCI_SECCOMP_TRAP,
		OCI_SECCOMP_LOG, OCI_SECCOMP_KILL_THREAD, OCI_SECCOMP_TRACE };

	return actions[take(in) % (sizeof actions / sizeof *actions)];
}

static struct opt_u32 take_errno(struct input *in, enum oci_seccomp_action action)
{
	struct opt_u32 none = { 0 };

	return action == OCI_SECCOMP_ERRNO || action == OCI_SECCOMP_TRACE ? (struct opt_u32){ true, take(in) } : none;
}

static void take_rule(struct input *in, struct arena *a, struct oci_seccomp_syscall *y)
{
	y->names.v = arena_array(a, const char *, MAX_NAMES);
	y->names.n = 1 + take(in) % MAX_NAMES;
	for (size_t i = 0; i < y->names.n; i++)
		y->names.v[i] = calls[take(in) % N_CALLS].name;
	y->action = take_action(in);
	y->errno_ret = take_errno(in, y->action);
	y->args = arena_array(a, struct oci_seccomp_arg, MAX_ARGS);
	y->n_args = take(in) % (MAX_ARGS + 1);
	for (size_t i = 0; i < y->n_args; i++) {
		y->args[i].index = take(in) % 6;
		y->args[i].op = (enum oci_seccomp_op)(take(in) % OCI_SECCOMP_OP_COUNT);
		y->args[i].value = take_value(in);
		y->args[i].value_two = take_value(in);
	}
}

static struct oci_seccomp take_profile(struct input *in, struct arena *a)
{
	struct oci_seccomp s = { .default_action = take_action(in) };

	s.default_errno_ret = take_errno(in, s.default_action);
	s.n_syscalls = take(in) % (MAX_RULES + 1);
	s.syscalls = arena_array(a, struct oci_seccomp_syscall, MAX_RULES);
	for (size_t i = 0; i < s.n_syscalls; i++)
		take_rule(in, a, &s.syscalls[i]);
	return s;
}

/* ---- the machine ------------------------------------------------------------------------------------------------------------------------ */

static uint32_t jump(const struct sock_filter *x, uint32_t acc)
{
	switch (BPF_OP(x->code)) {
	case BPF_JA:
		return x->k;
	case BPF_JEQ:
		return acc == x->k ? x->jt : x->jf;
	case BPF_JGT:
		return acc > x->k ? x->jt : x->jf;
	case BPF_JGE:
		return acc >= x->k ? x->jt : x->jf;
	default:
		abort(); /* a jump that seccomp filters do not have */
	}
}

static uint32_t run(const struct filter_program *p, const struct seccomp_data *data)
{
	uint32_t acc = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct sock_filter *x = &p->insns[i];

		if (BPF_CLASS(x->code) == BPF_JMP) {
			i += jump(x, acc);
		} else if (x->code == (BPF_LD | BPF_W | BPF_ABS)) {
			assert(x->k % 4 == 0 && x->k + sizeof acc <= sizeof *data);
			memcpy(&acc, (const char *)data + x->k, sizeof acc);
		} else if (x->code == (BPF_ALU | BPF_AND | BPF_K)) {
			acc &= x->k;
		} else {
			assert(x->code == (BPF_RET | BPF_K));
			return x->k;
		}
	}
	abort(); /* ran off the end */
}

/* ---- the judge -------------------------------------------------------------------------------------------------------------------------- */

static uint32_t answer_of(enum oci_seccomp_action action, struct opt_u32 errno_ret)
{
	uint32_t number = errno_ret.set ? errno_ret.v : EPERM;

	switch ((int)action) {
	case OCI_SECCOMP_ALLOW:
		return SECCOMP_RET_ALLOW;
	case OCI_SECCOMP_ERRNO:
		return SECCOMP_RET_ERRNO | number;
	case OCI_SECCOMP_TRACE:
		return SECCOMP_RET_TRACE | number;
	case OCI_SECCOMP_KILL_PROCESS:
		return SECCOMP_RET_KILL_PROCESS;
	case OCI_SECCOMP_TRAP:
		return SECCOMP_RET_TRAP;
	case OCI_SECCOMP_LOG:
		return SECCOMP_RET_LOG;
	default:
		return SECCOMP_RET_KILL_THREAD;
	}
}

static bool condition_holds(const struct oci_seccomp_arg *g, const struct seccomp_data *data)
{
	uint64_t v = data->args[g->index];

	switch ((int)g->op) {
	case OCI_SECCOMP_NE:
		return v != g->value;
	case OCI_SECCOMP_LT:
		return v < g->value;
	case OCI_SECCOMP_LE:
		return v <= g->value;
	case OCI_SECCOMP_EQ:
		return v == g->value;
	case OCI_SECCOMP_GE:
		return v >= g->value;
	case OCI_SECCOMP_GT:
		return v > g->value;
	default:
		return (v & g->value) == (g->value_two & g->value);
	}
}

static bool names(const struct oci_seccomp_syscall *y, int number)
{
	for (size_t i = 0; i < y->names.n; i++)
		for (size_t k = 0; k < N_CALLS; k++)
			if (calls[k].number == number && streq(calls[k].name, y->names.v[i]))
				return true;
	return false;
}

/* Conditions on different arguments must all hold; where one argument is asked twice they are alternatives, as in runc. */
static bool rule_matches(const struct oci_seccomp_syscall *y, const struct seccomp_data *data)
{
	size_t holding = 0;
	unsigned seen = 0;
	bool repeats = false;

	if (!names(y, data->nr))
		return false;
	for (size_t i = 0; i < y->n_args; i++) {
		repeats |= (seen & 1u << y->args[i].index) != 0;
		seen |= 1u << y->args[i].index;
		holding += condition_holds(&y->args[i], data);
	}
	return y->n_args == 0 || (repeats ? holding > 0 : holding == y->n_args);
}

static long newest(const struct oci_seccomp *s)
{
	long max = 0;

	for (size_t i = 0; i < s->n_syscalls; i++)
		for (size_t k = 0; k < N_CALLS; k++)
			if (calls[k].number > max && names(&s->syscalls[i], (int)calls[k].number))
				max = calls[k].number;
	return max;
}

static bool answers_enosys(const struct oci_seccomp *s, int number)
{
	uint32_t otherwise = answer_of(s->default_action, s->default_errno_ret);

	return s->n_syscalls && otherwise != SECCOMP_RET_ALLOW && otherwise != SECCOMP_RET_LOG && number > newest(s);
}

static void judge(const struct oci_seccomp *s, const struct seccomp_data *data, uint32_t answer)
{
	bool any = false;

	if (answers_enosys(s, data->nr)) {
		assert(answer == (SECCOMP_RET_ERRNO | ENOSYS));
		return;
	}
	for (size_t i = 0; i < s->n_syscalls; i++) {
		if (!rule_matches(&s->syscalls[i], data))
			continue;
		any = true;
		if (answer == answer_of(s->syscalls[i].action, s->syscalls[i].errno_ret))
			return;
	}
	assert(!any && "a rule matches, and none of those that do says this");
	assert(answer == answer_of(s->default_action, s->default_errno_ret));
}

/* Values around those that the profile compares with: there the answers change. */
static uint64_t take_argument(struct input *in, const struct oci_seccomp *s)
{
	const struct oci_seccomp_syscall *y;
	uint8_t which = take(in), how = take(in);
	uint64_t near;

	if (!s->n_syscalls || how % 4 == 0)
		return take_value(in);
	y = &s->syscalls[which % s->n_syscalls];
	if (!y->n_args)
		return take_value(in);
	near = how & 64 ? y->args[how % y->n_args].value : y->args[how % y->n_args].value_two;
	return near + (uint64_t)(how % 3) - 1;
}

static void ask(const struct oci_seccomp *s, const struct filter_program *p, struct input *in)
{
	while (in->n) {
		uint8_t which = take(in);
		struct seccomp_data data = { .arch = AUDIT_ARCH_X86_64, .nr = which < 200 ? (int)calls[which % N_CALLS].number : which * 2 };

		if (data.nr < 0)
			data.nr = which;
		for (size_t i = 0; i < 6; i++)
			data.args[i] = take_argument(in, s);
		judge(s, &data, run(p, &data));
		/* Nobody gets further by calling as another architecture. */
		data.arch = AUDIT_ARCH_I386;
		assert(run(p, &data) == SECCOMP_RET_KILL_THREAD);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena struct arena a = { 0 };
	struct input in = { data, size };
	struct oci_seccomp s = take_profile(&in, &a);
	const struct filter_request q = { .section = &s };
	struct filter_program *p;
	struct err e = { 0 };
	int r;

	leaks_forgive(1);
	r = filter_compile(&q, &a, &p, &e);
	leaks_forgive(0);
	if (r < 0) {
		assert(e.kind != ERR_NONE && e.msg[0]);
		return 0;
	}
	ask(&s, p, &in);
	return 0;
}
#else
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return 0;
}
#endif
