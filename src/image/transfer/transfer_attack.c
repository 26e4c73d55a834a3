/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer_attack: takes tare-transfer's place, confines itself as it does, by the same code with the same task, and then does what an attacker would who runs
 * code in it. For tests/security/confinement.bats; not installed.
 *
 * On standard error: "denied NAME (why)", "absent NAME" where the kernel lacks the call, "ESCAPE NAME (how)" for all else, "works NAME" or "broken NAME" for what must
 * still be possible. Environment: ATTACK_VICTIM, a directory with a file "canary" and a directory "mnt", ATTACK_ROOT, the store's directory, ATTACK_PID,
 * a process to attack; ATTACK_UNCONFINED=1 leaves the confining out, to see which attacks work at all. All of them are harmless where they do.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <curl/curl.h>
#include <linux/capability.h>

#include "base/scope.h"
#include "image/protocol.h"
#include "image/transfer/confine.h"
#include "image/transfer/dial.h"
#include "image/transfer/registry.h"
#include "os/sock.h"

enum { CONTROL_FD = 3 };

static struct {
	char victim[512], canary[600], other[600], mnt[600], config[600], images[600], layers[600], climb[700], parent[64];
	pid_t pid, ppid;
	int fds[TRANSFER_FDS];
	size_t n_fds;
	bool online, sink;
	struct dialer dialer;
	const char *host; /* the registry's, without its port */
	const char *port;
} it = { .dialer = DIALER_NONE };

/* ---- the attacks: each returns what its call returned ---- */

#define ATTACK(name, expression)                                                                                             \
	static long attack_##name(void)                                                                                      \
	{                                                                                                                    \
		return (long)(expression);                                                                                   \
	}

/* Opens and keeps open: whoever gets here has got it. */
ATTACK(shadow, open("/etc/shadow", O_RDONLY))
ATTACK(credentials, open(it.config, O_RDONLY))
ATTACK(images, open(it.images, O_RDONLY | O_DIRECTORY))
ATTACK(parent_memory, open(it.parent, O_RDWR))
ATTACK(own_environment, open("/proc/self/environ", O_RDONLY))
ATTACK(kernel_log, open("/dev/kmsg", O_RDONLY))
ATTACK(private_keys, open("/etc/ssl/private", O_RDONLY | O_DIRECTORY))
ATTACK(create, openat(AT_FDCWD, it.victim, O_TMPFILE | O_RDWR, 0600))
ATTACK(overwrite, open(it.canary, O_WRONLY | O_TRUNC))
ATTACK(create_beside_layers, openat(AT_FDCWD, it.layers, O_TMPFILE | O_RDWR, 0600))
ATTACK(mkdir, mkdirat(AT_FDCWD, it.other, 0700) == 0 ? rmdir(it.other) : -1)
ATTACK(unlink, unlinkat(AT_FDCWD, it.canary, 0))
ATTACK(rename, renameat(AT_FDCWD, it.canary, AT_FDCWD, it.other) == 0 ? renameat(AT_FDCWD, it.other, AT_FDCWD, it.canary) : -1)
ATTACK(link, linkat(AT_FDCWD, it.canary, AT_FDCWD, it.other, 0) == 0 ? unlink(it.other) : -1)
ATTACK(truncate, truncate(it.canary, 0))
ATTACK(chmod, fchmodat(AT_FDCWD, it.canary, 0666, 0))
ATTACK(chown, fchownat(AT_FDCWD, it.canary, 12345, 12345, 0))
ATTACK(utimes, utimensat(AT_FDCWD, it.canary, (struct timespec[2]){ { 1, 0 }, { 1, 0 } }, 0))
ATTACK(setxattr, setxattr(it.canary, "user.evil", "1", 1, 0))
ATTACK(chroot, chroot("/"))
ATTACK(chdir, chdir(it.victim))
ATTACK(climb_read, it.n_fds ? openat(it.fds[0], it.climb, O_RDONLY) : open(it.canary, O_RDONLY))
ATTACK(climb_chmod, it.n_fds ? fchmodat(it.fds[0], it.climb, 0666, 0) : fchmodat(AT_FDCWD, it.canary, 0666, 0))
ATTACK(climb_chown, it.n_fds ? fchownat(it.fds[0], it.climb, 12345, 12345, 0) : fchownat(AT_FDCWD, it.canary, 12345, 12345, 0))
ATTACK(climb_second, it.n_fds > 1 ? fchmodat(it.fds[1], it.climb, 0666, 0) : fchmodat(AT_FDCWD, it.canary, 0666, 0))

/* Programs, processes. */
ATTACK(exec, execve("/nonexistent", (char *[]){ NULL }, (char *[]){ NULL }))
ATTACK(exec_descriptor, syscall(SYS_execveat, -1, "", NULL, NULL, AT_EMPTY_PATH))
ATTACK(ptrace, ptrace(PTRACE_SEIZE, it.pid, 0, 0))
ATTACK(ptrace_parent, ptrace(PTRACE_INTERRUPT, it.ppid, 0, 0))
ATTACK(read_memory, syscall(SYS_process_vm_readv, it.pid, NULL, 0, NULL, 0, 0))
ATTACK(pidfd, syscall(SYS_pidfd_open, it.pid, 0))
ATTACK(kill, kill(it.pid, 0))
ATTACK(tkill, syscall(SYS_tkill, it.pid, 0))
ATTACK(tgkill, syscall(SYS_tgkill, it.pid, it.pid, 0))
ATTACK(signal_by_owner, fcntl(CONTROL_FD, F_SETOWN, it.pid))
ATTACK(signal_number, fcntl(CONTROL_FD, F_SETSIG, SIGKILL))
ATTACK(limits_of_others, prlimit(it.pid, RLIMIT_CORE, &(struct rlimit){ 0, 0 }, NULL))
ATTACK(own_limits, prlimit(0, RLIMIT_CORE, &(struct rlimit){ 0, 0 }, NULL))
ATTACK(priority, setpriority(PRIO_PROCESS, (id_t)it.pid, 1))

static long attack_fork(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}

/* Privileges, namespaces, mounts. */
ATTACK(setuid, setresuid(1, 1, 1))
ATTACK(capset, syscall(SYS_capset, NULL, NULL))
ATTACK(ambient, prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
ATTACK(dumpable, prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
ATTACK(unshare, unshare(0))
ATTACK(setns, setns(-1, 0))
ATTACK(mount, mount("none", it.mnt, "tmpfs", 0, NULL) == 0 ? umount2(it.mnt, 0) : -1)
ATTACK(umount, umount2("/nonexistent", 0))
ATTACK(remount, mount(NULL, "/nonexistent", NULL, MS_REMOUNT, NULL))
ATTACK(open_tree, syscall(SYS_open_tree, AT_FDCWD, "/", 0))
ATTACK(fsopen, syscall(SYS_fsopen, "tmpfs", 0))
ATTACK(pivot_root, syscall(SYS_pivot_root, "/nonexistent", "/nonexistent"))
ATTACK(file_handle, syscall(SYS_open_by_handle_at, -1, NULL, 0))

/* Doors into the kernel. */
ATTACK(bpf, syscall(SYS_bpf, -1, NULL, 0))
ATTACK(io_uring, syscall(SYS_io_uring_setup, 0, NULL))
ATTACK(userfaultfd, syscall(SYS_userfaultfd, 0))
ATTACK(keyctl, syscall(SYS_keyctl, 0, -3, 0))
ATTACK(add_key, syscall(SYS_add_key, NULL, NULL, NULL, 0, 0))
ATTACK(perf, syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0))
ATTACK(module, syscall(SYS_finit_module, -1, "", 0))
ATTACK(clock, syscall(SYS_clock_settime, 0, NULL))
ATTACK(hostname, syscall(SYS_sethostname, "x", -1))
ATTACK(reboot, syscall(SYS_reboot, 0, 0, 0, NULL))
ATTACK(syslog, syscall(SYS_syslog, 10, NULL, 0))
ATTACK(fanotify, syscall(SYS_fanotify_init, 0, 0))
ATTACK(shared_memory, syscall(SYS_shmget, 1, 0, 0))
ATTACK(personality, syscall(SYS_personality, 0xffffffffu))
ATTACK(type_into_terminal, ioctl(0, TIOCSTI, "x"))
ATTACK(terminal_console, ioctl(0, 0x541c /* TIOCLINUX */, "\3"))

/* Sockets. */
ATTACK(unix_socket, socket(AF_UNIX, SOCK_STREAM, 0))
ATTACK(unix_datagram, socketpair(AF_UNIX, SOCK_DGRAM, 0, (int[2]){ 0 }))
ATTACK(foreign_pair, socketpair(AF_INET, SOCK_STREAM, 0, (int[2]){ 0 }))
ATTACK(netlink, socket(AF_NETLINK, SOCK_RAW, 0))
ATTACK(netlink_audit, socket(AF_NETLINK, SOCK_RAW, 9))
ATTACK(packet, socket(AF_PACKET, SOCK_RAW, 0))
ATTACK(vsock, socket(AF_VSOCK, SOCK_STREAM, 0))
ATTACK(alg, socket(AF_ALG, SOCK_SEQPACKET, 0))
ATTACK(bluetooth, socket(31, SOCK_RAW, 1))
ATTACK(raw, socket(AF_INET, SOCK_RAW, IPPROTO_TCP))
ATTACK(ping, socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP))
ATTACK(sctp, socket(AF_INET, SOCK_STREAM, 132))
ATTACK(mptcp, socket(AF_INET, SOCK_STREAM, 262))
ATTACK(udplite, socket(AF_INET6, SOCK_DGRAM, 136))
ATTACK(listen, listen(CONTROL_FD, 1))
ATTACK(bind, bind(CONTROL_FD, NULL, 0))
ATTACK(tcp, socket(AF_INET, SOCK_STREAM, 0))
ATTACK(udp, socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP))

/* By way of the dialer: what is on this machine, its metadata service, things no request may be. */
static long attack_dial_to(const char *host, const char *port)
{
	atomic_bool never = false;
	struct err e = { 0 };
	int fd = dial(it.dialer.sock, host, port, &never, &e);

	errno = e.sys;
	return fd < 0 ? -1 : fd;
}
ATTACK(dial_loopback, attack_dial_to("127.0.0.1", it.port))
ATTACK(dial_loopback_name, attack_dial_to("localhost", it.port))
ATTACK(dial_unspecified, attack_dial_to("0.0.0.0", it.port))
ATTACK(dial_mapped, attack_dial_to("::ffff:127.0.0.1", it.port))
ATTACK(dial_number, attack_dial_to("2130706433", it.port))
ATTACK(dial_metadata, attack_dial_to("169.254.169.254", "80"))
ATTACK(dial_multicast, attack_dial_to("224.0.0.1", "80"))

/* A connection is for whom it was made for: it cannot be led elsewhere. */
static long attack_redial(void)
{
	int fd = (int)attack_dial_to(it.host, it.port);
	struct sockaddr_storage peer;

	connect(fd, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(struct sockaddr));
	if (fd < 0 || getpeername(fd, (struct sockaddr *)&peer, &(socklen_t){ sizeof peer }) < 0)
		return 0;
	errno = EPERM;
	return -1;
}

/* ONLINE: only they have a dialer. CLIMB: a path that leads nowhere is denied. */
enum { ONLINE = 1 << 0, CLIMB = 1 << 1 };
#define ROW(name, ...) { #name, attack_##name, __VA_ARGS__ }
static const struct {
	const char *name;
	long (*run)(void);
	int flags;
} attacks[] = {
	ROW(shadow, 0), ROW(credentials, 0), ROW(images, 0), ROW(parent_memory, 0), ROW(own_environment, 0), ROW(kernel_log, 0), ROW(private_keys, 0),
	ROW(create, 0), ROW(overwrite, 0), ROW(create_beside_layers, 0), ROW(mkdir, 0), ROW(rename, 0), ROW(link, 0), ROW(truncate, 0),
	ROW(chmod, 0), ROW(chown, 0), ROW(utimes, 0), ROW(setxattr, 0), ROW(chroot, 0), ROW(chdir, 0),
	ROW(climb_read, CLIMB), ROW(climb_chmod, CLIMB), ROW(climb_chown, CLIMB), ROW(climb_second, CLIMB), ROW(unlink, 0),
	ROW(exec, 0), ROW(exec_descriptor, 0), ROW(ptrace, 0), ROW(ptrace_parent, 0), ROW(read_memory, 0), ROW(pidfd, 0), ROW(kill, 0), ROW(tkill, 0),
	ROW(tgkill, 0), ROW(signal_by_owner, 0), ROW(signal_number, 0), ROW(limits_of_others, 0), ROW(own_limits, 0), ROW(priority, 0), ROW(fork, 0),
	ROW(capset, 0), ROW(ambient, 0), ROW(dumpable, 0), ROW(unshare, 0), ROW(setns, 0), ROW(mount, 0), ROW(umount, 0),
	ROW(remount, 0), ROW(open_tree, 0), ROW(fsopen, 0), ROW(pivot_root, 0), ROW(file_handle, 0),
	ROW(bpf, 0), ROW(io_uring, 0), ROW(userfaultfd, 0), ROW(keyctl, 0), ROW(add_key, 0), ROW(perf, 0), ROW(module, 0), ROW(clock, 0), ROW(hostname, 0),
	ROW(reboot, 0), ROW(syslog, 0), ROW(fanotify, 0), ROW(shared_memory, 0), ROW(personality, 0), ROW(type_into_terminal, 0), ROW(terminal_console, 0),
	ROW(unix_socket, 0), ROW(unix_datagram, 0), ROW(foreign_pair, 0), ROW(netlink, 0), ROW(netlink_audit, 0), ROW(packet, 0), ROW(vsock, 0), ROW(alg, 0), ROW(bluetooth, 0),
	ROW(raw, 0), ROW(ping, 0), ROW(sctp, 0), ROW(mptcp, 0), ROW(udplite, 0), ROW(listen, 0), ROW(bind, 0), ROW(tcp, 0), ROW(udp, 0),
	ROW(dial_loopback, ONLINE), ROW(dial_loopback_name, ONLINE), ROW(dial_unspecified, ONLINE), ROW(dial_mapped, ONLINE), ROW(dial_number, ONLINE),
	ROW(dial_metadata, ONLINE), ROW(dial_multicast, ONLINE), ROW(redial, ONLINE), ROW(setuid, 0),
};

static bool is_denial(int error, int flags)
{
	return error == EPERM || error == EACCES || error == EROFS || (flags & CLIMB && (error == ENOENT || error == ENOTDIR));
}

static void attack_run(size_t i)
{
	long r;

	if (attacks[i].flags & ONLINE && !it.online)
		return;
	errno = 0;
	r = attacks[i].run();
	if (r >= 0)
		dprintf(2, "ESCAPE %s (got %ld)\n", attacks[i].name, r);
	else if (errno == ENOSYS || errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT)
		dprintf(2, "absent %s (%s)\n", attacks[i].name, strerrorname_np(errno));
	else
		dprintf(2, "%s %s (%s)\n", is_denial(errno, attacks[i].flags) ? "denied" : "ESCAPE", attacks[i].name, strerrorname_np(errno));
}

/* ---- what must work ---- */

static void must(const char *name, bool ok)
{
	dprintf(2, "%s %s (%s)\n", ok ? "works" : "broken", name, ok ? "" : strerrorname_np(errno));
}

static void *nothing(void *arg)
{
	return arg;
}

static void controls_run(void)
{
	static const char *const garbage[] = { "x", "80", "80 ", " 80", "0 localhost", "99999 localhost", "-1 localhost", "80 local\nhost", "80  x", "18446744073709551697 x" };
	pthread_t t;
	int fd;

	must("thread", pthread_create(&t, NULL, nothing, NULL) == 0 && pthread_join(t, NULL) == 0);
	if (!it.sink && it.n_fds) {
		must("layer_directory", mkdirat(it.fds[0], "made", 0700) == 0);
		fd = openat(it.fds[0], "made/file", O_RDWR | O_CREAT, 0600);
		must("layer_file", fd >= 0 && write(fd, "x", 1) == 1 && fchmod(fd, 04755) == 0 && close(fd) == 0);
		must("layer_owner", geteuid() != 0 || fchownat(it.fds[0], "made/file", 1, 1, AT_SYMLINK_NOFOLLOW) == 0);
		must("layer_device", geteuid() != 0 || mknodat(it.fds[0], "made/null", S_IFCHR | 0666, 0x103) == 0);
		unlinkat(it.fds[0], "made/null", 0);
		unlinkat(it.fds[0], "made/file", 0);
		must("layer_removal", unlinkat(it.fds[0], "made", AT_REMOVEDIR) == 0);
	}
	if (!it.online)
		return;
	must("authorities", open("/etc/ssl/certs", O_RDONLY | O_DIRECTORY) >= 0);
	/* Garbage does not end the dialer. */
	for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++)
		sock_send(it.dialer.sock, garbage[i], strlen(garbage[i]), &it.fds[0], i % 2 && it.n_fds);
	must("dial", attack_dial_to(it.host, it.port) >= 0);
}

/* ---- */

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	if (!value) {
		fprintf(stderr, "transfer_attack: %s is not set\n", name);
		exit(125);
	}
	return value;
}

static void it_prepare(void)
{
	const char *root = setting("ATTACK_ROOT");

	it.pid = (pid_t)strtol(setting("ATTACK_PID"), NULL, 10);
	it.ppid = getppid();
	snprintf(it.victim, sizeof it.victim, "%s", setting("ATTACK_VICTIM"));
	snprintf(it.canary, sizeof it.canary, "%s/canary", it.victim);
	snprintf(it.other, sizeof it.other, "%s/other", it.victim);
	snprintf(it.mnt, sizeof it.mnt, "%s/mnt", it.victim);
	snprintf(it.config, sizeof it.config, "%s/.docker/config.json", setting("HOME"));
	snprintf(it.images, sizeof it.images, "%s/images", root);
	snprintf(it.layers, sizeof it.layers, "%s/layers", root);
	snprintf(it.climb, sizeof it.climb, "../../../../../../../../../../../..%s", it.canary);
	snprintf(it.parent, sizeof it.parent, "/proc/%d/mem", (int)it.ppid);
}

int main(void)
{
	scoped_arena struct arena a = { 0 };
	struct transfer_message m;
	struct err e = { 0 };

	it_prepare();
	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (transfer_receive(CONTROL_FD, &a, &m, it.fds, &it.n_fds, &e) <= 0 || m.type != TRANSFER_OPEN)
		return 125;
	it.sink = m.sink != SINK_NONE;
	it.host = m.host ? strndup(m.host, strcspn(m.host, ":")) : "";
	it.port = m.host && strchr(m.host, ':') ? strchr(m.host, ':') + 1 : "";
	it.online = it.sink ? m.sink == SINK_REGISTRY : m.source == SOURCE_REGISTRY;
	if (it.online && registry_dialer_start(&m, &it.dialer, &e) < 0) {
		dprintf(2, "broken dialer (%s)\n", e.msg);
		return 125;
	}
	if (!getenv("ATTACK_UNCONFINED") && confine(&m, it.fds, it.n_fds, &e) < 0) {
		dprintf(2, "broken confine (%s)\n", e.msg);
		return 125;
	}
	controls_run();
	for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++)
		attack_run(i);
	err_set(&e, ERR_DENIED, "the attack is over");
	transfer_send_error(CONTROL_FD, -1, &e);
	dialer_stop(&it.dialer);
	return 0;
}
