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
#include <stdbool.h>
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

/* What a configuration asks for: its section, or what crun's annotations put in its place. */
struct filter_request {
	const struct oci_seccomp *section; /* NULL: only @raw */
	const char *raw;                   /* run.oci.seccomp_bpf_data: the program itself, in base64 */
	bool strict;                       /* run.oci.seccomp_fail_unknown_syscall: a name libseccomp does not know is an error */
};
struct filter_request filter_request_of(const struct oci_config *c);
bool filter_is_wanted(const struct filter_request *q);

/*
 * The path of the agent's socket if the filter asks one, else NULL: listenerPath, crun's annotation run.oci.seccomp.receiver, or @receiver (the
 * variable RUN_OCI_SECCOMP_RECEIVER, may be NULL). Errors: ERR_INVALID if somebody is to be asked and nobody named, or by no absolute path.
 */
int filter_find_agent(const struct oci_config *c, const char *receiver, const char **ret, struct err *e);

/* Compiles without looking at any cache. Errors: ERR_INVALID for what the section says. */
int filter_compile(const struct filter_request *q, struct arena *a, struct filter_program **ret, struct err *e);

/* The same through the cache in directory @root_fd (borrowed; -EBADF: no cache). A cache that cannot be written is not an error. */
int filter_prepare(const struct filter_request *q, int root_fd, struct arena *a, struct filter_program **ret, struct err *e);

/* Loads into the calling thread (with TSYNC: process). Needs no_new_privs or CAP_SYS_ADMIN. Returns 0 or -errno. */
int filter_load(const struct filter_program *p);

/* The same; returns the descriptor to answer on, owned, or -errno. See listener.h for what makes this delicate. */
int filter_load_listening(const struct filter_program *p);

/* For `features`: NULL-terminated lists of what this build knows and what this kernel supports. */
const char *const *filter_known_flags(void);
const char *const *filter_known_archs(void);

/* Major, minor, micro of the libseccomp we are linked with. */
void filter_library_version(unsigned ret[3]);
