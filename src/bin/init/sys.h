/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * sys: the kernel without a C library, for the one program that lives inside every container and must weigh nothing.
 *
 * Calls return the kernel's answer: a value or -errno. Numbers come from <sys/syscall.h>; the two lines of assembly per machine are all
 * there is to port.
 */
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define SYS_ENTRY "xor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall init_start\n"
static inline long sys_call(long n, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
	return r;
}
#elif defined(__aarch64__)
#define SYS_ENTRY "mov x29, xzr\n\tmov x0, sp\n\tbl init_start\n"
static inline long sys_call(long n, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return x0;
}
#elif defined(__riscv) && __riscv_xlen == 64
#define SYS_ENTRY "mv fp, zero\n\tmv a0, sp\n\tandi sp, sp, -16\n\tcall init_start\n"
static inline long sys_call(long n, long a, long b, long c, long d, long e)
{
	register long a7 __asm__("a7") = n;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;
	register long a4 __asm__("a4") = e;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4) : "memory");
	return a0;
}
#else
#error "tare-init: this machine needs its system call and entry sequence here"
#endif

/* The kernel's signal set: bit n-1 is signal n. */
typedef uint64_t sys_sigset;

static inline long sys_write(int fd, const char *p, size_t n)
{
	return sys_call(SYS_write, fd, (long)p, (long)n, 0, 0);
}

static inline _Noreturn void sys_exit(int code)
{
	for (;;)
		sys_call(SYS_exit_group, code, 0, 0, 0, 0);
}

static inline long sys_fork(void)
{
	return sys_call(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static inline long sys_execve(const char *path, char *const *argv, char *const *envp)
{
	return sys_call(SYS_execve, (long)path, (long)argv, (long)envp, 0, 0);
}

static inline long sys_wait(int *status, int options)
{
	return sys_call(SYS_wait4, -1, (long)status, options, 0, 0);
}

static inline long sys_kill(long pid, int signal)
{
	return sys_call(SYS_kill, pid, signal, 0, 0, 0);
}

static inline long sys_sigmask(int how, const sys_sigset *set, sys_sigset *old)
{
	return sys_call(SYS_rt_sigprocmask, how, (long)set, (long)old, sizeof *set, 0);
}

/* Waits for one of @set and takes it. */
static inline long sys_sigwait(const sys_sigset *set)
{
	return sys_call(SYS_rt_sigtimedwait, (long)set, 0, 0, sizeof *set, 0);
}
