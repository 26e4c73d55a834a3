/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/capability.h>
#include <seccomp.h>

#include "base/log.h"
#include "image/transfer/certs.h"
#include "os/cap.h"
#include "os/fd.h"
#include "os/landlock.h"
#include "os/mount.h"
#include "os/ns.h"
#include "os/proc.h"
#include "os/rlimit.h"

/* Read for trust in hosts, for their names, and libraries that glibc loads for either. Not /etc as a whole, nor /etc/ssl: they hold secrets. */
static const char *const libraries[] = { "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", NULL };
static const char *const trust[] = {
	"/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs", "/etc/pki/tls/cert.pem", "/etc/pki/tls/openssl.cnf",
	"/etc/pki/ca-trust", "/etc/ca-certificates", "/etc/crypto-policies", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/usr/lib/ssl", NULL,
};
static const char *const names[] = {
	"/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/run/systemd/resolve", NULL,
};

enum {
	RULES_MAX = 128,
	NOBODY = 65534,
	SOCK_TYPES = 0xf, /* the others are flags */
	NAMESPACES = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP,
};

struct rules {
	struct landlock_rule v[RULES_MAX];
	size_t n;
};

static void rules_done(struct rules *r)
{
	for (size_t i = 0; i < r->n; i++)
		fd_close(r->v[i].fd);
}

static void rules_add_path(struct rules *r, const char *path)
{
	int fd = path && r->n < RULES_MAX ? open(path, O_PATH | O_CLOEXEC) : -EBADF;

	if (fd >= 0)
		r->v[r->n++] = (struct landlock_rule){ fd, LANDLOCK_READ };
}

static void rules_add_paths(struct rules *r, const char *const *paths)
{
	for (; *paths; paths++)
		rules_add_path(r, *paths);
}

static void rules_add_fd(struct rules *r, int fd, enum landlock_access access)
{
	int own = fd_dup_min(fd, 3);

	if (own >= 0 && r->n < RULES_MAX)
		r->v[r->n++] = (struct landlock_rule){ own, access };
}

static bool source_is_below_directory(const struct transfer_message *open_)
{
	return open_->source == SOURCE_LAYOUT || open_->source == SOURCE_TREE;
}

bool confine_is_online(const struct transfer_message *open_)
{
	return open_->sink != SINK_NONE ? open_->sink == SINK_REGISTRY : open_->source == SOURCE_REGISTRY;
}

/*
 * Landlock and the filter both let pass chmod, chown and utimes by path, which root may do to any file. So all we see by path becomes read-only for us alone;
 * the descriptors we are given lead nowhere else (courier.c). Needs root, as does the danger; without it only the user's own files are in reach.
 */
static int mounts_confine(struct err *e)
{
	scoped_fd int root = -EBADF;
	int r;

	if (geteuid() != 0)
		return 0;
	r = ns_unshare(CLONE_NEWNS);
	if (r == 0) {
		root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = root < 0 ? -errno : mount_change(root, true, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, MS_PRIVATE);
	}
	if (r == -EPERM || r == -ENOSYS || r == -EINVAL) {
		log_debug("no read-only mounts: %s", strerror(-r));
		return 0;
	}
	return r < 0 ? err_sys(e, r, "make mounts read-only") : 0;
}

/* Whoever sits at the terminal does not type for us. */
static int input_confine(struct err *e)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), r = 0;

	if (fd >= 0 && fd != 0)
		r = dup2(fd, 0) < 0 ? -errno : 0;
	if (fd > 0)
		fd_close(fd);
	return fd < 0 || r < 0 ? err_sys(e, fd < 0 ? -errno : r, "open '/dev/null'") : 0;
}

static int rules_confine(const struct rules *rules, bool no_network, struct err *e)
{
	int r = landlock_confine(rules->v, rules->n, no_network);

	if (r == -ENOSYS || r == -EOPNOTSUPP) {
		log_debug("no landlock in this kernel");
		return 0;
	}
	return r < 0 ? err_sys(e, r, "landlock") : 0;
}

static int files_confine(const struct transfer_message *open_, const int *fds, size_t n_fds, struct err *e)
{
	SCOPED(rules_done) struct rules rules = { 0 };
	bool sink = open_->sink != SINK_NONE;

	/* What an archive is written to is open already. */
	if (open_->sink == SINK_DIRECTORY)
		rules_add_fd(&rules, fds[0], LANDLOCK_WRITE);
	if (!sink && open_->source != SOURCE_NONE)
		rules_add_fd(&rules, fds[0], LANDLOCK_WRITE_ANY);
	if (!sink && source_is_below_directory(open_))
		rules_add_fd(&rules, fds[1], LANDLOCK_READ);
	if (confine_is_online(open_)) {
		rules_add_paths(&rules, libraries);
		rules_add_paths(&rules, trust);
		for (size_t i = 0; i < open_->ca.n; i++)
			rules_add_path(&rules, open_->ca.v[i]);
		rules_add_path(&rules, open_->client_cert);
		rules_add_path(&rules, open_->client_key);
		rules_add_path(&rules, certs_file());
	}
	return rules_confine(&rules, true, e);
}

/*
 * CAP_DAC_OVERRIDE and not more, because directories of a layer may have any mode; it reaches no further than Landlock lets it. A sink needs just that, if it
 * is a directory, which may be somebody else's.
 */
static uint64_t caps_needed(enum sink_kind sink)
{
	static const int unpacking[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_MKNOD, CAP_SETFCAP };
	uint64_t needed = 0;

	for (size_t i = 0; sink == SINK_NONE && i < ARRAY_LEN(unpacking); i++)
		needed |= UINT64_C(1) << unpacking[i];
	return sink == SINK_DIRECTORY ? UINT64_C(1) << CAP_DAC_OVERRIDE : needed;
}

static int caps_confine(uint64_t keep, struct err *e)
{
	struct cap_sets sets;
	int r = cap_keep_bounding(keep);

	if (r == 0 || r == -EPERM)
		r = cap_get(&sets);
	if (r == 0) {
		sets.effective &= keep;
		sets.permitted &= keep;
		sets.inheritable = 0;
		r = cap_set_ambient(0);
	}
	if (r == 0)
		r = cap_set(&sets);
	return r < 0 ? err_sys(e, r, "drop capabilities") : 0;
}

static int limits_confine(struct err *e)
{
	static const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "nofile", 8192 },                 /* 256 open parents per layer, some twenty layers */
		{ "core", 0 },
		{ "fsize", UINT64_C(1) << 40 },     /* one file of a layer: a terabyte */
		{ "as", UINT64_C(8) << 30 },        /* rings, zstd windows, thread stacks */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int resource = rlimit_find(rows[i].name), r;
		uint64_t soft, hard, value = rows[i].value;

		r = rlimit_get(0, resource, &soft, &hard);
		if (r == 0)
			r = rlimit_set(0, resource, value < hard ? value : hard, value < hard ? value : hard);
		if (r < 0)
			return err_sys(e, r, "limit '%s'", rows[i].name);
	}
	return 0;
}

/* What glibc, libcurl, OpenSSL, libarchive and the extractor call. Anything else answers EPERM. */
static const int allowed[] = {
	/* memory and threads */
	SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(rseq),
	SCMP_SYS(set_robust_list), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(membarrier), SCMP_SYS(restart_syscall), SCMP_SYS(getrlimit),
	/* signals and time */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(uname), SCMP_SYS(sysinfo),
	SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(alarm),
	/* descriptors */
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(close),
	SCMP_SYS(close_range), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(pipe2), SCMP_SYS(eventfd2), SCMP_SYS(poll),
	SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
	SCMP_SYS(memfd_create), SCMP_SYS(copy_file_range), SCMP_SYS(sendfile), SCMP_SYS(fadvise64), SCMP_SYS(sync_file_range),
	SCMP_SYS(fallocate), SCMP_SYS(flock), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
	/* files that are read; mounts and Landlock say which */
	SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(open), SCMP_SYS(fstat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
	SCMP_SYS(fstatfs), SCMP_SYS(getdents64), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
	SCMP_SYS(getcwd),
	/* sockets we have */
	SCMP_SYS(sendto), SCMP_SYS(recvfrom), SCMP_SYS(sendmsg), SCMP_SYS(recvmsg), SCMP_SYS(shutdown), SCMP_SYS(getsockopt),
};

/* For the reader: files that are made, by descriptor and name beneath it; and the dialer's end. */
static const int allowed_reader[] = {
	SCMP_SYS(mkdirat), SCMP_SYS(mknodat), SCMP_SYS(symlinkat), SCMP_SYS(linkat), SCMP_SYS(unlinkat), SCMP_SYS(renameat), SCMP_SYS(renameat2),
	SCMP_SYS(ftruncate), SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(fchown), SCMP_SYS(fchownat), SCMP_SYS(utimensat), SCMP_SYS(fsetxattr),
	SCMP_SYS(flistxattr), SCMP_SYS(fgetxattr), SCMP_SYS(umask), SCMP_SYS(wait4),
};

/* For the reader that talks to a registry, over connections it is given. */
static const int allowed_online[] = { SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(setsockopt) };

/* For the dialer, who makes them. No bind, no listen: nobody talks to us. */
static const int allowed_dialer[] = {
	SCMP_SYS(connect), SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(setsockopt),
};

/*
 * Calls of which some uses reach others: fcntl can aim signals (F_SETOWN), ioctl can type into the terminal (TIOCSTI), prlimit can set limits of any
 * process of our user. What is not listed here is denied.
 */
static const struct {
	int call;
	unsigned argument;
	scmp_datum_t value;
} allowed_uses[] = {
	{ SCMP_SYS(fcntl), 1, F_DUPFD }, { SCMP_SYS(fcntl), 1, F_DUPFD_CLOEXEC }, { SCMP_SYS(fcntl), 1, F_GETFD }, { SCMP_SYS(fcntl), 1, F_SETFD },
	{ SCMP_SYS(fcntl), 1, F_GETFL }, { SCMP_SYS(fcntl), 1, F_SETFL }, { SCMP_SYS(fcntl), 1, F_ADD_SEALS }, { SCMP_SYS(fcntl), 1, F_GET_SEALS },
	{ SCMP_SYS(ioctl), 1, FIONBIO }, { SCMP_SYS(ioctl), 1, FIONREAD }, { SCMP_SYS(ioctl), 1, TCGETS },
	{ SCMP_SYS(prlimit64), 2, 0 },
};

/* The dialer's: TCP, and UDP for names. No AF_UNIX: where root is who listens that is a way to everything. No AF_NETLINK: getaddrinfo does without. */
static int sockets_allow(scmp_filter_ctx ctx)
{
	static const scmp_datum_t families[] = { AF_INET, AF_INET6 };
	static const struct {
		scmp_datum_t type, protocol;
	} kinds[] = { { SOCK_STREAM, 0 }, { SOCK_STREAM, IPPROTO_TCP }, { SOCK_DGRAM, 0 }, { SOCK_DGRAM, IPPROTO_UDP } };
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		for (size_t k = 0; r == 0 && k < ARRAY_LEN(kinds); k++)
			r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 3, SCMP_A0(SCMP_CMP_EQ, families[i]),
				SCMP_A1(SCMP_CMP_MASKED_EQ, SOCK_TYPES, kinds[k].type), SCMP_A2(SCMP_CMP_EQ, kinds[k].protocol));
	return r;
}

/*
 * A pair that curl wakes itself with, and one to hear the dialer. One of datagrams could be sent from to any other socket; for one of another family (TIPC has
 * pairs) the kernel would load a module.
 */
static int pairs_allow(scmp_filter_ctx ctx)
{
	static const scmp_datum_t types[] = { SOCK_STREAM, SOCK_SEQPACKET };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(types); i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 2, SCMP_A0(SCMP_CMP_EQ, AF_UNIX),
			SCMP_A1(SCMP_CMP_MASKED_EQ, SOCK_TYPES, types[i]));
	return r;
}

static int list_allow(scmp_filter_ctx ctx, const int *calls, size_t n)
{
	int r = 0;

	/* Negative: not on this architecture. */
	for (size_t i = 0; r == 0 && i < n; i++)
		r = calls[i] >= 0 ? seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0) : 0;
	return r;
}

enum who { READER, READER_ONLINE, DIALER };

static int filter_build(scmp_filter_ctx ctx, enum who who)
{
	int r = list_allow(ctx, allowed, ARRAY_LEN(allowed));

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(allowed_uses); i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed_uses[i].call, 1,
			(struct scmp_arg_cmp){ allowed_uses[i].argument, SCMP_CMP_EQ, allowed_uses[i].value, 0 });
	if (r == 0)
		r = who == DIALER ? list_allow(ctx, allowed_dialer, ARRAY_LEN(allowed_dialer)) : list_allow(ctx, allowed_reader, ARRAY_LEN(allowed_reader));
	if (r == 0 && who == DIALER)
		r = sockets_allow(ctx);
	if (r == 0 && who == READER_ONLINE)
		r = list_allow(ctx, allowed_online, ARRAY_LEN(allowed_online));
	if (r == 0 && who == READER_ONLINE)
		r = pairs_allow(ctx);
	/* Not done, but answered: curl connects what the dialer has connected, and shall find that it is. */
	if (r == 0 && who == READER_ONLINE)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(0), SCMP_SYS(connect), 0);
	/* abort() */
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	/* Threads, but no namespaces; clone3 hides its flags from us, and glibc falls back on ENOSYS. */
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, NAMESPACES | CLONE_THREAD, CLONE_THREAD));
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return r;
}

static void filter_done(scmp_filter_ctx *ctx)
{
	seccomp_release(*ctx);
}

static int calls_confine(enum who who, struct err *e)
{
	SCOPED(filter_done) scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r;

	if (!ctx)
		return err_set(e, ERR_INTERNAL, "seccomp: no memory");
	r = filter_build(ctx, who);
	if (r == 0)
		r = seccomp_load(ctx);
	return r < 0 ? err_sys(e, r, "seccomp") : 0;
}

/* What comes first for both. */
static int process_confine(struct err *e)
{
	int r = proc_set_no_new_privs();

	umask(0);
	if (r == 0)
		r = proc_set_dumpable(false);
	if (r < 0)
		return err_sys(e, r, "confine");
	r = input_confine(e);
	return r < 0 ? r : mounts_confine(e);
}

int confine(const struct transfer_message *open_, const int *fds, size_t n_fds, struct err *e)
{
	int r;

	if (n_fds < (source_is_below_directory(open_) ? 2u : 1u) && open_->sink != SINK_REGISTRY)
		return err_set(e, ERR_INVALID, "descriptors are missing");
	r = process_confine(e);
	if (r == 0)
		r = files_confine(open_, fds, n_fds, e);
	if (r == 0)
		r = limits_confine(e);
	if (r == 0)
		r = caps_confine(caps_needed(open_->sink), e);
	if (r == 0)
		r = calls_confine(confine_is_online(open_) ? READER_ONLINE : READER, e);
	return r;
}

/* No id that means something, where root may choose. A user namespace need not have this one. */
static void user_confine(void)
{
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0))
		log_debug("dialer keeps its user: %s", strerror(errno));
}

int confine_dialer(struct err *e)
{
	SCOPED(rules_done) struct rules rules = { 0 };
	int r = process_confine(e);

	rules_add_paths(&rules, libraries);
	rules_add_paths(&rules, names);
	if (r == 0)
		r = rules_confine(&rules, false, e);
	if (r == 0)
		r = limits_confine(e);
	if (r == 0) {
		user_confine();
		r = caps_confine(0, e);
	}
	/* Another user's process is dumpable again, and hears nothing of its parent's death. */
	if (r == 0)
		r = proc_set_dumpable(false);
	if (r == 0)
		r = proc_set_death_signal(SIGKILL);
	return r < 0 ? r : calls_confine(DIALER, e);
}
