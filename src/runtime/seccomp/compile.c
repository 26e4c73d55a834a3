/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The section → libseccomp → BPF, with programs of ours in front.
 *
 * First come the calls that are allowed whatever their arguments, which are most (ranges.h). Then a preamble answers ENOSYS to every system call with a number above the highest that the profile names on that architecture, unless what is not
 * named is allowed anyway: such a call is newer than the profile, and only ENOSYS makes a C library fall back to an older one.
 * After it come the calls whose rules libseccomp would merge wrongly (exact.h). libseccomp's program follows unchanged; its jumps are relative.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/vec.h"
#include "os/fd.h"
#include "runtime/seccomp/exact.h"
#include "runtime/seccomp/filter.h"
#include "runtime/seccomp/ranges.h"
#include "runtime/seccomp/tables.h"

enum { SECCOMP_ARGS = 6, ARCHS_MAX = 32 };

struct compiler {
	const struct oci_seccomp *s;
	bool strict;
	scmp_filter_ctx ctx;
	uint32_t default_action;
	uint32_t archs[ARCHS_MAX]; /* libseccomp's tokens, native first */
	size_t n_archs;
	struct strs allowed;                    /* names the ranges answer: libseccomp is not given them */
	struct call_numbers ranges[ARCHS_MAX];  /* by architecture */
};

static void compiler_done(struct compiler *c)
{
	if (c->ctx)
		seccomp_release(c->ctx);
}
#define scoped_compiler SCOPED(compiler_done)

/* ---- actions, flags, architectures -------------------------------------------------------------------------------------------------------- */

enum { ACTION_TAKES_ERRNO = 1 << 0 };

struct action_row {
	uint32_t action;
	unsigned flags;
};

/* clang-format off */
static const struct action_row actions[OCI_SECCOMP_ACTION_COUNT] = {
	[OCI_SECCOMP_KILL]         = { SCMP_ACT_KILL, 0 },
	[OCI_SECCOMP_KILL_PROCESS] = { SCMP_ACT_KILL_PROCESS, 0 },
	[OCI_SECCOMP_KILL_THREAD]  = { SCMP_ACT_KILL_THREAD, 0 },
	[OCI_SECCOMP_TRAP]         = { SCMP_ACT_TRAP, 0 },
	[OCI_SECCOMP_ERRNO]        = { SCMP_ACT_ERRNO(0), ACTION_TAKES_ERRNO },
	[OCI_SECCOMP_TRACE]        = { SCMP_ACT_TRACE(0), ACTION_TAKES_ERRNO },
	[OCI_SECCOMP_ALLOW]        = { SCMP_ACT_ALLOW, 0 },
	[OCI_SECCOMP_LOG]          = { SCMP_ACT_LOG, 0 },
	[OCI_SECCOMP_NOTIFY]       = { SCMP_ACT_NOTIFY, 0 },
};

static const enum scmp_compare operators[OCI_SECCOMP_OP_COUNT] = {
	[OCI_SECCOMP_NE]        = SCMP_CMP_NE,
	[OCI_SECCOMP_LT]        = SCMP_CMP_LT,
	[OCI_SECCOMP_LE]        = SCMP_CMP_LE,
	[OCI_SECCOMP_EQ]        = SCMP_CMP_EQ,
	[OCI_SECCOMP_GE]        = SCMP_CMP_GE,
	[OCI_SECCOMP_GT]        = SCMP_CMP_GT,
	[OCI_SECCOMP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
};
/* clang-format on */

static int action_make(enum oci_seccomp_action action, struct opt_u32 errno_ret, uint32_t *ret, struct err *e)
{
	const struct action_row *row = &actions[action];
	uint32_t number = errno_ret.set ? errno_ret.v : EPERM;

	if (errno_ret.set && !(row->flags & ACTION_TAKES_ERRNO))
		return err_set(e, ERR_INVALID, "action %s takes no errnoRet", enumtab_name(&oci_seccomp_action_words, (int)action));
	if (number > SECCOMP_RET_DATA)
		return err_set(e, ERR_INVALID, "errnoRet %u is more than %d", number, SECCOMP_RET_DATA);
	*ret = row->action | (row->flags & ACTION_TAKES_ERRNO ? number : 0);
	return 0;
}

/* Without any flags given, speculation mitigations are left to the process, as runc does: they cost up to a third of its speed. */
static int flags_make(const struct oci_seccomp *s, uint32_t *ret, struct err *e)
{
	*ret = s->flags.n ? 0 : SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0; i < s->flags.n; i++) {
		const struct numtab *row = numtab_find(filter_flags, s->flags.v[i]);

		if (!row)
			return err_set(e, ERR_INVALID, "flags[%zu]: unknown flag '%s'", i, s->flags.v[i]);
		*ret |= (uint32_t)row->value;
	}
	return 0;
}

static int archs_add(struct compiler *c, struct err *e)
{
	c->archs[c->n_archs++] = seccomp_arch_native();
	for (size_t i = 0; i < c->s->architectures.n; i++) {
		const struct numtab *row = numtab_find(filter_archs, c->s->architectures.v[i]);
		int r;

		if (!row)
			return err_set(e, ERR_INVALID, "architectures[%zu]: unknown architecture '%s'", i, c->s->architectures.v[i]);
		r = seccomp_arch_add(c->ctx, (uint32_t)row->value);
		if (r == -EEXIST)
			continue;
		if (r < 0 || c->n_archs == ARCHS_MAX)
			return err_sys(e, r < 0 ? r : -E2BIG, "add architecture '%s'", row->word);
		c->archs[c->n_archs++] = (uint32_t)row->value;
	}
	return 0;
}

#define X32_BIT 0x40000000u

/* Above it are libseccomp's numbers for what an architecture multiplexes (socketcall, ipc), below it those for what it lacks. */
enum { LACKING = -1000 };

/* ---- rules --------------------------------------------------------------------------------------------------------------------------------- */

static int args_make(const struct oci_seccomp_syscall *y, struct scmp_arg_cmp ret[SECCOMP_ARGS], bool *ret_repeats, struct err *e)
{
	unsigned seen = 0;

	*ret_repeats = false;
	for (size_t i = 0; i < y->n_args; i++) {
		const struct oci_seccomp_arg *g = &y->args[i];

		if (g->index >= SECCOMP_ARGS)
			return err_set(e, ERR_INVALID, "args[%zu].index %u: a system call has %d arguments", i, g->index, SECCOMP_ARGS);
		if (i >= SECCOMP_ARGS)
			return err_set(e, ERR_INVALID, "more than %d conditions", SECCOMP_ARGS);
		*ret_repeats |= (seen & 1u << g->index) != 0;
		seen |= 1u << g->index;
		/* For the masked comparison the specification's value is the mask and valueTwo what it must equal, as libseccomp has it. */
		ret[i] = (struct scmp_arg_cmp){ g->index, operators[g->op], g->value, g->value_two };
	}
	return 0;
}

static int rule_add(struct compiler *c, uint32_t action, int number, const struct scmp_arg_cmp *args, size_t n, struct err *e)
{
	int r = seccomp_rule_add_array(c->ctx, action, number, (unsigned)n, args);

	return r < 0 && r != -EEXIST ? err_sys(e, r, "add the rule") : 0;
}

static bool names_call(const struct oci_seccomp_syscall *y, const char *name)
{
	return strs_has(&y->names, name);
}

static void exact_rule_add(const struct oci_seccomp_syscall *y, uint32_t action, struct arena *a, struct exact_rules *rules)
{
	struct scmp_arg_cmp ignored[SECCOMP_ARGS];
	bool repeats = false;
	struct err e;

	args_make(y, ignored, &repeats, &e);
	if (!repeats) {
		*vec_push(a, rules) = (struct exact_rule){ action, y->args, y->n_args };
		return;
	}
	for (size_t i = 0; i < y->n_args; i++)
		*vec_push(a, rules) = (struct exact_rule){ action, &y->args[i], 1 };
}

/* Every rule about @name, as rules_add gave them to libseccomp. */
static struct exact_rules exact_rules_of(const struct compiler *c, const char *name, struct arena *a)
{
	struct exact_rules rules = { 0 };

	for (size_t i = 0; i < c->s->n_syscalls; i++) {
		const struct oci_seccomp_syscall *y = &c->s->syscalls[i];
		uint32_t action = 0;
		struct err e;

		if (!names_call(y, name) || action_make(y->action, y->errno_ret, &action, &e) < 0 || action == c->default_action)
			continue;
		exact_rule_add(y, action, a, &rules);
	}
	return rules;
}

/* What it must not be given (exact.h), or need not because another rule allows no conditions. */
static bool is_for_libseccomp(const struct compiler *c, const char *name)
{
	scoped_arena struct arena a = { 0 };
	struct exact_rules rules = exact_rules_of(c, name, &a);

	return !exact_is_only_way(&rules);
}

/* All rules about @name allow it, whatever its arguments; and no architecture multiplexes it. */
static bool is_for_ranges(const struct compiler *c, const char *name)
{
	scoped_arena struct arena a = { 0 };
	struct exact_rules rules = exact_rules_of(c, name, &a);

	for (size_t i = 0; i < rules.n; i++)
		if (rules.v[i].action != SCMP_ACT_ALLOW || rules.v[i].n)
			return false;
	for (size_t i = 0; i < c->n_archs; i++) {
		int number = seccomp_syscall_resolve_name_arch(c->archs[i], name);

		if (number == __NR_SCMP_ERROR || (number < 0 && number > LACKING))
			return false;
	}
	return rules.n > 0;
}

static void ranges_add_name(struct compiler *c, const char *name, struct arena *a)
{
	strs_push(a, &c->allowed, name);
	for (size_t i = 0; i < c->n_archs; i++) {
		int number = seccomp_syscall_resolve_name_arch(c->archs[i], name);

		if (number >= 0)
			*vec_push(a, &c->ranges[i]) = (uint32_t)number | (c->archs[i] == SCMP_ARCH_X32 ? X32_BIT : 0);
	}
}

/* Where the calls of one architecture are too scattered for a tree, libseccomp gets all of them. */
static void ranges_collect(struct compiler *c, struct arena *a)
{
	bool fit = true;

	for (size_t i = 0; i < c->s->n_syscalls && c->default_action != SCMP_ACT_ALLOW; i++) {
		const struct oci_seccomp_syscall *y = &c->s->syscalls[i];

		for (size_t k = 0; k < y->names.n; k++)
			if (y->action == OCI_SECCOMP_ALLOW && !strs_has(&c->allowed, y->names.v[k]) && is_for_ranges(c, y->names.v[k]))
				ranges_add_name(c, y->names.v[k], a);
	}
	for (size_t i = 0; i < c->n_archs; i++)
		fit = ranges_fit(&c->ranges[i]) && fit;
	if (!fit) {
		c->allowed = (struct strs){ 0 };
		memset(c->ranges, 0, sizeof c->ranges);
	}
}

static void ranges_add(const struct compiler *c, struct arena *a, struct filter_code *p)
{
	for (size_t i = 0; i < c->n_archs; i++)
		ranges_emit(a, p, c->archs[i] == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : c->archs[i], &c->ranges[i]);
}

static int syscall_add(struct compiler *c, const struct oci_seccomp_syscall *y, const char *name, uint32_t action, struct err *e)
{
	struct scmp_arg_cmp args[SECCOMP_ARGS];
	bool repeats;
	int number = seccomp_syscall_resolve_name(name), r = args_make(y, args, &repeats, e);

	if (number == __NR_SCMP_ERROR && c->strict)
		return err_set(e, ERR_INVALID, "unknown system call");
	if (r < 0 || number == __NR_SCMP_ERROR || strs_has(&c->allowed, name) || (y->n_args && !is_for_libseccomp(c, name)))
		return r;
	if (!repeats)
		return rule_add(c, action, number, args, y->n_args, e);
	/* libseccomp cannot ask twice about one argument in one rule; as in runc, such conditions are alternatives. */
	for (size_t i = 0; i < y->n_args && r == 0; i++)
		r = rule_add(c, action, number, &args[i], 1, e);
	return r;
}

static int rules_add(struct compiler *c, struct err *e)
{
	for (size_t i = 0; i < c->s->n_syscalls; i++) {
		const struct oci_seccomp_syscall *y = &c->s->syscalls[i];
		uint32_t action;
		int r = action_make(y->action, y->errno_ret, &action, e);

		if (r < 0)
			return err_wrap(e, "syscalls[%zu]", i);
		if (action == c->default_action)
			continue;
		for (size_t k = 0; k < y->names.n; k++) {
			r = syscall_add(c, y, y->names.v[k], action, e);
			if (r < 0)
				return err_wrap(e, "syscalls[%zu] '%s'", i, y->names.v[k]);
		}
	}
	return 0;
}

/* ---- the preamble -------------------------------------------------------------------------------------------------------------------------- */

/* The highest number on @arch that the section names; 0 if it names none. */
static uint32_t highest(const struct oci_seccomp *s, uint32_t arch)
{
	uint32_t max = 0;

	for (size_t i = 0; i < s->n_syscalls; i++) {
		for (size_t k = 0; k < s->syscalls[i].names.n; k++) {
			int number = seccomp_syscall_resolve_name_arch(arch, s->syscalls[i].names.v[k]);

			/* Negative: unknown, or libseccomp's own numbers for what that architecture multiplexes. */
			if (number > 0 && (uint32_t)number > max)
				max = (uint32_t)number;
		}
	}
	return max;
}

static bool arch_is_listed(const struct compiler *c, uint32_t arch)
{
	for (size_t i = 0; i < c->n_archs; i++)
		if (c->archs[i] == arch)
			return true;
	return false;
}

/* x32 shares the architecture of x86-64 and is told apart by a bit of the number. */
static void preamble_x86_64(const struct compiler *c, struct arena *a, struct filter_code *p)
{
	uint32_t max_x32 = arch_is_listed(c, SCMP_ARCH_X32) ? highest(c->s, SCMP_ARCH_X32) | X32_BIT : UINT32_MAX;

	filter_emit(a, p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	filter_emit(a, p, BPF_JMP | BPF_JEQ | BPF_K, SCMP_ARCH_X86_64, 0, 6);
	filter_emit(a, p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	filter_emit(a, p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 1, 0);
	filter_emit(a, p, BPF_JMP | BPF_JGT | BPF_K, highest(c->s, SCMP_ARCH_X86_64), 1, 2);
	filter_emit(a, p, BPF_JMP | BPF_JGT | BPF_K, max_x32, 0, 1);
	filter_emit(a, p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
	filter_emit(a, p, BPF_JMP | BPF_JA, 0, 0, 0);
}

static void preamble_arch(const struct compiler *c, uint32_t arch, struct arena *a, struct filter_code *p)
{
	filter_emit(a, p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	filter_emit(a, p, BPF_JMP | BPF_JEQ | BPF_K, arch, 0, 4);
	filter_emit(a, p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	filter_emit(a, p, BPF_JMP | BPF_JGT | BPF_K, highest(c->s, arch), 0, 1);
	filter_emit(a, p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
	filter_emit(a, p, BPF_JMP | BPF_JA, 0, 0, 0);
}

static bool preamble_is_needed(const struct compiler *c)
{
	return c->s->n_syscalls && c->default_action != SCMP_ACT_ALLOW && c->default_action != SCMP_ACT_LOG &&
	       c->default_action != SCMP_ACT_ERRNO(ENOSYS);
}

static void preamble_add(const struct compiler *c, struct arena *a, struct filter_code *p)
{
	size_t begin = p->n;

	for (size_t i = 0; i < c->n_archs; i++) {
		if (c->archs[i] == SCMP_ARCH_X86_64)
			preamble_x86_64(c, a, p);
		else if (c->archs[i] != SCMP_ARCH_X32)
			preamble_arch(c, c->archs[i], a, p);
	}
	for (size_t i = begin; i < p->n; i++)
		if (p->v[i].code == (BPF_JMP | BPF_JA))
			p->v[i].k = (uint32_t)(p->n - i - 1);
}

/* ---- calls whose rules libseccomp would merge ------------------------------------------------------------------------------------------------ */

/* Has an earlier rule, or an earlier place in this one, named it? Then it is done. */
static bool is_done(const struct oci_seccomp *s, size_t rule, size_t place)
{
	const char *name = s->syscalls[rule].names.v[place];

	for (size_t i = 0; i < rule; i++)
		if (s->syscalls[i].n_args && names_call(&s->syscalls[i], name))
			return true;
	for (size_t k = 0; k < place; k++)
		if (streq(s->syscalls[rule].names.v[k], name))
			return true;
	return false;
}

enum { NUMBERS_END = 1024 };

/*
 * The number by which @arch calls @name, negative if it has none. Where an architecture also multiplexes the call, libseccomp names that way; the
 * arguments lie behind a pointer there, which no filter can follow: the rules hold for the direct call, and the profile's word about socketcall or ipc
 * for the other.
 */
static int direct_number(uint32_t arch, const char *name)
{
	int number = seccomp_syscall_resolve_name_arch(arch, name);

	if (number >= 0 || number < LACKING || number == __NR_SCMP_ERROR)
		return number;
	for (int i = 0; i < NUMBERS_END; i++) {
		char *found = seccomp_syscall_resolve_num_arch(arch, i);
		bool same = found && streq(found, name);

		free(found);
		if (same)
			return i;
	}
	return number;
}

static void exact_add_call(const struct compiler *c, uint32_t arch, const char *name, struct arena *a, struct filter_code *p)
{
	struct exact_rules rules = exact_rules_of(c, name, a);
	int number = exact_is_needed(&rules) ? direct_number(arch, name) : -1;

	if (number < 0)
		return;
	exact_emit(a, p, arch == SCMP_ARCH_X32 ? (uint32_t)number | X32_BIT : (uint32_t)number, (arch & __AUDIT_ARCH_64BIT) != 0, &rules,
		c->default_action);
}

/* The calls of one architecture; nothing if none needs it. */
static void exact_add_arch(const struct compiler *c, uint32_t arch, struct arena *a, struct filter_code *p)
{
	size_t begin = p->n, after;

	filter_emit(a, p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	filter_emit(a, p, BPF_JMP | BPF_JEQ | BPF_K, arch == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : arch, 1, 0);
	filter_emit(a, p, BPF_JMP | BPF_JA, 0, 0, 0);
	filter_emit(a, p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	after = p->n;
	for (size_t i = 0; i < c->s->n_syscalls; i++)
		for (size_t k = 0; c->s->syscalls[i].n_args && k < c->s->syscalls[i].names.n; k++)
			if (!is_done(c->s, i, k))
				exact_add_call(c, arch, c->s->syscalls[i].names.v[k], a, p);
	if (p->n == after)
		p->n = begin;
	else
		p->v[begin + 2].k = (uint32_t)(p->n - begin - 3);
}

static void exact_add(const struct compiler *c, struct arena *a, struct filter_code *p)
{
	for (size_t i = 0; i < c->n_archs; i++)
		exact_add_arch(c, c->archs[i], a, p);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------------------ */

static int filter_build(struct compiler *c, struct arena *a, struct err *e)
{
	int r = action_make(c->s->default_action, c->s->default_errno_ret, &c->default_action, e);

	if (r < 0)
		return err_wrap(e, "defaultAction");
	c->ctx = seccomp_init(c->default_action);
	if (!c->ctx)
		return err_set(e, ERR_INTERNAL, "libseccomp refuses to start a filter");
	/* A tree of comparisons, not a list: the kernel runs the program for every system call when it is loaded (0.45 ms against 1 ms). */
	r = seccomp_attr_set(c->ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r < 0)
		return err_sys(e, r, "ask libseccomp for a tree");
	r = archs_add(c, e);
	if (r < 0)
		return r;
	ranges_collect(c, a);
	return rules_add(c, e);
}

static int filter_export(const struct compiler *c, struct arena *a, struct filter_code *p, struct err *e)
{
	scoped_fd int fd = memfd_create("seccomp", MFD_CLOEXEC);
	struct sock_filter f;
	int r = fd < 0 ? -errno : seccomp_export_bpf(c->ctx, fd);

	if (r < 0)
		return err_sys(e, r, "export the program");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, -errno, "rewind the program");
	for (;;) {
		ssize_t n = fd_read_all(fd, &f, sizeof f);

		if (n == 0)
			return 0;
		if (n != sizeof f)
			return err_sys(e, n < 0 ? (int)n : -EIO, "read the program");
		*vec_push(a, p) = f;
	}
}

static int program_finish(const struct filter_code *p, uint32_t flags, struct arena *a, struct filter_program **ret, struct err *e)
{
	if (p->n == 0 || p->n > BPF_MAXINSNS)
		return err_set(e, ERR_INVALID, "the program has %zu instructions, the kernel takes 1 … %d", p->n, BPF_MAXINSNS);
	*ret = arena_new(a, struct filter_program);
	**ret = (struct filter_program){ p->v, (uint16_t)p->n, flags };
	return 0;
}

static int section_compile(const struct oci_seccomp *s, bool strict, struct arena *a, struct filter_program **ret, struct err *e)
{
	scoped_compiler struct compiler c = { .s = s, .strict = strict };
	struct filter_code p = { 0 };
	uint32_t flags;
	int r = flags_make(s, &flags, e);

	if (r == 0)
		r = filter_build(&c, a, e);
	if (r == 0)
		ranges_add(&c, a, &p);
	if (r == 0 && preamble_is_needed(&c))
		preamble_add(&c, a, &p);
	if (r == 0)
		exact_add(&c, a, &p);
	if (r == 0)
		r = filter_export(&c, a, &p, e);
	return r < 0 ? r : program_finish(&p, flags, a, ret, e);
}

/* The kernel verifies the program; what is no whole number of instructions is none. */
static int raw_decode(const struct filter_request *q, struct arena *a, struct filter_program **ret, struct err *e)
{
	const struct oci_seccomp none = { 0 };
	struct filter_code p = { 0 };
	struct str bytes = { 0 };
	uint32_t flags;
	int r = flags_make(q->section ? q->section : &none, &flags, e);

	if (r == 0 && (base64_decode(str_of(q->raw), a, &bytes) < 0 || bytes.n % sizeof *p.v != 0))
		r = err_set(e, ERR_INVALID, "annotation run.oci.seccomp_bpf_data: no BPF program in base64");
	if (r < 0)
		return r;
	p.n = bytes.n / sizeof *p.v;
	p.v = arena_memdup(a, bytes.p, bytes.n);
	return program_finish(&p, flags, a, ret, e);
}

int filter_compile(const struct filter_request *q, struct arena *a, struct filter_program **ret, struct err *e)
{
	int r = q->raw ? raw_decode(q, a, ret, e) : section_compile(q->section, q->strict, a, ret, e);

	return r < 0 ? err_wrap(e, "linux.seccomp") : 0;
}

void filter_library_version(unsigned ret[3])
{
	const struct scmp_version *v = seccomp_version();

	ret[0] = v->major;
	ret[1] = v->minor;
	ret[2] = v->micro;
}
