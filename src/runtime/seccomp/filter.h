/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * filter: from the seccomp section of config.json to a loaded filter.
 *
 * Compiling Docker's profile with libseccomp costs milliseconds, loading the result microseconds. So the parent calls filter_prepare(), which
 * finds the program in `<runtime root>/seccomp/<hash>.bpf` or compiles and stores it, and init calls filter_load() on what it inherited.
 * A cached file is believed only if root (we) own it, nobody else may write it, and it holds the same section byte for byte, not just its hash.
 *
 * Like runc's, our programs answer ENOSYS to system calls newer than any the profile names (so that C libraries fall back to older ones
 * instead of dying of EPERM), and names this build of libseccomp does not know are skipped.
 * (The prefix seccomp_ belongs to libseccomp.)
 * Ownership: programs live in the caller's arena.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "spec/oci_runtime.h"

struct sock_filter;

struct filter_program {
	const struct sock_filter *insns;
	uint16_t n;
	uint32_t flags; /* SECCOMP_FILTER_FLAG_… for seccomp(2) */
};

/* Compiles without looking at any cache. Errors: ERR_INVALID for what the section says, ERR_UNSUPPORTED for SCMP_ACT_NOTIFY. */
int filter_compile(const struct oci_seccomp *s, struct arena *a, struct filter_program **ret, struct err *e);

/* The same through the cache in directory @root_fd (borrowed; -EBADF: no cache). A cache that cannot be written is not an error. */
int filter_prepare(const struct oci_seccomp *s, int root_fd, struct arena *a, struct filter_program **ret, struct err *e);

/* Loads into the calling thread (with TSYNC: process). Needs no_new_privs or CAP_SYS_ADMIN. Returns 0 or -errno. */
int filter_load(const struct filter_program *p);

/* For `features`: NULL-terminated lists of what this build knows and what this kernel supports. */
const char *const *filter_known_flags(void);
const char *const *filter_known_archs(void);
