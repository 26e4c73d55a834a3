/* SPDX-License-Identifier: Apache-2.0 */
#include "os/signal.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/scope.h"
#include "os/internal.h"

/* The kernel's last signal; what libc calls SIGRTMIN … SIGRTMAX is 34 … 64, in a container as well as here. */
enum { LAST = 64, RT_MIN = 34, RT_MAX = 64 };

/* clang-format off */
static const struct {
	const char *name;
	int number;
} names[] = { /* the first name of a number is the one we print */
	{ "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT }, { "ILL", SIGILL }, { "TRAP", SIGTRAP }, { "ABRT", SIGABRT },
	{ "IOT", SIGABRT }, { "BUS", SIGBUS }, { "FPE", SIGFPE }, { "KILL", SIGKILL }, { "USR1", SIGUSR1 }, { "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 }, { "PIPE", SIGPIPE }, { "ALRM", SIGALRM }, { "TERM", SIGTERM }, { "STKFLT", SIGSTKFLT },
	{ "CHLD", SIGCHLD }, { "CLD", SIGCHLD }, { "CONT", SIGCONT }, { "STOP", SIGSTOP }, { "TSTP", SIGTSTP }, { "TTIN", SIGTTIN },
	{ "TTOU", SIGTTOU }, { "URG", SIGURG }, { "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ }, { "VTALRM", SIGVTALRM },
	{ "PROF", SIGPROF }, { "WINCH", SIGWINCH }, { "IO", SIGIO }, { "POLL", SIGIO }, { "PWR", SIGPWR }, { "SYS", SIGSYS },
};
/* clang-format on */

static int in_range(uint32_t n, uint32_t first, uint32_t last, int *ret)
{
	if (n < first || n > last)
		return -ERANGE;
	*ret = (int)n;
	return 0;
}

/* "RTMIN", "RTMIN+3", "RTMAX-2". Errors: -EINVAL if it is none of them. */
static int parse_real_time(const char *s, int *ret)
{
	bool from_min = strncasecmp(s, "RTMIN", 5) == 0;
	uint32_t n = 0;

	if (!from_min && strncasecmp(s, "RTMAX", 5) != 0)
		return -EINVAL;
	s += 5;
	if (*s) {
		int r = *s == (from_min ? '+' : '-') ? parse_u32(s + 1, &n) : -EINVAL;

		if (r < 0)
			return r;
		if (n > RT_MAX - RT_MIN)
			return -ERANGE;
	}
	return in_range(from_min ? RT_MIN + n : RT_MAX - n, RT_MIN, RT_MAX, ret);
}

int signal_parse(const char *s, int *ret)
{
	uint32_t n;
	int r = parse_u32(s, &n);

	if (r == 0)
		return in_range(n, 1, LAST, ret);
	if (r == -ERANGE)
		return r;
	if (strncasecmp(s, "SIG", 3) == 0)
		s += 3;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcasecmp(s, names[i].name) == 0) {
			*ret = names[i].number;
			return 0;
		}
	}
	return parse_real_time(s, ret);
}

const char *signal_name(int signal, char ret[SIGNAL_NAME_SIZE])
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i].number == signal) {
			snprintf(ret, SIGNAL_NAME_SIZE, "SIG%s", names[i].name);
			return ret;
		}
	}
	if (signal == RT_MIN)
		snprintf(ret, SIGNAL_NAME_SIZE, "SIGRTMIN");
	else if (signal > RT_MIN && signal <= RT_MAX)
		snprintf(ret, SIGNAL_NAME_SIZE, "SIGRTMIN+%d", signal - RT_MIN);
	else
		snprintf(ret, SIGNAL_NAME_SIZE, "%d", signal);
	return ret;
}

int signal_fd(const int *signals, size_t n)
{
	sigset_t set;

	if (n == 0)
		sigfillset(&set);
	else
		sigemptyset(&set);
	for (size_t i = 0; i < n; i++)
		sigaddset(&set, signals[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	return result(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int signal_fd_read(int fd, struct signalfd_siginfo *ret)
{
	ssize_t n = RETRY(read(fd, ret, sizeof *ret));

	return n < 0 ? -errno : n == (ssize_t)sizeof *ret ? 0 : -EIO;
}

int signal_restore(const sigset_t *old)
{
	return result(sigprocmask(SIG_SETMASK, old, NULL));
}

/*
 * Asked of the kernel, not of libc, which keeps some real-time signals for itself and refuses: a program started by glibc's posix_spawn (make's, for
 * one) inherits two of those ignored.
 */
int signal_reset(void)
{
	static const unsigned char dfl[64]; /* the kernel's struct sigaction, whatever its order: SIG_DFL, no flags, an empty mask */
	sigset_t none;

	for (int i = 1; i <= LAST; i++)
		if (i != SIGKILL && i != SIGSTOP && syscall(SYS_rt_sigaction, i, dfl, NULL, LAST / 8) < 0)
			return -errno;
	sigemptyset(&none);
	return signal_restore(&none);
}

int signal_ignore_pipe(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	return result(sigaction(SIGPIPE, &ignore, NULL));
}
