/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/capability.h>
#include <seccomp.h>

#include "base/log.h"
#include "image/transfer/certs.h"
#include "os/cap.h"
#include "os/fd.h"
#include "os/landlock.h"
#include "os/proc.h"
#include "os/rlimit.h"

/* Read for names of hosts, trust in them, and libraries that glibc loads for either. Not /etc as a whole: it holds secrets. */
static const char *const readable[] = {
	"/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/ssl",
	"/etc/pki", "/etc/ca-certificates", "/etc/crypto-policies", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/usr/lib/ssl",
	"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/run/systemd/resolve", "/etc/ld.so.cache", NULL,
};

enum { RULES_MAX = 128 };

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

static int files_confine(const struct transfer_message *open_, const int *fds, size_t n_fds, struct err *e)
{
	SCOPED(rules_done) struct rules rules = { 0 };
	bool sink = open_->sink != SINK_NONE;
	bool online = sink ? open_->sink == SINK_REGISTRY : open_->source == SOURCE_REGISTRY;
	int r;

	for (size_t i = 0; sink && i < n_fds; i++)
		rules_add_fd(&rules, fds[i], LANDLOCK_WRITE);
	if (!sink)
		rules_add_fd(&rules, fds[0], LANDLOCK_WRITE_ANY);
	if (!sink && source_is_below_directory(open_))
		rules_add_fd(&rules, fds[1], LANDLOCK_READ);
	if (online) {
		rules_add_paths(&rules, readable);
		for (size_t i = 0; i < open_->ca.n; i++)
			rules_add_path(&rules, open_->ca.v[i]);
		rules_add_path(&rules, open_->client_cert);
		rules_add_path(&rules, open_->client_key);
		rules_add_paths(&rules, (const char *const[]){ certs_file() ? certs_file() : "/etc/ssl", NULL });
	}
	r = landlock_confine(rules.v, rules.n, !online);
	if (r == -ENOSYS || r == -EOPNOTSUPP) {
		log_debug("no landlock in this kernel");
		return 0;
	}
	return r < 0 ? err_sys(e, r, "landlock") : 0;
}

/* CAP_DAC_OVERRIDE and not more, because directories of a layer may have any mode; it reaches no further than Landlock lets it. Sinks need none. */
static int caps_confine(bool sink, struct err *e)
{
	static const int kept[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_MKNOD, CAP_SETFCAP };
	struct cap_sets sets;
	uint64_t keep = 0;
	int r;

	for (size_t i = 0; !sink && i < ARRAY_LEN(kept); i++)
		keep |= UINT64_C(1) << kept[i];
	r = cap_keep_bounding(keep);
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
	SCMP_SYS(set_robust_list), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(tgkill), SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(membarrier), SCMP_SYS(restart_syscall), SCMP_SYS(prlimit64), SCMP_SYS(getrlimit),
	/* signals and time */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(uname), SCMP_SYS(sysinfo),
	SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(alarm),
	/* descriptors */
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(close),
	SCMP_SYS(close_range), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(fcntl), SCMP_SYS(pipe2), SCMP_SYS(eventfd2), SCMP_SYS(poll),
	SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
	SCMP_SYS(memfd_create), SCMP_SYS(copy_file_range), SCMP_SYS(sendfile), SCMP_SYS(fadvise64), SCMP_SYS(sync_file_range), SCMP_SYS(ioctl),
	SCMP_SYS(fallocate), SCMP_SYS(flock),
	/* files, by descriptor and name beneath it */
	SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(open), SCMP_SYS(fstat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
	SCMP_SYS(fstatfs), SCMP_SYS(getdents64), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
	SCMP_SYS(mkdirat), SCMP_SYS(mknodat), SCMP_SYS(symlinkat), SCMP_SYS(linkat), SCMP_SYS(unlinkat), SCMP_SYS(renameat), SCMP_SYS(renameat2),
	SCMP_SYS(ftruncate), SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(fchown), SCMP_SYS(fchownat), SCMP_SYS(utimensat), SCMP_SYS(fsetxattr),
	SCMP_SYS(flistxattr), SCMP_SYS(fgetxattr), SCMP_SYS(umask), SCMP_SYS(getcwd),
	/* network */
	SCMP_SYS(connect), SCMP_SYS(sendto), SCMP_SYS(recvfrom), SCMP_SYS(sendmsg), SCMP_SYS(recvmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg),
	SCMP_SYS(shutdown), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(setsockopt), SCMP_SYS(getsockopt), SCMP_SYS(bind),
	SCMP_SYS(socketpair),
};

static int filter_build(scmp_filter_ctx ctx)
{
	/* Sockets for the internet, for resolvers, and netlink for getaddrinfo's list of our addresses; nothing raw. */
	static const int families[] = { 1 /* AF_UNIX */, 2 /* AF_INET */, 10 /* AF_INET6 */, 16 /* AF_NETLINK */ };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(allowed); i++)
		r = allowed[i] >= 0 ? seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0) : 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(families); i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	/* Threads, but no namespaces; clone3 hides its flags from us, and glibc falls back on ENOSYS. */
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER | CLONE_NEWNS | CLONE_THREAD, CLONE_THREAD));
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return r;
}

static void filter_done(scmp_filter_ctx *ctx)
{
	seccomp_release(*ctx);
}

static int calls_confine(struct err *e)
{
	SCOPED(filter_done) scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r;

	if (!ctx)
		return err_set(e, ERR_INTERNAL, "seccomp: no memory");
	r = filter_build(ctx);
	if (r == 0)
		r = seccomp_load(ctx);
	return r < 0 ? err_sys(e, r, "seccomp") : 0;
}

int confine(const struct transfer_message *open_, const int *fds, size_t n_fds, struct err *e)
{
	int r;

	umask(0);
	if (open_->sink == SINK_NONE && (n_fds < 1 || (source_is_below_directory(open_) && n_fds < 2)))
		return err_set(e, ERR_INVALID, "descriptors are missing");
	r = proc_set_no_new_privs();
	if (r == 0)
		r = proc_set_dumpable(false);
	if (r < 0)
		return err_sys(e, r, "confine");
	r = files_confine(open_, fds, n_fds, e);
	if (r == 0)
		r = limits_confine(e);
	if (r == 0)
		r = caps_confine(open_->sink != SINK_NONE, e);
	if (r == 0)
		r = calls_confine(e);
	return r;
}
