/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare-init: PID 1 of a container (`--init`) and the pause process of a pod.
 *
 * Starts one program in its own process group (in the foreground, if there is a terminal), passes every signal on to it, reaps whatever is
 * orphaned, and ends as the program did: its exit status, or 128 + the signal that killed it. Written without a C library: it is a few
 * kilobytes, has no start-up work, and a thousand of them share one page of text.
 */
#include <asm-generic/errno-base.h>
#include <asm-generic/ioctls.h>
#include <linux/prctl.h>
#include <sys/wait.h>

#include "bin/init/sys.h"

enum { PATH_SIZE = 4096, EXIT_USAGE = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

static const char usage[] = "Usage: tare-init [-g] [--] PROGRAM [ARG...]\n"
			    "       tare-init --pause\n"
			    "\n"
			    "Runs PROGRAM as the first process of a container: passes signals on, reaps orphans, ends with its status.\n"
			    "\n"
			    "  -g         pass signals to the program's whole process group\n"
			    "  --pause    run nothing: reap orphans until SIGTERM or SIGINT\n"
			    "  --version  print the version\n"
			    "  --help     print this\n";

static size_t length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static void say(int fd, const char *s)
{
	sys_write(fd, s, length(s));
}

static _Noreturn void fail(int code, const char *what, const char *name, const char *why)
{
	say(2, "tare-init: ");
	say(2, what);
	if (name) {
		say(2, " '");
		say(2, name);
		say(2, "'");
	}
	if (why) {
		say(2, ": ");
		say(2, why);
	}
	say(2, "\n");
	sys_exit(code);
}

/* Every signal that can be waited for, except those the kernel raises for what this very process did. */
static sys_sigset forwarded_signals(void)
{
	static const unsigned char own[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS };
	sys_sigset set = ~(sys_sigset)0;

	for (size_t i = 0; i < sizeof own; i++)
		set &= ~((sys_sigset)1 << (own[i] - 1));
	return set;
}

static const char *search_path(char **env)
{
	for (; *env; env++) {
		const char *e = *env;

		if (e[0] == 'P' && e[1] == 'A' && e[2] == 'T' && e[3] == 'H' && e[4] == '=')
			return e + 5;
	}
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* Tries @name in every directory of PATH; returns the error that says most: a file that is there but cannot run beats a missing one. */
static long exec_in_path(const char *name, char **argv, char **env)
{
	char file[PATH_SIZE];
	long r = -ENOENT;

	for (const char *p = search_path(env); *p;) {
		size_t n = 0;
		long tried;

		for (; *p && *p != ':'; p++)
			if (n < PATH_SIZE)
				file[n++] = *p;
		if (*p)
			p++;
		if (n + length(name) + 2 > PATH_SIZE)
			continue;
		if (!n)
			file[n++] = '.';
		file[n++] = '/';
		for (size_t i = 0; i <= length(name); i++)
			file[n + i] = name[i];
		tried = sys_execve(file, argv, env);
		if (tried != -ENOENT && tried != -ENOTDIR)
			r = tried;
	}
	return r;
}

static _Noreturn void run_program(char **argv, char **env, const sys_sigset *mask)
{
	const char *name = argv[0];
	int group = (int)sys_call(SYS_getpid, 0, 0, 0, 0, 0);
	long r = -ENOENT;
	int path = 0;

	for (const char *c = name; *c; c++)
		path |= *c == '/';
	/* Own group, in the foreground: Ctrl-C reaches the program once, not once from the terminal and once from us. SIGTTOU is blocked here. */
	sys_call(SYS_setpgid, 0, 0, 0, 0, 0);
	sys_call(SYS_ioctl, 0, TIOCSPGRP, (long)&group, 0, 0);
	sys_sigmask(SIG_SETMASK, mask, NULL);
	if (*name)
		r = path ? sys_execve(name, argv, env) : exec_in_path(name, argv, env);
	if (r == -ENOENT || r == -ENOTDIR)
		fail(EXIT_NOT_FOUND, "exec", name, "no such file or directory");
	fail(EXIT_NOT_EXECUTABLE, "exec", name, r == -EACCES ? "permission denied" : r == -ENOEXEC ? "not an executable" : "the kernel refused");
}

/* Reaps everything that can be. Returns the exit code once @child is among it, else -1. */
static int reap(long child)
{
	int status, code = -1;
	long pid;

	while ((pid = sys_wait(&status, WNOHANG)) > 0)
		if (pid == child)
			code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return code;
}

/* The life of PID 1. @child 0: pause. @target: what kill() is called with. */
static _Noreturn void serve(long child, long target, const sys_sigset *set)
{
	for (;;) {
		long sig = sys_sigwait(set);
		int code;

		if (sig == SIGCHLD) {
			code = reap(child);
			if (child && code >= 0)
				sys_exit(code);
		} else if (sig > 0 && child) {
			sys_kill(target, (int)sig);
		} else if (sig == SIGTERM || sig == SIGINT) {
			sys_exit(0);
		}
	}
}

__attribute__((used)) _Noreturn void init_start(long *stack);
_Noreturn void init_start(long *stack)
{
	char **argv = (char **)(stack + 1), **env = argv + *stack + 1;
	sys_sigset set = forwarded_signals(), mask = 0;
	int group = 0, pause = 0;
	long child = 0;

	for (argv += *stack > 0; *argv && **argv == '-'; argv++) {
		if (same(*argv, "--")) {
			argv++;
			break;
		} else if (same(*argv, "-g")) {
			group = 1;
		} else if (same(*argv, "--pause")) {
			pause = 1;
		} else if (same(*argv, "--version")) {
			say(1, "tare-init " TARE_VERSION "\n");
			sys_exit(0);
		} else if (same(*argv, "--help")) {
			say(1, usage);
			sys_exit(0);
		} else {
			fail(EXIT_USAGE, "unknown option", *argv, NULL);
		}
	}
	if ((*argv != NULL) == pause)
		fail(EXIT_USAGE, pause ? "--pause runs no program" : "no program given", NULL, NULL);
	if (sys_call(SYS_getpid, 0, 0, 0, 0, 0) != 1)
		sys_call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	sys_sigmask(SIG_SETMASK, &set, &mask);
	if (!pause) {
		child = sys_fork();
		if (child == 0)
			run_program(argv, env, &mask);
		if (child < 0)
			fail(EXIT_USAGE, "cannot start a process", NULL, NULL);
		/* Both sides do it, so that the group exists whoever is first. */
		sys_call(SYS_setpgid, child, child, 0, 0, 0);
	}
	serve(child, group ? -child : child, &set);
}

__asm__(".globl _start\n.type _start, %function\n_start:\n\t" SYS_ENTRY);
