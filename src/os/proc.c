/* SPDX-License-Identifier: Apache-2.0 */
#include "os/proc.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/file.h"
#include "os/internal.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* ---- holding ---- */

int proc_open(pid_t pid)
{
	return result(syscall(SYS_pidfd_open, pid, 0));
}

int proc_signal(int pidfd, int signal)
{
	return result(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

int proc_exit_number(const struct proc_exit *x)
{
	return x->signal ? 128 + x->signal : x->code;
}

static struct proc_exit exit_of(const siginfo_t *i)
{
	if (i->si_code == CLD_EXITED)
		return (struct proc_exit){ .code = i->si_status };
	return (struct proc_exit){ .signal = i->si_status, .core = i->si_code == CLD_DUMPED };
}

uint64_t proc_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int proc_wait_end(int pidfd, int timeout_ms)
{
	uint64_t end = proc_now_ns() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0) * 1000000u;
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	for (;;) {
		int r = poll(&p, 1, timeout_ms);
		uint64_t now;

		if (r > 0)
			return 0;
		if (r == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
		if (timeout_ms < 0)
			continue;
		now = proc_now_ns();
		timeout_ms = now < end ? (int)((end - now) / 1000000u) : 0;
	}
}

int proc_wait(int pidfd, int timeout_ms, struct proc_exit *ret)
{
	siginfo_t info = { 0 };
	int r = timeout_ms < 0 ? 0 : proc_wait_end(pidfd, timeout_ms);

	if (r < 0)
		return r;
	if (RETRY(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED)) < 0)
		return -errno;
	*ret = exit_of(&info);
	return 0;
}

pid_t proc_reap_any(struct proc_exit *ret)
{
	siginfo_t info = { 0 };

	if (RETRY(waitid(P_ALL, 0, &info, WEXITED | WNOHANG)) < 0)
		return -errno;
	if (info.si_pid)
		*ret = exit_of(&info);
	return info.si_pid;
}

void proc_done(struct proc *p)
{
	int saved = errno;
	struct proc_exit ignored;

	if (p->pidfd >= 0) {
		proc_signal(p->pidfd, SIGKILL);
		proc_wait(p->pidfd, -1, &ignored);
	}
	fd_done(&p->pidfd);
	p->pid = 0;
	errno = saved;
}

/* ---- naming ---- */

int proc_stat_parse(const char *text, struct proc_stat *ret)
{
	/* The name is in parentheses and may hold blanks and parentheses itself: what counts follows the last one. */
	const char *rest = strrchr(text, ')');
	struct proc_stat s = { 0 };
	unsigned long long start;

	if (!rest || sscanf(text, "%d", &s.pid) != 1)
		return -EBADMSG;
	if (sscanf(rest, ") %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &s.state, &s.parent,
		    &s.group, &s.session, &start) != 5)
		return -EBADMSG;
	s.start_ticks = start;
	*ret = s;
	return 0;
}

int proc_stat_read(pid_t pid, struct proc_stat *ret)
{
	char path[32], text[1024];
	int r;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	r = file_read_text(AT_FDCWD, path, text, sizeof text);
	return r == -ENOENT ? -ESRCH : r < 0 ? r : proc_stat_parse(text, ret);
}

bool proc_is_alive(pid_t pid, uint64_t start_ticks)
{
	struct proc_stat s;

	return proc_stat_read(pid, &s) == 0 && s.start_ticks == start_ticks && s.state != 'Z' && s.state != 'X';
}

int proc_open_checked(pid_t pid, uint64_t start_ticks)
{
	scoped_fd int fd = proc_open(pid);
	struct proc_stat s;
	int r;

	if (fd < 0)
		return fd == -EINVAL ? -ESRCH : fd;
	/* Read after the pidfd was opened: if it is still the one, the pidfd is of the one. */
	r = proc_stat_read(pid, &s);
	if (r < 0)
		return r;
	return s.start_ticks == start_ticks ? take_fd(&fd) : -ESRCH;
}

/* ---- the process itself ---- */

int proc_set_subreaper(bool on)
{
	return result(prctl(PR_SET_CHILD_SUBREAPER, on, 0, 0, 0));
}

int proc_set_dumpable(bool on)
{
	return result(prctl(PR_SET_DUMPABLE, on, 0, 0, 0));
}

int proc_set_no_new_privs(void)
{
	return result(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

int proc_set_death_signal(int signal)
{
	return result(prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0));
}

int proc_set_affinity(const struct bitlist *cpus)
{
	return result(syscall(SYS_sched_setaffinity, 0, sizeof cpus->words, cpus->words));
}

void proc_random(void *p, size_t n)
{
	char *at = p;

	while (n > 0) {
		ssize_t got = RETRY(getrandom(at, n, 0));

		if (got < 0)
			abort(); /* only a bad address, or a kernel before 3.17 */
		at += got;
		n -= (size_t)got;
	}
}
