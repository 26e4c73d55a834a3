/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/seccomp/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/test.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/file.h"
#include "spec/defaults.h"

/* A machine for the classic BPF that seccomp uses. */
static uint32_t run_two(const struct filter_program *p, uint32_t arch, uint32_t nr, uint64_t arg0, uint64_t arg1)
{
	struct seccomp_data data = { .nr = (int)nr, .arch = arch, .args = { arg0, arg1 } };
	uint32_t acc = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct sock_filter *x = &p->insns[i];

		switch (x->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&acc, (const char *)&data + x->k, sizeof acc);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			acc &= x->k;
			break;
		case BPF_JMP | BPF_JA:
			i += x->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			i += acc == x->k ? x->jt : x->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			i += acc > x->k ? x->jt : x->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			i += acc >= x->k ? x->jt : x->jf;
			break;
		case BPF_RET | BPF_K:
			return x->k;
		default:
			fail_msg("instruction %zu: unknown code %#x", i, x->code);
		}
	}
	fail_msg("ran off the end");
	return 0;
}

static uint32_t run(const struct filter_program *p, uint32_t arch, uint32_t nr, uint64_t arg0)
{
	return run_two(p, arch, nr, arg0, 0);
}

static const char *allowed_names[] = { "read", "write", "exit_group", "no_such_call_ever" };
static const char *cloning[] = { "personality" };
static struct oci_seccomp_arg zero_arg = { .index = 0, .value = 0, .op = OCI_SECCOMP_EQ };
static struct oci_seccomp_syscall rules[] = {
	{ .names = { allowed_names, 4 }, .action = OCI_SECCOMP_ALLOW },
	{ .names = { cloning, 1 }, .action = OCI_SECCOMP_ALLOW, .args = &zero_arg, .n_args = 1 },
};

static struct oci_seccomp small(void)
{
	return (struct oci_seccomp){ .default_action = OCI_SECCOMP_ERRNO, .syscalls = rules, .n_syscalls = 2 };
}

static struct filter_program *compiled(const struct oci_seccomp *s, struct arena *a)
{
	const struct filter_request q = { .section = s };
	struct filter_program *p = NULL;
	struct err e = { 0 };

	if (filter_compile(&q, a, &p, &e) < 0)
		fail_msg("%s", e.msg);
	return p;
}

#ifdef __x86_64__
TEST(a_compiled_filter_allows_what_it_names_and_refuses_the_rest)
{
	scoped_arena struct arena a = { 0 };
	struct oci_seccomp s = small();
	struct filter_program *p = compiled(&s, &a);

	assert_int_equal(run(p, AUDIT_ARCH_X86_64, SYS_read, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(run(p, AUDIT_ARCH_X86_64, SYS_open, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(run(p, AUDIT_ARCH_X86_64, SYS_personality, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(run(p, AUDIT_ARCH_X86_64, SYS_personality, 8), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(run(p, AUDIT_ARCH_X86_64, SYS_personality, 1ull << 32), SECCOMP_RET_ERRNO | EPERM);
}

TEST(calls_newer_than_the_profile_answer_enosys)
{
	scoped_arena struct arena a = { 0 };
	struct oci_seccomp s = small();
	struct filter_program *p = compiled(&s, &a);

	assert_int_equal(run(p, AUDIT_ARCH_X86_64, SYS_exit_group + 1, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(run(p, AUDIT_ARCH_X86_64, 435, 0), SECCOMP_RET_ERRNO | ENOSYS);
	s.default_action = OCI_SECCOMP_ALLOW;
	rules[0].action = rules[1].action = OCI_SECCOMP_ERRNO;
	p = compiled(&s, &a);
	rules[0].action = rules[1].action = OCI_SECCOMP_ALLOW;
	assert_int_equal(run(p, AUDIT_ARCH_X86_64, 435, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(run(p, AUDIT_ARCH_X86_64, SYS_read, 0), SECCOMP_RET_ERRNO | EPERM);
}

/* What a profile says of a call without arguments: the answer, or 0 if that depends on them. */
static uint32_t reading(const struct oci_seccomp *s, const char *name)
{
	uint32_t answer = SECCOMP_RET_ERRNO | EPERM;

	for (size_t i = 0; i < s->n_syscalls; i++)
		if (strs_has(&s->syscalls[i].names, name))
			answer = s->syscalls[i].n_args || s->syscalls[i].action != OCI_SECCOMP_ALLOW ? 0 : SECCOMP_RET_ALLOW;
	return answer;
}

static void assert_reads(const struct filter_program *p, const struct oci_seccomp *s, uint32_t arch, uint32_t bit, uint32_t token)
{
	for (uint32_t nr = 0; nr < 600; nr++) {
		scoped_free char *name = seccomp_syscall_resolve_num_arch(token, (int)nr);
		uint32_t wanted = name ? reading(s, name) : SECCOMP_RET_ERRNO | EPERM, answer = run(p, arch, nr | bit, 0);

		if (answer == (SECCOMP_RET_ERRNO | ENOSYS))
			assert_true(wanted != SECCOMP_RET_ALLOW);
		else if (wanted)
			assert_int_equal(answer, wanted);
	}
}

TEST(the_default_profile_answers_every_number_as_it_reads_in_few_instructions)
{
	scoped_arena struct arena a = { 0 };
	const struct strs no_caps = { 0 };
	const struct seccomp_facts facts = { .caps = &no_caps, .arch = "amd64", .kernel_major = 6, .kernel_minor = 1 };
	struct filter_program *p;
	struct oci_seccomp *s;

	defaults_seccomp(&facts, &a, &s);
	p = compiled(s, &a);
	assert_reads(p, s, AUDIT_ARCH_X86_64, 0, SCMP_ARCH_X86_64);
	assert_reads(p, s, AUDIT_ARCH_X86_64, 0x40000000, SCMP_ARCH_X32);
	assert_reads(p, s, AUDIT_ARCH_I386, 0, SCMP_ARCH_X86);
	assert_in_range(p->n, 100, 600);
}

TEST(calls_too_scattered_for_a_tree_are_allowed_all_the_same)
{
	scoped_arena struct arena a = { 0 };
	struct oci_seccomp_syscall rule = { .action = OCI_SECCOMP_ALLOW };
	struct oci_seccomp s = { .default_action = OCI_SECCOMP_ERRNO, .syscalls = &rule, .n_syscalls = 1 };

	for (int nr = 0; nr < 330; nr += 2) {
		scoped_free char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, nr);

		strs_push(&a, &rule.names, arena_strdup(&a, name));
	}
	assert_reads(compiled(&s, &a), &s, AUDIT_ARCH_X86_64, 0, SCMP_ARCH_X86_64);
}

TEST(other_architectures_die_unless_listed)
{
	scoped_arena struct arena a = { 0 };
	const char *archs[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32" };
	struct oci_seccomp s = small();
	struct filter_program *p = compiled(&s, &a);

	assert_int_equal(run(p, AUDIT_ARCH_I386, 3, 0), SECCOMP_RET_KILL_THREAD);
	assert_int_equal(run(p, AUDIT_ARCH_X86_64, 0x40000000, 0), SECCOMP_RET_KILL_THREAD);
	s.architectures = (struct strs){ archs, 3 };
	p = compiled(&s, &a);
	assert_int_equal(run(p, AUDIT_ARCH_I386, 3, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(run(p, AUDIT_ARCH_I386, 400, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(run(p, AUDIT_ARCH_X86_64, 0x40000000, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(run(p, AUDIT_ARCH_X86_64, 0x40000000 | 435, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(run(p, AUDIT_ARCH_X86_64, SYS_write, 0), SECCOMP_RET_ALLOW);
}

TEST(two_conditions_on_one_argument_are_alternatives)
{
	scoped_arena struct arena a = { 0 };
	struct oci_seccomp_arg either[] = { { .index = 0, .value = 8, .op = OCI_SECCOMP_EQ }, { .index = 0, .value = 0, .op = OCI_SECCOMP_EQ } };
	struct oci_seccomp_syscall y = { .names = { cloning, 1 }, .action = OCI_SECCOMP_ALLOW, .args = either, .n_args = 2 };
	struct oci_seccomp s = { .default_action = OCI_SECCOMP_ERRNO, .syscalls = &y, .n_syscalls = 1 };
	struct filter_program *p = compiled(&s, &a);

	assert_int_equal(run(p, AUDIT_ARCH_X86_64, SYS_personality, 8), SECCOMP_RET_ALLOW);
	assert_int_equal(run(p, AUDIT_ARCH_X86_64, SYS_personality, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(run(p, AUDIT_ARCH_X86_64, SYS_personality, 1), SECCOMP_RET_ERRNO | EPERM);
}

/* libseccomp 2.5.4 lets the last of these pass: having taken the branch of the second rule's first condition, it never tries the first rule. */
TEST(several_conditional_rules_about_one_call_answer_as_they_read)
{
	scoped_arena struct arena a = { 0 };
	struct oci_seccomp_arg kill[] = { { .index = 1, .value = 0, .op = OCI_SECCOMP_NE }, { .index = 0, .value = 1ull << 40, .op = OCI_SECCOMP_LE } };
	struct oci_seccomp_arg fail[] = { { .index = 1, .value = 0x7fffffff, .op = OCI_SECCOMP_MASKED_EQ },
		{ .index = 0, .value = 0x80000000, .op = OCI_SECCOMP_LT } };
	struct oci_seccomp_syscall both[] = {
		{ .names = { cloning, 1 }, .action = OCI_SECCOMP_KILL_PROCESS, .args = kill, .n_args = 2 },
		{ .names = { cloning, 1 }, .action = OCI_SECCOMP_ERRNO, .args = fail, .n_args = 2 },
	};
	struct oci_seccomp s = { .default_action = OCI_SECCOMP_ALLOW, .syscalls = both, .n_syscalls = 2 };
	struct filter_program *p = compiled(&s, &a);

	assert_int_equal(run_two(p, AUDIT_ARCH_X86_64, SYS_personality, 1, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(run_two(p, AUDIT_ARCH_X86_64, SYS_personality, 1ull << 32, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(run_two(p, AUDIT_ARCH_X86_64, SYS_personality, 1ull << 41, 1), SECCOMP_RET_ALLOW);
	assert_int_equal(run_two(p, AUDIT_ARCH_X86_64, SYS_personality, 0xffffffff, 0x80000000), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(run_two(p, AUDIT_ARCH_X86_64, SYS_read, 0, 0), SECCOMP_RET_ALLOW);
}

/* 32-bit x86 reaches socket directly (359) and through socketcall (102), where only the profile's word about socketcall counts. */
TEST(conditions_hold_for_the_direct_way_into_a_multiplexed_call)
{
	enum { X86_SOCKET = 359, X86_SOCKETCALL = 102 };
	scoped_arena struct arena a = { 0 };
	const char *socket_name[] = { "socket" }, *mux[] = { "socketcall", "clone3" }, *archs[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86" };
	struct oci_seccomp_arg one[] = { { .index = 0, .value = 16, .op = OCI_SECCOMP_NE } }, other[] = { { .index = 1, .value = 9, .op = OCI_SECCOMP_NE } };
	struct oci_seccomp_syscall three[] = {
		{ .names = { socket_name, 1 }, .action = OCI_SECCOMP_ALLOW, .args = one, .n_args = 1 },
		{ .names = { socket_name, 1 }, .action = OCI_SECCOMP_ALLOW, .args = other, .n_args = 1 },
		{ .names = { mux, 2 }, .action = OCI_SECCOMP_ALLOW },
	};
	struct oci_seccomp s = { .default_action = OCI_SECCOMP_ERRNO, .architectures = { archs, 2 }, .syscalls = three, .n_syscalls = 3 };
	struct filter_program *p = compiled(&s, &a);

	assert_int_equal(run_two(p, AUDIT_ARCH_I386, X86_SOCKET, 16, 9), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(run_two(p, AUDIT_ARCH_I386, X86_SOCKET, 16, 8), SECCOMP_RET_ALLOW);
	assert_int_equal(run_two(p, AUDIT_ARCH_I386, X86_SOCKET, 2, 9), SECCOMP_RET_ALLOW);
	assert_int_equal(run_two(p, AUDIT_ARCH_I386, X86_SOCKETCALL, 1, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(run_two(p, AUDIT_ARCH_X86_64, SYS_socket, 16, 9), SECCOMP_RET_ERRNO | EPERM);
}

TEST(a_rule_without_conditions_makes_the_others_of_its_call_meaningless)
{
	scoped_arena struct arena a = { 0 };
	struct oci_seccomp_syscall both[] = {
		{ .names = { cloning, 1 }, .action = OCI_SECCOMP_KILL_PROCESS, .args = &zero_arg, .n_args = 1 },
		{ .names = { cloning, 1 }, .action = OCI_SECCOMP_ALLOW },
	};
	struct oci_seccomp s = { .default_action = OCI_SECCOMP_ERRNO, .syscalls = both, .n_syscalls = 2 };
	struct filter_program *p = compiled(&s, &a);

	assert_int_equal(run(p, AUDIT_ARCH_X86_64, SYS_personality, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(run(p, AUDIT_ARCH_X86_64, SYS_personality, 5), SECCOMP_RET_ALLOW);
}

TEST(errno_of_a_rule_reaches_the_program)
{
	scoped_arena struct arena a = { 0 };
	struct oci_seccomp_syscall y = { .names = { cloning, 1 }, .action = OCI_SECCOMP_ERRNO, .errno_ret = { true, ENOSYS } };
	struct oci_seccomp s = { .default_action = OCI_SECCOMP_ALLOW, .syscalls = &y, .n_syscalls = 1 };

	assert_int_equal(run(compiled(&s, &a), AUDIT_ARCH_X86_64, SYS_personality, 0), SECCOMP_RET_ERRNO | ENOSYS);
}
#endif

static void assert_refused(const struct oci_seccomp *s, enum err_kind kind)
{
	scoped_arena struct arena a = { 0 };
	const struct filter_request q = { .section = s };
	struct filter_program *p;
	struct err e = { 0 };

	assert_true(filter_compile(&q, &a, &p, &e) < 0);
	assert_int_equal(e.kind, kind);
}

TEST(sections_that_make_no_sense_are_refused)
{
	const char *bad_arch[] = { "SCMP_ARCH_PDP11" }, *bad_flag[] = { "SECCOMP_FILTER_FLAG_NOPE" };
	struct oci_seccomp_arg far = { .index = 6 };
	struct oci_seccomp_syscall y = { .names = { cloning, 1 }, .action = OCI_SECCOMP_ALLOW, .errno_ret = { true, 1 } };
	struct oci_seccomp s = small();

	s.architectures = (struct strs){ bad_arch, 1 };
	assert_refused(&s, ERR_INVALID);
	s = small();
	s.flags = (struct strs){ bad_flag, 1 };
	assert_refused(&s, ERR_INVALID);
	s = (struct oci_seccomp){ .default_action = OCI_SECCOMP_ERRNO, .syscalls = &y, .n_syscalls = 1 };
	assert_refused(&s, ERR_INVALID);
	y = (struct oci_seccomp_syscall){ .names = { cloning, 1 }, .action = OCI_SECCOMP_ALLOW, .args = &far, .n_args = 1 };
	assert_refused(&s, ERR_INVALID);
}

TEST(a_filter_may_ask_an_agent)
{
	scoped_arena struct arena a = { 0 };
	struct oci_seccomp_syscall y = { .names = { cloning, 1 }, .action = OCI_SECCOMP_NOTIFY };
	struct oci_seccomp s = { .default_action = OCI_SECCOMP_ALLOW, .syscalls = &y, .n_syscalls = 1 };

	assert_int_equal(run(compiled(&s, &a), seccomp_arch_native(), (uint32_t)SYS_personality, 0), SECCOMP_RET_USER_NOTIF);
}

static int agent_of(struct oci_seccomp *s, struct pairs annotations, const char *receiver, const char **ret, struct err *e)
{
	struct oci_linux l = { .seccomp = s };
	struct oci_config c = { .linux = &l, .annotations = annotations };

	*e = (struct err){ 0 };
	return filter_find_agent(&c, receiver, ret, e);
}

TEST(an_agent_is_needed_only_where_a_filter_asks)
{
	struct oci_seccomp_syscall y = { .names = { cloning, 1 }, .action = OCI_SECCOMP_NOTIFY };
	struct oci_seccomp asking = { .default_action = OCI_SECCOMP_ALLOW, .syscalls = &y, .n_syscalls = 1 }, plain = small();
	struct pair rows[] = { { "run.oci.seccomp.receiver", "/a" }, { "run.oci.seccomp.plugins", "x" }, { "run.oci.seccomp_bpf_data", "" } };
	const struct pairs none = { 0 }, receiver = { rows, 1 }, plugins = { rows + 1, 1 };
	const char *agent;
	struct err e;

	assert_int_equal(agent_of(&asking, none, NULL, &agent, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "linux.seccomp.listenerPath"));
	assert_int_equal(agent_of(&asking, none, "/env", &agent, &e), 0);
	assert_string_equal(agent, "/env");
	assert_int_equal(agent_of(&asking, receiver, "/env", &agent, &e), 0);
	assert_string_equal(agent, "/a");
	asking.listener_path = plain.listener_path = "/path";
	assert_int_equal(agent_of(&asking, receiver, "/env", &agent, &e), 0);
	assert_string_equal(agent, "/path");
	assert_int_equal(agent_of(&plain, none, NULL, &agent, &e), 0);
	assert_null(agent);
	assert_int_equal(agent_of(NULL, (struct pairs){ rows + 2, 1 }, "/env", &agent, &e), 0);
	assert_string_equal(agent, "/env");
	asking.listener_path = "path";
	assert_int_equal(agent_of(&asking, none, NULL, &agent, &e), -EINVAL);
	asking.listener_path = NULL;
	asking.listener_metadata = "m";
	assert_int_equal(agent_of(&asking, none, NULL, &agent, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "listenerMetadata"));
	assert_int_equal(agent_of(&plain, plugins, NULL, &agent, &e), -ENOTSUP);
}

TEST(unknown_system_calls_are_skipped_unless_that_is_refused)
{
	scoped_arena struct arena a = { 0 };
	const char *names[] = { "no_such_call" };
	struct oci_seccomp_syscall y = { .names = { names, 1 }, .action = OCI_SECCOMP_ALLOW };
	struct oci_seccomp s = { .default_action = OCI_SECCOMP_ERRNO, .syscalls = &y, .n_syscalls = 1 };
	const struct filter_request strict = { .section = &s, .strict = true };
	struct filter_program *p = compiled(&s, &a);
	struct err e = { 0 };

	assert_int_equal(filter_compile(&strict, &a, &p, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "'no_such_call'"));
}

TEST(a_raw_program_is_taken_as_it_is)
{
	scoped_arena struct arena a = { 0 };
	const struct filter_request allow = { .raw = "BgAAAAAA/38=" }, half = { .raw = "BgAAAA==" }, empty = { .raw = "" };
	struct filter_program *p;
	struct err e = { 0 };

	assert_int_equal(filter_compile(&allow, &a, &p, &e), 0);
	assert_int_equal(p->n, 1);
	assert_int_equal(run(p, 0, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(filter_compile(&half, &a, &p, &e), -EINVAL);
	assert_int_equal(filter_compile(&empty, &a, &p, &e), -EINVAL);
}

TEST(without_flags_the_process_keeps_its_speculation)
{
	scoped_arena struct arena a = { 0 };
	const char *log[] = { "SECCOMP_FILTER_FLAG_LOG" };
	struct oci_seccomp s = small();

	assert_int_equal(compiled(&s, &a)->flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	s.flags = (struct strs){ log, 1 };
	assert_int_equal(compiled(&s, &a)->flags, SECCOMP_FILTER_FLAG_LOG);
}

/* ---- the cache ---- */

struct cache_dir {
	char path[64];
	int fd;
};

static void cache_dir_done(struct cache_dir *d)
{
	fd_done(&d->fd);
	dir_remove_tree(AT_FDCWD, d->path);
}

static struct cache_dir cache_dir_make(void)
{
	struct cache_dir d = { "/tmp/filter_test.XXXXXX", -EBADF };

	assert_non_null(mkdtemp(d.path));
	d.fd = dir_open(AT_FDCWD, d.path);
	assert_true(d.fd >= 0);
	return d;
}

static int only_file(void *arg, int dirfd, const char *name, unsigned char type)
{
	snprintf(arg, 300, "seccomp/%s", name);
	return 0;
}

static struct filter_program *prepared(const struct oci_seccomp *s, int fd, struct arena *a)
{
	const struct filter_request q = { .section = s };
	struct filter_program *p = NULL;
	struct err e = { 0 };

	if (filter_prepare(&q, fd, a, &p, &e) < 0)
		fail_msg("%s", e.msg);
	return p;
}

static void assert_same(const struct filter_program *x, const struct filter_program *y)
{
	assert_int_equal(x->n, y->n);
	assert_int_equal(x->flags, y->flags);
	assert_memory_equal(x->insns, y->insns, x->n * sizeof *x->insns);
}

TEST(a_cached_filter_is_the_compiled_one)
{
	scoped_arena struct arena a = { 0 };
	SCOPED(cache_dir_done) struct cache_dir d = cache_dir_make();
	struct oci_seccomp s = small();
	struct filter_program *first = prepared(&s, d.fd, &a);

	assert_same(prepared(&s, d.fd, &a), first);
	assert_same(prepared(&s, -EBADF, &a), first);
}

TEST(a_cache_file_that_others_could_write_or_that_is_damaged_is_not_believed)
{
	scoped_arena struct arena a = { 0 };
	SCOPED(cache_dir_done) struct cache_dir d = cache_dir_make();
	struct oci_seccomp s = small();
	struct filter_program *first = prepared(&s, d.fd, &a);
	const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	char name[300] = "", *bytes;
	size_t n;
	scoped_fd int dir = dir_open(d.fd, "seccomp");

	assert_int_equal(dir_each(dir, only_file, name), 0);
	assert_int_equal(file_read(d.fd, name, 1 << 20, &a, &bytes, &n), 0);
	/* Allow-everything in place of the first instruction. */
	memcpy(bytes + n - first->n * sizeof allow, &allow, sizeof allow);
	assert_int_equal(file_create(d.fd, name, bytes, n, 0600), 0);
	assert_int_equal(fchmodat(d.fd, name, 0666, 0), 0);
	assert_same(prepared(&s, d.fd, &a), first);
	assert_int_equal(file_create(d.fd, name, bytes, n - 1, 0600), 0);
	assert_same(prepared(&s, d.fd, &a), first);
	assert_int_equal(file_create(d.fd, name, "", 0, 0600), 0);
	assert_same(prepared(&s, d.fd, &a), first);
}

TEST(sections_that_differ_have_different_filters)
{
	scoped_arena struct arena a = { 0 };
	SCOPED(cache_dir_done) struct cache_dir d = cache_dir_make();
	struct oci_seccomp s = small(), t = small();

	struct filter_program *p = prepared(&s, d.fd, &a), *q;

	t.default_errno_ret = (struct opt_u32){ true, EACCES };
	q = prepared(&t, d.fd, &a);
	assert_int_equal(q->n, p->n);
	assert_int_not_equal(memcmp(q->insns, p->insns, p->n * sizeof *p->insns), 0);
}
