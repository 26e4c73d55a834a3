/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp profiles: Docker's default as a table of ours, and the reader of profiles in Docker's JSON. Both become rules with conditions; conditions are
 * decided here (profile_resolve), so that the runtime only ever sees the plain OCI section.
 *
 * Contents: rules and conditions · architectures · the default profile · the JSON reader
 */
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/scope.h"
#include "base/vec.h"
#include "codec/json.h"
#include "spec/defaults.h"

/* ---- rules and conditions ---------------------------------------------------------------------------------------------------------------- */

struct condition {
	struct strs caps;
	struct strs arches;     /* "amd64" */
	const char *min_kernel; /* "4.8" */
};

struct profile_rule {
	struct oci_seccomp_syscall syscall;
	const char *name; /* an old way to write one name */
	struct condition includes, excludes;
};

struct profile_arch {
	const char *architecture; /* "SCMP_ARCH_X86_64" */
	struct strs sub_architectures;
};

struct profile {
	struct oci_seccomp seccomp; /* all but the system calls */
	struct profile_arch *arch_map;
	size_t n_arch_map;
	struct profile_rule *syscalls;
	size_t n_syscalls;
};

static int kernel_parse(const char *s, unsigned *ret_major, unsigned *ret_minor)
{
	char end;

	return sscanf(s, "%3u.%3u%c", ret_major, ret_minor, &end) == 2 ? 0 : -EINVAL;
}

static bool kernel_is_at_least(const struct seccomp_facts *f, const char *version)
{
	unsigned major, minor;

	if (kernel_parse(version, &major, &minor) < 0)
		return false;
	return f->kernel_major > major || (f->kernel_major == major && f->kernel_minor >= minor);
}

/* Every capability named, one of the architectures, and a kernel new enough. */
static bool is_included(const struct condition *c, const struct seccomp_facts *f)
{
	for (size_t i = 0; i < c->caps.n; i++)
		if (!strs_has(f->caps, c->caps.v[i]))
			return false;
	return (!c->arches.n || strs_has(&c->arches, f->arch)) && (!c->min_kernel || kernel_is_at_least(f, c->min_kernel));
}

/* Any capability named, or one of the architectures, or a kernel new enough. */
static bool is_excluded(const struct condition *c, const struct seccomp_facts *f)
{
	for (size_t i = 0; i < c->caps.n; i++)
		if (strs_has(f->caps, c->caps.v[i]))
			return true;
	return strs_has(&c->arches, f->arch) || (c->min_kernel && kernel_is_at_least(f, c->min_kernel));
}

/* ---- architectures ----------------------------------------------------------------------------------------------------------------------- */

struct arch_row {
	const char *go, *scmp;
	const char *subs[2];
};

static const struct arch_row arch_rows[] = {
	{ "amd64", "SCMP_ARCH_X86_64", { "SCMP_ARCH_X86", "SCMP_ARCH_X32" } },
	{ "arm64", "SCMP_ARCH_AARCH64", { "SCMP_ARCH_ARM", NULL } },
	{ "arm", "SCMP_ARCH_ARM", { NULL, NULL } },
	{ "386", "SCMP_ARCH_X86", { NULL, NULL } },
	{ "mips64", "SCMP_ARCH_MIPS64", { "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64N32" } },
	{ "mips64le", "SCMP_ARCH_MIPSEL64", { "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64N32" } },
	{ "ppc64le", "SCMP_ARCH_PPC64LE", { NULL, NULL } },
	{ "s390x", "SCMP_ARCH_S390X", { "SCMP_ARCH_S390", NULL } },
	{ "riscv64", "SCMP_ARCH_RISCV64", { NULL, NULL } },
};

static const struct arch_row *arch_find(const char *go)
{
	for (size_t i = 0; i < ARRAY_LEN(arch_rows); i++)
		if (streq(arch_rows[i].go, go))
			return &arch_rows[i];
	return NULL;
}

const char *seccomp_native_arch(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#elif defined(__arm__)
	return "arm";
#elif defined(__i386__)
	return "386";
#elif defined(__powerpc64__)
	return "ppc64le";
#elif defined(__s390x__)
	return "s390x";
#elif defined(__riscv)
	return "riscv64";
#elif defined(__mips64) && defined(__MIPSEL__)
	return "mips64le";
#elif defined(__mips64)
	return "mips64";
#else
#error "no seccomp architecture for this machine"
#endif
}

/* ---- the default profile -------------------------------------------------------------------------------------------------------------------
 *
 * Everything not named answers EPERM. A row allows its names if all its conditions hold; `values` asks for argument `index` to be one of them.
 */

struct row {
	const char *names;    /* separated by blanks */
	const char *cap;      /* only with this capability */
	const char *not_cap;  /* only without it */
	const char *arches;   /* only on these, separated by blanks */
	const char *not_arches;
	const char *kernel;   /* only from this version on */
	const uint64_t *values;
	size_t n_values;
	uint32_t index;
	enum oci_seccomp_op op;
	uint32_t errno_ret;   /* not allowed but answered with this */
};

/* Every address family but ALG (38), a door to kernel holes (CVE-2026-31431), and VSOCK (40), which reaches out of a virtual machine. */
static const uint64_t families_below[] = { 38 }, family_between[] = { 39 }, families_above[] = { 40 };
/* PER_LINUX, PER_LINUX32, both with UNAME26, and "tell me". */
static const uint64_t personalities[] = { 0, 8, 0x20000, 0x20008, 0xffffffff };
/* CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET, none of which may be set. */
static const uint64_t clone_namespaces[] = { 0x7e020000 };

#define VALUES(list) .values = (list), .n_values = ARRAY_LEN(list)

/* clang-format off */
static const struct row rows[] = {
	/* files */
	{ "access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64 "
	  "fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync flock fstat fstat64 "
	  "fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd getdents getdents64 ioctl lchown lchown32 link linkat "
	  "_llseek lseek lstat lstat64 mkdir mkdirat mknod mknodat name_to_handle_at newfstatat open openat openat2 pipe pipe2 pread64 "
	  "preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv rename renameat renameat2 rmdir sendfile "
	  "sendfile64 splice stat stat64 statfs statfs64 statx symlink symlinkat sync sync_file_range syncfs tee truncate truncate64 "
	  "umask unlink unlinkat utime utimensat utimensat_time64 utimes vmsplice write writev listmount statmount" },
	/* extended attributes */
	{ "fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat llistxattr lremovexattr "
	  "lsetxattr removexattr removexattrat setxattr setxattrat" },
	/* waiting and events */
	{ "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 "
	  "fanotify_mark inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents "
	  "io_pgetevents_time64 io_setup io_submit _newselect poll ppoll ppoll_time64 pselect6 pselect6_time64 select signalfd signalfd4 "
	  "timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64" },
	/* memory */
	{ "brk cachestat madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2 mprotect "
	  "mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect process_mrelease remap_file_pages" },
	/* processes, threads, signals */
	{ "alarm execve execveat exit exit_group fork futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake getcpu getpgid "
	  "getpgrp getpid getppid getpriority get_robust_list getrusage getsid get_thread_area gettid ioprio_get ioprio_set kill nanosleep "
	  "pause pidfd_open pidfd_send_signal prctl restart_syscall rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo "
	  "rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_getaffinity sched_getattr "
	  "sched_getparam sched_get_priority_max sched_get_priority_min sched_getscheduler sched_rr_get_interval "
	  "sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield setpgid setpriority "
	  "set_robust_list setsid set_thread_area set_tid_address sigaltstack sigprocmask sigreturn tgkill tkill uretprobe vfork wait4 "
	  "waitid waitpid riscv_hwprobe" },
	/* identity and confinement */
	{ "capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32 getresuid "
	  "getresuid32 getuid getuid32 landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp setfsgid setfsgid32 "
	  "setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid setresgid32 setresuid setresuid32 "
	  "setreuid setreuid32 setuid setuid32" },
	/* time, limits, system */
	{ "adjtimex clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep "
	  "clock_nanosleep_time64 getitimer getrandom getrlimit gettimeofday prlimit64 setitimer setrlimit sysinfo time timer_create "
	  "timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 times ugetrlimit uname" },
	/* sockets and System V, POSIX messages */
	{ "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64 recvmsg send "
	  "sendmmsg sendmsg sendto setsockopt shutdown socketcall socketpair ipc mq_getsetattr mq_notify mq_open mq_timedreceive "
	  "mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop "
	  "semtimedop_time64 shmat shmctl shmdt shmget" },
	{ "socket", VALUES(families_below), .op = OCI_SECCOMP_LT },
	{ "socket", VALUES(family_between), .op = OCI_SECCOMP_EQ },
	{ "socket", VALUES(families_above), .op = OCI_SECCOMP_GT },
	{ "personality", VALUES(personalities), .op = OCI_SECCOMP_EQ },
	{ "process_vm_readv process_vm_writev ptrace", .kernel = "4.8" }, /* where seccomp runs after ptrace, not before it */

	{ "sync_file_range2 swapcontext", .arches = "ppc64le" },
	{ "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls", .arches = "arm arm64" },
	{ "arch_prctl", .arches = "amd64" },
	{ "modify_ldt", .arches = "amd64 386" },
	{ "s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr", .arches = "s390x" },
	{ "riscv_flush_icache", .arches = "riscv64" },

	{ "open_by_handle_at", .cap = "CAP_DAC_READ_SEARCH" },
	{ "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules "
	  "lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname "
	  "setns syslog umount umount2 unshare", .cap = "CAP_SYS_ADMIN" },
	{ "clone", VALUES(clone_namespaces), .op = OCI_SECCOMP_MASKED_EQ, .not_cap = "CAP_SYS_ADMIN", .not_arches = "s390x" },
	{ "clone", VALUES(clone_namespaces), .op = OCI_SECCOMP_MASKED_EQ, .index = 1, .not_cap = "CAP_SYS_ADMIN", .arches = "s390x" },
	{ "clone3", .not_cap = "CAP_SYS_ADMIN", .errno_ret = ENOSYS }, /* its flags are in memory, where a filter cannot look */
	{ "reboot", .cap = "CAP_SYS_BOOT" },
	{ "chroot", .cap = "CAP_SYS_CHROOT" },
	{ "delete_module init_module finit_module", .cap = "CAP_SYS_MODULE" },
	{ "acct", .cap = "CAP_SYS_PACCT" },
	{ "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace", .cap = "CAP_SYS_PTRACE" },
	{ "iopl ioperm", .cap = "CAP_SYS_RAWIO" },
	{ "settimeofday stime clock_settime clock_settime64", .cap = "CAP_SYS_TIME" },
	{ "vhangup", .cap = "CAP_SYS_TTY_CONFIG" },
	{ "get_mempolicy mbind set_mempolicy set_mempolicy_home_node", .cap = "CAP_SYS_NICE" },
	{ "syslog", .cap = "CAP_SYSLOG" },
	{ "bpf", .cap = "CAP_BPF" },
	{ "perf_event_open", .cap = "CAP_PERFMON" },
};
/* clang-format on */

/* One copy of the text, cut in place: four hundred names on the path of every run. */
static struct strs words(const char *text, struct arena *a)
{
	struct strs out = { 0 };
	char *copy = arena_strdup(a, text);
	size_t n = 1;

	if (!text)
		return out;
	for (const char *c = text; *c; c++)
		n += *c == ' ';
	out.v = arena_array(a, const char *, n);
	for (char *word = copy; word; ) {
		char *blank = strchr(word, ' ');

		if (blank)
			*blank++ = '\0';
		out.v[out.n++] = word;
		word = blank;
	}
	return out;
}

static bool row_holds(const struct row *row, const struct seccomp_facts *f, struct arena *a)
{
	struct condition in = { .caps = words(row->cap, a), .arches = words(row->arches, a), .min_kernel = row->kernel };
	struct condition out = { .caps = words(row->not_cap, a), .arches = words(row->not_arches, a) };

	return is_included(&in, f) && !is_excluded(&out, f);
}

struct syscalls VEC(struct oci_seccomp_syscall);

/* A row with values is one rule for each: within a rule conditions add up, between rules they are alternatives. */
static void row_add(const struct row *row, struct arena *a, struct syscalls *out)
{
	struct oci_seccomp_syscall y = {
		.names = words(row->names, a),
		.action = row->errno_ret ? OCI_SECCOMP_ERRNO : OCI_SECCOMP_ALLOW,
		.errno_ret = { row->errno_ret != 0, row->errno_ret },
	};

	if (!row->n_values)
		*vec_push(a, out) = y;
	for (size_t i = 0; i < row->n_values; i++) {
		y.args = arena_new(a, struct oci_seccomp_arg);
		y.n_args = 1;
		*y.args = (struct oci_seccomp_arg){ .index = row->index, .value = row->values[i], .op = row->op };
		*vec_push(a, out) = y;
	}
}

static void archs_add(const struct arch_row *row, struct arena *a, struct strs *out)
{
	strs_push(a, out, row->scmp);
	for (size_t i = 0; i < ARRAY_LEN(row->subs) && row->subs[i]; i++)
		strs_push(a, out, row->subs[i]);
}

void defaults_seccomp(const struct seccomp_facts *f, struct arena *a, struct oci_seccomp **ret)
{
	struct oci_seccomp *s = arena_new(a, struct oci_seccomp);
	const struct arch_row *arch = arch_find(f->arch);
	struct syscalls out = { 0 };

	s->default_action = OCI_SECCOMP_ERRNO;
	s->default_errno_ret = (struct opt_u32){ true, EPERM };
	if (arch)
		archs_add(arch, a, &s->architectures);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (row_holds(&rows[i], f, a))
			row_add(&rows[i], a, &out);
	s->syscalls = out.v;
	s->n_syscalls = out.n;
	*ret = s;
}

/* ---- the JSON reader ------------------------------------------------------------------------------------------------------------------------- */

static const struct field condition_fields[] = {
	FIELD(struct condition, caps, "caps", STRS, 0),
	FIELD(struct condition, arches, "arches", STRS, 0),
	FIELD(struct condition, min_kernel, "minKernel", STR, 0),
};
static const struct schema condition_schema = SCHEMA("condition", struct condition, condition_fields);

static const struct field arg_fields[] = {
	FIELD(struct oci_seccomp_arg, index, "index", U32, FIELD_REQUIRED),
	FIELD(struct oci_seccomp_arg, value, "value", U64, FIELD_REQUIRED),
	FIELD(struct oci_seccomp_arg, value_two, "valueTwo", U64, 0),
	FIELD_ENUM(struct oci_seccomp_arg, op, "op", &oci_seccomp_op_words, FIELD_REQUIRED),
};
static const struct schema arg_schema = SCHEMA("arg", struct oci_seccomp_arg, arg_fields);

static const struct field rule_fields[] = {
	FIELD(struct profile_rule, syscall.names, "names", STRS, 0),
	FIELD(struct profile_rule, name, "name", STR, 0),
	FIELD_ENUM(struct profile_rule, syscall.action, "action", &oci_seccomp_action_words, FIELD_REQUIRED),
	FIELD(struct profile_rule, syscall.errno_ret, "errnoRet", OPT_U32, 0),
	{ .name = "args", .kind = FIELD_KIND_LIST, .offset = offsetof(struct profile_rule, syscall.args),
	  .offset_n = offsetof(struct profile_rule, syscall.n_args), .schema = &arg_schema },
	FIELD_OBJ(struct profile_rule, includes, "includes", &condition_schema, 0),
	FIELD_OBJ(struct profile_rule, excludes, "excludes", &condition_schema, 0),
};
static const struct schema rule_schema = SCHEMA("rule", struct profile_rule, rule_fields);

static const struct field arch_fields[] = {
	FIELD(struct profile_arch, architecture, "architecture", STR, FIELD_REQUIRED),
	FIELD(struct profile_arch, sub_architectures, "subArchitectures", STRS, 0),
};
static const struct schema arch_schema = SCHEMA("archMap", struct profile_arch, arch_fields);

static const struct field profile_fields[] = {
	FIELD_ENUM(struct profile, seccomp.default_action, "defaultAction", &oci_seccomp_action_words, FIELD_REQUIRED),
	FIELD(struct profile, seccomp.default_errno_ret, "defaultErrnoRet", OPT_U32, 0),
	FIELD(struct profile, seccomp.architectures, "architectures", STRS, 0),
	FIELD(struct profile, seccomp.flags, "flags", STRS, 0),
	FIELD(struct profile, seccomp.listener_path, "listenerPath", STR, 0),
	FIELD(struct profile, seccomp.listener_metadata, "listenerMetadata", STR, 0),
	FIELD_LIST(struct profile, arch_map, "archMap", &arch_schema, 0),
	FIELD_LIST(struct profile, syscalls, "syscalls", &rule_schema, 0),
};
static const struct schema profile_schema = SCHEMA("seccomp profile", struct profile, profile_fields);

static int condition_check(const struct condition *c, struct err *e)
{
	unsigned major, minor;

	if (c->min_kernel && kernel_parse(c->min_kernel, &major, &minor) < 0)
		return err_set(e, ERR_INVALID, "minKernel '%s' is not like '4.8'", c->min_kernel);
	return 0;
}

static int rule_resolve(struct profile_rule *rule, const struct seccomp_facts *f, struct arena *a, struct syscalls *out, struct err *e)
{
	int r = condition_check(&rule->includes, e);

	if (r == 0)
		r = condition_check(&rule->excludes, e);
	if (r < 0)
		return r;
	if (rule->name && rule->syscall.names.n)
		return err_set(e, ERR_INVALID, "has both name and names");
	if (rule->name)
		strs_push(a, &rule->syscall.names, rule->name);
	if (!rule->syscall.names.n)
		return err_set(e, ERR_INVALID, "names no system call");
	if (is_included(&rule->includes, f) && !is_excluded(&rule->excludes, f))
		*vec_push(a, out) = rule->syscall;
	return 0;
}

/* Of the map only the entry of this machine counts. */
static int arch_map_resolve(struct profile *p, const struct seccomp_facts *f, struct arena *a, struct err *e)
{
	const struct arch_row *native = arch_find(f->arch);

	if (p->n_arch_map && p->seccomp.architectures.n)
		return err_set(e, ERR_INVALID, "seccomp profile has both architectures and archMap");
	for (size_t i = 0; i < p->n_arch_map; i++) {
		if (!native || !streq(p->arch_map[i].architecture, native->scmp))
			continue;
		strs_push(a, &p->seccomp.architectures, native->scmp);
		for (size_t k = 0; k < p->arch_map[i].sub_architectures.n; k++)
			strs_push(a, &p->seccomp.architectures, p->arch_map[i].sub_architectures.v[k]);
	}
	return 0;
}

int seccomp_profile_decode(struct str json, const struct seccomp_facts *f, struct arena *a, struct oci_seccomp **ret, struct err *e)
{
	struct profile p = { 0 };
	struct syscalls out = { 0 };
	int r = json_decode(json, &profile_schema, 0, a, &p, e);

	if (r == 0)
		r = arch_map_resolve(&p, f, a, e);
	for (size_t i = 0; i < p.n_syscalls && r == 0; i++) {
		r = rule_resolve(&p.syscalls[i], f, a, &out, e);
		if (r < 0)
			err_wrap(e, "seccomp profile: syscalls[%zu]", i);
	}
	if (r < 0)
		return r;
	p.seccomp.syscalls = out.v;
	p.seccomp.n_syscalls = out.n;
	*ret = arena_memdup(a, &p.seccomp, sizeof p.seccomp);
	return 0;
}
