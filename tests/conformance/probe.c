/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe [STATUS] : what a process finds itself to be inside a container, as "key<TAB>value" lines, for tests/conformance/differential. Says END, waits for
 * its standard input to end (meanwhile others look at its cgroup from outside), and exits with STATUS. Linked statically; needs nothing in the container.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void say_link(const char *key, const char *path)
{
	char target[512];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	target[n < 0 ? 0 : n] = '\0';
	printf("%s\t%s\n", key, n < 0 ? strerror(errno) : target);
}

/* Every line of a file as a value of one key; with @wanted only lines with these beginnings, which are keys themselves. */
static void say_lines(const char *key, const char *path, const char *const *wanted)
{
	char line[4096];
	FILE *f = fopen(path, "re");

	if (!f) {
		printf("%s\t%s\n", key, strerror(errno));
		return;
	}
	while (fgets(line, sizeof(line), f)) {
		size_t k = 0;

		line[strcspn(line, "\n")] = '\0';
		while (wanted && wanted[k] && strncmp(line, wanted[k], strlen(wanted[k])) != 0)
			k++;
		if (wanted && !wanted[k])
			continue;
		if (wanted)
			printf("%s.%s\n", key, line);
		else
			printf("%s\t%s\n", key, line);
	}
	fclose(f);
}

static void say_status(void)
{
	static const char *const wanted[] = { "Umask:", "Groups:", "Uid:", "Gid:", "Cap", "NoNewPrivs:", "Seccomp:", "SigBlk:", "SigIgn:", "SigCgt:",
		"Cpus_allowed_list:", "Mems_allowed_list:", "NSpid:", "NSsid:", "NSpgid:", "CoreDumping:", "Threads:", NULL };

	say_lines("status", "/proc/self/status", wanted);
}

static void say_namespaces(void)
{
	static const char *const kinds[] = { "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts" };
	char key[64], path[64];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snprintf(key, sizeof(key), "ns.%s", kinds[i]);
		snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i]);
		say_link(key, path);
	}
}

static void say_device_dir(const char *dir, const char *prefix)
{
	struct dirent *d;
	DIR *stream = opendir(dir);

	while (stream && (d = readdir(stream))) {
		char path[1024], target[256] = "";
		struct stat st;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, d->d_name);
		if (lstat(path, &st) < 0)
			continue;
		if (S_ISLNK(st.st_mode) && readlink(path, target, sizeof(target) - 1) < 0)
			target[0] = '\0';
		printf("%s%s\t%o %u:%u %x:%x %s\n", prefix, d->d_name, st.st_mode, st.st_uid, st.st_gid, major(st.st_rdev), minor(st.st_rdev), target);
	}
	if (stream)
		closedir(stream);
}

static void say_fds(void)
{
	char path[64], target[256];
	struct stat st;

	for (int fd = 0; fd < 1024; fd++) {
		ssize_t n;

		if (fstat(fd, &st) < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = '\0';
		printf("fd.%d\t%s\n", fd, target[0] == '/' ? target : S_ISFIFO(st.st_mode) ? "pipe" : S_ISSOCK(st.st_mode) ? "socket" : target);
	}
}

static void say_file(const char *path)
{
	char bytes[64];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	printf("read.%s\t%s\n", path, n < 0 ? strerror(errno) : n == 0 ? "empty" : "something");
	if (fd >= 0)
		close(fd);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	printf("write.%s\t%s\n", path, fd < 0 ? strerror(errno) : "may");
	if (fd >= 0)
		close(fd);
}

static void say_dir(const char *path)
{
	char file[256];
	struct dirent *d;
	DIR *stream = opendir(path);
	int n = 0, fd;

	if (!stream) {
		printf("dir.%s\t%s\n", path, strerror(errno));
		return;
	}
	while ((d = readdir(stream)))
		n += d->d_name[0] != '.';
	closedir(stream);
	snprintf(file, sizeof(file), "%s/probe.new", path);
	fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	printf("dir.%s\t%s, new file: %s\n", path, n ? "entries" : "empty", fd < 0 ? strerror(errno) : "may");
	if (fd >= 0) {
		close(fd);
		unlink(file);
	}
}

static void say_errno(const char *what, long r)
{
	printf("may.%s\t%s\n", what, r < 0 ? strerror(errno) : "yes");
}

/* What the system calls say that capabilities and filters decide about. */
static void say_abilities(void)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 1);

	say_errno("raw socket", fd);
	if (fd >= 0)
		close(fd);
	say_errno("mkdir", mkdir("/tmp/probe.dir", 0777));
	rmdir("/tmp/probe.dir");
	say_errno("mknod", mknod("/tmp/probe.dev", S_IFCHR | 0666, makedev(1, 7)));
	fd = open("/tmp/probe.dev", O_RDONLY | O_CLOEXEC);
	say_errno("open device 1:7", fd);
	if (fd >= 0)
		close(fd);
	unlink("/tmp/probe.dev");
	say_errno("mknod kmsg", mknod("/tmp/probe.kmsg", S_IFCHR | 0666, makedev(1, 11)));
	fd = open("/tmp/probe.kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	say_errno("open device 1:11", fd);
	if (fd >= 0)
		close(fd);
	unlink("/tmp/probe.kmsg");
	say_errno("chroot", chroot("/"));
	say_errno("mount", mount("none", "/tmp", "tmpfs", 0, NULL));
	umount("/tmp");
	say_errno("umount /proc", umount2("/proc", MNT_EXPIRE | UMOUNT_NOFOLLOW));
	say_errno("sethostname", sethostname("changed", 7));
	say_errno("setuid", syscall(SYS_setresuid, -1, -1, -1));
	say_errno("ptrace", ptrace(PTRACE_CONT, 0, NULL, NULL));
	say_errno("nice", setpriority(PRIO_PROCESS, 0, -5));
	say_errno("clock", syscall(SYS_clock_settime, CLOCK_REALTIME, NULL));
	say_errno("keyctl", syscall(SYS_keyctl, 0, -3, 0));
	say_errno("bpf", syscall(SYS_bpf, 0, NULL, 0));
	say_errno("chown", chown("/tmp", 7, 7));
	say_errno("chown back", chown("/tmp", 0, 0));
	say_errno("getcwd", syscall(SYS_getcwd, (char[256]){ 0 }, 256));
	say_errno("membarrier", syscall(SYS_membarrier, 0, 0));
	say_errno("unknown call", syscall(1000));
	say_errno("unshare user", unshare(CLONE_NEWUSER)); /* last: it changes what we may */
}

static void say_rest(void)
{
	struct sched_param param;
	struct utsname name;
	char text[4096];

	printf("ids\t%u %u %u %u\n", getuid(), geteuid(), getgid(), getegid());
	printf("pid\t%d ppid %d sid %d pgid %d\n", getpid(), getppid(), getsid(0), getpgrp());
	printf("cwd\t%s\n", getcwd(text, sizeof(text)) ? text : strerror(errno));
	printf("personality\t%x\n", personality(0xffffffff));
	sched_getparam(0, &param);
	printf("sched\tpolicy %d priority %d nice %d\n", sched_getscheduler(0), param.sched_priority, getpriority(PRIO_PROCESS, 0));
	printf("ioprio\t%ld\n", syscall(SYS_ioprio_get, 1, 0));
	printf("dumpable\t%d\n", prctl(PR_GET_DUMPABLE));
	printf("securebits\t%d\n", prctl(PR_GET_SECUREBITS));
	printf("child subreaper\t%d\n", prctl(PR_GET_CHILD_SUBREAPER, &(int){ 0 }));
	uname(&name);
	printf("hostname\t%s\n", name.nodename);
	printf("domainname\t%s\n", name.domainname);
	printf("machine\t%s\n", name.machine);
	if (syscall(SYS_keyctl, 6, -3, text, sizeof(text)) > 0)
		printf("session keyring\t%s\n", strrchr(text, ';') + 1);
	else
		printf("session keyring\t%s\n", strerror(errno));
}

int main(int argc, char **argv)
{
	static const char *const sysctls[] = { "kernel/shmmax", "kernel/msgmax", "kernel/sem", "kernel/domainname", "net/ipv4/ip_forward",
		"net/ipv4/ping_group_range", "net/core/somaxconn", "fs/mqueue/msg_max" };
	static const char *const files[] = { "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sysrq-trigger", "/proc/sys/vm/overcommit_memory", "/file",
		"/dir/file", "/data/file", "/dev/null", "/link" };
	static const char *const dirs[] = { "/", "/tmp", "/proc/bus", "/proc/acpi", "/sys", "/sys/firmware", "/sys/fs/cgroup", "/dir", "/data", "/mnt", "/dev/shm",
		"/empty" };
	char key[128], path[256];

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	say_fds();
	say_status();
	say_rest();
	for (int i = 0; i < argc; i++)
		printf("arg.%d\t%s\n", i, argv[i]);
	for (char **v = environ; *v; v++)
		printf("env\t%s\n", *v);
	say_lines("mountinfo", "/proc/self/mountinfo", NULL);
	say_lines("limit", "/proc/self/limits", NULL);
	say_lines("cgroup", "/proc/self/cgroup", NULL);
	say_lines("oom_score_adj", "/proc/self/oom_score_adj", NULL);
	say_lines("uid_map", "/proc/self/uid_map", NULL);
	say_lines("gid_map", "/proc/self/gid_map", NULL);
	say_lines("setgroups", "/proc/self/setgroups", NULL);
	say_lines("timens_offsets", "/proc/self/timens_offsets", NULL);
	say_lines("route", "/proc/net/dev", NULL);
	for (size_t i = 0; i < sizeof(sysctls) / sizeof(sysctls[0]); i++) {
		snprintf(key, sizeof(key), "sysctl.%s", sysctls[i]);
		snprintf(path, sizeof(path), "/proc/sys/%s", sysctls[i]);
		say_lines(key, path, NULL);
	}
	say_namespaces();
	say_device_dir("/dev", "dev.");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		say_file(files[i]);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		say_dir(dirs[i]);
	say_abilities();
	printf("END\n");
	fflush(stdout);
	while (!isatty(0) && read(0, path, sizeof(path)) > 0)
		;
	return argc > 1 ? atoi(argv[1]) : 0;
}
